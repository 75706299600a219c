// Mutants of one package against the tests of the core.
package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// An outcome is what became of a mutant.
type outcome string

const (
	killed    outcome = "killed"
	timedOut  outcome = "timed out"
	survived  outcome = "survived"
	uncovered outcome = "not covered"
	notRun    outcome = "not run"
)

func (o outcome) alive() bool { return o == survived || o == uncovered }

// A result is a mutant and who noticed it.
type result struct {
	Mutant
	Outcome outcome
	By      string
}

// A tree is the packages there are.
type tree struct {
	root    string
	all     []listed // those with mutants or with tests that may notice them
	exports map[string]string
}

// first are the packages that must score most; the others follow by name.
var first = []string{"core/oauth", "core/message", "core/exchange", "core/authserver", "cli/terminal", "core/jose", "core/keyring", "core/table", "core/mcp", "core/trace", "core/profile", "core/resource", "core/idp", "core/server", "core/flow"}

func survey() (*tree, error) {
	out, err := exec.Command("go", "list", "-export", "-deps", "-json=Dir,ImportPath,Name,Export,GoFiles,TestGoFiles,XTestGoFiles,Imports,TestImports,XTestImports", "./core/...", "./cli/terminal").Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	root, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	t := &tree{root: root, exports: map[string]string{}}
	for d := json.NewDecoder(strings.NewReader(string(out))); d.More(); {
		var p listed
		if err := d.Decode(&p); err != nil {
			return nil, err
		}
		t.exports[p.ImportPath] = p.Export
		if strings.HasPrefix(p.Dir, root+string(filepath.Separator)) {
			t.all = append(t.all, p)
		}
	}
	rank := func(p listed) int {
		if i := slices.Index(first, t.short(p)); i >= 0 {
			return i
		}
		return len(first)
	}
	slices.SortStableFunc(t.all, func(a, b listed) int {
		return cmp.Or(rank(a)-rank(b), strings.Compare(a.ImportPath, b.ImportPath))
	})
	return t, nil
}

func (t *tree) short(p listed) string {
	short, _ := filepath.Rel(t.root, p.Dir)
	return filepath.ToSlash(short)
}

// chosen is the packages that are named, or all with code.
func (t *tree) chosen(names string) (chosen []listed, err error) {
	for _, p := range t.all {
		if len(p.GoFiles) > 0 && (names == "" || named(names, t.short(p))) {
			chosen = append(chosen, p)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("--package %s: no such package of the core; they are named like ./core/oauth", names)
	}
	return chosen, nil
}

// named reports whether a list of packages, with or without ./, has one.
func named(list, short string) bool {
	return slices.ContainsFunc(strings.Split(list, ","), func(n string) bool {
		return strings.Trim(strings.TrimPrefix(n, "./"), "/") == short
	})
}

// users are the packages whose tests are run for what survives a package's
// own: those that play whole logins. The slow one comes last.
var users = []string{"core/flowtest", "core/server", "core/stage", "core/flow"}

// testers is whose tests may notice a change of p: its own first, then those
// of users that reach it.
func (t *tree) testers(p listed) []listed {
	uses := map[string]bool{p.ImportPath: true}
	for range t.all {
		for _, q := range t.all {
			if slices.ContainsFunc(q.Imports, func(i string) bool { return uses[i] }) {
				uses[q.ImportPath] = true
			}
		}
	}
	var all []listed
	for _, q := range t.all {
		tests := len(q.TestGoFiles)+len(q.XTestGoFiles) > 0
		imports := slices.Concat(q.TestImports, q.XTestImports)
		if tests && len(q.GoFiles) > 0 && (uses[q.ImportPath] || slices.ContainsFunc(imports, func(i string) bool { return uses[i] })) {
			all = append(all, q)
		}
	}
	place := func(q listed) int { return slices.Index(users, t.short(q)) }
	all = slices.DeleteFunc(all, func(q listed) bool { return q.ImportPath != p.ImportPath && place(q) < 0 })
	slices.SortStableFunc(all, func(a, b listed) int {
		switch p.ImportPath {
		case a.ImportPath:
			return -1
		case b.ImportPath:
			return 1
		}
		return place(a) - place(b)
	})
	return all
}

// try runs the mutants against one tester after the other, as long as some
// are alive. Those that are listed as survivors meet only the package's own
// tests: the others cost minutes. What is known is saved on the way.
func (o options) try(t *tree, w *woven, mutants []Mutant, known survivors, dir string, save func([]result, bool) error) ([]result, error) {
	alive := map[int]*result{}
	results := make([]result, len(mutants))
	for i, m := range mutants {
		results[i] = result{Mutant: m, Outcome: notRun}
		alive[m.ID] = &results[i]
	}
	for _, tester := range t.testers(w.listed) {
		if o.tests != "" && !named(o.tests, t.short(tester)) {
			continue
		}
		if tester.ImportPath != w.ImportPath {
			maps.DeleteFunc(alive, func(_ int, r *result) bool { return known.reasons[r.Key()] != "" })
		}
		if len(alive) == 0 || o.own && tester.ImportPath != w.ImportPath {
			break
		}
		if err := o.against(w, tester, alive, dir, func() error { return save(results, false) }); err != nil {
			return nil, err
		}
	}
	for i := range results {
		if results[i].Outcome == notRun { // no package's tests reach it
			results[i].Outcome = uncovered
		}
	}
	return results, save(results, true)
}

// against runs the mutants that are alive against one tester, and takes out
// those it notices. Long tests, such as the walks of core/flow, are for the
// package's own mutants alone, the longest for none.
func (o options) against(w *woven, tester listed, alive map[int]*result, dir string, save func() error) error {
	s, err := build(w, tester, dir)
	if err != nil {
		return err
	}
	wanted := map[int]bool{}
	for id := range alive {
		wanted[id] = true
	}
	patience := o.patience
	if tester.ImportPath != w.ImportPath {
		patience /= 4
		s.flags = append(s.flags, "-test.skip=^TestWalk")
	}
	if err := s.survey(wanted, dir, patience); err != nil {
		return fmt.Errorf("%s: %w", tester.ImportPath, err)
	}
	fmt.Fprintf(os.Stderr, "%s: %d alive, %d tests of %s reach some", w.short, len(alive), len(s.tests), tester.ImportPath)
	if len(s.broken) > 0 {
		fmt.Fprintf(os.Stderr, "; these fail without a mutant and are left out: %s", strings.Join(s.broken, ", "))
	}
	fmt.Fprintln(os.Stderr)
	for done, id := range slices.Sorted(maps.Keys(alive)) {
		if done%100 == 99 {
			fmt.Fprintf(os.Stderr, "%s: %d tried, %d alive\n", w.short, done+1, len(alive))
			if err := save(); err != nil {
				return err
			}
		}
		r := alive[id]
		became, by := s.try(id)
		if became != uncovered || r.Outcome == notRun {
			r.Outcome, r.By = became, by
		}
		if !r.Outcome.alive() {
			delete(alive, id)
		}
	}
	return save()
}
