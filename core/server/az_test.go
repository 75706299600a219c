package server_test

import (
	"strings"
	"testing"
	"time"

	"mcp-auth/core/authserver"
	"mcp-auth/core/message"
	"mcp-auth/core/server"
)

func TestAZ01_RedirectVariantsOfALoopbackURI(t *testing.T) {
	b := newBench(t)
	for _, uri := range []string{redirect + "/evil", redirect + "/../cb", redirect + "%2f..", redirect + "/", redirect + "?x=1", "http://127.0.0.1:7777/CB"} {
		b.errorPage(b.authorize("redirect_uri=" + enc(uri)))
	}
}

func TestAZ02_RedirectsThatLookAlike(t *testing.T) {
	b := newBench(t)
	for _, uri := range []string{"https://app.example.evil.example/cb", "https://evil.example/?https://app.example/cb", "https://app.example@evil.example/cb", "https://evil.example/cb#https://app.example/cb"} {
		b.errorPage(b.authorize("redirect_uri=" + enc(uri)))
	}
}

func TestAZ03_RedirectWithFragment(t *testing.T) {
	b := newBench(t)
	b.errorPage(b.authorize("redirect_uri=" + enc(redirect+"#x")))
}

func TestAZ04_AnyLoopbackPort(t *testing.T) {
	b := newBench(t)
	for _, uri := range []string{"http://127.0.0.1:51004/cb", "http://127.0.0.1/cb"} {
		page := b.consent("approve", "redirect_uri="+enc(uri))
		b.True(strings.HasPrefix(page.Left, uri+"?code="))                                        // the answer goes to exactly the requested URI
		b.Equal(b.redeem(b.code("redirect_uri="+enc(uri))).Status, 200)                           // redeemable without redirect_uri
		b.Equal(b.redeem(b.code("redirect_uri="+enc(uri)), "redirect_uri="+enc(uri)).Status, 200) // and with it
	}
}

func TestAZ05_OtherNamesOfLoopback(t *testing.T) {
	b := newBench(t)
	for _, uri := range []string{"http://localhost:51004/cb", "http://127.0.0.2:51004/cb", "https://127.0.0.1:51004/cb", "http://[::1]:51004/cb", "http://127.1:51004/cb", "http://2130706433:51004/cb", "http://127.0.0.1.evil.example:51004/cb"} {
		b.errorPage(b.authorize("redirect_uri=" + enc(uri)))
	}
}

func TestAZ06_PortFreedomIsForLoopbackOnly(t *testing.T) {
	b := newBench(t)
	b.errorPage(b.authorize("redirect_uri=" + enc("https://app.example:8443/cb")))
}

func TestAZ07_PortsThatAreNone(t *testing.T) {
	b := newBench(t)
	for _, port := range []string{"0", "65536", "99999", "080", "+80", ""} {
		b.errorPage(b.authorize("redirect_uri=" + enc("http://127.0.0.1:"+port+"/cb")))
	}
}

func TestAZ08_UnknownClient(t *testing.T) {
	b := newBench(t)
	for _, client := range []string{"client_id=nobody", "-client_id"} {
		r := b.authorize(client, "redirect_uri="+enc("https://evil.example/"))
		b.errorPage(r)
		b.True(!strings.Contains(string(r.Body), "evil.example"))                                      // the page does not lead there either
		b.Equal(strings.Contains(string(r.Body), "client_id is missing"), client == "-client_id")      // and tells none
		b.Equal(strings.Contains(string(r.Body), "with this client_id"), client == "client_id=nobody") // from one that is unknown
	}
}

func TestAZ09_RedirectLeftOut(t *testing.T) {
	b := newBench(t)
	b.errorPage(b.authorize("-redirect_uri"))
	one := b.register(`"redirect_uris":["https://one.example/cb"],"token_endpoint_auth_method":"none"`).ClientID
	page := b.consent("approve", "client_id="+one, "-redirect_uri")
	b.True(strings.HasPrefix(page.Left, "https://one.example/cb?code=")) // the single URI is used
}

func TestAZ10_RepeatedIdentity(t *testing.T) {
	b := newBench(t)
	b.errorPage(b.authorize("+redirect_uri=" + enc("https://evil.example/")))
	b.errorPage(b.authorize("redirect_uri="+enc("https://evil.example/"), "+redirect_uri="+enc(redirect)))
	b.errorPage(b.authorize("+client_id=" + b.pub2))
}

func TestAZ11_RepeatedParameters(t *testing.T) {
	b := newBench(t)
	for _, twice := range []string{"+scope=mcp%3Aread", "+code_challenge=x", "+code_challenge_method=S256", "+response_type=code", "+state=abc"} {
		r := b.authorize(twice)
		b.redirected(r, "invalid_request")
		if strings.HasPrefix(twice, "+state") {
			b.True(!strings.Contains(r.Header.Get("Location"), "state=")) // neither of two states is returned
		} else {
			b.True(strings.Contains(r.Header.Get("Location"), "state=xyz")) // the exact state comes back
		}
	}
}

func TestAZ12_ResponseTypes(t *testing.T) {
	b := newBench(t)
	for _, kind := range []string{"token", "id_token", "code+token", "code+id_token", "none"} {
		r := b.authorize("response_type=" + kind)
		b.redirected(r, "unsupported_response_type")
		b.True(!strings.Contains(r.Header.Get("Location"), "#")) // never in a fragment
	}
	b.redirected(b.authorize("-response_type"), "invalid_request")
	b.redirected(b.authorize("response_type="), "invalid_request")
}

func TestAZ13_ResponseModes(t *testing.T) {
	b := newBench(t)
	for _, mode := range []string{"fragment", "form_post", "web_message"} {
		b.redirected(b.authorize("response_mode="+mode), "invalid_request")
	}
	v, _ := message.ParseJSON(b.get("/.well-known/oauth-authorization-server").Body)
	b.Equal(string(v.Get("response_modes_supported").Append(nil)), `["query"]`) // only query is announced
}

func TestAZ14_PKCEIsRequired(t *testing.T) {
	b := newBench(t)
	for _, change := range []string{"-code_challenge", "code_challenge_method=plain", "-code_challenge_method", "code_challenge_method=s256", "code_challenge_method=S512"} {
		b.redirected(b.authorize(change), "invalid_request")
	}
}

func TestAZ15_ChallengesThatAreNone(t *testing.T) {
	b := newBench(t)
	c := strings.Repeat("a", 42)
	for _, bad := range []string{c, c + "aa", c + "%2B", c + "%2F", c + "%3D", c + "%20", c + "%C3%A9"} {
		b.redirected(b.authorize("code_challenge="+bad), "invalid_request")
	}
}

func TestAZ16_LongState(t *testing.T) {
	b := newBench(t)
	state := strings.Repeat("\"<>&#\x00é😀'", 400)[:4096]
	state = strings.ToValidUTF8(state, "")
	page := b.consent("approve", "state="+enc(state))
	f, err := message.ParseForm(message.Request{URL: page.Left}.Query())
	b.NoErr(err)                             // the redirect is well-formed
	b.Equal(f.All("state"), []string{state}) // the state comes back byte for byte, once
	r := b.authorize("state=" + strings.Repeat("a", 100<<10))
	b.True(r.Status == 414 || r.Status == 431 || r.Status == 400) // too long is refused
	b.Equal(b.get("/health").Status, 200)                         // and the server lives
}

func TestAZ17_LineBreaksInParameters(t *testing.T) {
	b := newBench(t)
	evil := "%0D%0ASet-Cookie:%20a=b"
	page := b.consent("approve", "state="+evil)
	b.True(strings.Contains(page.Left, "state=%0D%0ASet-Cookie")) // encoded again
	b.True(!strings.ContainsAny(page.Left, "\r\n"))               // no line break in a header
	for _, change := range []string{"scope=" + evil, "redirect_uri=" + enc(redirect) + evil} {
		r := b.authorize(change)
		b.Equal(r.Header.Count("Set-Cookie"), 0) // no header line was made
	}
}

func TestAZ18_MarkupInParameters(t *testing.T) {
	b := newBench(t)
	for _, evil := range []string{`"><script>alert(1)</script>`, `' onfocus=alert(1) x='`} {
		for _, name := range []string{"state", "scope", "client_id", "code_challenge", "resource", "redirect_uri", "response_type"} {
			r := b.authorize(name + "=" + enc(evil))
			b.True(!strings.Contains(string(r.Body), evil)) // the raw string occurs in no body
		}
	}
}

func TestAZ19_MarkupInNames(t *testing.T) {
	b := newBench(t)
	c := b.register(`"client_name":"<img src=x onerror=alert(1)>","redirect_uris":["` + redirect + `"],"token_endpoint_auth_method":"none"`).ClientID
	r := b.authorize("client_id=" + c)
	b.Equal(r.Status, 200)                                    // the consent page
	b.True(strings.Contains(string(r.Body), "&lt;img src=x")) // shown escaped
	b.True(!strings.Contains(string(r.Body), "<img"))         // never as markup
	for _, name := range []string{`a\u202eb`, `a\nb`, `a\u0000b`} {
		b.refused(b.postJSON("/oauth/register", `{"client_name":"`+name+`","redirect_uris":["`+redirect+`"]}`), 400, "invalid_client_metadata")
	}
}

func TestAZ20_Scopes(t *testing.T) {
	b := newBench(t)
	for _, scope := range []string{"unknown", "mcp%3Awrite", "mcp%3Aread%22", "mcp%3Aread%5C", "mcp%3Aread%09"} {
		b.redirected(b.authorize("scope="+scope), "invalid_scope")
	}
}

func TestAZ21_NoResource(t *testing.T) {
	b := newBench(t)
	b.redirected(b.authorize("-resource"), "invalid_target")
}

func TestAZ22_OtherResources(t *testing.T) {
	b := newBench(t)
	for _, r := range []string{"http://other.example/mcp/oauth", resource + "#x", "/mcp/oauth", resource + "/"} {
		b.redirected(b.authorize("resource="+enc(r)), "invalid_target")
	}
	b.redirected(b.authorize("+resource="+enc(base+"/mcp/bearer-token")), "invalid_target")
	b.Equal(b.authorize("+resource="+enc(resource)).Status, 200) // the same one twice is no harm
	r := b.redeem(b.code("resource=" + enc("HTTP://127.0.0.1:8765/mcp/oauth")))
	b.Equal(text(r, "aud"), resource) // scheme and host compare without case; the audience is ours
}

func TestAZ23_HeadersOfPages(t *testing.T) {
	b := newBench(t)
	for _, r := range []message.Response{b.authorize(), b.authorize("client_id=nobody"), b.get("/oauth/device/verify"), b.get("/oauth/device/verify?user_code=x"), b.get("/docs/oauth-callback?code=x"), b.get("/docs"), b.get("/")} {
		csp := r.Header.Get("Content-Security-Policy")
		b.True(strings.Contains(csp, "default-src 'none'") && strings.Contains(csp, "frame-ancestors 'none'") && strings.Contains(csp, "base-uri 'none'")) // the policy
		b.True(!strings.Contains(csp, "unsafe-inline"))                                                                                                    // nothing inline
		b.Equal(r.Header.Get("X-Frame-Options"), "DENY")                                                                                                   // no frame
		b.Equal(r.Header.Get("Referrer-Policy"), "same-origin")                                                                                            // no leak, but an Origin of our own
		b.Equal(r.Header.Get("X-Content-Type-Options"), "nosniff")                                                                                         // no guessing
		b.Equal(r.Header.Get("Cache-Control"), "no-store")                                                                                                 // not kept
	}
}

// consentForm opens the page and returns the fields and cookie of its answer.
func (b *bench) consentForm(changes ...string) (transaction, cookie string) {
	b.t.Helper()
	r := b.authorize(changes...)
	b.Equal(r.Status, 200) // the consent page
	_, rest, _ := strings.Cut(string(r.Body), `name="transaction" value="`)
	transaction, _, _ = strings.Cut(rest, `"`)
	cookie, _, _ = strings.Cut(r.Header.Get("Set-Cookie"), ";")
	return transaction, cookie
}

func TestAZ24_AnswersFromElsewhere(t *testing.T) {
	b := newBench(t)
	transaction, cookie := b.consentForm()
	_, otherCookie := b.consentForm()
	answer := "decision=approve&transaction=" + transaction
	for name, r := range map[string]message.Response{
		"no anti-forgery value": b.post("/oauth/authorize/consent", "decision=approve", "Cookie: "+cookie),
		"no cookie":             b.post("/oauth/authorize/consent", answer),
		"another browser":       b.post("/oauth/authorize/consent", answer, "Cookie: "+otherCookie),
		"foreign origin":        b.post("/oauth/authorize/consent", answer, "Cookie: "+cookie, "Origin: https://evil.example"),
		"null origin":           b.post("/oauth/authorize/consent", answer, "Cookie: "+cookie, "Origin: null"),
		"cross-site":            b.post("/oauth/authorize/consent", answer, "Cookie: "+cookie, "Sec-Fetch-Site: cross-site"),
	} {
		if r.Status != 403 || r.Header.Count("Location") != 0 {
			t.Errorf("%s: %d %s", name, r.Status, r.Header.Get("Location"))
		}
	}
	r := b.post("/oauth/authorize/consent", answer, "Cookie: "+cookie, "Origin: "+base, "Sec-Fetch-Site: same-origin")
	b.True(strings.Contains(r.Header.Get("Location"), "code=")) // the real page still works
}

func TestAZ25_AnsweredTwice(t *testing.T) {
	b := newBench(t)
	transaction, cookie := b.consentForm()
	answer := "decision=approve&transaction=" + transaction
	b.Equal(b.post("/oauth/authorize/consent", answer, "Cookie: "+cookie).Status, 303) // once
	r := b.post("/oauth/authorize/consent", answer, "Cookie: "+cookie)
	b.Equal(r.Status, 409)                 // not twice
	b.Equal(r.Header.Count("Location"), 0) // and no second code
}

func TestAZ26_ChangedFieldsOfTheAnswer(t *testing.T) {
	b := newBench(t)
	transaction, cookie := b.consentForm()
	r := b.post("/oauth/authorize/consent", "decision=approve&transaction="+transaction+"&redirect_uri=https%3A%2F%2Fevil.example&client_id="+b.pub2+
		"&scope=mcp%3Aadmin&code_challenge=x&resource=https%3A%2F%2Fevil.example", "Cookie: "+cookie)
	b.True(strings.HasPrefix(r.Header.Get("Location"), redirect+"?code=")) // bound to the stored request
	f, _ := message.ParseForm(message.Request{URL: r.Header.Get("Location")}.Query())
	code, _ := f.One("code")
	token := b.redeem(code)
	b.Equal(text(token, "scope"), "mcp:read") // what was asked, not what was posted
	b.Equal(text(token, "aud"), resource)     // for the stored resource
}

func TestAZ27_UnclearDecisions(t *testing.T) {
	b := newBench(t)
	for _, decision := range []string{"", "decision=maybe", "decision=approve&decision=deny"} {
		transaction, cookie := b.consentForm()
		r := b.post("/oauth/authorize/consent", decision+"&transaction="+transaction, "Cookie: "+cookie)
		b.Equal(r.Status, 400)                 // not guessed
		b.Equal(r.Header.Count("Location"), 0) // and no code
	}
	page := b.consent("deny")
	b.True(strings.HasPrefix(page.Left, redirect+"?error=access_denied")) // a clear no goes back
	b.True(strings.Contains(page.Left, "state=xyz"))                      // with the state
}

func TestAZ28_Approval(t *testing.T) {
	b := newBench(t)
	page := b.consent("approve")
	b.Equal(page.Status, 303) // a GET follows
	f, _ := message.ParseForm(message.Request{URL: page.Left}.Query())
	b.Equal(len(f.All("code")), 1)           // one code
	b.Equal(f.All("state"), []string{"xyz"}) // the state
	b.Equal(f.All("iss"), []string{base})    // the issuer
}

func TestAZ29_PostedRequests(t *testing.T) {
	b := newBench(t)
	b.Equal(b.post("/oauth/authorize", b.az()).Status, 200)                                                                                                                  // a form is the same as a GET
	b.Equal(b.postJSON("/oauth/authorize", "{}").Status, 415)                                                                                                                // JSON is not
	b.Equal(b.serve(message.Request{Method: "POST", URL: base + "/oauth/authorize", Header: header([]string{"Content-Type: multipart/form-data; boundary=x"})}).Status, 415) // nor multipart
}

func TestAZ30_NoCORSAtAuthorize(t *testing.T) {
	b := newBench(t, func(c *server.Config) { c.Origins = []string{"http://localhost:3000"} })
	for _, origin := range []string{"https://evil.example", "http://localhost:3000"} {
		r := b.get("/oauth/authorize?"+b.az(), "Origin: "+origin)
		pre := b.serve(message.Request{Method: "OPTIONS", URL: base + "/oauth/authorize", Header: header([]string{"Origin: " + origin, "Access-Control-Request-Method: GET"})})
		for _, f := range append(r.Header, pre.Header...) {
			b.True(!strings.HasPrefix(f.Name, "Access-Control-Allow")) // OAuth 2.1 section 3.1: no CORS here
		}
	}
}

func TestAZ31_NoApprovalByParameter(t *testing.T) {
	b := newBench(t)
	for _, hook := range []string{"auto_approve=true", "prompt=none", "decision=approve"} {
		r := b.authorize(hook)
		b.True(!strings.Contains(r.Header.Get("Location"), "code=")) // never a code
		b.Equal(r.Status, 200)                                       // the consent page
	}
}

func TestAZ32_RequestObjects(t *testing.T) {
	b := newBench(t)
	b.redirected(b.authorize("request_uri=https%3A%2F%2Fcanary.example"), "invalid_request")
	b.redirected(b.authorize("request=eyJ"), "invalid_request")
}

func TestAZ33_RedirectWithQuery(t *testing.T) {
	b := newBench(t)
	c := b.register(`"redirect_uris":["https://app.example/cb?tenant=1"],"token_endpoint_auth_method":"none"`).ClientID
	page := b.consent("approve", "client_id="+c, "redirect_uri="+enc("https://app.example/cb?tenant=1"))
	b.True(strings.HasPrefix(page.Left, "https://app.example/cb?tenant=1&code=")) // the query is kept
}

func TestAZ34_CodesExpireAndDiffer(t *testing.T) {
	b := newBench(t, approval(authserver.ApprovalAuto))
	seen := map[string]bool{}
	for range 1000 {
		location := b.authorize().Header.Get("Location")
		f, _ := message.ParseForm(message.Request{URL: location}.Query())
		code, _ := f.One("code")
		b.True(len(code) >= 22 && message.IsToken68(code)) // enough entropy, URL-safe
		seen[code] = true
	}
	b.Equal(len(seen), 1000) // all distinct
	manual := newBench(t)
	code := manual.code()
	manual.now = manual.now.Add(time.Minute) // the first instant it is expired
	manual.refused(manual.redeem(code), 400, "invalid_grant")
}
