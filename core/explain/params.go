// The parameters of a message, and the values that travel: where one was made,
// sent, echoed, compared and used.
package explain

import (
	"strings"

	"mcp-auth/core/message"
	"mcp-auth/core/trace"
)

// A Param is one protocol value in a message.
type Param struct {
	In, Name, Value string // In: query, form, json, header, challenge, location, made
	Track           string // the kind of value it carries; empty: nothing that is followed
	Meaning         string // from the texts; empty: not ours to explain
}

// tracks says which names carry the same kind of value.
var tracks = map[string]string{"state": "state", "code": "code", "code_challenge": "challenge", "code_verifier": "verifier",
	"client_id": "client", "client_secret": "secret", "resource": "resource", "iss": "issuer", "issuer": "issuer",
	"authorization_servers": "issuer", "redirect_uri": "redirect", "redirect_uris": "redirect", "access_token": "access token",
	"Authorization": "access token", "refresh_token": "refresh token", "device_code": "device code", "user_code": "user code",
	"Mcp-Session-Id": "session"}

// shownHeaders are the header fields that the protocol is about.
var shownHeaders = [...]string{"Authorization", "MCP-Protocol-Version", "Mcp-Session-Id", "Mcp-Method", "Mcp-Name", "Retry-After"}

// Params reads the protocol values out of an event.
func Params(ev trace.Event) []Param {
	var p params
	for _, made := range ev.Params {
		p.add("made", made.Name, made.Value)
	}
	if m := ev.Request; m != nil {
		p.form("query", trace.Query(m.URL))
		p.headers(m.Header)
		p.body(m.Header, m.Body)
	}
	if r := ev.Response; r != nil {
		p.challenge(r.Header)
		if to := r.Header.Get("Location"); to != "" {
			p.add("header", "Location", to)
			p.form("location", trace.Query(to))
		}
		p.headers(r.Header)
		p.body(r.Header, r.Body)
	}
	return p
}

type params []Param

func (p *params) add(in, name, value string) {
	text := Text("param." + name)
	if in == "json" && text == "" && strings.HasPrefix(name, "_") {
		return
	}
	*p = append(*p, Param{In: in, Name: name, Value: value, Track: tracks[name], Meaning: text})
}

func (p *params) form(in, encoded string) {
	f, err := message.ParseForm(encoded)
	if err != nil {
		return
	}
	for _, pair := range f {
		p.add(in, pair.Name, pair.Value)
	}
}

func (p *params) headers(h message.Header) {
	for _, name := range shownHeaders {
		for _, v := range h.Values(name) {
			if name == "Authorization" {
				v = strings.TrimPrefix(v, "Bearer ")
			}
			p.add("header", name, v)
		}
	}
}

func (p *params) challenge(h message.Header) {
	all, err := message.ParseChallenges(h.Values("WWW-Authenticate"))
	if err != nil {
		return
	}
	for _, c := range all {
		p.add("challenge", "scheme", c.Scheme)
		for _, pair := range c.Params {
			p.add("challenge", pair.Name, pair.Value)
		}
	}
}

func (p *params) body(h message.Header, b []byte) {
	switch message.MediaType(h.Get("Content-Type")) {
	case message.FormType:
		p.form("form", string(b))
	case message.JSONType:
		v, err := message.ParseJSON(b)
		if err != nil {
			return
		}
		for _, m := range v.Members() {
			p.json(m.Name, m.Value)
		}
	}
}

// json adds a member; a list of texts is one value each.
func (p *params) json(name string, v message.Value) {
	if text, ok := v.Text(); ok {
		p.add("json", name, text)
		return
	}
	if v.Kind() == message.Array && len(v.Elems()) > 0 && v.Elems()[0].Kind() == message.String {
		if tracks[name] != "" {
			for _, e := range v.Elems() {
				text, _ := e.Text()
				p.add("json", name, text)
			}
			return
		}
		var all []string
		for _, e := range v.Elems() {
			text, _ := e.Text()
			all = append(all, text)
		}
		p.add("json", name, strings.Join(all, " "))
		return
	}
	p.add("json", name, string(v.Append(nil)))
}

// A Stop is a place that a value passed.
type Stop struct {
	Row  int
	Role string // made, sent, echoed, compared, used
}

// A Track follows one value through the messages.
type Track struct {
	Kind, Value string
	Stops       []Stop
}

// Tracks follows every value that the protocol is about, in the order in which
// they were made. Equal labels of a redacted trace are equal values.
func Tracks(events []trace.Event, rows []Row) []Track {
	var all []Track
	at := map[string]int{}
	for _, r := range rows {
		seen := map[string]bool{}
		for _, p := range Params(events[r.Event]) {
			key := p.Track + "\x00" + p.Value
			if p.Track == "" || p.Value == "" || seen[key] {
				continue
			}
			seen[key] = true
			i, known := at[key]
			if !known {
				i = len(all)
				at[key] = i
				all = append(all, Track{Kind: p.Track, Value: p.Value})
			}
			t := &all[i]
			t.Stops = append(t.Stops, Stop{r.N, role(t, rows, r, p)})
		}
	}
	return all
}

// role says what a message does with a value.
func role(t *Track, rows []Row, r Row, p Param) string {
	switch {
	case len(t.Stops) == 0:
		return "made"
	case r.Step == "callback" && r.Kind == trace.KindRequest && (p.Name == "state" || p.Name == "iss"):
		return "compared"
	case r.Step == "token" && r.Kind == trace.KindRequest && (p.Name == "code" || p.Name == "code_verifier" || p.Name == "refresh_token" || p.Name == "device_code"):
		return "used"
	case p.Name == "Authorization":
		return "used"
	case rows[t.Stops[0].Row-1].From == r.From:
		return "sent"
	}
	return "echoed"
}
