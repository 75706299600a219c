// Statements of others as grants: workloads, and users of an identity
// provider (RFC 7523 section 2.1, RFC 8693, Identity Assertion Authorization
// Grant).
package server_test

import (
	"strings"
	"testing"
	"time"

	"mcp-auth/core/authserver"
	"mcp-auth/core/exchange"
	"mcp-auth/core/jose"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/server"
)

const (
	cluster  = "https://cluster.example"
	provider = "https://idp.example"
)

// trusting starts a server with its identity provider, a trusted platform and
// a trusted identity provider.
func trusting(t *testing.T) (b *bench, platform, users jose.PrivateKey) {
	platform, users = newKey(t, jose.ES256), newKey(t, jose.EdDSA)
	keys := func(k jose.PrivateKey) func(time.Time) ([]jose.PublicKey, error) {
		return func(time.Time) ([]jose.PublicKey, error) { return []jose.PublicKey{k.Public()}, nil }
	}
	b = newServer(t, func(c *server.Config) {
		c.IdP = true
		c.Trusted = []authserver.Trusted{{Issuer: cluster, Keys: keys(platform)}, {Issuer: provider, Users: true, Keys: keys(users)}}
	})
	return b, platform, users
}

// claimed are claims of a statement for this server.
func (b *bench) claimed(issuer, subject string, more ...message.Member) []message.Member {
	return append([]message.Member{message.M("iss", message.Str(issuer)), message.M("sub", message.Str(subject)), message.M("aud", message.Str(base)),
		message.M("jti", message.Str("jti "+message.Decimal(b.names.Add(1)))), message.M("exp", message.Num(b.now.Unix()+300))}, more...)
}

const bearerGrant = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="

func TestRFC7523AWorkloadNeedsNoRegistration(t *testing.T) {
	b, k, users := trusting(t)
	claims := b.claimed(cluster, "system:pod")
	good := sign(t, k, claims, nil)
	for range 2 { // the platform's token is good while it lives
		r := b.post("/oauth/token", bearerGrant+good+"&resource="+enc(resource)+"&client_id=whoever")
		b.Equal(r.Status, 200)                   // one request, no client
		b.True(b.alive(text(r, "access_token"))) // a token of the server
		b.Equal(text(r, "refresh_token"), "")    // and nothing that outlives the platform's
		i := b.post("/oauth/introspect", "token="+text(r, "access_token")+"&client_id=dev-confidential-client&client_secret=dev-confidential-secret")
		b.Equal(text(i, "sub"), cluster+"|system:pod") // told apart from users of the same name
	}
	one := func(name string, v message.Value) map[string]message.Value { return map[string]message.Value{name: v} }
	b.Equal(b.post("/oauth/token", bearerGrant+sign(t, k, claims, one("aud", message.Str(tokenURL)))).Status, 200) // the draft says the token endpoint
	for name, assertion := range map[string]string{
		"another key":    sign(t, users, claims, nil),
		"another issuer": sign(t, k, claims, one("iss", message.Str("https://other.example"))),
		"of the users":   sign(t, k, claims, one("iss", message.Str(provider))),
		"wrong audience": sign(t, k, claims, one("aud", message.Str("https://as.example"))),
		"two audiences":  sign(t, k, claims, one("aud", message.Strs([]string{base, "https://as.example"}))),
		"expired":        sign(t, k, claims, one("exp", message.Num(b.now.Unix()))),
		"for a year":     sign(t, k, claims, one("exp", message.Num(b.now.AddDate(1, 0, 0).Unix()))),
		"nobody":         sign(t, k, claims, one("sub", message.Value{})),
		"no JWT":         "x",
	} {
		if r := b.post("/oauth/token", bearerGrant+assertion); r.Status != 400 || text(r, "error") != "invalid_grant" {
			t.Error(name, r.Status, string(r.Body))
		}
	}
	b.refused(b.post("/oauth/token", bearerGrant), 400, "invalid_request")
	b.refused(b.post("/oauth/token", bearerGrant+good+"&resource="+enc("https://other.example/mcp")), 400, "invalid_target")
	b.refused(b.post("/oauth/token", bearerGrant+good+"&scope=mcp%3Aadmin"), 400, "invalid_scope") // nobody consents
	b.refused(newServer(t).post("/oauth/token", bearerGrant+good), 400, "unsupported_grant_type")  // a server that trusts nobody
}

func TestRFC7800AStatementOfAKeyIsGoodWithItAlone(t *testing.T) {
	b, platform, users := trusting(t)
	k, other := newKey(t, jose.ES256), newKey(t, jose.ES256)
	at := func(key jose.PrivateKey) string { return b.proof(key, exchange.DPoPProof{URL: tokenURL}) }
	cnf := message.M("cnf", message.Obj(message.M("jkt", message.Str(k.Thumbprint()))))
	jag := message.M("client_id", message.Str("dev-enterprise-client"))
	for name, body := range map[string]string{
		"a workload": bearerGrant + sign(t, platform, b.claimed(cluster, "system:pod", cnf), nil),
		"a user":     bearerGrant + sign(t, users, b.claimed(provider, "somebody", cnf, jag), nil, message.M("typ", message.Str(exchange.TypeIDJAG))) + enterpriseClient,
	} {
		t.Run(name, func(t *testing.T) {
			b.refused(b.post("/oauth/token", body), 400, "invalid_grant")            // stolen
			b.refused(b.post("/oauth/token", body, at(other)), 400, "invalid_grant") // by somebody with a key
			r := b.post("/oauth/token", body, at(k))
			b.Equal(r.Status, 200)                 // section 3: its holder's
			b.Equal(text(r, "token_type"), "DPoP") // and the token is the key's as well
		})
	}
}

// enterprise is the whole way: ID token, grant, token.
func (b *bench) idToken() string {
	b.t.Helper()
	r := b.post("/idp/id-token", "client_id=dev-enterprise-client")
	b.Equal(r.Status, 200) // the test user is signed in
	return text(r, "id_token")
}

func (b *bench) exchangeForm(changes ...string) string {
	return form("grant_type="+enc(oauth.GrantTokenExchange)+"&requested_token_type="+enc(exchange.TokenTypeIDJAG)+"&subject_token_type="+enc(exchange.TokenTypeIDToken)+
		"&subject_token="+b.idToken()+"&audience="+enc(base)+"&resource="+enc(resource)+"&scope=mcp%3Aread+mcp%3Awrite&client_id=dev-enterprise-client&client_secret=dev-enterprise-secret", changes)
}

const enterpriseClient = "&client_id=dev-enterprise-client&client_secret=dev-enterprise-secret"

func TestIDJAGThroughTheTestIdentityProvider(t *testing.T) {
	b, _, _ := trusting(t)
	r := b.post("/idp/token", b.exchangeForm())
	b.Equal(r.Status, 200)                                         // RFC 8693 section 2.2.1
	b.Equal(text(r, "issued_token_type"), exchange.TokenTypeIDJAG) // a grant
	b.Equal(text(r, "token_type"), "N_A")                          // and no access token
	grant := text(r, "access_token")
	b.Equal(b.mcp(grant, ping).Status, 401) // good for nothing else
	r = b.post("/oauth/token", bearerGrant+grant+enterpriseClient)
	b.Equal(r.Status, 200)                          // the grant is taken
	b.Equal(text(r, "scope"), "mcp:read mcp:write") // with its scope
	b.True(b.alive(text(r, "access_token")))
	i := b.post("/oauth/introspect", "token="+text(r, "access_token")+"&client_id=dev-confidential-client&client_secret=dev-confidential-secret")
	b.Equal(text(i, "sub"), authserver.Subject)                                                 // for the user
	b.Equal(text(i, "client_id"), "dev-enterprise-client")                                      // of the client
	b.refused(b.post("/oauth/token", bearerGrant+grant+enterpriseClient), 400, "invalid_grant") // once
	v, _ := message.ParseJSON(b.get("/.well-known/oauth-authorization-server").Body)
	b.Equal(string(v.Get("authorization_grant_profiles_supported").Append(nil)), `["urn:ietf:params:oauth:grant-profile:id-jag"]`) // announced
	meta := b.get("/idp/.well-known/openid-configuration")
	b.Equal(text(meta, "issuer"), base+"/idp")               // the provider has a document of its own
	b.Equal(text(meta, "token_endpoint"), base+"/idp/token") // with its endpoint
	keys, err := exchange.ParseKeys(string(b.get("/idp/jwks").Body))
	b.NoErr(err) // and its keys
	_, err = jose.Verify(grant, keys...)
	b.NoErr(err) // which signed the grant
}

func TestIDJAGWhatTheIdentityProviderRefuses(t *testing.T) {
	b, _, _ := trusting(t)
	for change, code := range map[string]string{
		"client_secret=x": "invalid_client", "client_id=dev-public-client": "invalid_client", "-client_secret": "invalid_client",
		"grant_type=authorization_code": "unsupported_grant_type", "requested_token_type=x": "invalid_request", "subject_token_type=x": "invalid_request",
		"subject_token=x": "invalid_request", "audience=" + enc("https://as.example"): "invalid_target", "-audience": "invalid_target", "-resource": "invalid_target", "resource=x": "invalid_target",
	} {
		if r := b.post("/idp/token", b.exchangeForm(change)); text(r, "error") != code {
			t.Error(change, r.Status, string(r.Body))
		}
	}
	grant := text(b.post("/idp/token", b.exchangeForm()), "access_token")
	b.refused(b.post("/idp/token", b.exchangeForm("subject_token="+grant)), 400, "invalid_request") // a grant is no ID token
	old := b.exchangeForm()
	b.now = b.now.Add(time.Hour)
	b.refused(b.post("/idp/token", old), 400, "invalid_request") // the ID token has expired
	b.refused(b.post("/idp/id-token", "client_id=dev-public-client"), 401, "invalid_client")
	b.refused(b.post("/idp/id-token", ""), 400, "invalid_request")
	b.refused(b.post("/oauth/token", bearerGrant+grant+enterpriseClient), 400, "invalid_grant") // nor the grant
}

func TestIDJAGsThatAreRefused(t *testing.T) {
	b, platform, k := trusting(t)
	typ := message.M("typ", message.Str("oauth-id-jag+jwt"))
	claims := func() []message.Member {
		return b.claimed(provider, "alice", message.M("client_id", message.Str("dev-enterprise-client")), message.M("resource", message.Str(resource)), message.M("scope", message.Str("mcp:read mcp:admin")))
	}
	one := func(name string, v message.Value) map[string]message.Value { return map[string]message.Value{name: v} }
	r := b.post("/oauth/token", bearerGrant+sign(t, k, claims(), nil, typ)+enterpriseClient)
	b.Equal(text(r, "scope"), "mcp:read") // what the assertion and the client have in common
	for name, c := range map[string]struct{ assertion, code string }{
		"no typ":         {sign(t, k, claims(), nil), "invalid_grant"},
		"a plain JWT":    {sign(t, k, claims(), nil, message.M("typ", message.Str("JWT"))), "invalid_grant"},
		"another client": {sign(t, k, claims(), one("client_id", message.Str("dev-public-client")), typ), "invalid_grant"},
		"no client":      {sign(t, k, claims(), one("client_id", message.Value{}), typ), "invalid_grant"},
		"token endpoint": {sign(t, k, claims(), one("aud", message.Str(tokenURL)), typ), "invalid_grant"},
		"no jti":         {sign(t, k, claims(), one("jti", message.Value{}), typ), "invalid_grant"},
		"expired":        {sign(t, k, claims(), one("exp", message.Num(b.now.Unix())), typ), "invalid_grant"},
		"of a platform":  {sign(t, platform, claims(), one("iss", message.Str(cluster)), typ), "invalid_grant"},
		"another key":    {sign(t, platform, claims(), nil, typ), "invalid_grant"},
		"resource":       {sign(t, k, claims(), one("resource", message.Str("https://other.example/mcp")), typ), "invalid_target"},
		"two resources":  {sign(t, k, claims(), one("resource", message.Strs([]string{resource, "https://other.example"})), typ), "invalid_target"},
		"no scope left":  {sign(t, k, claims(), one("scope", message.Str("mcp:admin")), typ), "invalid_scope"},
	} {
		if r := b.post("/oauth/token", bearerGrant+c.assertion+enterpriseClient); r.Status != 400 || text(r, "error") != c.code {
			t.Error(name, r.Status, string(r.Body))
		}
	}
	good := sign(t, k, claims(), nil, typ)
	b.refused(b.post("/oauth/token", bearerGrant+good), 401, "invalid_client")                                                                   // without a client
	b.refused(b.post("/oauth/token", bearerGrant+good+"&client_id=dev-public-client"), 400, "unauthorized_client")                               // nor a public one
	b.refused(b.post("/oauth/token", bearerGrant+good+"&client_id=dev-admin-client&client_secret=dev-admin-secret"), 400, "unauthorized_client") // nor one without the grant
	b.refused(b.post("/oauth/token", bearerGrant+good+enterpriseClient+"&resource="+enc(base+"/mcp/bearer-token")), 400, "invalid_target")       // nor for another resource
	r = b.post("/oauth/token", bearerGrant+good+enterpriseClient)
	b.Equal(r.Status, 200) // and the refusals did not spend it
	i := b.post("/oauth/introspect", "token="+text(r, "access_token")+"&client_id=dev-confidential-client&client_secret=dev-confidential-secret")
	b.Equal(text(i, "sub"), provider+"|alice") // not this server's alice
}

// MCP authorization, scope hierarchy: who may have mcp:write may ask for less.
func TestIDJAGsCoverNarrowerScope(t *testing.T) {
	b, _, k := trusting(t)
	for _, c := range []struct{ registered, vouched, asked, got string }{
		{"mcp:write", "mcp:write", "mcp:read", "mcp:read"}, {"mcp:write", "mcp:read", "", "mcp:read"}, {"mcp:write", "", "mcp:read", "mcp:read"}, {"mcp:write", "", "", "mcp:read"},
		{"mcp:write", "mcp:read", "mcp:write", ""}, {"mcp:read", "mcp:write", "mcp:write", ""}, {"mcp:read", "mcp:admin", "mcp:write mcp:read", "mcp:read"},
	} {
		r := b.postJSON("/oauth/register", `{"grant_types":["urn:ietf:params:oauth:grant-type:jwt-bearer"],"token_endpoint_auth_method":"client_secret_post","scope":"`+c.registered+`"}`)
		claims := b.claimed(provider, "alice", message.M("client_id", message.Str(text(r, "client_id"))), message.M("resource", message.Str(resource)))
		if c.vouched != "" {
			claims = append(claims, message.M("scope", message.Str(c.vouched)))
		}
		grant := sign(t, k, claims, nil, message.M("typ", message.Str("oauth-id-jag+jwt")))
		r = b.post("/oauth/token", bearerGrant+grant+"&client_id="+text(r, "client_id")+"&client_secret="+text(r, "client_secret")+"&scope="+enc(c.asked))
		if text(r, "scope") != c.got || c.got == "" && text(r, "error") != "invalid_scope" {
			t.Errorf("%+v: %d %s", c, r.Status, r.Body)
		}
	}
}

func TestNobodyIsAdminUnasked(t *testing.T) {
	b, _, k := trusting(t)
	registration := func(scope string) string {
		return `{"grant_types":["urn:ietf:params:oauth:grant-type:jwt-bearer"],"token_endpoint_auth_method":"client_secret_post","scope":"` + scope + `"}`
	}
	b.refused(b.postJSON("/oauth/register", registration("mcp:read mcp:admin")), 400, "invalid_client_metadata") // decision 12
	r := b.postJSON("/oauth/register", registration("mcp:read"))
	b.Equal(r.Status, 201)
	grant := sign(t, k, b.claimed(provider, "alice", message.M("client_id", message.Str(text(r, "client_id"))), message.M("resource", message.Str(resource))), nil, message.M("typ", message.Str("oauth-id-jag+jwt")))
	mine := "&client_id=" + text(r, "client_id") + "&client_secret=" + text(r, "client_secret")
	b.refused(b.post("/oauth/token", bearerGrant+grant+mine+"&scope=mcp%3Aadmin"), 400, "invalid_scope") // a grant that says nothing of scope gives no more than was registered
	b.Equal(text(b.post("/oauth/token", bearerGrant+grant+mine), "scope"), "mcp:read")
}

func TestIdPIsATestHook(t *testing.T) {
	b := newServer(t)
	for _, path := range []string{"/idp/.well-known/openid-configuration", "/idp/jwks"} {
		b.Equal(b.get(path).Status, 404) // it is there only when switched on
	}
	b.Equal(b.post("/idp/id-token", "client_id=dev-enterprise-client").Status, 404)
	b, _, _ = trusting(t)
	b.True(strings.Contains(string(b.get("/health").Body), `"idp"`)) // C-26: and said so
}
