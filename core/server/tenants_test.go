package server_test

import (
	"strings"
	"testing"

	"mcp-auth/core/authserver"
	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/server"
)

// issuers are the issuers of a bench with two tenants.
var issuers = []string{base, base + "/tenant/acme", base + "/tenant/other-1"}

func tenants(c *server.Config) { c.Tenants = []string{"acme", "other-1"} }

// served says what the route table has for a URL and a method.
func (b *bench) served(method, url string) bool {
	path := message.Request{URL: url}.Path()
	for _, name := range []string{"acme", "other-1"} {
		path = strings.Replace(path, "/tenant/"+name, "/tenant/{tenant}", 1)
	}
	for _, r := range b.s.Routes() {
		if r.Path == path && r.Method == method {
			return true
		}
	}
	return false
}

// announced are the members of a server's metadata that are endpoints, and
// how each is called.
var announced = map[string]string{"authorization_endpoint": "GET", "token_endpoint": "POST", "registration_endpoint": "POST",
	"device_authorization_endpoint": "POST", "revocation_endpoint": "POST", "introspection_endpoint": "POST", "jwks_uri": "GET",
	"pushed_authorization_request_endpoint": "POST", "service_documentation": "GET"}

func TestDS01_EveryIssuerAnnouncesWhatItServes(t *testing.T) {
	b := newBench(t, tenants)
	for _, issuer := range issuers {
		var document string
		for _, c := range exchange.ServerMetadataURLs(issuer) {
			r := b.get(strings.TrimPrefix(c.URL, base))
			b.Equal(r.Status, 200)             // at every form that clients probe
			b.Equal(text(r, "issuer"), issuer) // byte for byte
			if document == "" {
				document = string(r.Body)
			}
			b.Equal(string(r.Body), document) // the same document everywhere
		}
		v, _ := message.ParseJSON([]byte(document))
		for _, m := range v.Members() {
			url, isText := m.Value.Text()
			if !isText || m.Name == "issuer" {
				continue
			}
			method, known := announced[m.Name]
			b.True(known)                 // every endpoint is one this test knows: m.Name
			b.True(b.served(method, url)) // and it is in the route table, below this issuer
			b.True(m.Name == "service_documentation" || strings.HasPrefix(url, issuer+"/oauth/"))
		}
		for _, grant := range v.Get("grant_types_supported").Elems() {
			name, _ := grant.Text()
			r := b.post(strings.TrimPrefix(issuer, base)+"/oauth/token", "grant_type="+enc(name))
			b.True(text(r, "error") != "unsupported_grant_type") // each grant type is served
		}
		for _, form := range []string{"query", "fragment"} {
			announces := strings.Contains(string(v.Get("response_modes_supported").Append(nil)), form)
			b.Equal(announces, form == "query") // the one response mode
		}
	}
}

func TestDS03_ResourcesOfTenants(t *testing.T) {
	b := newBench(t, tenants)
	for _, issuer := range issuers[1:] {
		at := strings.TrimPrefix(issuer, base)
		for _, path := range []string{"/mcp/oauth", "/mcp/bearer-token"} {
			r := b.get("/.well-known/oauth-protected-resource" + at + path)
			b.Equal(text(r, "resource"), issuer+path) // RFC 9728 section 3.3
			challenge := b.postJSON(at+path, ping).Header.Get("WWW-Authenticate")
			b.True(strings.Contains(challenge, base+"/.well-known/oauth-protected-resource"+at+path)) // the challenge leads there
		}
		v, _ := message.ParseJSON(b.get("/.well-known/oauth-protected-resource" + at + "/mcp/oauth").Body)
		b.Equal(string(v.Get("authorization_servers").Append(nil)), `["`+issuer+`"]`) // its own issuer, no other
		b.Equal(b.get("/.well-known/oauth-protected-resource"+at).Status, 404)        // an issuer's path is no resource
	}
}

func TestUnknownTenantsAndOddPaths(t *testing.T) {
	b := newBench(t, tenants)
	for _, path := range []string{"/tenant/nobody", "/tenant/nobody/oauth/authorize", "/tenant/{tenant}", "/tenant/{tenant}/oauth/authorize", "/tenant/", "/tenant/acme/",
		"/tenant//oauth/authorize", "/tenant/acme/health", "/tenant/acme/tenant/acme", "/tenant/acme/tenant/acme/oauth/authorize", "/tenant/ACME",
		"/.well-known/oauth-authorization-server/tenant/nobody", "/.well-known/oauth-authorization-server/tenant/acme/",
		"/.well-known/oauth-authorization-server/tenant/acme/x", "/tenant/acme/.well-known/oauth-authorization-server", "/x/tenant/acme/oauth/authorize"} {
		b.Equal(b.get(path).Status, 404) // nothing is there
	}
	b.Equal(b.get("/tenant/acme").Status, 200)             // the page that says what it is
	b.Equal(b.get("/tenant/acme/oauth/token").Status, 405) // the door's rules hold below a tenant
	r := b.postJSON("/tenant/acme/mcp/oauth", ping, "Origin: https://evil.example")
	b.Equal(r.Status, 403) // every one of them
	bare := newBench(t)
	b.Equal(bare.get("/tenant/acme").Status, 404) // without tenants there are none
}

func TestTenantNames(t *testing.T) {
	b := newBench(t)
	for _, names := range [][]string{{""}, {"A"}, {"a/b"}, {".."}, {"a b"}, {"{tenant}"}, {strings.Repeat("a", 65)}, {"a", "a"}} {
		_, err := server.New(server.Config{Issuer: base, Tenants: names, Random: strings.NewReader("")})
		b.True(err != nil) // what is no path segment of its own, or named twice, is no tenant
	}
}

// tenantCode is a code of a seeded client at a tenant that approves by itself.
func (b *bench) tenantCode(at string, changes ...string) message.Response {
	return b.get(at + "/oauth/authorize?" + b.az(append([]string{"client_id=dev-public-client", "redirect_uri=" + enc("http://127.0.0.1:7777/callback"),
		"resource=" + enc(base+at+"/mcp/oauth")}, changes...)...))
}

func location(r message.Response) message.Form {
	f, _ := message.ParseForm(message.Request{URL: r.Header.Get("Location")}.Query())
	return f
}

func TestIssIsOnEveryAuthorizationResponse(t *testing.T) {
	for _, a := range []authserver.Approval{authserver.ApprovalAuto, authserver.ApprovalDeny} {
		b := newBench(t, tenants, approval(a))
		for _, issuer := range issuers {
			at := strings.TrimPrefix(issuer, base)
			for _, change := range []string{"state=a", "response_type=token", "response_type=", "code_challenge_method=plain", "scope=nothing", "resource=" + enc("https://evil.example/"),
				"+scope=mcp%3Aread", "+state=b", "response_mode=fragment", "request=x", "request_uri=https%3A%2F%2Fevil.example%2F"} {
				f := location(b.tenantCode(at, change))
				iss := f.All("iss")
				b.True(len(iss) == 1 && iss[0] == issuer)          // RFC 9207 section 2: success and error, this issuer's
				b.Equal(len(f.All("code"))+len(f.All("error")), 1) // one of them
			}
		}
	}
}

func TestConsentOfATenant(t *testing.T) {
	b := newBench(t, tenants)
	for _, decision := range []string{"approve", "deny"} {
		u := b.browser()
		page, err := u.Visit(base + "/tenant/acme/oauth/authorize?" + b.az("client_id=dev-public-client", "redirect_uri="+enc("http://127.0.0.1:7777/callback"), "resource="+enc(base+"/tenant/acme/mcp/oauth")))
		b.NoErr(err)                                                                                             // the page opens
		b.True(strings.Contains(page.Body, `action="/tenant/acme/oauth/authorize/consent"`))                     // it is answered below the tenant
		b.True(strings.Contains(page.Header.Get("Set-Cookie"), "; Path=/tenant/acme/oauth/authorize; HttpOnly")) // where its cookie goes
		b.True(strings.Contains(page.Body, base+"/tenant/acme</code>"))                                          // and names its issuer
		page, err = u.Press(page, "decision", decision)
		b.NoErr(err)                                                                    // the button works
		b.True(strings.Contains(page.Left, "iss="+enc(base+"/tenant/acme")))            // RFC 9207 section 2
		b.Equal(strings.Contains(page.Left, "error=access_denied"), decision == "deny") // the user's word counts
	}
	d := b.post("/tenant/acme/oauth/device/authorize", "client_id=dev-public-client")
	b.True(strings.HasPrefix(text(d, "verification_uri"), base+"/tenant/acme/")) // RFC 8628: the tenant's page
	u := b.browser()
	page, err := u.Visit(text(d, "verification_uri_complete"))
	b.NoErr(err) // it opens
	page, err = u.Press(page, "decision", "approve")
	b.True(err == nil && page.Status == 200) // and is answered
	r := b.post("/tenant/acme/oauth/token", "grant_type="+enc(oauth.GrantDeviceCode)+"&client_id=dev-public-client&device_code="+text(d, "device_code"))
	b.Equal(text(r, "aud"), base+"/tenant/acme/mcp/oauth") // the token is for the tenant's resource
}

func TestNothingOfOneIssuerIsGoodAtAnother(t *testing.T) {
	b := newBench(t, tenants, approval(authserver.ApprovalAuto))
	from := "/tenant/acme"
	redeem := func(at, code string) message.Response {
		return b.post(at+"/oauth/token", "grant_type=authorization_code&client_id=dev-public-client&code="+code+"&code_verifier="+verifier)
	}
	code := func() string { c, _ := location(b.tenantCode(from)).One("code"); return c }
	first := code()
	token := redeem(from, first)
	b.Equal(token.Status, 200) // at home all is well
	registered := b.postJSON(from+"/oauth/register", `{"redirect_uris":["`+redirect+`"],"token_endpoint_auth_method":"none"}`)
	minted := text(b.post(from+"/test-auth/bearer-token/mint", ""), "access_token")
	for _, at := range []string{"", "/tenant/other-1"} {
		b.refused(redeem(at, code()), 400, "invalid_grant") // its code
		b.refused(b.post(at+"/oauth/token", "grant_type=refresh_token&client_id=dev-public-client&refresh_token="+text(token, "refresh_token")), 400, "invalid_grant")
		b.refused(b.postJSON(at+"/mcp/oauth", ping, "Authorization: Bearer "+text(token, "access_token")), 401, "invalid_token")
		b.errorPage(b.tenantCode(at, "client_id="+text(registered, "client_id")))                      // its clients
		b.Equal(b.postJSON(at+"/mcp/bearer-token", ping, "Authorization: Bearer "+minted).Status, 401) // its minted tokens
		f := location(b.tenantCode(at, "resource="+enc(base+from+"/mcp/oauth")))
		b.Equal(f.All("error"), []string{"invalid_target"}) // its resource
	}
	b.Equal(b.postJSON(from+"/mcp/oauth", ping, "Authorization: Bearer "+text(token, "access_token")).Status, 200) // none of that has hurt it
}

func TestTenantsCostNoMore(t *testing.T) {
	b := newBench(t, tenants, approval(authserver.ApprovalAuto))
	body := []byte("grant_type=client_credentials&client_id=dev-confidential-client&client_secret=dev-confidential-secret")
	ask := func(at string) message.Request {
		return message.Request{Method: "POST", URL: base + at + "/oauth/token", Body: body, Header: message.Header{{Name: "Content-Type", Value: message.FormType}}}
	}
	root, below := ask(""), ask("/tenant/acme")
	at := testing.AllocsPerRun(200, func() { b.s.Serve(b.now, root) })
	in := testing.AllocsPerRun(200, func() { b.s.Serve(b.now, below) })
	b.True(in <= at+2) // a tenant's request costs at most its path's template more
}
