package server_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"mcp-auth/core/message"
	"mcp-auth/core/server"
)

func TestMC01_ForeignOrigins(t *testing.T) {
	b := newBench(t)
	at, _ := b.login()
	for _, origin := range []string{"https://evil.example", "null", "http://127.0.0.1:9999"} {
		b.Equal(b.mcp(at, ping, "Origin: "+origin).Status, 403)                     // before anything else
		b.Equal(b.postJSON("/mcp/oauth", "garbage", "Origin: "+origin).Status, 403) // even before the token
	}
	b.Equal(b.mcp(at, ping, "Origin: "+base).Status, 200) // our own pages may
}

func TestMC02_ForeignHosts(t *testing.T) {
	b := newBench(t)
	for _, r := range b.s.Routes() {
		for _, host := range []string{"evil.example", "127.0.0.1:9", "127.0.0.1:8765.evil.example", "evil.example:8765", ""} {
			a := b.serve(message.Request{Method: r.Method, URL: "http://" + host + r.Path})
			b.Equal(a.Status, 403) // on every route
		}
	}
	for _, host := range []string{"127.0.0.1:8765", "localhost:8765", "LOCALHOST:8765", "[::1]:8765"} {
		b.Equal(b.serve(message.Request{Method: "GET", URL: "http://" + host + "/health"}).Status, 200) // the names of loopback
	}
	v, _ := message.ParseJSON(b.serve(message.Request{Method: "GET", URL: "http://localhost:8765/.well-known/oauth-authorization-server"}).Body)
	issuer, _ := v.Get("issuer").Text()
	b.Equal(issuer, base) // identity comes from the configuration, whatever the Host
}

// A configured name is answered as it is written, and without a port, with any.
func TestMC02_ConfiguredHosts(t *testing.T) {
	b := newBench(t, func(c *server.Config) { c.Hosts = []string{"Free.example", "fixed.example:81", "[2001:db8::1]"} })
	for host, served := range map[string]bool{
		"free.example": true, "FREE.example:8765": true, "free.example:1": true, "[2001:db8::1]:8765": true, "[2001:db8::1]": true,
		"fixed.example:81": true, "fixed.example": false, "fixed.example:8765": false,
		"free.example:": false, "free.example:x": false, "free.example:1:2": false, "free.example.evil.example:8765": false, "evil.example:8765": false,
		"[2001:db8::2]:8765": false, "127.0.0.1": false, "127.0.0.1:9": false,
	} {
		if got := b.serve(message.Request{Method: "GET", URL: "http://" + host + "/health"}).Status; (got == 200) != served {
			t.Error(host, got)
		}
	}
	for _, bad := range []string{"http://free.example", "free.example/", "free.example:x", "a b", "", "u@free.example", "2001:db8::1"} {
		_, err := server.New(server.Config{Issuer: base, Random: rand.Reader, Hosts: []string{bad}})
		b.True(err != nil) // no Host is so
	}
}

// RFC 9110 section 4.2.3: a default port means what no port means, and some
// clients send it where their user wrote it.
func TestMC02_DefaultPorts(t *testing.T) {
	for issuer, hosts := range map[string]map[string]bool{
		"https://as.example":      {"as.example": true, "AS.example:443": true, "as.example:80": false, "as.example:8765": false},
		"http://127.0.0.1":        {"127.0.0.1:80": true, "localhost": true, "[::1]:80": true, "localhost:443": false},
		"https://as.example:8443": {"as.example:8443": true, "as.example": false, "as.example:443": false},
	} {
		b := newServer(t, func(c *server.Config) { c.Issuer = issuer })
		for host, served := range hosts {
			if got := b.serve(message.Request{Method: "GET", URL: "http://" + host + "/health"}).Status; (got == 200) != served {
				t.Error(issuer, host, got)
			}
		}
	}
}

func TestMC03_MediaTypes(t *testing.T) {
	b := newBench(t)
	at, _ := b.login()
	for _, kind := range []string{"text/plain", message.FormType, "multipart/form-data; boundary=x"} {
		r := b.serve(message.Request{Method: "POST", URL: resource, Body: []byte(ping), Header: header([]string{"Authorization: Bearer " + at, "Content-Type: " + kind})})
		b.Equal(r.Status, 415) // a page of another site could send these
	}
	b.Equal(b.serve(message.Request{Method: "POST", URL: resource, Body: []byte(ping), Header: header([]string{"Authorization: Bearer " + at})}).Status, 415)
	r := b.serve(message.Request{Method: "POST", URL: resource, Body: []byte(ping), Header: header([]string{"Authorization: Bearer " + at, "Content-Type: application/json; charset=utf-8"})})
	b.Equal(r.Status, 200) // parameters are tolerated
}

// Both answers must be taken (MCP transports), at both resources and on both
// wires; who brings no token hears of that first.
func TestMC03_AnswersThatAreTaken(t *testing.T) {
	b := newBench(t)
	at, _ := b.login()
	for _, c := range []struct {
		accept string
		status int
	}{{"application/json, text/event-stream", 200}, {"*/*", 200}, {"text/*, application/*;q=0.1", 200},
		{"application/json", 406}, {"text/event-stream", 406}, {"text/html", 406}, {"application/json, text/event-stream;q=0", 406}} {
		r := b.mcp(at, ping, "Accept: "+c.accept)
		b.Equal(r.Status, c.status)
		b.Equal(strings.Contains(string(r.Body), "send Accept: application/json, text/event-stream"), c.status == 406) // what to send
		b.Equal(b.postJSON("/mcp/bearer-token", ping, "Authorization: Bearer test-bearer-token", "Accept: "+c.accept).Status, c.status)
		b.Equal(b.stateless(at, "tools/list", meta, "Accept: "+c.accept).Status, c.status)
	}
	b.Equal(b.postJSON("/mcp/oauth", ping, "Accept: text/html").Status, 401) // the token comes first
}

func TestMC03_InitializeWithoutParams(t *testing.T) {
	b := newBench(t)
	at, _ := b.login()
	for _, params := range []string{"", `,"params":{}`, `,"params":{"capabilities":{}}`, `,"params":{"protocolVersion":null}`} {
		b.rpc(at, `{"jsonrpc":"2.0","id":1,"method":"initialize"`+params+`}`, 200, -32602)
	}
}

func TestMC04_ConfiguredOrigins(t *testing.T) {
	const page = "http://localhost:3000"
	b := newBench(t, func(c *server.Config) { c.Origins = []string{page} })
	pre := b.serve(message.Request{Method: "OPTIONS", URL: resource, Header: header([]string{"Origin: " + page, "Access-Control-Request-Method: POST"})})
	b.Equal(pre.Status, 204)                                                                                                                                                              // preflights need no token
	b.Equal(pre.Header.Get("Access-Control-Allow-Origin"), page)                                                                                                                          // the exact origin
	b.True(strings.Contains(pre.Header.Get("Access-Control-Allow-Headers"), "Authorization") && strings.Contains(pre.Header.Get("Access-Control-Allow-Headers"), "MCP-Protocol-Version")) // what a client sends
	r := b.postJSON("/mcp/oauth", ping, "Origin: "+page)
	b.Equal(r.Status, 401)                                                                      // a refusal
	b.Equal(r.Header.Get("Access-Control-Allow-Origin"), page)                                  // that the page may read
	b.True(strings.Contains(r.Header.Get("Access-Control-Expose-Headers"), "WWW-Authenticate")) // with its challenge
	b.Equal(r.Header.Count("Access-Control-Allow-Credentials"), 0)                              // never with credentials
}

// rpc asserts the JSON-RPC error code and status of a body.
func (b *bench) rpc(token, body string, status int, code int64) {
	b.t.Helper()
	r := b.mcp(token, body)
	v, _ := message.ParseJSON(r.Body)
	got, _ := v.Get("error").Get("code").Int()
	if r.Status != status || got != code {
		b.t.Errorf("%.60q: wanted %d %d, got %d %s", body, status, code, r.Status, r.Body)
	}
}

func TestMC05_BodiesThatAreNoMessage(t *testing.T) {
	b := newBench(t)
	at, _ := b.login()
	b.rpc(at, "[]", 400, -32600)
	b.rpc(at, "["+ping+"]", 400, -32600)
	b.rpc(at, "1", 400, -32600)
	b.rpc(at, `"x"`, 400, -32600)
	b.rpc(at, "", 400, -32700)
	b.rpc(at, "{", 400, -32700)
}

func TestMC06_LongBodies(t *testing.T) {
	b := newBench(t)
	at, _ := b.login()
	b.Equal(b.mcp(at, strings.Repeat(" ", 1<<20+1)).Status, 413) // a byte too long
}

func TestMC07_DeepNesting(t *testing.T) {
	b := newBench(t)
	at, _ := b.login()
	for _, n := range []int{65, 10_001, 500_000} {
		deep := strings.Repeat("[", n) + strings.Repeat("]", n)
		b.rpc(at, deep, 400, -32700)
		if n < 500_000 {
			b.rpc(at, `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":`+deep+`}}`, 400, -32700)
		}
	}
}

func TestMC08_TextThatIsNone(t *testing.T) {
	b := newBench(t)
	at, _ := b.login()
	b.rpc(at, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pi\xffng\"}", 400, -32700)
	b.rpc(at, `{"jsonrpc":"2.0","id":1,"method":"pi\ud800ng"}`, 400, -32700)
	b.rpc(at, `{"jsonrpc":"2.0","id":1,"method":"pi\u0000ng"}`, 400, -32600)
}

func TestMC09_NamesTwice(t *testing.T) {
	b := newBench(t)
	at, _ := b.login()
	r := b.mcp(at, `{"jsonrpc":"2.0","id":1,"method":"tools/list","METHOD":"tools/call","params":{}}`)
	b.True(strings.Contains(string(r.Body), `"inputSchema"`)) // names have case: the list runs
	b.rpc(at, `{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"}`, 400, -32700)
}

func TestMC10_MoreThanOneValue(t *testing.T) {
	b := newBench(t)
	at, _ := b.login()
	b.rpc(at, ping+ping, 400, -32700)
	b.rpc(at, ping+"x", 400, -32700)
	b.rpc(at, "\ufeff"+ping, 400, -32700)
}

func TestMC11_IDs(t *testing.T) {
	b := newBench(t)
	at, _ := b.login()
	for _, id := range []string{"null", "1.5", "true", "{}", "[]", "1e3", `"` + strings.Repeat("a", 10<<10) + `"`} {
		b.rpc(at, `{"jsonrpc":"2.0","id":`+id+`,"method":"ping"}`, 400, -32600)
	}
	for _, id := range []string{"12345678901234567890", "-1", "0", `"a\"b"`, `""`} {
		r := b.mcp(at, `{"jsonrpc":"2.0","id":`+id+`,"method":"ping"}`)
		b.True(strings.Contains(string(r.Body), `"id":`+id+`,`)) // echoed digit for digit
	}
}

func TestMC12_MalformedMessages(t *testing.T) {
	b := newBench(t)
	at, _ := b.login()
	b.rpc(at, `{"id":1,"method":"ping"}`, 400, -32600)
	b.rpc(at, `{"jsonrpc":"1.0","id":1,"method":"ping"}`, 400, -32600)
	b.rpc(at, `{"jsonrpc":"2.0","id":1,"method":1}`, 400, -32600)
	b.rpc(at, `{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}`, 400, -32602)
}

func TestMC13_Methods(t *testing.T) {
	b := newBench(t)
	for _, method := range []string{"GET", "DELETE", "PUT", "TRACE"} {
		r := b.serve(message.Request{Method: method, URL: resource})
		b.Equal(r.Status, 405)                          // no stream and no session here
		b.Equal(r.Header.Get("Allow"), "OPTIONS, POST") // and it says what there is
	}
}

func TestMC14_SessionIDs(t *testing.T) {
	b := newBench(t)
	at, _ := b.login()
	b.Equal(b.postJSON("/mcp/oauth", ping, "Mcp-Session-Id: chosen").Status, 401) // a session is no token
	r := b.mcp(at, `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}`, "Mcp-Session-Id: chosen")
	b.Equal(r.Status, 200)                       // ignored
	b.Equal(r.Header.Count("Mcp-Session-Id"), 0) // not adopted
}

func TestMC15_ProtocolVersions(t *testing.T) {
	b := newBench(t)
	at, _ := b.login()
	b.Equal(b.mcp(at, ping, "MCP-Protocol-Version: 1999-01-01").Status, 400) // unknown
	for _, version := range []string{"2025-03-26", "2025-06-18", "2025-11-25"} {
		b.Equal(b.mcp(at, ping, "MCP-Protocol-Version: "+version).Status, 200) // known
		r := b.mcp(at, `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"`+version+`"}}`)
		b.True(strings.Contains(string(r.Body), `"protocolVersion":"`+version+`"`)) // negotiated as asked
	}
	r := b.mcp(at, `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2099-01-01"}}`)
	b.True(strings.Contains(string(r.Body), `"protocolVersion":"2025-11-25"`)) // else the newest
}

func TestMC18_Arguments(t *testing.T) {
	b := newBench(t)
	at, _ := b.login()
	call := func(params string) string {
		return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":` + params + `}`
	}
	for _, params := range []string{`{"name":"nope<script>"}`, `{}`, `{"name":1}`, `{"name":"echo"}`, `{"name":"echo","arguments":{"message":1}}`, `{"name":"echo","arguments":{"message":"a","other":1}}`,
		`{"name":"echo","arguments":[]}`, `{"name":"echo","arguments":{"message":"a","count":1.5}}`} {
		b.rpc(at, call(params), 200, -32602)
		b.True(!strings.Contains(string(b.mcp(at, call(params)).Body), "script>")) // not reflected
	}
	b.rpc(at, `{"jsonrpc":"2.0","id":1,"method":"nope"}`, 200, -32601)
}

// SEP-1303, of 2025-11-25: arguments against the schema are the tool's answer,
// for a model to read; what is no call of a tool is an error as ever.
func TestMC18_ArgumentsAreJudgedByTheTool(t *testing.T) {
	b := newBench(t)
	at, _ := b.login()
	calls := func(params string) map[string]message.Response {
		body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":` + params + `}`
		return map[string]message.Response{"2025-06-18": b.mcp(at, body, "MCP-Protocol-Version: 2025-06-18"), "2025-11-25": b.mcp(at, body, "MCP-Protocol-Version: 2025-11-25"),
			"2026-07-28": b.stateless(at, "tools/call", params[1:len(params)-1]+","+meta, "Mcp-Name: echo")}
	}
	for _, arguments := range []string{`{}`, `{"message":1}`, `{"message":"a","other":1}`, `{"message":"a","uppercase":"yes"}`} {
		for version, r := range calls(`{"name":"echo","arguments":` + arguments + `}`) {
			v, _ := message.ParseJSON(r.Body)
			failed, _ := v.Get("result").Get("isError").Bool()
			if old := version == "2025-06-18"; r.Status != 200 || failed == old || old != (code(r) == -32602) {
				t.Errorf("%s %s: %d %s", version, arguments, r.Status, r.Body)
			}
		}
	}
	for version, r := range calls(`{"name":"echo","arguments":[]}`) {
		if code(r) != -32602 {
			t.Errorf("%s: %d %s", version, r.Status, r.Body)
		}
	}
}

func TestMC19_Mint(t *testing.T) {
	b := newBench(t)
	b.Equal(b.post("/test-auth/bearer-token/mint", "", "Origin: https://evil.example").Status, 403) // no page of another site
	off := newBench(t, func(c *server.Config) { c.Mint = false })
	off.Equal(off.post("/test-auth/bearer-token/mint", "").Status, 404) // off: it is not there
}

func TestNotificationsAreAccepted(t *testing.T) {
	b := newBench(t)
	at, _ := b.login()
	for _, body := range []string{`{"jsonrpc":"2.0","method":"notifications/initialized"}`, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{}}`, `{"jsonrpc":"2.0","id":1,"result":{}}`} {
		r := b.mcp(at, body)
		b.Equal(r.Status, 202)  // MCP streamable HTTP
		b.Equal(len(r.Body), 0) // without a body
	}
}

func TestToolsAnswer(t *testing.T) {
	b := newBench(t)
	admin := text(b.post("/oauth/token", "grant_type=client_credentials&client_id=dev-admin-client&client_secret=dev-admin-secret&scope=mcp%3Aadmin"), "access_token")
	for _, step := range []struct{ name, arguments, want string }{
		{"echo", `{"message":"héllo","uppercase":true,"count":3}`, `"structuredContent":{"message":"HÉLLO","count":3,"uppercase":true}`},
		{"whoami", `{}`, `"client_id":"dev-admin-client"`},
		{"read_note", `{"name":"a"}`, `"isError":true`},
		{"write_note", `{"name":"a","content":"text"}`, `"characters":4`},
		{"read_note", `{"name":"a"}`, `"content":"text"`},
		{"read_note", `{}`, `"notes":["a"]`},
		{"write_note", `{"name":"a","content":"` + strings.Repeat("x", 1001) + `"}`, `-32602`},
		{"delete_notes", `{}`, `"deleted":1`},
		{"read_note", `{}`, `"notes":[]`},
	} {
		r := b.mcp(admin, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"`+step.name+`","arguments":`+step.arguments+`}}`)
		if !strings.Contains(string(r.Body), step.want) {
			t.Errorf("%s %s: wanted %s in %s", step.name, step.arguments, step.want, r.Body)
		}
	}
}
