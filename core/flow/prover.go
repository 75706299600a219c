// What a client proves with keys: who it is (RFC 7523), and that a token is
// its own (RFC 9449).
package flow

import (
	"crypto/sha256"
	"encoding/base64"
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/jose"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// A Prover holds the keys of one run. Seed makes each proof unlike any other.
type Prover struct {
	ClientKey jose.PrivateKey // for private_key_jwt
	DPoPKey   jose.PrivateKey // for bound tokens
	DPoP      bool            // bind tokens even where nobody asks for it
	Seed      string          // random, at least 128 bits; needed where there is a key

	used  int
	nonce [2]string // of the authorization server and of the resource
}

// Whose nonce is meant.
const (
	ofServer = iota
	ofResource
)

// jti is a name that was never used: the seed is random, the count moves on.
func (p *Prover) jti() string {
	p.used++
	sum := sha256.Sum256([]byte(p.Seed + " " + message.Decimal(int64(p.used))))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// assertion adds the signed proof where the client proves itself with a key.
func (p *Prover) assertion(a exchange.ClientAuth, issuer string, now time.Time) exchange.ClientAuth {
	if a.Method == oauth.AuthKey {
		a.JWT, _ = exchange.ClientAssertion(p.ClientKey, a.ClientID, issuer, p.jti(), now)
	}
	return a
}

// prove adds the proof that goes with a request. token is empty at the
// authorization server.
func (p *Prover) prove(r message.Request, whose int, token string, now time.Time) message.Request {
	proof, err := exchange.DPoPProof{Method: r.Method, URL: r.URL, Nonce: p.nonce[whose], Token: token, JTI: p.jti(), IssuedAt: now}.Sign(p.DPoPKey)
	if err == nil {
		r.Header = r.Header.With("DPoP", proof)
	}
	return r
}

// heard keeps the nonce of an answer, and reports whether it is a new one
// that the server wants used.
func (p *Prover) heard(h message.Header, whose int) (fresh bool) {
	n := exchange.WantedNonce(h)
	fresh = n != "" && n != p.nonce[whose]
	if n != "" {
		p.nonce[whose] = n
	}
	return fresh
}
