// What a face is shown, as JSON: the rows, the verdict, the screens, and one
// row in full. It is conversion only; what it says comes from core/explain.
package stage

import (
	"slices"
	"time"

	"mcp-auth/core/explain"
	"mcp-auth/core/fault"
	"mcp-auth/core/message"
	"mcp-auth/core/trace"
)

type members []message.Member

func (m *members) text(name, value string) {
	if value != "" {
		*m = append(*m, message.M(name, message.Str(value)))
	}
}

// cite is a citation, with where it can be read.
func (m *members) cite(text string) {
	m.text("cite", text)
	m.text("link", explain.Address(text))
}

func (m *members) number(name string, n int) {
	if n != 0 {
		*m = append(*m, message.M(name, message.Num(int64(n))))
	}
}

// View is the whole run: what is drawn without a row being chosen.
func (s *Stage) View() message.Value {
	id, detail := s.Next()
	m := members{message.M("rows", rowsValue(s.events)), message.M("plan", s.plan()), message.M("verdict", verdictValue(s.verdict())),
		message.M("findings", findingsValue(s.events)), message.M("over", message.Boolean(s.over)), message.M("moves", message.Num(int64(len(s.moves)))),
		message.M("clock", message.Num(int64(s.now.Sub(begin)/time.Second))), message.M("live", message.Boolean(s.cfg.Live != ""))}
	m.text("next", explain.Text(id))
	m.text("detail", detail)
	m.text("nextID", id)
	if !s.wait.IsZero() {
		m = append(m, message.M("wait", message.Num(int64(s.wait.Sub(s.now)/time.Second))))
	}
	var screens []message.Value
	for _, x := range s.Screens() {
		o := members{message.M("kind", message.Str(x.Kind))}
		o.text("url", x.URL)
		o.text("html", x.HTML)
		o.text("code", x.Code)
		if !x.Expires.IsZero() {
			o.number("left", int(x.Expires.Sub(s.now)/time.Second))
		}
		screens = append(screens, message.Obj(o...))
	}
	return message.Obj(append(m, message.M("screens", message.Arr(screens...)))...)
}

// verdict is that of the events, and whether the user is waited for.
func (s *Stage) verdict() explain.Verdict {
	v := explain.Judge(s.events)
	switch {
	case s.over || v.Kind != "ok" && v.Kind != "note" && v.Kind != "running":
		return v
	case v.Kind == "ok":
		v = explain.Verdict{Kind: "running", Text: explain.Text("verdict.running")}
	}
	id, _ := s.Next()
	switch {
	case s.asksForReal():
		return explain.Verdict{Kind: "waiting", Text: explain.Text("verdict.waiting.live")}
	case !slices.ContainsFunc(s.events, func(ev trace.Event) bool { return ev.Kind == trace.KindResponse }):
		return explain.Verdict{Kind: "ready", Text: explain.Text("verdict.ready")}
	case id == "next.approve" || id == "next.code":
		return explain.Verdict{Kind: "waiting", Text: explain.Text("verdict.waiting")}
	}
	return v
}

// plan is what is still to come: the rows of the same run among healthy
// parties, from where this one stands.
func (s *Stage) plan() message.Value {
	if s.whole == nil {
		s.whole = rehearsed(s.cfg)
	}
	at := 0
	for _, r := range explain.Rows(s.events) {
		for i := at; i < len(s.whole) && i < at+6; i++ {
			if p := s.whole[i]; p.Step == r.Step && p.Kind == r.Kind && p.From == r.From && p.To == r.To {
				at = i + 1
				break
			}
		}
	}
	var all []message.Value
	for _, r := range s.whole[at:] {
		all = append(all, plannedValue(r))
	}
	return message.Arr(all...)
}

// rehearsed is the whole run when nothing goes wrong.
func rehearsed(c Config) []explain.Row {
	live := c.Live != ""
	c.Fault, c.Live, c.Seed = "", "", 0
	whole, err := New(c)
	if live && err == nil {
		whole.acts = real(whole.acts)
	}
	for i := 0; err == nil && !whole.over && i < limit; i++ {
		err = whole.Do(Step{})
	}
	if err != nil {
		return []explain.Row{}
	}
	return explain.Rows(whole.events)
}

// limit is how many steps the longest play may take.
const limit = 200

// plannedValue has no values of messages: nothing was sent.
func plannedValue(r explain.Row) message.Value {
	r.N = 0
	if r.Kind == trace.KindResponse || len(r.Pieces) < 2 {
		r.Pieces = nil
	} else if r.Kind != trace.KindInternal {
		r.Pieces = r.Pieces[:2]
	}
	r.Mark = explain.Fine
	return rowValue(r)
}

func rowsValue(events []trace.Event) message.Value {
	var all []message.Value
	for _, r := range explain.Rows(events) {
		all = append(all, rowValue(r))
	}
	return message.Arr(all...)
}

func rowValue(r explain.Row) message.Value {
	m := members{message.M("n", message.Num(int64(r.N))), message.M("kind", message.Str(string(r.Kind))), message.M("phase", message.Str(r.Phase)),
		message.M("from", message.Str(string(r.From))), message.M("to", message.Str(string(r.To))), message.M("pieces", message.Strs(r.Pieces))}
	m.text("step", r.Step)
	m.text("mark", string(r.Mark))
	m.number("checks", len(r.Checks))
	if r.Pending {
		m = append(m, message.M("pending", message.Boolean(true)))
	}
	return message.Obj(m...)
}

func verdictValue(v explain.Verdict) message.Value {
	m := members{message.M("kind", message.Str(v.Kind)), message.M("text", message.Str(v.Text))}
	m.number("row", v.Row)
	m.text("id", v.ID)
	m.text("cause", v.Cause)
	m.text("fix", v.Fix)
	m.cite(v.Cite)
	m.text("want", v.Want)
	m.text("got", v.Got)
	return message.Obj(m...)
}

func findingsValue(events []trace.Event) message.Value {
	var all []message.Value
	for _, f := range explain.Findings(events) {
		m := members{message.M("id", message.Str(f.ID)), message.M("row", message.Num(int64(f.Row))), message.M("mark", message.Str(string(f.Mark)))}
		m.text("want", f.Want)
		m.text("got", f.Got)
		m.cite(f.Cite)
		m.text("text", f.Text)
		m.text("cause", f.Cause)
		m.text("fix", f.Fix)
		all = append(all, message.Obj(m...))
	}
	return message.Arr(all...)
}

// Row is one row in full.
func (s *Stage) Row(n int) message.Value { return Detail(s.events, n) }

// Detail is row n of a run in full: why, checks, parameters, the message, what
// the parties hold, and the values that pass through it.
func Detail(events []trace.Event, n int) message.Value {
	rows := explain.Rows(events)
	if n < 1 || n > len(rows) {
		return message.Obj()
	}
	r := rows[n-1]
	ev := events[r.Event]
	m := members{message.M("row", rowValue(r)), message.M("checks", checksValue(events, r)), message.M("params", paramsValue(ev)),
		message.M("tracks", tracksValue(explain.Tracks(events, rows), n)), message.M("held", heldValue(explain.Holdings(events, rows, n)))}
	m.text("why", explain.Why(r))
	m.cite(ev.Cite)
	m.text("note", ev.Note)
	if q := ev.Request; q != nil {
		m = append(m, message.M("request", message.Obj(message.M("method", message.Str(q.Method)), message.M("url", message.Str(q.URL)),
			message.M("headers", headersValue(q.Header)), message.M("body", message.Str(string(q.Body))))))
		m.text("curl", explain.Curl(*q))
	}
	if a := ev.Response; a != nil {
		m = append(m, message.M("response", message.Obj(message.M("status", message.Num(int64(a.Status))), message.M("headers", headersValue(a.Header)), message.M("body", message.Str(string(a.Body))))))
	}
	var notes []string
	for _, i := range r.Notes {
		notes = append(notes, events[i].Note)
	}
	m = append(m, message.M("notes", message.Strs(notes)))
	if p, ok := explain.PKCEOf(events[:r.Event+1]); ok && concernsPKCE(ev) {
		m = append(m, message.M("pkce", message.Obj(message.M("verifier", message.Str(p.Verifier)), message.M("digest", message.Str(p.Hex())),
			message.M("challenge", message.Str(p.Challenge)), message.M("sent", message.Str(p.Sent)))))
	}
	for _, p := range explain.Params(ev) {
		if j, ok := explain.ReadJWT(p.Value); ok {
			m = append(m, message.M("jwt", message.Obj(message.M("header", message.Str(string(j.Header.AppendSorted(nil, 2)))), message.M("claims", message.Str(string(j.Claims.AppendSorted(nil, 2)))))))
			break
		}
	}
	return message.Obj(m...)
}

func concernsPKCE(ev trace.Event) bool {
	for _, p := range explain.Params(ev) {
		if p.Track == "challenge" || p.Track == "verifier" {
			return true
		}
	}
	return false
}

func checksValue(events []trace.Event, r explain.Row) message.Value {
	var all []message.Value
	for _, i := range r.Checks {
		ev := events[i]
		if t := ev.Tried; t != nil {
			m := members{message.M("tried", message.Str(t.URL))}
			m.text("rule", t.Rule)
			m.text("outcome", t.Outcome)
			all = append(all, message.Obj(m...))
			continue
		}
		c := ev.Check
		m := members{message.M("id", message.Str(c.ID)), message.M("ok", message.Boolean(c.OK))}
		m.text("level", c.Level)
		m.text("want", c.Want)
		m.text("got", c.Got)
		m.cite(ev.Cite)
		m.text("about", explain.AboutCheck(c.ID))
		all = append(all, message.Obj(m...))
	}
	return message.Arr(all...)
}

func paramsValue(ev trace.Event) message.Value {
	var all []message.Value
	for _, p := range explain.Params(ev) {
		m := members{message.M("in", message.Str(p.In)), message.M("name", message.Str(p.Name)), message.M("value", message.Str(p.Value))}
		m.text("meaning", p.Meaning)
		m.text("track", p.Track)
		all = append(all, message.Obj(m...))
	}
	return message.Arr(all...)
}

// tracksValue are the tracks that pass through row n.
func tracksValue(tracks []explain.Track, n int) message.Value {
	var all []message.Value
	for _, t := range tracks {
		var stops []message.Value
		here := false
		for _, stop := range t.Stops {
			here = here || stop.Row == n
			stops = append(stops, message.Obj(message.M("row", message.Num(int64(stop.Row))), message.M("role", message.Str(stop.Role))))
		}
		if here && len(stops) > 1 {
			all = append(all, message.Obj(message.M("kind", message.Str(t.Kind)), message.M("value", message.Str(t.Value)), message.M("stops", message.Arr(stops...))))
		}
	}
	return message.Arr(all...)
}

func heldValue(all []explain.Held) message.Value {
	var out []message.Value
	for _, h := range all {
		m := members{message.M("party", message.Str(string(h.Party))), message.M("name", message.Str(h.Name)), message.M("value", message.Str(h.Value)), message.M("since", message.Num(int64(h.Since)))}
		m.number("gone", h.Gone)
		out = append(out, message.Obj(m...))
	}
	return message.Arr(out...)
}

func headersValue(h message.Header) message.Value {
	all := make([]message.Value, len(h))
	for i, f := range h {
		all[i] = message.Strs([]string{f.Name, f.Value})
	}
	return message.Arr(all...)
}

// Menu is what can be chosen: flows, revisions, faults with who lies.
func Menu() message.Value {
	var faults []message.Value
	for _, f := range fault.All {
		var meets []string
		for _, name := range Flows() {
			if f.Meets(name) {
				meets = append(meets, name)
			}
		}
		faults = append(faults, message.Obj(message.M("id", message.Str(f.ID)), message.M("who", message.Str(f.Who)),
			message.M("text", message.Str(explain.Text("fault."+f.ID))), message.M("flows", message.Strs(meets)), message.M("client", message.Str(f.Client))))
	}
	var flows []message.Value
	for _, id := range Flows() {
		flows = append(flows, message.Obj(message.M("id", message.Str(id)), message.M("text", message.Str(explain.Text("flow."+id)))))
	}
	return message.Obj(message.M("flows", message.Arr(flows...)), message.M("revisions", message.Strs(Revisions())), message.M("faults", message.Arr(faults...)))
}

// Replay shows a trace that was recorded elsewhere.
func Replay(events []trace.Event) message.Value {
	return message.Obj(message.M("rows", rowsValue(events)), message.M("plan", message.Arr()), message.M("verdict", verdictValue(explain.Judge(events))),
		message.M("findings", findingsValue(events)), message.M("over", message.Boolean(true)), message.M("replay", message.Boolean(true)),
		message.M("moves", message.Num(0)), message.M("screens", message.Arr()))
}
