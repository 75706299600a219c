// The table: a line a scenario, a column a wire or an endpoint.
package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// table prints a ring and returns how many trials passed.
func table(r ring, trials []trial, results []result, took time.Duration) (passed int) {
	columns, rows := axes(trials)
	fmt.Printf("%-44s", r.name+" "+r.about)
	for _, c := range columns {
		fmt.Printf(" %-12s", c)
	}
	fmt.Println()
	var faults []string
	for _, scenario := range rows {
		fmt.Printf("  %-42s", scenario)
		for _, column := range columns {
			i := slices.IndexFunc(trials, func(t trial) bool { return t.scenario == scenario && t.column == column })
			if i < 0 {
				fmt.Printf(" %-12s", "")
				continue
			}
			fault := trials[i].verdict(results[i])
			if fault == "" {
				passed++
				fmt.Printf(" %-12s", fmt.Sprintf("%d/%d", results[i].passed(), trials[i].least))
				continue
			}
			fmt.Printf(" %-12s", fmt.Sprintf("FAIL %d/%d", results[i].passed(), trials[i].least))
			faults = append(faults, fmt.Sprintf("  %s %s %s\n", scenario, column, clip(fault))+details(results[i]))
		}
		fmt.Println()
	}
	fmt.Printf("  %d of %d in %s\n", passed, len(trials), took.Round(100*time.Millisecond))
	fmt.Println(strings.Join(faults, ""))
	return passed
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
