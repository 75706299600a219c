//go:build js && wasm

// A client that calls, and logs in when a call needs it.
package main

import (
	"crypto/rand"
	"errors"
	"strings"

	"mcp-auth/core/exchange"
	"mcp-auth/core/flow"
	"mcp-auth/core/jose"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// A client is one user's program at one resource. What it knows is gone when
// it ends.
type client struct {
	url   string
	wire  string      // the revision to speak
	given flow.Client // who it is
	keys  flow.Prover
	login flow.Login // the last one
}

func newClient(url, wire string) (*client, error) {
	c := &client{url: url, wire: wire}
	var err error
	if c.keys.Seed, err = oauth.RandomText(rand.Reader, 16); err != nil {
		return nil, err
	}
	c.keys.DPoPKey, err = jose.Generate(jose.ES256, rand.Reader)
	return c, err
}

func (c *client) keep(l flow.Login, used flow.Prover) { c.login, c.keys = l, used }

// bound reports whether the token goes with a proof.
func (c *client) bound() bool { return strings.EqualFold(c.login.Token.TokenType, "DPoP") }

// call calls a method, and does what the core says when that is refused.
func (c *client) call(method string, params message.Value) error {
	ascent := flow.Ascent{Scope: c.login.RequestedScope}
	for {
		f := &flow.Call{ResourceURL: c.url, Token: c.login.Token.AccessToken, Bound: c.bound(), Prover: c.keys, Method: method, Params: params, ID: message.Num(1), Protocol: c.wire}
		err := run(f)
		c.keys = f.Prover
		if err == nil {
			return failure(f.Reply)
		}
		switch ascent.After(err, c.login.Token.RefreshToken != "") {
		case flow.Renewal:
			err = c.renew()
		case flow.Authorize:
			err = c.logIn(&ascent)
		}
		if err != nil {
			return err
		}
	}
}

// failure is the error a reply carries, if any.
func failure(reply message.Value) error {
	if e := reply.Get("error"); e.Kind() != message.Missing {
		return errors.New("the reply is an error: " + string(e.Append(nil)))
	}
	return nil
}

func (c *client) renew() error {
	s := c.login.Server
	f := &flow.Renew{Prover: c.keys, Issuer: s.Issuer, Bound: c.bound(), ResourceURL: c.url, ResourceID: c.login.ResourceID, TokenEndpoint: s.Metadata.TokenEndpoint,
		Client:       exchange.ClientAuth{Method: c.login.AuthMethod, ClientID: c.login.Client.ClientID, ClientSecret: c.login.Client.ClientSecret},
		RefreshToken: c.login.Token.RefreshToken, Scope: c.login.Token.Scope}
	err := run(f)
	c.keys = f.Prover
	if err == nil {
		c.login.Token, c.login.At = f.Token, f.At
	}
	return err
}

// redirectURI is where the browser ends up: nobody listens there, since the
// browser is played here.
const redirectURI = "http://127.0.0.1:7777/callback"

// logIn logs in through the browser, where the challenge says, for what is
// missing.
func (c *client) logIn(a *flow.Ascent) error {
	target := a.Next(flow.Target{ResourceURL: c.url})
	d := flow.NewDiscover(target)
	if err := run(d); err != nil {
		return err
	}
	f := flow.NewAuthCode(target, c.clientAt(d.Found), a.ToAsk())
	f.Found, f.Prover, f.RedirectURI = d.Found, c.keys, redirectURI
	var err error
	if f.Verifier, err = oauth.NewVerifier(rand.Reader); err != nil {
		return err
	}
	if f.StateValue, err = oauth.RandomText(rand.Reader, 16); err != nil {
		return err
	}
	if err := run(f); err != nil {
		return err
	}
	c.keep(f.Login, f.Prover)
	a.Scope = f.Login.RequestedScope
	return nil
}

// clientAt is who we are at the servers found: the registration there is used
// again, one at another server is not.
func (c *client) clientAt(d flow.Discovered) flow.Client {
	if l := c.login; c.given.ID == "" && l.Client.ClientID != "" && len(d.Servers) > 0 && d.Servers[0].Issuer == l.Server.Issuer {
		return flow.Client{ID: l.Client.ClientID, Secret: l.Client.ClientSecret, AuthMethod: l.AuthMethod, Issuer: l.Server.Issuer}
	}
	return c.given
}

func (c *client) clientCreds(t flow.Target, registered flow.Client) error {
	f := flow.NewClientCreds(t, registered, "")
	f.Prover = c.keys
	err := run(f)
	c.keep(f.Login, f.Prover)
	return err
}
