// Redaction: a secret becomes a label such as <state#1 22>: kind, number,
// length. The same value has the same label, so that equality, echo and reuse
// stay visible.
package trace

import (
	"cmp"
	"encoding/base64"
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

// kinds are the same by their squeezed names: accessToken and Client-Secret are
// what a peer may write that keeps to no rule.
var kinds = func() map[string]string {
	all := map[string]string{}
	for name, kind := range secretNames {
		all[squeezed(name)] = kind
	}
	return all
}()

// kindOf is the kind of secret that a name stands for; "" for none.
func kindOf(name string) string {
	if kind := secretNames[name]; kind != "" || len(name) < len("code") {
		return kind
	}
	return kinds[squeezed(name)]
}

func squeezed(name string) string { return joints.Replace(strings.ToLower(name)) }

var joints = strings.NewReplacer("_", "", "-", "")

// A Redactor labels secrets. It remembers the last thousand, so that they are
// found wherever they turn up again.
type Redactor struct {
	labels  map[string]string
	made    map[string]bool     // labels of what is remembered
	others  map[string][]string // how forms and JSON write it, where that differs
	counts  map[string]int
	recent  []string // oldest first
	longest []string // the same, longest first: one may be a part of another
	adopts  bool     // labels of another Redactor stay as they are
}

// NewRedactor returns one that has seen nothing.
func NewRedactor() *Redactor {
	return &Redactor{labels: map[string]string{}, made: map[string]bool{}, others: map[string][]string{}, counts: map[string]int{}}
}

// Redact redacts a whole run: what is learnt in a later event is also taken
// out of the earlier ones. A run that was redacted before keeps its labels.
func Redact(events []Event) []Event {
	r := NewRedactor()
	r.adopts = true
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
		if kind := kindOf(p.Name); kind != "" {
			params[i].Value = r.label(kind, p.Value)
		}
	}
	ev.Params = params
	return r.everywhere(ev)
}

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
	ev.Note = r.prose(ev.Note)
	if ev.Check != nil {
		c := *ev.Check
		c.Want, c.Got = r.prose(c.Want), r.prose(c.Got)
		ev.Check = &c
	}
	if ev.Tried != nil {
		t := *ev.Tried
		t.URL, t.Outcome = r.prose(t.URL), r.prose(t.Outcome)
		ev.Tried = &t
	}
	if ev.Outcome != nil {
		v := *ev.Outcome
		v.Want, v.Got, v.Hint = r.prose(v.Want), r.prose(v.Got), r.prose(v.Hint)
		ev.Outcome = &v
	}
	for i := range ev.Params {
		ev.Params[i].Value = r.Text(ev.Params[i].Value)
	}
	return ev
}

// prose takes secrets out of a text that was written for people.
func (r *Redactor) prose(s string) string { return r.Text(r.scan(s)) }

func (r *Redactor) fields(h message.Header) {
	for i := range h {
		h[i].Value = r.Text(h[i].Value)
	}
}

func (r *Redactor) url(s string) string {
	at := strings.IndexAny(s, "?#")
	if at < 0 {
		return s
	}
	query := Query(s[at:])
	if query == "" {
		return s[:at+1] + r.form(s[at+1:])
	}
	rest := s[at+1+len(query):]
	if rest != "" {
		rest = "#" + r.form(rest[1:])
	}
	return s[:at+1] + r.form(query) + rest
}

func (r *Redactor) form(s string) string {
	if strings.ContainsAny(s, "\"'{<") { // perhaps no form: a & may stand within
		s = r.scan(s)
	}
	pieces := strings.Split(s, "&")
	for i, piece := range pieces {
		pieces[i] = r.pair(piece)
	}
	return strings.Join(pieces, "&")
}

func (r *Redactor) pair(piece string) string {
	name, value, ok := strings.Cut(piece, "=")
	if !ok {
		return r.scan(piece)
	}
	end := strings.TrimRight(value, "\r\n \t")
	if kind := kindOf(formDecoded(name)); kind != "" {
		return name + "=" + r.encoded(kind, end, formDecoded(end)) + value[len(end):]
	}
	if open := formDecoded(value); open != value {
		if safe := r.prose(open); safe != open {
			return name + "=" + safe
		}
	}
	return r.scan(piece)
}

// formDecoded is a part of a form as it was meant, or as it is if it cannot be
// read.
func formDecoded(s string) string {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s
	}
	if f, err := message.ParseForm("=" + s); err == nil && len(f) == 1 {
		return f[0].Value
	}
	return s
}

func (r *Redactor) headers(h message.Header) message.Header {
	out := append(message.Header(nil), h...)
	for i, f := range out {
		switch strings.ToLower(f.Name) {
		case "authorization", "proxy-authorization":
			out[i].Value = r.authorization(f.Value)
		case "cookie", "set-cookie":
			out[i].Value = r.cookies(f.Value)
		case "location", "referer":
			out[i].Value = r.url(f.Value)
		case "dpop":
			out[i].Value = r.label("proof", f.Value)
		case "mcp-session-id":
			out[i].Value = r.label("session", f.Value)
		default:
			if kind := kindOf(f.Name); kind != "" {
				out[i].Value = r.label(kind, f.Value)
			} else {
				out[i].Value = r.scan(f.Value)
			}
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
	if !strings.EqualFold(scheme, "Basic") {
		return scheme + " " + r.label("at", rest)
	}
	bare := strings.TrimRight(rest, "=")
	b, err := base64.RawStdEncoding.DecodeString(bare)
	if err != nil {
		b, err = base64.RawURLEncoding.DecodeString(bare)
	}
	if _, password, ok := strings.Cut(string(b), ":"); err == nil && ok {
		r.encoded("secret", password, formDecoded(password)) // RFC 6749 section 2.3.1: some encode it, some do not
	}
	return scheme + " " + r.label("basic", rest)
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
		return []byte(r.asForm(string(b)))
	case message.JSONType:
		if v, err := message.ParseJSON(b); err == nil {
			return r.json(v, "").Append(nil)
		}
	}
	return []byte(r.text(string(b)))
}

// asForm redacts a form. What no form can hold as it is (a line break, a
// quote), with a secret's name anywhere, may hide a secret from both readings.
func (r *Redactor) asForm(s string) string {
	if !strings.ContainsAny(s, "\r\n\"{}") {
		return r.veiled(r.form(s))
	}
	low := strings.ToLower(decoded(s))
	for name := range secretNames {
		if strings.Contains(low, name) {
			return "(" + message.Decimal(int64(len(s))) + " bytes that are no form, and may hold a secret)"
		}
	}
	return r.veiled(r.form(s))
}

// json labels what stands under a secret's name, however deep, and looks into
// the texts under all others.
func (r *Redactor) json(v message.Value, kind string) message.Value {
	switch v.Kind() {
	case message.Array:
		all := make([]message.Value, len(v.Elems()))
		for i, e := range v.Elems() {
			all[i] = r.json(e, kind)
		}
		return message.Arr(all...)
	case message.Object:
		all := make([]message.Member, len(v.Members()))
		for i, m := range v.Members() {
			all[i] = message.M(m.Name, r.json(m.Value, cmp.Or(kindOf(m.Name), kind)))
		}
		return message.Obj(all...)
	case message.String:
		text, _ := v.Text()
		if kind != "" {
			return message.Str(r.label(kind, text))
		}
		return message.Str(r.Text(r.text(text)))
	case message.Number:
		if digits, _ := v.Number(); kind != "" && len(strings.TrimLeft(digits, "-")) >= shortest { // a code of JSON-RPC is shorter
			return message.Str(r.label(kind, digits))
		}
	}
	return v
}
