// RFC 9449: a token that is good only with a key, and the proof of the key
// that goes with each request.
package exchange

import (
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"mcp-auth/core/jose"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
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
	Key      string // read: thumbprint of the key that signed (RFC 9449 section 6.1)
	Alg      string // read: its algorithm

	hash string // read: ath
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

// ProofLife is how far from now, to either side, a proof may have been made.
const ProofLife = 5 * time.Minute

// Proofs counts the proofs of a request: more than one is a fault.
func Proofs(h message.Header) int { return h.Count("DPoP") }

// ReadDPoPProof reads and verifies the one proof of a request that was sent to
// url, and judges all that needs no memory (RFC 9449 section 4.3): shape, key,
// signature, method, URL, age. Nonce, name and token are the caller's to
// judge. An error is an *oauth.Error.
func ReadDPoPProof(m message.Request, url string, now time.Time) (DPoPProof, error) {
	if n := Proofs(m.Header); n != 1 {
		return DPoPProof{}, badProof("send one DPoP field, not " + strconv.Itoa(n))
	}
	text := m.Header.Get("DPoP")
	t, err := jose.Peek(text)
	if err != nil {
		return DPoPProof{}, badProof(err.Error())
	}
	key, err := jose.ReadPublic(t.Header.Get("jwk"))
	if err != nil {
		return DPoPProof{}, badProof("jwk of the header: " + err.Error())
	}
	key.ID = ""
	if t, err = jose.Verify(text, key); err != nil {
		return DPoPProof{}, badProof("it is not signed by the key in its header")
	}
	p := DPoPProof{Method: t.Text("htm"), URL: t.Text("htu"), Nonce: t.Text("nonce"), JTI: t.Text("jti"), IssuedAt: t.Time("iat"), Key: key.Thumbprint(), Alg: key.Alg, hash: t.Text("ath")}
	typ, _ := t.Header.Get("typ").Text()
	switch age := now.Sub(p.IssuedAt); {
	case typ != proofType:
		return DPoPProof{}, badProof("typ must be " + proofType)
	case p.JTI == "":
		return DPoPProof{}, badProof("jti is missing")
	case p.Method != m.Method:
		return DPoPProof{}, badProof("htm is not the method of the request")
	case !samePlace(p.URL, url):
		return DPoPProof{}, badProof("htu is not the URL of the request without query and fragment, " + proofURL(url))
	case p.IssuedAt.IsZero() || age > ProofLife || age < -ProofLife:
		return DPoPProof{}, badProof("iat must be within 5 minutes of now: is a clock wrong?")
	}
	return p, nil
}

func badProof(text string) *oauth.Error {
	return oauth.E(oauth.InvalidDPoPProof, "DPoP proof: "+text)
}

// samePlace compares as RFC 9449 section 4.3 says: scheme, host and port as
// they mean, the path byte for byte.
func samePlace(htu, url string) bool {
	a, err1 := message.ParseURL(htu)
	b, err2 := message.ParseURL(proofURL(url))
	return err1 == nil && err2 == nil && !a.HasQuery && a.Origin() == b.Origin() && a.Path == b.Path
}

// GoesWith reports whether the proof was made for a token (ath).
func (p DPoPProof) GoesWith(token string) bool {
	return oauth.SameSecret(p.hash, tokenHash(token))
}
