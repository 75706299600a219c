//go:build !page

// RFC 7518 sections 3.4 and 6.2: ES256, ECDSA over P-256, keys of kind EC.
package jose

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"errors"
	"io"
	"math/big"

	"mcp-auth/core/message"
)

type es256 struct{}

func (es256) alg() string { return ES256 }

func (es256) fits(key crypto.PublicKey) bool {
	k, ok := key.(*ecdsa.PublicKey)
	return ok && k.Curve == elliptic.P256()
}

func (es256) members(key crypto.PublicKey) []message.Member {
	point, _ := key.(*ecdsa.PublicKey).Bytes() // 4, x, y
	return []message.Member{text("crv", "P-256"), text("kty", "EC"), text("x", encode(point[1:33])), text("y", encode(point[33:]))}
}

func (es256) verifies(key crypto.PublicKey, input, sig []byte) bool {
	digest := sha256.Sum256(input)
	return len(sig) == 64 && ecdsa.Verify(key.(*ecdsa.PublicKey), digest[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:]))
}

func (es256) read(r *reader) (crypto.PublicKey, bool) {
	if r.text("kty") != "EC" || r.text("crv") != "P-256" {
		return nil, false
	}
	x, y := r.bytes("x", 32), r.bytes("y", 32)
	if r.fault != nil {
		return nil, true
	}
	k, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), bytes.Join([][]byte{{4}, x, y}, nil))
	if err != nil {
		r.fault = errors.New("the key's point is not on P-256")
	}
	return k, true
}

// sign is deterministic (RFC 6979).
func (es256) sign(key crypto.Signer, input []byte) ([]byte, error) {
	digest := sha256.Sum256(input)
	der, err := key.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	return flat(der)
}

func (e es256) fresh(random io.Reader) ([]byte, error) {
	d := make([]byte, 32)
	for range 100 { // a number beyond the curve's order is met once in 2^32
		if _, err := io.ReadFull(random, d); err != nil {
			return nil, err
		}
		if _, err := e.private(d); err == nil {
			return d, nil
		}
	}
	return nil, errors.New("no key came of the randomness")
}

func (es256) private(d []byte) (crypto.Signer, error) {
	return ecdsa.ParseRawPrivateKey(elliptic.P256(), d)
}

func (es256) secret(key crypto.Signer) []byte {
	d, _ := key.(*ecdsa.PrivateKey).Bytes()
	return d
}

// flat turns an ASN.1 signature into R and S, 32 bytes each (RFC 7518 section
// 3.4).
func flat(der []byte) ([]byte, error) {
	bad := errors.New("the signer made no ECDSA signature")
	if len(der) < 8 || der[0] != 0x30 || int(der[1]) != len(der)-2 {
		return nil, bad
	}
	out := make([]byte, 64)
	rest := der[2:]
	for _, half := range [][]byte{out[:32], out[32:]} {
		if len(rest) < 2 || rest[0] != 2 || int(rest[1]) > len(rest)-2 {
			return nil, bad
		}
		n := new(big.Int).SetBytes(rest[2 : 2+rest[1]])
		if n.BitLen() > 256 {
			return nil, bad
		}
		n.FillBytes(half)
		rest = rest[2+rest[1]:]
	}
	return out, nil
}
