// Servers that have forgotten what is stored here, and servers that cannot
// answer now.
package command_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/cli/command"
	"mcp-auth/core/server"
	"mcp-auth/web/httpd"
)

// forgetful starts our server with its state in memory. restart makes it
// forget all it was told.
func forgetful(t *testing.T) (base string, restart func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base = "http://" + l.Addr().String()
	var current atomic.Value
	restart = func() {
		s, err := server.New(server.Config{Issuer: base, Seed: true, Mint: true, Random: rand.Reader, Approval: "manual"})
		if err != nil {
			t.Fatal(err)
		}
		current.Store(httpd.Handler(s, time.Now, nil))
	}
	restart()
	web := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { current.Load().(http.Handler).ServeHTTP(w, r) })}
	go func() { _ = web.Serve(l) }()
	t.Cleanup(func() { _ = web.Close() })
	return base, restart
}

// profiles are the lines of profile list.
func profiles(t *testing.T, home string) []string {
	t.Helper()
	out, errOut, code := cli(home, "profile", "list")
	if code != 0 {
		t.Fatal(errOut)
	}
	return strings.Split(strings.TrimSpace(out), "\n")
}

// A login leads on where a call was refused: what was refused is not kept, and
// a client that was registered here is registered again, in the same profile.
func TestALoginAfterTheServerForgot(t *testing.T) {
	for _, mode := range []string{"client-creds", "auth-code"} {
		t.Run(mode, func(t *testing.T) {
			is := is.New(t)
			base, restart := forgetful(t)
			home, url := t.TempDir(), base+"/mcp/oauth"
			_, _, code := login(t, home, base, "login", url, "--auth-mode", mode, "--register")
			is.Equal(code, 0) // logged in
			restart()
			_, errOut, code := cli(home, "call", url, "tools/list")
			is.True(code == 3 && strings.Contains(errOut, "Run login again")) // the call says what to do
			is.True(strings.HasSuffix(profiles(t, home)[0], " active expired"))
			out, errOut, code := login(t, home, base, "login", url)
			is.True(code == 0 && !strings.Contains(out, "Already signed in")) // which helps
			is.True(strings.Contains(errOut, "does not know the client"))     // by a new client, which is said
			_, _, code = cli(home, "call", url, "tools/list")
			is.Equal(code, 0) // the call goes through
			all := profiles(t, home)
			is.True(len(all) == 1 && strings.HasSuffix(all[0], " active")) // and nothing was left behind
		})
	}
}

// --force does not name a client again that the server is known to have
// forgotten; where that is not known yet, the time-out says what may help.
func TestAForgottenClientIsNotShownInTheBrowser(t *testing.T) {
	is := is.New(t)
	base, restart := forgetful(t)
	home, url := t.TempDir(), base+"/mcp/oauth"
	_, _, code := login(t, home, base, "login", url, "--auth-mode", "auth-code", "--register")
	is.Equal(code, 0) // logged in
	restart()
	_, errOut, code := cli(home, "login", url, "--auth-mode", "auth-code", "--force", "--wait", "10ms")
	is.Equal(code, 7)                                                                                   // nobody can approve an unknown client
	is.True(strings.Contains(errOut, "forgotten the client") && strings.Contains(errOut, "--register")) // the hint
	cli(home, "call", url, "tools/list")
	_, errOut, code = login(t, home, base, "login", url, "--auth-mode", "auth-code", "--force")
	is.True(code == 0 && strings.Contains(errOut, "registering again")) // once it is known, a new client asks
}

// Where one client is forgotten, older ones are as well: none is named in the
// browser, where that would end nowhere.
func TestOlderClientsAreNotTriedEither(t *testing.T) {
	is := is.New(t)
	base, restart := forgetful(t)
	home, url := t.TempDir(), base+"/mcp/oauth"
	for range 2 {
		_, _, code := login(t, home, base, "login", url, "--auth-mode", "auth-code", "--register")
		is.Equal(code, 0)
	}
	restart()
	cli(home, "call", url, "tools/list")
	_, errOut, code := login(t, home, base, "login", url)
	is.True(code == 0 && strings.Contains(errOut, "registering again"))
	before, err := os.ReadFile(filepath.Join(home, "profiles.json"))
	is.NoErr(err)
	out, _, code := login(t, home, base, "login", url, "--force")
	is.True(code == 0 && !strings.Contains(out, "Registered")) // the new client is known, and used again
	is.Equal(len(profiles(t, home)), strings.Count(string(before), `"profile_id"`))
}

// A call that may log in does so where the renewal is refused for good.
func TestAStepUpAfterTheServerForgot(t *testing.T) {
	is := is.New(t)
	base, restart := forgetful(t)
	home, url := t.TempDir(), base+"/mcp/oauth"
	_, _, code := cli(home, "login", url, "--auth-mode", "client-creds", "--register")
	is.Equal(code, 0)
	restart()
	out, errOut, code := cli(home, "call", url, "tools/list", "--step-up", "auto")
	if code != 0 || !strings.HasPrefix(out, "{") {
		t.Error(code, out, errOut)
	}
}

// A client that the user named is not replaced behind the user's back.
func TestANamedClientIsNotReplaced(t *testing.T) {
	is := is.New(t)
	var gone atomic.Bool
	refuse := func(path, challenge, body string) lie {
		return lie{path, func(w http.ResponseWriter, r *http.Request, _ *httptest.ResponseRecorder) bool {
			if !gone.Load() || r.Header.Get("Authorization") == "" && path == "/mcp/oauth" {
				return false
			}
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("WWW-Authenticate", challenge)
			w.WriteHeader(401)
			_, _ = w.Write([]byte(body))
			return true
		}}
	}
	base, hits := hostile(t, refuse("/oauth/token", `Basic realm="x"`, `{"error":"invalid_client"}`), refuse("/mcp/oauth", `Bearer error="invalid_token"`, ""))
	home, url := t.TempDir(), base+"/mcp/oauth"
	_, _, code := cli(home, "login", url, "--auth-mode", "client-creds", "--client-id", "dev-confidential-client", "--client-secret", "dev-confidential-secret")
	is.Equal(code, 0)
	gone.Store(true)
	_, _, code = cli(home, "call", url, "tools/list")
	is.Equal(code, 3)
	for _, args := range [][]string{{}, {"--force"}} {
		_, errOut, code := cli(home, append([]string{"login", url}, args...)...)
		is.True(code == 3 && strings.Contains(errOut, "invalid_client") && strings.Contains(errOut, "--register")) // said, with the way out
	}
	is.Equal(hits("/oauth/register"), 0) // which is the user's choice
}

var expiry = regexp.MustCompile(`"expires_at": "[^"]*"`)

func expire(t *testing.T, home string) {
	t.Helper()
	file := filepath.Join(home, "profiles.json")
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, expiry.ReplaceAll(text, []byte(`"expires_at": "2020-01-01T00:00:00+00:00"`)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A server that is busy or failing has refused nobody and broken no rule: exit
// code 4, and when to try again.
func TestServersThatCannotAnswerNow(t *testing.T) {
	for name, c := range map[string]struct {
		status           int
		kind, body, wait string
		hint             string
	}{
		"busy, by the book":    {503, "application/json", `{"error":"temporarily_unavailable","error_description":"later"}`, "7", "try again in 7s"},
		"busy":                 {503, "text/html", "<html>", "120", "try again in 2m0s"},
		"too many requests":    {429, "text/plain", "", "", "try again in a moment"},
		"failing, by the book": {500, "application/json", `{"error":"server_error"}`, "", "try again in a moment"},
		"failing":              {500, "text/plain", "oops", "", "try again in a moment"},
		"failing gateway":      {502, "text/html", "<html>", "", "try again in a moment"},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			var down atomic.Bool
			bad := instead("/oauth/token", c.status, c.kind, c.body)
			if c.wait != "" {
				bad = instead("/oauth/token", c.status, c.kind, c.body, "Retry-After", c.wait)
			}
			base, hits := hostile(t, lie{bad.path, func(w http.ResponseWriter, r *http.Request, honest *httptest.ResponseRecorder) bool {
				return down.Load() && bad.tell(w, r, honest)
			}})
			home, url := t.TempDir(), base+"/mcp/oauth"
			_, _, code := cli(home, "login", url, "--auth-mode", "client-creds", "--register")
			is.Equal(code, 0) // logged in while it was well
			down.Store(true)
			expire(t, home)
			for _, args := range [][]string{{"call", url, "tools/list"}, {"login", url}, {"login", url, "--force"}, {"call", url, "tools/list", "--step-up", "auto"}} {
				_, errOut, code := cli(home, args...)
				is.Equal(code, 4)                                                                           // as where no answer comes
				is.True(strings.Contains(errOut, c.hint))                                                   // when to try again
				is.True(!strings.Contains(errOut, "ogin again") && !strings.Contains(errOut, "logging in")) // a login would not help
				is.True(!strings.Contains(errOut, "broke a rule"))                                          // nobody is blamed
			}
			if c.wait == "7" {
				_, errOut, _ := cli(home, "call", url, "tools/list", "--output", "json")
				is.True(strings.Contains(errOut, `"retry_after": 7`) && strings.Contains(errOut, `"code": "network.unavailable"`)) // for programs too
			}
			is.Equal(hits("/oauth/register"), 1) // nothing was registered meanwhile
			down.Store(false)
			_, _, code = cli(home, "call", url, "tools/list")
			is.Equal(code, 0) // all is well again
		})
	}
}

// The resource's own troubles: a status has a name, and a redirect a hint.
func TestStatusesOfTheResource(t *testing.T) {
	for _, c := range []struct {
		status, code int
		wait, says   string
	}{
		{429, 4, "", "MCP call failed: HTTP 429 Too Many Requests\n"},
		{429, 4, "70", "try again in 1m10s"},
		{503, 4, "soon", "try again in a moment"},
		{503, 4, "99999999999", "try again in 596523h14m7s"},
		{307, 1, "", "MCP call failed: HTTP 307 Temporary Redirect\n"},
		{307, 1, "", "redirects are not followed"},
		{418, 1, "70", "MCP call failed: HTTP 418 I'm a teapot\n"},
		{599, 4, "", "MCP call failed: HTTP 599\n"},
	} {
		base, _ := hostile(t, instead("/mcp/bearer-token", c.status, "text/plain", "", "Retry-After", c.wait))
		home := t.TempDir()
		cli(home, "login", base+"/mcp/bearer-token", "--auth-mode", "bearer", "--bearer-token", "test-bearer-token")
		_, errOut, code := cli(home, "call", base+"/mcp/bearer-token", "tools/list")
		if code != c.code || !strings.Contains(errOut, c.says) {
			t.Errorf("HTTP %d: exit code %d, wanted %d with %q: %s", c.status, code, c.code, c.says, errOut)
		}
	}
}

// --register is advised where it is offered.
func TestNoRegistrationIsAdvisedWhereNoneIsOffered(t *testing.T) {
	for _, offered := range []bool{true, false} {
		is := is.New(t)
		lies := []lie{edit(asPath, `"registration_endpoint":"BASE/oauth/register",`, "")}
		if offered {
			lies = nil
		}
		base, _ := hostile(t, lies...)
		for _, args := range [][]string{{"--auth-mode", "auth-code"}, {"--auth-mode", "client-creds", "--client-id", "dev-confidential-client", "--client-secret", "wrong"}} {
			_, errOut, code := cli(t.TempDir(), append([]string{"login", base + "/mcp/oauth"}, args...)...)
			is.True(code == 2 || code == 3)                           // no client, or a wrong one
			is.Equal(strings.Contains(errOut, "--register"), offered) // what may help
			is.True(strings.Contains(errOut, "--client-id"))          // always
		}
	}
}

// A server of MCP 2025-03-26 knows no resource parameter, and need not take
// it: it is sent none when the token is renewed, as it was at the login.
func TestOlderServersAreSentNoResource(t *testing.T) {
	is := is.New(t)
	older, tokens := http.NewServeMux(), 0
	reply := func(path string, body func(r *http.Request) (status int, text string)) {
		older.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
			status, text := body(r)
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, text)
		})
	}
	reply("/mcp", func(*http.Request) (int, string) { return 401, "" })
	reply("/register", func(*http.Request) (int, string) { return 201, `{"client_id":"c","client_secret":"the-secret"}` })
	reply("/token", func(r *http.Request) (int, string) {
		if tokens++; r.FormValue("resource") != "" {
			return 400, `{"error":"invalid_request"}`
		}
		return 200, `{"access_token":"a","token_type":"Bearer","refresh_token":"r","expires_in":1}`
	})
	s := httptest.NewServer(older)
	defer s.Close()
	home := t.TempDir()
	_, _, code := cli(home, "login", s.URL+"/mcp", "--auth-mode", "client-creds", "--register")
	is.Equal(code, 0) // logged in without one
	_, errOut, code := cli(home, "login", s.URL+"/mcp")
	is.True(code == 0 && !strings.Contains(errOut, "again")) // renewed without one too
	is.Equal(tokens, 2)                                      // by one request each
}

// What keeps an answer from coming has its own advice: a certificate is no
// server that does not run.
func TestAdviceWhereNoAnswerComes(t *testing.T) {
	quiet := func(s *httptest.Server) *httptest.Server {
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		t.Cleanup(s.Close)
		return s
	}
	secure := quiet(httptest.NewUnstartedServer(http.NotFoundHandler()))
	secure.StartTLS()
	packed := quiet(httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Encoding", "br") })))
	packed.Start()
	for url, advice := range map[string]string{
		secure.URL:           "name a PEM file with it in SSL_CERT_FILE",
		packed.URL:           "error: the answer is in the content coding br",
		"http://127.0.0.1:1": "check the URL and that the server runs",
	} {
		is := is.New(t)
		_, errOut, code := cli(t.TempDir(), "discover", url)
		is.Equal(code, 4)                                                                    // it is the network
		is.True(strings.Contains(errOut, advice))                                            // with advice that fits
		is.Equal(strings.Contains(errOut, "runs"), strings.HasSuffix(url, ".1:1"))           // and no other
		is.Equal(strings.Contains(errOut, "no answer:"), !strings.Contains(url, packed.URL)) // an answer that came is one
	}
}

// Who gives up a logout keeps the login, and is told nothing else.
func TestAnInterruptedLogoutChangesNothing(t *testing.T) {
	is := is.New(t)
	ctx, interrupt := context.WithCancel(t.Context())
	base, hits := hostile(t, lie{"/oauth/revoke", func(_ http.ResponseWriter, r *http.Request, _ *httptest.ResponseRecorder) bool {
		interrupt()
		<-r.Context().Done()
		return true
	}})
	home := t.TempDir()
	_, _, code := cli(home, "login", base+"/mcp/oauth", "--auth-mode", "client-creds", "--register")
	is.Equal(code, 0) // logged in
	before, err := os.ReadFile(filepath.Join(home, "profiles.json"))
	is.NoErr(err)
	var out, errOut bytes.Buffer
	code = command.Run(ctx, []string{"logout", base + "/mcp/oauth", "--cli-home", home}, command.Streams{In: strings.NewReader(""), Out: &out, Err: &errOut})
	is.Equal(code, 130)
	is.Equal(hits("/oauth/revoke"), 1) // nothing more is asked of the server
	is.Equal(out.String()+errOut.String(), "error: interrupted; nothing was stored\n")
	after, err := os.ReadFile(filepath.Join(home, "profiles.json"))
	is.NoErr(err)
	is.Equal(string(after), string(before)) // all is as it was
}

// What the server takes for a client is advised, and what it does not is said.
func TestMetadataDocumentsAreAdvisedWhereTheyAreTaken(t *testing.T) {
	const taken = "--client-metadata-url"
	no, yes := edit(asPath, `"registration_endpoint":"BASE/oauth/register",`, ""), edit(asPath, `{"issuer"`, `{"client_id_metadata_document_supported":true,"issuer"`)
	for _, c := range []struct {
		lies []lie
		args []string
		says string
		said bool
	}{
		{[]lie{no, yes}, nil, taken, true},
		{[]lie{no, yes}, []string{"--register"}, taken, true},
		{[]lie{yes}, nil, taken, true},
		{[]lie{no}, nil, taken, false},
		{[]lie{no}, []string{"--register"}, taken, false},
		{[]lie{no}, []string{taken, "https://app.example/client"}, "the server takes no metadata documents", true},
		{[]lie{no}, nil, "the server takes no metadata documents", false},
	} {
		is := is.New(t)
		base, _ := hostile(t, c.lies...)
		_, errOut, code := cli(t.TempDir(), append([]string{"login", base + "/mcp/oauth", "--auth-mode", "auth-code"}, c.args...)...)
		is.Equal(code, 2) // there is no client
		is.Equal(strings.Contains(errOut, c.says), c.said)
	}
}
