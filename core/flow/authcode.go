// The authorization code flow with PKCE (RFC 6749 section 4.1, RFC 7636,
// RFC 8252, RFC 8707, RFC 9207).
package flow

import (
	"errors"
	"slices"
	"strings"
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/pages"
)

// AuthCode logs in through the user's browser. Its outcome is Login.
type AuthCode struct {
	loginer
	RedirectURI string        // of the listener, which is bound before the flow starts
	StateValue  string        // from a good source of randomness, at least 128 bits
	Verifier    string        // RFC 7636 section 4.1
	Patience    time.Duration // for the callback; 0: five minutes

	deadline time.Time
}

// NewAuthCode makes the flow.
func NewAuthCode(t Target, c Client, scope string) *AuthCode {
	return &AuthCode{loginer: loginer{seeker: seeker{Target: t}, Client: c, Scope: scope}}
}

// AuthCodeRows is the table of AuthCode.
var AuthCodeRows = append(seeking(func(f *AuthCode) *seeker { return &f.seeker }, (*AuthCode).discovered, nil, Registering, AwaitingCallback),
	Row[AuthCode]{Registering, OnResponse, []State{AwaitingCallback, Failed}, "RFC 7591 section 3.2", (*AuthCode).registered},
	Row[AuthCode]{Registering, OnTrouble, []State{Failed}, "", troubled[AuthCode]},
	Row[AuthCode]{AwaitingCallback, OnCallback, []State{AwaitingCallback, Exchanging, Failed}, "RFC 6749 section 4.1.2", (*AuthCode).calledBack},
	Row[AuthCode]{AwaitingCallback, OnTimer, []State{AwaitingCallback, Failed}, "", (*AuthCode).waited},
	Row[AuthCode]{Exchanging, OnResponse, []State{Finished, Failed}, "RFC 6749 section 5", (*AuthCode).answered},
	Row[AuthCode]{Exchanging, OnTrouble, []State{Failed}, "", troubled[AuthCode]},
)

// Step implements Flow.
func (f *AuthCode) Step(now time.Time, ev Event) ([]Effect, error) {
	return step(f, &f.machine, AuthCodeRows, now, ev)
}

// Step implements Flow.
func (f *Discover) Step(now time.Time, ev Event) ([]Effect, error) {
	return step(f, &f.machine, DiscoverRows, now, ev)
}

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
	if !f.check("pkce.s256", "MUST", oauth.S256, strings.Join(methods, " "), "MCP authorization, PKCE", slices.Contains(methods, oauth.S256)) {
		return f.fail(&Violation{Step: stepServer, URL: f.Login.Server.MetadataURL, Want: "code_challenge_methods_supported with S256",
			Got: quoteList(methods), Cite: "MCP authorization, PKCE", Hint: "a server that does not announce S256 may ignore it; it must announce what it does"})
	}
	f.Login.RedirectURI = f.RedirectURI
	return f.identify(oauth.ClientMetadata{RedirectURIs: []string{f.RedirectURI}, TokenEndpointAuthMethod: oauth.AuthNone, ResponseTypes: []string{"code"},
		GrantTypes: []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken}}, f.authorize)
}

func quoteList(all []string) string {
	if len(all) == 0 {
		return "nothing"
	}
	return strings.Join(all, " ")
}

func (f *AuthCode) registered(ev Event) []Effect {
	if effects := f.loginer.registered(ev, f.RedirectURI, false); effects != nil {
		return effects
	}
	return f.authorize()
}

// authorize sends the user to the authorization endpoint.
func (f *AuthCode) authorize() []Effect {
	r := exchange.AuthorizationRequest{ResponseType: "code", ClientID: f.ID, RedirectURI: f.RedirectURI, Scope: f.Login.RequestedScope,
		State: f.StateValue, Resource: f.resourceToSend(), CodeChallenge: oauth.Challenge(f.Verifier), CodeChallengeMethod: oauth.S256}
	f.state = AwaitingCallback
	f.deadline = f.now.Add(f.patience())
	return []Effect{Visit{r.URL(f.Login.Server.Metadata.AuthorizationEndpoint)}, Wait{f.deadline}}
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
	return f.fail(&Lapsed{Text: "Timed out waiting for the authorization callback."})
}

// calledBack judges a request that reached the listener: is it the redirect
// at all, is it ours (state), is it from this server (iss), and only then what
// it says. What is not ours does not end the login.
func (f *AuthCode) calledBack(ev Event) []Effect {
	m := ev.(Callback).Request
	if status, why := f.misdirected(m); status != 0 {
		return answer(status, "Not the login's address", why)
	}
	r, fault := exchange.ReadAuthorizationResponse(m.Query())
	if !f.check("state.equal", "MUST", "<the state we sent>", sameOrOther(r.State, f.StateValue), "RFC 6749 section 10.12", oauth.SameSecret(r.State, f.StateValue)) {
		return answer(400, "This answer is not for this login", "Its state is not the one this login sent.")
	}
	if effects := f.judgeIssuer(r.Issuer); effects != nil {
		return append(lastAnswer("The answer came from another server", "Its issuer is not the one this login began with."), effects...)
	}
	var shape *exchange.ShapeError
	if errors.As(fault, &shape) {
		return append(lastAnswer("The answer is malformed", shape.Error()), f.fail(&Violation{Step: stepCallback, URL: f.RedirectURI, Want: shape.Want, Got: shape.Got, Cite: shape.Cite})...)
	}
	if r.Err != nil {
		return f.denied(r.Err)
	}
	effects := f.askToken(Exchanging, exchange.TokenRequest{GrantType: oauth.GrantAuthorizationCode, Code: r.Code, RedirectURI: f.RedirectURI, CodeVerifier: f.Verifier})
	return append(answer(200, "The server has answered", "Return to the terminal: it finishes the login."), effects...)
}

func answer(status int, title, text string) []Effect {
	return []Effect{Answer{pages.CallbackPage(pages.CallbackOutcome{Status: status, Title: title, Text: text})}}
}

// lastAnswer tells the browser that the login has ended without success.
func lastAnswer(title, text string) []Effect {
	return []Effect{Answer{pages.CallbackPage(pages.CallbackOutcome{Status: 400, Title: title, Text: text, Ended: true})}}
}

func sameOrOther(got, want string) string {
	switch {
	case got == "":
		return "nothing"
	case oauth.SameSecret(got, want):
		return "<the state we sent>"
	}
	return "another value"
}

// misdirected says why a request is not the redirect.
func (f *AuthCode) misdirected(m message.Request) (status int, why string) {
	redirect := message.Request{URL: f.RedirectURI}
	switch {
	case !strings.EqualFold(m.Host(), redirect.Host()):
		return 403, "The Host is not the one of the redirect URI."
	case m.Path() != redirect.Path():
		return 404, "Nothing is served here."
	case m.Method != "GET":
		return 405, "Only the browser's GET is wanted here."
	case m.Header.Count("Origin") > 0 && m.Header.Get("Origin") != redirect.Origin():
		return 403, "Pages of other sites may not call here."
	}
	return 0, ""
}

// judgeIssuer is RFC 9207 section 2.4, bytes compared.
func (f *AuthCode) judgeIssuer(iss string) []Effect {
	const cite = "RFC 9207 section 2.4"
	want := f.Login.Server.Issuer
	switch {
	case iss == "" && f.Login.Server.Metadata.AuthorizationResponseIssSupported:
		f.check("iss.present", "MUST", want, "nothing", cite, false)
		return f.fail(&Violation{Step: stepCallback, URL: f.RedirectURI, Want: "iss " + want, Got: "no iss, though the metadata announces it", Cite: cite})
	case iss != "" && !f.check("iss.equal", "MUST", want, iss, cite, iss == want):
		return f.fail(&Violation{Step: stepCallback, URL: f.RedirectURI, Want: "iss " + want, Got: "iss " + message.PrintableLine(iss), Cite: cite,
			Hint: "the answer may come from another server (mix-up); nothing was sent to the token endpoint"})
	}
	return nil
}

func (f *AuthCode) denied(e *oauth.Error) []Effect {
	if e.Code == oauth.AccessDenied {
		reply := lastAnswer("Access was denied", "The server said: "+e.Error()+".")
		return append(reply, f.fail(&Lapsed{Denied: true, Text: "Authorization failed with error: " + e.Error()})...)
	}
	reply := lastAnswer("The login did not go through", "The server answered "+e.Error()+".")
	return append(reply, f.fail(&Refusal{Step: stepCallback, URL: f.Login.Server.Metadata.AuthorizationEndpoint, Err: e, Hint: tokenHint(e)})...)
}

func (f *AuthCode) answered(ev Event) []Effect {
	t, err := exchange.ReadTokenReply(ev.(Response).Response)
	if err != nil {
		return f.rejected(err)
	}
	return f.gotToken(t)
}
