// Golden files: all that is said of a run, to the byte. Run with -update to
// write them again, and read the difference.
package explain_test

import (
	"fmt"
	"strings"
	"testing"

	"mcp-auth/core/explain"
	"mcp-auth/core/fault"
	"mcp-auth/core/stage"
	"mcp-auth/core/trace"
	"mcp-auth/web/golden"
)

// played is a redacted run to its end.
func played(t *testing.T, c stage.Config) []trace.Event {
	t.Helper()
	s, err := stage.New(c)
	for i := 0; err == nil && !s.Over() && i < 200; i++ {
		err = s.Do(stage.Step{})
	}
	if err != nil || !s.Over() {
		t.Fatal(c, err, "over:", s.Over())
	}
	return trace.Redact(s.Events())
}

func TestGoldenRuns(t *testing.T) {
	for name, c := range map[string]stage.Config{
		"auth-code":            {Flow: "auth-code"},
		"auth-code 2025-03-26": {Flow: "auth-code", Registration: "cimd", Revision: "2025-03-26"},
		"device":               {Flow: "device", Registration: "pre", Revision: "2025-11-25"},
		"client-creds":         {Flow: "client-creds", Registration: "pre"},
		"client-creds dynamic": {Flow: "client-creds"},
		"bearer":               {Flow: "bearer"},
		"refresh":              {Flow: "refresh"},
		"step-up":              {Flow: "step-up"},
	} {
		t.Run(name, func(t *testing.T) {
			golden.Hold(t, strings.ReplaceAll(name, " ", "-")+".txt", told(played(t, c)))
		})
	}
}

// What is said of each fault, where and with which values.
func TestGoldenFaults(t *testing.T) {
	var b strings.Builder
	for _, f := range fault.All {
		for _, flow := range stage.Flows() {
			if f.Meets(flow) {
				events := played(t, stage.Config{Flow: flow, Fault: f.ID, Registration: f.Client})
				fmt.Fprintf(&b, "== %s, %s ==\n", f.ID, flow)
				for _, r := range explain.Rows(events) {
					if r.Mark != explain.Fine || r.Pending {
						b.WriteString(drawn(r))
					}
				}
				b.WriteString(judged(events))
				break
			}
		}
	}
	golden.Hold(t, "faults.txt", b.String())
}

// What other people are given: redacted runs as diagram, commands and report.
func TestGoldenExports(t *testing.T) {
	for name, c := range map[string]stage.Config{
		"step-up":   {Flow: "step-up"},
		"documents": {Flow: "auth-code", Registration: "cimd"},
		"stopped":   {Flow: "auth-code", Fault: "at.iss.other"},
		"trouble":   {Flow: "bearer", Fault: "rs.token.refused"},
	} {
		t.Run(name, func(t *testing.T) {
			events := played(t, c)
			golden.Hold(t, name+".mmd", explain.Mermaid(events))
			golden.Hold(t, name+".sh", explain.Curls(events))
			golden.Hold(t, name+".md", explain.Report(events, "mcp-auth test"))
		})
	}
}

// drawn is one row of the picture.
func drawn(r explain.Row) string {
	pending := ""
	if r.Pending {
		pending = ", pending"
	}
	return fmt.Sprintf("%d %s, %s -> %s, %s %s, event %d%s: %s %s\n", r.N, r.Phase, r.From, r.To, r.Step, r.Kind, r.Event, pending, strings.Join(r.Pieces, " | "), r.Mark)
}

// told is all that is said of a run.
func told(events []trace.Event) string {
	var b strings.Builder
	rows := explain.Rows(events)
	held := map[explain.Held]bool{}
	for _, r := range rows {
		b.WriteString(drawn(r))
		fmt.Fprintf(&b, "  why: %s\n", explain.Why(r))
		for _, p := range explain.Params(events[r.Event]) {
			fmt.Fprintf(&b, "  %s %s = %q", p.In, p.Name, p.Value)
			if p.Track != "" {
				b.WriteString(", followed as " + p.Track)
			}
			if p.Meaning != explain.Text("param."+p.Name) {
				b.WriteString(": " + p.Meaning)
			}
			b.WriteString("\n")
		}
		for _, i := range r.Checks {
			if c := events[i].Check; c != nil {
				fmt.Fprintf(&b, "  check %s %t\n", c.ID, c.OK)
			} else {
				fmt.Fprintf(&b, "  tried %s\n", events[i].Tried.URL)
			}
		}
		for _, i := range r.Notes {
			fmt.Fprintf(&b, "  note %s\n", events[i].Note)
		}
		for _, h := range explain.Holdings(events, rows, r.N) {
			if !held[h] {
				held[h] = true
				fmt.Fprintf(&b, "  %s has %s %q since %d, gone %d\n", h.Party, h.Name, h.Value, h.Since, h.Gone)
			}
		}
	}
	b.WriteString("== values ==\n")
	for _, t := range explain.Tracks(events, rows) {
		fmt.Fprintf(&b, "%s %s: %v\n", t.Kind, t.Value, t.Stops)
	}
	return b.String() + judged(events)
}

// judged is what is found, and the verdict.
func judged(events []trace.Event) string {
	var b strings.Builder
	for _, f := range explain.Findings(events) {
		fmt.Fprintf(&b, "finding %d %s %s: want %s, got %s [%s]\n  %s\n  cause: %s\n  fix: %s\n", f.Row, f.ID, f.Mark, f.Want, f.Got, f.Cite, f.Text, f.Cause, f.Fix)
	}
	v := explain.Judge(events)
	fmt.Fprintf(&b, "verdict %s %d %s: %s\n  want %s, got %s [%s]\n  cause: %s\n  fix: %s\n", v.Kind, v.Row, v.ID, v.Text, v.Want, v.Got, v.Cite, v.Cause, v.Fix)
	return b.String()
}
