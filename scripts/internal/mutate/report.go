// What is kept of whole runs, and the tables made of it.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const (
	scoresFile = "scripts/internal/mutate/scores.md"
	cache      = ".cache/mutate"
)

// A keptRun is what is known of a package's mutants.
type keptRun struct {
	Part    bool // some testers have not met the survivors
	Results []result
}

// keep adds what a run found to what is known of the package's mutants.
func keep(w *woven, results []result, part bool) error {
	known, err := recall(w.short)
	if err != nil {
		return err
	}
	for _, r := range results {
		if r.Outcome != notRun {
			known[r.Key()] = r
		}
	}
	run := keptRun{Part: part}
	for _, m := range w.mutants {
		if r, ok := known[m.Key()]; ok {
			r.Mutant = m
			run.Results = append(run.Results, r)
		}
	}
	text, err := json.MarshalIndent(run, "", "\t")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return err
	}
	return os.WriteFile(file(w.short), text, 0o644)
}

func file(short string) string {
	return filepath.Join(cache, strings.ReplaceAll(short, "/", "_")+".json")
}

// recall is what is known of a package's mutants, by their keys.
func recall(short string) (map[string]result, error) {
	known := map[string]result{}
	r, err := read(short)
	for _, one := range r.Results {
		known[one.Key()] = one
	}
	return known, err
}

// read is a part of a run, and empty, where nothing is known yet.
func read(short string) (r keptRun, err error) {
	text, err := os.ReadFile(file(short))
	if errors.Is(err, fs.ErrNotExist) {
		return keptRun{Part: true}, nil
	}
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(text, &r)
}

// A count is of outcomes.
type count map[outcome]int

func counted(all []result) count {
	c := count{}
	for _, r := range all {
		c[r.Outcome]++
	}
	return c
}

func (c count) all() int { return c[killed] + c[timedOut] + c[survived] + c[uncovered] }

// score is the share that was noticed, of all that were run. What never ends is noticed,
// what no test reaches is not; no survivor is taken out, equivalent or not.
func (c count) score() float64 {
	return 100 * float64(c[killed]+c[timedOut]) / float64(max(c.all(), 1))
}

func row(name string, all []result) string {
	c := counted(all)
	return fmt.Sprintf("%-18s %5d mutants, %5d killed, %3d timed out, %4d survived, %4d not covered: %5.1f %%", name, c.all(), c[killed], c[timedOut], c[survived], c[uncovered], c.score())
}

// A topic is code that must score 95 %.
type topic struct {
	name  string
	files *regexp.Regexp
}

var topics = []topic{
	{"redirect URIs", regexp.MustCompile(`^core/oauth/redirect\.go|^core/message/url\.go`)},
	{"PKCE", regexp.MustCompile(`/pkce\.go`)},
	{"token endpoint, codes, tokens", regexp.MustCompile(`^core/(exchange|authserver)/(token|accesstoken|code|clients|clientauth|revoke)\.go|^core/oauth/token\.go`)},
	{"refresh", regexp.MustCompile(`/(refresh|renew)\.go`)},
	{"device", regexp.MustCompile(`^core/(exchange|authserver|flow)/device.*\.go`)},
	{"JSON", regexp.MustCompile(`^core/message/json.*\.go`)},
	{"what reaches a terminal", regexp.MustCompile(`^core/message/escape\.go|^cli/terminal/`)},
}

var scored = regexp.MustCompile(`\d+\.\d % of \d+ mutants`)

// publish writes what the last runs said of the mutants that there are now.
// Mutants that are newer than the run of their package count as not run, and
// packages without a run are named.
func publish() error {
	tree, err := survey()
	if err != nil {
		return err
	}
	packages, err := tree.chosen("")
	if err != nil {
		return err
	}
	known, err := readSurvivors()
	if err != nil {
		return err
	}
	var all []result
	var missing []string
	var noticed float64
	of := 0
	var b strings.Builder
	b.WriteString("# Mutants, and whether the tests notice\n\nWritten by `scripts/mutate --write` from the last run of each package. A mutant is one operator, one returned value or one statement changed; the score is the share of all mutants that was noticed, those that no test reaches and those that change nothing (`survivors.txt`) included. Where some tests have not met the survivors, as those of a package's users, the score is a lower bound.\n\n")
	b.WriteString("| package | tests" + strings.Replace(columns, "\n|", "\n|---|", 1))
	for _, p := range packages {
		short := tree.short(p)
		results, part, err := tree.now(p)
		if err != nil {
			return err
		}
		if len(results) == counted(results)[notRun] {
			missing = append(missing, "`"+short+"`")
			continue
		}
		tests := "all"
		if part {
			tests = "some"
		}
		b.WriteString(line("`"+short+"` | "+tests, results))
		all = append(all, results...)
		if core.MatchString(short + "/") {
			noticed += counted(results).score() * float64(len(results))
			of += len(results)
		}
	}
	estimate := noticed / float64(max(of, 1))
	fmt.Fprintf(&b, "| the core in all, wanted 85 %% | | %d | | | | | | %.1f %% |\n", of, estimate)
	b.WriteString("\nOf the core in all, each package counts with its size and the score of what was run of it.\n")
	b.WriteString("\nWanted 95 %:\n\n| code" + columns)
	for _, t := range topics {
		b.WriteString(line(t.name, only(all, t.files)))
	}
	alive, listed := known.count(all)
	fmt.Fprintf(&b, "\n%d are alive; `survivors.txt` has a reason for %d of them.\n", alive, listed)
	if len(missing) > 0 {
		fmt.Fprintf(&b, "\nNot counted, for want of a run: %s.\n", strings.Join(missing, ", "))
	}
	if err := os.WriteFile(scoresFile, []byte(b.String()), 0o644); err != nil {
		return err
	}
	return intoREADME(fmt.Sprintf("%.1f %% of %d mutants", estimate, of))
}

// now is what is known of the mutants that a package has now; part says that
// some testers have not met the survivors.
func (t *tree) now(p listed) (results []result, part bool, err error) {
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return nil, false, err
	}
	defer os.RemoveAll(dir)
	w, err := weave(p, t.root, dir, t.exports)
	if err != nil {
		return nil, false, err
	}
	kept, err := read(w.short)
	if err != nil {
		return nil, false, err
	}
	known, err := recall(w.short)
	if err != nil {
		return nil, false, err
	}
	for _, m := range w.mutants {
		r, ok := known[m.Key()]
		if !ok {
			r.Outcome = notRun
		}
		r.Mutant = m
		results = append(results, r)
	}
	return results, kept.Part, nil
}

const columns = " | mutants | killed | timed out | survived | not covered | not run | score |\n|---|---|---|---|---|---|---|---|\n"

var core = regexp.MustCompile("^core/")

func only(all []result, files *regexp.Regexp) []result {
	return slices.DeleteFunc(slices.Clone(all), func(r result) bool { return !files.MatchString(r.File) })
}

func line(name string, all []result) string {
	c := counted(all)
	return fmt.Sprintf("| %s | %d | %d | %d | %d | %d | %d | %.1f %% |\n", name, len(all), c[killed], c[timedOut], c[survived], c[uncovered], c[notRun], c.score())
}

func intoREADME(score string) error {
	text, err := os.ReadFile("README.md")
	if err != nil {
		return err
	}
	if !scored.Match(text) {
		return fmt.Errorf("README.md has no %q to put the score in", "P % of N mutants")
	}
	return os.WriteFile("README.md", scored.ReplaceAll(text, []byte(score)), 0o644)
}
