// RFC 9068: access tokens as JWTs. The server itself looks them up like any
// other: what is signed is for resources elsewhere, so revocation is as prompt
// as with opaque ones.
package authserver

import (
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/keyring"
	"mcp-auth/core/message"
)

// TokenFormat is what access tokens look like.
type TokenFormat string

const (
	FormatOpaque TokenFormat = "opaque" // random text
	FormatJWT    TokenFormat = "jwt"    // RFC 9068
)

// newRing keeps each key published until the last token it signed is dead.
func (s *Server) newRing() *keyring.Ring {
	return &keyring.Ring{Name: "access", Alg: s.cfg.TokenAlg, Keys: s.t.Keys, Random: s.cfg.Random, Every: s.cfg.Lifetimes.Key, Keep: s.cfg.Lifetimes.Access}
}

// signed is a token of terms, with a name nobody can guess.
func (s *Server) signed(now time.Time, t Terms, name string) (string, error) {
	k, err := s.ring.Signer(now)
	if err != nil {
		return "", err
	}
	return exchange.AccessClaims{Issuer: s.cfg.Issuer, Subject: t.Subject, Audience: t.Resource, ClientID: t.Client, Scope: t.Scope, Key: t.Key,
		JTI: name, IssuedAt: now, ExpiresAt: now.Add(s.cfg.Lifetimes.Access)}.Sign(k)
}

// JWKS serves GET /oauth/jwks: the keys that verify what lives.
func (s *Server) JWKS(now time.Time, _ message.Request) message.Response {
	keys, err := s.ring.Public(now)
	if err != nil {
		return fail(err, false)
	}
	return exchange.KeysReply(keys)
}
