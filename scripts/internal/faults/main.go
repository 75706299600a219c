// Command faults plants one fault at a time into the sources, as an overlay
// that touches no file, and runs the tests: those of the packages themselves
// and, apart, those that speak to the server or the programs from outside
// . A fault that either side misses fails the run.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// A Fault is one mistake that somebody could make.
type Fault struct {
	ID, What string
	File     string
	Old, New string // Old stands in the file exactly once
	Side     side   // whose tests must notice
}

// A side is which programs a fault is in, and so which tests can see it.
type side struct {
	unit    []string // packages whose own tests must notice, beside the fault's own
	outside []string // packages that hold the black-box cases
	run     string   // which of those
}

var (
	ofServer = side{[]string{"./core/flowtest"}, []string{"./core/server"}, "^Test(AZ|TK|RF|DV|RG|RS|MC|DS|Alloc|R13|RFC)"}
	ofClient = side{[]string{"./core/flow", "./native/drive"}, []string{"./cli/command", "./native/drive"}, "^Test(CL|MCPClient|Script)"}
	ofFile   = side{[]string{"./native/sqlite"}, []string{"./native/mcp-auth-server"}, "^Test(R17|R03|Restart)"}
	ofStore  = side{[]string{"./native/keep"}, []string{"./native/keep", "./cli/command"}, "^Test(PF)"}
)

// A verdict is what became of a fault.
type verdict struct {
	fault         Fault
	unit, outside []string // the tests that failed
	err           error
}

func main() {
	only := flag.String("only", "", "ids of faults to plant, separated by commas; empty: all")
	short := flag.Bool("short", false, "every fifteenth fault: what CI has time for")
	list := flag.Bool("list", false, "name the faults and plant none")
	write := flag.Bool("write", false, "write what came of those planted into the table, "+matrixFile+", and its count into README.md")
	jobs := flag.Int("jobs", 2, "faults planted at once")
	flag.Usage = func() {
		fmt.Println("scripts/faults [--only ID,...] [--short] [--list] [--write] [--jobs N]\n\nPlants one fault at a time and says which tests noticed it. Ends with 1 when one went unnoticed.\n\nFlags")
		flag.PrintDefaults()
	}
	flag.Parse()
	chosen := choose(*only, *short)
	if *list {
		for _, f := range chosen {
			fmt.Printf("%-24s %s (%s)\n", f.ID, f.What, f.File)
		}
		return
	}
	if len(chosen) == 0 {
		fmt.Fprintln(os.Stderr, "faults: no such fault; --list names them")
		os.Exit(2)
	}
	all := plantAll(chosen, *jobs)
	if *write {
		if err := publish(all); err != nil {
			fmt.Fprintln(os.Stderr, "faults:", err)
			os.Exit(1)
		}
	}
	os.Exit(report(all))
}

func choose(only string, short bool) []Fault {
	var chosen []Fault
	for i, f := range faults {
		if only != "" && !slices.Contains(strings.Split(only, ","), f.ID) || short && i%15 != 0 {
			continue
		}
		chosen = append(chosen, f)
	}
	return chosen
}

// plantAll plants some faults at a time, each in an overlay of its own.
func plantAll(chosen []Fault, jobs int) []verdict {
	all := make([]verdict, len(chosen))
	var wg sync.WaitGroup
	turns := make(chan struct{}, max(jobs, 1))
	for i, f := range chosen {
		turns <- struct{}{}
		wg.Go(func() {
			defer func() { <-turns }()
			all[i] = plant(f)
			fmt.Fprintf(os.Stderr, "%d of %d: %s\n", i+1, len(chosen), all[i].line())
		})
	}
	wg.Wait()
	return all
}

func plant(f Fault) verdict {
	v := verdict{fault: f}
	dir, err := os.MkdirTemp("", "fault")
	if err != nil {
		v.err = err
		return v
	}
	defer os.RemoveAll(dir)
	overlay, err := f.overlay(dir)
	if err != nil {
		v.err = err
		return v
	}
	own := "./" + filepath.Dir(f.File)
	if v.unit, v.err = failing(overlay, "", append([]string{own}, f.Side.unit...)); v.err == nil {
		v.outside, v.err = failing(overlay, f.Side.run, f.Side.outside)
	}
	return v
}

// overlay writes the faulty file and the overlay that puts it in place.
func (f Fault) overlay(dir string) (string, error) {
	source, err := os.ReadFile(f.File)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(source), f.Old); n != 1 {
		return "", fmt.Errorf("what it replaces stands %d times in %s: the code has changed, so must the fault", n, f.File)
	}
	path, err := filepath.Abs(f.File)
	if err != nil {
		return "", err
	}
	faulty, overlay := filepath.Join(dir, "faulty.go"), filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(faulty, []byte(strings.Replace(string(source), f.Old, f.New, 1)), 0o600); err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]map[string]string{"Replace": {path: faulty}})
	if err != nil {
		return "", err
	}
	return overlay, os.WriteFile(overlay, text, 0o600)
}

var failed = regexp.MustCompile(`(?m)^--- FAIL: (\S+)`)

// failing runs tests and returns those that failed. That nothing compiled is
// an error: a fault must be one that a compiler lets through.
func failing(overlay, run string, packages []string) ([]string, error) {
	slices.Sort(packages)
	args := []string{"test", "-vet=off", "-short", "-timeout=180s", "-overlay", overlay}
	if run != "" {
		args = append(args, "-run", run)
	}
	out, err := exec.Command("go", append(args, slices.Compact(packages)...)...).CombinedOutput()
	text := string(out)
	var names []string
	for _, m := range failed.FindAllStringSubmatch(text, -1) {
		names = append(names, strings.TrimPrefix(m[1], "Test"))
	}
	switch {
	case strings.Contains(text, "[build failed]") || strings.Contains(text, "[setup failed]"):
		return nil, fmt.Errorf("it does not compile:\n%s", text)
	case err != nil && len(names) == 0 && strings.Contains(text, "panic:"):
		names = []string{"(panic)"}
	case err != nil && len(names) == 0:
		return nil, fmt.Errorf("the tests did not run:\n%s", text)
	}
	return names, nil
}

// report prints the matrix and returns the exit code.
func report(all []verdict) int {
	fmt.Printf("%-24s %-10s %-10s %s\n", "fault", "unit", "outside", "noticed by, among others")
	for _, v := range all {
		fmt.Println(v.line())
	}
	fmt.Printf("faults %d/%d\n", noticed(all), len(all))
	if noticed(all) < len(all) {
		return 1
	}
	return 0
}

// noticed counts the faults that both sides noticed.
func noticed(all []verdict) (n int) {
	for _, v := range all {
		if v.err == nil && len(v.unit) > 0 && len(v.outside) > 0 {
			n++
		}
	}
	return n
}

func (v verdict) line() string {
	if v.err != nil {
		return fmt.Sprintf("%-24s %v", v.fault.ID, v.err)
	}
	return fmt.Sprintf("%-24s %-10s %-10s %s", v.fault.ID, count(v.unit), count(v.outside), strings.Join(firsts(v), ", "))
}

func count(tests []string) string {
	if len(tests) == 0 {
		return "MISSED"
	}
	return fmt.Sprintf("%d tests", len(tests))
}

func firsts(v verdict) []string {
	var few []string
	for _, tests := range [][]string{v.unit, v.outside} {
		if len(tests) > 0 {
			few = append(few, tests[0])
		}
	}
	return few
}
