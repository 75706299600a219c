package server_test

import (
	"encoding/base64"
	"strings"
	"sync"
	"testing"
	"time"

	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/server"
)

func TestTK01_ValidReplayKillsWhatWasIssued(t *testing.T) {
	b := newBench(t)
	code := b.code()
	r := b.redeem(code)
	b.Equal(r.Status, 200)                          // the first time
	b.refused(b.redeem(code), 400, "invalid_grant") // not again
	b.True(!b.alive(text(r, "access_token")))       // the access token is dead
	b.refused(b.refresh(text(r, "refresh_token")), 400, "invalid_grant")
}

func TestTK02_InvalidReplayKillsNothing(t *testing.T) {
	b := newBench(t)
	code := b.code()
	r := b.redeem(code)
	b.refused(b.redeem(code, "code_verifier="+strings.Repeat("x", 43)), 400, "invalid_grant")
	b.True(b.alive(text(r, "access_token"))) // else anyone could log others out
}

func TestTK03_ParallelRedemptions(t *testing.T) {
	b := newBench(t)
	for range 20 {
		code := b.code()
		answers := parallel(50, func() message.Response { return b.redeem(code) })
		winners := ""
		won := 0
		for _, r := range answers {
			if r.Status == 200 {
				won++
				winners = text(r, "access_token")
				continue
			}
			b.refused(r, 400, "invalid_grant")
		}
		b.Equal(won, 1)           // exactly one wins
		b.True(!b.alive(winners)) // and is dead, since valid replays were seen
	}
}

// parallel lets n calls begin at once.
func parallel(n int, call func() message.Response) []message.Response {
	answers := make([]message.Response, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			answers[i] = call()
		})
	}
	close(start)
	wg.Wait()
	return answers
}

// notConsumed asserts that refusals left the code usable.
func (b *bench) notConsumed(code string) {
	b.t.Helper()
	b.Helper()
	b.Equal(b.redeem(code).Status, 200) // the same code still works
}

func TestTK04_NoVerifier(t *testing.T) {
	b := newBench(t)
	code := b.code()
	b.refused(b.redeem(code, "-code_verifier"), 400, "invalid_grant")
	b.refused(b.redeem(code, "code_verifier="), 400, "invalid_grant")
	b.notConsumed(code)
}

func TestTK05_ChallengeAsVerifier(t *testing.T) {
	b := newBench(t)
	b.refused(b.redeem(b.code(), "code_verifier="+oauth.Challenge(verifier)), 400, "invalid_grant")
}

func TestTK06_VerifiersThatAreNone(t *testing.T) {
	b := newBench(t)
	code := b.code()
	start := strings.Repeat("a", 42)
	for _, bad := range []string{start, strings.Repeat("a", 129), start + "%20", start + "%2B", start + "%3D", start + "%C3%A9", start + "%00"} {
		b.Equal(b.redeem(code, "code_verifier="+bad).Status, 400) // refused
	}
	b.notConsumed(code)
}

func TestTK07_CodeOfAnotherClient(t *testing.T) {
	b := newBench(t)
	code := b.code()
	b.refused(b.redeem(code, "client_id="+b.pub2), 400, "invalid_grant")
	b.notConsumed(code)
}

func TestTK08_RedirectURIAtTheTokenEndpoint(t *testing.T) {
	b := newBench(t)
	b.Equal(b.redeem(b.code()).Status, 200)                                // absent: OAuth 2.1 section 10.2
	b.Equal(b.redeem(b.code(), "redirect_uri="+enc(redirect)).Status, 200) // equal
	code := b.code()
	b.refused(b.redeem(code, "redirect_uri="+enc("https://app.example/cb")), 400, "invalid_grant")
	b.refused(b.redeem(code, "redirect_uri="+enc("http://127.0.0.1:7778/cb")), 400, "invalid_grant")
	b.notConsumed(code)
}

func TestTK09_ResourceAtTheTokenEndpoint(t *testing.T) {
	b := newBench(t)
	code := b.code()
	b.refused(b.redeem(code, "resource="+enc(base+"/mcp/bearer-token")), 400, "invalid_target")
	r := b.redeem(code)
	b.Equal(text(r, "aud"), resource) // absent: the authorised one
}

func (b *bench) clientCreds(c oauth.Registration, changes ...string) message.Response {
	b.t.Helper()
	return b.post("/oauth/token", form("grant_type=client_credentials&client_id="+c.ClientID+"&client_secret="+c.ClientSecret, changes))
}

func TestTK10_RegisteredMethodIsEnforced(t *testing.T) {
	b := newBench(t)
	b.refused(b.clientCreds(b.conf), 401, "invalid_client")
	r := b.post("/oauth/token", "grant_type=client_credentials", basic(b.confp))
	b.refused(r, 401, "invalid_client")
	b.True(strings.HasPrefix(r.Header.Get("WWW-Authenticate"), "Basic ")) // who tried Basic is challenged with it
	b.Equal(b.clientCreds(b.confp).Status, 200)                           // the right ones
	b.Equal(b.post("/oauth/token", "grant_type=client_credentials", basic(b.conf)).Status, 200)
}

func TestTK11_CredentialsTwice(t *testing.T) {
	b := newBench(t)
	r := b.post("/oauth/token", "grant_type=client_credentials&client_id="+b.conf.ClientID+"&client_secret="+b.conf.ClientSecret, basic(b.conf))
	b.refused(r, 400, "invalid_request")
}

func TestTK12_ClientIDBesideBasic(t *testing.T) {
	b := newBench(t)
	b.Equal(b.post("/oauth/token", "grant_type=client_credentials&client_id="+b.conf.ClientID, basic(b.conf)).Status, 200) // equal
	b.refused(b.post("/oauth/token", "grant_type=client_credentials&client_id="+b.confp.ClientID, basic(b.conf)), 400, "invalid_request")
}

func TestTK13_SecretOfAPublicClient(t *testing.T) {
	b := newBench(t)
	code := b.code()
	b.refused(b.redeem(code, "client_secret=x"), 401, "invalid_client")
	b.Equal(b.redeem(code, "client_secret=").Status, 200) // empty is absent
}

func TestTK14_BasicThatIsNone(t *testing.T) {
	b := newBench(t)
	good := b.conf.ClientID + ":" + b.conf.ClientSecret
	for _, value := range []string{"Basic ???", "Basic " + base64.StdEncoding.EncodeToString([]byte(good)) + "!", "Basic " + base64.StdEncoding.EncodeToString([]byte("nocolon")),
		"Basic ", "Basic", "Basic " + base64.StdEncoding.EncodeToString([]byte("%zz:x")), "Bearer x"} {
		r := b.post("/oauth/token", "grant_type=client_credentials", "Authorization: "+value)
		b.refused(r, 401, "invalid_client")
		b.True(strings.HasPrefix(r.Header.Get("WWW-Authenticate"), "Basic ")) // with a challenge
	}
	r := b.post("/oauth/token", "grant_type=client_credentials", "Authorization: bAsIc "+base64.StdEncoding.EncodeToString([]byte(good)))
	b.Equal(r.Status, 200) // schemes have no case
}

func TestTK15_CredentialsInTheURL(t *testing.T) {
	b := newBench(t)
	code := b.code()
	b.refused(b.post("/oauth/token?client_id="+b.confp.ClientID+"&client_secret="+b.confp.ClientSecret, "grant_type=client_credentials"), 401, "invalid_client")
	b.refused(b.post("/oauth/token?grant_type=authorization_code&code="+code, "client_id="+b.pub+"&code_verifier="+verifier), 400, "invalid_request")
	b.notConsumed(code)
}

func TestTK16_RepeatedParameters(t *testing.T) {
	b := newBench(t)
	code := b.code()
	for _, twice := range []string{"+grant_type=authorization_code", "+code=" + code, "+client_id=" + b.pub, "+code_verifier=" + verifier} {
		b.refused(b.redeem(code, twice), 400, "invalid_request")
	}
	_, rt := b.login()
	for _, twice := range []string{"+refresh_token=" + rt, "+scope=a&+scope=b"} {
		b.refused(b.refresh(rt, "scope=mcp%3Aread", twice, "+scope=mcp%3Aread"), 400, "invalid_request")
	}
	b.notConsumed(code)
	b.Equal(b.refresh(rt).Status, 200) // the refresh token was not consumed either
}

func TestTK17_BodiesThatAreNoForms(t *testing.T) {
	b := newBench(t)
	code := b.code()
	body := "grant_type=authorization_code&client_id=" + b.pub + "&code=" + code + "&code_verifier=" + verifier
	for _, kind := range []string{"application/json", "text/plain", "multipart/form-data; boundary=x"} {
		b.refused(b.serve(message.Request{Method: "POST", URL: base + "/oauth/token", Body: []byte(body), Header: header([]string{"Content-Type: " + kind})}), 415, "invalid_request")
	}
	b.refused(b.serve(message.Request{Method: "POST", URL: base + "/oauth/token", Body: []byte(body)}), 415, "invalid_request")
	b.notConsumed(code)
	r := b.serve(message.Request{Method: "POST", URL: base + "/oauth/token", Body: []byte(form(body, []string{"code=" + b.code()})), Header: header([]string{"Content-Type: Application/X-WWW-Form-Urlencoded; charset=utf-8"})})
	b.Equal(r.Status, 200) // a charset is tolerated
}

func TestTK18_Methods(t *testing.T) {
	b := newBench(t)
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "PATCH", "TRACE", "FOO"} {
		if method == "FOO" && abroad() {
			continue // the platform has refused it with 501
		}
		r := b.serve(message.Request{Method: method, URL: base + "/oauth/token"})
		b.Equal(r.Status, 405)                          // not this method
		b.Equal(r.Header.Get("Allow"), "OPTIONS, POST") // but these
	}
}

func TestTK19_PathVariants(t *testing.T) {
	b := newBench(t)
	for _, path := range []string{"/oauth/token/", "/OAuth/Token", "//oauth/token", "/oauth/./token", "/oauth%2ftoken", "/oauth/x/../token"} {
		if strings.Contains(path, "/.") && abroad() {
			continue // the platform has resolved it, as a browser does
		}
		r := b.post(path, "grant_type=client_credentials")
		b.Equal(r.Status, 404)                 // another path is another place
		b.Equal(r.Header.Count("Location"), 0) // nothing is posted again elsewhere
	}
}

func TestTK20_LongBodies(t *testing.T) {
	b := newBench(t)
	b.Equal(b.post("/oauth/token", strings.Repeat("a", 64<<10+1)).Status, 413)                   // a byte too long
	b.Equal(b.post("/oauth/token", strings.Repeat("a=b&", 10_000)).Status, 400)                  // too many parameters
	b.refused(b.post("/oauth/token", "a="+strings.Repeat("b", 8<<10+1)), 400, "invalid_request") // too long a value
}

func TestTK21_MalformedForms(t *testing.T) {
	b := newBench(t)
	for _, body := range []string{"code=%zz", "a=1;b=2", "code=%e9", "%"} {
		b.refused(b.post("/oauth/token", "grant_type=authorization_code&"+body), 400, "invalid_request")
	}
}

func TestTK22_GrantTypes(t *testing.T) {
	b := newBench(t)
	for _, g := range []string{"password", "implicit", "urn:ietf:params:oauth:grant-type:token-exchange", "urn:ietf:params:oauth:grant-type:jwt-bearer", "AUTHORIZATION_CODE"} {
		b.refused(b.post("/oauth/token", "client_id="+b.pub+"&grant_type="+enc(g)), 400, "unsupported_grant_type")
	}
	b.refused(b.post("/oauth/token", "client_id="+b.pub), 400, "invalid_request")
}

func TestTK23_ClientCredentialsOfAPublicClient(t *testing.T) {
	b := newBench(t)
	b.refused(b.post("/oauth/token", "grant_type=client_credentials&client_id="+b.pub), 400, "unauthorized_client")
}

func TestTK24_MoreScopeThanRegistered(t *testing.T) {
	b := newBench(t)
	b.refused(b.clientCreds(b.confp, "scope=mcp%3Aread+mcp%3Awrite"), 400, "invalid_scope")
	b.refused(b.clientCreds(b.confp, "scope=mcp%3Aadmin"), 400, "invalid_scope")
}

func TestTK25_ForeignResource(t *testing.T) {
	b := newBench(t)
	b.refused(b.clientCreds(b.confp, "resource="+enc("https://other.example/")), 400, "invalid_target")
	b.Equal(text(b.clientCreds(b.confp), "aud"), resource) // absent: the one there is
}

func TestTK26_HeadersOfAnswers(t *testing.T) {
	b := newBench(t)
	for _, r := range []message.Response{b.clientCreds(b.confp), b.clientCreds(b.confp, "client_secret=wrong")} {
		b.Equal(r.Header.Get("Content-Type"), "application/json")  // JSON
		b.Equal(r.Header.Get("Cache-Control"), "no-store")         // not kept
		b.Equal(r.Header.Get("X-Content-Type-Options"), "nosniff") // not guessed
		b.Equal(r.Header.Count("Set-Cookie"), 0)                   // no cookie
	}
}

func TestTK27_ValuesAreNotEchoed(t *testing.T) {
	b := newBench(t)
	for _, name := range []string{"grant_type", "client_id", "scope", "resource", "code"} {
		r := b.post("/oauth/token", form("grant_type=authorization_code&client_id="+b.pub, []string{name + "=" + enc("<script>x")}))
		b.True(!strings.Contains(string(r.Body), "script>x")) // request values stay out of errors
	}
}

func TestTK28_CORSAtTheTokenEndpoint(t *testing.T) {
	b := newBench(t, func(c *server.Config) { c.Origins = []string{"http://localhost:3000"} })
	for _, origin := range []string{"https://evil.example", "http://localhost:3000"} {
		r := b.post("/oauth/token", "", "Origin: "+origin)
		allowed := r.Header.Get("Access-Control-Allow-Origin")
		b.True(allowed == "" && origin == "https://evil.example" || allowed == origin) // only the listed origin
		b.Equal(r.Header.Count("Access-Control-Allow-Credentials"), 0)                 // never with credentials
	}
}

func TestTK29_GuessingSecrets(t *testing.T) {
	b := newBench(t)
	limited := 0
	for i := range 200 {
		r := b.clientCreds(b.confp, "client_secret=wrong")
		if r.Status == 429 {
			limited++
			b.True(r.Header.Get("Retry-After") != "") // and it says when
		} else {
			b.True(i < 30) // from the 30th at most
		}
		b.now = b.now.Add(50 * time.Millisecond)
	}
	b.True(limited > 100)                                                                       // guessing is slow
	b.Equal(b.post("/oauth/token", "grant_type=client_credentials", basic(b.conf)).Status, 200) // another client is not hurt
	b.now = b.now.Add(time.Minute)
	b.Equal(b.clientCreds(b.confp).Status, 200) // the right secret works again within 60 s
}

func TestTK30_ClientAssertions(t *testing.T) {
	b := newBench(t)
	b.refused(b.redeem(b.code(), "client_assertion=x", "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"), 401, "invalid_client")
}

// RFC 6749 section 3.3: a scope has a value. Spaces alone gave a token that was
// good for nothing, and no member to tell.
func TestTK_AScopeOfSpacesIsNone(t *testing.T) {
	b := newBench(t)
	b.redirected(b.authorize("scope=%20"), "invalid_scope")
	b.refused(b.push("scope=+"), 400, "invalid_scope")
	b.refused(b.device("scope=%20%20"), 400, "invalid_scope")
	b.refused(b.post("/oauth/token", "grant_type=client_credentials&client_id=dev-admin-client&client_secret=dev-admin-secret&scope=%20"), 400, "invalid_scope")
	at, rt := b.login()
	b.refused(b.refresh(rt, "scope=%20"), 400, "invalid_scope")
	b.True(b.alive(at)) // nothing was revoked
	b.Equal(b.refresh(rt).Status, 200)
	b.refused(b.postJSON("/oauth/register", `{"redirect_uris":["http://127.0.0.1/cb"],"scope":" "}`), 400, "invalid_client_metadata")
}
