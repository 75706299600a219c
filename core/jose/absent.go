//go:build page

// Package jose without keys: the page's client has none, and elliptic curves
// and RSA would make its download a third larger. No key can be made or read
// here, so nothing is ever signed.
package jose

import (
	"errors"
	"io"

	"mcp-auth/core/message"
)

// Algorithms of the whole package.
const (
	ES256 = "ES256"
	EdDSA = "EdDSA"
	RS256 = "RS256"
)

var errAbsent = errors.New("keys are not part of the page: use the command line")

// A PublicKey verifies.
type PublicKey struct{ ID, Alg string }

// A PrivateKey signs. Its zero value is no key, and here there is no other.
type PrivateKey struct{ PublicKey }

// IsZero reports whether there is no key.
func (PrivateKey) IsZero() bool { return true }

// Public returns what verifies.
func (k PrivateKey) Public() PublicKey { return k.PublicKey }

// Sign makes no token.
func (PrivateKey) Sign(message.Value, ...message.Member) (string, error) { return "", errAbsent }

// JWK writes no key.
func (PublicKey) JWK() message.Value { return message.Value{} }

// Thumbprint is that of no key.
func (PublicKey) Thumbprint() string { return "" }

// Generate makes no key.
func Generate(string, io.Reader) (PrivateKey, error) { return PrivateKey{}, errAbsent }

// Algorithms lists what the whole package verifies: the page's server shows
// the metadata of the server it stands for.
var Algorithms = []string{ES256, EdDSA, RS256}

// FromSeed makes no key.
func FromSeed([32]byte) (PrivateKey, error) { return PrivateKey{}, errAbsent }

// ReadPublic reads no key.
func ReadPublic(message.Value) (PublicKey, error) { return PublicKey{}, errAbsent }

// ReadSet reads no keys.
func ReadSet(message.Value) ([]PublicKey, error) { return nil, errAbsent }

// Set writes an empty JWK Set.
func Set(...PublicKey) message.Value { return message.Obj(message.M("keys", message.Arr())) }

// Verify verifies no token.
func Verify(string, ...PublicKey) (Token, error) { return Token{}, errSignature }

// ReadPrivate reads no key.
func ReadPrivate(message.Value) (PrivateKey, error) { return PrivateKey{}, errAbsent }
