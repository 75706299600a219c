package server_test

import (
	"testing"
	"time"

	"mcp-auth/core/authserver"
	"mcp-auth/core/exchange"
	"mcp-auth/core/jose"
	"mcp-auth/core/message"
	"mcp-auth/core/server"
)

// The broken clients that prove something, or fail to: DPoP (RFC 9449),
// workload identity (RFC 7523), the enterprise flow (ID-JAG).

// brokenProvers are those clients, and what a server must be told for them: to
// bind tokens to keys, to have a test identity provider, to trust one platform.
func brokenProvers(t *testing.T) (all []brokenClient, trust func(*server.Config)) {
	platform, mine, other := newKey(t, jose.ES256), newKey(t, jose.ES256), newKey(t, jose.ES256)
	trust = func(c *server.Config) {
		c.DPoP, c.IdP = authserver.DPoPOptional, true
		c.Trusted = []authserver.Trusted{{Issuer: cluster, Keys: func(time.Time) ([]jose.PublicKey, error) { return []jose.PublicKey{platform.Public()}, nil }}}
	}
	at := func(b *bench, k jose.PrivateKey) string { return b.proof(k, exchange.DPoPProof{URL: tokenURL}) }
	bound := func(b *bench) (refresh string) {
		r := b.post("/oauth/token", "grant_type=authorization_code&client_id="+b.pub+"&code="+b.code()+"&code_verifier="+verifier, at(b, mine))
		return "grant_type=refresh_token&client_id=" + b.pub + "&refresh_token=" + text(r, "refresh_token")
	}
	workload := func(more string, changes map[string]message.Value) func(*bench) message.Response {
		return func(b *bench) message.Response {
			return b.post("/oauth/token", bearerGrant+sign(t, platform, b.claimed(cluster, "system:pod"), changes)+"&resource="+enc(resource)+more)
		}
	}
	return []brokenClient{
		{"auth-test-dpop-bearer", "sends a bound token as a bearer token", refusedHere, func(b *bench) message.Response {
			return b.mcp(b.boundToken(mine), ping)
		}, "invalid_token"},
		{"auth-test-dpop-replay", "sends one proof twice", refusedHere, func(b *bench) message.Response {
			token, once := b.boundToken(mine), exchange.DPoPProof{JTI: "once"}
			b.Equal(b.show(mine, token, once).Status, 200) // the first time
			return b.show(mine, token, once)
		}, "invalid_dpop_proof"},
		{"auth-test-dpop-no-ath", "proves the key but not which token", refusedHere, func(b *bench) message.Response {
			return b.show(mine, b.boundToken(mine), exchange.DPoPProof{Token: "another"})
		}, "invalid_dpop_proof"},
		{"auth-test-dpop-stolen", "shows a token that is bound to another's key", refusedHere, func(b *bench) message.Response {
			return b.show(other, b.boundToken(mine), exchange.DPoPProof{})
		}, "invalid_token"},
		{"auth-test-dpop-no-jkt", "redeems a code that is for a key without the key", refusedHere, func(b *bench) message.Response {
			return b.redeem(b.code("dpop_jkt=" + mine.Thumbprint()))
		}, "invalid_grant"},
		{"auth-test-dpop-wrong-jkt", "redeems it with another key", refusedHere, func(b *bench) message.Response {
			return b.post("/oauth/token", "grant_type=authorization_code&client_id="+b.pub+"&code="+b.code("dpop_jkt="+mine.Thumbprint())+"&code_verifier="+verifier, at(b, other))
		}, "invalid_grant"},
		{"auth-test-dpop-refresh-no-proof", "refreshes a bound token without a proof", refusedHere, func(b *bench) message.Response {
			return b.post("/oauth/token", bound(b))
		}, "invalid_grant"},
		{"auth-test-dpop-refresh-new-key", "refreshes it with a new key", refusedHere, func(b *bench) message.Response {
			return b.post("/oauth/token", bound(b), at(b, other))
		}, "invalid_grant"},

		{"auth-test-wif-no-assertion", "asks with the jwt-bearer grant and no assertion", refusedHere, func(b *bench) message.Response {
			return b.post("/oauth/token", bearerGrant+"&resource="+enc(resource))
		}, "invalid_request"},
		{"auth-test-wif-wrong-audience", "shows an assertion for another server", refusedHere, workload("", map[string]message.Value{"aud": message.Str("https://as.example")}), "invalid_grant"},
		{"auth-test-wif-expired-assertion", "shows one whose time is over", refusedHere, workload("", map[string]message.Value{"exp": message.Num(1)}), "invalid_grant"},
		{"auth-test-wif-scope-rejected", "asks for a scope that nobody consented to", refusedHere, workload("&scope=mcp%3Aadmin", nil), "invalid_scope"},
		{"auth-test-wif-retry", "asks again after the refusal", refusedHere, func(b *bench) message.Response {
			ask := workload("&scope=mcp%3Aadmin", nil)
			ask(b)
			return ask(b)
		}, "invalid_scope"},
		{"auth-test-wif-grant-fallback", "makes up a code after the refusal", refusedHere, func(b *bench) message.Response {
			workload("&scope=mcp%3Aadmin", nil)(b)
			return b.redeem("made-up-by-the-client")
		}, "invalid_grant"},

		{"ema wrong-audience", "wants a grant for another authorization server", refusedHere, func(b *bench) message.Response {
			return b.post("/idp/token", b.exchangeForm("audience="+enc("https://other.example")))
		}, "invalid_target"},
		{"ema wrong-resource", "brings a grant for another resource", refusedHere, func(b *bench) message.Response {
			grant := text(b.post("/idp/token", b.exchangeForm("resource="+enc("https://other.example/mcp"))), "access_token")
			return b.post("/oauth/token", bearerGrant+grant+enterpriseClient)
		}, "invalid_target"},
		{"ema missing-idp-auth", "does not say who it is", refusedHere, func(b *bench) message.Response {
			return b.post("/idp/token", b.exchangeForm("-client_secret"))
		}, "invalid_client"},
		{"ema unissued-mcp-token", "shows the grant at the resource", refusedHere, func(b *bench) message.Response {
			return b.mcp(text(b.post("/idp/token", b.exchangeForm()), "access_token"), ping)
		}, "invalid_token"},
	}, trust
}
