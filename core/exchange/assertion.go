// RFC 7521 and RFC 7523: a signed statement instead of a secret, and instead
// of a grant. RFC 8693 section 2.1: one token for another.
package exchange

import (
	"errors"
	"strings"
	"time"

	"mcp-auth/core/jose"
	"mcp-auth/core/message"
)

// URNs of the parameters (RFC 7523 section 2, RFC 8693 sections 2.1 and 3,
// Identity Assertion Authorization Grant).
const (
	AssertionTypeJWT = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	TokenTypeIDToken = "urn:ietf:params:oauth:token-type:id_token"
	TokenTypeIDJAG   = "urn:ietf:params:oauth:token-type:id-jag"
)

// assertionLife is how long a client assertion is good; it is used at once.
const assertionLife = time.Minute

// ClientAssertion is the JWT that proves a client (RFC 7523 section 3). The
// audience is the authorization server's issuer.
func ClientAssertion(k jose.PrivateKey, clientID, issuer, jti string, now time.Time) (string, error) {
	return k.Sign(message.Obj(
		message.M("iss", message.Str(clientID)),
		message.M("sub", message.Str(clientID)),
		message.M("aud", message.Str(issuer)),
		message.M("jti", message.Str(jti)),
		message.M("iat", message.Num(now.Unix())),
		message.M("exp", message.Num(now.Add(assertionLife).Unix()))))
}

// longestAssertion is how far ahead the end of one may lie.
const longestAssertion = time.Hour

// An Assertion is what somebody else's JWT says (RFC 7523 section 3).
type Assertion struct {
	Type      string // typ of the header
	Issuer    string
	Subject   string
	Audience  string // the only one; "" where there are several
	JTI       string
	ClientID  string // ID-JAG: whom it was issued to
	Resource  string // ID-JAG: where the token is to be good
	Scope     string
	ExpiresAt time.Time

	token jose.Token
}

func assertion(t jose.Token) Assertion {
	typ, _ := t.Header.Get("typ").Text()
	return Assertion{Type: strings.TrimPrefix(strings.ToLower(typ), "application/"), Issuer: t.Text("iss"), Subject: t.Text("sub"), Audience: t.Audience(),
		JTI: t.Text("jti"), ClientID: t.Text("client_id"), Resource: t.Text("resource"), Scope: t.Text("scope"), ExpiresAt: t.Time("exp"), token: t}
}

// PeekAssertion reads an assertion without believing it: to find out whose
// keys to verify it with.
func PeekAssertion(text string) (Assertion, error) {
	t, err := jose.Peek(text)
	return assertion(t), err
}

var errAssertion = errors.New("iss, sub and aud must be strings, and aud must name one audience")

// ReadAssertion verifies an assertion and that it lives: exp within the hour,
// iat and nbf not in the future. Whom it is from and for is the caller's to
// judge.
func ReadAssertion(text string, now time.Time, keys []jose.PublicKey) (Assertion, error) {
	t, err := jose.Verify(text, keys...)
	if err != nil {
		return Assertion{}, err
	}
	a := assertion(t)
	if a.Issuer == "" || a.Subject == "" || a.Audience == "" {
		return a, errAssertion
	}
	return a, t.Lives(now, longestAssertion)
}

// ParseKeys reads a JWK Set as text, as it is kept with a client.
func ParseKeys(jwks string) ([]jose.PublicKey, error) {
	v, err := message.ParseJSON([]byte(jwks))
	if err != nil {
		return nil, err
	}
	return jose.ReadSet(v)
}
