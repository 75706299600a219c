// Package jose signs and verifies compact JWS (RFC 7515) with the three
// algorithms that matter here, and reads and writes their keys as JWK
// (RFC 7517, RFC 7518 section 6, RFC 8037). It is strict: an algorithm belongs
// to a kind of key, and nothing in a token says where its key is.
package jose

import (
	"crypto"
	"crypto/sha256"
	"errors"
	"io"

	"mcp-auth/core/message"
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

// NewPrivate takes a key of the standard library.
func NewPrivate(id string, key crypto.Signer) (PrivateKey, error) {
	public, err := NewPublic(id, key.Public())
	return PrivateKey{public, key}, err
}

// NewPublic takes a key of the standard library.
func NewPublic(id string, key crypto.PublicKey) (PublicKey, error) {
	for _, k := range kinds {
		if k.fits(key) {
			return PublicKey{id, k.alg(), key}, nil
		}
	}
	return PublicKey{}, errKey
}

// Generate makes a key.
func Generate(alg string, random io.Reader) (PrivateKey, error) {
	secret, err := NewSecret(alg, random)
	if err != nil {
		return PrivateKey{}, err
	}
	return FromSecret(alg, secret)
}

// NewSecret makes the secret of a new key, for who keeps keys as bytes.
func NewSecret(alg string, random io.Reader) ([]byte, error) {
	kind := kindOf(alg)
	if kind == nil {
		return nil, errors.New("there are no keys of " + alg + " in this build")
	}
	return kind.fresh(random)
}

// FromSecret is the key of a secret that NewSecret made.
func FromSecret(alg string, secret []byte) (PrivateKey, error) {
	kind := kindOf(alg)
	if kind == nil {
		return PrivateKey{}, errors.New("there are no keys of " + alg + " in this build")
	}
	k, err := kind.private(secret)
	if err != nil {
		return PrivateKey{}, err
	}
	return NewPrivate("", k)
}

// Public returns what verifies.
func (k PrivateKey) Public() PublicKey { return k.PublicKey }

func text(name, s string) message.Member { return message.M(name, message.Str(s)) }

// members are the public members of a JWK in the order of RFC 7638.
func (k PublicKey) members() []message.Member {
	if kind := kindOf(k.Alg); kind != nil {
		return kind.members(k.key)
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
		members = append(members, text("kid", k.ID), text("alg", k.Alg), text("use", "sig"))
	}
	return message.Obj(members...)
}

// JWK writes the key with its private part, which is a secret. RSA keys stay
// in the file they came from: nothing is written.
func (k PrivateKey) JWK() message.Value {
	if k.signer == nil {
		return message.Value{}
	}
	d := kindOf(k.Alg).secret(k.signer)
	if d == nil {
		return message.Value{}
	}
	return message.Obj(append(k.PublicKey.JWK().Members(), text("d", encode(d)))...)
}

// Set writes a JWK Set (RFC 7517 section 5).
func Set(keys ...PublicKey) message.Value {
	all := make([]message.Value, len(keys))
	for i, k := range keys {
		all[i] = k.JWK()
	}
	return message.Obj(message.M("keys", message.Arr(all...)))
}
