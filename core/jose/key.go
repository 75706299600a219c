//go:build !page

// Package jose signs and verifies compact JWS (RFC 7515) with the three
// algorithms that matter here, and reads and writes their keys as JWK
// (RFC 7517, RFC 7518 section 6, RFC 8037). It is strict: an algorithm belongs
// to a kind of key, and nothing in a token says where its key is.
package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"io"
	"math/big"

	"mcp-auth/core/message"
)

// Algorithms (RFC 7518 section 3.1, RFC 8037 section 3.1). "none" and the
// symmetric ones are not served.
const (
	ES256 = "ES256"
	EdDSA = "EdDSA"
	RS256 = "RS256"
)

// Algorithms lists what is verified, the preferred one first.
var Algorithms = []string{ES256, EdDSA, RS256}

// Sizes of RSA moduli, in bits.
const (
	smallestRSA = 2048
	largestRSA  = 4096
)

// A PublicKey verifies.
type PublicKey struct {
	ID  string // kid; may be empty
	Alg string
	key crypto.PublicKey
}

// A PrivateKey signs. Its zero value is no key.
type PrivateKey struct {
	PublicKey
	signer crypto.Signer
}

// IsZero reports whether there is no key.
func (k PrivateKey) IsZero() bool { return k.signer == nil }

// Format keeps a key out of texts.
func (k PrivateKey) String() string { return "<private key " + k.Alg + ">" }

// GoString is String.
func (k PrivateKey) GoString() string { return k.String() }

var errKey = errors.New("the key must be an EC key on P-256, an Ed25519 key, or an RSA key of 2048 to 4096 bits")

// NewPrivate takes a key of the standard library.
func NewPrivate(id string, key crypto.Signer) (PrivateKey, error) {
	public, err := NewPublic(id, key.Public())
	return PrivateKey{public, key}, err
}

// NewPublic takes a key of the standard library.
func NewPublic(id string, key crypto.PublicKey) (PublicKey, error) {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			return PublicKey{id, ES256, k}, nil
		}
	case ed25519.PublicKey:
		if len(k) == ed25519.PublicKeySize {
			return PublicKey{id, EdDSA, k}, nil
		}
	case *rsa.PublicKey:
		if n := k.N.BitLen(); n >= smallestRSA && n <= largestRSA && k.E >= 3 && k.E%2 == 1 {
			return PublicKey{id, RS256, k}, nil
		}
	}
	return PublicKey{}, errKey
}

// Generate makes a key of ES256 or EdDSA.
func Generate(alg string, random io.Reader) (PrivateKey, error) {
	b := make([]byte, 32)
	for range 100 { // a number beyond the curve's order is met once in 2^32
		if _, err := io.ReadFull(random, b); err != nil {
			return PrivateKey{}, err
		}
		if alg == EdDSA {
			return NewPrivate("", ed25519.NewKeyFromSeed(b))
		}
		if k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), b); err == nil {
			return NewPrivate("", k)
		}
	}
	return PrivateKey{}, errors.New("no key came of the randomness")
}

// Public returns what verifies.
func (k PrivateKey) Public() PublicKey { return k.PublicKey }

// members are the public members of a JWK in the order of RFC 7638.
func (k PublicKey) members() []message.Member {
	text := func(name string, b []byte) message.Member {
		return message.M(name, message.Str(encode(b)))
	}
	str := func(name, s string) message.Member { return message.M(name, message.Str(s)) }
	switch key := k.key.(type) {
	case *ecdsa.PublicKey:
		point, _ := key.Bytes() // 4, x, y
		return []message.Member{str("crv", "P-256"), str("kty", "EC"), text("x", point[1:33]), text("y", point[33:])}
	case ed25519.PublicKey:
		return []message.Member{str("crv", "Ed25519"), str("kty", "OKP"), text("x", key)}
	case *rsa.PublicKey:
		return []message.Member{text("e", big.NewInt(int64(key.E)).Bytes()), str("kty", "RSA"), text("n", key.N.Bytes())}
	}
	return nil
}

// Thumbprint is the key's name that follows from the key (RFC 7638 section 3).
func (k PublicKey) Thumbprint() string {
	sum := sha256.Sum256(message.Obj(k.members()...).Append(nil))
	return encode(sum[:])
}

// JWK writes the key (RFC 7517 section 4): with kid, alg and use where it has
// an ID, bare where it has none.
func (k PublicKey) JWK() message.Value {
	members := k.members()
	if k.ID != "" {
		members = append(members, message.M("kid", message.Str(k.ID)), message.M("alg", message.Str(k.Alg)), message.M("use", message.Str("sig")))
	}
	return message.Obj(members...)
}

// JWK writes the key with its private part, which is a secret.
func (k PrivateKey) JWK() message.Value {
	members := k.PublicKey.JWK().Members()
	switch key := k.signer.(type) {
	case *ecdsa.PrivateKey:
		d, _ := key.Bytes()
		members = append(members, message.M("d", message.Str(encode(d))))
	case ed25519.PrivateKey:
		members = append(members, message.M("d", message.Str(encode(key.Seed()))))
	default:
		return message.Value{} // RSA keys stay in the file they came from
	}
	return message.Obj(members...)
}

// Set writes a JWK Set (RFC 7517 section 5).
func Set(keys ...PublicKey) message.Value {
	all := make([]message.Value, len(keys))
	for i, k := range keys {
		all[i] = k.JWK()
	}
	return message.Obj(message.M("keys", message.Arr(all...)))
}

// FromSeed is the Ed25519 key of a seed (RFC 8032 section 5.1.5).
func FromSeed(seed [ed25519.SeedSize]byte) (PrivateKey, error) {
	return NewPrivate("", ed25519.NewKeyFromSeed(seed[:]))
}
