// RFC 8037: EdDSA over Ed25519, keys of kind OKP.
package jose

import (
	"crypto"
	"crypto/ed25519"
	"io"

	"mcp-auth/core/message"
)

type eddsa struct{}

func (eddsa) alg() string { return EdDSA }

func (eddsa) fits(key crypto.PublicKey) bool {
	k, ok := key.(ed25519.PublicKey)
	return ok && len(k) == ed25519.PublicKeySize
}

func (eddsa) members(key crypto.PublicKey) []message.Member {
	return []message.Member{text("crv", "Ed25519"), text("kty", "OKP"), text("x", encode(key.(ed25519.PublicKey)))}
}

func (eddsa) verifies(key crypto.PublicKey, input, sig []byte) bool {
	return ed25519.Verify(key.(ed25519.PublicKey), input, sig)
}

func (eddsa) read(r *reader) (crypto.PublicKey, bool) {
	if r.text("kty") != "OKP" || r.text("crv") != "Ed25519" {
		return nil, false
	}
	return ed25519.PublicKey(r.bytes("x", ed25519.PublicKeySize)), true
}

func (eddsa) sign(key crypto.Signer, input []byte) ([]byte, error) {
	return ed25519.Sign(key.(ed25519.PrivateKey), input), nil
}

func (eddsa) fresh(random io.Reader) ([]byte, error) {
	d := make([]byte, ed25519.SeedSize)
	_, err := io.ReadFull(random, d)
	return d, err
}

func (eddsa) private(d []byte) (crypto.Signer, error) {
	if len(d) != ed25519.SeedSize {
		return nil, errKey
	}
	return ed25519.NewKeyFromSeed(d), nil
}

func (eddsa) secret(key crypto.Signer) []byte { return key.(ed25519.PrivateKey).Seed() }

// FromSeed is the Ed25519 key of a seed (RFC 8032 section 5.1.5).
func FromSeed(seed [ed25519.SeedSize]byte) (PrivateKey, error) {
	return NewPrivate("", ed25519.NewKeyFromSeed(seed[:]))
}
