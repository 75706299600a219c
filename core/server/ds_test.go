package server_test

import (
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"mcp-auth/core/message"
)

func TestDS01_ServerMetadata(t *testing.T) {
	b := newBench(t)
	r := b.get("/.well-known/oauth-authorization-server")
	b.Equal(string(r.Body), string(b.get("/.well-known/openid-configuration").Body)) // the same document in both places
	v, _ := message.ParseJSON(r.Body)
	issuer, _ := v.Get("issuer").Text()
	b.Equal(issuer, base)                                                              // as configured
	b.Equal(string(v.Get("code_challenge_methods_supported").Append(nil)), `["S256"]`) // never plain
	iss, _ := v.Get("authorization_response_iss_parameter_supported").Bool()
	b.True(iss) // RFC 9207 section 3
	served := map[string]bool{}
	for _, route := range b.s.Routes() {
		served[base+route.Path] = true
	}
	for _, m := range v.Members() {
		if url, ok := m.Value.Text(); ok && m.Name != "issuer" {
			b.True(served[url]) // every endpoint that is announced is served
		}
	}
}

func TestDS02_NothingIsReflected(t *testing.T) {
	b := newBench(t)
	r := b.get("/.well-known/oauth-protected-resource?resource=" + enc("https://evil.example/x"))
	b.True(!strings.Contains(string(r.Body), "evil")) // RFC 9728 section 3.3
}

func TestDS03_ResourceMetadata(t *testing.T) {
	b := newBench(t)
	for path, want := range map[string]string{"": resource, "/mcp/oauth": resource, "/mcp/bearer-token": base + "/mcp/bearer-token"} {
		r := b.get("/.well-known/oauth-protected-resource" + path)
		b.Equal(text(r, "resource"), want) // exactly the identifier
	}
	b.Equal(b.get("/.well-known/oauth-protected-resource/mcp/other").Status, 404) // nothing is vouched for that is not served
}

func TestDS04_DocumentsForPages(t *testing.T) {
	b := newBench(t)
	for _, path := range []string{"/.well-known/oauth-protected-resource", "/.well-known/oauth-authorization-server"} {
		r := b.get(path, "Origin: https://any.example")
		b.Equal(r.Header.Get("Access-Control-Allow-Origin"), "*")      // anybody may read
		b.Equal(r.Header.Count("Access-Control-Allow-Credentials"), 0) // without credentials
		b.Equal(b.post(path, "").Status, 405)                          // and only read
	}
}

func TestIntrospectionAndRevocation(t *testing.T) {
	b := newBench(t)
	at, rt := b.login()
	conf := "client_id=dev-confidential-client&client_secret=dev-confidential-secret&token="
	r := b.post("/oauth/introspect", conf+at)
	b.True(strings.Contains(string(r.Body), `"active":true`) && text(r, "sub") == "test-user" && text(r, "aud") == resource) // RFC 7662 section 2.2
	b.Equal(string(b.post("/oauth/introspect", conf+"unknown").Body), `{"active":false}`)                                    // nothing more is said
	b.refused(b.post("/oauth/introspect", "client_id="+b.pub+"&token="+at), 401, "invalid_client")
	b.Equal(b.post("/oauth/revoke", conf+rt).Status, 200) // another client's token: 200 without effect
	b.True(b.alive(at))
	b.Equal(b.post("/oauth/revoke", "client_id="+b.pub+"&token="+rt+"&token_type_hint=refresh_token").Status, 200) // RFC 7009 section 2.1
	b.True(!b.alive(at))                                                                                           // the family is dead
	b.Equal(b.post("/oauth/revoke", "client_id="+b.pub+"&token=unknown").Status, 200)                              // unknown is fine
	b.refused(b.post("/oauth/revoke", "client_id="+b.pub), 400, "invalid_request")
}

func TestOpenAPIAndDocsComeFromTheRouteTable(t *testing.T) {
	b := newBench(t)
	v, err := message.ParseJSON(b.get("/openapi.json").Body)
	b.NoErr(err) // it is JSON
	version, _ := v.Get("openapi").Text()
	b.Equal(version, "3.1.0") // of this version
	docs := string(b.get("/docs").Body)
	for _, r := range b.s.Routes() {
		b.True(v.Get("paths").Get(r.Path).Get(strings.ToLower(r.Method)).Kind() == message.Object) // every route is in the document
		b.True(strings.Contains(docs, "<code>"+r.Path+"</code>"))                                  // and on the page
	}
}

func TestHealthNamesTheHooks(t *testing.T) {
	b := newBench(t, approval("auto"))
	b.Equal(string(b.get("/health").Body), `{"status":"ok","version":"test","hooks":["approval=auto","mint"]}`) // test hooks are announced
}

// FuzzServe: every request, however malformed, gets an answer below 500 and
// is never sent on with its body.
func FuzzServe(f *testing.F) {
	b := newBench(f)
	at, rt := b.login()
	for _, r := range b.s.Routes() {
		f.Add(r.Method, r.Path, "application/json", "Bearer "+at, ping)
		f.Add(r.Method, r.Path, message.FormType, "Basic eDp5", "grant_type=refresh_token&client_id="+b.pub+"&refresh_token="+rt)
	}
	f.Add("GET", "/oauth/authorize?"+b.az(), "", "", "")
	f.Fuzz(func(t *testing.T, method, target, contentType, authorization, body string) {
		h := message.Header{{Name: "Content-Type", Value: contentType}, {Name: "Authorization", Value: authorization}}
		r := b.s.Serve(b.now, message.Request{Method: method, URL: base + target, Header: h, Body: []byte(body)})
		if r.Status < 200 || r.Status >= 500 || r.Status == 307 || r.Status == 308 {
			t.Fatalf("%s %q: %d %s", method, target, r.Status, r.Body)
		}
		for _, field := range r.Header {
			if strings.ContainsAny(field.Value, "\r\n") {
				t.Fatalf("a line break in %s", field.Name)
			}
		}
	})
}

func TestAllocations(t *testing.T) {
	b := newBench(t, approval("auto"))
	at := text(b.clientCreds(b.confp), "access_token")
	body := []byte("grant_type=client_credentials&client_id=" + b.confp.ClientID + "&client_secret=" + b.confp.ClientSecret)
	token := message.Request{Method: "POST", URL: base + "/oauth/token", Body: body, Header: message.Header{{Name: "Content-Type", Value: message.FormType}}}
	call := message.Request{Method: "POST", URL: resource, Body: []byte(ping), Header: message.Header{{Name: "Authorization", Value: "Bearer " + at}, {Name: "Content-Type", Value: message.JSONType}, {Name: "Accept", Value: "application/json, text/event-stream"}}}
	b.True(testing.AllocsPerRun(200, func() { b.s.Serve(b.now, token) }) <= 10) // a token costs at most 10 allocations
	room := 12.0
	if built, _ := debug.ReadBuildInfo(); built != nil && slices.Contains(built.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		room = 24 // the race detector empties pools at random, those of the JSON reader among them
	}
	b.True(testing.AllocsPerRun(200, func() { b.s.Serve(b.now, call) }) <= room) // and a protected call 12
}

// MCP authorization: no offline_access among a resource's scopes, and the
// scopes that are needed to begin with, not all there are.
func TestMCPServer09_10_ScopesThatAreAnnounced(t *testing.T) {
	b := newBench(t)
	for _, r := range []message.Response{b.get("/.well-known/oauth-protected-resource/mcp/oauth"), b.postJSON("/mcp/oauth", ping)} {
		said := string(r.Body) + r.Header.Get("WWW-Authenticate")
		b.True(strings.Contains(said, "mcp:read"))                                                // what one begins with
		b.True(!strings.Contains(said, "offline_access") && !strings.Contains(said, "mcp:admin")) // and no more
	}
}
