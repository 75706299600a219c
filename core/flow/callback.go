// The redirect back from the authorization endpoint, judged (RFC 6749 sections
// 4.1.2 and 10.12, RFC 8252 section 8, RFC 9207 section 2.4).
package flow

import (
	"errors"
	"strings"

	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/pages"
)

// calledBack judges a request that reached the listener: is it the redirect
// at all, is it ours (state), is it from this server (iss), and only then what
// it says. What is not ours does not end the login.
func (f *AuthCode) calledBack(ev Event) []Effect {
	m := ev.(Callback).Request
	if status, why := f.misdirected(m); status != 0 {
		return answer(status, "Not the login's address", why)
	}
	r, fault := exchange.ReadAuthorizationResponse(m.Query())
	if got := sameOrOther(r.State, f.StateValue); !f.check("state.equal", "MUST", "<the state we sent>", got, "RFC 6749 section 10.12", oauth.SameSecret(r.State, f.StateValue)) {
		return append(answer(400, "This answer is not for this login", "Its state is not the one this login sent."), f.astray(got)...)
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

// astray tells the user of the first answer that was not for this login: it
// may be the server's mistake, and the wait for a better one is long.
func (f *AuthCode) astray(got string) []Effect {
	if f.stray != "" {
		return nil
	}
	f.stray = got
	return []Effect{Notice{"an answer came with " + got + " for its state, and was refused; still waiting for the one with the state that was sent"}}
}

// answer tells the browser what came of its request; the login waits on.
func answer(status int, title, text string) []Effect {
	r := pages.CallbackPage(pages.CallbackOutcome{Status: status, Title: title, Text: text})
	if status == 405 { // RFC 9110 section 15.5.6
		r.Header = r.Header.With("Allow", "GET")
	}
	return []Effect{Answer{r}}
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
