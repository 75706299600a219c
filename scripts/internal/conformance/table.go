// The table: a line a scenario, a column a wire or an endpoint.
package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A count is how many of some trials passed.
type count struct{ passed, all int }

func (c count) String() string { return fmt.Sprintf("%d of %d", c.passed, c.all) }

// table prints a ring and returns how many trials passed.
func table(r ring, trials []trial, results []result, took time.Duration) (passed int) {
	columns, rows := axes(trials)
	sums := make([]count, len(columns))
	var faults strings.Builder
	line(r.name+" "+r.about, columns)
	for _, scenario := range rows {
		cells := make([]string, len(columns))
		for n, column := range columns {
			i := slices.IndexFunc(trials, func(t trial) bool { return t.scenario == scenario && t.column == column })
			if i < 0 {
				continue
			}
			sums[n].all++
			fault := trials[i].verdict(results[i])
			cells[n] = fmt.Sprintf("%d/%d", results[i].passed(), trials[i].least)
			if fault == "" {
				sums[n].passed++
				continue
			}
			cells[n] = "FAIL " + cells[n]
			fmt.Fprintf(&faults, "  %s %s: %s\n%s", scenario, column, clip(fault), details(results[i]))
		}
		line("  "+scenario, cells)
	}
	totals := make([]string, len(columns))
	for n, s := range sums {
		totals[n] = s.String()
		passed += s.passed
	}
	line("  in "+took.Round(100*time.Millisecond).String(), totals)
	fmt.Println(faults.String())
	return passed
}

func line(first string, cells []string) {
	text := fmt.Sprintf("%-48s", first)
	for _, c := range cells {
		text += fmt.Sprintf(" %-11s", c)
	}
	fmt.Println(strings.TrimRight(text, " "))
}

// axes are the columns and rows in the order in which they first appear.
func axes(trials []trial) (columns, rows []string) {
	for _, t := range trials {
		if !slices.Contains(columns, t.column) {
			columns = append(columns, t.column)
		}
		if !slices.Contains(rows, t.scenario) {
			rows = append(rows, t.scenario)
		}
	}
	return columns, rows
}

// details are all checks and all that was said, when that is wanted.
func details(r result) string {
	if !*verbose {
		return ""
	}
	var b strings.Builder
	for _, c := range r.checks {
		fmt.Fprintf(&b, "    %-8s %s", c.Status, c.ID)
		if c.Status != "SUCCESS" && c.Status != "INFO" {
			b.WriteString(": " + c.reason())
		}
		b.WriteByte('\n')
	}
	for line := range strings.SplitSeq(strings.TrimSpace(r.said), "\n") {
		b.WriteString("    | " + line + "\n")
	}
	return b.String()
}

func clip(s string) string {
	if r := []rune(s); !*verbose && len(r) > 200 {
		return string(r[:200]) + "..."
	}
	return s
}
