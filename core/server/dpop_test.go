// Tokens that are bound to a key, at the token endpoint and at the resource
// (RFC 9449).
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

func bound(mode authserver.DPoP, nonce bool) func(*server.Config) {
	return func(c *server.Config) { c.DPoP, c.DPoPNonce, c.Approval = mode, nonce, authserver.ApprovalAuto }
}

// proof makes a header field with a proof.
func (b *bench) proof(k jose.PrivateKey, p exchange.DPoPProof) string {
	b.t.Helper()
	if p.JTI == "" {
		p.JTI = "proof " + message.Decimal(b.names.Add(1))
	}
	if p.Method == "" {
		p.Method = "POST"
	}
	if p.IssuedAt.IsZero() {
		p.IssuedAt = b.now
	}
	text, err := p.Sign(k)
	b.NoErr(err) // the proof is made
	return "DPoP: " + text
}

const (
	tokenURL = base + "/oauth/token"
	credsOf  = "grant_type=client_credentials&client_id=dev-admin-client&client_secret=dev-admin-secret&scope=mcp%3Aread"
)

// boundToken is a token that is bound to a key.
func (b *bench) boundToken(k jose.PrivateKey) string {
	b.t.Helper()
	r := b.post("/oauth/token", credsOf, b.proof(k, exchange.DPoPProof{URL: tokenURL}))
	b.Equal(r.Status, 200)                 // the proof is good
	b.Equal(text(r, "token_type"), "DPoP") // RFC 9449 section 5
	return text(r, "access_token")
}

// show sends a bound token with a proof of it.
func (b *bench) show(k jose.PrivateKey, token string, p exchange.DPoPProof) message.Response {
	b.t.Helper()
	if p.URL == "" {
		p.URL = resource
	}
	if p.Token == "" {
		p.Token = token
	}
	return b.postJSON("/mcp/oauth", ping, "Authorization: DPoP "+token, b.proof(k, p))
}

func TestRFC9449ABoundTokenIsGoodWithItsKeyAlone(t *testing.T) {
	b := newServer(t, bound(authserver.DPoPOptional, false))
	for _, alg := range jose.Algorithms[:2] {
		k, other := newKey(t, alg), newKey(t, alg)
		token := b.boundToken(k)
		b.Equal(b.show(k, token, exchange.DPoPProof{}).Status, 200)                       // with the key
		b.Equal(b.show(k, token, exchange.DPoPProof{URL: resource + "?a=b"}).Status, 200) // htu has no query
		refusals := map[string]message.Response{
			"as bearer":        b.mcp(token, ping),
			"bearer and proof": b.mcp(token, ping, b.proof(k, exchange.DPoPProof{URL: resource, Token: token})),
			"no proof":         b.postJSON("/mcp/oauth", ping, "Authorization: DPoP "+token),
			"another key":      b.show(other, token, exchange.DPoPProof{}),
			"another token":    b.show(k, token, exchange.DPoPProof{Token: "x"}),
			"no token":         b.postJSON("/mcp/oauth", ping, "Authorization: DPoP "+token, b.proof(k, exchange.DPoPProof{URL: resource})),
			"another method":   b.show(k, token, exchange.DPoPProof{Method: "GET"}),
			"another URL":      b.show(k, token, exchange.DPoPProof{URL: tokenURL}),
			"another host":     b.show(k, token, exchange.DPoPProof{URL: "http://evil.example/mcp/oauth"}),
			"old":              b.show(k, token, exchange.DPoPProof{IssuedAt: b.now.Add(-6 * time.Minute)}),
			"of the future":    b.show(k, token, exchange.DPoPProof{IssuedAt: b.now.Add(6 * time.Minute)}),
			"two proofs":       b.postJSON("/mcp/oauth", ping, "Authorization: DPoP "+token, b.proof(k, exchange.DPoPProof{URL: resource, Token: token}), b.proof(k, exchange.DPoPProof{URL: resource, Token: token})),
			"no JWT":           b.postJSON("/mcp/oauth", ping, "Authorization: DPoP "+token, "DPoP: x"),
		}
		for name, r := range refusals {
			c := r.Header.Get("WWW-Authenticate")
			if r.Status != 401 || !strings.HasPrefix(c, "DPoP ") || !strings.Contains(c, `algs="ES256 EdDSA RS256"`) || !strings.Contains(c, `error="`+text(r, "error")+`"`) || !strings.Contains(c, mcpMetadata) {
				t.Errorf("%s: %d %s %s", name, r.Status, c, r.Body)
			}
		}
	}
	r := b.post("/oauth/token", credsOf)
	b.Equal(text(r, "token_type"), "Bearer")                                                            // without a proof
	b.Equal(b.mcp(text(r, "access_token"), ping).Status, 200)                                           // as ever
	b.Equal(b.show(newKey(t, jose.ES256), text(r, "access_token"), exchange.DPoPProof{}).Status, 401)   // a bearer token is not bound by saying so
	b.Equal(b.postJSON("/mcp/bearer-token", ping, "Authorization: DPoP test-bearer-token").Status, 401) // nor a static one
	b.Equal(b.postJSON("/mcp/oauth", ping).Header.Values("WWW-Authenticate")[0][:7], "Bearer ")         // without a token the challenge is the usual one
}

// RFC 9449 section 7.1: who tries the scheme DPoP is challenged in it,
// whatever is wrong.
func TestRFC9449TheChallengeIsOfTheSchemeThatWasTried(t *testing.T) {
	b := newServer(t, bound(authserver.DPoPOptional, false))
	k := newKey(t, jose.EdDSA)
	token := b.boundToken(k)
	call := func(tool string) message.Response {
		return b.postJSON("/mcp/oauth", strings.Replace(ping, "ping", tool, 1), "Authorization: DPoP "+token, b.proof(k, exchange.DPoPProof{URL: resource, Token: token}))
	}
	challenged := func(r message.Response, status int, code string) {
		t.Helper()
		c := r.Header.Get("WWW-Authenticate")
		if r.Status != status || !strings.HasPrefix(c, `DPoP error="`+code+`"`) || !strings.Contains(c, `algs="ES256 EdDSA RS256"`) || !strings.Contains(c, mcpMetadata) {
			t.Errorf("wanted %d DPoP %s, got %d %s", status, code, r.Status, c)
		}
	}
	challenged(call("delete_notes"), 403, "insufficient_scope")
	challenged(b.postJSON("/mcp/oauth", ping, "Authorization: DPoP a b"), 400, "invalid_request")
	b.now = b.now.Add(time.Hour)
	challenged(call("ping"), 401, "invalid_token") // which has expired
	r := b.mcp(token, ping)
	b.True(strings.HasPrefix(r.Header.Get("WWW-Authenticate"), `Bearer error="invalid_token"`)) // as bearer, as ever
}

func TestRFC9449AProofIsGoodOnce(t *testing.T) {
	b := newServer(t, bound(authserver.DPoPOptional, false))
	k := newKey(t, jose.EdDSA)
	proof := b.proof(k, exchange.DPoPProof{URL: tokenURL})
	b.Equal(b.post("/oauth/token", credsOf, proof).Status, 200) // the first time
	b.refused(b.post("/oauth/token", credsOf, proof), 400, "invalid_dpop_proof")
	token := b.boundToken(k)
	p := exchange.DPoPProof{JTI: "one"}
	won := 0
	for _, r := range parallel(20, func() message.Response { return b.show(k, token, p) }) {
		if r.Status == 200 {
			won++
		}
	}
	b.Equal(won, 1) // of all who send it at once, one
	p.IssuedAt = b.now
	b.now = b.now.Add(exchange.ProofLife)
	b.Equal(b.show(k, token, p).Status, 401) // and none as long as it is young enough
}

func TestRFC9449NoncesAtBothServers(t *testing.T) {
	b := newServer(t, bound(authserver.DPoPOptional, true))
	k := newKey(t, jose.ES256)
	r := b.post("/oauth/token", credsOf, b.proof(k, exchange.DPoPProof{URL: tokenURL}))
	b.refused(r, 400, "use_dpop_nonce") // section 8
	nonce := r.Header.Get("DPoP-Nonce")
	b.True(nonce != "") // the nonce to use
	r = b.post("/oauth/token", credsOf, b.proof(k, exchange.DPoPProof{URL: tokenURL, Nonce: nonce}))
	b.Equal(r.Status, 200) // with it
	token := text(r, "access_token")
	r = b.show(k, token, exchange.DPoPProof{})
	b.refused(r, 401, "use_dpop_nonce") // section 9
	b.True(strings.HasPrefix(r.Header.Get("WWW-Authenticate"), "DPoP ") && r.Header.Get("DPoP-Nonce") == nonce)
	b.Equal(b.show(k, token, exchange.DPoPProof{Nonce: nonce}).Status, 200) // with it
	b.now = b.now.Add(5 * time.Minute)
	b.Equal(b.show(k, token, exchange.DPoPProof{Nonce: nonce}).Status, 200) // one period later it is taken still
	b.now = b.now.Add(5 * time.Minute)
	r = b.show(k, token, exchange.DPoPProof{Nonce: nonce})
	b.Equal(text(r, "error"), "use_dpop_nonce") // two periods later it is not
	b.True(r.Header.Get("DPoP-Nonce") != nonce) // there is another
	other := newServer(t, bound(authserver.DPoPOptional, true))
	other.now = b.now
	b.Equal(text(other.post("/oauth/token", credsOf, b.proof(k, exchange.DPoPProof{URL: tokenURL, Nonce: r.Header.Get("DPoP-Nonce")})), "error"), "use_dpop_nonce") // another server's is none
}

func TestRFC9449RefreshTokensOfPublicClientsAreBound(t *testing.T) {
	b := newBench(t, bound(authserver.DPoPOptional, false))
	k := newKey(t, jose.ES256)
	at := func(key jose.PrivateKey) string { return b.proof(key, exchange.DPoPProof{URL: tokenURL}) }
	r := b.post("/oauth/token", "grant_type=authorization_code&client_id="+b.pub+"&code="+b.autoCode()+"&code_verifier="+verifier, at(k))
	b.Equal(r.Status, 200) // the code is redeemed
	refresh := "grant_type=refresh_token&client_id=" + b.pub + "&refresh_token=" + text(r, "refresh_token")
	b.refused(b.post("/oauth/token", refresh), 400, "invalid_grant")                            // without a proof
	b.refused(b.post("/oauth/token", refresh, at(newKey(t, jose.ES256))), 400, "invalid_grant") // with another key's
	r = b.post("/oauth/token", refresh, at(k))
	b.Equal(r.Status, 200)                                                        // section 5: with the same key, and the refusals did not spend it
	b.Equal(b.show(k, text(r, "access_token"), exchange.DPoPProof{}).Status, 200) // the new token is bound too
	i := b.post("/oauth/introspect", "token="+text(r, "access_token")+"&client_id=dev-confidential-client&client_secret=dev-confidential-secret")
	b.Equal(text(i, "token_type"), "DPoP") // section 6.2
	v, _ := message.ParseJSON(i.Body)
	jkt, _ := v.Get("cnf").Get("jkt").Text()
	b.Equal(jkt, k.Thumbprint()) // and whose it is
}

func TestRFC9449ARefreshWithAProofBindsWhatAPublicClientGets(t *testing.T) {
	b := newBench(t, bound(authserver.DPoPOptional, false))
	k := newKey(t, jose.ES256)
	refresh := func(token string, fields ...string) message.Response {
		return b.post("/oauth/token", "grant_type=refresh_token&client_id="+b.pub+"&refresh_token="+token, fields...)
	}
	at := func(key jose.PrivateKey) string { return b.proof(key, exchange.DPoPProof{URL: tokenURL}) }
	r := refresh(text(b.redeem(b.autoCode()), "refresh_token"))
	b.Equal(text(r, "token_type"), "Bearer") // nothing is bound yet
	r = refresh(text(r, "refresh_token"), at(k))
	b.Equal(text(r, "token_type"), "DPoP") // the proof binds the access token
	next := text(r, "refresh_token")
	b.refused(refresh(next), 400, "invalid_grant") // section 5: and the refresh token beside it
	b.refused(refresh(next, at(newKey(t, jose.ES256))), 400, "invalid_grant")
	r = refresh(next, at(k))
	b.Equal(text(r, "token_type"), "DPoP")                             // it is good with that key,
	b.refused(refresh(text(r, "refresh_token")), 400, "invalid_grant") // and so are all that follow
	secret := "&client_id=dev-confidential-client&client_secret=dev-confidential-secret"
	r = b.post("/oauth/token", "grant_type=authorization_code&code_verifier="+verifier+secret+"&code="+b.autoCode("client_id=dev-confidential-client", "redirect_uri="+enc("http://127.0.0.1:1/callback")))
	again := "grant_type=refresh_token" + secret + "&refresh_token="
	r = b.post("/oauth/token", again+text(r, "refresh_token"), at(k))
	b.Equal(text(r, "token_type"), "DPoP")
	b.Equal(b.post("/oauth/token", again+text(r, "refresh_token"), at(newKey(t, jose.ES256))).Status, 200) // who proves itself otherwise may change keys
}

func TestRFC9449ACodeMayBeForAKey(t *testing.T) {
	b := newBench(t, bound(authserver.DPoPOptional, false))
	k := newKey(t, jose.ES256)
	code := b.autoCode("dpop_jkt=" + k.Thumbprint())
	form := "grant_type=authorization_code&client_id=" + b.pub + "&code=" + code + "&code_verifier=" + verifier
	b.refused(b.post("/oauth/token", form), 400, "invalid_grant")
	b.refused(b.post("/oauth/token", form, b.proof(newKey(t, jose.ES256), exchange.DPoPProof{URL: tokenURL})), 400, "invalid_grant")
	b.Equal(b.post("/oauth/token", form, b.proof(k, exchange.DPoPProof{URL: tokenURL})).Status, 200) // section 10
}

// RFC 9449 section 10: what is no thumbprint is refused before anybody is
// asked, since no proof could be of it.
func TestRFC9449_10_WhatIsNoThumbprint(t *testing.T) {
	b := newBench(t, bound(authserver.DPoPOptional, false))
	for _, jkt := range []string{"x", strings.Repeat("a", 64), newKey(t, jose.EdDSA).Thumbprint() + "%3D", strings.Repeat("+", 43)} {
		b.redirected(b.authorize("dpop_jkt="+jkt), "invalid_request")
		b.refused(b.push("dpop_jkt="+jkt), 400, "invalid_request")
	}
	off := newBench(t, bound(authserver.DPoPOff, false))
	off.Equal(len(location(off.authorize("dpop_jkt=x")).All("code")), 1) // a parameter that is not known is passed over
}

func TestRFC9449BindingMayBeRequired(t *testing.T) {
	b := newServer(t, bound(authserver.DPoPRequired, false))
	b.refused(b.post("/oauth/token", credsOf), 400, "invalid_dpop_proof")
	b.True(strings.HasPrefix(b.postJSON("/mcp/oauth", ping).Header.Get("WWW-Authenticate"), "DPoP ")) // section 7.1
	k := newKey(t, jose.EdDSA)
	b.Equal(b.show(k, b.boundToken(k), exchange.DPoPProof{}).Status, 200) // with a key all is well
	v, _ := message.ParseJSON(b.get("/.well-known/oauth-protected-resource/mcp/oauth").Body)
	only, _ := v.Get("dpop_bound_access_tokens_required").Bool()
	b.True(only) // RFC 9728 section 2: it is announced
	b = newServer(t, bound(authserver.DPoPOptional, false))
	id := b.register(`"grant_types":["client_credentials"],"token_endpoint_auth_method":"client_secret_post","dpop_bound_access_tokens":true`)
	b.refused(b.clientCreds(id), 400, "invalid_dpop_proof") // section 5.2: or by one client for itself
}

func TestRFC9449WhoAsksForBoundTokensAloneGetsNoOthers(t *testing.T) {
	const members = `"grant_types":["client_credentials"],"token_endpoint_auth_method":"client_secret_post","dpop_bound_access_tokens":`
	b := newServer(t, bound(authserver.DPoPOff, false))
	r := b.postJSON("/oauth/register", "{"+members+"true}")
	b.refused(r, 400, "invalid_client_metadata")                     // RFC 7591 section 3.2.1: what is not kept is not echoed
	b.True(strings.Contains(text(r, "error_description"), "--dpop")) // and the author learns why
	b.Equal(b.clientCreds(b.register(members+"false")).Status, 200)  // who does not ask is served
	b, w := cimd(t, bound(authserver.DPoPOff, false))
	w.pages[documentURL] = page(document(documentURL, `"dpop_bound_access_tokens":true`))
	f := location(b.documented())
	code, _ := f.One("code")
	b.refused(b.redeem(code, "client_id="+enc(documentURL), "redirect_uri="+enc(appRedirect)), 400, "unauthorized_client") // a document is no registration, but means the same
}

func TestRFC9449MayBeOff(t *testing.T) {
	b := newServer(t, bound(authserver.DPoPOff, false))
	r := b.post("/oauth/token", credsOf, "DPoP: x")
	b.Equal(text(r, "token_type"), "Bearer") // proofs are not looked at
	for _, path := range []string{"/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource/mcp/oauth"} {
		b.True(!strings.Contains(string(b.get(path).Body), "dpop")) // and not announced
	}
	r = b.postJSON("/mcp/oauth", ping, "Authorization: DPoP x")
	b.Equal(r.Header.Get("WWW-Authenticate"), `Bearer scope="mcp:read", resource_metadata="`+mcpMetadata+`"`) // another scheme is no token
	for _, bad := range []func(*server.Config){bound("sometimes", false), bound(authserver.DPoPOff, true)} {
		cfg := server.Config{Issuer: base, Random: strings.NewReader("")}
		bad(&cfg)
		_, err := server.New(cfg)
		b.True(err != nil) // a setting that means nothing
	}
}

func TestRFC9449ProofsThatProveNothing(t *testing.T) {
	b := newServer(t, bound(authserver.DPoPOptional, false))
	k := newKey(t, jose.ES256)
	bare := k
	bare.ID = ""
	claims := []message.Member{message.M("jti", message.Str("a")), message.M("htm", message.Str("POST")), message.M("htu", message.Str(tokenURL)), message.M("iat", message.Num(b.now.Unix()))}
	typ, jwk := message.M("typ", message.Str("dpop+jwt")), message.M("jwk", k.PublicKey.JWK())
	none := map[string]message.Value{}
	for name, proof := range map[string]string{
		"typ":              sign(t, bare, claims, none, message.M("typ", message.Str("JWT")), jwk),
		"no typ":           sign(t, bare, claims, none, jwk),
		"no jwk":           sign(t, bare, claims, none, typ),
		"another jwk":      sign(t, bare, claims, none, typ, message.M("jwk", newKey(t, jose.ES256).PublicKey.JWK())),
		"private jwk":      sign(t, bare, claims, none, typ, message.M("jwk", k.JWK())),
		"symmetric jwk":    sign(t, bare, claims, none, typ, message.M("jwk", message.Obj(message.M("kty", message.Str("oct")), message.M("k", message.Str("AAAA"))))),
		"no jti":           sign(t, bare, claims, map[string]message.Value{"jti": {}}, typ, jwk),
		"no htm":           sign(t, bare, claims, map[string]message.Value{"htm": {}}, typ, jwk),
		"no htu":           sign(t, bare, claims, map[string]message.Value{"htu": {}}, typ, jwk),
		"htu with a query": sign(t, bare, claims, map[string]message.Value{"htu": message.Str(tokenURL + "?a")}, typ, jwk),
		"no iat":           sign(t, bare, claims, map[string]message.Value{"iat": {}}, typ, jwk),
		"iat a string":     sign(t, bare, claims, map[string]message.Value{"iat": message.Str("1")}, typ, jwk),
		"crit":             sign(t, bare, claims, none, typ, jwk, message.M("crit", message.Strs([]string{"b64"}))),
		"nothing":          "",
	} {
		if r := b.post("/oauth/token", credsOf, "DPoP: "+proof); r.Status != 400 || text(r, "error") != oauth.InvalidDPoPProof {
			t.Error(name, r.Status, string(r.Body))
		}
	}
	b.Equal(b.post("/oauth/token", credsOf, "DPoP: "+sign(t, bare, claims, none, typ, jwk)).Status, 200) // the same without a fault
}
