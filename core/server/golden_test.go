// Golden files: what the door, the documents and the pages of a server say, to
// the byte. Run with -update to write them again, and read the difference.
package server_test

import (
	"encoding/base32"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/authserver"
	"mcp-auth/core/flowtest"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/server"
	"mcp-auth/core/table"
	"mcp-auth/core/trace"
	"mcp-auth/web/golden"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// plain is a server with nothing but its issuer, full one with all that can be
// switched on.
func plain() server.Config {
	return server.Config{Issuer: "https://as.example", Random: flowtest.NewRandom("plain")}
}

func full() server.Config {
	return server.Config{Issuer: base, Hosts: []string{"Proxy.Example"}, Origins: []string{"https://page.example"}, Resources: []string{"https://other.example/mcp"}, Tenants: []string{"acme", "other-1"},
		Approval: authserver.ApprovalAuto, Fetcher: &web{}, LocalDocuments: true, Sandboxes: 2, Compat: server.Compat20250326, Format: authserver.FormatJWT, IdP: true, DPoP: authserver.DPoPRequired, DPoPNonce: true,
		Mint: true, Conformance: true, Seed: true, Version: "7", Random: flowtest.NewRandom("full"), Algorithms: flowtest.Algorithms}
}

func start(t *testing.T, c server.Config) *server.Server {
	t.Helper()
	s, err := server.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// written is an answer; of a page what is not its style.
func written(r message.Response) string {
	var b strings.Builder
	b.WriteString(message.Decimal(int64(r.Status)) + " " + r.Pass + " " + r.Note + "\n")
	for _, f := range r.Header {
		if f.Name != "Content-Security-Policy" {
			b.WriteString("  " + f.Name + ": " + f.Value + "\n")
		}
	}
	body := string(r.Body)
	if v, err := message.ParseJSON(r.Body); err == nil {
		body = string(v.AppendSorted(nil, 1))
	}
	if before, rest, ok := strings.Cut(body, "<style>"); ok {
		_, after, _ := strings.Cut(rest, "</style>")
		body = before + after
	}
	return b.String() + body + "\n"
}

func TestGoldenDocuments(t *testing.T) {
	for name, c := range map[string]server.Config{"plain": plain(), "full": full()} {
		s := start(t, c)
		var b strings.Builder
		for _, path := range []string{"/health", "/openapi.json", "/docs", "/", "/about", "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration", "/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp/oauth",
			"/.well-known/oauth-protected-resource/mcp/bearer-token", "/oauth/jwks", "/idp/.well-known/openid-configuration", "/docs/oauth-callback?code=a&state=b", "/docs/oauth-callback?%zz", "/mcp", "/mcp/oauth", "/tenant/acme", "/tenant/acme/health", "/tenant/nobody", "/.well-known/oauth-authorization-server/tenant/acme", "/tenant/acme/docs"} {
			b.WriteString("-- " + path + " --\n" + written(s.Serve(noon, message.Get(c.Issuer+path))))
		}
		golden.Hold(t, name+".documents", b.String())
	}
}

// The door: who may ask what from where, and what it says of that.
func TestGoldenDoor(t *testing.T) {
	for name, c := range map[string]server.Config{"plain": plain(), "full": full()} {
		s := start(t, c)
		var b strings.Builder
		for _, path := range []string{"/health", "/oauth/token", "/oauth/authorize", "/mcp/oauth", "/oauth/register", "/.well-known/oauth-authorization-server", "/test-auth/bearer-token/mint", "/sandbox", "/authorize"} {
			for _, method := range []string{"OPTIONS", "HEAD", "DELETE"} {
				for _, origin := range []string{"", c.Issuer, "https://page.example", "https://evil.example"} {
					m := message.Request{Method: method, URL: c.Issuer + path}
					if origin != "" {
						m.Header = message.Header{{Name: "Origin", Value: origin}}
					}
					if method == "OPTIONS" && origin != "" {
						m.Header = append(m.Header, message.Field{Name: "Access-Control-Request-Headers", Value: "content-type, Mcp-Param-A,mcp-param-b, mcp-param-c d"})
					}
					r := s.Serve(noon, m)
					r.Body = nil
					b.WriteString("-- " + method + " " + path + " from " + origin + " --\n" + written(r))
				}
			}
		}
		golden.Hold(t, name+".door", b.String())
	}
}

func TestTheDoorsBorders(t *testing.T) {
	is := is.New(t)
	s := start(t, full())
	status := func(m message.Request) int { return s.Serve(noon, m).Status }
	at := base + "/health?"
	is.Equal(status(message.Get(at+strings.Repeat("a", 64<<10-len(at)))), 200)   // as long as a URL may be
	is.Equal(status(message.Get(at+strings.Repeat("a", 64<<10-len(at)+1))), 414) // and no longer
	for host, want := range map[string]int{"http://127.0.0.1:8765": 200, "http://LOCALHOST:8765": 200, "http://[::1]:8765": 200, "http://proxy.example": 200, "http://127.0.0.1": 403, "http://evil.example:8765": 403, "http://10.0.0.1:8765": 403} {
		is.Equal(status(message.Get(host+"/health")), want) // the Host that was sent
	}
	two := message.Get(base + "/oauth/token")
	two.Method, two.Header = "POST", message.Header{{Name: "Origin", Value: base}, {Name: "Origin", Value: base}}
	is.Equal(s.Serve(noon, two).Header.Get("Access-Control-Allow-Origin"), "") // two origins are none of ours
	big := message.Request{Method: "POST", URL: base + "/oauth/token", Header: message.Header{{Name: "Content-Type", Value: message.FormType}}, Body: []byte(strings.Repeat("a", 64<<10))}
	is.True(status(big) != 413) // as long as a body may be
	big.Body = append(big.Body, 'a')
	is.Equal(status(big), 413) // and no longer
	is.Equal(status(message.Request{Method: "POST", URL: base + "/oauth/token", Oversize: true}), 413)
	busy := server.Busy()
	is.True(busy.Status == 503 && busy.Header.Get("Retry-After") == "1" && strings.Contains(string(busy.Body), oauth.TemporarilyUnavailable)) // who finds no place is told so
}

func TestFilesStandBeforeThePages(t *testing.T) {
	is := is.New(t)
	c := plain()
	c.Files = map[string]message.Response{"/": message.JSON(200, []byte(`"page"`)), "/app.js": message.JSON(200, []byte(`"script"`))}
	traced := 0
	c.Trace = func([]trace.Event) { traced++ }
	s := start(t, c)
	body := func(method, url string) string {
		return string(s.Serve(noon, message.Request{Method: method, URL: url}).Body)
	}
	is.Equal(body("GET", "https://as.example/app.js"), `"script"`)              // a file
	is.Equal(body("HEAD", "https://as.example/"), `"page"`)                     // the host leaves the body out
	is.Equal(traced, 0)                                                         // files are not traced
	is.True(body("POST", "https://as.example/app.js") != `"script"`)            // nobody posts to a file
	is.True(body("GET", "https://evil.example/app.js") != `"script"`)           // whose Host is not ours
	is.True(strings.Contains(body("GET", "https://as.example/about"), "<html")) // the home page is elsewhere
	is.Equal(traced, 3)
}

// Whom an exchange was with stands in its trace.
func TestAServersTraceNamesItsParty(t *testing.T) {
	is := is.New(t)
	var got []trace.Event
	c := plain()
	c.Trace = func(all []trace.Event) { got = append(got, all...) }
	s := start(t, c)
	s.Serve(noon, message.Get("https://as.example/mcp/oauth"))
	s.Serve(noon, message.Get("https://as.example/health"))
	is.Equal(len(got), 4) // a request and its answer each
	is.True(got[0].To == trace.Resource && got[1].From == trace.Resource && got[0].Step == "serve /mcp/oauth")
	is.True(got[2].To == trace.AuthorizationServer && got[3].From == trace.AuthorizationServer && got[3].Response.Status == 200)
	for path, party := range map[string]trace.Party{"/tenant/acme/mcp/oauth": trace.Resource, "/mcp": trace.Resource, "/mcpx": trace.AuthorizationServer, "/tenant/mcp": trace.AuthorizationServer, "/tenant/acme/oauth/token": trace.AuthorizationServer} {
		got = nil
		s.Serve(noon, message.Get("https://as.example"+path))
		is.Equal(got[0].To, party) // a tenant's resource is one as well
	}
	got = nil
	s.Serve(noon, message.Get("https://as.example/mcp/oauth"))
	is.True(got[0].Kind == trace.KindRequest && got[1].Kind == trace.KindResponse && got[1].At.Equal(noon))
}

// What a server cannot be told is said before it starts.
func TestConfigsThatAreRefused(t *testing.T) {
	for want, change := range map[string]func(*server.Config){
		"issuer: ": func(c *server.Config) { c.Issuer = "as.example" },
		"issuer: it must be an origin such as http://127.0.0.1:8765, without path, query or default port":   func(c *server.Config) { c.Issuer = "https://as.example/a" },
		"issuer: it must be an origin such as http://127.0.0.1:8765, without path, query or default port ":  func(c *server.Config) { c.Issuer = "https://as.example?a" },
		"issuer: it must be an origin such as http://127.0.0.1:8765, without path, query or default port  ": func(c *server.Config) { c.Issuer = "https://as.example:443" },
		"client documents on loopback are for an issuer on loopback":                                        func(c *server.Config) { c.LocalDocuments = true },
		"compat must be 2025-03-26, or empty":                                                               func(c *server.Config) { c.Compat = "2025-06-18" },
		"the token format must be opaque or jwt":                                                            func(c *server.Config) { c.Format = "paseto" },
		"dpop must be off, optional or required":                                                            func(c *server.Config) { c.DPoP = "maybe" },
		"nonces are for proofs: dpop must not be off":                                                       func(c *server.Config) { c.DPoP, c.DPoPNonce = authserver.DPoPOff, true },
		"server: Random is needed":                                                                          func(c *server.Config) { c.Random = nil },
		"the bearer token must have the form of a token: letters, digits and - . _ ~ + /":                   func(c *server.Config) { c.BearerToken = "a b" },
		"a tenant's name may have lower-case letters, digits and dashes":                                    func(c *server.Config) { c.Tenants = []string{"A"} },
		"a tenant's name must have 1 to 64 characters":                                                      func(c *server.Config) { c.Tenants = []string{strings.Repeat("a", 65)} },
		"a tenant's name must have 1 to 64 characters ":                                                     func(c *server.Config) { c.Tenants = []string{""} },
		"the tenant a is named twice":                                                                       func(c *server.Config) { c.Tenants = []string{"a", "b", "a"} },
	} {
		c := plain()
		change(&c)
		_, err := server.New(c)
		if err == nil || !strings.HasPrefix(err.Error(), strings.TrimRight(want, " ")) {
			t.Errorf("%v; wanted %s", err, want)
		}
	}
	for _, change := range []func(*server.Config){
		func(c *server.Config) { c.Format = authserver.FormatOpaque },
		func(c *server.Config) { c.DPoP, c.DPoPNonce = authserver.DPoPOptional, true },
		func(c *server.Config) { c.DPoP = authserver.DPoPOff },
		func(c *server.Config) { c.Tenants = []string{"09az-", strings.Repeat("a", 64)} },
		func(c *server.Config) { c.Issuer, c.LocalDocuments = "http://[::1]:1", true },
	} {
		c := plain()
		change(&c)
		if _, err := server.New(c); err != nil {
			t.Error(err)
		}
	}
}

func TestHooksAreNamed(t *testing.T) {
	is := is.New(t)
	is.Equal(full().Hooks(), []string{"approval=auto", "mint", "idp", "cimd-loopback", "sandboxes", "conformance"}) // all of them
	is.Equal(len(plain().Hooks()), 0)                                                                               // or none
	is.Equal(server.Config{Approval: authserver.ApprovalDeny}.Hooks(), []string{"approval=deny"})                   // who says no unasked
	is.Equal(len(server.Config{Approval: authserver.ApprovalManual}.Hooks()), 0)                                    // is not who asks
}

// What the process holds is counted, and what has expired goes.
func TestRecordsAreCounted(t *testing.T) {
	is := is.New(t)
	c := full()
	c.Conformance, c.DPoP, c.DPoPNonce, c.Format, c.Resources = false, "", false, "", nil
	s := start(t, c)
	call := func(path, tool string) {
		t.Helper()
		m := message.PostJSON(base+path+"/mcp/bearer-token", []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"write_note","arguments":{"name":"`+tool+`","content":"x"}}}`))
		m.Header = message.Header{{Name: "Content-Type", Value: message.JSONType}, {Name: "Authorization", Value: "Bearer " + server.DefaultBearerToken}}
		is.Equal(s.Serve(noon, m).Status, 200) // a note is written
	}
	mint := func(path string) {
		t.Helper()
		is.Equal(s.Serve(noon, message.PostJSON(base+path+"/test-auth/bearer-token/mint", nil)).Status, 200) // a token is minted
	}
	before := s.Records()
	for range 3 {
		mint("")
	}
	mint("/tenant/acme")
	call("", "a")
	call("/tenant/other-1", "b")
	after := s.Records()
	is.Equal(after["minted"]-before["minted"], 4) // the tenants' as well
	is.Equal(after["notes"]-before["notes"], 2)   // of each table
	is.Equal(s.Sweep(noon), 0)                    // all of it lives
	is.Equal(s.Sweep(noon.Add(5*time.Minute)), 4) // minted tokens for five minutes
	is.Equal(s.Sweep(noon.Add(24*time.Hour)), 2)  // notes for a day
	is.Equal(s.Records()["minted"]+s.Records()["notes"], 0)

	boxed, err := server.New(c)
	is.NoErr(err)
	s = boxed
	opened := s.Serve(noon, message.PostJSON(base+"/sandbox", nil))
	is.Equal(opened.Status, 201) // a sandbox opens
	at := strings.TrimPrefix(text(opened, "issuer"), base)
	mint(at)
	call(at, "a")
	is.Equal(s.Sweep(noon.Add(5*time.Minute)), 1) // what is in a sandbox goes as elsewhere
	is.Equal(s.Sweep(noon.Add(time.Hour)), 2)     // and with it, which counts itself
	is.Equal(s.Sweep(noon.Add(time.Hour)), 0)     // once
}

func TestMintedTokensAreBounded(t *testing.T) {
	is := is.New(t)
	c := full()
	c.MintedMax, c.Minted = 1, 90*time.Second
	s := start(t, c)
	post := message.PostJSON(base+"/test-auth/bearer-token/mint", nil)
	is.Equal(s.Serve(noon, post).Status, 200) // one
	r := s.Serve(noon, post)
	is.True(r.Status == 503 && r.Header.Get("Retry-After") == "90") // and no other while it lives
	is.Equal(s.Sweep(noon.Add(90*time.Second)), 1)                  // when it ends
	is.Equal(s.Serve(noon.Add(90*time.Second), post).Status, 200)   // which is told in seconds
}

// The name of a sandbox is 80 random bits in base32.
func TestASandboxsNameIsItsBits(t *testing.T) {
	is := is.New(t)
	c := server.Config{Issuer: base, Sandboxes: 100, Random: flowtest.NewRandom("names")}
	bits := flowtest.NewRandom("names")
	s := start(t, c)
	first, _ := message.ParseJSON(s.Serve(noon, message.PostJSON(base+"/sandbox", nil)).Body)
	name, _ := first.Get("name").Text()
	var seen []string
	for range 200 { // a server may have drawn others before
		var b [10]byte
		_, err := io.ReadFull(bits, b[:])
		is.NoErr(err) // it does not run dry
		seen = append(seen, strings.ToLower(base32.StdEncoding.EncodeToString(b[:])))
	}
	found := false
	for _, x := range seen {
		found = found || x == name
	}
	is.True(found) // RFC 4648 section 6
}

func TestSandboxRefusals(t *testing.T) {
	is := is.New(t)
	c := full()
	c.SandboxName, c.Approval = "mine", ""
	s := start(t, c)
	open := func(now time.Time, body string) message.Response {
		return s.Serve(now, message.PostJSON(base+"/sandbox", []byte(body)))
	}
	r := open(noon, `{"lifetime":3600,"device_lifetime":2592000}`)
	is.Equal(written(r), "201  opened the sandbox mine\n  Content-Type: application/json\n  Cache-Control: no-store\n  X-Content-Type-Options: nosniff\n  Vary: Origin\n{\n \"approval\": \"manual\",\n \"bearer_resource\": \"http://127.0.0.1:8765/tenant/mine/mcp/bearer-token\",\n \"expires_at\": 1795611600,\n \"expires_in\": 3600,\n \"issuer\": \"http://127.0.0.1:8765/tenant/mine\",\n \"metadata\": \"http://127.0.0.1:8765/.well-known/oauth-authorization-server/tenant/mine\",\n \"name\": \"mine\",\n \"resource\": \"http://127.0.0.1:8765/tenant/mine/mcp/oauth\"\n}\n") // all of it is said
	page := string(s.Serve(noon, message.Get(base+"/tenant/mine")).Body)
	is.True(strings.Contains(page, "2026-11-25 13:00:00 UTC")) // its page says when it ends
	r = open(noon, "")
	is.True(r.Status == 400 && strings.Contains(string(r.Body), "the name is taken")) // one name, one sandbox
	is.True(strings.Contains(string(open(noon, `{"lifetime":3601}`).Body), "from 1 to 3600"))
	is.True(strings.Contains(string(open(noon, `{"code_lifetime":2592001}`).Body), "from 1 to 2592000"))
	for range 6000 - 1 { // its page was one
		is.Equal(s.Serve(noon.Add(15*time.Second), message.Get(base+"/tenant/mine")).Status, 200) // a minute's requests
	}
	r = s.Serve(noon.Add(15*time.Second), message.Get(base+"/tenant/mine"))
	is.True(r.Status == 429 && r.Header.Get("Retry-After") == "45")                           // then the minute must end
	is.Equal(s.Serve(noon.Add(59*time.Second), message.Get(base+"/tenant/mine")).Status, 429) // to its last second
	is.Equal(s.Serve(noon.Add(60*time.Second), message.Get(base+"/tenant/mine")).Status, 200) // the next is its own
	c.Random, c.SandboxName = io.LimitReader(flowtest.NewRandom("short"), 0), ""
	if s, err := server.New(c); err == nil {
		r = s.Serve(noon, message.PostJSON(base+"/sandbox", nil))
		is.True(r.Status == 503 && r.Header.Get("Retry-After") == "1") // without randomness nothing is opened
	}
	_, err := server.New(server.Config{Issuer: base, Random: flowtest.NewRandom("x"), Sandboxes: 1, Storage: nil, Tenants: []string{"a"}})
	is.NoErr(err)
	err = s.OpenSandbox(noon, "acme", server.Sandbox{Approval: authserver.ApprovalAuto, Life: time.Hour})
	var e *oauth.Error
	is.True(errors.As(err, &e) && e.Code == oauth.InvalidRequest) // nor under a tenant's name
}

// With the fixtures the host answers what the resources admit.
func TestConformanceIsAdmitted(t *testing.T) {
	is := is.New(t)
	c := full()
	s := start(t, c)
	with := func(path, token string) message.Response {
		m := message.PostJSON(base+path, []byte(`{}`))
		if token != "" {
			m.Header = append(m.Header, message.Field{Name: "Authorization", Value: "Bearer " + token})
		}
		return s.Serve(noon, m)
	}
	is.Equal(with("/mcp/bearer-token", server.DefaultBearerToken).Pass, "static-bearer static-bearer") // who it is
	is.Equal(with("/mcp/bearer-token", "").Status, 401)                                                // nobody
	is.Equal(with(server.OpenPath, "").Pass, "anyone")                                                 // here anybody may
}

// Who finds no sandbox is told when the first one ends, however they lie.
func TestWhenASandboxEndsIsTold(t *testing.T) {
	is := is.New(t)
	for _, c := range []struct {
		lives []int64
		want  string
	}{{[]int64{45, 30, 600}, "30"}, {[]int64{600, 90, 120}, "90"}, {[]int64{120, 600, 90}, "90"}} {
		s := start(t, server.Config{Issuer: base, Sandboxes: len(c.lives), Random: flowtest.NewRandom("ends")})
		for _, life := range c.lives {
			is.Equal(s.Serve(noon, message.PostJSON(base+"/sandbox", []byte(`{"lifetime":`+message.Decimal(life)+`}`))).Status, 201) // one more
		}
		r := s.Serve(noon, message.PostJSON(base+"/sandbox", nil))
		is.True(r.Status == 503 && r.Header.Get("Retry-After") == c.want) // the first end
	}
}

// A sandbox begins as its server is, but for what was asked.
func TestASandboxBeginsAsItsServer(t *testing.T) {
	is := is.New(t)
	s := start(t, server.Config{Issuer: base, Sandboxes: 2, Approval: authserver.ApprovalAuto, TokenAuthMethods: []string{oauth.AuthBasic}, Random: flowtest.NewRandom("own")})
	for body, want := range map[string]string{"": `["client_secret_basic"]`, `{"token_auth_methods":["none"]}`: `["none"]`} {
		r := s.Serve(noon, message.PostJSON(base+"/sandbox", []byte(body)))
		is.Equal(text(r, "approval"), "auto") // as the server
		v, _ := message.ParseJSON(s.Serve(noon, message.Get(text(r, "metadata"))).Body)
		is.Equal(string(v.Get("token_endpoint_auth_methods_supported").Append(nil)), want) // or as asked
	}
}

// What a sandbox kept goes when its place is given to another.
func TestAnEndedSandboxLeavesNothing(t *testing.T) {
	is := is.New(t)
	kept := shelves{}
	s := start(t, server.Config{Issuer: base, Sandboxes: 1, Mint: true, Storage: kept.storage, Random: flowtest.NewRandom("left")})
	first := text(s.Serve(noon, message.PostJSON(base+"/sandbox", []byte(`{"lifetime":60}`))), "name")
	is.Equal(s.Serve(noon, message.PostJSON(base+"/tenant/"+first+"/test-auth/bearer-token/mint", nil)).Status, 200) // a record
	is.Equal(s.Serve(noon.Add(time.Minute), message.PostJSON(base+"/sandbox", nil)).Status, 201)                     // its place is taken
	left := 0
	for kind, of := range kept {
		if strings.HasPrefix(kind, first+"/") {
			left += of.Len()
		}
	}
	is.Equal(left, 0) // and nothing of it is kept
}

// The provider knows the clients that have its grant, where there are any.
func TestTheProvidersClients(t *testing.T) {
	is := is.New(t)
	ask := func(s *server.Server, id, secret string) message.Response {
		m := message.Request{Method: "POST", URL: base + "/idp/token", Header: message.Header{{Name: "Content-Type", Value: message.FormType}}}
		m.Body = []byte("grant_type=" + enc(oauth.GrantTokenExchange) + "&client_id=" + id + "&client_secret=" + secret)
		return s.Serve(noon, m)
	}
	s := start(t, server.Config{Issuer: base, IdP: true, Seed: true, Random: flowtest.NewRandom("idp")})
	known := 0
	for _, c := range authserver.Seeds() {
		if c.Secret == "" {
			continue
		}
		let := text(ask(s, c.ID, c.Secret), "error") != oauth.InvalidClient
		is.Equal(let, c.Grants == oauth.GrantJWTBearer) // a client of the grant, and no other
		if let {
			known++
		}
	}
	is.True(known > 0)
	bare := start(t, server.Config{Issuer: base, IdP: true, Random: flowtest.NewRandom("idp")})
	is.Equal(text(ask(bare, "dev-enterprise-client", "dev-enterprise-secret"), "error"), oauth.InvalidClient) // without seeds there are none
}

// The documents of clients are swept with the records.
func TestDocumentsAreSwept(t *testing.T) {
	is := is.New(t)
	s := start(t, server.Config{Issuer: base, Fetcher: &web{pages: map[string]message.Response{documentURL: page(document(documentURL))}}, Random: flowtest.NewRandom("documents")})
	r := s.Serve(noon, message.Get(base+"/oauth/authorize?response_type=code&client_id="+enc(documentURL)+"&redirect_uri="+enc(appRedirect)+"&state=a-state-of-some-length&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&resource="+enc(resource)))
	is.Equal(r.Status, 200) // the user is asked
	records := func() (n int) {
		for _, of := range s.Records() {
			n += of
		}
		return n
	}
	before := records()
	gone := s.Sweep(noon.Add(30 * 24 * time.Hour))
	is.Equal(gone, before-records()+1) // one document more than there were records
}

// A server that starts anew knows the sandboxes' places, and not yet their ends.
func TestSandboxesOfBeforeARestart(t *testing.T) {
	is := is.New(t)
	kept := shelves{}
	c := func(name string) server.Config {
		return server.Config{Issuer: base, Sandboxes: 1, Storage: kept.storage, Random: flowtest.NewRandom(name)}
	}
	opened := start(t, c("before")).Serve(noon, message.PostJSON(base+"/sandbox", nil))
	is.Equal(opened.Status, 201) // one is open
	s := start(t, c("after"))
	r := s.Serve(noon, message.PostJSON(base+"/sandbox", nil))
	is.True(r.Status == 503 && r.Header.Get("Retry-After") == "60") // its place is taken; a minute is a guess
	is.Equal(s.Serve(noon, message.Get(text(opened, "issuer"))).Status, 200)
	r = s.Serve(noon, message.PostJSON(base+"/sandbox", nil))
	is.Equal(r.Header.Get("Retry-After"), "3600") // once it was asked for, its end is known
}

// broken is a storage that takes nothing.
type broken struct{ *table.Memory[[]byte] }

func (broken) Create(time.Time, table.Key, []byte, time.Time) error {
	return errors.New("the disk is gone")
}

// A storage that fails is said, and no sandbox is promised.
func TestASandboxThatCannotBeKept(t *testing.T) {
	is := is.New(t)
	s := start(t, server.Config{Issuer: base, Sandboxes: 1, Random: flowtest.NewRandom("broken"), Storage: func(string) table.Opener {
		return func(_ string, max int) table.Table[[]byte] { return broken{table.NewMemory[[]byte](max)} }
	}})
	r := s.Serve(noon, message.PostJSON(base+"/sandbox", nil))
	is.True(r.Status == 503 && r.Header.Get("Retry-After") == "1" && strings.Contains(string(r.Body), "the sandbox could not be opened")) // try again
}
