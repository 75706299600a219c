// RFC 6749 section 3.2: the token endpoint.
package authserver

import (
	"slices"
	"time"
	"unique"

	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/table"
)

// Token serves POST /oauth/token.
func (s *Server) Token(now time.Time, m message.Request) message.Response {
	r, err := exchange.ReadTokenRequest(m)
	if err != nil {
		return fail(err, r.Client.Basic)
	}
	grant, err := s.grantFor(r.GrantType)
	if err != nil {
		return fail(err, false)
	}
	if r.GrantType == oauth.GrantJWTBearer && r.Client.Unproven() && !exchange.ForUser(r.Assertion) {
		return s.workload(now, m, r)
	}
	c, err := s.authenticate(now, r.Client)
	if err != nil {
		return fail(err, r.Client.Basic)
	}
	if !c.has(r.GrantType) {
		return fail(oauth.E(oauth.UnauthorizedClient, "the client is not registered for this grant type"), false)
	}
	if r.Key, err = s.proof(now, m, c); err != nil {
		return fail(err, false)
	}
	t, err := grant(s, now, c, r)
	if err != nil {
		return fail(err, false)
	}
	return exchange.TokenReply(t)
}

type grantFunc func(*Server, time.Time, Client, exchange.TokenRequest) (oauth.Token, error)

func (s *Server) grantFor(grantType string) (grantFunc, error) {
	switch {
	case grantType == "":
		return nil, oauth.E(oauth.InvalidRequest, "grant_type is missing")
	case !slices.Contains(s.grants, grantType):
		return nil, errGrantType
	}
	switch grantType {
	case oauth.GrantAuthorizationCode:
		return (*Server).codeGrant, nil
	case oauth.GrantRefreshToken:
		return (*Server).refreshGrant, nil
	case oauth.GrantClientCredentials:
		return (*Server).clientGrant, nil
	case oauth.GrantDeviceCode:
		return (*Server).deviceGrant, nil
	case oauth.GrantJWTBearer:
		return (*Server).userGrant, nil
	}
	return nil, errGrantType
}

var errGrantType = oauth.E(oauth.UnsupportedGrantType, "grant_types_supported of the metadata lists what is served")

// clientGrant is RFC 6749 section 4.4.
func (s *Server) clientGrant(now time.Time, c Client, r exchange.TokenRequest) (oauth.Token, error) {
	if c.TokenEndpointAuthMethod == oauth.AuthNone {
		return oauth.Token{}, oauth.E(oauth.UnauthorizedClient, "client credentials need a confidential client")
	}
	scope, bad := grantable(r.Scope, c)
	if bad != nil {
		return oauth.Token{}, bad
	}
	resource, bad := s.target(r.Resource)
	if bad != nil {
		return oauth.Token{}, bad
	}
	id := r.Client.ClientID
	terms := unique.Make(Terms{Client: id, Subject: id, Scope: scope, Resource: resource, Key: r.Key})
	return s.issueAccess(now, Access{Terms: terms}, terms.Value())
}

// target is the resource a request means; absent it is the first one.
func (s *Server) target(asked string) (string, *oauth.Error) {
	if asked == "" {
		return s.cfg.Resources[0], nil
	}
	if r, ok := s.resource(asked); ok {
		return r, nil
	}
	return "", oauth.E(oauth.InvalidTarget, "the resource is not served here; use the resource member of its metadata, byte for byte")
}

// issueAccess stores a fresh access token and returns it.
func (s *Server) issueAccess(now time.Time, a Access, t Terms) (oauth.Token, error) {
	text, key, err := s.secret(32)
	if err != nil {
		return oauth.Token{}, err
	}
	if s.ring != nil {
		if text, err = s.signed(now, t, text); err != nil {
			return oauth.Token{}, err
		}
		key = table.KeyOf(text)
	}
	if err := s.t.Access.Create(now, key, a, now.Add(s.cfg.Lifetimes.Access)); err != nil {
		return oauth.Token{}, err
	}
	return oauth.Token{AccessToken: text, TokenType: tokenType(t), ExpiresIn: int64(s.cfg.Lifetimes.Access / time.Second),
		Scope: t.Scope, Issuer: s.cfg.Issuer, Audience: t.Resource}, nil
}

// issueGrant stores a grant with its first tokens, before whatever they are
// handed out for is consumed. Nobody knows them yet: a failure leaves nothing
// behind that could be used.
func (s *Server) issueGrant(now time.Time, c Client, terms unique.Handle[Terms]) (oauth.Token, table.Key, error) {
	_, grant, err := s.secret(16)
	if err != nil {
		return oauth.Token{}, table.Key{}, err
	}
	if err := s.t.Grants.Create(now, grant, Grant{Terms: terms, Generation: 1}, now.Add(s.grantLifetime())); err != nil {
		return oauth.Token{}, table.Key{}, err
	}
	t, err := s.issueMembers(now, c, grant, 1, terms)
	if err != nil {
		_ = take(now, s.t.Grants, grant)
	}
	return t, grant, err
}

// grantLifetime covers the longest-lived thing that hangs on a grant.
func (s *Server) grantLifetime() time.Duration {
	return max(s.cfg.Lifetimes.Refresh, s.cfg.Lifetimes.Access)
}

// issueMembers stores one generation's access token and, where the client has
// the grant, its refresh token.
func (s *Server) issueMembers(now time.Time, c Client, grant table.Key, generation uint32, terms unique.Handle[Terms]) (oauth.Token, error) {
	t, err := s.issueAccess(now, Access{Terms: terms, Grant: grant}, terms.Value())
	if err != nil || !c.has(oauth.GrantRefreshToken) {
		return t, err
	}
	text, key, err := s.secret(32)
	if err != nil {
		return oauth.Token{}, err
	}
	err = s.t.Refresh.Create(now, key, Refresh{Grant: grant, Generation: generation}, now.Add(s.cfg.Lifetimes.Refresh))
	if err != nil {
		return oauth.Token{}, err
	}
	t.RefreshToken = text
	return t, nil
}

// tokenType is how a token is sent (RFC 9449 section 5).
func tokenType(t Terms) string {
	if t.Key != "" {
		return "DPoP"
	}
	return "Bearer"
}
