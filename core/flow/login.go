// What all login flows share after discovery: the server, the client, the
// token answer.
package flow

import (
	"errors"
	"slices"

	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// loginer is the part of a flow that gets a token.
type loginer struct {
	seeker
	Client
	Scope string // to ask for; empty: what the resource says
	Login Login  // the outcome, once Finished
}

// Discover is discovery alone. Its outcome is Found.
type Discover struct{ seeker }

// NewDiscover looks a resource up.
func NewDiscover(t Target) *Discover { return &Discover{seeker{Target: t}} }

// DiscoverRows is the table of Discover.
var DiscoverRows = seeking(func(f *Discover) *seeker { return &f.seeker },
	func(f *Discover) []Effect { return f.finish() }, []State{Finished}, Finished)

// choose picks the server for a mode; effects end the flow.
func (l *loginer) choose(mode string) []Effect {
	s, ok := l.Found.server(mode)
	if !ok || !offers(s.Metadata, mode) {
		return l.fail(&Violation{Step: stepServer, URL: l.ResourceURL, Want: "an authorization server that offers " + mode,
			Got: "none; this resource offers " + join(l.Found.Modes), Cite: "RFC 8414 section 2", Hint: "choose another --auth-mode"})
	}
	l.Login = Login{ResourceURL: l.ResourceURL, ResourceID: l.Found.ResourceID, Server: s, RequestedScope: l.Found.scope(l.Scope)}
	return nil
}

func join(all []string) string {
	text := ""
	for i, s := range all {
		if i > 0 {
			text += ", "
		}
		text += s
	}
	return text
}

// errNoClient is what a flow without a client ends with.
var errNoClient = &Violation{Step: stepRegister, Want: "a client_id", Got: "none, and no registration was asked for",
	Cite: "RFC 6749 section 2.2", Hint: "give --client-id, or --register where the server offers it"}

// identify goes on with the client at hand, or registers one.
func (l *loginer) identify(m oauth.ClientMetadata, ready func() []Effect) []Effect {
	if l.ID != "" {
		l.Login.Client = oauth.Registration{ClientID: l.ID, ClientSecret: l.Secret}
		return ready()
	}
	if !l.Register {
		return l.fail(errNoClient)
	}
	endpoint := l.Login.Server.Metadata.RegistrationEndpoint
	if endpoint == "" {
		return l.fail(&Violation{Step: stepRegister, URL: l.Login.Server.Issuer, Want: "a registration_endpoint",
			Got: "none: This authorization server does not advertise dynamic registration.", Cite: "RFC 8414 section 2",
			Hint: "give --client-id of a client that is registered there"})
	}
	m.ClientName, m.ApplicationType, m.Scope = l.Name, "native", l.Scope
	if m.ClientName == "" {
		m.ClientName = "mcp-auth"
	}
	return l.send(Registering, stepRegister, exchange.RegistrationRequest(endpoint, m))
}

// registered reads the registration and holds it against what was asked.
func (l *loginer) registered(ev Event, redirect string, secret bool) []Effect {
	r, err := exchange.ReadRegistrationReply(ev.(Response).Response)
	if err != nil {
		return l.refused(err, "give --client-id of a client that is registered there")
	}
	if redirect != "" && len(r.RedirectURIs) > 0 && !slices.ContainsFunc(r.RedirectURIs, func(u string) bool { return oauth.RedirectMatches(u, redirect) }) {
		return l.violated("the redirect URI we registered", "others", "RFC 7591 section 3.2.1", "the server changed the registration; its answer would go elsewhere")
	}
	if secret && r.ClientSecret == "" {
		return l.violated("client credentials", "a client without a secret", "RFC 7591 section 3.2.1", "the server registered a public client, which has no client credentials")
	}
	l.Login.Client = r
	l.ID, l.Secret = r.ClientID, r.ClientSecret
	if l.AuthMethod == "" {
		l.AuthMethod = r.TokenEndpointAuthMethod
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
	a := clientAuth(l.Client, l.Login.Server.Metadata)
	l.Login.AuthMethod = a.Method
	return a
}

// askToken sends a token request.
func (l *loginer) askToken(to State, r exchange.TokenRequest) []Effect {
	r.Resource, r.Client = l.resourceToSend(), l.auth()
	return l.send(to, stepToken, r.Message(l.Login.Server.Metadata.TokenEndpoint))
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
	l.Login.Token, l.Login.At = t, l.now
	var notices []Effect
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
		return "check --client-id and --client-secret, or register again with --register"
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
