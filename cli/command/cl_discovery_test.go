package command_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/matryer/is"
)

func TestCL01_ResourceOfAnother(t *testing.T) {
	for _, resource := range []string{"https://evil.example/mcp/oauth", "BASE/mcp/other", "BASE/mcp/oauth#x"} {
		base, hits := hostile(t, edit(prmPath, `"resource":"BASE/mcp/oauth"`, `"resource":"`+resource+`"`))
		refusedLogin(t, base, 6, "resource metadata for")
		if hits(asPath) != 0 {
			t.Error("the authorization server was asked all the same")
		}
	}
}

func TestCL02_IssuerOfAnother(t *testing.T) {
	for _, issuer := range []string{"https://evil.example", "BASE/", "BASE/x", "HTTP://127.0.0.1"} {
		base, hits := hostile(t, edit(asPath, `"issuer":"BASE"`, `"issuer":"`+issuer+`"`))
		refusedLogin(t, base, 6, "issuer")
		if hits("/oauth/register")+hits("/oauth/token") != 0 {
			t.Error("an endpoint of the document was used")
		}
	}
}

func TestCL03_NoS256(t *testing.T) {
	for _, methods := range []string{`["plain"]`, `[]`} {
		base, hits := hostile(t, edit(asPath, `"code_challenge_methods_supported":["S256"]`, `"code_challenge_methods_supported":`+methods))
		refusedLogin(t, base, 6, "S256", "--auth-mode", "auth-code", "--register")
		if hits("/oauth/authorize")+hits("/oauth/register") != 0 {
			t.Error("the flow went on")
		}
	}
}

func TestCL04_EndpointsThatAreNoPages(t *testing.T) {
	for _, endpoint := range []string{"javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "vbscript:x", "ssh://x", "/oauth/authorize", "http://as.example/authorize"} {
		base, _ := hostile(t, edit(asPath, "BASE/oauth/authorize", endpoint))
		errOut := refusedLogin(t, base, 6, "authorization_endpoint", "--auth-mode", "auth-code", "--register")
		if strings.Contains(errOut, "Open the authorization URL") {
			t.Error("it was offered as a link")
		}
	}
}

func TestCL08_DiscoveryRedirects(t *testing.T) {
	elsewhere, seen := canary(t)
	base, _ := hostile(t, instead(prmPath, 302, "text/plain", "", "Location", elsewhere))
	cli(t.TempDir(), "discover", base+"/mcp/oauth")
	if seen.Load() != 0 {
		t.Error("a redirect to another origin was followed")
	}
	base, hits := hostile(t, instead(prmPath, 302, "text/plain", "", "Location", prmPath))
	cli(t.TempDir(), "discover", base+"/mcp/oauth")
	if n := hits(prmPath); n > 8 {
		t.Errorf("a loop was followed %d times", n)
	}
}

func TestCL09_HugeAnswers(t *testing.T) {
	is := is.New(t)
	var taken atomic.Int32 // MiB
	base, _ := hostile(t, lie{asPath, func(w http.ResponseWriter, _ *http.Request, _ *httptest.ResponseRecorder) bool {
		w.Header().Set("Content-Type", "application/json")
		chunk := bytes.Repeat([]byte(" "), 1<<20)
		for range 64 {
			if _, err := w.Write(chunk); err != nil {
				return true
			}
			taken.Add(1)
		}
		return true
	}}, instead("/.well-known/openid-configuration", 404, "text/plain", ""))
	_, errOut, code := cli(t.TempDir(), "login", base+"/mcp/oauth", "--auth-mode", "client-creds", "--register")
	is.True(taken.Load() < 32)                  // not read to the end, but for what the kernel buffers
	is.True(code != 0)                          // refused
	is.True(strings.Contains(errOut, "error:")) // and said so
}

func TestCL10_SlowAnswers(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	base, _ := hostile(t, lie{"/oauth/token", func(w http.ResponseWriter, r *http.Request, _ *httptest.ResponseRecorder) bool {
		w.WriteHeader(200)
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
		case <-stop:
		}
		return true
	}})
	refusedLogin(t, base, 4, "no complete answer within 300ms", "--timeout", "300ms", "--auth-mode", "client-creds", "--client-id", "x", "--client-secret", "y")
}

func TestCL11_Challenges(t *testing.T) {
	elsewhere, seen := canary(t)
	for _, challenge := range []string{strings.Repeat("x", 40<<10), `Bearer resource_metadata="` + elsewhere, `Bearer resource_metadata="` + elsewhere + `", resource_metadata="` + elsewhere + `"`, `Digest resource_metadata="` + elsewhere + `"`} {
		base, _ := hostile(t, instead("/mcp/oauth", 401, "application/json", "{}", "WWW-Authenticate", challenge))
		out, errOut, code := cli(t.TempDir(), "discover", base+"/mcp/oauth")
		if code != 0 || !strings.Contains(out, "Supported auth modes") {
			t.Errorf("the well-known place was not tried: %s%s", out, errOut)
		}
	}
	base, _ := hostile(t, instead("/mcp/oauth", 401, "application/json", "{}", "WWW-Authenticate", `Bearer scope="a"`, "WWW-Authenticate", `Bearer resource_metadata="`+elsewhere+`"`))
	cli(t.TempDir(), "discover", base+"/mcp/oauth")
	if seen.Load() != 0 {
		t.Error("an ambiguous challenge was followed")
	}
}

// What the resource names is not guessed where it cannot be had: the guess
// would get the secret.
func TestCL11_WhatIsNamedIsNotGuessed(t *testing.T) {
	for _, status := range []int{404, 500} {
		base, hits := hostile(t, instead(prmPath, status, "application/json", "{}"), instead("/.well-known/oauth-protected-resource", 404, "application/json", "{}"))
		_, errOut, code := cli(t.TempDir(), "login", base+"/mcp/oauth", "--auth-mode", "client-creds", "--client-id", "x", "--client-secret", "y")
		if code == 0 || !strings.Contains(errOut, prmPath) {
			t.Errorf("HTTP %d: exit %d, and the document is not named: %s", status, code, errOut)
		}
		if hits(asPath)+hits("/oauth/token") != 0 {
			t.Errorf("HTTP %d: the origin was taken for the authorization server", status)
		}
	}
}

func TestCL20_CredentialsOfAnotherIssuer(t *testing.T) {
	is := is.New(t)
	home := t.TempDir()
	first, _ := hostile(t)
	_, errOut, code := cli(home, "login", first+"/mcp/oauth", "--auth-mode", "client-creds", "--register")
	is.Equal(code, 0) // a client is registered at the first issuer
	_ = errOut
	second, hits := hostile(t)
	_, errOut, code = cli(home, "login", second+"/mcp/oauth", "--auth-mode", "client-creds")
	is.Equal(code, 2)                               // it is not used at another
	is.True(strings.Contains(errOut, "--register")) // and the way on is named
	is.Equal(hits("/oauth/token"), 0)               // nothing was sent there
}

// The resource comes to name another server, before its own: the stored client
// is told to its own alone.
func TestCL20_AServerThatJoined(t *testing.T) {
	is := is.New(t)
	other, seen := hostile(t)
	var joined, moved atomic.Bool
	base, hits := hostile(t, lie{prmPath, func(_ http.ResponseWriter, r *http.Request, honest *httptest.ResponseRecorder) bool {
		own := `"http://` + r.Host + `"`
		servers := own
		if joined.Load() {
			servers = `"` + other + `",` + own
		}
		if moved.Load() {
			servers = `"` + other + `"`
		}
		body := strings.Replace(honest.Body.String(), `"authorization_servers":[`+own+`]`, `"authorization_servers":[`+servers+`]`, 1)
		honest.Body.Reset()
		honest.Body.WriteString(body)
		honest.Header().Del("Content-Length")
		return false
	}})
	home := t.TempDir()
	_, _, code := cli(home, "login", base+"/mcp/oauth", "--auth-mode", "client-creds", "--register")
	is.Equal(code, 0) // a client is registered at the first server
	joined.Store(true)
	_, _, code = cli(home, "login", base+"/mcp/oauth", "--auth-mode", "client-creds")
	is.Equal(code, 0)                 // it logs in again
	is.Equal(hits("/oauth/token"), 2) // there
	is.True(seen(asPath) > 0)         // though the other server was looked at
	is.Equal(seen("/oauth/token"), 0) // and comes first
	moved.Store(true)                 // now there is no other
	_, errOut, code := cli(home, "login", base+"/mcp/oauth", "--auth-mode", "client-creds")
	is.Equal(code, 2)                               // which is not told either
	is.True(strings.Contains(errOut, "--register")) // the way on is named
	is.Equal(seen("/oauth/token"), 0)               // nothing was sent to it
}
