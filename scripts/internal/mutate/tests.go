// The tests of one package, built with the mutants of another, and what each
// of them reaches.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A suite is a test binary.
type suite struct {
	binary, dir string
	flags       []string
	tests       []*test // the quick ones first
	broken      []string
}

// A test is one function of a suite.
type test struct {
	name    string
	took    time.Duration
	reaches map[int]bool // ids of mutants
}

// build compiles the tests of a package with the mutants in w.
func build(w *woven, tester listed, dir string) (*suite, error) {
	s := &suite{binary: filepath.Join(dir, strings.ReplaceAll(tester.ImportPath, "/", "_")+".test"), dir: tester.Dir}
	out, err := exec.Command("go", "test", "-c", "-vet=off", "-overlay", w.overlay, "-o", s.binary, tester.ImportPath).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s with the mutants of %s: %w\n%s", tester.ImportPath, w.ImportPath, err, out)
	}
	if slices.Contains(slices.Concat(tester.TestImports, tester.XTestImports), "pgregory.net/rapid") {
		s.flags = []string{"-rapid.nofailfile"}
	}
	return s, nil
}

var reported = regexp.MustCompile(`(?m)^--- (PASS|FAIL|SKIP): (\S+) \((\d+\.\d+)s\)`)

// survey runs all tests once without a mutant, then each alone, to learn
// what it reaches of those wanted. What fails without a mutant is left out.
// A test that takes longer than patience, on a processor of its own, is none
// of those that are run for each mutant.
func (s *suite) survey(wanted map[int]bool, dir string, patience time.Duration) error {
	seen := filepath.Join(dir, "seen")
	_ = os.Remove(seen)
	whole := s.run(0, seen, 10*time.Minute, "-test.v", "-test.run=.")
	any := reached(seen, wanted)
	if len(any) == 0 {
		return nil
	}
	all := reported.FindAllStringSubmatch(whole.text, -1)
	if len(all) == 0 {
		return errors.New("no test ran:\n" + whole.text)
	}
	for _, m := range all {
		switch m[1] {
		case "SKIP":
			continue
		case "FAIL":
			s.broken = append(s.broken, m[2])
			continue
		}
		if seconds, _ := strconv.ParseFloat(m[3], 64); seconds > 10*patience.Seconds() {
			continue
		}
		_ = os.Remove(seen)
		alone := s.run(0, seen, 10*time.Minute, "-test.run=^"+m[2]+"$")
		if r := reached(seen, any); len(r) > 0 && alone.took <= patience {
			s.tests = append(s.tests, &test{m[2], alone.took, r})
		}
	}
	slices.SortStableFunc(s.tests, func(a, b *test) int { return int(a.took - b.took) })
	return nil
}

// reached reads the ids in a file, those that are wanted.
func reached(name string, wanted map[int]bool) map[int]bool {
	text, _ := os.ReadFile(name)
	ids := map[int]bool{}
	for line := range strings.FieldsSeq(string(text)) {
		if id, err := strconv.Atoi(line); err == nil && wanted[id] {
			ids[id] = true
		}
	}
	return ids
}

// quick is how long tests may take together to be tried first.
const quick = time.Second

// try switches a mutant on and runs the tests that reach it: the quick ones,
// then the others. It says what became of it and who noticed.
func (s *suite) try(id int) (outcome, string) {
	result := uncovered
	var batch []string
	var sum time.Duration
	flush := func() (outcome, string) {
		if len(batch) == 0 {
			return survived, ""
		}
		r := s.run(id, "", sum, "-test.failfast", "-test.timeout=0", "-test.run=^("+strings.Join(batch, "|")+")$")
		batch, sum = nil, 0
		return r.outcome, r.noticed()
	}
	for _, t := range s.tests {
		if !t.reaches[id] {
			continue
		}
		result = survived
		if sum > 0 && sum+t.took > quick {
			if o, by := flush(); o != survived {
				return o, by
			}
		}
		batch, sum = append(batch, t.name), sum+t.took
	}
	if o, by := flush(); o != survived {
		return o, by
	}
	return result, ""
}

// A ran is one run of a test binary.
type ran struct {
	outcome outcome
	text    string
	took    time.Duration // of processor time
}

// run starts the binary with a mutant on. Its processor time is bounded by
// three times what the tests took and a second, its memory by 4 GB; what
// waits without working ends some time later.
func (s *suite) run(id int, seen string, took time.Duration, args ...string) ran {
	limit := int(3*took/time.Second) + 1
	ctx, cancel := context.WithTimeout(context.Background(), 3*took+20*time.Second)
	defer cancel()
	shell := fmt.Sprintf("ulimit -t %d -v 4000000; exec \"$0\" \"$@\"", limit)
	c := exec.CommandContext(ctx, "bash", append([]string{"-c", shell, s.binary}, append(args, s.flags...)...)...)
	c.Dir = s.dir
	c.Env = append(os.Environ(), "MUTANT="+strconv.Itoa(id), "MUTANTS_SEEN="+seen, "GOMAXPROCS=1")
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	err := c.Run()
	r := ran{killed, out.String(), c.ProcessState.UserTime() + c.ProcessState.SystemTime()}
	switch {
	case err == nil:
		r.outcome = survived
	case ctx.Err() != nil || strings.Contains(r.text, "SIGXCPU") || c.ProcessState.ExitCode() == -1:
		r.outcome = timedOut
	}
	return r
}

// noticed names the first test that failed.
func (r ran) noticed() string {
	for _, m := range reported.FindAllStringSubmatch(r.text, -1) {
		if m[1] == "FAIL" {
			return m[2]
		}
	}
	return "(panic)"
}
