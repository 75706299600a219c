// The matrix as a file: which fault, and who noticed it by which case.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
)

const matrixFile = "scripts/internal/faults/matrix.md"

// publish writes the table, and its count into the README. The rows of faults
// that were not planted this time stay as they are.
func publish(all []verdict) error {
	rows := map[string]string{}
	before, err := os.ReadFile(matrixFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for line := range strings.Lines(string(before)) {
		if m := rowOf.FindStringSubmatch(line); m != nil {
			rows[m[1]] = line
		}
	}
	for _, v := range all {
		rows[v.fault.ID] = fmt.Sprintf("| `%s` | %s | `%s` | %s | %s |\n", v.fault.ID, v.fault.What, v.fault.File, v.cell(v.unit), v.cell(v.outside))
	}
	var table strings.Builder
	good := 0
	for _, f := range faults {
		row, ok := rows[f.ID]
		if !ok {
			row = fmt.Sprintf("| `%s` | %s | `%s` | %s | %s |\n", f.ID, f.What, f.File, notPlanted, notPlanted)
		}
		if !strings.Contains(row, missed) && !strings.Contains(row, notPlanted) {
			good++
		}
		table.WriteString(row)
	}
	const head = "# Faults planted, and who noticed\n\nWritten by `scripts/faults --write`. Each fault is planted alone; for either side the number of tests that failed and the first of them by name, one with a case's id where there is one.\n\n%d of %d were noticed by both sides.\n\n| fault | what | file | unit tests | black box |\n|---|---|---|---|---|\n%s"
	if err := os.WriteFile(matrixFile, fmt.Appendf(nil, head, good, len(faults), table.String()), 0o644); err != nil {
		return err
	}
	return intoREADME(good, len(faults))
}

const (
	missed     = "**missed**"
	notPlanted = "did not run"
)

// cell prefers a test that carries a case's id.
func (v verdict) cell(tests []string) string {
	if v.err != nil {
		return notPlanted
	}
	if len(tests) == 0 {
		return missed
	}
	best := tests[0]
	for _, name := range tests {
		if caseID.MatchString(name) {
			best = name
			break
		}
	}
	return fmt.Sprintf("%d, `%s`", len(tests), best)
}

var (
	caseID  = regexp.MustCompile(`^(AZ|TK|RF|DV|RG|CM|RS|MC|DS|CL|PF|MCPClient)\d`)
	rowOf   = regexp.MustCompile("^\\| `([a-z0-9-]+)` \\|")
	inWords = regexp.MustCompile(`\d+ of \d+ planted faults`)
)

func intoREADME(n, of int) error {
	text, err := os.ReadFile("README.md")
	if err != nil {
		return err
	}
	if !inWords.Match(text) {
		return fmt.Errorf("README.md has no line with %q to put the count in", "N of M planted faults")
	}
	text = inWords.ReplaceAll(text, fmt.Appendf(nil, "%d of %d planted faults", n, of))
	return os.WriteFile("README.md", text, 0o644)
}
