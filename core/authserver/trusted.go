// RFC 7523 section 2.1: statements of others that are grants. A workload
// brings the token of its platform and needs no registration; a client brings
// an identity assertion authorization grant (ID-JAG) for its user and proves
// itself as ever.
package authserver

import (
	"strings"
	"time"
	"unique"

	"mcp-auth/core/exchange"
	"mcp-auth/core/jose"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/table"
)

// A Trusted is somebody whose statements are grants. Keys are given, not
// fetched.
type Trusted struct {
	Issuer string // iss, byte for byte. REQUIRED
	Users  bool   // an identity provider that issues ID-JAGs; else a platform of workloads
	Local  bool   // its subjects are this server's users; else they are told apart by the issuer
	Keys   func(now time.Time) ([]jose.PublicKey, error)
}

// subject is what a statement's subject is called here: two issuers may use
// one name for two parties.
func (t Trusted) subject(sub string) string {
	if t.Local {
		return sub
	}
	return t.Issuer + "|" + sub
}

// vouched reads the assertion of a request and checks its signature, that it
// lives, its audience, this issuer or, for a workload, its token endpoint, and
// that whoever brings it holds the key it is bound to, if it is. holder is the
// key that the request proves.
func (s *Server) vouched(now time.Time, text, holder string, users bool) (Trusted, exchange.Assertion, error) {
	bad := func(why string) (Trusted, exchange.Assertion, error) {
		return Trusted{}, exchange.Assertion{}, oauth.E(oauth.InvalidGrant, "assertion: "+why)
	}
	if text == "" {
		return Trusted{}, exchange.Assertion{}, oauth.E(oauth.InvalidRequest, "assertion is missing")
	}
	peeked, err := exchange.PeekAssertion(text)
	if err != nil {
		return bad(err.Error())
	}
	for _, t := range s.cfg.Trusted {
		if t.Issuer != peeked.Issuer || t.Users != users {
			continue
		}
		longest := exchange.LongestWorkload
		if users {
			longest = exchange.LongestAssertion
		}
		keys, err := t.Keys(now)
		if err != nil {
			return t, peeked, err
		}
		a, err := exchange.ReadAssertion(text, now, longest, keys)
		switch {
		case err != nil:
			return bad(err.Error())
		case a.Audience != s.cfg.Issuer && (users || a.Audience != s.cfg.Issuer+TokenPath):
			return bad("aud must be the issuer, " + s.cfg.Issuer)
		case a.Bound && s.cfg.DPoP == DPoPOff:
			return bad("cnf binds it to a key, and proofs are not looked at here; start the server with --dpop optional")
		case a.Bound && (a.Key == "" || a.Key != holder):
			return bad("cnf binds it to a key: send a DPoP proof of the key that cnf.jkt names")
		}
		return t, a, nil
	}
	return bad("iss is nobody whose statements are taken here")
}

// userGrant takes an ID-JAG from the client it was issued to, once.
func (s *Server) userGrant(now time.Time, c Client, r exchange.TokenRequest) (oauth.Token, error) {
	if c.TokenEndpointAuthMethod == oauth.AuthNone {
		return oauth.Token{}, oauth.E(oauth.UnauthorizedClient, "a grant for a user needs a confidential client")
	}
	t, a, err := s.vouched(now, r.Assertion, r.Key, true)
	if err != nil {
		return oauth.Token{}, err
	}
	switch {
	case a.Type != exchange.TypeIDJAG:
		err = oauth.E(oauth.InvalidGrant, "assertion: typ must be "+exchange.TypeIDJAG)
	case a.ClientID != r.Client.ClientID:
		err = oauth.E(oauth.InvalidGrant, "assertion: client_id is another client: it was issued to somebody else")
	case a.JTI == "":
		err = oauth.E(oauth.InvalidGrant, "assertion: jti is missing, and without it the grant could be used again")
	case a.Resource == "" && !a.Anywhere:
		err = oauth.E(oauth.InvalidTarget, "assertion: resource must name one resource")
	case a.Resource != "" && r.Resource != "" && !oauth.SameResource(a.Resource, r.Resource):
		err = oauth.E(oauth.InvalidTarget, "resource differs from the one in the assertion")
	}
	if err != nil {
		return oauth.Token{}, err
	}
	if a.Resource == "" {
		a.Resource = r.Resource
	}
	resource, bad := s.target(a.Resource)
	if bad != nil {
		return oauth.Token{}, bad
	}
	scope, bad := common(r.Scope, a.Scope, c.Scope)
	if bad != nil {
		return oauth.Token{}, bad
	}
	terms := Terms{Client: r.Client.ClientID, Subject: t.subject(a.Subject), Scope: scope, Resource: resource, Key: r.Key}
	token, err := s.issueAccess(now, Access{Terms: unique.Make(terms)}, terms)
	if err != nil {
		return oauth.Token{}, err
	}
	// Issued first and spent then, as a code is: what fails leaves the grant good.
	again := oauth.E(oauth.InvalidGrant, "assertion: it was used before; ask the identity provider for another")
	if err := s.once(now, "grant "+t.Issuer+" "+a.JTI, a.ExpiresAt, again); err != nil {
		_ = take(now, s.t.Access, table.KeyOf(token.AccessToken))
		return oauth.Token{}, err
	}
	return token, nil
}

// common is what request, assertion and registration have in common, where a
// broader value covers the narrower; each may leave it open. Nothing in common
// is invalid_scope.
func common(asked, vouched, registered string) (string, *oauth.Error) {
	var kept []string
	allowed, _ := oauth.ParseScope(registered)
	first := asked
	if first == "" {
		first = vouched
	}
	if first == "" {
		first = oauth.ScopeRead
	}
	values, err := oauth.ParseScope(first)
	if err != nil {
		return "", oauth.E(oauth.InvalidScope, err.Error())
	}
	limit, err := oauth.ParseScope(vouched)
	if err != nil {
		return "", oauth.E(oauth.InvalidScope, "assertion: "+err.Error())
	}
	for _, v := range values {
		if oauth.KnownScope(v) && oauth.Covers(allowed, v) && (vouched == "" || oauth.Covers(limit, v)) {
			kept = append(kept, v)
		}
	}
	if len(kept) == 0 {
		return "", oauth.E(oauth.InvalidScope, "request, assertion and client have no scope in common")
	}
	return strings.Join(kept, " "), nil
}

// workloadScope is what a workload may have: nobody consents.
const workloadScope = oauth.ScopeRead + " " + oauth.ScopeWrite

// workload serves a request of somebody who is registered nowhere. Its
// platform's token is good as long as it lives, and as often.
func (s *Server) workload(now time.Time, m message.Request, r exchange.TokenRequest) message.Response {
	key, err := s.proof(now, m, Client{})
	if err != nil {
		return fail(err, false)
	}
	t, a, err := s.vouched(now, r.Assertion, key, false)
	if err != nil {
		return fail(err, false)
	}
	resource, bad := s.target(r.Resource)
	if bad != nil {
		return fail(bad, false)
	}
	scope, bad := common(r.Scope, "", workloadScope)
	if bad != nil {
		return fail(bad, false)
	}
	terms := Terms{Client: t.subject(a.Subject), Subject: t.subject(a.Subject), Scope: scope, Resource: resource, Key: key}
	token, err := s.issueAccess(now, Access{Terms: unique.Make(terms)}, terms)
	if err != nil {
		return fail(err, false)
	}
	return exchange.TokenReply(token)
}
