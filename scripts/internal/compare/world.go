// One server, one user agent, one home: what a check has to itself.
package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"mcp-auth/scripts/internal/live"
)

const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	loopback  = "http://127.0.0.1:7777/cb"
	form      = "application/x-www-form-urlencoded"
	list      = `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}`
	evil      = "https://evil.example"
	script    = `"><script>alert(1)</script>`
)

type world struct {
	base    string
	server  *live.Server
	program string // mcp-auth
	home    string
	http    *http.Client
}

func newWorld(build, dir string) (*world, error) {
	s, err := live.Start(build, "--device-interval", "1s", "--log-format", "text")
	if err != nil {
		return nil, err
	}
	home, err := os.MkdirTemp(dir, "home-")
	return &world{base: s.Base, server: s, program: filepath.Join(build, "mcp-auth"), home: home,
		http: &http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, err
}

func (w *world) close() {
	w.http.CloseIdleConnections()
	w.server.Kill()
}

// A reply is an answer that was read.
type reply struct {
	status int
	header http.Header
	body   string
}

func (r reply) String() string {
	if code := r.oauth(); code != "" {
		return fmt.Sprintf("%d %s", r.status, code)
	}
	if at := r.header.Get("Location"); at != "" {
		if code := errorIn.FindStringSubmatch(at); code != nil {
			return fmt.Sprintf("%d, redirected with %s", r.status, code[1])
		}
		return fmt.Sprintf("%d, redirected", r.status)
	}
	return fmt.Sprint(r.status)
}

var (
	errorCode = regexp.MustCompile(`"error":"([^"]*)"`)
	errorIn   = regexp.MustCompile(`[?&]error=([^&]*)`)
)

// oauth is the error code of a JSON answer.
func (r reply) oauth() string {
	if m := errorCode.FindStringSubmatch(r.body); m != nil {
		return m[1]
	}
	return ""
}

func (r reply) member(name string) string {
	m := regexp.MustCompile(`"` + name + `":"([^"]*)"`).FindStringSubmatch(r.body)
	if m == nil {
		return ""
	}
	return m[1]
}

// ask sends a request; fields are names and values in turn. What cannot be
// sent ends the check.
func (w *world) ask(method, target, body string, fields ...string) reply {
	if strings.HasPrefix(target, "/") {
		target = w.base + target
	}
	r, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	for i := 0; i < len(fields); i += 2 {
		if fields[i] == "Host" {
			r.Host = fields[i+1]
		} else {
			r.Header.Add(fields[i], fields[i+1])
		}
	}
	got, err := w.http.Do(r)
	if err != nil {
		panic(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(io.LimitReader(got.Body, 1<<20))
	if err != nil {
		panic(err)
	}
	return reply{got.StatusCode, got.Header, string(text)}
}

func (w *world) get(target string, fields ...string) reply {
	return w.ask("GET", target, "", fields...)
}

func (w *world) post(path string, values url.Values, fields ...string) reply {
	return w.ask("POST", path, values.Encode(), append([]string{"Content-Type", form}, fields...)...)
}

// call sends a message to a resource.
func (w *world) call(path, token, body string, fields ...string) reply {
	all := append([]string{"Content-Type", "application/json", "Accept", "application/json, text/event-stream"}, fields...)
	if token != "" {
		all = append(all, "Authorization", "Bearer "+token)
	}
	return w.ask("POST", path, body, all...)
}

// register registers a client and returns what came back.
func (w *world) register(body string) reply {
	return w.ask("POST", "/oauth/register", body, "Content-Type", "application/json")
}

// public registers the public client of the checks.
func (w *world) public() string {
	return w.must(w.register(`{"redirect_uris":["`+loopback+`","https://app.example/cb"],"grant_types":["authorization_code","refresh_token"],"token_endpoint_auth_method":"none","scope":"mcp:read"}`), 201).member("client_id")
}

func (w *world) must(r reply, status int) reply {
	if r.status != status {
		panic(fmt.Sprintf("HTTP %d instead of %d: %.200s", r.status, status, r.body))
	}
	return r
}

// request are the parameters of a good authorization request, changed.
func (w *world) request(client string, change ...string) url.Values {
	v := url.Values{"response_type": {"code"}, "client_id": {client}, "redirect_uri": {loopback}, "code_challenge": {challenge},
		"code_challenge_method": {"S256"}, "resource": {w.base + "/mcp/oauth"}, "state": {"xyz"}, "scope": {"mcp:read"}}
	for i := 0; i < len(change); i += 2 {
		v.Set(change[i], change[i+1])
	}
	return v
}

func (w *world) authorize(client string, change ...string) reply {
	return w.get("/oauth/authorize?" + w.request(client, change...).Encode())
}

var hidden = regexp.MustCompile(`name="transaction" value="([^"]*)"`)

// approve answers a page as its own browser does, with more fields.
func (w *world) approve(page reply, path, word string, fields ...string) reply {
	m := hidden.FindStringSubmatch(page.body)
	if m == nil {
		panic("no page to approve came: " + page.String())
	}
	cookie, _, _ := strings.Cut(page.header.Get("Set-Cookie"), ";")
	return w.post(path, url.Values{"transaction": {m[1]}, "decision": {word}}, append([]string{"Cookie", cookie}, fields...)...)
}

const (
	consentPath = "/oauth/authorize/consent"
	devicePath  = "/oauth/device/verify/consent"
)

// code logs a user in and returns the code.
func (w *world) code(client string) string {
	r := w.approve(w.must(w.authorize(client), 200), consentPath, "approve")
	u, err := url.Parse(r.header.Get("Location"))
	if err != nil || u.Query().Get("code") == "" {
		panic("no code came: " + r.String())
	}
	return u.Query().Get("code")
}

func (w *world) redeem(client, code string, change ...string) reply {
	v := url.Values{"grant_type": {"authorization_code"}, "client_id": {client}, "code": {code}, "code_verifier": {verifier}, "redirect_uri": {loopback}}
	for i := 0; i < len(change); i += 2 {
		v.Set(change[i], change[i+1])
	}
	return w.post("/oauth/token", v)
}

func (w *world) refresh(client, token string, change ...string) reply {
	v := url.Values{"grant_type": {"refresh_token"}, "client_id": {client}, "refresh_token": {token}}
	for i := 0; i < len(change); i += 2 {
		v.Set(change[i], change[i+1])
	}
	return w.post("/oauth/token", v)
}

// device starts a device, and poll asks for its token.
func (w *world) device() (deviceCode, userCode string) {
	r := w.must(w.post("/oauth/device/authorize", url.Values{"client_id": {"dev-public-client"}, "scope": {"mcp:read"}, "resource": {w.base + "/mcp/oauth"}}), 200)
	return r.member("device_code"), r.member("user_code")
}

func (w *world) poll(client, deviceCode string) reply {
	return w.post("/oauth/token", url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "client_id": {client}, "device_code": {deviceCode}})
}

func (w *world) verify(userCode string) reply {
	return w.get("/oauth/device/verify?user_code=" + url.QueryEscape(userCode))
}

func (w *world) machine(change ...string) reply {
	v := url.Values{"grant_type": {"client_credentials"}, "client_id": {"dev-confidential-client"}, "client_secret": {"dev-confidential-secret"}}
	for i := 0; i < len(change); i += 2 {
		v.Set(change[i], change[i+1])
	}
	return w.post("/oauth/token", v)
}

func (w *world) static(body string, fields ...string) reply {
	return w.call("/mcp/bearer-token", "test-bearer-token", body, fields...)
}
