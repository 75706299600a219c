// The table of the README, rewritten by scripts/bench --readme.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// rows are the figures in the order of the README, with what is wanted of
// them.
var rows = [...]struct{ name, about, wanted string }{
	{"client_credentials", "a token by client credentials, times the baseline", "at most 1.4"},
	{"code_flow", "a whole authorization code flow with PKCE, times the baseline", "at most 1.7"},
	{"resource", "an MCP call with its token checked, times the baseline", "at most 1.4"},
	{"jwt", "a token by client credentials as a JWT (Ed25519), times the baseline with one signature", "at most 1.2"},
	{"bytes_per_token", "resident bytes a live token, at 1,000,000 tokens", "at most 200"},
	{"server_start_ms", "the server, from start to first answer, in ms", "at most 30"},
	{"cli_start_ms", "`mcp-auth version`, in ms", "at most 15"},
}

const begin, end = "<!-- scripts/bench --readme -->\n", "<!-- end -->"

// writeTable replaces the table in a file. figures are lines "name value".
func writeTable(file string, figures []string, load string) error {
	return replace(file, begin, table(figures, load))
}

// replace writes a text between a mark and the next end.
func replace(file, begin, text string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(data), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return errors.New(file + " has no place for the table: it is wanted between the two comments")
	}
	return os.WriteFile(file, []byte(before+begin+text+end+after), 0o644)
}

func table(figures []string, load string) string {
	var b strings.Builder
	b.WriteString("| figure | measured | wanted | its line |\n|---|---|---|---|\n")
	for _, r := range rows {
		for _, f := range figures {
			if value, ok := strings.CutPrefix(f, r.name+" "); ok {
				fmt.Fprintf(&b, "| %s | %s | %s | `bench %s` |\n", r.about, value, r.wanted, r.name)
			}
		}
	}
	b.WriteString(where(load))
	return b.String()
}

// where says on what it was measured.
func where(load string) string {
	return fmt.Sprintf("\n%s, %s/%s, %d CPUs, %s; load average before: %s.\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), time.Now().UTC().Format(time.DateOnly), load)
}

// loadAverage is how busy the machine was in the last minute: figures of a
// busy one are worse.
func loadAverage() string {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "not known"
	}
	first, _, _ := strings.Cut(string(data), " ")
	return first
}
