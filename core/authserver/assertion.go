// RFC 7523 section 2.2: clients that prove themselves with a key. The rules of
// the audience are those of its revision: the issuer, alone.
package authserver

import (
	"errors"
	"slices"
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/jose"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/table"
)

// devKey is the private key of dev-key-client: the published one of RFC 8037
// appendix A.
const devKey = `{"kty":"OKP","crv":"Ed25519","kid":"dev","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`

// publicKeys is the JWK Set of a private JWK; "" when it is none.
func publicKeys(private string) string {
	v, err := message.ParseJSON([]byte(private))
	if err != nil {
		return ""
	}
	k, err := jose.ReadPrivate(v)
	if err != nil {
		return ""
	}
	return string(jose.Set(k.Public()).Append(nil))
}

// checkKeys asks for the keys that the method needs, in the registration
// itself: nothing is fetched.
func (s *Server) checkKeys(c *oauth.ClientMetadata) string {
	switch {
	case c.JWKS != "" && c.JWKSURI != "":
		return "send jwks or jwks_uri, not both"
	case c.TokenEndpointAuthMethod == oauth.AuthKey && c.JWKS == "":
		return "private_key_jwt needs the public keys in jwks; jwks_uri is not fetched"
	case c.JWKS == "":
		return ""
	}
	keys, err := exchange.ParseKeys(c.JWKS)
	if err != nil {
		return "jwks: " + err.Error()
	}
	if c.TokenEndpointAuthMethod == oauth.AuthKey && len(s.usable(keys)) == 0 {
		return "jwks: no key is of an algorithm of token_endpoint_auth_signing_alg_values_supported"
	}
	return ""
}

// usable are the keys whose algorithm is served.
func (s *Server) usable(keys []jose.PublicKey) []jose.PublicKey {
	return slices.DeleteFunc(keys, func(k jose.PublicKey) bool { return !slices.Contains(s.cfg.Algorithms, k.Alg) })
}

// proveKey checks a client assertion: the client's key and nobody else's, for
// this issuer alone, once, and soon (TK-31).
func (s *Server) proveKey(now time.Time, a exchange.ClientAuth, c Client) error {
	switch {
	case c.TokenEndpointAuthMethod != oauth.AuthKey:
		return oauth.E(oauth.InvalidClient, "the client is registered for "+c.TokenEndpointAuthMethod+", not for client assertions")
	case a.Basic || a.ClientSecret != "":
		return oauth.E(oauth.InvalidClient, "the client has a key and no secret: authenticate with private_key_jwt alone")
	case a.JWT == "":
		return oauth.E(oauth.InvalidClient, "the client has a key: authenticate with client_assertion and client_assertion_type "+exchange.AssertionTypeJWT)
	}
	keys, err := exchange.ParseKeys(c.JWKS)
	if err != nil {
		return oauth.E(oauth.InvalidClient, "the client has published no keys in jwks that can be used here; jwks_uri is not fetched")
	}
	said, err := exchange.ReadAssertion(a.JWT, now, exchange.LongestAssertion, s.usable(keys))
	switch {
	case err != nil:
		return oauth.E(oauth.InvalidClient, "client_assertion: "+err.Error())
	case said.Issuer != a.ClientID || said.Subject != a.ClientID:
		return oauth.E(oauth.InvalidClient, "client_assertion: iss and sub must both be the client_id")
	case said.Audience != s.cfg.Issuer:
		return oauth.E(oauth.InvalidClient, "client_assertion: aud must be the issuer alone, "+s.cfg.Issuer)
	case said.JTI == "":
		return oauth.E(oauth.InvalidClient, "client_assertion: jti is missing, and without it the assertion could be used again")
	}
	return s.once(now, "assertion "+a.ClientID+" "+said.JTI, said.ExpiresAt, oauth.E(oauth.InvalidClient, "client_assertion: it was used before; sign a new one for each request"))
}

// once spends a name that is good once until it expires anyway.
func (s *Server) once(now time.Time, name string, expires time.Time, again *oauth.Error) error {
	err := s.t.Spent.Create(now, table.KeyOf(name), struct{}{}, expires)
	if errors.Is(err, table.ErrExists) {
		return again
	}
	return err
}
