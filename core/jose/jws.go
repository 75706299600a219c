// RFC 7515: compact signatures over JSON claims (RFC 7519).
package jose

import (
	"encoding/base64"
	"errors"

	"mcp-auth/core/message"
)

// Sign makes a token. header are members beside alg and, where the key has an
// ID, kid. ES256 is deterministic (RFC 6979), as EdDSA and RS256 are: the same
// claims make the same token.
func (k PrivateKey) Sign(claims message.Value, header ...message.Member) (string, error) {
	if k.signer == nil {
		return "", errors.New("there is no key to sign with")
	}
	members := append(append(make([]message.Member, 0, 4), text("alg", k.Alg)), header...)
	if k.ID != "" {
		members = append(members, text("kid", k.ID))
	}
	head, body := message.Obj(members...).Append(make([]byte, 0, 256)), claims.Append(make([]byte, 0, 512))
	token := make([]byte, 0, 2*(len(head)+len(body))) // enough for most signatures
	token = append(base64.RawURLEncoding.AppendEncode(token, head), '.')
	token = base64.RawURLEncoding.AppendEncode(token, body)
	sig, err := k.signature(token)
	return string(base64.RawURLEncoding.AppendEncode(append(token, '.'), sig)), err
}

func (k PrivateKey) signature(input []byte) ([]byte, error) {
	return kindOf(k.Alg).sign(k.signer, input)
}

// Verify verifies a token with the keys that may have signed it: the one its
// kid names, else each of its alg. What the header says of keys (jwk, jku,
// x5u, x5c) is not looked at, and critical members are not known (RFC 7515
// section 4.1.11).
func Verify(token string, keys ...PublicKey) (Token, error) {
	p, err := split(token)
	if err != nil {
		return Token{}, err
	}
	alg, _ := p.header.Get("alg").Text()
	kid, named := p.header.Get("kid").Text()
	for _, k := range keys {
		if k.Alg == alg && (!named || k.ID == "" || k.ID == kid) && k.verifies(p.input, p.sig) {
			return Token{p.header, p.claims, k}, nil
		}
	}
	return Token{}, errSignature
}

func (k PublicKey) verifies(input, sig []byte) bool {
	kind := kindOf(k.Alg) // the zero key has none
	return kind != nil && kind.verifies(k.key, input, sig)
}
