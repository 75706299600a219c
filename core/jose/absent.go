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

// ReadPrivate reads no key.
func ReadPrivate(message.Value) (PrivateKey, error) { return PrivateKey{}, errAbsent }
