// Redaction: a secret becomes a label such as <state#1 22>: kind, number,
// length. The same value has the same label, so that equality, echo and reuse
// stay visible.
package trace

import (
	"cmp"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"mcp-auth/core/message"
)

// secretNames maps parameters and members that carry secrets to a short kind.
var secretNames = map[string]string{
	"code": "code", "state": "state", "code_verifier": "verifier", "access_token": "at", "refresh_token": "rt",
	"device_code": "device", "user_code": "usercode", "client_secret": "secret", "client_assertion": "assertion",
	"assertion": "assertion", "token": "token", "transaction": "page", "request_uri": "request", "id_token": "idt", "subject_token": "token",
	"registration_access_token": "rat", "password": "password",
}

// Secrets remembered so that they are found in any text, and the shortest one
// that is looked for there.
const (
	remembered = 1000
	shortest   = 6
)

// A Redactor labels secrets. It remembers the last thousand, so that they are
// found wherever they turn up again.
type Redactor struct {
	labels  map[string]string
	counts  map[string]int
	recent  []string // oldest first
	longest []string // the same, longest first: one may be a part of another
}

// NewRedactor returns one that has seen nothing.
func NewRedactor() *Redactor {
	return &Redactor{labels: map[string]string{}, counts: map[string]int{}}
}

// Redact redacts a whole run: what is learnt in a later event is also taken
// out of the earlier ones.
func Redact(events []Event) []Event {
	r := NewRedactor()
	for _, ev := range events {
		r.Event(ev)
	}
	all := make([]Event, len(events))
	for i, ev := range events {
		all[i] = r.Event(ev)
	}
	return all
}

// Event returns a redacted copy of ev.
func (r *Redactor) Event(ev Event) Event {
	if ev.Request != nil {
		m := *ev.Request
		m.URL = r.url(m.URL)
		m.Header, m.Body = r.headers(m.Header), r.body(m.Header, m.Body)
		ev.Request = &m
	}
	if ev.Response != nil {
		m := *ev.Response
		m.Header, m.Body = r.headers(m.Header), r.body(m.Header, m.Body)
		m.Note = ""
		ev.Response = &m
	}
	params := append([]Param(nil), ev.Params...)
	for i, p := range params {
		if kind := secretNames[p.Name]; kind != "" {
			params[i].Value = r.label(kind, p.Value)
		}
	}
	ev.Params = params
	return r.everywhere(ev)
}

// Text takes every remembered secret out of a text.
func (r *Redactor) Text(s string) string {
	for _, secret := range r.longest {
		if !strings.Contains(s, secret[:shortest]) {
			continue
		}
		label := r.labels[secret]
		s = strings.ReplaceAll(s, secret, label)
		if encoded := percent(secret); encoded != secret {
			s = strings.ReplaceAll(s, encoded, label)
		}
	}
	return s
}

func percent(s string) string { return message.Form{{Value: s}}.Encode()[1:] }

// everywhere takes remembered secrets out of the event's texts.
func (r *Redactor) everywhere(ev Event) Event {
	if ev.Request != nil {
		ev.Request.URL = r.Text(ev.Request.URL)
		ev.Request.Body = []byte(r.Text(string(ev.Request.Body)))
		r.fields(ev.Request.Header)
	}
	if ev.Response != nil {
		ev.Response.Body = []byte(r.Text(string(ev.Response.Body)))
		r.fields(ev.Response.Header)
	}
	ev.Note = r.Text(ev.Note)
	if ev.Check != nil {
		c := *ev.Check
		c.Want, c.Got = r.Text(c.Want), r.Text(c.Got)
		ev.Check = &c
	}
	if ev.Tried != nil {
		t := *ev.Tried
		t.URL, t.Outcome = r.Text(t.URL), r.Text(t.Outcome)
		ev.Tried = &t
	}
	if ev.Outcome != nil {
		v := *ev.Outcome
		v.Want, v.Got, v.Hint = r.Text(v.Want), r.Text(v.Got), r.Text(v.Hint)
		ev.Outcome = &v
	}
	for i := range ev.Params {
		ev.Params[i].Value = r.Text(ev.Params[i].Value)
	}
	return ev
}

func (r *Redactor) fields(h message.Header) {
	for i := range h {
		h[i].Value = r.Text(h[i].Value)
	}
}

func (r *Redactor) label(kind, secret string) string {
	if secret == "" || strings.HasPrefix(secret, "<") && strings.HasSuffix(secret, ">") {
		return secret
	}
	if l, ok := r.labels[secret]; ok {
		return l
	}
	r.counts[kind]++
	l := "<" + kind + "#" + strconv.Itoa(r.counts[kind]) + " " + strconv.Itoa(len(secret)) + ">"
	if len(secret) < shortest {
		return l
	}
	r.remember(secret, l)
	return l
}

// remember looks for the secret from now on, and for the oldest no longer when
// there are too many.
func (r *Redactor) remember(secret, label string) {
	r.labels[secret] = label
	at, _ := slices.BinarySearchFunc(r.longest, secret, longestFirst)
	r.longest = slices.Insert(r.longest, at, secret)
	if r.recent = append(r.recent, secret); len(r.recent) > remembered {
		oldest := r.recent[0]
		delete(r.labels, oldest)
		at, _ = slices.BinarySearchFunc(r.longest, oldest, longestFirst)
		r.longest = slices.Delete(r.longest, at, at+1)
		r.recent = r.recent[1:]
	}
}

func longestFirst(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) }

func (r *Redactor) url(s string) string {
	at := strings.IndexByte(s, '?')
	if at < 0 {
		return s
	}
	return s[:at+1] + r.form(s[at+1:])
}

func (r *Redactor) form(s string) string {
	pieces := strings.Split(s, "&")
	for i, piece := range pieces {
		name, value, ok := strings.Cut(piece, "=")
		kind := secretNames[name]
		if !ok || kind == "" {
			continue
		}
		if f, err := message.ParseForm("=" + value); err == nil && len(f) == 1 {
			value = f[0].Value
		}
		pieces[i] = name + "=" + r.label(kind, value)
	}
	return strings.Join(pieces, "&")
}

func (r *Redactor) headers(h message.Header) message.Header {
	out := append(message.Header(nil), h...)
	for i, f := range out {
		switch strings.ToLower(f.Name) {
		case "authorization":
			out[i].Value = r.authorization(f.Value)
		case "cookie", "set-cookie":
			out[i].Value = r.cookies(f.Value)
		case "location", "referer":
			out[i].Value = r.url(f.Value)
		case "dpop":
			out[i].Value = r.label("proof", f.Value)
		case "mcp-session-id":
			out[i].Value = r.label("session", f.Value)
		}
	}
	return out
}

func (r *Redactor) authorization(value string) string {
	scheme, rest, ok := strings.Cut(value, " ")
	if !ok {
		return r.label("credentials", value)
	}
	rest = strings.TrimLeft(rest, " ")
	if strings.EqualFold(scheme, "Basic") {
		if b, err := base64.StdEncoding.DecodeString(rest); err == nil {
			if _, password, ok := strings.Cut(string(b), ":"); ok {
				r.label("secret", password)
			}
		}
		return scheme + " " + r.label("basic", rest)
	}
	return scheme + " " + r.label("at", rest)
}

func (r *Redactor) cookies(value string) string {
	pieces := strings.Split(value, ";")
	for i, piece := range pieces {
		name, v, ok := strings.Cut(piece, "=")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "path", "max-age", "samesite", "expires", "domain":
			ok = false
		}
		if ok {
			pieces[i] = name + "=" + r.label("cookie", v)
		}
	}
	return strings.Join(pieces, ";")
}

func (r *Redactor) body(h message.Header, b []byte) []byte {
	switch message.MediaType(h.Get("Content-Type")) {
	case message.FormType:
		return []byte(r.form(string(b)))
	case message.JSONType:
		if v, err := message.ParseJSON(b); err == nil {
			return r.json(v).Append(nil)
		}
	case "text/html":
		return []byte(r.hidden(string(b)))
	}
	return b
}

func (r *Redactor) json(v message.Value) message.Value {
	switch v.Kind() {
	case message.Array:
		all := make([]message.Value, len(v.Elems()))
		for i, e := range v.Elems() {
			all[i] = r.json(e)
		}
		return message.Arr(all...)
	case message.Object:
		all := make([]message.Member, len(v.Members()))
		for i, m := range v.Members() {
			all[i] = message.M(m.Name, r.json(m.Value))
			text, ok := m.Value.Text()
			if kind := secretNames[m.Name]; ok && kind != "" {
				all[i].Value = message.Str(r.label(kind, text))
			}
		}
		return message.Obj(all...)
	}
	return v
}

// hidden labels the anti-forgery values of our own pages.
func (r *Redactor) hidden(s string) string {
	for _, name := range [...]string{"transaction", "user_code"} {
		open := `name="` + name + `" value="`
		before, rest, ok := strings.Cut(s, open)
		if value, after, closed := strings.Cut(rest, `"`); ok && closed {
			s = before + open + r.label(secretNames[name], value) + `"` + after
		}
	}
	return s
}

// Query is what stands between "?" and "#" of a URL as it was recorded: the #
// of a label begins no fragment.
func Query(url string) string {
	at := strings.IndexAny(url, "?#")
	if at < 0 || url[at] == '#' {
		return ""
	}
	query := url[at+1:]
	for i := range len(query) {
		if query[i] == '#' && !labelled(query, i) {
			return query[:i]
		}
	}
	return query
}

// labelled reports whether the # at a place is that of a label.
func labelled(s string, at int) bool {
	begin := strings.LastIndexByte(s[:at], '<')
	end := strings.IndexByte(s[at:], '>')
	if begin < 0 || end < 0 {
		return false
	}
	number, length, two := strings.Cut(s[at+1:at+end], " ")
	_, err1 := strconv.ParseUint(number, 10, 32)
	_, err2 := strconv.ParseUint(length, 10, 32)
	return two && err1 == nil && err2 == nil && strings.Trim(s[begin+1:at], "abcdefghijklmnopqrstuvwxyz") == "" && begin+1 < at
}
