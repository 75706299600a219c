package server_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"mcp-auth/core/authserver"
	"mcp-auth/core/message"
	"mcp-auth/core/server"
)

func sandboxed(n int) func(*server.Config) {
	return func(c *server.Config) { c.Sandboxes, c.Tenants = n, []string{"acme"} }
}

// open opens a sandbox and returns its path.
func (b *bench) open(body string) string {
	b.t.Helper()
	r := b.postJSON("/sandbox", body)
	if r.Status != 201 {
		b.t.Fatalf("no sandbox: %d %s", r.Status, r.Body)
	}
	return strings.TrimPrefix(text(r, "issuer"), base)
}

func number(r message.Response, name string) int64 {
	v, _ := message.ParseJSON(r.Body)
	n, _ := v.Get(name).Int()
	return n
}

func TestSandboxIsAnIssuer(t *testing.T) {
	b := newServer(t, sandboxed(10))
	r := b.postJSON("/sandbox", `{"approval":"auto","access_lifetime":5,"lifetime":600}`)
	b.Equal(r.Status, 201)                                             // it is open
	b.Equal(number(r, "expires_in"), int64(600))                       // for as long as asked
	b.Equal(number(r, "expires_at"), b.now.Add(10*time.Minute).Unix()) // until then
	issuer := text(r, "issuer")
	b.Equal(text(r, "resource"), issuer+"/mcp/oauth")                                     // with a resource
	b.Equal(text(b.get(strings.TrimPrefix(text(r, "metadata"), base)), "issuer"), issuer) // and metadata
	at := strings.TrimPrefix(issuer, base)
	code, _ := location(b.tenantCode(at)).One("code")
	tok := b.post(at+"/oauth/token", "grant_type=authorization_code&client_id=dev-public-client&code="+code+"&code_verifier="+verifier)
	b.Equal(number(tok, "expires_in"), int64(5)) // its own lifetimes and approval
	use := func() int {
		return b.postJSON(at+"/mcp/oauth", ping, "Authorization: Bearer "+text(tok, "access_token")).Status
	}
	b.Equal(use(), 200) // the token is good
	b.now = b.now.Add(5 * time.Second)
	b.Equal(use(), 401)                                                 // for five seconds
	b.Equal(len(location(b.tenantCode("/tenant/acme")).All("code")), 0) // the others ask as before
}

func TestSandboxEndsByItself(t *testing.T) {
	b := newServer(t, sandboxed(10))
	at := b.open(`{"lifetime":60}`)
	b.now = b.now.Add(59 * time.Second)
	b.Equal(b.get(at).Status, 200) // it lives
	b.now = b.now.Add(time.Second)
	for _, path := range []string{at, at + "/oauth/authorize", "/.well-known/oauth-authorization-server" + at} {
		b.Equal(b.get(path).Status, 404) // all of it ends, swept or not
	}
	b.True(b.s.Sweep(b.now) > 0) // and goes
}

func TestSandboxQuota(t *testing.T) {
	b := newServer(t, sandboxed(3))
	for i := range 3 {
		b.open(`{"lifetime":` + message.Decimal(int64(60*(i+1))) + `}`)
	}
	r := b.postJSON("/sandbox", "")
	b.refused(r, 503, "temporarily_unavailable")
	b.Equal(r.Header.Get("Retry-After"), "60") // when the first ends
	b.now = b.now.Add(time.Minute)
	b.open("")                                      // there is room again, without a sweep
	b.Equal(b.postJSON("/sandbox", "").Status, 503) // for one
}

func TestSandboxQuotaUnderRaces(t *testing.T) {
	b := newServer(t, sandboxed(5))
	var done sync.WaitGroup
	status := make([]int, 20)
	for i := range status {
		done.Go(func() { status[i] = b.s.Serve(b.now, message.Request{Method: "POST", URL: base + "/sandbox"}).Status })
	}
	done.Wait()
	n := 0
	for _, s := range status {
		if s == 201 {
			n++
		}
	}
	b.Equal(n, 5) // never more than may be
}

func TestSandboxRequestsAreBounded(t *testing.T) {
	b := newServer(t, sandboxed(2))
	at, other := b.open(""), b.open("")
	for range 6000 {
		b.s.Serve(b.now, message.Get(base+at))
	}
	r := b.get(at)
	b.refused(r, 429, "temporarily_unavailable")
	b.True(r.Header.Get("Retry-After") != "") // it is told when to come back
	b.Equal(b.get(other).Status, 200)         // nobody else is
	b.now = b.now.Add(time.Minute)
	b.Equal(b.get(at).Status, 200) // and the next minute is its own again
}

func TestSandboxRecordsAreBounded(t *testing.T) {
	b := newServer(t, sandboxed(1))
	at := b.open("")
	full := 0
	for range 300 {
		if b.postJSON(at+"/oauth/register", `{"redirect_uris":["`+redirect+`"]}`).Status == 503 {
			full++
		}
	}
	b.Equal(full, 100)                                                                       // 200 clients are kept
	b.Equal(b.postJSON("/oauth/register", `{"redirect_uris":["`+redirect+`"]}`).Status, 201) // the root does not notice
}

func TestWhatASandboxMayAskFor(t *testing.T) {
	b := newServer(t, sandboxed(100))
	for _, bad := range []string{`null`, `[]`, `{`, `{"approval":"maybe"}`, `{"approval":1}`, `{"lifetime":0}`, `{"lifetime":3601}`, `{"lifetime":1.5}`, `{"lifetime":"60"}`, `{"access_lifetime":-1}`, `{"access_lifetime":99999999999}`,
		`{"unknown":1}`, `{"Approval":"auto"}`, `{"token_auth_methods":[]}`, `{"token_auth_methods":["x"]}`, `{"token_auth_methods":"none"}`, `{"require_par":"yes"}`, `{"lifetime":1,"lifetime":2}`, `{"issuer":"https://evil.example"}`, `{"name":"acme"}`} {
		b.refused(b.postJSON("/sandbox", bad), 400, "invalid_request")
	}
	b.Equal(b.post("/sandbox", "approval=auto").Status, 415)                          // a form could come from any page
	b.Equal(b.postJSON("/sandbox", "{}", "Origin: https://evil.example").Status, 403) // whose origin may not
	at := b.open(`{"approval":"deny","token_auth_methods":["none"],"require_par":true,"par_lifetime":7,"device_interval":1}`)
	v, _ := message.ParseJSON(b.get("/.well-known/oauth-authorization-server" + at).Body)
	must, _ := v.Get("require_pushed_authorization_requests").Bool()
	b.True(must)                                                                            // each setting
	b.Equal(string(v.Get("token_endpoint_auth_methods_supported").Append(nil)), `["none"]`) // is its own
	r := b.post(at+"/oauth/par", b.az("client_id=dev-public-client", "redirect_uri="+enc("http://127.0.0.1/callback"), "resource="+enc(base+at+"/mcp/oauth")))
	b.Equal(number(r, "expires_in"), int64(7))
	f := location(b.get(at + "/oauth/authorize?client_id=dev-public-client&request_uri=" + enc(text(r, "request_uri"))))
	b.Equal(f.All("error"), []string{"access_denied"}) // its user says no
}

func TestSandboxesAreOffByDefault(t *testing.T) {
	b := newServer(t, tenants)
	b.Equal(b.postJSON("/sandbox", "{}").Status, 404) // unless they are switched on
	on := newServer(t, sandboxed(1))
	b.True(strings.Contains(string(on.get("/health").Body), `"sandboxes"`)) // and that is announced
	names := map[string]bool{}
	many := newServer(t, sandboxed(1000))
	for range 1000 {
		names[many.open("")] = true
	}
	b.Equal(len(names), 1000) // no two have one name
	for at := range names {
		b.NoErr(server.CheckTenant(strings.TrimPrefix(at, "/tenant/"))) // which is a tenant's
	}
	err := many.s.(*server.Server).OpenSandbox(many.now, "acme", server.Sandbox{Approval: authserver.ApprovalAuto, Life: time.Hour})
	b.True(err != nil) // a name that is in use is refused
}
