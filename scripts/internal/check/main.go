// Command check runs everything that CI runs, phase by phase, and says how
// long each took. It needs Go, Node 20 and, for the race detector, a C
// compiler, which it installs where apt can; the rest comes with the modules.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// A phase is one thing that must hold.
type phase struct {
	name, about string
	run         func(*tally) error
}

var phases = []phase{
	{"tools", "what the other phases need is here", tools},
	{"format", "gofmt changes nothing", format},
	{"vet", "go vet", command("go", "vet", "./...")},
	{"static", "staticcheck " + staticcheckVersion, command("go", "run", "honnef.co/go/tools/cmd/staticcheck@"+staticcheckVersion, "./...")},
	{"build", "everything for linux, darwin and windows; the core for js/wasm", build},
	{"race", "all tests, race detector on, order shuffled", race},
	{"walk", "the exhaustive walks of the client's machines, without the race detector", walk},
	{"node", "the core's tests under GOOS=js in Node", node},
	{"page", "the page in Chromium: runs, faults, safety, accessibility, budgets, live", page},
	{"worker", "the Worker in workerd: flow scripts, races, the catalogue, kills, the walkthrough", worker},
	{"mutants", "a sample of mutants and of planted faults, and whether the tests notice", notice},
	{"fuzz", "every fuzz target, half a minute each, some at a time", fuzz},
	{"conformance", "the official conformance suite, MCPJam's checker and real clients, from npm", conformance},
	{"demo", "the walkthrough with the real programs", command("scripts/demo")},
	{"soak", "kills, races, floods, leaks, stops, load and overload, each with its control, shortened", command("scripts/soak", "--short")},
	{"compare", "the checks of the original, put to ours", command("scripts/compare")},
	{"bench", "the measurements, shortened", command("scripts/bench", "--quick")},
}

// staticcheckVersion is pinned: a new version may know new findings.
const staticcheckVersion = "v0.8.2"

var fuzzTime = flag.Duration("fuzztime", 30*time.Second, "for each fuzz target")

func main() {
	only := flag.String("only", "", "phases to run, separated by commas")
	flag.Usage = usage
	flag.Parse()
	chosen, err := choose(*only)
	if err == nil && flag.NArg() > 0 {
		err = fmt.Errorf("%q is no flag: to run some phases alone, name them with --only", flag.Arg(0))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	begin := time.Now()
	var all tally
	for i, p := range chosen {
		p.do(&all)
		if p.name == "format" { // which looks into every folder; the tools are here
			go fetch(chosen[i+1:])
		}
	}
	fmt.Printf("in %s", time.Since(begin).Round(time.Second))
	if all.skipped > 0 {
		fmt.Printf(", %d skipped", all.skipped)
	}
	for _, name := range all.failed { // once more, where nobody has to look for them
		fmt.Printf("\nFAILED %s", name)
	}
	fmt.Printf("\n%d passed, %d failed\n", all.passed, len(all.failed))
	if len(all.failed) > 0 || all.passed == 0 {
		os.Exit(1)
	}
}

// choose returns the phases with the names given, or all, in their order.
func choose(names string) ([]phase, error) {
	if names == "" {
		return phases, nil
	}
	only := strings.Split(names, ",")
	for _, name := range only {
		if !slices.ContainsFunc(phases, func(p phase) bool { return p.name == name }) {
			return nil, fmt.Errorf("there is no phase %q: scripts/test --help lists them", name)
		}
	}
	return slices.DeleteFunc(slices.Clone(phases), func(p phase) bool { return !slices.Contains(only, p.name) }), nil
}

func usage() {
	fmt.Println("scripts/test [--only PHASE,...] [--fuzztime 30s]\n\nPhases")
	for _, p := range phases {
		fmt.Printf("  %-12s %s\n", p.name, p.about)
	}
}

// A tally counts checks: each test, each fuzz target, each build, and each
// phase that is one check. It is safe for concurrent use while a phase runs.
type tally struct {
	mu              sync.Mutex
	passed, skipped int
	failed          []string // their names
}

func (t *tally) pass() {
	t.mu.Lock()
	t.passed++
	t.mu.Unlock()
}

func (t *tally) skip() {
	t.mu.Lock()
	t.skipped++
	t.mu.Unlock()
}

func (t *tally) fail(name string) {
	t.mu.Lock()
	t.failed = append(t.failed, name)
	t.mu.Unlock()
}

// do runs a phase. A phase that counted nothing counts as one.
func (p phase) do(all *tally) {
	fmt.Printf("== %s: %s\n", p.name, p.about)
	begin := time.Now()
	passed, skipped, failed := all.passed, all.skipped, len(all.failed)
	err := p.run(all)
	took := time.Since(begin).Round(100 * time.Millisecond)
	switch {
	case err != nil && len(all.failed) == failed:
		all.fail(p.name + ": " + err.Error())
	case err == nil && all.passed == passed && all.skipped == skipped && len(all.failed) == failed:
		all.pass()
	}
	if err != nil {
		fmt.Println(err)
	}
	if len(all.failed) > failed {
		fmt.Printf("== %s FAILED after %s\n\n", p.name, took)
		return
	}
	fmt.Printf("== %s ok, %s\n\n", p.name, took)
}
