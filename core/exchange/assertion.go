// RFC 7521 and RFC 7523: a signed statement instead of a secret, and instead
// of a grant. RFC 8693 section 2.1: one token for another.
package exchange

import (
	"errors"
	"strings"
	"time"

	"mcp-auth/core/jose"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// URNs of the parameters (RFC 7523 section 2, RFC 8693 sections 2.1 and 3,
// Identity Assertion Authorization Grant).
const (
	AssertionTypeJWT = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	TokenTypeIDToken = "urn:ietf:params:oauth:token-type:id_token"
	TokenTypeIDJAG   = "urn:ietf:params:oauth:token-type:id-jag"
	ProfileIDJAG     = "urn:ietf:params:oauth:grant-profile:id-jag"
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

// TypeIDJAG is the typ of an identity assertion authorization grant.
const TypeIDJAG = "oauth-id-jag+jwt"

// How far ahead the end of an assertion may lie: one that is used at once, and
// one that a platform mounts for its workloads.
const (
	LongestAssertion = time.Hour
	LongestWorkload  = 24 * time.Hour
)

// An Assertion is what somebody else's JWT says (RFC 7523 section 3).
type Assertion struct {
	Type      string // typ of the header
	Issuer    string
	Subject   string
	Audience  string // the only one; "" where there are several
	JTI       string
	ClientID  string // ID-JAG: whom it was issued to
	Resource  string // ID-JAG: where the token is to be good; "" where it says nothing or several
	Anywhere  bool   // it says nothing of a resource
	Scope     string
	Bound     bool   // it has cnf: it is good with a proof of a key alone (RFC 7800)
	Key       string // cnf.jkt: thumbprint of that key; "" where cnf names it otherwise
	ExpiresAt time.Time

	token jose.Token
}

func assertion(t jose.Token) Assertion {
	typ, _ := t.Header.Get("typ").Text()
	cnf := t.Claims.Get("cnf")
	key, _ := cnf.Get("jkt").Text()
	return Assertion{Type: strings.TrimPrefix(strings.ToLower(typ), "application/"), Issuer: t.Text("iss"), Subject: t.Text("sub"), Audience: t.Audience(),
		JTI: t.Text("jti"), ClientID: t.Text("client_id"), Resource: t.One("resource"), Anywhere: t.Claims.Get("resource").Kind() == message.Missing, Scope: t.Text("scope"),
		Bound: cnf.Kind() != message.Missing, Key: key, ExpiresAt: t.Time("exp"), token: t}
}

// PeekAssertion reads an assertion without believing it: to find out whose
// keys to verify it with.
func PeekAssertion(text string) (Assertion, error) {
	t, err := jose.Peek(text)
	return assertion(t), err
}

// ForUser reports whether an assertion calls itself an ID-JAG.
func ForUser(text string) bool {
	a, _ := PeekAssertion(text)
	return a.Type == TypeIDJAG
}

var errAssertion = errors.New("iss, sub and aud must be strings, and aud must name one audience")

// ReadAssertion verifies an assertion and that it lives: exp at most longest
// ahead, iat and nbf not in the future. Whom it is from and for is the
// caller's to judge.
func ReadAssertion(text string, now time.Time, longest time.Duration, keys []jose.PublicKey) (Assertion, error) {
	t, err := jose.Verify(text, keys...)
	if err != nil {
		return Assertion{}, err
	}
	a := assertion(t)
	if a.Issuer == "" || a.Subject == "" || a.Audience == "" {
		return Assertion{}, errAssertion
	}
	return a, t.Lives(now, longest)
}

// ParseKeys reads a JWK Set as text, as it is kept with a client.
func ParseKeys(jwks string) ([]jose.PublicKey, error) {
	v, err := message.ParseJSON([]byte(jwks))
	if err != nil {
		return nil, err
	}
	return jose.ReadSet(v)
}

// Sign makes the assertion: an ID-JAG or, without that type, an ID token
// (OpenID Connect Core section 2).
func (a Assertion) Sign(k jose.PrivateKey, now time.Time) (string, error) {
	var m members
	m.text("iss", a.Issuer)
	m.text("sub", a.Subject)
	m.text("aud", a.Audience)
	m.text("client_id", a.ClientID)
	m.text("resource", a.Resource)
	m.text("scope", a.Scope)
	m.text("jti", a.JTI)
	m.number("iat", now.Unix())
	m.number("exp", a.ExpiresAt.Unix())
	if a.Key != "" {
		m = append(m, message.M("cnf", message.Obj(message.M("jkt", message.Str(a.Key)))))
	}
	return k.Sign(message.Obj(m...), message.M("typ", message.Str(a.Type)))
}

// GrantReply is the answer of a token exchange whose outcome is a grant and no
// access token (RFC 8693 section 2.2.1). life is in seconds.
func GrantReply(grant, issued, scope string, life int64) message.Response {
	var m members
	m.text("access_token", grant)
	m.text("issued_token_type", issued)
	m.text("token_type", "N_A")
	m.number("expires_in", life)
	m.text("scope", scope)
	return message.JSON(200, m.encode())
}

// KeysReply publishes a JWK Set.
func KeysReply(keys []jose.PublicKey) message.Response {
	v := jose.Set(keys...)
	return public(v.Members())
}

// ReadIDTokenRequest reads for which client an ID token is wanted (test hook).
func ReadIDTokenRequest(m message.Request) (clientID string, bad *oauth.Error) {
	f, err := message.ReadForm(m)
	if err != nil {
		return "", formError(err)
	}
	o := &once{form: f}
	clientID = o.get("client_id")
	if clientID == "" && o.err == nil {
		o.err = oauth.E(oauth.InvalidRequest, "client_id is missing")
	}
	return clientID, o.err
}

// IDTokenReply hands out an ID token.
func IDTokenReply(token string) message.Response {
	var m members
	m.text("id_token", token)
	return message.JSON(200, m.encode())
}
