// RFC 7636: proof key for code exchange, S256 only.
package oauth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"io"
)

// S256 is the one challenge method served and used (RFC 7636 section 4.2).
const S256 = "S256"

// Challenge returns the S256 challenge of a verifier (RFC 7636 section 4.2).
func Challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// CheckVerifier says whether v is a verifier: 43 to 128 unreserved characters
// (RFC 7636 section 4.1).
func CheckVerifier(v string) error {
	if len(v) < 43 || len(v) > 128 {
		return errors.New("code_verifier must have 43 to 128 characters")
	}
	for i := 0; i < len(v); i++ {
		if !alphanumeric(v[i]) && v[i] != '-' && v[i] != '.' && v[i] != '_' && v[i] != '~' {
			return errors.New("code_verifier may only have letters, digits and - . _ ~")
		}
	}
	return nil
}

// CheckChallenge says whether c can be an S256 challenge: 43 characters of
// base64url (RFC 7636 section 4.2).
func CheckChallenge(c string) error {
	if len(c) != 43 {
		return errors.New("code_challenge must be the 43 characters of base64url(SHA-256(code_verifier))")
	}
	for i := 0; i < len(c); i++ {
		if !alphanumeric(c[i]) && c[i] != '-' && c[i] != '_' {
			return errors.New("code_challenge must be base64url without padding")
		}
	}
	return nil
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// VerifierMatches compares in constant time (RFC 7636 section 4.6).
func VerifierMatches(verifier, challenge string) bool {
	return subtle.ConstantTimeCompare([]byte(Challenge(verifier)), []byte(challenge)) == 1
}

// NewVerifier makes a verifier of 43 characters from 32 random bytes.
func NewVerifier(random io.Reader) (string, error) { return RandomText(random, 32) }

// RandomText returns n random bytes as base64url without padding.
func RandomText(random io.Reader, n int) (string, error) {
	length := base64.RawURLEncoding.EncodedLen(n)
	b := make([]byte, length+n)
	if _, err := io.ReadFull(random, b[length:]); err != nil {
		return "", err
	}
	base64.RawURLEncoding.Encode(b[:length], b[length:])
	return string(b[:length]), nil
}

// SameSecret compares two secrets in constant time; their lengths may show.
func SameSecret(a, b string) bool {
	return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}
