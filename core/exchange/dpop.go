// RFC 9449: a token that is good only with a key, and the proof of the key
// that goes with each request.
package exchange

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"mcp-auth/core/jose"
	"mcp-auth/core/message"
)

// proofType is the typ of a proof (RFC 9449 section 4.2).
const proofType = "dpop+jwt"

// A DPoPProof is what one proof says.
type DPoPProof struct {
	Method   string // htm
	URL      string // of the request; htu is without query and fragment
	Nonce    string // the server's, where it gave one
	Token    string // the access token it goes with, at the resource
	JTI      string // never used before
	IssuedAt time.Time
}

// Sign makes the proof.
func (p DPoPProof) Sign(k jose.PrivateKey) (string, error) {
	claims := []message.Member{
		message.M("jti", message.Str(p.JTI)),
		message.M("htm", message.Str(p.Method)),
		message.M("htu", message.Str(proofURL(p.URL))),
		message.M("iat", message.Num(p.IssuedAt.Unix())),
	}
	if p.Token != "" {
		claims = append(claims, message.M("ath", message.Str(tokenHash(p.Token))))
	}
	if p.Nonce != "" {
		claims = append(claims, message.M("nonce", message.Str(p.Nonce)))
	}
	k.ID = "" // the header carries the key itself
	return k.Sign(message.Obj(claims...), message.M("typ", message.Str(proofType)), message.M("jwk", k.PublicKey.JWK()))
}

func proofURL(url string) string {
	if i := strings.IndexAny(url, "?#"); i >= 0 {
		return url[:i]
	}
	return url
}

// tokenHash is ath (RFC 9449 section 4.2).
func tokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// DPoPHeader is the Authorization value that carries a bound token (RFC 9449
// section 7.1).
func DPoPHeader(token string) string { return "DPoP " + token }

// WantedNonce is the nonce that an answer asks to be used (RFC 9449 sections 8
// and 9), "" when it asks for none. A nonce that cannot be a header value is
// none.
func WantedNonce(h message.Header) string {
	n := h.Get("DPoP-Nonce")
	if len(n) > 512 || !visible(n) {
		return ""
	}
	return n
}
