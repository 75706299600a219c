// Package explain says what a trace means: its rows, parameters, checks,
// findings, value tracks, what each party holds, and the verdict. It is a
// function of the events; every face that explains asks it.
package explain

import (
	"strings"

	"mcp-auth/core/message"
	"mcp-auth/core/trace"
)

// A Row is one line of the picture: a message, or what one party made.
type Row struct {
	N        int // from 1
	Event    int // index in the events
	Kind     trace.Kind
	Step     string
	Phase    string
	From, To trace.Party
	Pieces   []string // the label; each piece stands in the recorded message
	Pending  bool     // a request whose answer did not come yet
	Mark     Mark

	Checks []int // indexes of the events that were decided on this message
	Notes  []int // indexes of what was noted about it
}

// A Mark is how a row fared.
type Mark string

const (
	Fine  Mark = ""
	Odd   Mark = "note" // tolerated, and worth knowing
	Wrong Mark = "bad"
	Due   Mark = "due" // refused, as it had to be
)

// Rows draws the events. Checks and notes belong to the message before them.
func Rows(events []trace.Event) []Row {
	var all []Row
	for i, ev := range events {
		switch {
		case isMessage(ev) || ev.Kind == trace.KindTrouble || ev.Kind == trace.KindInternal && len(ev.Params) > 0:
			if ev.Kind == trace.KindResponse || ev.Kind == trace.KindTrouble {
				answer(all, ev)
			}
			all = append(all, row(len(all)+1, i, ev))
		case len(all) == 0: // nothing that it could belong to
		case ev.Kind == trace.KindCheck || ev.Kind == trace.KindTried:
			last := &all[len(all)-1]
			last.Checks = append(last.Checks, i)
		case ev.Kind == trace.KindInternal:
			last := &all[len(all)-1]
			last.Notes = append(last.Notes, i)
		}
	}
	polled(all)
	for i := range all { // a document is fetched for the sake of what was asked
		if all[i].Step == "document" && i > 0 {
			all[i].Phase = all[i-1].Phase
		}
	}
	for _, f := range findings(events, all) {
		if m := &all[f.Row-1].Mark; *m != Wrong {
			*m = f.Mark
		}
	}
	return all
}

// polled moves a device's polls to where they belong: until the user has
// answered they are part of the authorization.
func polled(all []Row) {
	last := -1
	for i, r := range all {
		if r.Step == "verify" {
			last = i
		}
	}
	for i := range max(last, 0) {
		if all[i].Step == "token" {
			all[i].Phase = Authorization
		}
	}
}

func isMessage(ev trace.Event) bool {
	return ev.Response != nil && ev.Kind == trace.KindResponse || ev.Request != nil && (ev.Kind == trace.KindRequest || ev.Kind == trace.KindNavigate)
}

// answer settles the request that an answer belongs to.
func answer(all []Row, ev trace.Event) {
	for i := len(all) - 1; i >= 0; i-- {
		if r := &all[i]; r.Pending && r.Step == ev.Step {
			r.Pending = false
			return
		}
	}
}

func row(n, at int, ev trace.Event) Row {
	r := Row{N: n, Event: at, Kind: ev.Kind, Step: ev.Step, Phase: phase(ev), From: ev.From, To: ev.To, Pending: ev.Kind == trace.KindRequest}
	switch ev.Kind {
	case trace.KindNavigate: // the client opens the browser there
		r.From, r.To = trace.Client, trace.UserAgent
		r.Pieces = requestPieces(*ev.Request)
	case trace.KindRequest:
		r.Pieces = requestPieces(*ev.Request)
	case trace.KindResponse:
		r.Pieces = responsePieces(*ev.Response)
	case trace.KindTrouble:
		r.From, r.To, r.Mark = trace.Client, trace.Client, Wrong
		r.Pieces = []string{ev.Note}
	default:
		r.To = ev.From
		for _, p := range ev.Params {
			r.Pieces = append(r.Pieces, p.Name)
		}
	}
	return r
}

// Phases of a login, in order.
const (
	Challenge     = "challenge"
	Discovery     = "discovery"
	Identity      = "client"
	Authorization = "authorization"
	Token         = "token"
	Use           = "use"
)

var phases = map[string]string{"probe": Challenge, "discover.resource": Discovery, "discover.server": Discovery, "register": Identity,
	"authorize": Authorization, "consent": Authorization, "callback": Authorization, "document": Authorization, "device": Authorization, "verify": Authorization,
	"token": Token, "revoke": Token, "introspect": Token, "mcp": Use}

// places are phases by the path, for what a server recorded.
var places = [...][2]string{{"/.well-known/", Discovery}, {"/oauth/register", Identity}, {"/oauth/authorize", Authorization},
	{"/oauth/device", Authorization}, {"/oauth/", Token}, {"/mcp/", Use}}

func phase(ev trace.Event) string {
	if p := phases[ev.Step]; p != "" {
		return p
	}
	for _, p := range places {
		if strings.HasPrefix(strings.TrimPrefix(ev.Step, "serve "), p[0]) {
			return p[1]
		}
	}
	if ev.Kind == trace.KindInternal {
		return Authorization
	}
	return Use
}

// requestPieces are method and path, and the one value that tells requests to
// the same place apart.
func requestPieces(m message.Request) []string {
	all := []string{m.Method, m.Path()}
	if all[1] == "" {
		all[1] = m.URL
	}
	switch message.MediaType(m.Header.Get("Content-Type")) {
	case message.FormType:
		f, _ := message.ParseForm(string(m.Body))
		for _, name := range [...]string{"grant_type", "decision", "user_code"} {
			if v, err := f.One(name); err == nil && v != "" {
				return append(all, v[strings.LastIndexByte(v, ':')+1:])
			}
		}
	case message.JSONType:
		v, _ := message.ParseJSON(m.Body)
		if method, ok := v.Get("method").Text(); ok {
			all = append(all, method)
			if tool, ok := v.Get("params").Get("name").Text(); ok {
				all = append(all, tool)
			}
		}
	}
	if q := queryNames(trace.Query(m.URL)); len(q) > 0 {
		all = append(all, q...)
	}
	return all
}

// queryNames are the parameters a redirect is about.
func queryNames(query string) (all []string) {
	f, _ := message.ParseForm(query)
	for _, name := range [...]string{"code_challenge", "code", "state", "iss", "error"} {
		if len(f.All(name)) > 0 {
			all = append(all, name)
		}
	}
	return all
}

// responsePieces are the status, and what the answer decides.
func responsePieces(r message.Response) []string {
	all := []string{message.Decimal(int64(r.Status))}
	if to := r.Header.Get("Location"); to != "" {
		m := message.Request{URL: to}
		return append(append(all, m.Origin()+m.Path()), queryNames(trace.Query(to))...)
	}
	if c := r.Header.Get("WWW-Authenticate"); c != "" {
		scheme, _, _ := strings.Cut(c, " ")
		all = append(all, "WWW-Authenticate: "+scheme)
	}
	switch message.MediaType(r.Header.Get("Content-Type")) {
	case message.JSONType:
		v, _ := message.ParseJSON(r.Body)
		return append(all, jsonPieces(v)...)
	case "text/html":
		return append(all, title(string(r.Body)))
	}
	return all
}

func jsonPieces(v message.Value) (all []string) {
	for _, name := range [...]string{"error", "issuer", "resource"} {
		if text, ok := v.Get(name).Text(); ok {
			return []string{text}
		}
	}
	if text, ok := v.Get("error").Get("message").Text(); ok { // JSON-RPC
		return []string{text}
	}
	for _, name := range [...]string{"access_token", "refresh_token", "client_id", "client_secret", "device_code", "user_code"} {
		if v.Get(name).Kind() == message.String {
			all = append(all, name)
		}
	}
	result := v.Get("result")
	for _, name := range [...]string{"protocolVersion", "tools", "content"} {
		if result.Get(name).Kind() != message.Missing {
			all = append(all, name)
		}
	}
	return all
}

// entities are those that a server escapes with.
var entities = strings.NewReplacer("&#39;", "'", "&#34;", `"`, "&quot;", `"`, "&lt;", "<", "&gt;", ">", "&amp;", "&")

// title is what a page calls itself.
func title(page string) string {
	_, rest, ok := strings.Cut(page, "<title>")
	text, _, closed := strings.Cut(rest, "</title>")
	if !ok || !closed {
		return "text/html"
	}
	text, _, _ = strings.Cut(text, " · ")
	return entities.Replace(text)
}
