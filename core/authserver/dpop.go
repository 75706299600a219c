// RFC 9449: tokens that are bound to a key, and the proofs of it, at the token
// endpoint and at the resource.
package authserver

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"time"
	"unique"

	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// DPoP says whether tokens are bound to keys.
type DPoP string

const (
	DPoPOff      DPoP = "off"      // proofs are not looked at
	DPoPOptional DPoP = "optional" // who sends a proof gets a bound token
	DPoPRequired DPoP = "required" // nobody gets another
)

// proof checks the proof of a token request, after the client has proven
// itself, and returns its key; "" without one.
func (s *Server) proof(now time.Time, m message.Request, c Client) (key string, err error) {
	switch {
	case s.cfg.DPoP == DPoPOff && c.DPoPBound: // a document says so, or DPoP was on when the client registered
		return "", oauth.E(oauth.UnauthorizedClient, "the client takes bound tokens alone (dpop_bound_access_tokens), and DPoP is off here; start the server with --dpop optional")
	case s.cfg.DPoP == DPoPOff:
		return "", nil
	}
	if exchange.Proofs(m.Header) == 0 {
		if s.cfg.DPoP == DPoPRequired || c.DPoPBound {
			return "", oauth.E(oauth.InvalidDPoPProof, "tokens are bound to keys here: send a DPoP proof with the request")
		}
		return "", nil
	}
	p, err := s.checkProof(now, m)
	return p.Key, err
}

// checkProof also judges what needs memory: the nonce, and then the name,
// which is spent.
func (s *Server) checkProof(now time.Time, m message.Request) (exchange.DPoPProof, error) {
	p, err := exchange.ReadDPoPProof(m, s.origin+m.Path(), now)
	if err != nil {
		return exchange.DPoPProof{}, err
	}
	if !slices.Contains(s.cfg.Algorithms, p.Alg) {
		return exchange.DPoPProof{}, oauth.E(oauth.InvalidDPoPProof, "DPoP proof: alg must be one of dpop_signing_alg_values_supported, not "+p.Alg)
	}
	if s.cfg.DPoPNonce {
		if err := s.fresh(now, p.Nonce); err != nil {
			return exchange.DPoPProof{}, err
		}
	}
	return p, s.once(now, "proof "+p.Key+" "+p.JTI, p.IssuedAt.Add(exchange.ProofLife+time.Second),
		oauth.E(oauth.InvalidDPoPProof, "DPoP proof: it was used before; sign a new one for each request"))
}

// held checks that whoever sends a token holds the key it is bound to. Errors
// are *oauth.Error that ask for the scheme DPoP.
func (s *Server) held(now time.Time, m message.Request, c exchange.Credentials, a AccessToken) error {
	bound := func(e *oauth.Error) *oauth.Error {
		again := *e
		again.Bound = again.Code != oauth.TemporarilyUnavailable
		return &again
	}
	switch {
	case a.Key == "":
		return bound(oauth.E(oauth.InvalidToken, "the access token is not bound to a key"))
	case !c.DPoP:
		return bound(oauth.E(oauth.InvalidToken, "the access token is bound to a key: send it with the scheme DPoP and a proof"))
	}
	p, err := s.checkProof(now, m)
	switch {
	case err != nil:
		return bound(asError(err))
	case p.Key != a.Key:
		return bound(oauth.E(oauth.InvalidToken, "the proof is of another key than the access token's"))
	case !p.GoesWith(c.Token):
		return bound(oauth.E(oauth.InvalidDPoPProof, "DPoP proof: ath is not the hash of the access token"))
	}
	return nil
}

// boundTo are terms whose tokens are bound to a key.
func boundTo(terms unique.Handle[Terms], key string) unique.Handle[Terms] {
	if key == "" {
		return terms
	}
	t := terms.Value()
	t.Key = key
	return unique.Make(t)
}

// keyFor is the key a code is made for (RFC 9449 section 10).
func (s *Server) keyFor(r exchange.AuthorizationRequest) string {
	if s.cfg.DPoP == DPoPOff {
		return ""
	}
	return r.DPoPKey
}

// noncePeriod is how long one nonce is handed out; it is taken for one more.
const noncePeriod = 5 * time.Minute

// nonces are those that are good now, the one to hand out last (RFC 9449
// section 8). Each is of a secret that is kept with the keys, so that a server
// that starts anew takes what it has handed out.
func (s *Server) nonces(now time.Time) ([]string, error) {
	secrets, err := s.nonceRing.Seeds(now)
	all := make([]string, len(secrets))
	for i, secret := range secrets {
		sum := sha256.Sum256(append([]byte("nonce "), secret[:]...))
		all[i] = base64.RawURLEncoding.EncodeToString(sum[:16])
	}
	return all, err
}

// fresh says whether a proof has a nonce that is good.
func (s *Server) fresh(now time.Time, nonce string) error {
	all, err := s.nonces(now)
	if err != nil {
		return Unavailable(err)
	}
	for _, n := range all {
		if oauth.SameSecret(nonce, n) {
			return nil
		}
	}
	return &oauth.Error{Code: oauth.UseDPoPNonce, Nonce: all[len(all)-1], Description: "put the nonce of DPoP-Nonce into the proof"}
}
