// Command bench measures the programs. The ratios are against a bare net/http
// and httprouter handler that answers constants of the same size, in the same
// run: CPU time of the server for one unit of work, lower quartile of many
// interleaved slices, the load on other cores. Absolute times depend on the
// machine and are not promised. It ends with one line a figure.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

var (
	quick  = flag.Bool("quick", false, "fewer rounds and tokens, to see that it runs")
	readme = flag.Bool("readme", false, "write the figures into README.md")
	peers  = flag.Bool("peers", false, "measure other servers beside ours in the same run; they come from npm and the Go module proxy")
	scale  = flag.Bool("scale", false, "measure with live tokens growing to 10,000,000: takes ten minutes and 2 GB")

	bare      = flag.String("bare", "", "internal: be the baseline with answers of these lengths")
	bareSigns = flag.Bool("bare-signs", false, "internal: and sign once a token")
)

func main() {
	flag.Usage = func() {
		fmt.Println("scripts/bench [--quick] [--readme] [--peers | --scale | --store | --worker]\n\nMeasures the programs, each time beside a baseline in the same run.\n\nFlags")
		flag.PrintDefaults()
	}
	flag.Parse()
	run := measure
	if *bare != "" {
		run = func() error { return serveBare(*bare) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func measure() error {
	dir, err := os.MkdirTemp("", "mcp-auth-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	programs := dir + string(filepath.Separator)
	if out, err := exec.Command("go", "build", "-o", programs, "./cli/mcp-auth", "./native/mcp-auth-server", "./scripts/internal/bench").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	load := loadAverage()
	fmt.Printf("%s %s/%s, %d CPUs, %s, load average %s\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), time.Now().UTC().Format(time.RFC3339), load)
	if !*peers && !*scale && !*kept {
		if err := core(); err != nil {
			return err
		}
	}
	pinSelf()
	switch {
	case *peers:
		return beside(programs, load)
	case *scale:
		return growing(programs)
	case *kept:
		return stores(programs)
	}
	figures, err := ratios(programs)
	if err != nil {
		return err
	}
	for _, measure := range []func(string) (string, error){signedRatio, bytesPerToken, serverStart, cliStart} {
		line, err := measure(programs)
		if err != nil {
			return err
		}
		figures = append(figures, line)
	}
	fmt.Println()
	for _, line := range figures {
		fmt.Println("bench", line)
	}
	if *readme {
		return writeTable("README.md", figures, load)
	}
	return nil
}

// core runs the Go benchmarks of the core: requests without HTTP.
func core() error {
	span := "1s"
	if *quick {
		span = "50ms"
	}
	out, err := exec.Command("go", "test", "-run=^$", "-bench=.", "-benchmem", "-benchtime="+span, "./core/server").CombinedOutput()
	if err != nil {
		return fmt.Errorf("go test -bench: %w\n%s", err, out)
	}
	found := false
	for line := range bytes.Lines(out) {
		if strings.HasPrefix(string(line), "Benchmark") {
			found = true
			fmt.Print(string(line))
		}
	}
	if !found {
		return fmt.Errorf("go test -bench ran nothing:\n%s", out)
	}
	fmt.Println()
	return nil
}
