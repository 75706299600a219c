package server_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"mcp-auth/core/authserver"
	"mcp-auth/core/exchange"
	"mcp-auth/core/jose"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/server"
)

// push sends the request ahead, changed.
func (b *bench) push(changes ...string) message.Response {
	b.t.Helper()
	return b.post("/oauth/par", b.az(changes...))
}

// visitPushed opens the authorization endpoint with a reference.
func (b *bench) visitPushed(client, uri string, more ...string) message.Response {
	b.t.Helper()
	return b.get(strings.TrimPrefix(exchange.PushedURL(base+"/oauth/authorize", client, uri), base) + strings.Join(append([]string{""}, more...), "&"))
}

func TestRFC9126_2_APushedRequestIsUsed(t *testing.T) {
	b := newBench(t)
	r := b.push()
	b.Equal(r.Status, 201)                             // section 2.2
	b.Equal(r.Header.Get("Cache-Control"), "no-store") // it is nobody else's
	p, err := exchange.ReadPushedReply(r)
	b.NoErr(err)                                                                                                           // with both members
	b.True(strings.HasPrefix(p.RequestURI, exchange.PushedPrefix+"") && len(p.RequestURI) > len(exchange.PushedPrefix)+42) // 256 random bits
	b.Equal(p.ExpiresIn, int64(60))                                                                                        // for a short time
	u := b.browser()
	page, err := u.Visit(exchange.PushedURL(base+"/oauth/authorize", b.pub, p.RequestURI))
	b.NoErr(err) // the page opens
	page, err = u.Press(page, "decision", "approve")
	b.NoErr(err) // and is answered
	f := location(message.Response{Header: message.Header{{Name: "Location", Value: page.Left}}})
	state, _ := f.One("state")
	code, _ := f.One("code")
	b.Equal(state, "xyz")               // what was pushed counts
	b.Equal(b.redeem(code).Status, 200) // to the end
}

func TestRFC9126_4_OnlyWhatWasPushedCounts(t *testing.T) {
	b := newBench(t, approval(authserver.ApprovalAuto))
	r := b.visitPushed(b.pub, text(b.push(), "request_uri"), "redirect_uri=https%3A%2F%2Fevil.example%2F", "state=other", "scope=mcp%3Awrite", "code_challenge=x")
	b.True(strings.HasPrefix(r.Header.Get("Location"), redirect+"?code=")) // not what stands beside it
	b.Equal(location(r).All("state"), []string{"xyz"})
}

func TestRFC9126_4_OnceAndForItsClientAlone(t *testing.T) {
	b := newBench(t, approval(authserver.ApprovalAuto))
	uri := text(b.push(), "request_uri")
	b.errorPage(b.visitPushed(b.pub2, uri))        // another client's attempt
	b.errorPage(b.visitPushed("", uri))            // or nobody's
	b.Equal(b.visitPushed(b.pub, uri).Status, 303) // takes nothing from it
	b.errorPage(b.visitPushed(b.pub, uri))         // it works once
	b.errorPage(b.visitPushed(b.pub, exchange.PushedPrefix+"unknown"))
	late := text(b.push(), "request_uri")
	b.now = b.now.Add(time.Minute)
	b.errorPage(b.visitPushed(b.pub, late))                                           // and not at its expiry
	b.errorPage(b.visitPushed(b.pub, text(b.push(), "request_uri"), "request_uri=x")) // nor beside another
}

func TestPushedRequestsUsedInParallel(t *testing.T) {
	b := newBench(t, approval(authserver.ApprovalAuto))
	uri := text(b.push(), "request_uri")
	var done sync.WaitGroup
	won := make([]int, 20)
	for i := range won {
		done.Go(func() {
			won[i] = b.s.Serve(b.now, message.Get(exchange.PushedURL(base+"/oauth/authorize", b.pub, uri))).Status
		})
	}
	done.Wait()
	n := 0
	for _, status := range won {
		if status == 303 {
			n++
		}
	}
	b.Equal(n, 1) // one of twenty
}

func TestRFC9126_2_3_WhatTheAuthorizationEndpointWouldRefuse(t *testing.T) {
	b := newBench(t)
	for change, code := range map[string]string{"-response_type": "invalid_request", "response_type=token": "unsupported_response_type", "code_challenge_method=plain": "invalid_request", "-resource": "invalid_target",
		"scope=nothing": "invalid_scope", "redirect_uri=" + enc("https://evil.example/"): "invalid_request", "-redirect_uri": "invalid_request", "+state=b": "invalid_request",
		"request_uri=" + enc(exchange.PushedPrefix+"x"): "invalid_request", "request=x": "invalid_request", "+client_id=x": "invalid_request", "+redirect_uri=x": "invalid_request"} {
		b.refused(b.push(change), 400, code)
	}
	b.refused(b.push("client_id=nobody"), 401, "invalid_client") // client authentication as at the token endpoint
	b.refused(b.push("-client_id"), 401, "invalid_client")
	b.refused(b.push("client_secret=x"), 401, "invalid_client")
	b.Equal(b.get("/oauth/par?"+b.az()).Status, 405) // in a body only
	body := form(b.az(), []string{"client_id=dev-confidential-client", "redirect_uri=" + enc("http://127.0.0.1:1/callback")})
	b.refused(b.post("/oauth/par", body), 401, "invalid_client")                             // without its secret
	b.Equal(b.post("/oauth/par", body+"&client_secret=dev-confidential-secret").Status, 201) // in the body
	known := oauth.Registration{ClientID: "dev-confidential-client", ClientSecret: "dev-confidential-secret"}
	r := b.post("/oauth/par", form(body, []string{"-client_id"}), basic(known))
	b.Equal(r.Status, 201)                                                                // or as Basic
	b.Equal(b.visitPushed("dev-confidential-client", text(r, "request_uri")).Status, 200) // whose client_id it is
}

func TestRFC9126_5_Required(t *testing.T) {
	b := newBench(t, approval(authserver.ApprovalAuto), func(c *server.Config) { c.RequirePushed = true })
	v, _ := message.ParseJSON(b.get("/.well-known/oauth-authorization-server").Body)
	must, _ := v.Get("require_pushed_authorization_requests").Bool()
	b.True(must)                                                                               // it is announced
	b.redirected(b.authorize(), "invalid_request")                                             // and enforced
	b.Equal(len(location(b.visitPushed(b.pub, text(b.push(), "request_uri"))).All("code")), 1) // what is pushed passes
}

func TestAZ32_ForeignRequestURIs(t *testing.T) {
	b, w := cimd(t, approval(authserver.ApprovalAuto))
	for _, uri := range []string{"https://canary.example/request", "urn:example:x", "urn:ietf:params:oauth:request_uri"} {
		f := location(b.documented("request_uri=" + enc(uri)))
		b.Equal(f.All("error"), []string{"invalid_request"}) // it is not fetched, and not passed over
	}
	b.Equal(w.fetches(), 1) // the client's document alone
}

func TestRFC9449_10_1_AProofOfThePushedRequestNamesTheKeyOfTheCode(t *testing.T) {
	b := newBench(t, bound(authserver.DPoPOptional, false))
	k, other := newKey(t, jose.ES256), newKey(t, jose.ES256)
	at := func(key jose.PrivateKey) string { return b.proof(key, exchange.DPoPProof{URL: base + "/oauth/par"}) }
	redeem := func(pushed message.Response, fields ...string) message.Response {
		b.Equal(pushed.Status, 201) // it was pushed
		code, _ := location(b.visitPushed(b.pub, text(pushed, "request_uri"))).One("code")
		return b.post("/oauth/token", "grant_type=authorization_code&client_id="+b.pub+"&code="+code+"&code_verifier="+verifier, fields...)
	}
	jkt := "dpop_jkt=" + k.Thumbprint()
	for name, pushed := range map[string]func() message.Response{
		"the field":     func() message.Response { return b.post("/oauth/par", b.az(), at(k)) },
		"the parameter": func() message.Response { return b.post("/oauth/par", b.az(jkt)) },
		"both":          func() message.Response { return b.post("/oauth/par", b.az(jkt), at(k)) },
	} {
		t.Run(name, func(t *testing.T) {
			b.refused(redeem(pushed()), 400, "invalid_grant") // the code is for that key
			b.refused(redeem(pushed(), b.proof(other, exchange.DPoPProof{URL: tokenURL})), 400, "invalid_grant")
			b.Equal(redeem(pushed(), b.proof(k, exchange.DPoPProof{URL: tokenURL})).Status, 200)
		})
	}
	b.refused(b.post("/oauth/par", b.az(jkt), at(other)), 400, "invalid_dpop_proof") // two keys
	b.refused(b.post("/oauth/par", b.az(), "DPoP: x"), 400, "invalid_dpop_proof")    // no proof
	b.refused(b.post("/oauth/par", b.az(), b.proof(k, exchange.DPoPProof{URL: tokenURL})), 400, "invalid_dpop_proof")
	proof := at(k)
	b.refused(b.post("/oauth/par", b.az("-resource"), proof), 400, "invalid_target") // a refusal
	b.Equal(b.post("/oauth/par", b.az(), proof).Status, 201)                         // does not spend it
	b.refused(b.post("/oauth/par", b.az(), proof), 400, "invalid_dpop_proof")        // success does

	b = newBench(t, bound(authserver.DPoPOptional, true))
	r := b.post("/oauth/par", b.az(), b.proof(k, exchange.DPoPProof{URL: base + "/oauth/par"}))
	b.refused(r, 400, "use_dpop_nonce") // section 8 holds here as well
	b.Equal(b.post("/oauth/par", b.az(), b.proof(k, exchange.DPoPProof{URL: base + "/oauth/par", Nonce: r.Header.Get("DPoP-Nonce")})).Status, 201)
	b = newBench(t, bound(authserver.DPoPOff, false))
	b.Equal(b.post("/oauth/par", b.az(), "DPoP: x").Status, 201) // while DPoP is off proofs are not looked at
}

func TestPushedRequestsOfTenants(t *testing.T) {
	b := newBench(t, tenants)
	r := b.post("/tenant/acme/oauth/par", form(b.az(), []string{"client_id=dev-public-client", "redirect_uri=" + enc("http://127.0.0.1:1/callback"), "resource=" + enc(base+"/tenant/acme/mcp/oauth")}))
	b.Equal(r.Status, 201)                                                  // a tenant has its own
	b.errorPage(b.visitPushed("dev-public-client", text(r, "request_uri"))) // which the root knows nothing of
}
