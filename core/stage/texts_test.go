package stage_test

import (
	"os"
	"strings"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/explain"
	"mcp-auth/core/fault"
	"mcp-auth/core/message"
	"mcp-auth/core/stage"
)

func post(page, body string) message.Request {
	origin := message.Request{URL: page}.Origin()
	return message.Request{Method: "POST", URL: origin + "/oauth/authorize/consent", Body: []byte(body), Header: message.Header{
		{Name: "Content-Type", Value: message.FormType}, {Name: "Origin", Value: origin}}}
}

// Every id that a run can meet has a text, and every text is met: by a run, or
// because the code builds its id.
func TestEveryIDHasATextAndEveryTextAnID(t *testing.T) {
	is := is.New(t)
	used := map[string]bool{}
	need := func(id string) {
		used[id] = true
		if explain.Text(id) == "" {
			t.Error("no text for", id)
		}
	}
	runs := healthy()
	for _, f := range fault.All {
		need("fault." + f.ID)
		for _, flow := range stage.Flows() {
			if f.Meets(flow) {
				runs = append(runs, stage.Config{Flow: flow, Fault: f.ID, Registration: f.Client})
			}
		}
	}
	for _, id := range stage.Flows() {
		need("flow." + id)
	}
	for _, id := range explain.Troubles {
		need("trouble." + id)
	}
	for _, c := range runs {
		s, err := stage.New(c)
		is.NoErr(err) // the run begins
		for {
			id, _ := s.Next()
			need(id)
			if s.Over() {
				break
			}
			is.NoErr(s.Do(stage.Step{})) // a step is due
		}
		events := s.Events()
		for _, r := range explain.Rows(events) {
			if r.Kind != "trouble" {
				if explain.Why(r) == "" {
					t.Error("nothing says why of", r.Step, r.Kind)
				}
				used["why."+r.Step+"."+string(r.Kind)] = true
			}
			for _, p := range explain.Params(events[r.Event]) {
				need("param." + p.Name)
			}
			for _, i := range r.Checks {
				if check := events[i].Check; check != nil && explain.AboutCheck(check.ID) == "" {
					t.Error("nothing is said about the check", check.ID)
				} else if check != nil {
					used["check."+check.ID] = true
				}
			}
		}
		for _, f := range explain.Findings(events) {
			if f.Text == "" || f.Cause == "" || f.Fix == "" {
				t.Error("a finding without texts:", f.ID)
			}
			for _, part := range []string{"finding.", "cause.", "fix."} {
				used[part+f.ID] = true
			}
		}
		used["verdict."+explain.Judge(events).Kind] = true
	}
	texts, err := os.ReadFile("../explain/texts.txt")
	is.NoErr(err) // the texts are there
	seen := map[string]bool{}
	for line := range strings.SplitSeq(string(texts), "\n") {
		id, _, ok := strings.Cut(line, ": ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		if seen[id] {
			t.Error("two texts for", id)
		}
		seen[id] = true
		if !used[id] && !unmet[id] && !unmet[strings.SplitN(id, ".", 2)[1]] {
			t.Error("a text that nothing asks for:", id)
		}
	}
}

// unmet are ids that only other people's servers, the reader's own moves or
// the stage's state bring about.
var unmet = map[string]bool{"next.wait": true, "verdict.ready": true, "verdict.running": true, "verdict.waiting": true, "verdict.waiting.live": true, "verdict.lapsed": true,
	"check.endpoint": true, "check.iss.present": true, "lapsed": true, "shape.other": true, "check.other": true, "refused.other": true, "refused.invalid_scope": true, "endpoint.other": true, "mcp.error": true,
	"shape.discover.server": true, "shape.success": true, "unsent": true, "challenge.hidden": true, "probe.open": true, "probe.let": true, "probe.page": true, "probe.other": true,
	"verdict.probe": true, "why.probe.bare.response": true, "why.probe.other.response": true, "why.revoke.request": true, "why.revoke.response": true}
