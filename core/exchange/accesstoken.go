// RFC 9068: access tokens that a resource can read without asking.
package exchange

import (
	"errors"
	"time"

	"mcp-auth/core/jose"
	"mcp-auth/core/message"
)

// typeAccess is the typ of an access token (RFC 9068 section 2.1).
const typeAccess = "at+jwt"

// AccessClaims is what a JWT access token says (RFC 9068 section 2.2).
type AccessClaims struct {
	Issuer    string // all REQUIRED but Scope and Key
	Subject   string
	Audience  string
	ClientID  string
	Scope     string
	JTI       string
	Key       string // cnf.jkt (RFC 9449 section 6.1)
	IssuedAt  time.Time
	ExpiresAt time.Time
}

// Sign makes the token.
func (a AccessClaims) Sign(k jose.PrivateKey) (string, error) {
	m := make(members, 0, 9)
	m.text("iss", a.Issuer)
	m.text("sub", a.Subject)
	m.text("aud", a.Audience)
	m.text("client_id", a.ClientID)
	m.text("scope", a.Scope)
	m.text("jti", a.JTI)
	m.number("iat", a.IssuedAt.Unix())
	m.number("exp", a.ExpiresAt.Unix())
	if a.Key != "" {
		m = append(m, message.M("cnf", message.Obj(message.M("jkt", message.Str(a.Key)))))
	}
	return k.Sign(message.Obj(m...), message.M("typ", message.Str(typeAccess)))
}

// longestAccess bounds exp of a token that is read: nobody issues for longer.
const longestAccess = 366 * 24 * time.Hour

// ReadAccessToken verifies a token as a resource must (RFC 9068 section 4):
// typ, signature, times. Issuer and audience are the caller's to compare.
func ReadAccessToken(text string, now time.Time, keys []jose.PublicKey) (AccessClaims, error) {
	t, err := jose.Verify(text, keys...)
	if err != nil {
		return AccessClaims{}, err
	}
	if typ, _ := t.Header.Get("typ").Text(); typ != typeAccess && typ != "application/"+typeAccess {
		return AccessClaims{}, errors.New("typ must be " + typeAccess)
	}
	a := AccessClaims{Issuer: t.Text("iss"), Subject: t.Text("sub"), Audience: t.Audience(), ClientID: t.Text("client_id"), Scope: t.Text("scope"),
		JTI: t.Text("jti"), IssuedAt: t.Time("iat"), ExpiresAt: t.Time("exp")}
	a.Key, _ = t.Claims.Get("cnf").Get("jkt").Text()
	if a.Issuer == "" || a.Subject == "" || a.Audience == "" || a.ClientID == "" || a.JTI == "" || a.IssuedAt.IsZero() {
		return AccessClaims{}, errors.New("iss, sub, aud, client_id, jti or iat is missing")
	}
	return a, t.Lives(now, longestAccess)
}
