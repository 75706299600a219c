// Renewing and revoking: one exchange with the server that issued the token
// (RFC 6749 section 6, RFC 7009).
package flow

import (
	"errors"
	"strings"
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/oauth"
)

// Renew gets a new access token: by the refresh token, or for a client
// credentials login by asking again. Its outcome is Token.
type Renew struct {
	machine
	Prover
	Issuer        string // of the server, for private_key_jwt
	Bound         bool   // the tokens are bound to DPoPKey
	ResourceURL   string
	ResourceID    string
	TokenEndpoint string
	Client        exchange.ClientAuth
	RefreshToken  string // empty: client credentials
	Scope         string // as granted; asked for again with client credentials
	Token         oauth.Token
	At            time.Time

	resent bool
}

// RenewRows is the table of Renew.
var RenewRows = []Row[Renew]{
	{Idle, OnStart, []State{Requesting, Failed}, "RFC 6749 section 6", (*Renew).begin},
	{Requesting, OnResponse, []State{Requesting, Finished, Failed}, "RFC 6749 section 5", (*Renew).answered},
	{Requesting, OnTrouble, []State{Failed}, "", troubled[Renew]},
}

// Step implements Flow.
func (f *Renew) Step(now time.Time, ev Event) ([]Effect, error) {
	return step(f, &f.machine, RenewRows, now, ev)
}

func (f *Renew) begin(Event) []Effect {
	if why := reachable(f.ResourceURL, f.TokenEndpoint); why != "" {
		return f.fail(&Violation{Step: stepToken, URL: f.TokenEndpoint, Want: "a token endpoint with https, or http on loopback", Got: why, Cite: "RFC 6749 section 3.2"})
	}
	return f.ask()
}

func (f *Renew) ask() []Effect {
	r := exchange.TokenRequest{GrantType: oauth.GrantRefreshToken, RefreshToken: f.RefreshToken, Resource: f.ResourceID, Client: f.assertion(f.Client, f.Issuer, f.now)}
	if f.RefreshToken == "" {
		r.GrantType, r.Scope = oauth.GrantClientCredentials, f.Scope
	}
	m := r.Message(f.TokenEndpoint)
	if f.Bound {
		m = f.prove(m, ofServer, "", f.now)
	}
	return f.send(Requesting, stepToken, m)
}

// answered keeps what the answer leaves out: the refresh token and the scope
// stay as they were (RFC 6749 section 6).
func (f *Renew) answered(ev Event) []Effect {
	r := ev.(Response).Response
	t, err := exchange.ReadTokenReply(r)
	var e *oauth.Error
	if fresh := f.heard(r.Header, ofServer); fresh && f.Bound && !f.resent && errors.As(err, &e) && e.Code == oauth.UseDPoPNonce {
		f.resent = true
		return f.ask()
	}
	if err != nil {
		return f.refused(err, "Run login again.")
	}
	if strings.EqualFold(t.TokenType, "DPoP") && !f.Bound {
		return f.violated("a token that needs no key", "one of type DPoP, though no key was shown", "RFC 9449 section 5", "log in again with --dpop")
	}
	if t.RefreshToken == "" {
		t.RefreshToken = f.RefreshToken
	}
	var notices []Effect
	if text := scopeNotice(f.Scope, t.Scope); text != "" {
		notices = append(notices, Notice{text})
	}
	if t.Scope == "" {
		t.Scope = f.Scope
	}
	f.Token, f.At = t, f.now
	return f.finish(notices...)
}

// Revoke tells the server that a token is not needed any more.
type Revoke struct {
	machine
	Prover
	Issuer      string // of the server, for private_key_jwt
	ResourceURL string
	Endpoint    string
	Client      exchange.ClientAuth
	Token       string
	Hint        string // access_token or refresh_token
}

// RevokeRows is the table of Revoke.
var RevokeRows = []Row[Revoke]{
	{Idle, OnStart, []State{Requesting, Failed}, "RFC 7009 section 2.1", (*Revoke).begin},
	{Requesting, OnResponse, []State{Finished, Failed}, "RFC 7009 section 2.2", (*Revoke).answered},
	{Requesting, OnTrouble, []State{Failed}, "", troubled[Revoke]},
}

// Step implements Flow.
func (f *Revoke) Step(now time.Time, ev Event) ([]Effect, error) {
	return step(f, &f.machine, RevokeRows, now, ev)
}

func (f *Revoke) begin(Event) []Effect {
	if why := reachable(f.ResourceURL, f.Endpoint); why != "" {
		return f.fail(&Violation{Step: stepRevoke, URL: f.Endpoint, Want: "a revocation endpoint with https, or http on loopback", Got: why, Cite: "RFC 7009 section 2"})
	}
	return f.send(Requesting, stepRevoke, exchange.TokenQuestion{Token: f.Token, Hint: f.Hint, Client: f.assertion(f.Client, f.Issuer, f.now)}.Message(f.Endpoint))
}

func (f *Revoke) answered(ev Event) []Effect {
	if err := exchange.ReadRevocationReply(ev.(Response).Response); err != nil {
		return f.refused(err, "the token may still be good until it expires")
	}
	return f.finish()
}
