package server_test

import (
	"strings"
	"testing"

	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/server"
)

// meta is what each request of 2026-07-28 says of itself.
const meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`

// stateless posts a request of 2026-07-28 with the header fields that agree.
func (b *bench) stateless(token, method, params string, more ...string) message.Response {
	body := `{"jsonrpc":"2.0","id":7,"method":"` + method + `","params":{` + params + `}}`
	headers := append([]string{"MCP-Protocol-Version: 2026-07-28", "Mcp-Method: " + method}, more...)
	if token == "" {
		return b.postJSON("/mcp/oauth", body, headers...)
	}
	return b.mcp(token, body, headers...)
}

// code is the JSON-RPC error code of an answer, 0 without one.
func code(r message.Response) int64 {
	v, _ := message.ParseJSON(r.Body)
	n, _ := v.Get("error").Get("code").Int()
	return n
}

func TestStateless_Discover(t *testing.T) {
	b := newBench(t)
	at, _ := b.login()
	r := b.stateless(at, "server/discover", meta)
	b.Equal(r.Status, 200) // without a handshake
	v, _ := message.ParseJSON(r.Body)
	result := v.Get("result")
	b.Equal(string(result.Get("supportedVersions").Append(nil)), `["2026-07-28","2025-11-25","2025-06-18","2025-03-26"]`) // both wires
	b.Equal(result.Get("capabilities").Get("tools").Kind(), message.Object)                                               // what is served
	b.Equal(len(result.Get("capabilities").Members()), 1)                                                                 // and nothing else
	kind, _ := result.Get("resultType").Text()
	b.Equal(kind, "complete") // each result says that it is one
	ttl, _ := result.Get("ttlMs").Int()
	b.True(ttl > 0) // how long it may be kept
	scope, _ := result.Get("cacheScope").Text()
	b.Equal(scope, "private") // and by whom: its bearer
	name, _ := result.Get("_meta").Get("io.modelcontextprotocol/serverInfo").Get("name").Text()
	b.Equal(name, "mcp-auth-test-server")        // who answers
	b.Equal(r.Header.Count("Mcp-Session-Id"), 0) // there are no sessions
}

func TestStateless_Tools(t *testing.T) {
	b := newBench(t)
	at, _ := b.login()
	r := b.stateless(at, "tools/list", meta)
	b.Equal(r.Status, 200)
	b.True(strings.Contains(string(r.Body), `"ttlMs":`) && strings.Contains(string(r.Body), `"x-mcp-header":"Count"`)) // a list that may be kept
	r = b.stateless(at, "tools/call", `"name":"echo","arguments":{"message":"a","count":3},`+meta, "Mcp-Name: echo", "Mcp-Param-Count: 3")
	b.Equal(r.Status, 200)                                                                                               // header and body agree
	b.True(strings.Contains(string(r.Body), `"count":3`) && strings.Contains(string(r.Body), `"resultType":"complete"`)) // the answer
	r = b.stateless(at, "tools/call", `"name":"nope",`+meta, "Mcp-Name: nope")
	b.Equal(r.Status, 400) // an HTTP error here
	b.Equal(code(r), int64(-32602))
}

func TestMC15_HeaderAndBodyAgree(t *testing.T) {
	b := newBench(t)
	at, _ := b.login()
	const ping = `"name":"ping",` + meta
	for _, c := range []struct {
		why, method, params string
		headers             []string
		code                int64
	}{
		{"no metadata", "tools/list", ``, []string{"MCP-Protocol-Version: 2026-07-28", "Mcp-Method: tools/list"}, -32602},
		{"metadata without version", "tools/list", `"_meta":{"io.modelcontextprotocol/clientCapabilities":{}}`, []string{"MCP-Protocol-Version: 2026-07-28", "Mcp-Method: tools/list"}, -32602},
		{"metadata without capabilities", "tools/list", `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}`, []string{"MCP-Protocol-Version: 2026-07-28", "Mcp-Method: tools/list"}, -32602},
		{"version that is a number", "tools/list", `"_meta":{"io.modelcontextprotocol/protocolVersion":1,"io.modelcontextprotocol/clientCapabilities":{}}`, []string{"MCP-Protocol-Version: 2026-07-28", "Mcp-Method: tools/list"}, -32602},
		{"no version header", "tools/list", meta, []string{"Mcp-Method: tools/list"}, -32020},
		{"another version in the header", "tools/list", meta, []string{"MCP-Protocol-Version: 2025-11-25", "Mcp-Method: tools/list"}, -32020},
		{"two versions in the header", "tools/list", meta, []string{"MCP-Protocol-Version: 2026-07-28", "MCP-Protocol-Version: 2025-11-25", "Mcp-Method: tools/list"}, -32020},
		{"no method header", "tools/list", meta, []string{"MCP-Protocol-Version: 2026-07-28"}, -32020},
		{"another method in the header", "tools/call", ping, []string{"MCP-Protocol-Version: 2026-07-28", "Mcp-Method: tools/list", "Mcp-Name: ping"}, -32020},
		{"the method in another case", "tools/list", meta, []string{"MCP-Protocol-Version: 2026-07-28", "Mcp-Method: Tools/List"}, -32020},
		{"no name header", "tools/call", ping, []string{"MCP-Protocol-Version: 2026-07-28", "Mcp-Method: tools/call"}, -32020},
		{"another name in the header", "tools/call", ping, []string{"MCP-Protocol-Version: 2026-07-28", "Mcp-Method: tools/call", "Mcp-Name: delete_notes"}, -32020},
		{"an argument that the header lacks", "tools/call", `"name":"echo","arguments":{"message":"a","count":3},` + meta, []string{"MCP-Protocol-Version: 2026-07-28", "Mcp-Method: tools/call", "Mcp-Name: echo"}, -32020},
		{"another argument in the header", "tools/call", `"name":"echo","arguments":{"message":"a","count":3},` + meta, []string{"MCP-Protocol-Version: 2026-07-28", "Mcp-Method: tools/call", "Mcp-Name: echo", "Mcp-Param-Count: 4"}, -32020},
		{"an argument that the body lacks", "tools/call", `"name":"echo","arguments":{"message":"a"},` + meta, []string{"MCP-Protocol-Version: 2026-07-28", "Mcp-Method: tools/call", "Mcp-Name: echo", "Mcp-Param-Count: 4"}, -32020},
		{"base64 with bad padding", "tools/call", ping, []string{"MCP-Protocol-Version: 2026-07-28", "Mcp-Method: tools/call", "Mcp-Name: =?base64?cGluZw?="}, -32020},
	} {
		r := b.mcp(at, `{"jsonrpc":"2.0","id":7,"method":"`+c.method+`","params":{`+c.params+`}}`, c.headers...)
		if r.Status != 400 || code(r) != c.code || !strings.Contains(string(r.Body), `"id":7,`) {
			t.Errorf("%s: wanted 400 and %d for id 7, got %d %s", c.why, c.code, r.Status, r.Body)
		}
	}
	r := b.mcp(at, `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{`+ping+`}}`, "MCP-Protocol-Version: 2026-07-28", "mcp-method: tools/call", "mcp-name:  =?base64?cGluZw==?= ")
	b.Equal(r.Status, 200) // names in any case, values with space around them, or encoded
}

// MCP 2026-07-28, transports, server validation: integers are compared by
// their values.
func TestMC15_IntegersAreCompared(t *testing.T) {
	b := newBench(t)
	at, _ := b.login()
	for _, c := range []struct {
		body, field string
		status      int
	}{
		{"42.0", "42", 200}, {"42", "42.0", 200}, {"4.2e1", "42", 200}, {"42", "=?base64?NDI=?=", 200}, {"-7", "-7", 200},
		{"42.0", "43", 400}, {"42", "42.5", 400}, {"42", "042", 400}, {"42", `"42"`, 400}, {"42", "", 400}, {"42", "42 42", 400},
	} {
		r := b.stateless(at, "tools/call", `"name":"echo","arguments":{"message":"a","count":`+c.body+`},`+meta, "Mcp-Name: echo", "Mcp-Param-Count: "+c.field)
		if r.Status != c.status {
			t.Errorf("%s and %s: wanted %d, got %d %s", c.body, c.field, c.status, r.Status, r.Body)
		}
	}
}

func TestMC15_UnknownVersions(t *testing.T) {
	b := newBench(t)
	at, _ := b.login()
	r := b.mcp(at, `{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{`+strings.Replace(meta, "2026-07-28", "v9", 1)+`}}`, "MCP-Protocol-Version: v9", "Mcp-Method: tools/list")
	b.Equal(r.Status, 400)
	b.Equal(code(r), int64(-32022)) // unsupported
	v, _ := message.ParseJSON(r.Body)
	asked, _ := v.Get("error").Get("data").Get("requested").Text()
	b.Equal(asked, "v9")                                                      // what was asked for
	b.Equal(len(v.Get("error").Get("data").Get("supported").Elems()), 4)      // and what there is
	b.Equal(code(b.mcp(at, ping, "MCP-Protocol-Version: v9")), int64(-32022)) // on the older wire too
	r = b.mcp(at, `{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2027-01-01"}}}`, "MCP-Protocol-Version: 2027-01-01")
	b.Equal(code(r), int64(-32022)) // whatever else a revision asks for that is not known here
}

// TestStateless_RemovedMethods: what the handshake wire serves and this does
// not is 404 (MCP 2026-07-28, transports).
func TestStateless_RemovedMethods(t *testing.T) {
	b := newBench(t)
	at, _ := b.login()
	for _, method := range []string{"initialize", "ping", "logging/setLevel", "resources/subscribe", "subscriptions/listen", "nope"} {
		r := b.stateless(at, method, meta)
		b.Equal(r.Status, 404)          // not there
		b.Equal(code(r), int64(-32601)) // says the message too
	}
	b.Equal(b.mcp(at, ping).Status, 200) // the same URL still shakes hands
}

// TestStateless_TheTokenComesFirst: a 401 or 403 is the same on either wire
// (resource server requirements 4 to 8).
func TestStateless_TheTokenComesFirst(t *testing.T) {
	b := newBench(t)
	r := b.stateless("", "nope", "")
	b.Equal(r.Status, 401)                                                                   // before the message is read
	b.True(strings.Contains(r.Header.Get("WWW-Authenticate"), `resource_metadata="`))        // requirement 2
	b.True(strings.Contains(r.Header.Get("WWW-Authenticate"), `scope="mcp:read"`))           // requirement 5
	b.Equal(b.stateless("", "tools/list", meta, "Mcp-Session-Id: chosen").Status, 401)       // requirement 12
	b.Equal(b.stateless("", "tools/list", meta, "Origin: https://evil.example").Status, 403) // requirement 11
	at, _ := b.login()
	r = b.stateless(at, "tools/call", `"name":"delete_notes",`+meta, "Mcp-Name: delete_notes")
	b.Equal(r.Status, 403)                                                                   // requirement 6
	b.True(strings.Contains(r.Header.Get("WWW-Authenticate"), `error="insufficient_scope"`)) // says why
	b.True(strings.Contains(r.Header.Get("WWW-Authenticate"), `scope="`+oauth.ScopeAdmin))   // and what it takes
	b.Equal(b.stateless("test-bearer-token", "tools/list", meta).Status, 401)                // requirement 7: another resource's token
	admin := text(b.post("/oauth/token", "grant_type=client_credentials&client_id=dev-admin-client&client_secret=dev-admin-secret&scope=mcp%3Aadmin"), "access_token")
	b.Equal(b.stateless(admin, "tools/call", `"name":"ping",`+meta, "Mcp-Name: ping").Status, 200) // requirement 8: admin covers read
}

func TestStateless_Preflight(t *testing.T) {
	const page = "http://localhost:3000"
	b := newBench(t, func(c *server.Config) { c.Origins = []string{page} })
	pre := b.serve(message.Request{Method: "OPTIONS", URL: resource, Header: header([]string{"Origin: " + page, "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: mcp-method,mcp-param-count, x-other, mcp-param-b\"ad"})})
	allowed := pre.Header.Get("Access-Control-Allow-Headers")
	b.True(strings.Contains(allowed, "Mcp-Name") && strings.Contains(allowed, ", mcp-param-count"))           // what the wire needs
	b.True(!strings.Contains(allowed, "x-other") && !strings.Contains(allowed, "b\"ad") && pre.Status == 204) // and no more
}
