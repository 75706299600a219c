package test

import (
	"database/sql"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"mcp-auth/core/message"
)

const rounds, attempts = 20, 50

// Whatever is good once has one winner, however many ask at once; as the case
// of codes, refresh tokens and device codes.
func TestWK02_OneWinner(t *testing.T) {
	w := deploy(t, "APPROVAL=auto", "DEVICE_INTERVAL=1s")
	for range rounds {
		won := w.parallel(w.code(), attempts)
		w.Equal(won[200], 1)          // one redemption
		w.Equal(won[400], attempts-1) // all others are told invalid_grant
		_, refresh := w.tokens(w.code())
		won = w.parallel(w.renewal(refresh), attempts)
		w.Equal(won[200], 1) // one rotation
		w.Equal(won[400], attempts-1)
		won = w.parallel(w.device(), attempts)
		w.Equal(won[200], 1) // one poll gets the tokens
		w.Equal(won[400], attempts-1)
	}
}

func TestWK04_TwoCredentialsInOneField(t *testing.T) {
	w := deploy(t, "APPROVAL=auto")
	access, _ := w.tokens(w.code())
	w.Equal(w.call(access).Status, 200)
	for _, tail := range []string{",x", ", x", ",Bearer x", ","} {
		w.True(w.call(access+tail).Status != 200) // a comma does not begin another value
	}
}

func TestWK05_TheIssuerComesFromTheSettings(t *testing.T) {
	w := deploy(t, "ISSUER=https://as.example", "MINT=off", "IDP=off")
	w.Equal(w.get("/health").Status, 403) // a foreign host, whoever listens
	r := w.hosted("/.well-known/oauth-authorization-server", "as.example")
	w.Equal(text(r, "issuer"), "https://as.example") // metadata is of the setting
	for _, host := range []string{"evil.example", "as.example.evil.example", "127.0.0.1:8765.evil.example"} {
		w.Equal(w.hosted("/.well-known/oauth-authorization-server", host).Status, 403)
	}
	for _, path := range []string{"/", "/page/app.js", "/page/core.wasm.gz"} {
		w.Equal(w.hosted(path, "as.example").Status, 200) // the page is the issuer's
		refused := w.hosted(path, "evil.example")
		w.Equal(refused.Status, 403)                                                 // and nobody else's, as natively
		w.True(strings.Contains(string(refused.Body), "MCP_AUTH_SERVER_ALLOW_HOST")) // with what would allow it
	}
	named := deploy(t, "ISSUER=https://as.example", "MINT=off", "IDP=off", "ALLOW_HOST=test.example")
	named.Equal(named.hosted("/", "test.example").Status, 200) // but for who is allowed
	hooked := deploy(t, "ISSUER=https://as.example", "MINT=on", "IDP=off")
	said := string(hooked.get("/health").Body)
	hooked.True(strings.Contains(said, "MCP_AUTH_SERVER_ALLOW_REMOTE_HOOKS") && !strings.Contains(said, "--")) // a setting is named as it is given
	unset := deploy(t, "ISSUER=")
	for _, path := range []string{"/health", "/oauth/authorize", "/.well-known/oauth-authorization-server"} {
		r := unset.get(path)
		unset.Equal(r.Status, 503)                                                    // nothing is served
		unset.True(strings.Contains(string(r.Body), "MCP_AUTH_SERVER_ISSUER"))        // and it says what to set
		unset.True(strings.HasPrefix(r.Header.Get("Content-Type"), message.JSONType)) // in a form that clients read
	}
}

// hosted asks under another name.
func (w *worker) hosted(path, host string) message.Response {
	w.t.Helper()
	r, err := http.NewRequest("GET", w.base+path, nil)
	w.NoErr(err)
	r.Host = host
	reply, err := w.client.Do(r)
	w.NoErr(err)
	defer reply.Body.Close()
	b := make([]byte, 1<<16)
	n, _ := reply.Body.Read(b)
	return message.Response{Status: reply.StatusCode, Body: b[:n]}
}

// A key-value namespace cannot compare and set: a Worker with nothing else
// serves nothing.
func TestWK06_WithoutAnAtomicStore(t *testing.T) {
	w := deployChanged(t, func(config string) string {
		config = strings.Replace(config, `(name = "ISSUER", durableObjectNamespace = "Issuer"),`, `(name = "KV", kvNamespace = "kv"),`, 1)
		return strings.Replace(config, `services = [`, `services = [(name = "kv", disk = (path = "assets")),`, 1)
	}, "APPROVAL=auto")
	for _, path := range []string{"/oauth/token", "/oauth/authorize", "/health", "/mcp/oauth"} {
		r := w.get(path)
		w.Equal(r.Status, 503)
		w.True(strings.Contains(string(r.Body), "ISSUER")) // it names the binding that is missing
	}
}

func TestWK07_BodiesOfNoLength(t *testing.T) {
	w := deploy(t)
	for path, limit := range map[string]int{"/mcp/oauth": 1 << 20, "/oauth/token": 64 << 10, "/oauth/register": 64 << 10, "/sandbox": 0} {
		r, err := http.NewRequest("POST", w.base+path, struct{ *strings.Reader }{strings.NewReader(strings.Repeat("a", limit+10))}) // no length is known
		w.NoErr(err)
		r.Header.Set("Content-Type", "application/json")
		reply, err := w.client.Do(r)
		w.NoErr(err)
		_ = reply.Body.Close()
		if limit == 0 {
			w.Equal(reply.StatusCode, 404) // sandboxes are off
			continue
		}
		w.Equal(reply.StatusCode, 413) // one byte too many is enough
	}
	w.Equal(w.get("/health").Status, 200) // the object lives
}

func TestWK08_ClientDocuments(t *testing.T) {
	var url string
	asked := make(chan *http.Request, 10)
	app := httptest.NewServer(http.HandlerFunc(func(to http.ResponseWriter, r *http.Request) {
		asked <- r
		to.Header().Set("Content-Type", "application/json")
		_, _ = to.Write([]byte(`{"client_id":"` + url + `","client_name":"Mine","redirect_uris":["http://127.0.0.1/cb"]}`))
	}))
	defer app.Close()
	url = "https://app.example/client.json"
	outbound := func(config string) string {
		config = strings.Replace(config, `services = [`, `services = [(name = "documents", external = (address = "`+strings.TrimPrefix(app.URL, "http://")+`", http = ())),`, 1)
		return strings.Replace(config, `compatibilityDate`, `globalOutbound = "documents", compatibilityDate`, 1)
	}
	ask := func(w *worker, client string) message.Response {
		return w.get("/oauth/authorize?response_type=code&client_id=" + client + "&redirect_uri=http://127.0.0.1:5/cb&code_challenge_method=S256&code_challenge=" + challenge + "&resource=" + w.base + "/mcp/oauth")
	}
	w := deployChanged(t, outbound)
	w.True(!strings.Contains(string(w.get("/.well-known/oauth-authorization-server").Body), "client_id_metadata_document")) // off, and not announced
	w.Equal(ask(w, url).Status, 400)
	w = deployChanged(t, outbound, "CIMD_HOST=app.example")
	w.True(strings.Contains(string(w.get("/.well-known/oauth-authorization-server").Body), `"client_id_metadata_document_supported":true`)) // on for named hosts
	w.Equal(ask(w, "https://evil.example/client.json").Status, 400)                                                                         // and for these alone
	w.Equal(len(asked), 0)                                                                                                                  // nothing was sent yet
	r := ask(w, url)
	w.Equal(r.Status, 200)
	w.True(strings.Contains(string(r.Body), "Mine")) // the document is the client
	got := <-asked
	w.True(got.Method == "GET" && got.Header.Get("Cookie") == "" && got.Header.Get("Authorization") == "") // fetched as a stranger
}

func TestWK09_NoHooksOnAPublicDeployment(t *testing.T) {
	w := deploy(t, "ISSUER=https://as.example")
	for _, path := range []string{"/test-auth/bearer-token/mint", "/idp/.well-known/openid-configuration", "/sandbox"} {
		w.Equal(w.hosted(path, "as.example").Status, 404) // not there by itself
	}
	for _, hook := range []string{"APPROVAL=auto", "MINT=on", "IDP=on", "SANDBOXES=5"} {
		on := deploy(t, "ISSUER=https://as.example", hook)
		r := on.hosted("/health", "as.example")
		on.Equal(r.Status, 503)                                                         // refused
		on.True(strings.Contains(string(r.Body), "MCP_AUTH_SERVER_ALLOW_REMOTE_HOOKS")) // naming what lets them be on
		on = deploy(t, "ISSUER=https://as.example", hook, "ALLOW_REMOTE_HOOKS=true")
		on.Equal(on.hosted("/health", "as.example").Status, 200)
	}
}

// What was answered is kept: killed at any moment, the Worker goes on where
// it was.
func TestKillAndRestart(t *testing.T) {
	w := deploy(t, "APPROVAL=auto", "SANDBOXES=5", "TOKEN_FORMAT=jwt")
	access, refresh := w.tokens(w.code())
	spent, open := w.code(), w.code()
	w.tokens(spent)
	keys := string(w.get("/oauth/jwks").Body)
	box := text(w.post("/sandbox", ""), "issuer")
	for range 5 {
		w.kill()
		w.start()
		w.Equal(w.call(access).Status, 200)              // a token lives
		w.Equal(string(w.get("/oauth/jwks").Body), keys) // under the same keys
		r, err := w.do(spent)
		w.NoErr(err)
		w.Equal(r.Status, 400)                                      // what was spent is spent
		w.Equal(w.get(strings.TrimPrefix(box, w.base)).Status, 200) // a sandbox is there
		next, newest := w.tokens(w.renewal(refresh))                // a refresh token is good once
		w.Equal(w.call(next).Status, 200)
		refresh = newest
	}
	w.tokens(open) // a code that nobody had redeemed
	w.kill()
	w.start()
	r, err := w.do(open)
	w.NoErr(err)
	w.Equal(r.Status, 400) // once
	w.Equal(w.call(access).Status, 200)
}

func TestSandboxesHaveObjectsOfTheirOwn(t *testing.T) {
	w := deploy(t, "SANDBOXES=2", "SANDBOX_LIFETIME=60s")
	r, err := w.do(message.PostJSON(w.base+"/sandbox", []byte(`{"approval":"auto","lifetime":60,"access_lifetime":7}`)))
	w.NoErr(err)
	w.Equal(r.Status, 201)
	at := strings.TrimPrefix(text(r, "issuer"), w.base)
	w.Equal(text(w.get("/.well-known/oauth-authorization-server"+at), "issuer"), w.base+at) // an issuer
	w.Equal(w.get(at).Status, 200)
	token := w.post(at+"/oauth/token", "grant_type=client_credentials&client_id=dev-confidential-client&client_secret=dev-confidential-secret&resource="+w.base+at+"/mcp/oauth")
	v, _ := message.ParseJSON(token.Body)
	n, _ := v.Get("expires_in").Int()
	w.Equal(n, int64(7))                                      // with settings of its own
	w.True(w.call(text(token, "access_token")).Status == 401) // and tokens that are good there alone
	w.Equal(w.post("/sandbox", "approval=auto").Status, 415)  // a form is no request for one
	second, err := w.do(message.PostJSON(w.base+"/sandbox", nil))
	w.NoErr(err)
	w.Equal(second.Status, 201)
	third, err := w.do(message.PostJSON(w.base+"/sandbox", nil))
	w.NoErr(err)
	w.Equal(third.Status, 503) // no more than may be
	w.True(third.Header.Get("Retry-After") != "")
	w.Equal(w.get("/tenant/abcdefghijklmnop").Status, 404) // a name that nobody was given
	w.Equal(w.get("/tenant/acme").Status, 200)             // a tenant is no sandbox
}

func TestPagesAndFiles(t *testing.T) {
	w := deploy(t)
	home := w.get("/")
	w.Equal(home.Status, 200)
	w.True(strings.Contains(home.Header.Get("Content-Security-Policy"), "script-src 'self' 'wasm-unsafe-eval'")) // as the native server sends it
	core := w.get("/page/core.wasm.gz")
	w.Equal(core.Header.Get("Content-Type"), "application/wasm")
	for _, path := range []string{"/about", "/docs", "/oauth/device/verify"} {
		r := w.get(path)
		w.True(r.Status == 200 && strings.Contains(r.Header.Get("Content-Security-Policy"), "default-src 'none'"))
	}
	r, err := w.do(message.Request{Method: "HEAD", URL: w.base + "/"})
	w.NoErr(err)
	w.True(r.Status == 200 && len(r.Body) == 0)
}

// A long run does not grow: bodies leave nothing behind in Go or JavaScript.
// MCP_AUTH_TEST_SOAK says how many requests; 50,000 is the long form.
func TestSoak(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("MCP_AUTH_TEST_SOAK"))
	if n == 0 {
		n = 6_000
	}
	w := deploy(t, "LOG_FORMAT=off", "ACCESS_LIFETIME=1s")
	token := postForm(w.base+"/oauth/token", "grant_type=client_credentials&client_id=dev-confidential-client&client_secret=dev-confidential-secret")
	send := func(n int) {
		for range n {
			r, err := w.do(token)
			w.NoErr(err)
			w.Equal(r.Status, 200)
		}
	}
	send(n / 2) // until it is warm
	warm := w.resident()
	send(n - n/2)
	grown := w.resident() - warm
	t.Logf("%d POSTs: %d MB resident after half of them, %d MB more at the end", n, warm>>20, grown>>20)
	w.True(grown < 96<<20) // V8 moves by that much; a stream left open by each request has cost 250 MB in 25,000
}

// resident is the memory of workerd, in bytes.
func (w *worker) resident() int {
	w.t.Helper()
	b, err := os.ReadFile("/proc/" + strconv.Itoa(w.process.Process.Pid) + "/statm")
	if err != nil {
		w.t.Skip("memory can be measured on Linux alone")
	}
	pages, _ := strconv.Atoi(strings.Fields(string(b))[1])
	return pages * os.Getpagesize()
}

func TestSlowBodies(t *testing.T) {
	w := deploy(t)
	c, err := net.Dial("tcp", strings.TrimPrefix(w.base, "http://"))
	w.NoErr(err)
	defer c.Close()
	_, err = c.Write([]byte("POST /oauth/token HTTP/1.1\r\nHost: " + strings.TrimPrefix(w.base, "http://") + "\r\nContent-Length: 100\r\n\r\nhalf"))
	w.NoErr(err)
	w.Equal(w.get("/health").Status, 200) // one who dawdles holds up nobody
}

// What has expired goes by the object's alarm, and an ended sandbox goes as a
// whole, though nobody asks for it any more.
func TestAlarmSweeps(t *testing.T) {
	w := deploy(t, "SANDBOXES=2", "SWEEP_INTERVAL=1s", "MINT_LIFETIME=1s")
	w.Equal(w.post("/test-auth/bearer-token/mint", "").Status, 200)
	r, err := w.do(message.PostJSON(w.base+"/sandbox", []byte(`{"lifetime":1}`)))
	w.NoErr(err)
	at := strings.TrimPrefix(text(r, "issuer"), w.base)
	w.Equal(w.post(at+"/test-auth/bearer-token/mint", "").Status, 200)
	w.True(w.kept() > 0)
	for range 200 {
		if w.kept() == 0 {
			w.Equal(w.get(at).Status, 404) // it has ended
			return
		}
		time.Sleep(100 * time.Millisecond) // until an alarm of the platform has rung
	}
	w.t.Fatalf("%d records are still kept", w.kept())
}

// kept counts the records of all objects, in their files.
func (w *worker) kept() (n int) {
	w.t.Helper()
	files, err := filepath.Glob(filepath.Join(w.objects, "*", "*.sqlite"))
	w.NoErr(err)
	for _, file := range files {
		db, err := sql.Open("sqlite", "file:"+file+"?mode=ro&_pragma=busy_timeout(5000)")
		w.NoErr(err)
		var here int
		if db.QueryRow("SELECT COUNT(*) FROM records").Scan(&here) == nil { // else it has no records yet, or no more
			n += here
		}
		w.NoErr(db.Close())
	}
	return n
}
