package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/message"
)

// device is a key that lies elsewhere, as in an agent or a module: it may fail,
// and answer anything.
type device struct {
	crypto.Signer
	answer []byte
	err    error
}

func (d device) Sign(r io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	if d.err != nil || d.answer != nil {
		return d.answer, d.err
	}
	return d.Signer.Sign(r, digest, o)
}

// What a key that fails has signed is no token.
func TestAKeyThatFailsSignsNothing(t *testing.T) {
	if kindOf(ES256) == nil || kindOf(RS256) == nil {
		t.Skip("the page has Ed25519 keys alone, which lie in memory")
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	large, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	claims := message.Obj(message.M("iss", message.Str("a")))
	down := errors.New("the device is gone")
	for _, key := range []crypto.Signer{curve, large} {
		is := is.New(t)
		k, err := NewPrivate("", device{Signer: key, err: down})
		is.NoErr(err) // a key as good as any
		_, err = k.Sign(claims)
		is.Equal(err, down) // until it is asked
		k, err = NewPrivate("", device{Signer: key})
		is.NoErr(err)
		token, err := k.Sign(claims)
		is.NoErr(err) // one that is there
		_, err = Verify(token, k.Public())
		is.NoErr(err) // signs
	}
	for name, answer := range map[string][]byte{
		"nothing":           {},
		"no sequence":       {0x31, 6, 2, 1, 1, 2, 1, 1},
		"too short":         {0x30, 5, 2, 1, 1, 2, 1},
		"longer than it is": {0x30, 7, 2, 1, 1, 2, 1, 1},
		"one number":        {0x30, 6, 2, 4, 1, 1, 1, 1},
		"no number":         {0x30, 6, 3, 1, 1, 2, 1, 1},
		"a number too long": append([]byte{0x30, 40, 2, 33, 1}, append(make([]byte, 32), 2, 3, 1, 1, 1)...),
		"beyond the end":    {0x30, 6, 2, 9, 1, 2, 1, 1},
	} {
		is := is.New(t)
		k, err := NewPrivate("", device{Signer: curve, answer: answer})
		is.NoErr(err) // it looks like a key
		if _, err := k.Sign(claims); err == nil {
			t.Error(name, "is taken for a signature (RFC 7518 section 3.4)")
		}
	}
}

// RFC 7519 section 2: a time may have a fraction, of any digits.
func TestTimesWithFractions(t *testing.T) {
	is := is.New(t)
	for text, nanos := range map[string]int64{"1.9": 9e8, "1.09": 9e7, "1.000000009": 9, "1.0": 0, "1.987654321": 987654321} {
		v, err := message.ParseJSON([]byte(`{"exp":` + text + `}`))
		is.NoErr(err) // JSON
		is.True(Token{Claims: v}.Time("exp").Equal(time.Unix(1, nanos)))
		is.NoErr(Token{Claims: v}.Lives(time.Unix(0, 0), time.Hour)) // it is one
	}
	for _, text := range []string{"1.5e9", "1e3", "-1.5", `"1.5"`} {
		v, err := message.ParseJSON([]byte(`{"exp":` + text + `}`))
		is.NoErr(err)                                                      // JSON
		is.Equal(Token{Claims: v}.Lives(time.Unix(0, 0), 1<<62), ErrTimes) // what nobody writes is none
	}
}
