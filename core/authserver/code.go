// RFC 6749 section 4.1.3 and RFC 7636 section 4.6: a code is redeemed once.
package authserver

import (
	"errors"
	"time"
	"unique"

	"mcp-auth/core/exchange"
	"mcp-auth/core/oauth"
	"mcp-auth/core/table"
)

var errCode = oauth.E(oauth.InvalidGrant, "the code is unknown, expired, used, or another client's; start the authorization again")

// codeGrant redeems a code: lookup, binding, consumption, and only then an
// answer. A failed binding consumes nothing and revokes nothing; a replay
// with everything right kills what the code issued
// (OAuth 2.1 sections 4.1.3 and 7.5.2).
func (s *Server) codeGrant(now time.Time, c Client, r exchange.TokenRequest) (oauth.Token, error) {
	if r.Code == "" {
		return oauth.Token{}, oauth.E(oauth.InvalidRequest, "code is missing")
	}
	key := table.KeyOf(r.Code)
	read, err := s.t.Codes.Get(now, key)
	if errors.Is(err, table.ErrMissing) {
		return oauth.Token{}, errCode
	}
	if err != nil {
		return oauth.Token{}, err
	}
	if err := bound(read.Value, r); err != nil {
		return oauth.Token{}, err
	}
	if read.Value.Grant != (table.Key{}) {
		return oauth.Token{}, s.replayed(now, read.Value.Grant)
	}
	return s.redeem(now, c, key, read, boundTo(read.Value.Terms, r.Key))
}

// bound checks that the code was made for this request.
func bound(code Code, r exchange.TokenRequest) error {
	terms := code.Terms.Value()
	switch {
	case terms.Client != r.Client.ClientID:
		return errCode
	case r.RedirectURI != "" && r.RedirectURI != code.RedirectURI:
		return oauth.E(oauth.InvalidGrant, "redirect_uri differs from the one of the authorization request")
	case r.CodeVerifier == "":
		return oauth.E(oauth.InvalidGrant, "code_verifier is missing: send the one code_challenge was made of")
	case oauth.CheckVerifier(r.CodeVerifier) != nil:
		return oauth.E(oauth.InvalidGrant, oauth.CheckVerifier(r.CodeVerifier).Error())
	case !oauth.VerifierMatches(r.CodeVerifier, code.Challenge):
		return oauth.E(oauth.InvalidGrant, "code_verifier does not match code_challenge")
	case terms.Key != "" && terms.Key != r.Key:
		return oauth.E(oauth.InvalidGrant, "the code is for the key named by dpop_jkt: send a proof of that key")
	case r.Resource != "" && !oauth.SameResource(r.Resource, terms.Resource):
		return oauth.E(oauth.InvalidTarget, "resource differs from the one of the authorization request")
	}
	return nil
}

// redeem issues first and consumes then, so that the loser of a race finds a
// grant to revoke and a failing storage leaves the code as it was.
func (s *Server) redeem(now time.Time, c Client, key table.Key, read table.Record[Code], terms unique.Handle[Terms]) (oauth.Token, error) {
	t, grant, err := s.issueGrant(now, c, terms)
	if err != nil {
		return oauth.Token{}, err
	}
	spent := read.Value
	spent.Grant = grant
	err = s.t.Codes.Swap(now, key, read, spent, s.remembered(now, read.Expires))
	if err == nil {
		return t, nil
	}
	_ = take(now, s.t.Grants, grant)
	if !errors.Is(err, table.ErrMoved) {
		return oauth.Token{}, err
	}
	winner, err := s.t.Codes.Get(now, key)
	if errors.Is(err, table.ErrMissing) {
		return oauth.Token{}, errCode
	}
	if err != nil {
		return oauth.Token{}, err
	}
	return oauth.Token{}, s.replayed(now, winner.Value.Grant)
}

// longestMemory is how long a spent code is remembered at most.
const longestMemory = 10 * time.Minute

// remembered is until when a spent code is, so that a replay is known for one:
// as long as the access token that it gave lives, within bounds. They share
// the table with the codes that are good, and leave half of it to them: while
// it is fuller, a code is forgotten when it would have expired.
func (s *Server) remembered(now, expires time.Time) time.Time {
	until := now.Add(min(s.cfg.Lifetimes.Access, longestMemory))
	if until.Before(expires) || s.t.Codes.Len() > s.cfg.Limits.Codes/2 {
		return expires
	}
	return until
}

// replayed kills everything that came from a code.
func (s *Server) replayed(now time.Time, grant table.Key) error {
	if err := take(now, s.t.Grants, grant); err != nil {
		return err
	}
	return oauth.E(oauth.InvalidGrant, "the code was used before; every token issued from it is revoked")
}
