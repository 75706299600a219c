// What a token is made of, without keys (RFC 7515 section 3.1, RFC 7519).
package jose

import (
	"encoding/base64"
	"errors"
	"strings"

	"mcp-auth/core/message"
)

// MaxToken is how long a token may be, in bytes.
const MaxToken = 8 << 10

// A Token is what a verified token says.
type Token struct {
	Header message.Value
	Claims message.Value
	Key    PublicKey
}

// Text is a claim that is a string, "" when it is none.
func (t Token) Text(name string) string { s, _ := t.Claims.Get(name).Text(); return s }

// errSignature does not say which check failed first.
var errSignature = errors.New("the token is not signed by a key that is known here")

// Peek reads a token's header and claims without believing them: to find out
// whose keys to verify it with.
func Peek(token string) (Token, error) {
	p, err := split(token)
	return Token{Header: p.header, Claims: p.claims}, err
}

// parts are what a token is made of, decoded, and what was signed.
type parts struct {
	header, claims message.Value
	input, sig     []byte
}

func split(token string) (parts, error) {
	if len(token) > MaxToken || strings.Count(token, ".") != 2 {
		return parts{}, errors.New("a signed token has three parts and at most 8 KiB")
	}
	end := strings.LastIndexByte(token, '.')
	head, body, _ := strings.Cut(token[:end], ".")
	h, err1 := decode(head)
	c, err2 := decode(body)
	sig, err3 := decode(token[end+1:])
	if errors.Join(err1, err2, err3) != nil {
		return parts{}, errors.New("the parts of a signed token must be base64url without padding")
	}
	header, err1 := message.ParseJSON(h)
	claims, err2 := message.ParseJSON(c)
	switch {
	case errors.Join(err1, err2) != nil || header.Kind() != message.Object || claims.Kind() != message.Object:
		return parts{}, errors.New("header and claims of a signed token must be JSON objects")
	case header.Get("crit").Kind() != message.Missing, header.Get("b64").Kind() != message.Missing:
		return parts{}, errors.New("the token has critical header members, and none is known here")
	}
	return parts{header, claims, []byte(token[:end]), sig}, nil
}

// strict is base64url without padding, and without bits that mean nothing.
var strict = base64.RawURLEncoding.Strict()

func decode(s string) ([]byte, error) {
	for i := 0; i < len(s); i++ { // the decoder would pass over line breaks
		if s[i] == '\r' || s[i] == '\n' {
			return nil, errors.New("base64url has no line breaks")
		}
	}
	return strict.DecodeString(s)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
