// Playing a flow in a world: its effects are performed against the world's
// server, and the user answers what the flow shows.
package flowtest

import (
	"errors"
	"strings"
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/flow"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/trace"
)

// play runs a flow to its end. user says what the person does.
func (w *World) play(f flow.Flow, user string) error {
	var ev flow.Event = flow.Start{}
	for range 200 {
		effects, err := f.Step(w.now, ev)
		if err != nil {
			return err
		}
		if ev, err = w.perform(effects, user); err != nil || ev == nil {
			w.shown = append(w.shown, f.Trace()...)
			return err
		}
	}
	return errors.New("the flow does not end")
}

// perform does the effects; no event means that the flow has ended.
func (w *World) perform(effects []flow.Effect, user string) (flow.Event, error) {
	var next flow.Event
	for _, e := range effects {
		switch e := e.(type) {
		case flow.Send:
			r, err := w.do(e.Request)
			if err != nil {
				return flow.Trouble{Err: err}, nil
			}
			return flow.Response{Response: r}, nil
		case flow.Visit:
			url, err := w.consent(e.URL, user)
			if err != nil {
				return nil, err
			}
			if url != "" {
				next = flow.Callback{Request: message.Request{Method: "GET", URL: url}}
			}
		case flow.Show:
			if err := w.verify(e.Authorization, user); err != nil {
				return nil, err
			}
		case flow.Answer:
			if w.later != "" {
				next = flow.Callback{Request: message.Request{Method: "GET", URL: w.later}}
				w.later = ""
			}
		case flow.Wait:
			if next == nil {
				w.now = e.Until
				next = flow.Timer{}
			}
		case flow.Done, flow.Fail:
			return nil, nil
		}
	}
	return next, nil
}

// browser is the user's browser; what it shows is not part of the story.
func (w *World) browser() *Browser { return &Browser{Do: w.do} }

// consent answers the page and returns where the redirect led.
func (w *World) consent(url, user string) (string, error) {
	if user == "nobody" {
		return "", nil
	}
	b := w.browser()
	page, err := b.Visit(url)
	if err != nil {
		return "", err
	}
	if page.Left == "" && page.Status == 200 {
		if page, err = b.Press(page, "decision", decision(user)); err != nil {
			return "", err
		}
	}
	if page.Left == "" {
		return "", errors.New("the browser stopped at a page with status " + message.Decimal(int64(page.Status)))
	}
	if user == "mallory" { // somebody else's answer arrives first
		w.later = page.Left
		return strings.Replace(page.Left, "state=", "state=not", 1), nil
	}
	return page.Left, nil
}

func decision(user string) string {
	if user == "deny" {
		return "deny"
	}
	return "approve"
}

func (w *World) verify(a oauth.DeviceAuthorization, user string) error {
	if user == "nobody" {
		return nil
	}
	b := w.browser()
	page, err := b.Visit(a.VerificationURI)
	if err == nil {
		page, err = b.Press(page, "user_code", a.UserCode)
	}
	if err == nil {
		_, err = b.Press(page, "decision", decision(user))
	}
	return err
}

func (w *World) doLogin(mode string, o map[string]string) error {
	t := flow.Target{ResourceURL: Resource}
	if o["at"] != "" {
		t.ResourceURL = Base + o["at"]
	}
	c := flow.Client{ID: o["client"], Secret: o["secret"], Register: o["client"] == ""}
	user := o["user"]
	if o["key"] != "" {
		c.AuthMethod = oauth.AuthKey
	}
	p, err := w.prover(o)
	if err != nil {
		return err
	}
	switch mode {
	case flow.ModeAuthCode:
		f := flow.NewAuthCode(t, c, o["scope"])
		f.RedirectURI, f.StateValue, f.Verifier = "http://127.0.0.1:7777/callback", "state-of-this-login-1234", strings.Repeat("v", 43)
		f.Patience, f.Prover = time.Minute, p
		err := w.play(f, user)
		w.login, w.proofs = f.Login, f.Prover
		return err
	case flow.ModeDevice:
		f := flow.NewDevice(t, c, o["scope"])
		f.Prover = p
		err := w.play(f, user)
		w.login, w.proofs = f.Login, f.Prover
		return err
	case flow.ModeClientCreds:
		f := flow.NewClientCreds(t, c, o["scope"])
		f.Prover = p
		err := w.play(f, user)
		w.login, w.proofs = f.Login, f.Prover
		return err
	case flow.ModeEnterprise:
		idp, err := w.provider(c.ID, c.Secret)
		if err != nil {
			return err
		}
		f := flow.NewEnterprise(t, c, o["scope"], idp)
		f.Prover = p
		err = w.play(f, user)
		w.login, w.proofs = f.Login, f.Prover
		return err
	case flow.ModeWorkload:
		assertion, err := w.workload(o["life"])
		if err != nil {
			return err
		}
		c.Register = false
		f := flow.NewWorkload(t, c, o["scope"], assertion)
		f.Prover = p
		err = w.play(f, user)
		w.login, w.proofs = f.Login, f.Prover
		return err
	}
	return errors.New("no such mode")
}

// bound reports whether the last login's tokens are bound to its key.
func (w *World) bound() bool { return strings.EqualFold(w.login.Token.TokenType, "DPoP") }

func (w *World) doRefresh(o map[string]string) error {
	t := w.login.Token
	if o["token"] != "" {
		t = w.tokens[o["token"]]
	}
	f := &flow.Renew{ResourceURL: Resource, ResourceID: w.login.ResourceID, TokenEndpoint: w.login.Server.Metadata.TokenEndpoint, RefreshToken: t.RefreshToken, Scope: t.Scope,
		Client: exchange.ClientAuth{Method: w.login.AuthMethod, ClientID: w.login.Client.ClientID, ClientSecret: w.login.Client.ClientSecret},
		Issuer: w.login.Server.Issuer, Bound: w.bound(), Prover: w.proofs}
	if err := w.play(f, ""); err != nil {
		return err
	}
	w.proofs = f.Prover
	if f.Token.AccessToken != "" {
		w.login.Token = f.Token
	}
	return nil
}

func (w *World) doCall(method string, o map[string]string) error {
	token := w.login.Token.AccessToken
	if name, ok := o["token"]; ok {
		token = w.tokens[name].AccessToken
		if token == "" {
			token = name
		}
	}
	url := Resource
	if o["at"] != "" {
		url = Base + o["at"]
	}
	f := &flow.Call{Prover: w.proofs, Bound: w.bound() && o["bearer"] != "true", ResourceURL: url, Token: token, Method: method, ID: message.Num(7), Params: message.Obj()}
	if o["tool"] != "" {
		arguments, err := message.ParseJSON([]byte("{" + o["arguments"] + "}"))
		if err != nil {
			return err
		}
		f.Params = message.Obj(message.M("name", message.Str(o["tool"])), message.M("arguments", arguments))
	}
	err := w.play(f, "")
	w.proofs = f.Prover
	w.shown = last(w.shown)
	return err
}

// last leaves the handshake out of a call's story: only the exchange that
// decided it, and the verdict.
func last(events []trace.Event) []trace.Event {
	for i := len(events) - 1; i >= 0; i-- {
		if events[i].Kind == trace.KindRequest {
			return events[i:]
		}
	}
	return events
}
