//go:build !page

// RFC 7518 sections 3.3 and 6.3: RS256, keys of kind RSA. They are read as
// PEM by hosts; a JWK of theirs has public members alone.
package jose

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"math/big"

	"mcp-auth/core/message"
)

// Sizes of RSA moduli, in bits.
const (
	smallestRSA = 2048
	largestRSA  = 4096
)

type rs256 struct{}

func (rs256) alg() string { return RS256 }

func (rs256) fits(key crypto.PublicKey) bool {
	k, ok := key.(*rsa.PublicKey)
	return ok && k.N.BitLen() >= smallestRSA && k.N.BitLen() <= largestRSA && k.E >= 3 && k.E%2 == 1
}

func (rs256) members(key crypto.PublicKey) []message.Member {
	k := key.(*rsa.PublicKey)
	return []message.Member{text("e", encode(big.NewInt(int64(k.E)).Bytes())), text("kty", "RSA"), text("n", encode(k.N.Bytes()))}
}

func (rs256) verifies(key crypto.PublicKey, input, sig []byte) bool {
	digest := sha256.Sum256(input)
	return rsa.VerifyPKCS1v15(key.(*rsa.PublicKey), crypto.SHA256, digest[:], sig) == nil
}

func (rs256) read(r *reader) (crypto.PublicKey, bool) {
	if r.text("kty") != "RSA" {
		return nil, false
	}
	n, e := r.bytes("n", 0), r.bytes("e", 0)
	if r.fault == nil && (len(e) > 4 || len(n) > largestRSA/8) {
		r.fault = errKey
	}
	if r.fault != nil {
		return nil, true
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}, true
}

func (rs256) sign(key crypto.Signer, input []byte) ([]byte, error) {
	digest := sha256.Sum256(input)
	return key.Sign(nil, digest[:], crypto.SHA256)
}

func (rs256) private([]byte) (crypto.Signer, error) {
	return nil, errors.New("RSA keys are read as PEM, not as JWK")
}

func (rs256) secret(crypto.Signer) []byte { return nil }
