// The phases that run Go tests and count them.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

func race(t *tally) error {
	beside := strconv.Itoa(runtime.NumCPU() + 1) // some packages mostly wait
	return tests(t, nil, "-race", "-shuffle=on", "-p="+beside, "-timeout=10m", "./...")
}

// walk runs what the race detector leaves out: one goroutine has no races.
func walk(t *tally) error {
	return tests(t, nil, "-timeout=10m", "-run=^TestWalk", "./core/flow")
}

// node runs the core's tests as WebAssembly. Go brings the program that
// starts Node; it passes the environment on, which must be small.
func node(t *tally) error {
	root, err := output(nil, "go", "env", "GOROOT")
	if err != nil {
		return err
	}
	starter := "env -i PATH=" + os.Getenv("PATH") + " HOME=" + os.Getenv("HOME") + " " + filepath.Join(root, "lib", "wasm", "go_js_wasm_exec")
	return tests(t, []string{"GOOS=js", "GOARCH=wasm"}, "-exec="+starter, "-timeout=10m", "./core/...")
}

// An event is one line of go test -json.
type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64
}

// tests runs go test, counts its tests, and shows what the failed ones said.
func tests(t *tally, env []string, args ...string) error {
	c := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	c.Env = append(os.Environ(), env...)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	r := report{tally: t, said: map[string][]string{}, count: map[string]int{}}
	err = r.read(out)
	return errors.Join(err, c.Wait())
}

// A report follows a run.
type report struct {
	*tally
	said  map[string][]string // what a running test has printed, by package and test
	count map[string]int      // tests that passed, by package
}

func (r *report) read(from io.Reader) error {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Println(lines.Text())
			continue
		}
		r.note(e)
	}
	return lines.Err()
}

func (r *report) note(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "build-output":
		fmt.Print(e.Output)
	case "output":
		r.said[key] = append(r.said[key], e.Output)
	case "pass", "fail", "skip":
		r.ended(e, r.said[key])
		delete(r.said, key)
	}
}

// ended counts a test; the end of a package is a line of its own.
func (r *report) ended(e event, said []string) {
	switch {
	case e.Action == "fail":
		r.fail(strings.TrimSpace(e.Package + " " + e.Test))
		fmt.Printf("   FAIL %s %s\n%s", e.Package, e.Test, strings.Join(said, ""))
	case e.Test == "" && e.Action == "pass":
		fmt.Printf("   ok %-38s %4d tests %6.1fs\n", e.Package, r.count[e.Package], e.Elapsed)
	case e.Test == "": // no test files
	case e.Action == "skip":
		r.skip()
		fmt.Printf("   skipped %s %s: %s\n", e.Package, e.Test, reason(said))
	default:
		r.pass()
		r.count[e.Package]++
	}
}

// reason is the last thing a skipped test said.
func reason(said []string) string {
	for i := len(said) - 1; i >= 0; i-- {
		if s := strings.TrimSpace(said[i]); s != "" && !strings.HasPrefix(s, "---") {
			return s
		}
	}
	return "it does not say why"
}
