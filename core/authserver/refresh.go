// RFC 6749 section 6 and RFC 9700 section 4.14: rotation on every use, and
// death of the family when a member is used twice.
package authserver

import (
	"errors"
	"time"
	"unique"

	"mcp-auth/core/exchange"
	"mcp-auth/core/oauth"
	"mcp-auth/core/table"
)

var errRefresh = oauth.E(oauth.InvalidGrant, "the refresh token is unknown, expired, revoked, or another client's; log in again")

// refreshGrant rotates. Failed validation neither rotates nor revokes.
func (s *Server) refreshGrant(now time.Time, c Client, r exchange.TokenRequest) (oauth.Token, error) {
	if r.RefreshToken == "" {
		return oauth.Token{}, oauth.E(oauth.InvalidRequest, "refresh_token is missing")
	}
	member, err := s.t.Refresh.Get(now, table.KeyOf(r.RefreshToken))
	if errors.Is(err, table.ErrMissing) {
		return oauth.Token{}, errRefresh
	}
	if err != nil {
		return oauth.Token{}, err
	}
	read, err := s.t.Grants.Get(now, member.Value.Grant)
	if errors.Is(err, table.ErrMissing) {
		return oauth.Token{}, errRefresh
	}
	if err != nil {
		return oauth.Token{}, err
	}
	terms, err := narrowed(read.Value.Terms.Value(), c, r)
	if err != nil {
		return oauth.Token{}, err
	}
	if member.Value.Generation != read.Value.Generation {
		return oauth.Token{}, s.reused(now, member.Value.Grant)
	}
	return s.rotate(now, c, member.Value, read, terms)
}

// narrowed are the terms of the new access token; the refresh token keeps the
// grant's (RFC 6749 section 6).
func narrowed(t Terms, c Client, r exchange.TokenRequest) (Terms, error) {
	if t.Client != r.Client.ClientID {
		return Terms{}, errRefresh
	}
	// A public client proves the key the grant is bound to; another one proves
	// itself already and may change keys (RFC 9449 section 5).
	if t.Key != "" && t.Key != r.Key && c.TokenEndpointAuthMethod == oauth.AuthNone {
		return Terms{}, oauth.E(oauth.InvalidGrant, "the refresh token is bound to a key: send a proof of that key")
	}
	t.Key = r.Key
	if r.Resource != "" && !oauth.SameResource(r.Resource, t.Resource) {
		return Terms{}, oauth.E(oauth.InvalidTarget, "resource differs from the one that was granted")
	}
	if r.Scope == "" {
		return t, nil
	}
	asked, err := readScope(r.Scope)
	if err != nil {
		return Terms{}, oauth.E(oauth.InvalidScope, err.Error())
	}
	granted, _ := oauth.ParseScope(t.Scope)
	if !asked.Within(granted) {
		return Terms{}, oauth.E(oauth.InvalidScope, "a refresh cannot widen the scope; log in again for more")
	}
	t.Scope = asked.String()
	return t, nil
}

// rotate issues the next generation and then moves the grant on to it. Until
// that swap the old token is the current one. What a public client gets for a
// proof is bound to that key from then on (RFC 9449 section 5).
func (s *Server) rotate(now time.Time, c Client, old Refresh, read table.Record[Grant], terms Terms) (oauth.Token, error) {
	next := read.Value
	next.Generation++
	if c.TokenEndpointAuthMethod == oauth.AuthNone {
		next.Terms = boundTo(next.Terms, terms.Key)
	}
	t, err := s.issueMembers(now, c, old.Grant, next.Generation, unique.Make(terms))
	if err != nil {
		return oauth.Token{}, err
	}
	err = s.t.Grants.Swap(now, old.Grant, read, next, now.Add(s.grantLifetime()))
	switch {
	case errors.Is(err, table.ErrMoved): // another request rotated it: this one is a reuse
		return oauth.Token{}, s.reused(now, old.Grant)
	case err != nil:
		return oauth.Token{}, err
	}
	return t, nil
}

// reused kills the family.
func (s *Server) reused(now time.Time, grant table.Key) error {
	if err := take(now, s.t.Grants, grant); err != nil {
		return err
	}
	return oauth.E(oauth.InvalidGrant, "the refresh token was used before; its whole family is revoked, log in again")
}
