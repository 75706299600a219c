// A server that serves fewer algorithms than the core has: what it announces is
// what it takes (RFC 8414 section 2, RFC 9449 section 5.1).
package server_test

import (
	"strings"
	"testing"

	"mcp-auth/core/exchange"
	"mcp-auth/core/jose"
	"mcp-auth/core/message"
	"mcp-auth/core/server"
)

func TestAnAlgorithmThatIsNotServedIsNotTaken(t *testing.T) {
	for served, other := range map[string]string{jose.EdDSA: jose.ES256, jose.ES256: jose.EdDSA} {
		b := newServer(t, func(c *server.Config) { c.Algorithms = []string{served} })
		good, bad := newKey(t, served), newKey(t, other)

		v, _ := message.ParseJSON(b.get("/.well-known/oauth-authorization-server").Body)
		for _, name := range []string{"token_endpoint_auth_signing_alg_values_supported", "revocation_endpoint_auth_signing_alg_values_supported", "introspection_endpoint_auth_signing_alg_values_supported", "dpop_signing_alg_values_supported"} {
			b.Equal(string(v.Get(name).Append(nil)), `["`+served+`"]`) // announced is the one
		}
		v, _ = message.ParseJSON(b.get("/.well-known/oauth-protected-resource/mcp/oauth").Body)
		b.Equal(string(v.Get("dpop_signing_alg_values_supported").Append(nil)), `["`+served+`"]`) // at the resource too

		token := b.boundToken(good) // a proof of it is taken
		b.refused(b.post("/oauth/token", credsOf, b.proof(bad, exchange.DPoPProof{URL: tokenURL})), 400, "invalid_dpop_proof")
		r := b.show(bad, token, exchange.DPoPProof{})
		b.Equal(r.Status, 401)                                                          // not at the resource either
		b.True(strings.Contains(r.Header.Get("WWW-Authenticate"), `algs="`+served+`"`)) // whose challenge names it

		register := func(keys ...jose.PublicKey) message.Response {
			return b.postJSON("/oauth/register", `{"grant_types":["client_credentials"],"token_endpoint_auth_method":"private_key_jwt","jwks":`+string(jose.Set(keys...).Append(nil))+`}`)
		}
		b.Equal(text(register(bad.Public()), "error"), "invalid_client_metadata") // nobody registers a key that cannot be used
		both := register(bad.Public(), good.Public())
		b.Equal(both.Status, 201) // beside one that can, it is no harm
		id := message.Str(text(both, "client_id"))
		own := map[string]message.Value{"iss": id, "sub": id}
		b.Equal(b.post("/oauth/token", "grant_type=client_credentials&"+withAssertion(b.signed(good, own))).Status, 200) // and the good one proves the client
		b.refused(b.post("/oauth/token", "grant_type=client_credentials&"+withAssertion(b.signed(bad, own))), 401, "invalid_client")
	}
}
