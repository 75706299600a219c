// Package idp is a small identity provider for tests of enterprise-managed
// authorization: it signs its one user in without asking, and turns the ID
// token into a grant for one authorization server (RFC 8693, Identity
// Assertion Authorization Grant).
package idp

import (
	"errors"
	"io"
	"slices"
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/keyring"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// Places below the authorization server's issuer. The provider's issuer is
// that of its metadata without the well-known suffix.
const (
	Path         = "/idp"
	MetadataPath = Path + exchange.WellKnownOpenID
	KeysPath     = Path + "/jwks"
	TokenPath    = Path + "/token"
	IDTokenPath  = Path + "/id-token" // test hook
)

// Lifetimes of what is issued. Keys must be kept for the longer one.
const (
	IDTokenLife = time.Hour
	GrantLife   = 5 * time.Minute
)

// A Client may ask for grants; it has the same id at both servers.
type Client struct{ ID, Secret string }

// A Provider is the identity provider. All members are REQUIRED.
type Provider struct {
	Issuer  string   // its own
	Server  string   // the issuer that grants are for
	User    string   // subject of the one user
	Clients []Client // with their secrets
	Keys    *keyring.Ring
	Random  io.Reader
}

// Metadata serves the provider's document.
func (p *Provider) Metadata() message.Response {
	return exchange.ServerMetadataReply(oauth.ServerMetadata{
		Issuer:                            p.Issuer,
		TokenEndpoint:                     p.Server + TokenPath,
		JWKSURI:                           p.Server + KeysPath,
		GrantTypesSupported:               []string{oauth.GrantTokenExchange},
		TokenEndpointAuthMethodsSupported: []string{oauth.AuthBasic, oauth.AuthPost},
		SubjectTypesSupported:             []string{"public"},
		IDTokenSigningAlgValuesSupported:  []string{"EdDSA"},
	})
}

// JWKS serves the provider's keys.
func (p *Provider) JWKS(now time.Time) message.Response {
	keys, err := p.Keys.Public(now)
	if err != nil {
		return unavailable()
	}
	return exchange.KeysReply(keys)
}

// IDToken hands a client the user's ID token, without asking anybody.
func (p *Provider) IDToken(now time.Time, m message.Request) message.Response {
	id, bad := exchange.ReadIDTokenRequest(m)
	if bad != nil {
		return exchange.ErrorReply(bad, false)
	}
	if !slices.ContainsFunc(p.Clients, func(c Client) bool { return c.ID == id }) {
		return exchange.ErrorReply(oauth.E(oauth.InvalidClient, "client_id is not known to the identity provider; dev-enterprise-client is"), false)
	}
	token, err := p.sign(now, exchange.Assertion{Type: "JWT", Audience: id, Subject: p.User, ExpiresAt: now.Add(IDTokenLife)})
	if err != nil {
		return unavailable()
	}
	return exchange.IDTokenReply(token)
}

// Token serves the token exchange: an ID token of this provider for a grant.
func (p *Provider) Token(now time.Time, m message.Request) message.Response {
	r, err := exchange.ReadTokenRequest(m)
	if err != nil {
		return exchange.ErrorReply(refusal(err), r.Client.Basic)
	}
	if !p.knows(r.Client) {
		return exchange.ErrorReply(oauth.E(oauth.InvalidClient, "the client is not known to the identity provider, or its secret is wrong"), r.Client.Basic)
	}
	user, bad := p.asked(now, r)
	if bad != nil {
		return exchange.ErrorReply(bad, false)
	}
	grant, err := p.sign(now, exchange.Assertion{Type: exchange.TypeIDJAG, Audience: p.Server, Subject: user, ClientID: r.Client.ClientID,
		Resource: r.Resource, Scope: r.Scope, ExpiresAt: now.Add(GrantLife)})
	if err != nil {
		return unavailable()
	}
	return exchange.GrantReply(grant, exchange.TokenTypeIDJAG, r.Scope, int64(GrantLife/time.Second))
}

func (p *Provider) knows(a exchange.ClientAuth) bool {
	for _, c := range p.Clients {
		if c.ID == a.ClientID && !a.Assertion {
			return oauth.SameSecret(a.ClientSecret, c.Secret)
		}
	}
	return false
}

// asked checks what is to be exchanged for what, and returns the user.
func (p *Provider) asked(now time.Time, r exchange.TokenRequest) (user string, bad *oauth.Error) {
	switch {
	case r.GrantType == "":
		return "", oauth.E(oauth.InvalidRequest, "grant_type is missing")
	case r.GrantType != oauth.GrantTokenExchange:
		return "", oauth.E(oauth.UnsupportedGrantType, "the identity provider serves token exchange alone")
	case r.RequestedTokenType != exchange.TokenTypeIDJAG:
		return "", oauth.E(oauth.InvalidRequest, "requested_token_type must be "+exchange.TokenTypeIDJAG)
	case r.SubjectTokenType != exchange.TokenTypeIDToken:
		return "", oauth.E(oauth.InvalidRequest, "subject_token_type must be "+exchange.TokenTypeIDToken)
	case r.Audience != p.Server:
		return "", oauth.E(oauth.InvalidTarget, "audience must be the issuer of the authorization server, "+p.Server)
	case r.Resource == "" || oauth.CheckResource(r.Resource) != nil:
		return "", oauth.E(oauth.InvalidTarget, "resource must be the identifier of the MCP server")
	}
	keys, err := p.Keys.Public(now)
	if err != nil {
		return "", &oauth.Error{Code: oauth.TemporarilyUnavailable, RetryAfter: 1}
	}
	a, err := exchange.ReadAssertion(r.SubjectToken, now, exchange.LongestAssertion, keys)
	if err != nil {
		return "", oauth.E(oauth.InvalidRequest, "subject_token: "+err.Error())
	}
	if a.Issuer != p.Issuer || a.Audience != r.Client.ClientID || a.Type != "jwt" {
		return "", oauth.E(oauth.InvalidRequest, "subject_token must be an ID token of this provider for this client")
	}
	return a.Subject, nil
}

func (p *Provider) sign(now time.Time, a exchange.Assertion) (string, error) {
	k, err := p.Keys.Signer(now)
	if err != nil {
		return "", err
	}
	a.Issuer = p.Issuer
	if a.JTI, err = oauth.RandomText(p.Random, 16); err != nil {
		return "", err
	}
	return a.Sign(k, now)
}

// refusal is the *oauth.Error that a reader of requests returns.
func refusal(err error) *oauth.Error {
	var e *oauth.Error
	if !errors.As(err, &e) {
		e = oauth.E(oauth.InvalidRequest, "the request could not be read")
	}
	return e
}

func unavailable() message.Response {
	return exchange.ErrorReply(&oauth.Error{Code: oauth.TemporarilyUnavailable, RetryAfter: 1, Description: "the storage failed and nothing was issued; send the same request again"}, false)
}
