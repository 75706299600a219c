// The trace for people: what --verbose shows.
package trace

import (
	"strconv"
	"strings"

	"mcp-auth/core/message"
)

// Text renders one event. With bodies, JSON and form bodies are shown whole;
// without, only their size. It is not redacted here: render what Redactor
// returned.
func Text(ev Event, bodies bool) string {
	var t text
	switch { // a file may lack what its kind promises
	case ev.Kind == KindRequest && ev.Request != nil:
		t.line("-> ", ev.Request.Method, " ", ev.Request.URL)
		t.headers(ev.Request.Header)
		t.body(ev.Request.Header, ev.Request.Body, bodies)
	case ev.Kind == KindResponse && ev.Response != nil:
		t.line("<- ", strconv.Itoa(ev.Response.Status))
		t.headers(ev.Response.Header)
		t.body(ev.Response.Header, ev.Response.Body, bodies)
	case ev.Kind == KindNavigate && ev.Request != nil:
		t.line("=> browser goes to ", ev.Request.URL)
	case ev.Kind == KindCheck && ev.Check != nil:
		word := "ok   "
		if !ev.Check.OK {
			word = "FAIL "
		}
		t.line("   ", word, ev.Check.ID, ": want ", ev.Check.Want, ", got ", ev.Check.Got)
	case ev.Kind == KindTried && ev.Tried != nil:
		t.line("   tried ", ev.Tried.URL, " (", ev.Tried.Rule, "): ", ev.Tried.Outcome)
	case ev.Kind == KindTrouble:
		t.line("!! ", ev.Note)
	case ev.Kind == KindState:
		t.line("   state ", ev.Note)
	case ev.Kind == KindVerdict:
		t.line("== ", ev.Note)
	default:
		t.line("   ", ev.Note)
	}
	if ev.Cite != "" {
		return strings.TrimSuffix(t.String(), "\n") + "  [" + ev.Cite + "]\n"
	}
	return t.String()
}

type text struct{ strings.Builder }

func (t *text) line(parts ...string) {
	t.WriteString(message.PrintableLine(strings.Join(parts, "")))
	t.WriteByte('\n')
}

func (t *text) headers(h message.Header) {
	for _, f := range h {
		t.line("     ", f.Name, ": ", f.Value)
	}
}

func (t *text) body(h message.Header, b []byte, whole bool) {
	if len(b) == 0 {
		return
	}
	switch message.MediaType(h.Get("Content-Type")) {
	case message.FormType:
		for piece := range strings.SplitSeq(string(b), "&") {
			name, value, _ := strings.Cut(piece, "=")
			if f, err := message.ParseForm("=" + value); err == nil && len(f) == 1 {
				value = f[0].Value
			}
			t.line("     ", name, " = ", value)
		}
		return
	case message.JSONType:
		if v, err := message.ParseJSON(b); err == nil && (whole || len(b) <= 2048) {
			for line := range strings.SplitSeq(string(v.AppendSorted(nil, 2)), "\n") {
				t.line("     ", line)
			}
			return
		}
	}
	if !whole {
		t.line("     (", strconv.Itoa(len(b)), " bytes)")
		return
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(string(b), "\n"), "\n") {
		t.line("     ", line)
	}
}

// Verdict is how a run ended: its last verdict in one sentence, or that it
// has not ended.
func Verdict(events []Event) string {
	for i := len(events) - 1; i >= 0; i-- {
		if events[i].Kind == KindVerdict {
			return events[i].Note
		}
	}
	return "the flow has not ended"
}
