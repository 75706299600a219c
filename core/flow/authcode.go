// The authorization code flow with PKCE (RFC 6749 section 4.1, RFC 7636,
// RFC 8252, RFC 8707, RFC 9207).
package flow

import (
	"errors"
	"slices"
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/oauth"
	"mcp-auth/core/trace"
)

// AuthCode logs in through the user's browser. Its outcome is Login.
type AuthCode struct {
	loginer
	RedirectURI string        // of the listener, which is bound before the flow starts
	StateValue  string        // from a good source of randomness, at least 128 bits
	Verifier    string        // RFC 7636 section 4.1
	Patience    time.Duration // for the callback; 0: five minutes

	deadline time.Time
	stray    string // the state of the first answer that was not for this login
}

// NewAuthCode makes the flow.
func NewAuthCode(t Target, c Client, scope string) *AuthCode {
	return &AuthCode{loginer: loginer{seeker: seeker{Target: t}, Client: c, Scope: scope}}
}

// AuthCodeRows is the table of AuthCode.
var AuthCodeRows = append(seeking(func(f *AuthCode) *seeker { return &f.seeker }, (*AuthCode).discovered, nil, Registering, Pushing, AwaitingCallback),
	Row[AuthCode]{Registering, OnResponse, []State{Pushing, AwaitingCallback, Failed}, "RFC 7591 section 3.2", (*AuthCode).registered},
	Row[AuthCode]{Registering, OnTrouble, []State{Failed}, "", troubled[AuthCode]},
	Row[AuthCode]{Pushing, OnResponse, []State{AwaitingCallback, Failed}, "RFC 9126 section 2.2", (*AuthCode).pushed},
	Row[AuthCode]{Pushing, OnTrouble, []State{Failed}, "", troubled[AuthCode]},
	Row[AuthCode]{AwaitingCallback, OnCallback, []State{AwaitingCallback, Exchanging, Failed}, "RFC 6749 section 4.1.2", (*AuthCode).calledBack},
	Row[AuthCode]{AwaitingCallback, OnTimer, []State{AwaitingCallback, Failed}, "", (*AuthCode).waited},
	Row[AuthCode]{Exchanging, OnResponse, []State{Exchanging, Finished, Failed}, "RFC 6749 section 5", (*AuthCode).answered},
	Row[AuthCode]{Exchanging, OnTrouble, []State{Failed}, "", troubled[AuthCode]},
)

// Step implements Flow. A flow that was not given what protects it is not
// begun.
func (f *AuthCode) Step(now time.Time, ev Event) ([]Effect, error) {
	if err := f.prepared(); err != nil {
		return nil, err
	}
	return step(f, &f.machine, AuthCodeRows, now, ev)
}

// prepared refuses to protect a login with a guess.
func (f *AuthCode) prepared() error {
	if err := oauth.CheckVerifier(f.Verifier); err != nil {
		return err
	}
	if len(f.StateValue) < shortestState {
		return errors.New("the flow needs a state of at least 16 random characters (RFC 6749 section 10.12)")
	}
	return oauth.RegistrableRedirect(f.RedirectURI)
}

// shortestState is the length below which a state cannot be random enough.
const shortestState = 16

// troubled ends any flow for which no answer is the end.
func troubled[F any, P interface {
	*F
	interrupted(Event) []Effect
}](f *F, ev Event) []Effect {
	return P(f).interrupted(ev)
}

func (f *AuthCode) discovered() []Effect {
	if effects := f.choose(ModeAuthCode); effects != nil {
		return effects
	}
	methods := f.Login.Server.Metadata.CodeChallengeMethodsSupported
	if f.Login.Server.Fallback {
		f.note("nothing announces S256; it is used all the same, since MCP 2025-03-26 asks every server for it", "MCP 2025-03-26, authorization")
	} else if !f.check("pkce.s256", "MUST", oauth.S256, quoteList(methods), "MCP authorization, PKCE", slices.Contains(methods, oauth.S256)) {
		return f.fail(&Violation{Step: stepServer, URL: f.Login.Server.MetadataURL, Want: "code_challenge_methods_supported with S256",
			Got: quoteList(methods), Cite: "MCP authorization, PKCE", Hint: "a server that does not announce S256 may ignore it; it must announce what it does"})
	}
	f.Login.RedirectURI = f.RedirectURI
	return f.identify(oauth.ClientMetadata{RedirectURIs: []string{f.RedirectURI}, TokenEndpointAuthMethod: f.publicly(), ResponseTypes: []string{"code"},
		GrantTypes: []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken}}, f.authorize)
}

func (f *AuthCode) registered(ev Event) []Effect {
	if effects := f.loginer.registered(ev, f.RedirectURI, false); effects != nil {
		return effects
	}
	return f.authorize()
}

// authorize sends the user to the authorization endpoint, or the request ahead.
func (f *AuthCode) authorize() []Effect {
	r := exchange.AuthorizationRequest{ResponseType: "code", ClientID: f.ID, RedirectURI: f.RedirectURI, Scope: f.Login.RequestedScope,
		State: f.StateValue, Resource: f.resourceToSend(), CodeChallenge: oauth.Challenge(f.Verifier), CodeChallengeMethod: oauth.S256}
	f.made("a code_verifier and its S256 challenge, and a state", "RFC 7636 section 4.1", trace.Param{Name: "code_verifier", Value: f.Verifier},
		trace.Param{Name: "code_challenge", Value: r.CodeChallenge}, trace.Param{Name: "state", Value: f.StateValue})
	if m := f.Login.Server.Metadata; m.RequirePushedAuthorizationRequests && m.PushedAuthorizationRequestEndpoint != "" {
		return f.push(r)
	}
	return f.visit(r.URL(f.Login.Server.Metadata.AuthorizationEndpoint))
}

func (f *AuthCode) patience() time.Duration {
	if f.Patience > 0 {
		return f.Patience
	}
	return 5 * time.Minute
}

func (f *AuthCode) waited(Event) []Effect {
	if f.now.Before(f.deadline) {
		return []Effect{Wait{f.deadline}}
	}
	text := "Timed out waiting for the authorization callback."
	if f.stray != "" {
		text += " An answer came with " + f.stray + " for its state; the server must return the one that was sent (RFC 6749 section 4.1.2)."
	}
	return f.fail(&Lapsed{Text: text})
}

func (f *AuthCode) answered(ev Event) []Effect {
	return f.tokenAnswered(ev)
}
