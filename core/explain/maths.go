// The arithmetic that a reader can check: PKCE (RFC 7636 section 4.2) and the
// parts of a JSON Web Token (RFC 7519), which is decoded and not verified.
package explain

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"mcp-auth/core/message"
	"mcp-auth/core/trace"
)

// PKCE is the way from the verifier to the challenge.
type PKCE struct {
	Verifier  string
	Digest    []byte // SHA-256 of the verifier's ASCII
	Challenge string // base64url of the digest, without padding
	Sent      string // the challenge that was sent; empty: none yet
}

// Hex is the digest for people.
func (p PKCE) Hex() string {
	const digits = "0123456789abcdef"
	var b []byte
	for _, x := range p.Digest {
		b = append(b, digits[x>>4], digits[x&15])
	}
	return string(b)
}

// PKCEOf finds verifier and challenge in a run; false when either is missing
// or only its label is known.
func PKCEOf(events []trace.Event) (p PKCE, ok bool) {
	for _, ev := range events {
		for _, x := range Params(ev) {
			switch x.Name {
			case "code_verifier":
				p.Verifier = x.Value
			case "code_challenge":
				p.Sent = x.Value
			}
		}
	}
	if p.Verifier == "" || strings.HasPrefix(p.Verifier, "<") {
		return PKCE{}, false
	}
	sum := sha256.Sum256([]byte(p.Verifier))
	p.Digest, p.Challenge = sum[:], base64.RawURLEncoding.EncodeToString(sum[:])
	return p, true
}

// JWT is what a token says, to whoever it is meant for.
type JWT struct{ Header, Claims message.Value }

// ReadJWT takes a token apart; false when it is none.
func ReadJWT(token string) (j JWT, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return j, false
	}
	for i, to := range [...]*message.Value{&j.Header, &j.Claims} {
		b, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			return j, false
		}
		if *to, err = message.ParseJSON(b); err != nil || to.Kind() != message.Object {
			return j, false
		}
	}
	return j, true
}
