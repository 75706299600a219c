// The survivors that are known, each with its reason: survivors.txt.
package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

const survivorsFile = "scripts/internal/mutate/survivors.txt"

// survivors is what survivors.txt says: a line that ends in a colon is a
// reason, the lines below it are mutants.
type survivors struct {
	reasons map[string]string
	files   map[string]bool // whose mutants have been looked at
	met     map[string]bool
}

func readSurvivors() (survivors, error) {
	s := survivors{map[string]string{}, map[string]bool{}, map[string]bool{}}
	text, err := os.ReadFile(survivorsFile)
	if err != nil {
		return s, err
	}
	reason := ""
	for n, line := range strings.Split(string(text), "\n") {
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "\t"):
			if reason == "" {
				return s, fmt.Errorf("%s:%d: a mutant stands below its reason", survivorsFile, n+1)
			}
			s.reasons[strings.TrimSpace(line)] = reason
		default:
			reason = line
		}
	}
	return s, nil
}

// count is how many of the results are alive, and how many of those are
// listed.
func (s survivors) count(all []result) (alive, listed int) {
	for _, r := range all {
		if !r.Outcome.alive() {
			continue
		}
		alive++
		if s.reasons[r.Key()] != "" {
			listed++
		}
	}
	return alive, listed
}

// meet notes which mutants there are.
func (s survivors) meet(all []Mutant) {
	for _, m := range all {
		s.files[m.File] = true
		s.met[m.Key()] = true
	}
}

// judge finds survivors that are not listed, and lines that stand for no
// mutant or for one that the tests notice.
func (s survivors) judge(all []result) error {
	var wrong []error
	unlisted := 0
	for _, r := range all {
		_, ok := s.reasons[r.Key()]
		switch {
		case r.Outcome.alive() && !ok:
			unlisted++
		case !r.Outcome.alive() && ok:
			wrong = append(wrong, fmt.Errorf("listed as a survivor, but %s by %s: %s", r.Outcome, r.By, r.Key()))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.reasons)) {
		file, _, _ := strings.Cut(key, " ")
		if _, err := os.Stat(file); err != nil || s.files[file] && !s.met[key] {
			wrong = append(wrong, fmt.Errorf("listed as a survivor, but there is no such mutant: %s", key))
		}
	}
	if unlisted > 0 {
		wrong = append(wrong, fmt.Errorf("%d mutants are alive and not listed in %s", unlisted, survivorsFile))
	}
	return errors.Join(wrong...)
}
