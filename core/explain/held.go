// What each party holds after a message: a function of the messages, so that
// it is as true for a recorded run as for one in the page.
package explain

import (
	"mcp-auth/core/message"
	"mcp-auth/core/trace"
)

// A Held is one thing that a party has.
type Held struct {
	Party       trace.Party
	Name, Value string
	Since       int // row
	Gone        int // row that used it up; 0: still there
}

type holder struct {
	all []Held
	row int
}

// Holdings is what the parties hold after the first n rows.
func Holdings(events []trace.Event, rows []Row, n int) []Held {
	var h holder
	for _, r := range rows[:min(n, len(rows))] {
		ev := events[r.Event]
		h.row = r.N
		switch {
		case r.Kind == trace.KindInternal:
			for _, p := range ev.Params {
				h.keep(trace.Client, p.Name, p.Value)
			}
		case r.Kind == trace.KindRequest:
			h.asked(r, *ev.Request)
		case r.Kind == trace.KindResponse:
			h.answered(r, *ev.Response)
		}
	}
	return h.all
}

func (h *holder) keep(who trace.Party, name, value string) {
	if value == "" {
		return
	}
	for i := range h.all {
		if x := &h.all[i]; x.Party == who && x.Name == name && x.Gone == 0 {
			if x.Value == value {
				return
			}
			x.Gone = h.row
		}
	}
	h.all = append(h.all, Held{Party: who, Name: name, Value: value, Since: h.row})
}

func (h *holder) spend(who trace.Party, names ...string) {
	for i := range h.all {
		for _, name := range names {
			if x := &h.all[i]; x.Party == who && x.Name == name && x.Gone == 0 {
				x.Gone = h.row
			}
		}
	}
}

func (h *holder) asked(r Row, m message.Request) {
	if r.Step == "callback" {
		f, _ := message.ParseForm(trace.Query(m.URL))
		code, _ := f.One("code")
		h.keep(trace.Client, "code", code)
	}
	if r.Step == "consent" {
		h.spend(trace.AuthorizationServer, "open consent page")
	}
}

func (h *holder) answered(r Row, m message.Response) {
	v, _ := message.ParseJSON(m.Body)
	text := func(name string) string { s, _ := v.Get(name).Text(); return s }
	good := m.Status >= 200 && m.Status < 300
	both := func(name string) {
		h.keep(trace.Client, name, text(name))
		h.keep(trace.AuthorizationServer, name, text(name))
	}
	switch {
	case r.Step == "discover.resource" && good:
		h.keep(trace.Client, "resource", text("resource"))
	case r.Step == "discover.server" && good:
		h.keep(trace.Client, "issuer", text("issuer"))
	case r.Step == "register" && good:
		both("client_id")
		both("client_secret")
	case r.Step == "authorize" && m.Status == 200:
		h.keep(trace.AuthorizationServer, "open consent page", title(string(m.Body)))
	case m.Header.Get("Location") != "":
		f, _ := message.ParseForm(trace.Query(m.Header.Get("Location")))
		code, _ := f.One("code")
		h.keep(trace.AuthorizationServer, "code", code)
	case r.Step == "device" && good:
		both("device_code")
		both("user_code")
	case r.Step == "token" && good:
		h.gotTokens(both)
	case r.Step == "mcp" && m.Header.Get("Mcp-Session-Id") != "":
		h.keep(trace.Client, "session", m.Header.Get("Mcp-Session-Id"))
		h.keep(trace.Resource, "session", m.Header.Get("Mcp-Session-Id"))
	}
	for _, c := range m.Header.Values("Set-Cookie") {
		h.keep(trace.UserAgent, "cookie", c)
	}
}

// gotTokens: what bought the tokens is used up.
func (h *holder) gotTokens(both func(string)) {
	for _, who := range [...]trace.Party{trace.Client, trace.AuthorizationServer} {
		h.spend(who, "code", "device_code", "user_code")
	}
	h.spend(trace.Client, "code_verifier", "code_challenge", "state")
	both("access_token")
	both("refresh_token")
}
