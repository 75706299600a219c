// What went wrong or is odd, with want, got, rule, cause and fix; and the
// verdict, which is one sentence about one message.
package explain

import (
	"strings"

	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/trace"
)

// A Finding is a rule that was broken, a refusal, or an oddity.
type Finding struct {
	Row       int
	ID        string // of the check, or refused.CODE, shape.STEP, ...
	Mark      Mark
	Want, Got string
	Cite      string
	Text      string // what it is about, without the values
	Cause     string // usually because
	Fix       string
}

// Findings lists what is to be known, in the order of the messages.
func Findings(events []trace.Event) []Finding { return findings(events, Rows(events)) }

func findings(events []trace.Event, rows []Row) (all []Finding) {
	for _, r := range rows {
		if f, ok := oddity(events, r); ok && (f.ID != "authorize.page" || len(all) == 0 || all[len(all)-1].ID != "document.client") { // which is what the page is about
			all = append(all, f)
		}
		for _, i := range r.Checks {
			ev := events[i]
			switch c := ev.Check; {
			case c == nil:
			case !c.OK:
				all = append(all, Finding{Row: r.N, ID: c.ID, Mark: Wrong, Want: c.Want, Got: c.Got, Cite: ev.Cite}.told(""))
			case c.ID == "resource.match" && !oauth.SameResource(c.Want, c.Got):
				all = append(all, Finding{Row: r.N, ID: "resource.parent", Mark: Odd, Want: c.Want, Got: c.Got, Cite: ev.Cite}.told(""))
			}
		}
	}
	if f, ok := unanswered(events, rows); ok {
		all = append(all, f)
	}
	for i, ev := range events {
		if ev.Kind == trace.KindVerdict && ev.Outcome != nil && ev.Outcome.Kind != trace.Ended && !guessed(all, events[:i], ev.Outcome) {
			all = ended(all, events, rows, i, *ev.Outcome)
		}
	}
	return all
}

// unanswered is a call that was let in and then failed: the last thing the MCP
// server said is an error of MCP. An earlier one may be a wire that it does not
// speak.
func unanswered(events []trace.Event, rows []Row) (Finding, bool) {
	for i := len(rows) - 1; i >= 0; i-- {
		r := rows[i]
		if r.Step != "mcp" || r.Kind != trace.KindResponse {
			continue
		}
		v, _ := message.ParseJSON(events[r.Event].Response.Body)
		got, failed := v.Get("error").Get("message").Text()
		if wrong, _ := v.Get("result").Get("isError").Bool(); wrong {
			got, failed = "isError", true
		}
		return Finding{Row: r.N, ID: "mcp.error", Mark: Odd, Want: "a result", Got: got, Cite: "JSON-RPC 2.0 section 5"}.told(""), failed
	}
	return Finding{}, false
}

// oddity is what a client tolerates and a server's author should know.
func oddity(events []trace.Event, r Row) (f Finding, found bool) {
	if r.Kind != trace.KindResponse {
		return f, false
	}
	a := *events[r.Event].Response
	switch {
	case r.Step == "probe":
		f, found = unprotected(events, a)
	case r.Step == "document":
		f, found = documented(events[:r.Event], a)
	case r.Step == "authorize" && a.Status >= 400:
		f, found = Finding{ID: "authorize.page", Mark: Wrong, Want: "a consent page, or a redirect", Got: title(string(a.Body)), Cite: "RFC 6749 section 4.1.2.1"}, true
	}
	f.Row = r.N
	return f.told(""), found
}

// documented holds a client's document against the URL it was fetched from.
func documented(before []trace.Event, a message.Response) (f Finding, wrong bool) {
	for i := len(before) - 1; i >= 0 && f.Want == ""; i-- {
		if ev := before[i]; ev.Step == "document" && ev.Request != nil {
			f.Want = ev.Request.URL
		}
	}
	v, _ := message.ParseJSON(a.Body)
	f.Got, _ = v.Get("client_id").Text()
	f.ID, f.Mark, f.Cite = "document.client", Wrong, "draft-ietf-oauth-client-id-metadata-document section 4.1"
	return f, a.Status == 200 && f.Got != "" && f.Got != f.Want
}

// ended adds how a flow ended, unless a check on the way has already said it.
func ended(all []Finding, events []trace.Event, rows []Row, at int, o trace.Outcome) []Finding {
	f := Finding{Row: about(rows, at, o.Step), Mark: Wrong, Want: o.Want, Got: strings.TrimSuffix(o.Got, ".")}
	if f.Row == 0 {
		return all
	}
	for i := len(all) - 1; i >= 0; i-- {
		if o.Kind == trace.Violated && all[i].Mark == Wrong && all[i].Row <= f.Row && all[i].Row >= f.Row-2 {
			if o.Hint != "" { // it knows these very values
				all[i].Cause = sentence(o.Hint)
			}
			return all
		}
		if o.Kind == trace.Lapsed && (all[i].ID == "state.equal" || all[i].ID == "authorize.page" || all[i].ID == "document.client") {
			return all
		}
	}
	switch o.Kind {
	case trace.Violated:
		f.ID = "shape." + o.Step
		if a := events[rows[f.Row-1].Event].Response; o.Step == "token" && a != nil && a.Status == 200 && message.MediaType(a.Header.Get("Content-Type")) == message.JSONType {
			f.ID = "shape.tokens" // no page in the way: it is the server's own
		}
		if o.Got == Success {
			f.ID = "shape.success"
		}
	case trace.Refused:
		f.ID = "refused." + o.Code
		f.Want = Success
	default:
		f.ID, f.Want = string(o.Kind), "an answer"
		if o.Kind == trace.Denied {
			f.Want = "the user's consent"
		}
	}
	if o.Due {
		f.Mark = Due
	}
	return append(all, f.told(o.Hint))
}

// about is the row that a verdict is about: the last answer of its step, or
// the last message before it.
func about(rows []Row, at int, step string) int {
	last := 0
	for _, r := range rows {
		if r.Event > at {
			break
		}
		if r.Kind == trace.KindResponse || r.Kind == trace.KindTrouble || r.Kind == trace.KindRequest && r.Step == "callback" {
			if step == "callback" && r.Kind == trace.KindResponse && r.Step == "callback" {
				continue // our own page; what it answers is the message
			}
			last = r.N
		}
	}
	return last
}

// told adds the texts of a finding.
func (f Finding) told(hint string) Finding {
	id := f.ID
	if Text("finding."+id) == "" { // a code or step without a text of its own
		kind, _, _ := strings.Cut(f.ID, ".")
		if id = kind + ".other"; Text("finding."+id) == "" {
			id = "check.other"
		}
	}
	f.Text, f.Cause, f.Fix = Text("finding."+id), Text("cause."+id), Text("fix."+id)
	status, _, _ := strings.Cut(f.Got, " ")
	f.Text = strings.Replace(f.Text, "{status}", status, 1)
	if hint != "" && strings.HasSuffix(id, ".other") {
		f.Fix = sentence(hint)
	}
	return f
}

func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + strings.TrimSuffix(s[1:], ".") + "."
}

// A Verdict is the one sentence that is always on screen.
type Verdict struct {
	Kind       string // ready, running, waiting, ok, note, stopped, refused, denied, lapsed, interrupted
	Row        int    // the message it is about; 0: none
	Text       string
	Cause, Fix string
	Cite       string
	Want, Got  string
	ID         string // of the finding
}

// Judge gives the verdict on a run that has ended or not.
func Judge(events []trace.Event) Verdict {
	rows := Rows(events)
	var last *trace.Outcome
	for i := range events {
		if events[i].Outcome != nil {
			last = events[i].Outcome
		}
	}
	all := findings(events, rows)
	var worst *Finding
	for i := range all {
		if all[i].Mark == Wrong || all[i].Mark == Odd && worst == nil {
			worst = &all[i]
		}
	}
	switch {
	case len(rows) == 0 && last != nil && last.Kind != trace.Ended:
		f := Finding{ID: "unsent", Mark: Wrong, Want: last.Want, Got: last.Got}.told("")
		v := f.verdict(nil)
		v.Text = f.Text + " " + sentence(f.Got)
		return v
	case len(rows) == 0:
		return Verdict{Kind: "ready", Text: Text("verdict.ready")}
	case worst != nil && worst.Mark == Wrong:
		return worst.verdict(last)
	case last == nil:
		return Verdict{Kind: "running", Text: Text("verdict.running")}
	case worst != nil:
		v := worst.verdict(last)
		if last.Kind == trace.Ended || last.Due {
			v.Text = Text("verdict.ok") + " " + v.Text
		}
		return v
	}
	return Verdict{Kind: "ok", Row: rows[len(rows)-1].N, Text: Text("verdict.ok")}
}

// verdict makes a sentence of a finding: which message, what, want and got.
func (f Finding) verdict(o *trace.Outcome) Verdict {
	v := Verdict{Kind: "stopped", Row: f.Row, Cause: f.Cause, Fix: f.Fix, Cite: f.Cite, Want: f.Want, Got: f.Got, ID: f.ID}
	switch {
	case f.Mark == Odd:
		v.Kind = "note"
	case o != nil && o.Kind != trace.Violated && o.Kind != trace.Ended:
		v.Kind = string(o.Kind)
	}
	number := message.Decimal(int64(f.Row))
	v.Text = Text("verdict."+v.Kind) + " " + number + ": " + f.Text
	if strings.HasPrefix(f.ID, "probe.") {
		v.Text = Text("verdict.probe") + " " + number + " " + f.Text
	}
	return v
}
