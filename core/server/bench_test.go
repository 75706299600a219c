// The bench of the attack catalogue: a server, the clients of its fixtures,
// and short words for what the cases do. Each case is a test named by its id.
package server_test

import (
	"crypto/rand"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/authserver"
	"mcp-auth/core/flowtest"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/server"
	"mcp-auth/wasm/worker/world"
)

const (
	base     = "http://127.0.0.1:8765"
	resource = base + "/mcp/oauth"
	verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B
	redirect = "http://127.0.0.1:7777/cb"
)

// A bench is one server with a clock that is moved by hand.
type bench struct {
	*is.I
	t   testing.TB
	s   serving
	now time.Time

	names atomic.Int64 // of proofs made

	pub, pub2, dev string
	conf, confp    oauth.Registration
}

// serving is a server in this process, or the Worker in another one.
type serving interface {
	Serve(time.Time, message.Request) message.Response
	Sweep(time.Time) int
	Routes() []server.Route
}

// serverOf makes the server of a bench. Where a Worker runs for the tests, the
// cases are put to it, through HTTP; those whose configuration cannot travel
// there are skipped.
func serverOf(t testing.TB, cfg server.Config) (serving, error) {
	if world.Address() == "" {
		return server.New(cfg)
	}
	w, err := world.New(cfg)
	if err != nil {
		t.Skip(err)
	}
	return w, nil
}

// abroad is whether the cases are put to the Worker, whose platform reads a
// request before anything of ours does.
func abroad() bool { return world.Address() != "" }

// newServer is a bench without clients of its own.
func newServer(t testing.TB, change ...func(*server.Config)) *bench {
	t.Helper()
	cfg := server.Config{Issuer: base, Seed: true, Mint: true, Random: rand.Reader, Version: "test"}
	for _, c := range change {
		c(&cfg)
	}
	s, err := serverOf(t, cfg)
	b := &bench{I: is.New(t), t: t, s: s, now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	b.NoErr(err) // the server starts
	return b
}

func newBench(t testing.TB, change ...func(*server.Config)) *bench {
	t.Helper()
	b := newServer(t, change...)
	both := `"redirect_uris":["` + redirect + `","https://app.example/cb"],"grant_types":["authorization_code","refresh_token"],"token_endpoint_auth_method":"none","scope":"mcp:read"`
	b.pub, b.pub2 = b.register(both).ClientID, b.register(both).ClientID
	b.conf = b.register(`"grant_types":["client_credentials"],"token_endpoint_auth_method":"client_secret_basic","scope":"mcp:read"`)
	b.confp = b.register(`"grant_types":["client_credentials"],"token_endpoint_auth_method":"client_secret_post","scope":"mcp:read"`)
	b.dev = b.register(`"grant_types":["urn:ietf:params:oauth:grant-type:device_code","refresh_token"],"token_endpoint_auth_method":"none","scope":"mcp:read"`).ClientID
	return b
}

func approval(a authserver.Approval) func(*server.Config) {
	return func(c *server.Config) { c.Approval = a }
}

func (b *bench) serve(m message.Request) message.Response {
	b.t.Helper()
	r := b.s.Serve(b.now, m)
	if r.Status >= 500 && r.Status != 503 || r.Status == 307 || r.Status == 308 {
		b.t.Fatalf("%s %s is answered with %d: %s", m.Method, m.URL, r.Status, r.Body)
	}
	return r
}

func (b *bench) get(path string, fields ...string) message.Response {
	b.t.Helper()
	return b.serve(message.Request{Method: "GET", URL: base + path, Header: header(fields)})
}

// header makes "Name: value" fields.
func header(fields []string) message.Header {
	var h message.Header
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		h = append(h, message.Field{Name: name, Value: value})
	}
	return h
}

// post posts a form that is encoded already.
func (b *bench) post(path, form string, fields ...string) message.Response {
	b.t.Helper()
	h := append(message.Header{{Name: "Content-Type", Value: message.FormType}}, header(fields)...)
	return b.serve(message.Request{Method: "POST", URL: base + path, Header: h, Body: []byte(form)})
}

func (b *bench) postJSON(path, body string, fields ...string) message.Response {
	b.t.Helper()
	h := append(message.Header{{Name: "Content-Type", Value: message.JSONType}}, header(fields)...)
	return b.serve(message.Request{Method: "POST", URL: base + path, Header: h, Body: []byte(body)})
}

// mcp posts a JSON-RPC message with a token.
func (b *bench) mcp(token, body string, fields ...string) message.Response {
	b.t.Helper()
	return b.postJSON("/mcp/oauth", body, append([]string{"Authorization: Bearer " + token}, fields...)...)
}

const ping = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ping"}}`

func (b *bench) alive(token string) bool {
	b.t.Helper()
	return b.mcp(token, ping).Status == 200
}

func (b *bench) register(members string) oauth.Registration {
	b.t.Helper()
	r := b.postJSON("/oauth/register", "{"+members+"}")
	if r.Status != 201 {
		b.t.Fatalf("registration of {%s}: %d %s", members, r.Status, r.Body)
	}
	return oauth.Registration{ClientID: text(r, "client_id"), ClientSecret: text(r, "client_secret")}
}

// text is a member of a JSON answer.
func text(r message.Response, name string) string {
	v, _ := message.ParseJSON(r.Body)
	s, _ := v.Get(name).Text()
	return s
}

// form changes parameters: "name=value" sets, "-name" removes, "+name=value"
// adds one more. Values are encoded already.
func form(start string, changes []string) string {
	pieces := strings.Split(start, "&")
	for _, c := range changes {
		name, _, _ := strings.Cut(strings.TrimLeft(c, "+-"), "=")
		if c[0] != '+' {
			kept := pieces[:0:0]
			for _, p := range pieces {
				if n, _, _ := strings.Cut(p, "="); n != name {
					kept = append(kept, p)
				}
			}
			pieces = kept
		}
		if c[0] != '-' {
			pieces = append(pieces, strings.TrimPrefix(c, "+"))
		}
	}
	return strings.Join(pieces, "&")
}

func enc(s string) string { return message.Form{{Value: s}}.Encode()[1:] }

// az is the authorization request of the catalogue, changed.
func (b *bench) az(changes ...string) string {
	return form("response_type=code&client_id="+b.pub+"&redirect_uri="+enc(redirect)+"&code_challenge="+oauth.Challenge(verifier)+
		"&code_challenge_method=S256&resource="+enc(resource)+"&state=xyz&scope=mcp%3Aread", changes)
}

func (b *bench) authorize(changes ...string) message.Response {
	b.t.Helper()
	return b.get("/oauth/authorize?" + b.az(changes...))
}

// errorPage asserts that an answer is a page and no redirect.
func (b *bench) errorPage(r message.Response) {
	b.t.Helper()
	b.Helper()
	b.Equal(r.Status, 400)                                                                  // an error page
	b.Equal(message.MediaType(r.Header.Get("Content-Type")), "text/html")                   // for a person
	b.Equal(r.Header.Count("Location"), 0)                                                  // it leads nowhere
	b.True(strings.Contains(r.Header.Get("Content-Security-Policy"), "default-src 'none'")) // with the headers of a page
}

// redirected asserts an error that goes back to the client.
func (b *bench) redirected(r message.Response, code string) {
	b.t.Helper()
	b.Helper()
	location := r.Header.Get("Location")
	b.True(r.Status == 302 || r.Status == 303)        // back to the client
	b.True(strings.HasPrefix(location, redirect+"?")) // to exactly the validated URI
	f, _ := message.ParseForm(message.Request{URL: location}.Query())
	got, _ := f.One("error")
	b.Equal(got, code) // with the right error
	iss, _ := f.One("iss")
	b.Equal(iss, base)             // and the issuer
	b.Equal(len(f.All("code")), 0) // and no code
}

// browser opens pages of the server.
func (b *bench) browser() *flowtest.Browser {
	return &flowtest.Browser{Do: func(m message.Request) (message.Response, error) { return b.serve(m), nil }}
}

// consent opens the page and answers it.
func (b *bench) consent(decision string, changes ...string) flowtest.Page {
	b.t.Helper()
	u := b.browser()
	page, err := u.Visit(base + "/oauth/authorize?" + b.az(changes...))
	b.NoErr(err) // the page opens
	page, err = u.Press(page, "decision", decision)
	b.NoErr(err) // the button works
	return page
}

func (b *bench) code(changes ...string) string {
	b.t.Helper()
	page := b.consent("approve", changes...)
	f, _ := message.ParseForm(message.Request{URL: page.Left}.Query())
	code, _ := f.One("code")
	if code == "" {
		b.t.Fatalf("no code: %d %s %s", page.Status, page.Left, page.Body)
	}
	return code
}

// autoCode is a code of a server that approves by itself.
func (b *bench) autoCode(changes ...string) string {
	b.t.Helper()
	r := b.authorize(changes...)
	f, _ := message.ParseForm(message.Request{URL: r.Header.Get("Location")}.Query())
	code, _ := f.One("code")
	if code == "" {
		b.t.Fatalf("no code: %d %s", r.Status, r.Header.Get("Location"))
	}
	return code
}

// redeem posts the token request of the code, changed.
func (b *bench) redeem(code string, changes ...string) message.Response {
	b.t.Helper()
	return b.post("/oauth/token", form("grant_type=authorization_code&client_id="+b.pub+"&code="+code+"&code_verifier="+verifier, changes))
}

func (b *bench) refresh(token string, changes ...string) message.Response {
	b.t.Helper()
	return b.post("/oauth/token", form("grant_type=refresh_token&client_id="+b.pub+"&refresh_token="+token, changes))
}

// login is a whole code flow.
func (b *bench) login() (access, refresh string) {
	b.t.Helper()
	r := b.redeem(b.code())
	b.Equal(r.Status, 200) // the code is redeemed
	return text(r, "access_token"), text(r, "refresh_token")
}

func basic(c oauth.Registration) string {
	return "Authorization: " + message.BasicHeader(enc(c.ClientID), enc(c.ClientSecret))
}

// is checks status and error code together.
func (b *bench) refused(r message.Response, status int, code string) {
	b.t.Helper()
	b.Helper()
	if r.Status != status || text(r, "error") != code {
		b.t.Fatalf("wanted %d %s, got %d %s", status, code, r.Status, r.Body)
	}
	for _, c := range text(r, "error_description") {
		b.True(c >= 0x20 && c <= 0x7e && c != '"' && c != '\\') // the characters RFC 6749 section 5.2 allows
	}
}
