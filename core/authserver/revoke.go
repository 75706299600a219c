// RFC 7009, RFC 7662, and the check at the resource: what becomes of a token
// once it is out.
package authserver

import (
	"errors"
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/table"
)

// Revoke serves POST /oauth/revoke. A token that is not the client's, or
// none, is answered alike and left alone. RFC 7009 section 2.1 would have the
// first refused, and names no error for it; section 2.2 answers 200 to a token
// that is none, and to a client the token of another is none: a difference
// would tell whether a foreign token is live.
func (s *Server) Revoke(now time.Time, m message.Request) message.Response {
	q, err := exchange.ReadTokenQuestion(m)
	if err != nil {
		return fail(err, q.Client.Basic)
	}
	if _, err := s.authenticate(now, q.Client); err != nil {
		return fail(err, q.Client.Basic)
	}
	if err := s.revoke(now, q); err != nil {
		return fail(err, false)
	}
	return exchange.RevocationReply()
}

// revoke kills an access token alone, and with a refresh token its family
// (RFC 7009 section 2.1).
func (s *Server) revoke(now time.Time, q exchange.TokenQuestion) error {
	key := table.KeyOf(q.Token)
	a, err := s.t.Access.Get(now, key)
	if err == nil && a.Value.Terms.Value().Client == q.Client.ClientID {
		return take(now, s.t.Access, key)
	}
	if err != nil && !errors.Is(err, table.ErrMissing) {
		return err
	}
	r, err := s.t.Refresh.Get(now, key)
	if err == nil {
		var g table.Record[Grant]
		if g, err = s.t.Grants.Get(now, r.Value.Grant); err == nil && g.Value.Terms.Value().Client == q.Client.ClientID {
			return take(now, s.t.Grants, r.Value.Grant)
		}
	}
	if errors.Is(err, table.ErrMissing) {
		return nil
	}
	return err
}

// An AccessToken is what a live access token stands for.
type AccessToken struct {
	Terms
	ExpiresAt time.Time
}

// Check finds a live access token for a resource. The error is an
// *oauth.Error: invalid_token, or temporarily_unavailable when the storage
// failed. Nothing is told of a token that is refused.
//
// A token that is bound to a key is good with a proof of that key alone, and
// one that is not, without (RFC 9449 section 7).
func (s *Server) Check(now time.Time, m message.Request, c exchange.Credentials, resource string) (AccessToken, error) {
	a, err := s.live(now, c.Token)
	if errors.Is(err, table.ErrMissing) {
		return AccessToken{}, oauth.E(oauth.InvalidToken, "the access token is unknown, expired or revoked")
	}
	if err != nil {
		return AccessToken{}, Unavailable(err)
	}
	if a.Resource != resource {
		return AccessToken{}, oauth.E(oauth.InvalidToken, "the access token is for another resource")
	}
	if a.Key == "" && !c.DPoP && s.cfg.DPoP != DPoPRequired {
		return a, nil
	}
	if err := s.held(now, m, c, a); err != nil {
		return AccessToken{}, err
	}
	return a, nil
}

func (s *Server) live(now time.Time, token string) (AccessToken, error) {
	a, err := s.t.Access.Get(now, table.KeyOf(token))
	if err != nil {
		return AccessToken{}, err
	}
	if a.Value.Grant != (table.Key{}) {
		if _, err := s.t.Grants.Get(now, a.Value.Grant); err != nil {
			return AccessToken{}, err
		}
	}
	return AccessToken{a.Value.Terms.Value(), a.Expires}, nil
}

// Introspect serves POST /oauth/introspect, for confidential clients.
func (s *Server) Introspect(now time.Time, m message.Request) message.Response {
	q, err := exchange.ReadTokenQuestion(m)
	if err != nil {
		return fail(err, q.Client.Basic)
	}
	c, err := s.authenticate(now, q.Client)
	if err == nil && c.TokenEndpointAuthMethod == oauth.AuthNone {
		err = oauth.E(oauth.InvalidClient, "introspection needs a confidential client, such as dev-confidential-client")
	}
	if err != nil {
		return fail(err, q.Client.Basic)
	}
	i, err := s.introspect(now, q.Token)
	if err != nil {
		return fail(err, false)
	}
	return exchange.IntrospectionReply(i)
}

func (s *Server) introspect(now time.Time, token string) (oauth.Introspection, error) {
	a, err := s.live(now, token)
	if err == nil {
		return s.describe(a.Terms, a.ExpiresAt, tokenType(a.Terms)), nil
	}
	if !errors.Is(err, table.ErrMissing) {
		return oauth.Introspection{}, err
	}
	r, err := s.t.Refresh.Get(now, table.KeyOf(token))
	if err == nil {
		var g table.Record[Grant]
		if g, err = s.t.Grants.Get(now, r.Value.Grant); err == nil && g.Value.Generation == r.Value.Generation {
			return s.describe(g.Value.Terms.Value(), r.Expires, ""), nil
		}
	}
	if err == nil || errors.Is(err, table.ErrMissing) {
		return oauth.Introspection{}, nil
	}
	return oauth.Introspection{}, err
}

func (s *Server) describe(t Terms, expires time.Time, tokenType string) oauth.Introspection {
	return oauth.Introspection{Active: true, Scope: t.Scope, ClientID: t.Client, Subject: t.Subject, Audience: t.Resource,
		Issuer: s.cfg.Issuer, TokenType: tokenType, Key: t.Key, ExpiresAt: expires.Unix()}
}
