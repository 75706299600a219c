package stage_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/explain"
	"mcp-auth/core/fault"
	"mcp-auth/core/stage"
	"mcp-auth/core/trace"
)

// played is a run to its end.
func played(t *testing.T, c stage.Config) *stage.Stage {
	t.Helper()
	s, err := stage.New(c)
	for i := 0; err == nil && !s.Over() && i < 200; i++ {
		err = s.Do(stage.Step{})
	}
	if err != nil || !s.Over() {
		t.Fatal(c, err, "over:", s.Over())
	}
	return s
}

func file(s *stage.Stage) string {
	data := trace.AppendHeader(nil, "test")
	for _, ev := range s.Events() {
		data = trace.AppendNDJSON(data, ev)
	}
	return string(data)
}

// healthy are all runs in which nothing goes wrong.
func healthy() (all []stage.Config) {
	for _, flow := range stage.Flows() {
		for _, registration := range []string{"dynamic", "cimd", "pre"} {
			for _, revision := range append([]string{""}, stage.Revisions()...) {
				all = append(all, stage.Config{Flow: flow, Registration: registration, Revision: revision, Seed: 3})
			}
		}
	}
	return all
}

func TestHealthyRunsEndWellAndWithoutAnAlarm(t *testing.T) {
	for _, c := range healthy() {
		t.Run(c.Flow+" "+c.Registration+" "+c.Revision, func(t *testing.T) {
			is := is.New(t)
			s := played(t, c)
			is.Equal(explain.Judge(s.Events()).Kind, "ok") // the login went through
			for _, f := range explain.Findings(s.Events()) {
				if f.Mark != explain.Due {
					t.Error("an alarm on a healthy run:", f.ID, f.Want, f.Got)
				}
			}
		})
	}
}

// Labels stand for values: a redacted run, written and read again, is explained
// as the open one is.
func TestARedactedRunIsExplainedAsTheOpenOne(t *testing.T) {
	for _, c := range healthy() {
		open := played(t, c).Events()
		data := trace.AppendHeader(nil, "test")
		for _, ev := range trace.Redact(open) {
			data = trace.AppendNDJSON(data, ev)
		}
		redacted, err := trace.ParseNDJSON(data)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := shape(open), shape(redacted); a != b {
			t.Errorf("%s %s %s:\n%s\nand redacted:\n%s", c.Flow, c.Registration, c.Revision, a, b)
		}
	}
}

// shape is what does not depend on values: rows, parameters, where values
// travel, findings, verdict.
func shape(events []trace.Event) string {
	var b strings.Builder
	rows := explain.Rows(events)
	for _, r := range rows {
		fmt.Fprintln(&b, r.N, r.Step, r.Phase, r.Mark, r.Pieces, len(r.Checks))
		for _, p := range explain.Params(events[r.Event]) {
			fmt.Fprintln(&b, "  ", p.In, p.Name, p.Track)
		}
	}
	for _, track := range explain.Tracks(events, rows) {
		fmt.Fprintln(&b, track.Kind, track.Stops)
	}
	for _, f := range explain.Findings(events) {
		fmt.Fprintln(&b, f.Row, f.ID, f.Mark)
	}
	fmt.Fprintln(&b, explain.Judge(events).Kind)
	return b.String()
}

// The acceptance test of the fault bench: each fault is found where it is, by
// the rule that it breaks, with want, got, cause and fix.
func TestEveryFaultIsNamed(t *testing.T) {
	for _, f := range fault.All {
		for _, flow := range stage.Flows() {
			if !f.Meets(flow) {
				continue
			}
			t.Run(f.ID+" "+flow, func(t *testing.T) {
				is := is.New(t)
				s := played(t, stage.Config{Flow: flow, Fault: f.ID, Registration: f.Client, Seed: 5})
				v := explain.Judge(s.Events())
				is.Equal(v.ID, f.Finding) // this is what is wrong
				is.True(v.Row > 0)        // at a message
				is.True(v.Cause != "")    // usually because
				is.True(v.Fix != "")      // to fix
				if v.Kind == "stopped" || v.Kind == "note" {
					is.True(v.Want != "" && v.Got != "" && v.Want != v.Got) // both values
				}
				found := explain.Findings(s.Events())
				is.True(!slices.ContainsFunc(found, func(x explain.Finding) bool { return x.Mark != explain.Due && x.ID != f.Finding })) // nothing else is blamed
			})
		}
	}
}

// Nothing is drawn that is not in the recorded message.
func TestThePictureIsTheLog(t *testing.T) {
	for _, c := range healthy() {
		s := played(t, c)
		rows := explain.Rows(s.Events())
		messages := 0
		for _, ev := range s.Events() {
			if ev.Request != nil || ev.Response != nil || len(ev.Params) > 0 {
				messages++
			}
		}
		if len(rows) != messages {
			t.Errorf("%v: %d rows for %d messages", c, len(rows), messages)
		}
		for _, r := range rows {
			text := trace.Text(s.Events()[r.Event], true) + string(trace.AppendNDJSON(nil, s.Events()[r.Event]))
			for _, piece := range r.Pieces {
				if !strings.Contains(text, piece) {
					t.Errorf("%v row %d: %q is not in the message", c, r.N, piece)
				}
			}
		}
	}
}

// A step back is exact: the same moves make the same bytes.
func TestBackIsAReplay(t *testing.T) {
	for _, flow := range stage.Flows() {
		t.Run(flow, func(t *testing.T) {
			is := is.New(t)
			s, err := stage.New(stage.Config{Flow: flow, Seed: 9})
			is.NoErr(err) // the run begins
			var before []string
			for !s.Over() {
				before = append(before, file(s))
				is.NoErr(s.Do(stage.Step{})) // a step is due
			}
			for i := len(before) - 1; i >= 0; i-- {
				s, err = s.Back()
				is.NoErr(err)                // it goes back
				is.Equal(file(s), before[i]) // to the byte
			}
			is.Equal(s.Moves(), 0) // at the start
		})
	}
}

// What the plan says comes, comes.
func TestThePlanIsWhatHappens(t *testing.T) {
	for _, c := range healthy() {
		s, err := stage.New(c)
		if err != nil {
			t.Fatal(err)
		}
		end := len(explain.Rows(played(t, c).Events()))
		for !s.Over() {
			rows, plan := explain.Rows(s.Events()), s.View().Get("plan").Elems()
			if len(rows)+len(plan) != end {
				t.Fatalf("%v after %d moves: %d rows and %d planned, %d in the end", c, s.Moves(), len(rows), len(plan), end)
			}
			if err := s.Do(stage.Step{}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestPollingTooEarlyIsAnsweredSlowDown(t *testing.T) {
	is := is.New(t)
	s, err := stage.New(stage.Config{Flow: "device"})
	is.NoErr(err) // the run begins
	for range 7 {
		is.NoErr(s.Do(stage.Step{})) // up to the first poll
	}
	is.NoErr(s.Do(stage.Early{})) // again at once
	rows := explain.Rows(s.Events())
	is.Equal(rows[len(rows)-1].Pieces, []string{"400", "slow_down"}) // RFC 8628 section 3.5
}

func TestADeviceCodeThatExpiresEndsTheLogin(t *testing.T) {
	is := is.New(t)
	s, err := stage.New(stage.Config{Flow: "device"})
	is.NoErr(err) // the run begins
	for range 6 {
		is.NoErr(s.Do(stage.Step{})) // up to the phone
	}
	is.NoErr(s.Do(stage.Advance{By: 901e9}))         // the code dies
	is.True(s.Over())                                // the device notices
	is.Equal(explain.Judge(s.Events()).ID, "lapsed") // by itself
}

// Whoever denies on the page ends the login, and it says so.
func TestDenyingOnThePage(t *testing.T) {
	is := is.New(t)
	s, err := stage.New(stage.Config{Flow: "auth-code"})
	is.NoErr(err) // the run begins
	for len(s.Screens()) == 0 {
		is.NoErr(s.Do(stage.Step{})) // up to the consent page
	}
	page := s.Screens()[0]
	_, rest, _ := strings.Cut(page.HTML, `name="transaction" value="`)
	transaction, _, _ := strings.Cut(rest, `"`)
	is.NoErr(s.Do(stage.Submit{Request: post(page.URL, "transaction="+transaction+"&decision=deny")})) // Deny
	for !s.Over() {
		is.NoErr(s.Do(stage.Step{})) // the redirect
	}
	is.Equal(explain.Judge(s.Events()).Kind, "denied") // the user said no
}
