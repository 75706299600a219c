//go:build !page

package jose

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/message"
)

func keys(t testing.TB) []PrivateKey {
	t.Helper()
	a, err1 := Generate(ES256, rand.Reader)
	b, err2 := Generate(EdDSA, rand.Reader)
	r, err3 := rsa.GenerateKey(rand.Reader, 2048)
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	c, err := NewPrivate("r", r)
	if err != nil {
		t.Fatal(err)
	}
	return []PrivateKey{a, b, c}
}

func TestSignedIsVerified(t *testing.T) {
	is := is.New(t)
	claims := parse(t, `{"iss":"a","n":1}`)
	all := keys(t)
	for _, k := range all {
		token, err := k.Sign(claims, message.M("typ", message.Str("x")))
		is.NoErr(err) // signed
		again, _ := k.Sign(claims, message.M("typ", message.Str("x")))
		is.Equal(token, again) // the same claims make the same token
		got, err := Verify(token, all[0].Public(), all[1].Public(), all[2].Public())
		is.NoErr(err)                                                                  // verified among other keys
		is.True(got.Text("iss") == "a" && got.Key.Alg == k.Alg)                        // and what it says is told
		is.True(!strings.Contains(k.String(), token[len(token)-10:]))                  // a key is no text
		is.True(strings.HasPrefix(string(k.JWK().Append(nil)), "{") || k.Alg == RS256) // RSA keys are not written
		for _, other := range all {
			if other.Alg != k.Alg {
				_, err = Verify(token, other.Public())
				is.True(err != nil) // a key of another kind verifies nothing
			}
		}
		for i := range token {
			broken := []byte(token)
			broken[i] ^= 1
			if _, err := Verify(string(broken), k.Public()); err == nil {
				t.Fatalf("%s: a token changed at %d is verified", k.Alg, i)
			}
		}
	}
}

// TestRS09_TokensThatProveNothing: RFC 8725 section 3.
func TestRS09_TokensThatProveNothing(t *testing.T) {
	is := is.New(t)
	k := keys(t)[0]
	good, _ := k.Sign(parse(t, `{"iss":"a"}`))
	parts := strings.Split(good, ".")
	head := func(s string) string { return b64(s) + "." + parts[1] + "." + parts[2] }
	crit, _ := k.Sign(parse(t, `{}`), message.M("crit", message.Arr(message.Str("exp"))))
	twice, _ := k.Sign(parse(t, `{}`), message.M("typ", message.Str("a")), message.M("typ", message.Str("b")))
	for name, token := range map[string]string{
		"none": b64(`{"alg":"none"}`) + "." + parts[1] + ".", "none with signature": head(`{"alg":"none"}`), "HS256": head(`{"alg":"HS256"}`),
		"no alg": head(`{}`), "alg list": head(`{"alg":["ES256"]}`), "other alg": head(`{"alg":"RS256"}`), "lower case": head(`{"alg":"es256"}`),
		"crit": crit, "member twice": twice, "padding": good + "=", "two parts": parts[0] + "." + parts[1], "four parts": good + ".x", "empty": "", "dots": "..",
		"many dots": strings.Repeat(".", 7000), "huge": strings.Repeat("a", MaxToken+1), "line break": good[:5] + "\n" + good[5:], "no object": b64(`[]`) + "." + parts[1] + "." + parts[2],
	} {
		if _, err := Verify(token, k.Public()); err == nil {
			t.Errorf("%s is verified", name)
		}
	}
	embedded, _ := keys(t)[0].Sign(parse(t, `{"iss":"a"}`), message.M("jwk", k.JWK()), message.M("kid", message.Str("../../etc/passwd")))
	_, err := Verify(embedded, k.Public())
	is.True(err != nil) // a key that the token brings is not used
}

func b64(s string) string {
	var b bytes.Buffer
	b.WriteString(s)
	return encode(b.Bytes())
}

// RFC 7638 section 3.1 and RFC 8037 appendix A.3.
func TestThumbprints(t *testing.T) {
	is := is.New(t)
	for jwk, want := range map[string]string{
		`{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}`: "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
		`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`: "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
	} {
		k, err := ReadPublic(parse(t, jwk))
		is.NoErr(err)
		is.Equal(k.Thumbprint(), want) // the RFC's own value
	}
}

// RFC 7515 appendix A.3.
func TestES256OfTheRFC(t *testing.T) {
	is := is.New(t)
	k, err := ReadPrivate(parse(t, `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}`))
	is.NoErr(err)
	token, err := Verify("eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q", k.Public())
	is.NoErr(err)                                         // the RFC's signature fits
	is.Equal(token.Text("iss"), "joe")                    // and its claims are read
	is.Equal(token.Time("exp").Unix(), int64(1300819380)) // with their dates
}

// RFC 7515 appendix A.2.
func TestRSASignatureOfTheRFC(t *testing.T) {
	is := is.New(t)
	k, err := ReadPublic(parse(t, `{"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}`))
	is.NoErr(err)
	_, err = Verify("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw", k)
	is.NoErr(err) // the RFC's signature fits
}

func TestKeysThatAreRefused(t *testing.T) {
	for name, jwk := range map[string]string{
		"private":   `{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
		"symmetric": `{"kty":"oct","k":"AAAA"}`, "off the curve": `{"kty":"EC","crv":"P-256","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"}`,
		"small RSA": `{"kty":"RSA","n":"AQAB","e":"AQAB"}`, "encryption": `{"kty":"OKP","crv":"Ed25519","use":"enc","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
		"other alg": `{"kty":"OKP","crv":"Ed25519","alg":"ES256","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`, "number": `{"kty":1}`, "nothing": `{}`, "short": `{"kty":"OKP","crv":"Ed25519","x":"AAAA"}`,
	} {
		if _, err := ReadPublic(parse(t, jwk)); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if _, err := ReadPrivate(parse(t, `{"kty":"OKP","crv":"Ed25519","d":"AWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`)); err == nil {
		t.Error("a private part of another key is taken")
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	is := is.New(t)
	for _, k := range keys(t)[:2] {
		again, err := ReadPrivate(k.JWK())
		is.NoErr(err)
		is.Equal(again.Thumbprint(), k.Thumbprint()) // the same key
		set, err := ReadSet(Set(k.Public()))
		is.NoErr(err)
		is.Equal(set[0].Thumbprint(), k.Thumbprint()) // in a set too
	}
}

func FuzzVerify(f *testing.F) {
	k, err := Generate(EdDSA, rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	good, _ := k.Sign(message.Obj(message.M("a", message.Num(1))))
	for _, s := range []string{good, good + ".", "..", "a.b.c", strings.ToUpper(good)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if got, err := Verify(token, k.Public()); err == nil && token != good {
			t.Fatalf("%q is verified as %+v", token, got)
		}
		_, _ = Peek(token)
	})
}
