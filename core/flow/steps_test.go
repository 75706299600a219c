// What each machine says and orders for every answer of the alphabet, once a
// state: golden files, to the byte. The walks hold what must be true
// everywhere, these what is said. Run with -update to write them again, and
// read the difference.
package flow

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/mcp"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/trace"
	"mcp-auth/web/golden"
)

// A stepper writes the file of one machine. What has been said already is said
// by its number.
type stepper[F any, P walked[F]] struct {
	strings.Builder
	rows     []Row[F]
	alphabet func(State, Kind) map[string]Event
	said     map[string]int
}

func newStepper[F any, P walked[F]](rows []Row[F], alphabet func(State, Kind) map[string]Event) *stepper[F, P] {
	return &stepper[F, P]{rows: rows, alphabet: alphabet, said: map[string]int{}}
}

// A standing is a machine that has come somewhere.
type standing[F any] struct {
	f          F
	now, until time.Time
	way        string
}

// steps tries everything in the first machine that comes to each state, and in
// the first that comes back to it.
func (w *stepper[F, P]) steps(name string, f F) {
	fmt.Fprintf(w, "== %s ==\n", name)
	been := map[State]int{P(&f).State(): 1}
	for queue := []standing[F]{{f: f, now: wStart, until: wStart}}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		from := P(&at.f).State()
		fmt.Fprintf(w, "in %s after%s\n", from, at.way)
		names := map[string][]string{} // of the events, by what came of them
		var texts []string
		for _, on := range [...]Kind{OnStart, OnResponse, OnCallback, OnTimer, OnTrouble} {
			if !slices.ContainsFunc(w.rows, func(r Row[F]) bool { return r.From == from && r.On == on }) {
				continue
			}
			events := w.alphabet(from, on)
			for _, named := range slices.Sorted(maps.Keys(events)) {
				next := at
				if on == OnTimer && named != "early" {
					next.now = at.until
				}
				text := w.step(&next, events[named])
				if names[text] == nil {
					texts = append(texts, text)
				}
				names[text] = append(names[text], named)
				to := P(&next.f).State()
				if to != Finished && to != Failed && (been[to] == 0 || to == from && been[to] == 1) {
					been[to]++
					next.way += " " + named + ","
					queue = append(queue, next)
				}
			}
		}
		for _, text := range texts {
			number, known := w.said[text]
			if !known {
				number = len(w.said) + 1
				w.said[text] = number
			}
			fmt.Fprintf(w, "  [%d] %s\n", number, strings.Join(names[text], ", "))
			if !known {
				w.WriteString(text)
			}
		}
	}
}

func (w *stepper[F, P]) step(s *standing[F], ev Event) string {
	p := P(&s.f)
	p.itself().log = trace.Log{}
	effects, err := p.Step(s.now, ev)
	for _, e := range effects {
		if e, ok := e.(Wait); ok {
			s.until = e.Until
		}
	}
	return came(p, effects, err, s.now)
}

// came is all that came of an event.
func came(f Flow, effects []Effect, err error, now time.Time) string {
	var b strings.Builder
	for _, ev := range f.Trace() {
		switch m := ev.Request; {
		case ev.Kind == trace.KindRequest && m != nil && ev.From == trace.Client:
			fmt.Fprintf(&b, "    %s>%s %s: %s %s\n", ev.From, ev.To, ev.Step, m.Method, m.URL)
			for _, f := range m.Header {
				if f.Name != "Accept" && f.Name != "Content-Type" {
					fmt.Fprintf(&b, "    %s: %s\n", f.Name, f.Value)
				}
			}
			if len(m.Body) > 0 {
				fmt.Fprintf(&b, "    %s\n", m.Body)
			}
		case ev.Kind == trace.KindState:
			fmt.Fprintf(&b, "    %s [%s]\n", ev.Note, ev.Cite)
		case ev.Kind == trace.KindResponse && ev.From == trace.Client:
			fmt.Fprintf(&b, "    %s>%s %s: %d, %d bytes\n", ev.From, ev.To, ev.Step, ev.Response.Status, len(ev.Response.Body))
		case ev.Kind == trace.KindRequest, ev.Kind == trace.KindResponse: // the event itself
			fmt.Fprintf(&b, "    %s>%s %s\n", ev.From, ev.To, ev.Step)
		default:
			fmt.Fprintf(&b, "    %s%s %s", ev.Step, ev.From, trace.Text(ev, true))
		}
		for _, p := range ev.Params {
			fmt.Fprintf(&b, "    made %s %s %s\n", p.Name, p.Value, p.Role)
		}
		if c := ev.Check; c != nil {
			fmt.Fprintf(&b, "    %s\n", c.Level)
		}
		if o := ev.Outcome; o != nil {
			fmt.Fprintf(&b, "    outcome %+v\n", *o)
		}
	}
	if err != nil {
		fmt.Fprintf(&b, "    error %v\n", err)
	}
	for _, e := range effects {
		b.WriteString("    " + ordered(e, now) + "\n")
	}
	if slices.ContainsFunc(effects, func(e Effect) bool { _, done := e.(Done); return done }) {
		b.WriteString(brought(f))
	}
	return b.String()
}

func ordered(e Effect, now time.Time) string {
	switch e := e.(type) {
	case Send:
		return "send " + e.Step
	case Wait:
		return "wait " + e.Until.Sub(now).String()
	case Show:
		return fmt.Sprintf("show %+v, until %s", e.Authorization, e.ExpiresAt.Sub(now))
	case Answer:
		return fmt.Sprintf("answer %d %s", e.Status, e.Note)
	case Fail:
		return "fail " + failure(e.Err)
	}
	return fmt.Sprintf("%T %+v", e, e)
}

func failure(err error) string {
	var (
		violation   *Violation
		refusal     *Refusal
		lapsed      *Lapsed
		interrupted *Interrupted
	)
	switch {
	case errors.As(err, &violation):
		return fmt.Sprintf("violation %+v", *violation)
	case errors.As(err, &refusal):
		return fmt.Sprintf("refusal %+v", *refusal)
	case errors.As(err, &lapsed):
		return fmt.Sprintf("lapsed %+v", *lapsed)
	case errors.As(err, &interrupted):
		return fmt.Sprintf("interrupted %+v", *interrupted)
	}
	return err.Error()
}

// brought is what a flow that went well leaves behind.
func brought(f Flow) string {
	login := func(l Login) string {
		return fmt.Sprintf("    login %s %s at %s, fallback %t, by %s %q, token %+v of %d, scope %q, redirect %q\n", l.ResourceURL, l.ResourceID, l.Server.Issuer, l.Server.Fallback, l.AuthMethod, l.Client.ClientID, l.Token, l.At.Unix(), l.RequestedScope, l.RedirectURI)
	}
	switch f := f.(type) {
	case *Discover:
		d := f.Found
		text := fmt.Sprintf("    found %s at %s, modes %v, scopes %v, challenge %q, open %t, dpop %t, warnings %q\n", d.ResourceID, d.MetadataURL, d.Modes, d.Scopes, d.ChallengeScope, d.Open, d.DPoP, d.Warnings)
		for _, s := range d.Servers {
			text += fmt.Sprintf("    server %s at %s, fallback %t, %s\n", s.Issuer, s.MetadataURL, s.Fallback, s.Metadata.TokenEndpoint)
		}
		return text
	case *AuthCode:
		return login(f.Login)
	case *Device:
		return login(f.Login)
	case *ClientCreds:
		return login(f.Login)
	case *Workload:
		return login(f.Login)
	case *Enterprise:
		return login(f.Login)
	case *Bearer:
		return login(f.Login)
	case *Renew:
		return fmt.Sprintf("    token %+v of %d\n", f.Token, f.At.Unix())
	case *Call:
		return fmt.Sprintf("    reply %s, spoken %q, learned %q\n", f.Reply.Append(nil), f.Spoken, f.Learned())
	}
	return ""
}

func (w *stepper[F, P]) compare(t *testing.T, name string) {
	t.Helper()
	golden.Hold(t, "steps/"+name+".txt", w.String())
}

// with is an alphabet with more answers.
func with(alphabet func(State, Kind) map[string]Event, more map[string]Response) func(State, Kind) map[string]Event {
	return func(s State, on Kind) map[string]Event {
		if on != OnResponse {
			return alphabet(s, on)
		}
		all := merge(more)
		maps.Copy(all, alphabet(s, on))
		return all
	}
}

func hello(session string) Response {
	return jsonAnswer(200, `{"jsonrpc":"2.0","id":"mcp-auth-initialize","result":{"protocolVersion":"2025-06-18"}}`, message.Field{Name: "Mcp-Session-Id", Value: session})
}

func TestStepsOfDiscover(t *testing.T) {
	w := newStepper(DiscoverRows, everything)
	for i, at := range targets() {
		w.steps(fmt.Sprint("target ", i+1), *NewDiscover(at))
		w.alphabet = afterDiscovery // of the others, one of each outcome
	}
	w.steps("challenged before", *NewDiscover(Target{ResourceURL: wURL, Challenged: true, Challenge: exchange.BearerChallenge{Scope: "a"}}))
	w.compare(t, "discover")
}

func TestStepsOfAuthCode(t *testing.T) {
	w := newStepper(AuthCodeRows, with(afterDiscovery, map[string]Response{
		"invalid_target":      jsonAnswer(400, `{"error":"invalid_target"}`),
		"invalid_scope":       jsonAnswer(400, `{"error":"invalid_scope"}`),
		"unauthorized_client": jsonAnswer(400, `{"error":"unauthorized_client"}`),
		"token for less":      jsonAnswer(200, `{"access_token":"good-token","token_type":"Bearer","scope":"mcp:read"}`),
		"token for other":     jsonAnswer(200, `{"access_token":"good-token","token_type":"Bearer","scope":"mcp:other"}`),
	}))
	w.steps("to be registered", wAuthCode(Target{ResourceURL: wURL}, Client{Register: true}))
	w.steps("of another issuer", wAuthCode(Target{ResourceURL: wURL}, Client{ID: "other-client", Issuer: "https://other.example"}))
	for _, metadata := range append(metadatas[:], "metadata push") {
		f := wAuthCode(Target{ResourceURL: wURL}, Client{ID: "given", Secret: "s3cret-s3cret"})
		f.Found, f.Scope, f.Patience, f.Prover = found(t, metadata), "mcp:read", time.Second, wProver(metadata != "metadata")
		w.steps("after "+metadata, f)
	}
	two := wAuthCode(Target{ResourceURL: wURL}, Client{ID: "given"})
	two.Found, two.Scope = found(t, "metadata"), "mcp:read mcp:write"
	w.steps("for two scopes", two)
	f := wAuthCode(Target{ResourceURL: wURL}, Client{Document: "https://c.example/c.json", Register: true, Name: "named"})
	f.Found = found(t, "metadata")
	w.steps("with a document", f)
	w.steps("unknown", wAuthCode(Target{ResourceURL: wURL}, Client{}))
	w.compare(t, "authcode")
}

func TestStepsOfDevice(t *testing.T) {
	w := newStepper(DeviceRows, with(afterDiscovery, map[string]Response{
		"device for ever": jsonAnswer(200, `{"device_code":"d","user_code":"u","verification_uri":"https://as.example/v","expires_in":999999999}`),
		"device short":    jsonAnswer(200, `{"device_code":"d","user_code":"u","verification_uri":"https://as.example/v","expires_in":3}`),
	}))
	for _, c := range []Client{{Register: true}, {ID: "given", Secret: "s3cret-s3cret"}, {}} {
		for _, metadata := range [...]string{"metadata", "metadata secret only", "metadata no grants", ""} {
			f := NewDevice(Target{ResourceURL: wURL}, c, "mcp:read")
			f.Found, f.Prover = found(t, metadata), wProver(metadata == "metadata secret only")
			w.steps(fmt.Sprintf("%+v after %s", c, metadata), *f)
		}
	}
	w.compare(t, "device")
}

func TestStepsOfClientCreds(t *testing.T) {
	w := newStepper(ClientCredsRows, afterDiscovery)
	for _, c := range []Client{{Register: true}, {ID: "given", Secret: "s3cret-s3cret"}, {ID: "given"}, {}} {
		for _, metadata := range [...]string{"metadata", "metadata secret only", "metadata no grants", ""} {
			f := NewClientCreds(Target{ResourceURL: wURL}, c, "mcp:write")
			f.Found, f.Prover = found(t, metadata), wProver(metadata == "metadata secret only")
			if c.ID != "" && c.Secret == "" {
				f.Prover = Prover{}
			}
			w.steps(fmt.Sprintf("%+v after %s", c, metadata), *f)
		}
	}
	w.compare(t, "clientcreds")
}

func TestStepsOfCall(t *testing.T) {
	w := newStepper(CallRows, with(calling, map[string]Response{
		"hello session":         hello("!s~"),
		"hello session longest": hello(strings.Repeat("s", 1024)),
		"hello session longer":  hello(strings.Repeat("s", 1025)),
		"hello session space":   hello("a b"),
		"hello session delete":  hello("a\x7f"),
		"401 bare":              challenge(401, "Bearer"),
		"401 silent":            jsonAnswer(401, "{}"),
		"403 bare":              challenge(403, "Bearer"),
		"403 other":             challenge(403, `Bearer error="invalid_request"`),
		"299":                   jsonAnswer(299, `{"jsonrpc":"2.0","id":"c","result":{}}`),
		"300":                   jsonAnswer(300, `{"jsonrpc":"2.0","id":"c","result":{}}`),
		"stream cut, stateless": {message.Response{Status: 201, Header: message.Header{{Name: "Content-Type", Value: "text/event-stream"}}, Body: []byte("id: e1\ndata: \n\n")}},
	}))
	arguments := message.Obj(message.M("name", message.Str("t")), message.M("arguments", message.Obj(message.M("a", message.Str("ü")))))
	for _, protocol := range []string{"", mcp.Stateless, "2025-06-18", "1"} {
		for _, last := range []string{"", mcp.Stateless, "2025-06-18"} {
			bound := protocol == mcp.Stateless
			f := Call{ResourceURL: wURL, Token: "the-token", Method: "tools/call", Params: arguments, ID: message.Str("c"), Protocol: protocol, Last: last, Bound: bound, Prover: wProver(bound)}
			w.steps(fmt.Sprintf("protocol %q, last %q", protocol, last), f)
		}
	}
	for _, method := range []string{"tools/list", "initialize", "ping", "server/discover"} {
		w.steps(method, Call{ResourceURL: wURL, Token: "the-token", Method: method, ID: message.Str("c")})
	}
	w.steps("nowhere", Call{ResourceURL: "http://10.0.0.1/", Method: "ping", ID: message.Str("c")})
	w.steps("with no token", Call{ResourceURL: wURL, Token: "not a token", Method: "ping", ID: message.Str("c")})
	w.compare(t, "call")
}

func TestStepsOfTheShortFlows(t *testing.T) {
	r := newStepper(RenewRows, renewing)
	auth := exchange.ClientAuth{Method: oauth.AuthPost, ClientID: "c", ClientSecret: "s3cret-s3cret"}
	for _, bound := range []bool{false, true} {
		r.steps(fmt.Sprint("bound ", bound), Renew{ResourceURL: wURL, ResourceID: wURL, TokenEndpoint: wIssuer + "/token", Client: auth, RefreshToken: "the-refresh-token", Scope: "mcp:read", Bound: bound, Prover: wProver(bound)})
	}
	r.steps("without a token", Renew{ResourceURL: wURL, TokenEndpoint: wIssuer + "/token"})
	r.steps("nowhere", Renew{ResourceURL: wURL, TokenEndpoint: "http://127.0.0.1/token", RefreshToken: "the-refresh-token"})
	r.compare(t, "renew")

	v := newStepper(RevokeRows, everything)
	v.steps("with a key", Revoke{ResourceURL: wURL, Endpoint: wIssuer + "/revoke", Token: "the-token", Client: exchange.ClientAuth{Method: oauth.AuthKey, ClientID: "c"}, Issuer: wIssuer, Prover: wProver(false)})
	v.steps("nowhere", Revoke{ResourceURL: wURL, Endpoint: "http://127.0.0.1/revoke", Token: "the-token"})
	v.compare(t, "revoke")

	b := newStepper(BearerRows, everything)
	for _, f := range []Bearer{{ResourceURL: wURL, Token: "good-token"}, {ResourceURL: wURL, Token: "a b"}, {ResourceURL: "ftp://x", Token: "good-token"}} {
		b.steps(f.ResourceURL+" "+f.Token, f)
	}
	b.compare(t, "bearer")

	k := newStepper(WorkloadRows, afterDiscovery)
	for _, dpop := range []bool{false, true} {
		f := NewWorkload(Target{ResourceURL: wURL}, Client{ID: map[bool]string{true: "given"}[dpop]}, "mcp:read", "the-assertion")
		f.Found, f.Prover = found(t, "metadata"), wProver(dpop)
		k.steps(fmt.Sprint("dpop ", dpop), *f)
	}
	k.compare(t, "workload")

	provider := IdentityProvider{TokenEndpoint: wIssuer + "/idp/token", ClientID: "us", ClientSecret: "s3cret-s3cret", IDToken: "the-id-token"}
	steered := provider
	steered.TokenEndpoint = "http://127.0.0.1/token"
	e := newStepper(EnterpriseRows, func(s State, on Kind) map[string]Event {
		if s != Federating || on != OnResponse {
			return afterDiscovery(s, on)
		}
		return merge(grants, tokens, odd)
	})
	for i, p := range []IdentityProvider{provider, steered} {
		for _, c := range []Client{{ID: "given", Secret: "s3cret-s3cret"}, {}} {
			f := NewEnterprise(Target{ResourceURL: wURL}, c, "mcp:read", p)
			f.Found, f.Prover = found(t, "metadata"), wProver(i == 0)
			e.steps(fmt.Sprintf("provider %d, %+v", i+1, c), *f)
		}
	}
	e.compare(t, "enterprise")
}
