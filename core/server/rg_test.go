package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mcp-auth/core/message"
	"mcp-auth/core/server"
)

// redirects asserts how a registration with these redirect URIs ends.
func (b *bench) redirects(status int, code string, uris ...string) {
	b.t.Helper()
	b.Helper()
	for _, uri := range uris {
		body := message.Obj(message.M("redirect_uris", message.Strs([]string{uri}))).Append(nil)
		r := b.postJSON("/oauth/register", string(body))
		if r.Status != status || text(r, "error") != code {
			b.t.Errorf("%q: %d %s", uri, r.Status, r.Body)
		}
	}
}

func TestRG01_PseudoSchemes(t *testing.T) {
	b := newBench(t)
	b.redirects(400, "invalid_redirect_uri", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "file:///x", "blob:https://a/b", "about:blank", "ws://127.0.0.1/", "ftp://a.example/", "view-source:https://a")
}

func TestRG02_HTTPOnlyOnLoopback(t *testing.T) {
	b := newBench(t)
	b.redirects(400, "invalid_redirect_uri", "http://app.example/cb", "http://localhost.evil.example/cb", "http://localhost@evil.example/cb", "http://127.0.0.1.evil.example/cb")
	b.redirects(201, "", "http://127.0.0.1/cb", "http://[::1]:1/cb", "http://localhost:3000/cb")
}

func TestRG03_RedirectsThatBrowsersReadDifferently(t *testing.T) {
	b := newBench(t)
	b.redirects(400, "invalid_redirect_uri", "https://a.example/cb#f", "https://u@a.example/cb", "https://a.example/*", "https://*.app.example/cb", "/cb", "", "https://a.example/../cb", "https://a.example/%2e%2e/cb",
		`https://a.example\@b.example/`, "https://a.example/\x01", "https://a.example/a b", "https://a.example/"+strings.Repeat("a", 2049), "https://ä.example/cb")
}

func TestRG04_PrivateSchemes(t *testing.T) {
	b := newBench(t)
	b.redirects(400, "invalid_redirect_uri", "myapp:/cb", "com.example.app://host/cb")
	b.redirects(201, "", "com.example.app:/cb")
}

func TestRG05_TooMuch(t *testing.T) {
	b := newBench(t)
	b.Equal(b.postJSON("/oauth/register", `{"client_name":"`+strings.Repeat("a", 64<<10)+`"}`).Status, 413)         // body
	b.Equal(b.postJSON("/oauth/register", strings.Repeat("[", 100)+strings.Repeat("]", 100)).Status, 400)           // depth
	b.Equal(b.postJSON("/oauth/register", `{"redirect_uris":[`+strings.Repeat(`"a:",`, 9999)+`"a:"]}`).Status, 400) // URIs
	b.Equal(b.postJSON("/oauth/register", `{"redirect_uris":["`+redirect+`"],"client_name":"`+strings.Repeat("a", 10<<10)+`"}`).Status, 400)
}

func TestRG06_OtherMediaTypes(t *testing.T) {
	b := newBench(t)
	for _, kind := range []string{"text/plain", message.FormType, ""} {
		m := message.Request{Method: "POST", URL: base + "/oauth/register", Body: []byte(`{"redirect_uris":["` + redirect + `"]}`)}
		if kind != "" {
			m.Header = header([]string{"Content-Type: " + kind})
		}
		b.refused(b.serve(m), 415, "invalid_client_metadata")
	}
}

func TestRG07_WrongTypes(t *testing.T) {
	b := newBench(t)
	for _, body := range []string{`{"redirect_uris":"x"}`, `{"redirect_uris":[null]}`, `{"redirect_uris":[["x"]]}`, `{"redirect_uris":[1]}`, `{"grant_types":{}}`, `null`, `[]`, `1`, `{`, ``, `{"scope":1}`} {
		b.refused(b.postJSON("/oauth/register", body), 400, "invalid_client_metadata")
	}
}

func TestRG08_MembersOfTheServer(t *testing.T) {
	b := newBench(t)
	r := b.postJSON("/oauth/register", `{"redirect_uris":["`+redirect+`"],"client_id":"mine","client_secret":"mine","client_id_issued_at":1}`)
	b.Equal(r.Status, 201)                                      // registered
	b.True(text(r, "client_id") != "mine")                      // by the server's own id
	b.True(text(r, "client_secret") != "mine")                  // and secret
	b.True(!strings.Contains(string(r.Body), `_issued_at":1,`)) // and time
}

func TestRG09_URIsInMetadata(t *testing.T) {
	b := newBench(t)
	for _, name := range []string{"logo_uri", "jwks_uri", "client_uri", "tos_uri", "policy_uri", "sector_identifier_uri"} {
		b.refused(b.postJSON("/oauth/register", `{"redirect_uris":["`+redirect+`"],"`+name+`":"javascript:alert(1)"}`), 400, "invalid_client_metadata")
		b.Equal(b.postJSON("/oauth/register", `{"redirect_uris":["`+redirect+`"],"`+name+`":"https://canary.example/x"}`).Status, 201) // stored, never fetched: the core has no network
	}
}

func TestRG10_ManyRegistrations(t *testing.T) {
	b := newBench(t, func(c *server.Config) { c.Limits.Clients = 200 })
	b.login() // PUB is used
	full := 0
	for range 1000 {
		if r := b.postJSON("/oauth/register", `{"redirect_uris":["`+redirect+`"]}`); r.Status == 503 {
			full++
			b.True(r.Header.Get("Retry-After") != "") // and it says when
		}
	}
	b.True(full > 700) // capped
	b.login()          // PUB still works
	b.now = b.now.Add(25 * time.Hour)
	b.Equal(b.postJSON("/oauth/register", `{"redirect_uris":["`+redirect+`"]}`).Status, 201) // unused clients have expired
	b.login()                                                                                // the used one has not
}

func TestRG11_CombinationsThatDoNotFit(t *testing.T) {
	b := newBench(t)
	uris := `"redirect_uris":["` + redirect + `"]`
	for _, members := range []string{uris + `,"grant_types":["password"]`, uris + `,"grant_types":["implicit"]`, uris + `,"response_types":["token"]`, uris + `,"token_endpoint_auth_method":"tls_client_auth"`,
		`"grant_types":["refresh_token"]`, `"grant_types":["client_credentials"],"token_endpoint_auth_method":"none"`, `"grant_types":["urn:ietf:params:oauth:grant-type:device_code"]`,
		`"grant_types":["client_credentials"],"scope":"mcp:admin"`} {
		b.refused(b.postJSON("/oauth/register", "{"+members+"}"), 400, "invalid_client_metadata")
	}
	b.refused(b.postJSON("/oauth/register", "{}"), 400, "invalid_redirect_uri")
}

func TestRG12_NamesThatAreAlmostRight(t *testing.T) {
	b := newBench(t)
	r := b.postJSON("/oauth/register", `{"redirect_uris":["`+redirect+`"],"Redirect_URIs":["https://evil.example/"]}`)
	b.True(!strings.Contains(string(r.Body), "evil")) // names have case
	b.refused(b.postJSON("/oauth/register", `{"redirect_uris":["`+redirect+`"],"redirect_uris":["https://evil.example/"]}`), 400, "invalid_client_metadata")
}

func TestRG13_GoodRegistration(t *testing.T) {
	b := newBench(t)
	r := b.postJSON("/oauth/register", `{"redirect_uris":["`+redirect+`"]}`)
	b.Equal(r.Status, 201)                                                // created
	b.Equal(r.Header.Get("Cache-Control"), "no-store")                    // not kept
	b.Equal(text(r, "token_endpoint_auth_method"), "client_secret_basic") // the default of RFC 7591 section 2
	b.True(strings.HasPrefix(text(r, "client_secret"), "secret-"))        // as the original's
	b.True(len(text(r, "client_secret")) >= 43)                           // 256 bits
	b.True(!strings.Contains(string(r.Body), "registration_client_uri"))  // not served, not announced
	r = b.postJSON("/oauth/register", `{"redirect_uris":["`+redirect+`"],"token_endpoint_auth_method":"none"}`)
	b.Equal(text(r, "client_secret"), "") // a public client has none
}

func TestRG14_SoftwareStatement(t *testing.T) {
	b := newBench(t)
	r := b.postJSON("/oauth/register", `{"redirect_uris":["`+redirect+`"],"software_statement":"eyJhbGciOiJub25lIn0.eyJjbGllbnRfbmFtZSI6ImV2aWwifQ."}`)
	b.Equal(text(r, "client_name"), "") // its claims are never applied
}

func TestRG15_UnknownScope(t *testing.T) {
	b := newBench(t)
	b.refused(b.postJSON("/oauth/register", fmt.Sprintf(`{"redirect_uris":[%q],"scope":"mcp:read other"}`, redirect)), 400, "invalid_client_metadata")
}
