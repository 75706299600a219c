// Command check runs everything that CI runs, phase by phase, and says how
// long each took. It needs Go and Node; the rest comes with the modules.
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

// staticcheck is pinned: a new version may know new findings.
const staticcheck = "honnef.co/go/tools/cmd/staticcheck@v0.8.2"

type phase struct {
	name, about string
	run         func() error
}

var phases = []phase{
	{"format", "gofmt changes nothing", format},
	{"vet", "go vet", command("go", "vet", "./...")},
	{"static", "staticcheck", command("go", "run", staticcheck, "./...")},
	{"build", "builds for linux, darwin and windows; the core for js/wasm without net/http", build},
	{"race", "all tests, race detector on, order shuffled", command("go", "test", "-race", "-shuffle=on", "-timeout=10m", "./...")},
	{"node", "the core's tests under GOOS=js in Node", node},
	{"fuzz", "every fuzz target, a few seconds each", fuzz},
	{"demo", "the walkthrough with the real programs", command("scripts/demo")},
	{"bench", "the measurements run, shortened", command("scripts/bench", "--quick")},
}

func main() {
	only := flag.String("only", "", "phases to run, separated by commas")
	fuzzTime = flag.Duration("fuzztime", 3*time.Second, "for each fuzz target")
	flag.Usage = func() {
		fmt.Println("scripts/test [--only PHASE,...] [--fuzztime 3s]\n\nPhases")
		for _, p := range phases {
			fmt.Printf("  %-8s %s\n", p.name, p.about)
		}
	}
	flag.Parse()
	passed, failed := 0, 0
	for _, p := range phases {
		if *only != "" && !strings.Contains(","+*only+",", ","+p.name+",") {
			continue
		}
		fmt.Printf("== %s: %s\n", p.name, p.about)
		start := time.Now()
		err := p.run()
		took := time.Since(start).Round(100 * time.Millisecond)
		if err != nil {
			failed++
			fmt.Printf("== %s FAILED after %s: %v\n\n", p.name, took, err)
			continue
		}
		passed++
		fmt.Printf("== %s ok, %s\n\n", p.name, took)
	}
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 {
		os.Exit(1)
	}
}

func command(name string, args ...string) func() error {
	return func() error { return run(nil, name, args...) }
}

func run(env []string, name string, args ...string) error {
	c := exec.Command(name, args...)
	c.Env = append(os.Environ(), env...)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	return c.Run()
}

func output(name string, args ...string) (string, error) {
	var errs bytes.Buffer
	c := exec.Command(name, args...)
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, errs.String())
	}
	return strings.TrimSpace(string(out)), nil
}

func format() error {
	files, err := output("git", "ls-files", "*.go")
	if err != nil {
		return err
	}
	out, err := output("gofmt", append([]string{"-l"}, strings.Fields(files)...)...)
	if err == nil && out != "" {
		return fmt.Errorf("gofmt would change:\n%s", out)
	}
	return err
}

func build() error {
	for _, system := range []string{"linux", "darwin", "windows"} {
		for _, arch := range []string{"amd64", "arm64"} {
			if err := run([]string{"GOOS=" + system, "GOARCH=" + arch, "CGO_ENABLED=0"}, "go", "build", "-o", os.DevNull, "./cli/mcp-auth"); err != nil {
				return err
			}
			if err := run([]string{"GOOS=" + system, "GOARCH=" + arch, "CGO_ENABLED=0"}, "go", "build", "-o", os.DevNull, "./native/mcp-auth-server"); err != nil {
				return err
			}
		}
	}
	return run([]string{"GOOS=js", "GOARCH=wasm"}, "go", "build", "./core/...")
}

// node runs the core's tests as WebAssembly. Go brings the program that
// starts Node.
func node() error {
	if _, err := exec.LookPath("node"); err != nil {
		return fmt.Errorf("node is needed: install Node 20")
	}
	root, err := output("go", "env", "GOROOT")
	if err != nil {
		return err
	}
	starter := filepath.Join(root, "lib", "wasm", "go_js_wasm_exec")
	return run([]string{"GOOS=js", "GOARCH=wasm"}, "go", "test", "-exec="+starter, "./core/...")
}

var fuzzTime *time.Duration

// fuzz finds the targets itself, so that none is forgotten.
func fuzz() error {
	out, err := output("go", "test", "-list=^Fuzz", "./...")
	if err != nil {
		return err
	}
	var names []string
	targets := 0
	for line := range strings.SplitSeq(out, "\n") {
		if strings.HasPrefix(line, "Fuzz") {
			names = append(names, line)
			continue
		}
		words := strings.Fields(line)
		if len(words) >= 2 && words[0] == "ok" {
			for _, name := range names {
				targets++
				fmt.Println("  ", words[1], name)
				if _, err := output("go", "test", words[1], "-run=^$", "-fuzz=^"+name+"$", "-fuzztime="+fuzzTime.String(), fmt.Sprintf("-parallel=%d", runtime.NumCPU())); err != nil {
					return err
				}
			}
		}
		names = nil
	}
	if targets == 0 {
		return fmt.Errorf("no fuzz target was found")
	}
	fmt.Println("  ", targets, "targets")
	return nil
}
