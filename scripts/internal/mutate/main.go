// Command mutate changes the core in small ways, one at a time, and runs the
// tests: those of the package itself, then for what survives those of the
// packages that use it. A survivor that survivors.txt does not list
// with its reason fails the run, and so does a line there that stands for no
// mutant any more.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"
)

func main() {
	var o options
	flag.StringVar(&o.packages, "package", "", "packages to change, as ./core/oauth, separated by commas; empty: all of the core and cli/terminal")
	flag.IntVar(&o.sample, "sample", 0, "so many mutants of each package, chosen by --seed; 0: all")
	flag.Uint64Var(&o.seed, "seed", 1, "which sample")
	flag.StringVar(&o.shard, "shard", "1/1", "the K-th of N parts of the mutants")
	flag.BoolVar(&o.own, "own", false, "only the tests of the package itself")
	flag.StringVar(&o.tests, "tests", "", "only the tests of these packages, as ./core/server, separated by commas")
	flag.DurationVar(&o.patience, "patience", 4*quick, "the processor time that a test of the package itself may take to be run for each mutant; a test of another package a quarter of it")
	flag.BoolVar(&o.again, "again", false, "only what survived the last run, or was not in one")
	flag.BoolVar(&o.list, "list", false, "name the mutants and switch none on")
	write := flag.Bool("write", false, "write the table of the last whole runs to "+scoresFile+" and README.md; runs nothing")
	flag.Usage = func() {
		fmt.Println("scripts/mutate [--package P,...] [--sample N --seed S] [--shard K/N] [--own] [--tests P,...] [--patience D] [--again] [--list] [--write]\n\nSwitches on one mutant at a time and says which the tests notice. Ends with 1 when one survives that\n" + survivorsFile + " does not list.\n\nFlags")
		flag.PrintDefaults()
	}
	flag.Parse()
	do := o.run
	if *write {
		do = publish
	}
	if err := do(); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

// options is what a run is asked for.
type options struct {
	packages, shard  string
	tests            string
	sample           int
	seed             uint64
	patience         time.Duration
	own, again, list bool
}

func (o options) run() error {
	tree, err := survey()
	if err != nil {
		return err
	}
	chosen, err := tree.chosen(o.packages)
	if err != nil {
		return err
	}
	known, err := readSurvivors()
	if err != nil {
		return err
	}
	var all []result
	for _, p := range chosen {
		results, err := o.change(tree, p, known)
		if err != nil {
			return err
		}
		all = append(all, results...)
	}
	if o.list {
		return nil
	}
	fmt.Println(row("in all", all))
	return known.judge(all)
}

// whole reports whether all mutants of a package meet all who could notice.
func (o options) whole() bool {
	return !o.own && o.tests == "" && o.sample == 0 && o.shard == "1/1" && o.patience >= 4*quick
}

// change runs one package and prints its line and what is alive, marked where
// that is not listed.
func (o options) change(tree *tree, p listed, known survivors) ([]result, error) {
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	w, err := weave(p, tree.root, dir, tree.exports)
	if err != nil {
		return nil, err
	}
	known.meet(w.mutants)
	mutants, kept, err := o.part(w)
	if err != nil {
		return nil, err
	}
	if o.list {
		for _, m := range mutants {
			fmt.Printf("%s:%d %s %s: %s -> %s\n", m.File, m.Line, m.Func, m.Op, m.From, m.To)
		}
		return nil, nil
	}
	before, err := read(w.short)
	if err != nil {
		return nil, err
	}
	save := func(results []result, done bool) error {
		if !o.whole() && !before.Part {
			return nil // what a whole run has found is worth more
		}
		return keep(w, results, !o.whole() || !done)
	}
	results, err := o.try(tree, w, mutants, known, dir, save)
	if err != nil {
		return nil, err
	}
	results = append(results, kept...)
	fmt.Println(row(w.short, results))
	for _, r := range results {
		mark := "  "
		if known.reasons[r.Key()] == "" {
			mark = "! "
		}
		if r.Outcome.alive() {
			fmt.Printf(" %s%s %s:%d %s\n", mark, r.Outcome, r.File, r.Line, strings.TrimPrefix(r.Key(), r.File+" "))
		}
	}
	return results, nil
}

// part is which mutants of a package are asked for, and what is known of the
// others.
func (o options) part(w *woven) (mutants []Mutant, kept []result, err error) {
	var k, n int
	if _, err := fmt.Sscanf(o.shard, "%d/%d", &k, &n); err != nil || k < 1 || k > n {
		return nil, nil, fmt.Errorf("--shard %s: want K/N with K from 1 to N", o.shard)
	}
	for i, m := range w.mutants {
		if i%n == k-1 {
			mutants = append(mutants, m)
		}
	}
	if o.sample > 0 {
		r := rand.New(rand.NewPCG(o.seed, 11))
		r.Shuffle(len(mutants), func(i, j int) { mutants[i], mutants[j] = mutants[j], mutants[i] })
		mutants = mutants[:min(o.sample, len(mutants))]
		slices.SortFunc(mutants, func(a, b Mutant) int { return a.ID - b.ID })
	}
	if !o.again {
		return mutants, nil, nil
	}
	last, err := recall(w.short)
	if err != nil {
		return nil, nil, err
	}
	mutants = slices.DeleteFunc(mutants, func(m Mutant) bool {
		r, ok := last[m.Key()]
		if ok && !r.Outcome.alive() {
			r.Mutant = m
			kept = append(kept, r)
			return true
		}
		return false
	})
	return mutants, kept, nil
}
