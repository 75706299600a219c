package command_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/cli/command"
	"mcp-auth/core/server"
	"mcp-auth/web/httpd"
)

// A lie changes what the honest server answers on a path.
type lie struct {
	path string
	tell func(w http.ResponseWriter, r *http.Request, honest *httptest.ResponseRecorder) bool // true: it has answered
}

// edit replaces text in the body of an answer.
func edit(path, old, new string) lie {
	return lie{path, func(_ http.ResponseWriter, r *http.Request, honest *httptest.ResponseRecorder) bool {
		base := "http://" + r.Host
		body := strings.ReplaceAll(honest.Body.String(), strings.ReplaceAll(old, "BASE", base), strings.ReplaceAll(new, "BASE", base))
		honest.Body.Reset()
		honest.Body.WriteString(body)
		honest.Header().Del("Content-Length")
		return false
	}}
}

// instead answers in place of the honest server.
func instead(path string, status int, contentType, body string, headers ...string) lie {
	return lie{path, func(w http.ResponseWriter, _ *http.Request, _ *httptest.ResponseRecorder) bool {
		w.Header().Set("Content-Type", contentType)
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Add(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
		return true
	}}
}

// hostile starts our server behind a layer that lies. hits counts requests by
// path.
func hostile(t *testing.T, lies ...lie) (base string, hits func(path string) int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base = "http://" + l.Addr().String()
	s, err := server.New(server.Config{Issuer: base, Seed: true, Mint: true, Random: rand.Reader, Approval: "manual"})
	if err != nil {
		t.Fatal(err)
	}
	honest := httpd.Handler(s, time.Now, nil)
	counts := make(chan map[string]int, 1)
	counts <- map[string]int{}
	web := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := <-counts
		c[r.URL.Path]++
		counts <- c
		rec := httptest.NewRecorder()
		honest.ServeHTTP(rec, r)
		for _, lie := range lies {
			if lie.path == r.URL.Path && lie.tell(w, r, rec) {
				return
			}
		}
		for name, values := range rec.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	})}
	go func() { _ = web.Serve(l) }()
	t.Cleanup(func() { _ = web.Close() })
	return base, func(path string) int {
		c := <-counts
		defer func() { counts <- c }()
		return c[path]
	}
}

// canary counts connections to a place nobody should go to.
func canary(t *testing.T) (base string, hits *atomic.Int32) {
	t.Helper()
	hits = &atomic.Int32{}
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	t.Cleanup(s.Close)
	return s.URL, hits
}

// cli runs the program and returns what it said.
func cli(home string, args ...string) (out, errOut string, code int) {
	var stdout, stderr bytes.Buffer
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	code = command.Run(ctx, append(args, "--cli-home", home), command.Streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr})
	return stdout.String(), stderr.String(), code
}

const (
	prmPath = "/.well-known/oauth-protected-resource/mcp/oauth"
	asPath  = "/.well-known/oauth-authorization-server"
)

// refusedLogin asserts that a login fails with a code, says why, and stores
// nothing.
func refusedLogin(t *testing.T, base string, want int, says string, args ...string) (errOut string) {
	t.Helper()
	home := t.TempDir()
	if len(args) == 0 {
		args = []string{"--auth-mode", "client-creds", "--register"}
	}
	out, errOut, code := cli(home, append([]string{"login", base + "/mcp/oauth"}, args...)...)
	if code != want || !strings.Contains(errOut, says) {
		t.Errorf("exit code %d, wanted %d with %q\n%s%s", code, want, says, out, errOut)
	}
	if _, err := os.Stat(filepath.Join(home, "profiles.json")); err == nil {
		t.Error("something was stored")
	}
	return errOut
}

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

func TestCL06_SecretsStayOffThePlainNetwork(t *testing.T) {
	base, _ := hostile(t, edit(asPath, "BASE/oauth/token", "http://192.0.2.1/token"))
	refusedLogin(t, base, 6, "token_endpoint", "--auth-mode", "client-creds", "--client-id", "x", "--client-secret", "y")
}

func TestCL07_TokenRedirectsAreNotFollowed(t *testing.T) {
	for _, status := range []int{302, 307, 308} {
		elsewhere, seen := canary(t)
		base, _ := hostile(t, instead("/oauth/token", status, "text/plain", "", "Location", elsewhere))
		refusedLogin(t, base, 6, "status", "--auth-mode", "client-creds", "--client-id", "x", "--client-secret", "y")
		if seen.Load() != 0 {
			t.Error("the credentials went elsewhere")
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
	base, _ := hostile(t, lie{asPath, func(w http.ResponseWriter, _ *http.Request, _ *httptest.ResponseRecorder) bool {
		w.Header().Set("Content-Type", "application/json")
		chunk := bytes.Repeat([]byte(" "), 1<<20)
		for range 64 {
			if _, err := w.Write(chunk); err != nil {
				return true
			}
		}
		return true
	}}, instead("/.well-known/openid-configuration", 404, "text/plain", ""))
	_, errOut, code := cli(t.TempDir(), "login", base+"/mcp/oauth", "--auth-mode", "client-creds", "--register")
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

func TestCL12_TextThatTerminalsObey(t *testing.T) {
	const evil = `\u001b[31mred\u0007\u009b\r\u202eabc`
	for name, l := range map[string]lie{
		"token error":  instead("/oauth/token", 400, "application/json", `{"error":"invalid_client","error_description":"`+evil+`"}`),
		"registration": instead("/oauth/register", 400, "application/json", `{"error":"`+evil+`","error_description":"x"}`),
		"metadata":     edit(asPath, `"scopes_supported":["`, `"scopes_supported":["`+evil),
		"issuer":       edit(asPath, `"issuer":"BASE"`, `"issuer":"`+evil+`"`),
	} {
		base, _ := hostile(t, l)
		for _, verbose := range []string{"--verbose=0", "--verbose=2"} {
			out, errOut, _ := cli(t.TempDir(), "login", base+"/mcp/oauth", "--auth-mode", "client-creds", "--register", verbose)
			if strings.ContainsAny(out+errOut, "\x1b\x07\u009b\r\u202e") {
				t.Errorf("%s %s: control characters reach the terminal: %q", name, verbose, out+errOut)
			}
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

func TestCL22_CallsAreNotRedirected(t *testing.T) {
	is := is.New(t)
	elsewhere, seen := canary(t)
	base, _ := hostile(t, instead("/mcp/bearer-token", 307, "text/plain", "", "Location", elsewhere))
	home := t.TempDir()
	_, _, code := cli(home, "login", base+"/mcp/bearer-token", "--auth-mode", "bearer", "--bearer-token", "test-bearer-token")
	is.Equal(code, 0) // the token is stored
	_, _, code = cli(home, "call", base+"/mcp/bearer-token", "tools/list")
	is.True(code != 0)              // the redirect is an error
	is.Equal(seen.Load(), int32(0)) // the token went nowhere else
}

func TestCL23_NoSecretIsSaid(t *testing.T) {
	is := is.New(t)
	const secret = "my-very-own-client-secret-0123456789"
	base, _ := hostile(t, lie{"/oauth/token", func(w http.ResponseWriter, r *http.Request, _ *httptest.ResponseRecorder) bool {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(400)
		_, _ = io.WriteString(w, `{"error":"invalid_client","error_description":"you sent `+secret+` and `+strings.ReplaceAll(r.Header.Get("Authorization"), `"`, "")+`"}`)
		return true
	}})
	file := filepath.Join(t.TempDir(), "run.har")
	out, errOut, _ := cli(t.TempDir(), "login", base+"/mcp/oauth", "--auth-mode", "client-creds", "--client-id", "someone", "--client-secret", secret, "--verbose=2", "--trace", file)
	har, err := os.ReadFile(file)
	is.NoErr(err)                                              // the trace was written, although the login failed
	is.True(!strings.Contains(out+errOut+string(har), secret)) // the secret is nowhere
}

func TestCL25_DeviceAnswersThatAreOdd(t *testing.T) {
	answer := func(expires, interval string) lie {
		return instead("/oauth/device/authorize", 200, "application/json", `{"device_code":"d","user_code":"u","verification_uri":"http://127.0.0.1/v","expires_in":`+expires+interval+`}`)
	}
	for _, expires := range []string{"0", "-1", `"900"`} {
		base, _ := hostile(t, answer(expires, ""))
		refusedLogin(t, base, 6, "expires_in", "--auth-mode", "device", "--client-id", "dev-public-client")
	}
	for _, interval := range []string{`,"interval":0`, `,"interval":-1`, `,"interval":1e308`, `,"interval":"5"`, ""} {
		base, hits := hostile(t, answer("1", interval))
		refusedLogin(t, base, 7, "expired", "--auth-mode", "device", "--client-id", "dev-public-client")
		if n := hits("/oauth/token"); n > 1 {
			t.Errorf("polled %d times in a second", n)
		}
	}
}

func TestCL26_VerificationURIs(t *testing.T) {
	for _, uri := range []string{"javascript:alert(1)", "file:///etc/passwd", "http://evil.example/"} {
		base, _ := hostile(t, instead("/oauth/device/authorize", 200, "application/json", `{"device_code":"d","user_code":"u","verification_uri":"`+uri+`","expires_in":9}`))
		refusedLogin(t, base, 6, "verification_uri", "--auth-mode", "device", "--client-id", "dev-public-client")
	}
}

func TestCL27_AnswersThatAreNoToken(t *testing.T) {
	for _, body := range []string{`{}`, `{"access_token":1,"token_type":"Bearer"}`, `{"access_token":"","token_type":"Bearer"}`, `{"access_token":"a\r\nb","token_type":"Bearer"}`, `{"access_token":"a","token_type":"mac"}`, `{"error":"invalid_grant"}`, `null`} {
		base, _ := hostile(t, instead("/oauth/token", 200, "application/json", body))
		refusedLogin(t, base, 6, "wanted", "--auth-mode", "client-creds", "--client-id", "x", "--client-secret", "y")
	}
	base, _ := hostile(t, instead("/oauth/token", 200, "text/html", "<html>"))
	refusedLogin(t, base, 6, "Content-Type", "--auth-mode", "client-creds", "--client-id", "x", "--client-secret", "y")
}

func TestCL28_OtherScopeThanAsked(t *testing.T) {
	is := is.New(t)
	base, _ := hostile(t, edit("/oauth/token", `"scope":"mcp:write"`, `"scope":"mcp:read"`))
	home := t.TempDir()
	_, errOut, code := cli(home, "login", base+"/mcp/oauth", "--auth-mode", "client-creds", "--register", "--scope", "mcp:write")
	is.Equal(code, 0)                                                                      // accepted
	is.True(strings.Contains(errOut, "another scope") || strings.Contains(errOut, "less")) // and told
	out, _, _ := cli(home, "profile", "show", "--resource-url", base+"/mcp/oauth")
	is.True(strings.Contains(out, `"scope": "mcp:read"`)) // stored as granted
}

func TestCL31_RegistrationsThatAreOdd(t *testing.T) {
	for name, body := range map[string]string{"redirect": `{"client_id":"c","redirect_uris":["https://evil.example/"]}`, "control": `{"client_id":"a\u0007b"}`, "huge": `{"client_id":"` + strings.Repeat("a", 3000) + `"}`, "none": `{}`} {
		base, _ := hostile(t, instead("/oauth/register", 201, "application/json", body))
		t.Run(name, func(t *testing.T) { refusedLogin(t, base, 6, "wanted", "--auth-mode", "auth-code", "--register") })
	}
}

func TestCL32_AnswersThatAreNoReply(t *testing.T) {
	for name, l := range map[string]lie{
		"another id": instead("/mcp/bearer-token", 200, "application/json", `{"jsonrpc":"2.0","id":"other","result":{}}`),
		"HTML":       instead("/mcp/bearer-token", 200, "text/html", "<html>"),
		"huge":       instead("/mcp/bearer-token", 200, "application/json", strings.Repeat(" ", 2<<20)),
		"stream": {"/mcp/bearer-token", func(w http.ResponseWriter, r *http.Request, _ *httptest.ResponseRecorder) bool {
			w.Header().Set("Content-Type", "text/event-stream")
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, "data: {}\n\n")
				w.(http.Flusher).Flush()
			}
			return true
		}},
	} {
		base, _ := hostile(t, l)
		home := t.TempDir()
		cli(home, "login", base+"/mcp/bearer-token", "--auth-mode", "bearer", "--bearer-token", "test-bearer-token")
		out, _, code := cli(home, "call", base+"/mcp/bearer-token", "tools/list", "--timeout", "1s")
		if code == 0 || out != "" {
			t.Errorf("%s: exit code %d, %s", name, code, out)
		}
	}
}

// TestPF05_OneRefreshForAll: eight calls at once with an expired token spend
// one refresh token.
func TestPF05_OneRefreshForAll(t *testing.T) {
	is := is.New(t)
	base, hits := hostile(t, edit("/oauth/token", `"expires_in":3600`, `"expires_in":1`))
	home := t.TempDir()
	_, _, code := login(t, home, base, "login", base+"/mcp/oauth", "--auth-mode", "auth-code", "--register")
	is.Equal(code, 0) // logged in, with a token that is stale at once
	before := hits("/oauth/token")
	codes := make(chan int, 8)
	for range 8 {
		go func() {
			_, _, code := cli(home, "call", base+"/mcp/oauth", "tools/list")
			codes <- code
		}()
	}
	for range 8 {
		is.Equal(<-codes, 0) // every call succeeds
	}
	is.True(hits("/oauth/token")-before <= 8) // no refresh token was used twice: the server would have killed the family
}
