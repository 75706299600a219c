// Package keyfile reads a private key from a file: PEM, as other tools write
// it, or JWK.
package keyfile

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"

	"mcp-auth/core/jose"
	"mcp-auth/core/message"
)

// Read reads a key of ES256, EdDSA or RS256. A JWK keeps its kid.
func Read(path string) (jose.PrivateKey, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return jose.PrivateKey{}, err
	}
	k, err := Parse(data)
	if err != nil {
		return k, fmt.Errorf("%s: %w", path, err)
	}
	return k, nil
}

// Parse reads the text of such a file.
func Parse(data []byte) (jose.PrivateKey, error) {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		v, err := message.ParseJSON(data)
		if err != nil {
			return jose.PrivateKey{}, err
		}
		return jose.ReadPrivate(v)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return jose.PrivateKey{}, errors.New("neither PEM nor JWK")
	}
	key, err := private(block)
	if err != nil {
		return jose.PrivateKey{}, err
	}
	return jose.NewPrivate("", key)
}

func private(block *pem.Block) (crypto.Signer, error) {
	switch block.Type {
	case "EC PRIVATE KEY":
		return x509.ParseECPrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	case "PRIVATE KEY":
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, err
		}
		if s, ok := key.(crypto.Signer); ok {
			return s, nil
		}
		return nil, errors.New("the key cannot sign")
	}
	return nil, fmt.Errorf("the PEM block is %q; a private key is wanted, not encrypted", block.Type)
}
