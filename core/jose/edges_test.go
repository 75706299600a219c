//go:build !page

// Where each rule ends: kid, sizes, sets, and what no token and no key is.
package jose

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/message"
)

func seeded(t testing.TB, id string, n byte) PrivateKey {
	t.Helper()
	k, err := FromSeed([32]byte{n})
	if err != nil {
		t.Fatal(err)
	}
	k.ID = id
	return k
}

// RFC 7515 section 4.1.4: kid names one key, and a key without a name may be
// any.
func TestKid(t *testing.T) {
	is := is.New(t)
	for _, c := range []struct {
		signer, known string
		want          bool
	}{{"a", "a", true}, {"a", "b", false}, {"a", "", true}, {"", "b", true}, {"", "", true}} {
		k := seeded(t, c.signer, 1)
		token, err := k.Sign(message.Obj())
		is.NoErr(err)
		p, err := Peek(token)
		is.NoErr(err)
		kid, named := p.Header.Get("kid").Text()
		is.True(kid == c.signer && named == (c.signer != "")) // the header names a key that has a name
		public := k.Public()
		public.ID = c.known
		_, err = Verify(token, seeded(t, "other", 2).Public(), public)
		is.Equal(err == nil, c.want) // and only that one is tried
	}
}

func TestTokensUpToTheirLimit(t *testing.T) {
	is := is.New(t)
	k := seeded(t, "", 1)
	short, err := k.Sign(message.Obj(message.M("a", message.Str(""))))
	is.NoErr(err)
	for _, c := range []struct {
		length int
		want   bool
	}{{MaxToken, true}, {MaxToken + 1, false}} {
		// Base64 grows by four thirds: look for the claim that fills it up.
		n := (c.length - len(short)) * 3 / 4
		token := ""
		for i := max(0, n-4); len(token) < c.length; i++ {
			token, err = k.Sign(message.Obj(message.M("a", message.Str(strings.Repeat("a", i)))))
			is.NoErr(err)
		}
		if len(token) != c.length { // no claim makes just this length: a header member does
			for i := 0; len(token) != c.length && i < 8; i++ {
				token, _ = k.Sign(message.Obj(message.M("a", message.Str(strings.Repeat("a", n-8)))), message.M("p", message.Str(strings.Repeat("p", i))))
			}
		}
		_, err = Verify(token, k.Public())
		is.Equal(err == nil && len(token) <= MaxToken, c.want && len(token) == c.length) // up to 8 KiB
	}
}

func TestWhatIsNoToken(t *testing.T) {
	is := is.New(t)
	for _, token := range []string{"", "a.b", "!.e30.", "e30.!.", "e30.e30.!", "e3\n0.e30.", "e3\r0.e30.", "e30=.e30.", "W10.e30.", "e30.W10.", "e30.e30x.", "ew.e30.", "e30.ew.",
		encode([]byte(`{"crit":["exp"]}`)) + ".e30.", encode([]byte(`{"b64":false}`)) + ".e30."} {
		p, err := Peek(token)
		is.True(err != nil)                                                               // it cannot be read
		is.True(p.Header.Kind() == message.Missing && p.Claims.Kind() == message.Missing) // and says nothing
		_, err = Verify(token, seeded(t, "", 1).Public())
		is.True(err != nil) // nor is it believed
	}
	p, err := Peek("e30.e30.")
	is.True(err == nil && p.Header.Kind() == message.Object && p.Claims.Kind() == message.Object) // two empty objects can
	_, err = Verify("e30.e30.", PublicKey{})
	is.True(err != nil) // no key verifies nothing, whatever its alg
	es, err := Generate(ES256, strings.NewReader(strings.Repeat("k", 32)))
	is.NoErr(err)
	for n := range 66 {
		_, err = Verify(encode([]byte(`{"alg":"ES256"}`))+".e30."+encode(make([]byte, n)), es.Public())
		is.True(err != nil) // a signature of ES256 has 64 bytes, and not zeros
	}
}

// RFC 7518 section 3.4: R and S, 32 bytes each, out of a signer's ASN.1.
func TestFlat(t *testing.T) {
	is := is.New(t)
	long := append([]byte{0}, bytes.Repeat([]byte{0x80}, 32)...)
	der := func(r, s []byte) []byte {
		body := append(append([]byte{2, byte(len(r))}, r...), append([]byte{2, byte(len(s))}, s...)...)
		return append([]byte{0x30, byte(len(body))}, body...)
	}
	got, err := flat(der([]byte{1}, []byte{2}))
	is.NoErr(err)                                           // the shortest there is
	is.True(len(got) == 64 && got[31] == 1 && got[63] == 2) // padded on the left
	got, err = flat(der(long, long))
	is.True(err == nil && got[0] == 0x80 && got[63] == 0x80) // the longest, without its sign
	good := der([]byte{1}, []byte{2})
	for i := range good {
		_, err := flat(good[:i])
		is.True(err != nil) // cut short
	}
	for _, bad := range [][]byte{append([]byte{0x31}, good[1:]...), append(append([]byte(nil), good...), 0), {0x30, 6, 3, 1, 1, 2, 1, 2}, {0x30, 6, 2, 1, 1, 3, 1, 2}, {0x30, 6, 2, 5, 1, 2, 1, 2}, {0x30, 6, 2, 1, 1, 2, 2, 2}, {0x30, 6, 2, 4, 1, 1, 1, 1}, {0x30, 6, 2, 3, 1, 1, 1, 2},
		der(append([]byte{1}, make([]byte, 32)...), []byte{1})} {
		_, err := flat(bad)
		is.True(err != nil) // or of another shape
	}
}

// RFC 7519 section 2: a NumericDate, and what is none.
func TestNumericDates(t *testing.T) {
	for text, want := range map[string]struct {
		at       int64
		sent, ok bool
	}{`{}`: {0, false, true}, `{"t":0}`: {0, true, true}, `{"t":1099511627776}`: {1 << 40, true, true}, `{"t":1099511627777}`: {0, true, false}, `{"t":-1}`: {0, true, false}, `{"t":"1"}`: {0, true, false},
		`{"t":null}`: {0, true, false}, `{"t":1e999}`: {0, true, false}, `{"t":1e3}`: {0, true, false}} {
		t.Run(text, func(t *testing.T) {
			is := is.New(t)
			token := Token{Claims: parse(t, text)}
			at, sent, ok := token.moment("t")
			is.True(sent == want.sent && ok == want.ok)  // sent, and a date
			is.True(at.IsZero() == !(sent && ok))        // no date is no time
			is.True(at.IsZero() || at.Unix() == want.at) // a date is its second
			is.True(token.Time("t").Equal(at))           // as Time has it
		})
	}
	is := is.New(t)
	is.Equal((Token{Claims: parse(t, `{"t":1.5}`)}).Time("t").Sub(time.Unix(1, 0)), time.Second/2) // with its fraction
}

func TestKeyFaultsAreNamed(t *testing.T) {
	const x = `"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"`
	for text, want := range map[string]string{
		`{"kty":1,"crv":"x"}`: "kty must be a string", `{"kty":"OKP","crv":1,"x":` + x + `}`: "crv must be a string", `{"kid":1,"kty":"OKP","crv":"Ed25519","x":` + x + `}`: "kid must be a string",
		`{"kty":"OKP","crv":"Ed25519"}`: "x is not", `{"kty":"OKP","crv":"Ed25519","x":"AAAA"}`: "x is not", `{"kty":"OKP","crv":"Ed25519","x":"!"}`: "x is not",
		`{"kty":"EC","crv":"P-256","x":` + x + `}`: "y is not", `{"kty":"EC","crv":"P-256","y":` + x + `}`: "x is not", `{"kty":"RSA","e":"AQAB"}`: "n is not", `{"kty":"RSA","n":"AQAB"}`: "e is not", `{"kty":"RSA","n":"AQAB","e":"!"}`: "e is not",
		`{"kty":"EC","crv":"P-384","x":` + x + `,"y":` + x + `}`: "the key must be", `{"kty":"OKP","crv":"P-256","x":` + x + `,"y":` + x + `}`: "the key must be", `{"kty":"EC","crv":"Ed25519","x":` + x + `}`: "the key must be", `{"kty":"OKP","crv":"X25519","x":` + x + `}`: "the key must be",
		`{"kty":"OKP","crv":"Ed25519","alg":"RS256","x":` + x + `}`: "alg", `{"kty":"OKP","crv":"Ed25519","use":"enc","x":` + x + `}`: "signatures",
	} {
		t.Run(text, func(t *testing.T) {
			is := is.New(t)
			_, err := ReadPublic(parse(t, text))
			is.True(err != nil && strings.Contains(err.Error(), want)) // what is wrong with it, first
			_, err = ReadPrivate(parse(t, text))
			is.True(err != nil) // nor is it a private key
		})
	}
	is := is.New(t)
	for text, want := range map[string]string{`{"kty":"OKP","crv":"Ed25519","x":` + x + `}`: "d is not", `{"kty":"OKP","crv":"Ed25519","x":` + x + `,"d":1}`: "d must be"} {
		_, err := ReadPrivate(parse(t, text))
		is.True(err != nil && strings.Contains(err.Error(), want)) // a private key has its private part
	}
	k := seeded(t, "named", 1)
	read, err := ReadPublic(k.Public().JWK())
	is.NoErr(err)
	is.Equal(read.ID, "named") // a key is read with its name
	members := fmt.Sprint(string(k.Public().JWK().Append(nil)))
	is.True(strings.Contains(members, `"kid":"named","alg":"EdDSA","use":"sig"`)) // which it is written with
	k.ID = ""
	is.True(!strings.Contains(string(k.Public().JWK().Append(nil)), "kid"))                           // a bare one stays bare
	is.True(fmt.Sprint(k) == "<private key EdDSA>" && fmt.Sprintf("%#v", k) == "<private key EdDSA>") // and a private one is no text
	is.True(!k.IsZero() && PrivateKey{}.IsZero())
}

// RSA moduli of 2048 to 4096 bits, exponents that are odd and above 1
// (RFC 8017 section 3.1).
func TestRSASizes(t *testing.T) {
	modulus := func(bits int) *big.Int {
		return new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(bits)), big.NewInt(1))
	}
	for _, c := range []struct {
		bits, e int
		want    bool
	}{{2047, 3, false}, {2048, 3, true}, {4096, 3, true}, {4097, 3, false}, {4104, 3, false}, {2048, 1, false}, {2048, 2, false}, {2048, 4, false}, {2048, 65537, true}, {2048, 1<<31 - 1, true}, {2048, 1<<32 + 1, false}} {
		is := is.New(t)
		_, err := NewPublic("", &rsa.PublicKey{N: modulus(c.bits), E: c.e})
		is.True(err == nil == c.want || c.e > 1<<32) // in the program
		_, err = ReadPublic(message.Obj(message.M("kty", message.Str("RSA")), message.M("n", message.Str(encode(modulus(c.bits).Bytes()))), message.M("e", message.Str(encode(big.NewInt(int64(c.e)).Bytes())))))
		is.Equal(err == nil, c.want) // and as a JWK
	}
	is := is.New(t)
	_, err := ReadPrivate(message.Obj(message.M("kty", message.Str("RSA")), message.M("n", message.Str(encode(modulus(2048).Bytes()))), message.M("e", message.Str("AQAB")), message.M("d", message.Str(encode(make([]byte, 32))))))
	is.True(err != nil && strings.Contains(err.Error(), "PEM")) // private RSA keys are read otherwise
	weak, err := ecdsa.ParseRawPrivateKey(elliptic.P224(), bytes.Repeat([]byte{1}, 28))
	is.NoErr(err)
	_, err = NewPrivate("", weak)
	is.True(err != nil) // another curve is none
}

func TestSets(t *testing.T) {
	set := func(n int, more ...message.Value) message.Value {
		for i := range n {
			more = append(more, seeded(t, "", byte(i+1)).Public().JWK())
		}
		return message.Obj(message.M("keys", message.Arr(more...)))
	}
	unknown := message.Obj(message.M("kty", message.Str("oct2")))
	marked := func(name, value string) message.Value {
		return message.Obj(append(seeded(t, "", 9).Public().JWK().Members(), message.M(name, message.Str(value)))...)
	}
	for rule, c := range map[string]struct {
		v    message.Value
		want int
	}{"one": {set(1), 1}, "twenty": {set(20), 20}, "one more": {set(21), 0}, "none": {set(0), 0}, "unknown ones are passed over": {set(2, unknown), 2}, "unknown ones alone": {set(0, unknown), 0},
		"those for encryption as well": {set(1, marked("use", "enc")), 1}, "and of another algorithm": {set(1, marked("alg", "PS256")), 1}, "those alone": {set(0, marked("use", "enc"), marked("alg", "PS256")), 0},
		"a broken one": {set(1, message.Obj(message.M("kty", message.Str("OKP")), message.M("crv", message.Str("Ed25519")))), 0}, "a private one": {set(1, seeded(t, "", 9).JWK()), 0},
		"no object": {message.Arr(), 0}, "no array": {message.Obj(message.M("keys", message.Obj())), 0}, "nothing": {message.Obj(), 0}} {
		t.Run(rule, func(t *testing.T) {
			is := is.New(t)
			keys, err := ReadSet(c.v)
			is.True(len(keys) == c.want && (err == nil) == (c.want > 0)) // 1 to 20 that can be used
			is.True(err == nil || !errors.Is(err, errKey))               // or why not
		})
	}
}

func TestGenerate(t *testing.T) {
	is := is.New(t)
	for _, alg := range []string{ES256, EdDSA} {
		k, err := Generate(alg, strings.NewReader(strings.Repeat("k", 32)))
		is.NoErr(err)
		is.Equal(k.Alg, alg) // of the kind that was asked for
		_, err = Generate(alg, strings.NewReader("k"))
		is.True(errors.Is(err, io.ErrUnexpectedEOF)) // not without randomness
	}
	_, err := Generate("HS256", strings.NewReader(strings.Repeat("k", 32)))
	is.True(err != nil)                                          // of no other kind
	is.Equal(strings.Join(Algorithms, " "), "ES256 EdDSA RS256") // these are the kinds
	_, err = NewPublic("", ed25519.PublicKey{1})
	is.True(err != nil) // and a key has its size
	_, err = Generate(ES256, bytes.NewReader(bytes.Repeat([]byte{0xff}, 4000)))
	is.True(err != nil) // nor for ever, where none comes
	_, err = PrivateKey{}.Sign(message.Obj())
	is.True(err != nil) // no key signs nothing
}

// ones is a source that has nothing but set bits: a number beyond any curve.
type ones struct{}

func (ones) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 0xff
	}
	return len(b), nil
}

func TestSecretsThatMakeNoKey(t *testing.T) {
	is := is.New(t)
	_, err := NewSecret(ES256, ones{})
	is.True(err != nil) // a source that never gives one is given up
	_, err = Generate(ES256, ones{})
	is.True(err != nil)
	_, err = NewSecret("none", ones{})
	is.True(err != nil) // there is no such kind
	_, err = FromSecret("none", nil)
	is.True(err != nil)
	primes := make([]byte, 2*halfRSA)
	_, err = FromSecret(RS256, primes)
	is.True(err != nil) // zeros are no primes
	primes[halfRSA-3], primes[halfRSA-1] = 1, 2
	_, err = FromSecret(RS256, primes)
	is.True(err != nil) // nor is a number whose exponent has no inverse
	_, _ = ones{}.Read(primes)
	_, err = FromSecret(RS256, primes)
	is.True(err != nil) // nor are numbers of the right length that have divisors
}
