// Algorithms, and what belongs to each: its kind of key, and how that is
// written, read and used (RFC 7518, RFC 8037). An algorithm is a file.
package jose

import (
	"crypto"
	"io"

	"mcp-auth/core/message"
)

// Algorithms (RFC 7518 section 3.1, RFC 8037 section 3.1). "none" and the
// symmetric ones are not served.
const (
	ES256 = "ES256"
	EdDSA = "EdDSA"
	RS256 = "RS256"
)

// Algorithms lists what is verified in this build, the preferred one first.
var Algorithms = algorithms()

func algorithms() (all []string) {
	for _, k := range kinds {
		all = append(all, k.alg())
	}
	return all
}

// A kind is one algorithm with its kind of key.
type kind interface {
	alg() string
	// fits reports whether a key of the standard library is of this kind, and
	// as large as it must be.
	fits(crypto.PublicKey) bool
	// members are the public members of the JWK in the order of RFC 7638.
	members(crypto.PublicKey) []message.Member
	verifies(key crypto.PublicKey, input, sig []byte) bool
	// read reads the public members; ok says that kty and crv are of this kind.
	// What is wrong with them stands in the reader.
	read(r *reader) (key crypto.PublicKey, ok bool)

	sign(key crypto.Signer, input []byte) ([]byte, error)
	// fresh makes what private makes a new key of: d, 32 bytes, or of RSA both
	// primes. secret is that d, nil for a key that is never written as JWK.
	fresh(random io.Reader) ([]byte, error)
	private(secret []byte) (crypto.Signer, error)
	secret(crypto.Signer) []byte
}

func kindOf(alg string) kind {
	for _, k := range kinds {
		if k.alg() == alg {
			return k
		}
	}
	return nil
}
