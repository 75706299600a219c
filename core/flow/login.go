// What all login flows share after discovery: the server, the client, the
// token answer.
package flow

import (
	"errors"
	"slices"
	"strings"
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// loginer is the part of a flow that gets a token.
type loginer struct {
	seeker
	Client
	Prover
	Scope string // to ask for; empty: what the resource says
	Login Login  // the outcome, once Finished

	asked  exchange.TokenRequest // the last one, to be sent again with a nonce
	resent bool
}

// Discover is discovery alone. Its outcome is Found.
type Discover struct{ seeker }

// NewDiscover looks a resource up.
func NewDiscover(t Target) *Discover { return &Discover{seeker{Target: t}} }

// Step implements Flow.
func (f *Discover) Step(now time.Time, ev Event) ([]Effect, error) {
	return step(f, &f.machine, DiscoverRows, now, ev)
}

// DiscoverRows is the table of Discover.
var DiscoverRows = seeking(func(f *Discover) *seeker { return &f.seeker },
	func(f *Discover) []Effect { return f.finish() }, []State{Finished}, Finished)

// choose picks the server for a mode; effects end the flow. A client that was
// registered elsewhere is never named to another server.
func (l *loginer) choose(mode string) []Effect {
	issuer := ""
	if l.ID != "" {
		issuer = l.Issuer
	}
	s, ok := l.Found.server(mode, issuer)
	if _, elsewhere := l.Found.server(mode, ""); !ok && elsewhere {
		return l.fail(&Violation{Step: stepServer, URL: l.ResourceURL, Want: "authorization server " + issuer + ", where the client is registered",
			Got: "others", Cite: "MCP authorization, client credentials of another issuer", Hint: "the resource has changed its server: register there with --register"})
	}
	if !ok && l.lost.URL != "" {
		return l.fail(l.lost.fault())
	}
	if !ok {
		return l.fail(&Violation{Chosen: true, Step: stepServer, URL: l.ResourceURL, Want: "an authorization server that offers " + mode,
			Got: "none; this resource offers " + strings.Join(l.Found.Modes, ", "), Cite: "RFC 8414 section 2", Hint: "choose another --auth-mode"})
	}
	if !offers(s.Metadata, mode) {
		l.note(s.Issuer+" lists no grant_types_supported, which stands for authorization_code alone; "+mode+" is tried, since it was chosen", "RFC 8414 section 2")
	}
	l.Login = Login{ResourceURL: l.ResourceURL, ResourceID: l.Found.ResourceID, Server: s, RequestedScope: l.Found.scope(l.Scope)}
	if l.Scope == "" && mode != ModeClientCreds {
		l.Login.RequestedScope = offline(l.Login.RequestedScope, s.Metadata.ScopesSupported)
	}
	return nil
}

// refused ends the flow after an answer that was no success.
func (m *machine) refused(err error, hint string) []Effect {
	var shape *exchange.ShapeError
	if errors.As(err, &shape) {
		return m.violated(shape.Want, shape.Got, shape.Cite, hint)
	}
	r := &Refusal{Step: m.sent.Step, URL: m.sent.Request.URL, Err: err, Hint: hint}
	var e *oauth.Error
	if errors.As(err, &e) {
		r.Status = e.Status
	}
	return m.fail(r)
}

// auth is how the client proves itself at the token endpoint.
func (l *loginer) auth() exchange.ClientAuth {
	a := clientAuth(l.Client, l.Login.Server.Metadata, !l.ClientKey.IsZero())
	l.Login.AuthMethod = a.Method
	return l.assertion(a, l.Login.Server.Issuer, l.now)
}

// askToken sends a token request.
func (l *loginer) askToken(to State, r exchange.TokenRequest) []Effect {
	l.asked = r
	r.Resource, r.Client = l.resourceToSend(), l.auth()
	m := r.Message(l.Login.Server.Metadata.TokenEndpoint)
	if l.binds() {
		m = l.prove(m, ofServer, "", l.now)
	}
	return l.send(to, stepToken, m)
}

// binds reports whether tokens are to be bound: that is asked for, or the
// resource takes no others.
func (l *loginer) binds() bool {
	return !l.DPoPKey.IsZero() && (l.DPoP || l.Found.DPoP)
}

// tokenAnswered reads the answer to a token request: a token, a no, or the
// wish for a nonce, which is granted once.
func (l *loginer) tokenAnswered(ev Event) []Effect {
	r := ev.(Response).Response
	t, err := exchange.ReadTokenReply(r)
	if err == nil {
		l.heard(r.Header, ofServer)
		return l.gotToken(t)
	}
	if l.wantsNonce(r, err) {
		return l.askToken(l.state, l.asked)
	}
	return l.rejected(err)
}

// wantsNonce reports whether the request is to be sent again with the nonce
// of the answer (RFC 9449 section 8).
func (l *loginer) wantsNonce(r message.Response, err error) bool {
	var e *oauth.Error
	fresh := l.heard(r.Header, ofServer)
	if l.resent || !l.binds() || !errors.As(err, &e) || e.Code != oauth.UseDPoPNonce || !fresh {
		return false
	}
	l.resent = true
	l.note("the server wants its nonce in the proof; sending the request again", "RFC 9449 section 8")
	return true
}

// resourceToSend is empty only towards servers of MCP 2025-03-26, which know
// no resource parameter.
func (l *loginer) resourceToSend() string {
	if l.Login.Server.Fallback {
		return ""
	}
	return l.Found.ResourceID
}

// gotToken ends the flow with a token.
func (l *loginer) gotToken(t oauth.Token) []Effect {
	bound := strings.EqualFold(t.TokenType, "DPoP")
	if bound && !l.binds() {
		return l.violated("a token that needs no key", "one of type DPoP, though no key was shown", "RFC 9449 section 5", "log in with --dpop")
	}
	l.Login.Token, l.Login.At = t, l.now
	var notices []Effect
	if l.binds() && !bound {
		notices = append(notices, Notice{"the server did not bind the token to the key: it is a bearer token"})
	}
	if text := scopeNotice(l.Login.RequestedScope, t.Scope); text != "" {
		notices = append(notices, Notice{text})
	}
	if t.Scope == "" { // RFC 6749 section 5.1: as requested
		l.Login.Token.Scope = l.Login.RequestedScope
	}
	return l.finish(notices...)
}

func scopeNotice(asked, granted string) string {
	a, _ := oauth.ParseScope(asked)
	g, _ := oauth.ParseScope(granted)
	if asked == "" || granted == "" {
		return ""
	}
	subset := func(x, y oauth.Scope) bool {
		return !slices.ContainsFunc(x, func(v string) bool { return !y.Has(v) })
	}
	switch {
	case subset(a, g) && subset(g, a):
		return ""
	case subset(g, a):
		return "the server granted less than was asked: " + message.PrintableLine(granted)
	}
	return "the server granted another scope than was asked: " + message.PrintableLine(granted)
}

// rejected ends the flow after the token endpoint said no.
func (l *loginer) rejected(err error) []Effect {
	return l.refused(err, tokenHint(err))
}

func tokenHint(err error) string {
	var e *oauth.Error
	if !errors.As(err, &e) {
		return ""
	}
	switch e.Code {
	case oauth.InvalidClient:
		return "check --client-id and --client-secret, and --client-auth where the server wants another way; or register again with --register"
	case oauth.InvalidScope:
		return "ask for less with --scope, or for a client that may have it"
	case oauth.InvalidTarget:
		return "the resource must be sent exactly as its metadata publishes it"
	case oauth.InvalidGrant:
		return "log in again"
	case oauth.UnauthorizedClient:
		return "the client is not registered for this grant: choose another --auth-mode or --client-id"
	}
	return ""
}
