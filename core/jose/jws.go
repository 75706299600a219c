//go:build !page

// RFC 7515: compact signatures over JSON claims (RFC 7519).
package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"math/big"

	"mcp-auth/core/message"
)

// Sign makes a token. header are members beside alg and, where the key has an
// ID, kid. ES256 is deterministic (RFC 6979), as EdDSA and RS256 are: the same
// claims make the same token.
func (k PrivateKey) Sign(claims message.Value, header ...message.Member) (string, error) {
	if k.signer == nil {
		return "", errors.New("there is no key to sign with")
	}
	members := append([]message.Member{message.M("alg", message.Str(k.Alg))}, header...)
	if k.ID != "" {
		members = append(members, message.M("kid", message.Str(k.ID)))
	}
	input := encode(message.Obj(members...).Append(nil)) + "." + encode(claims.Append(nil))
	sig, err := k.signature([]byte(input))
	return input + "." + encode(sig), err
}

func (k PrivateKey) signature(input []byte) ([]byte, error) {
	digest := sha256.Sum256(input)
	switch key := k.signer.(type) {
	case ed25519.PrivateKey:
		return ed25519.Sign(key, input), nil
	case *ecdsa.PrivateKey:
		der, err := key.Sign(nil, digest[:], crypto.SHA256)
		if err != nil {
			return nil, err
		}
		return flat(der)
	}
	return k.signer.Sign(nil, digest[:], crypto.SHA256)
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

// Verify verifies a token with the keys that may have signed it: the one its
// kid names, else each of its alg. What the header says of keys (jwk, jku,
// x5u, x5c) is not looked at, and critical members are not known (RFC 7515
// section 4.1.11).
func Verify(token string, keys ...PublicKey) (Token, error) {
	header, claims, input, sig, err := split(token)
	if err != nil {
		return Token{}, err
	}
	alg, _ := header.Get("alg").Text()
	kid, named := header.Get("kid").Text()
	for _, k := range keys {
		if k.Alg == alg && (!named || k.ID == "" || k.ID == kid) && k.verifies(input, sig) {
			return Token{header, claims, k}, nil
		}
	}
	return Token{}, errSignature
}

func (k PublicKey) verifies(input, sig []byte) bool {
	digest := sha256.Sum256(input)
	switch key := k.key.(type) {
	case *ecdsa.PublicKey:
		if len(sig) != 64 {
			return false
		}
		return ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:]))
	case ed25519.PublicKey:
		return ed25519.Verify(key, input, sig)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], sig) == nil
	}
	return false
}
