package jose

import (
	"testing"
	"time"

	"github.com/matryer/is"
)

func TestLives(t *testing.T) {
	now := time.Unix(1000, 0)
	for text, want := range map[string]error{
		`{"exp":1001}`:            nil,
		`{"exp":1000.5}`:          nil,
		`{"exp":1000}`:            ErrExpired,
		`{"exp":1100}`:            nil,
		`{"exp":1101}`:            ErrTooLasting,
		`{}`:                      ErrTimes,
		`{"exp":"1001"}`:          ErrTimes,
		`{"exp":-1}`:              ErrTimes,
		`{"exp":1e300}`:           ErrTimes,
		`{"exp":1001,"iat":1030}`: nil,
		`{"exp":1001,"iat":1031}`: ErrNotYet,
		`{"exp":1001,"nbf":1031}`: ErrNotYet,
		`{"exp":1001,"nbf":"a"}`:  ErrTimes,
	} {
		if got := (Token{Claims: parse(t, text)}).Lives(now, 100*time.Second); got != want {
			t.Error(text, got, "not", want)
		}
	}
}

func TestAudience(t *testing.T) {
	for text, want := range map[string]string{
		`{"aud":"a"}`: "a", `{"aud":["a"]}`: "a", `{"aud":["a","b"]}`: "", `{"aud":["a","a"]}`: "", `{"aud":[]}`: "", `{}`: "", `{"aud":1}`: "", `{"aud":[["a"]]}`: "",
	} {
		if got := (Token{Claims: parse(t, text)}).Audience(); got != want {
			t.Errorf("%s is for %q", text, got)
		}
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
