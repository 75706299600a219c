// Client credentials (RFC 6749 section 4.4), and a bearer token that is
// simply taken.
package flow

import (
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// ClientCreds logs in as the client itself. Its outcome is Login.
type ClientCreds struct{ loginer }

// NewClientCreds makes the flow.
func NewClientCreds(t Target, c Client, scope string) *ClientCreds {
	return &ClientCreds{loginer{seeker: seeker{Target: t}, Client: c, Scope: scope}}
}

// ClientCredsRows is the table of ClientCreds.
var ClientCredsRows = append(seeking(func(f *ClientCreds) *seeker { return &f.seeker }, (*ClientCreds).discovered, nil, Registering, Requesting),
	Row[ClientCreds]{Registering, OnResponse, []State{Requesting, Failed}, "RFC 7591 section 3.2", (*ClientCreds).registered},
	Row[ClientCreds]{Registering, OnTrouble, []State{Failed}, "", troubled[ClientCreds]},
	Row[ClientCreds]{Requesting, OnResponse, []State{Requesting, Finished, Failed}, "RFC 6749 section 5", (*ClientCreds).answered},
	Row[ClientCreds]{Requesting, OnTrouble, []State{Failed}, "", troubled[ClientCreds]},
)

// Step implements Flow.
func (f *ClientCreds) Step(now time.Time, ev Event) ([]Effect, error) {
	return step(f, &f.machine, ClientCredsRows, now, ev)
}

func (f *ClientCreds) discovered() []Effect {
	if effects := f.choose(ModeClientCreds); effects != nil {
		return effects
	}
	method := f.AuthMethod
	if method == "" {
		method = authMethod(true, f.Login.Server.Metadata.TokenEndpointAuthMethodsSupported)
	}
	return f.identify(oauth.ClientMetadata{TokenEndpointAuthMethod: method, GrantTypes: []string{oauth.GrantClientCredentials}}, f.request)
}

func (f *ClientCreds) registered(ev Event) []Effect {
	if effects := f.loginer.registered(ev, "", true); effects != nil {
		return effects
	}
	return f.request()
}

func (f *ClientCreds) request() []Effect {
	return f.askToken(Requesting, exchange.TokenRequest{GrantType: oauth.GrantClientCredentials, Scope: f.Login.RequestedScope})
}

func (f *ClientCreds) answered(ev Event) []Effect {
	return f.tokenAnswered(ev)
}

// Bearer takes a token as it is. Nothing is asked of anybody, so that it works
// while the server is down. Its outcome is Login.
type Bearer struct {
	machine
	ResourceURL string
	Token       string
	Login       Login
}

// BearerRows is the table of Bearer.
var BearerRows = []Row[Bearer]{
	{Idle, OnStart, []State{Finished, Failed}, "RFC 6750 section 2.1", (*Bearer).begin},
}

// Step implements Flow.
func (f *Bearer) Step(now time.Time, ev Event) ([]Effect, error) {
	return step(f, &f.machine, BearerRows, now, ev)
}

func (f *Bearer) begin(Event) []Effect {
	if why := reachable(f.ResourceURL, f.ResourceURL); why != "" {
		return f.fail(&Violation{Step: stepProbe, URL: f.ResourceURL, Want: "a resource URL with https, or http on loopback", Got: why, Cite: "RFC 6750 section 5.3"})
	}
	if !message.IsToken68(f.Token) {
		return f.fail(&Violation{Step: stepToken, URL: f.ResourceURL, Want: "a bearer token of letters, digits and - . _ ~ + /", Got: "other characters", Cite: "RFC 6750 section 2.1"})
	}
	f.Login = Login{ResourceURL: f.ResourceURL, At: f.now, Token: oauth.Token{AccessToken: f.Token, TokenType: "Bearer"}}
	return f.finish()
}
