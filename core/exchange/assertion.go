// RFC 7521 and RFC 7523: a signed statement instead of a secret, and instead
// of a grant. RFC 8693 section 2.1: one token for another.
package exchange

import (
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
