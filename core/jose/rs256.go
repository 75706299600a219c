//go:build !page

// RFC 7518 sections 3.3 and 6.3: RS256, keys of kind RSA. Foreign
// ones are read as PEM by hosts; a JWK of theirs has public members alone.
package jose

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"io"
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

// halfRSA is the length of a prime of the keys that are made here, in bytes.
const halfRSA = smallestRSA / 2 / 8

// fresh makes a key of 2,048 bits, which takes a while: a tenth of a second,
// and several times that as WebAssembly. crypto/rsa brings its own randomness
// and leaves random alone.
func (rs256) fresh(random io.Reader) ([]byte, error) {
	k, err := rsa.GenerateKey(random, smallestRSA)
	if err != nil {
		return nil, err
	}
	primes := make([]byte, 2*halfRSA)
	k.Primes[0].FillBytes(primes[:halfRSA])
	k.Primes[1].FillBytes(primes[halfRSA:])
	return primes, nil
}

func (rs256) private(primes []byte) (crypto.Signer, error) {
	if len(primes) != 2*halfRSA {
		return nil, errors.New("RSA keys are read as PEM, not as JWK")
	}
	p, q := new(big.Int).SetBytes(primes[:halfRSA]), new(big.Int).SetBytes(primes[halfRSA:])
	k := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537}, Primes: []*big.Int{p, q}}
	one := big.NewInt(1)
	k.D = new(big.Int).ModInverse(big.NewInt(int64(k.E)), new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one)))
	if k.D == nil {
		return nil, errors.New("the numbers are not the primes of an RSA key")
	}
	k.Precompute()
	return k, k.Validate()
}

func (rs256) secret(crypto.Signer) []byte { return nil }
