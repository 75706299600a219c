package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/message"
	"mcp-auth/core/trace"
)

// start runs the program until the test ends. It returns the address it
// greets with, and what it has logged.
func start(t *testing.T, args ...string) (base string, greeting string, logged *safeBuffer, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, w := io.Pipe()
	logged = &safeBuffer{}
	code := make(chan int, 1)
	go func() { code <- run(ctx, append([]string{"--listen", "127.0.0.1:0"}, args...), w, logged); w.Close() }()
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		greeting += lines.Text() + "\n"
		if strings.HasPrefix(lines.Text(), "Stop with") {
			break
		}
	}
	words := strings.Fields(strings.SplitN(greeting, "\n", 2)[0])
	if len(words) == 0 {
		t.Fatalf("no greeting: %s", logged.String())
	}
	stopped := false
	stop = func() int { stopped = true; cancel(); return <-code }
	t.Cleanup(func() {
		if !stopped {
			stop()
		}
	})
	return words[len(words)-1], greeting, logged, stop
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, _ := io.ReadAll(r.Body)
	return r.StatusCode, string(b)
}

func post(t *testing.T, url, form string) (int, string) {
	t.Helper()
	r, err := http.Post(url, "application/x-www-form-urlencoded", strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, _ := io.ReadAll(r.Body)
	return r.StatusCode, string(b)
}

func TestGreeting(t *testing.T) {
	is := is.New(t)
	base, greeting, _, stop := start(t)
	for _, part := range []string{base + "/mcp/oauth", "dev-public-client", "dev-admin-secret", "Test hooks on: mint", "mcp-auth discover " + base} {
		is.True(strings.Contains(greeting, part)) // where things are, who may come, what to type
	}
	status, body := get(t, base+"/health")
	is.Equal(status, 200)                     // it answers
	is.True(strings.Contains(body, `"mint"`)) // and names its hooks
	is.Equal(stop(), 0)                       // it stops well
	_, err := net.DialTimeout("tcp", strings.TrimPrefix(base, "http://"), time.Second)
	is.True(err != nil) // and lets go of its port
}

func TestGreetingBehindAnotherAddress(t *testing.T) {
	is := is.New(t)
	base, greeting, _, _ := start(t, "--issuer", "https://as.example")
	is.Equal(base, "https://as.example")                            // what clients see
	is.True(strings.Contains(greeting, "listens on 127.0.0.1:"))    // and where a proxy finds it
	is.True(strings.Contains(greeting, "https://as.example/mcp/o")) // the commands are for clients
}

func TestSettings(t *testing.T) {
	is := is.New(t)
	var out, errs bytes.Buffer
	is.Equal(run(context.Background(), []string{"--help"}, &out, &errs), 0) // help is no error
	for _, flag := range []string{"--access-lifetime", "--approval", "--allow-remote-hooks", "MCP_AUTH_SERVER_ACCESS_LIFETIME", "Examples"} {
		is.True(strings.Contains(out.String(), flag)) // and teaches
	}
	nowhere := filepath.Join(t.TempDir(), "no", "such.json")
	for _, bad := range [][]string{
		{"--approval", "maybe"}, {"--code-lifetime", "10ms"}, {"--access-lifetime", "abc"}, {"--max-tokens", "0"}, {"--max-tokens", "many"}, {"--sandboxes", "x"},
		{"--log-format", "xml"}, {"--issuer", "http://127.0.0.1:1/path"}, {"--resource", "foo"}, {"--bearer-token", "a b"}, {"--allow-host", "http://foo"},
		{"--dpop-nonce", "--dpop", "off"}, {"--trust-idp", "foo"}, {"--trust-idp", "https://idp.example=" + nowhere},
		{"--listen", "nonsense"}, {"--listen", "127.0.0.1:http:"}, {"--figures", "nonsense"}, {"--figures", "0.0.0.0:0"},
	} {
		errs.Reset()
		is.Equal(run(context.Background(), append([]string{"--listen", "127.0.0.1:0"}, bad...), &out, &errs), 2) // a usage error
		is.True(strings.Contains(errs.String(), strings.TrimPrefix(bad[0], "-")))                                // that names the flag
		is.True(strings.Contains(errs.String(), "--help") && errs.Len() < 400)                                   // in two lines
	}
	for _, bad := range [][]string{{"--nope"}, {"argument"}, {"--listen", "0.0.0.0:0"}, {"--listen", "0.0.0.0:0", "--issuer", "https://as.example", "--approval", "auto"}} {
		errs.Reset()
		is.Equal(run(context.Background(), bad, &out, &errs), 2) // refused before it serves
		is.True(strings.Contains(errs.String(), "--help"))       // and says why
	}
	errs.Reset()
	is.Equal(run(context.Background(), []string{"--access-lifetime", "abc"}, &out, &errs), 2)
	is.True(strings.Contains(errs.String(), "30m")) // it says what is wanted
	errs.Reset()
	is.Equal(run(context.Background(), []string{"--listen", "127.0.0.1:0", "--store", "sqlite:" + nowhere}, &out, &errs), 1) // the world, not the flag
	is.True(!strings.Contains(errs.String(), "goroutine"))                                                                   // never with a stack
}

func TestC26_HooksBeyondLoopback(t *testing.T) {
	is := is.New(t)
	set, err := parse([]string{"--listen", "0.0.0.0:8765", "--issuer", "https://as.example", "--approval", "auto"})
	is.NoErr(err) // the flags are well-formed
	_, err = set.server(&net.TCPAddr{IP: net.IPv4zero, Port: 8765}, nil)
	is.True(err != nil && strings.Contains(err.Error(), "--allow-remote-hooks")) // refused, naming the second flag
	set.RemoteHooks = true
	_, err = set.server(&net.TCPAddr{IP: net.IPv4zero, Port: 8765}, nil)
	is.NoErr(err) // which lets them be on
	set, _ = parse([]string{"--listen", "0.0.0.0:8765", "--issuer", "https://as.example"})
	cfg, err := set.server(&net.TCPAddr{IP: net.IPv4zero, Port: 8765}, nil)
	is.NoErr(err)
	is.True(!cfg.Mint) // by itself the mint hook is on for loopback alone
}

func TestVariablesAndFile(t *testing.T) {
	is := is.New(t)
	file := filepath.Join(t.TempDir(), "c.json")
	is.NoErr(os.WriteFile(file, []byte(`{"access-lifetime":"7s","approval":"deny"}`), 0o600))
	t.Setenv("MCP_AUTH_SERVER_APPROVAL", "auto")
	set, err := parse([]string{"--config", file, "--code-lifetime", "3s"})
	is.NoErr(err)                                 // all three are read
	is.Equal(set.Lifetimes.Code, 3*time.Second)   // the flag
	is.Equal(set.Approval, "auto")                // the variable, which wins over the file
	is.Equal(set.Lifetimes.Access, 7*time.Second) // the file
	t.Setenv("MCP_AUTH_TEST_SERVER_BEARER_TOKEN", "from-the-original")
	set, _ = parse(nil)
	is.Equal(set.BearerToken, "from-the-original") // the original's variable
}

func TestPortInUse(t *testing.T) {
	is := is.New(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	is.NoErr(err)
	defer l.Close()
	var out, errs bytes.Buffer
	is.Equal(run(context.Background(), []string{"--listen", l.Addr().String()}, &out, &errs), 1)         // it cannot serve
	is.True(strings.Contains(errs.String(), "is in use") && strings.Contains(errs.String(), "--listen")) // and says what to do
}

func TestLogAndTraceHoldNoSecret(t *testing.T) {
	is := is.New(t)
	file := filepath.Join(t.TempDir(), "t.ndjson")
	base, _, logged, stop := start(t, "--trace", file, "--log-format", "json")
	form := "grant_type=client_credentials&client_id=dev-confidential-client&client_secret=dev-confidential-secret"
	status, body := post(t, base+"/oauth/token?client_secret=in-the-url-by-mistake", form)
	is.Equal(status, 200) // a token
	_, rest, _ := strings.Cut(body, `"access_token":"`)
	token, _, _ := strings.Cut(rest, `"`)
	_, _ = get(t, base+"/mc%0ap/line%20break?code=in-the-query")
	is.Equal(stop(), 0)
	data, err := os.ReadFile(file)
	is.NoErr(err) // the trace is there
	events, err := trace.ParseNDJSON(data)
	is.NoErr(err)            // and can be read
	is.Equal(len(events), 4) // two exchanges
	for _, secret := range []string{token, "dev-confidential-secret", "in-the-url-by-mistake", "in-the-query"} {
		is.True(!strings.Contains(string(data), secret) && !strings.Contains(logged.String(), secret)) // nowhere a secret
	}
	is.Equal(strings.Count(logged.String(), "\n"), 2) // one line a request, whatever was sent
	info, err := os.Stat(file)
	is.NoErr(err)
	is.Equal(info.Mode().Perm(), os.FileMode(0o600)) // for its owner alone
}

// What a client calls its tool goes into the answer's judgement, not into the
// log; one call is one line there and in the trace.
func TestMC16_ToolNamesThatForgeLogLines(t *testing.T) {
	is := is.New(t)
	file := filepath.Join(t.TempDir(), "t.ndjson")
	base, _, logged, stop := start(t, "--trace", file)
	call := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x\nPOST /oauth/token 200 1ms\u001b[2J"}}`
	r, err := http.NewRequest("POST", base+"/mcp/bearer-token", strings.NewReader(call))
	is.NoErr(err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer test-bearer-token")
	reply, err := http.DefaultClient.Do(r)
	is.NoErr(err)
	defer reply.Body.Close()
	is.Equal(stop(), 0)
	is.Equal(strings.Count(logged.String(), "\n"), 1)                                                         // one line
	is.True(!strings.Contains(logged.String(), "/oauth/token") && !strings.Contains(logged.String(), "\x1b")) // none of it forged
	data, err := os.ReadFile(file)
	is.NoErr(err)
	is.Equal(strings.Count(string(data), "\n"), 3)   // the header, the request, the response
	is.True(!strings.Contains(string(data), "\x1b")) // nothing a terminal obeys
}

func TestApprovalAuto(t *testing.T) {
	is := is.New(t)
	base, _, _, _ := start(t, "--approval", "auto", "--log-format", "off")
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	authorize := base + "/oauth/authorize?response_type=code&client_id=dev-public-client&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fcallback&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&resource=" + base + "/mcp/oauth"
	r, err := c.Get(authorize)
	is.NoErr(err)
	defer r.Body.Close()
	is.Equal(r.StatusCode, 303)                                  // approved without a page
	is.True(strings.Contains(r.Header.Get("Location"), "code=")) // with a code
	status, _ := get(t, base+"/.well-known/openid-configuration")
	is.Equal(status, 200)
}

func TestTenantsAndMethods(t *testing.T) {
	is := is.New(t)
	base, greeting, _, _ := start(t)
	is.True(strings.Contains(greeting, base+"/tenant/acme/mcp/oauth")) // a tenant is there by default, and said to be
	status, body := get(t, base+"/.well-known/oauth-authorization-server/tenant/acme")
	is.True(status == 200 && strings.Contains(body, base+"/tenant/acme/oauth/token")) // it is an issuer
	base, _, _, _ = start(t, "--tenant", "none", "--token-auth-methods", "none")
	status, _ = get(t, base+"/tenant/acme")
	is.Equal(status, 404) // unless none is wanted
	_, body = get(t, base+"/.well-known/oauth-authorization-server")
	is.True(strings.Contains(body, `"token_endpoint_auth_methods_supported":["none"]`)) // as set
	for _, args := range [][]string{{"--tenant", "A"}, {"--tenant", "a/b"}, {"--token-auth-methods", "tls_client_auth"}} {
		var out, errs bytes.Buffer
		is.Equal(run(t.Context(), args, &out, &errs), 2)      // a usage error
		is.True(strings.Contains(errs.String(), args[0]+" ")) // that names the flag
	}
}

func TestClientDocumentOnLoopback(t *testing.T) {
	is := is.New(t)
	var url string
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"client_id":"` + url + `","client_name":"Mine","redirect_uris":["http://127.0.0.1/cb"]}`))
	}))
	defer app.Close()
	url = app.URL + "/client.json"
	ask := "/oauth/authorize?response_type=code&client_id=" + url + "&redirect_uri=http://127.0.0.1:5/cb&code_challenge_method=S256&code_challenge=" + strings.Repeat("a", 43) + "&resource="
	base, greeting, _, _ := start(t, "--cimd-allow-loopback")
	is.True(strings.Contains(greeting, "cimd-loopback")) // a test hook, announced
	status, body := get(t, base+ask+base+"/mcp/oauth")
	is.True(status == 200 && strings.Contains(body, "Allow <bdi>Mine</bdi> access?")) // a document on this machine is a client
	base, _, _, _ = start(t)
	status, _ = get(t, base+ask+base+"/mcp/oauth")
	is.Equal(status, 400) // without the flag it is none
	base, _, _, _ = start(t, "--cimd=false")
	_, body = get(t, base+"/.well-known/oauth-authorization-server")
	is.True(!strings.Contains(body, "client_id_metadata_document_supported")) // switched off, not announced
}

func TestFigures(t *testing.T) {
	is := is.New(t)
	base, greeting, _, stop := start(t, "--figures", "127.0.0.1:0", "--log-format", "off")
	_, rest, ok := strings.Cut(greeting, "What the process holds")
	is.True(ok) // it says where they are
	at := strings.Fields(rest)[0]
	before, body := get(t, at)
	is.Equal(before, 200)
	is.True(strings.Contains(body, `"clients":0`)) // what is kept, by table
	r, err := http.Post(base+"/oauth/register", "application/json", strings.NewReader(`{"redirect_uris":["http://127.0.0.1/cb"]}`))
	is.NoErr(err)
	is.NoErr(r.Body.Close())
	_, body = get(t, at)
	is.True(strings.Contains(body, `"clients":1`))                                              // counted
	is.True(strings.Contains(body, `"goroutines":`) && strings.Contains(body, `"heap_bytes":`)) // with what the process takes
	ask, err := http.NewRequest("GET", at, nil)
	is.NoErr(err)
	ask.Host = "figures.example"
	r, err = http.DefaultClient.Do(ask)
	is.NoErr(err)
	is.NoErr(r.Body.Close())
	is.Equal(r.StatusCode, 403) // not for a name that somebody let point here
	is.Equal(stop(), 0)
	var out, errs bytes.Buffer
	is.Equal(run(t.Context(), []string{"--listen", "127.0.0.1:0", "--figures", "0.0.0.0:0"}, &out, &errs), 2) // nor beyond this machine
	is.True(strings.Contains(errs.String(), "loopback"))
}

// A flood that is refused by 401 leaves nothing behind.
func TestMC20_R05_FloodOf401(t *testing.T) {
	is := is.New(t)
	base, _, _, stop := start(t, "--log-format", "off")
	c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	refused := func() {
		r, err := http.NewRequest("POST", base+"/mcp/oauth", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`))
		is.NoErr(err)
		r.Header = http.Header{"Authorization": {"Bearer wrong"}, "Content-Type": {"application/json"}}
		reply, err := c.Do(r)
		is.NoErr(err)
		_, _ = io.Copy(io.Discard, reply.Body)
		is.NoErr(reply.Body.Close())
		is.Equal(reply.StatusCode, 401) // refused
	}
	refused()
	c.CloseIdleConnections()
	before := runtime.NumGoroutine()
	var flood sync.WaitGroup
	for range 8 {
		flood.Go(func() {
			for range 250 {
				refused()
			}
		})
	}
	flood.Wait()
	c.CloseIdleConnections()
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before+5 && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond) // connections end
	}
	is.True(runtime.NumGoroutine() <= before+5) // as many goroutines as before
	is.Equal(stop(), 0)
}

func TestSandboxes(t *testing.T) {
	is := is.New(t)
	base, greeting, _, _ := start(t, "--sandboxes", "2", "--sandbox-lifetime", "10m")
	is.True(strings.Contains(greeting, "sandboxes")) // announced
	r, err := http.Post(base+"/sandbox", "application/json", strings.NewReader(`{"lifetime":600}`))
	is.NoErr(err) // it answers
	defer r.Body.Close()
	body, _ := io.ReadAll(r.Body)
	is.Equal(r.StatusCode, 201)
	v, err := message.ParseJSON(body)
	is.NoErr(err) // with what was opened
	issuer, _ := v.Get("issuer").Text()
	status, page := get(t, issuer)
	is.True(status == 200 && strings.Contains(page, "This is a sandbox.")) // it has a page
	var out, errs bytes.Buffer
	is.Equal(run(t.Context(), []string{"--sandboxes", "-1"}, &out, &errs), 2) // no fewer than none
}

func TestMC16_NamesInTheLog(t *testing.T) {
	is := is.New(t)
	base, _, logged, stop := start(t)
	for _, name := range []string{`x\nPOST /mcp/oauth 200 1ms`, `\u001b[2J\u001b[31mx`, `x\r\ny`} {
		r, err := http.NewRequest("POST", base+"/mcp/bearer-token", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"`+name+`"}}`))
		is.NoErr(err)
		r.Header = http.Header{"Authorization": {"Bearer test-bearer-token"}, "Content-Type": {"application/json"}}
		reply, err := http.DefaultClient.Do(r)
		is.NoErr(err)
		is.NoErr(reply.Body.Close())
	}
	is.Equal(stop(), 0)
	is.Equal(strings.Count(logged.String(), "\n"), 3)                  // a line a request
	is.True(!strings.ContainsAny(logged.String(), "\x1b\r"))           // nothing that a terminal obeys
	is.True(!strings.Contains(logged.String(), "POST /mcp/oauth 200")) // no line that was never logged
}
