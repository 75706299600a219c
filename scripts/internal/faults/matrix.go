// The matrix as a file: which fault, and who noticed it by which case.
package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

const matrixFile = "scripts/internal/faults/matrix.md"

// publish writes the table, and its count into the README.
func publish(all []verdict) error {
	var b strings.Builder
	b.WriteString("# Faults planted, and who noticed\n\nWritten by `scripts/faults --write`. Each fault is planted alone; for either side the number of tests that failed and the first of them by name.\n\n")
	fmt.Fprintf(&b, "%d of %d were noticed by both sides.\n\n| fault | what | file | unit tests | black box |\n|---|---|---|---|---|\n", noticed(all), len(all))
	for _, v := range all {
		fmt.Fprintf(&b, "| `%s` | %s | `%s` | %s | %s |\n", v.fault.ID, v.fault.What, v.fault.File, v.cell(v.unit), v.cell(v.outside))
	}
	if err := os.WriteFile(matrixFile, []byte(b.String()), 0o644); err != nil {
		return err
	}
	return intoREADME(noticed(all), len(all))
}

// cell prefers a test that carries a case's id.
func (v verdict) cell(tests []string) string {
	if v.err != nil {
		return "did not run"
	}
	if len(tests) == 0 {
		return "**missed**"
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
