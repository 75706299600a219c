// What was measured, kept in a file: a section an id, each with the machine,
// the commit and the date of its own run.
package main

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
)

const record = "scripts/soak.md"

const heading = `# What is promised, and what was measured

Each section is what ` + "`scripts/soak --only ID --write`" + ` has printed last, R-10 what ` + "`scripts/soak --fuzz TIME --write`" + ` has. A control is a program with a mistake in it, which the check must find out.
`

// writeRecord replaces the sections of the ids that were measured.
func writeRecord(file string, rows []row, machine string) error {
	data, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	sections := map[string]string{}
	for i, text := range strings.Split(string(data), "\n## ") {
		if i > 0 {
			id, _, _ := strings.Cut(text, "\n")
			sections[id] = strings.TrimRight(text, "\n")
		}
	}
	for id, text := range written(rows, machine) {
		sections[id] = text
	}
	text := heading
	for _, id := range slices.Sorted(maps.Keys(sections)) {
		text += "\n## " + sections[id] + "\n"
	}
	return os.WriteFile(file, []byte(text), 0o644)
}

// written are the sections of rows, by id.
func written(rows []row, machine string) map[string]string {
	sections := map[string]string{}
	for _, r := range rows {
		if sections[r.id] == "" {
			sections[r.id] = r.id + "\n\n" + machine + ".\n\n| promise | measured | wanted | |\n|---|---|---|---|"
		}
		sections[r.id] += "\n| " + strings.Join([]string{r.what, r.figure, r.wanted, r.word()}, " | ") + " |"
	}
	return sections
}
