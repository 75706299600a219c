package server_test

import (
	"strings"
	"testing"

	"mcp-auth/core/authserver"
	"mcp-auth/core/message"
	"mcp-auth/core/server"
)

func compat(c *server.Config) {
	c.Compat, c.Approval, c.Tenants = server.Compat20250326, authserver.ApprovalAuto, []string{"acme"}
}

// A client of MCP 2025-03-26 whose look for metadata failed: it knows the
// origin and nothing else.
func TestMCP20250326_FallbackEndpoints(t *testing.T) {
	b := newServer(t, compat)
	r := b.postJSON("/register", `{"redirect_uris":["`+redirect+`"],"token_endpoint_auth_method":"none"}`)
	b.Equal(r.Status, 201) // it registers
	b.pub = text(r, "client_id")
	r = b.get("/authorize?" + b.az("-resource"))
	code, _ := location(r).One("code")
	b.Equal(location(r).All("iss"), []string{base}) // one issuer, wherever it was asked
	r = b.post("/token", "grant_type=authorization_code&client_id="+b.pub+"&code="+code+"&code_verifier="+verifier)
	b.Equal(text(r, "aud"), resource)        // the first resource is meant
	b.True(b.alive(text(r, "access_token"))) // and the token is good there
}

func TestMCP20250326_TheConsentPageWorksFromTheFallback(t *testing.T) {
	b := newServer(t, compat, approval(authserver.ApprovalManual))
	u := b.browser()
	page, err := u.Visit(base + "/authorize?" + b.az("-resource", "client_id=dev-public-client", "redirect_uri="+enc("http://127.0.0.1:1/callback")))
	b.NoErr(err) // the page opens
	page, err = u.Press(page, "decision", "approve")
	b.True(err == nil && strings.Contains(page.Left, "code=")) // and is answered
}

func TestMCP20250326_MetadataClients(t *testing.T) {
	b := newServer(t, compat)
	b.pub = "dev-public-client"
	callback := "redirect_uri=" + enc("http://127.0.0.1:1/callback")
	for at, want := range map[string]string{"": resource, "/tenant/acme": base + "/tenant/acme/mcp/oauth"} {
		code, _ := location(b.get(at + "/oauth/authorize?" + b.az("-resource", callback))).One("code")
		r := b.post(at+"/oauth/token", "grant_type=authorization_code&client_id="+b.pub+"&code="+code+"&code_verifier="+verifier)
		b.Equal(text(r, "aud"), want) // each issuer's own
	}
	b.Equal(b.post("/oauth/par", b.az("-resource", callback)).Status, 201)                                                                    // pushed alike
	b.Equal(location(b.get("/authorize?"+b.az("resource="+enc("https://evil.example/"), callback))).All("error"), []string{"invalid_target"}) // what is asked for must still be served
	b.Equal(b.get("/tenant/acme/authorize").Status, 404)                                                                                      // the fallbacks are the origin's
	b.Equal(string(b.get("/health").Body), `{"status":"ok","version":"test","hooks":["approval=auto","mint"],"compat":["2025-03-26"]}`)
	v, _ := message.ParseJSON(b.get("/.well-known/oauth-authorization-server").Body)
	b.Equal(string(v.Get("mcp_compatibility").Append(nil)), `["2025-03-26"]`) // announced
}

func TestMCP20250326_IsOffByDefault(t *testing.T) {
	b := newBench(t)
	b.redirected(b.authorize("-resource"), "invalid_target") // resource is required
	for _, path := range []string{"/authorize", "/token", "/register"} {
		b.Equal(b.get(path).Status, 404) // no fallback
	}
	b.True(!strings.Contains(string(b.get("/.well-known/oauth-authorization-server").Body), "mcp_compat")) // none announced
	_, err := server.New(server.Config{Issuer: base, Compat: "2024-11-05", Random: strings.NewReader("")})
	b.True(err != nil) // no other revision
}
