// Golden files: what a server answers on both wires, and what a client sends,
// to the byte. Run with -update to write them again, and read the difference.
package mcp_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/mcp"
	"mcp-auth/core/message"
	"mcp-auth/web/golden"
)

func header(pairs ...string) (h message.Header) {
	for i := 0; i < len(pairs); i += 2 {
		h = append(h, message.Field{Name: pairs[i], Value: pairs[i+1]})
	}
	return h
}

func written(h message.Header, body []byte) string {
	var b strings.Builder
	for _, f := range h {
		b.WriteString(f.Name + ": " + f.Value + "\n")
	}
	return b.String() + string(body) + "\n\n"
}

var tools = mcp.Server{Name: "test", Version: "7", Instructions: "Be kind.", Tools: []mcp.Tool{
	{Name: "none", Description: "Takes nothing.", Scope: "a", Do: func(c mcp.Call) (message.Value, error) {
		return message.Obj(message.M("who", message.Str(c.Subject+" "+c.ClientID))), nil
	}},
	{Name: "all", Description: "Takes all.", Scope: "b", Do: func(c mcp.Call) (message.Value, error) {
		return message.Obj(message.M("s", message.Str(c.Arguments.Text("s"))), message.M("n", c.Arguments.Value("n")), message.M("b", message.Boolean(c.Arguments.Truth("b")))), nil
	}, Params: []mcp.Param{
		{Name: "s", Kind: message.String, Required: true, Max: 3, About: "A text.", Header: "Text"},
		{Name: "n", Kind: message.Number, About: "A number.", Header: "Number"},
		{Name: "b", Kind: message.Bool, About: "A truth."},
		{Name: "long", Kind: message.String, About: "A text of any length."}}},
	{Name: "fails", Description: "Fails.", Do: func(mcp.Call) (message.Value, error) { return message.Value{}, errors.New("it does") }},
}}

// stateless is a call on the wire without a handshake, well-formed unless
// members or fields say otherwise.
func stateless(method, params string) string {
	return `{"jsonrpc":"2.0","id":1,"method":"` + method + `","params":{` + params + `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`
}

func TestGoldenAnswers(t *testing.T) {
	const id = `{"jsonrpc":"2.0","id":1,`
	long := strings.Repeat("9", 1024)
	var b strings.Builder
	for _, c := range []struct {
		body string
		h    message.Header
	}{
		{`[]`, nil}, {`"x"`, nil}, {`{}`, nil}, {`{"jsonrpc":"2.0"}`, nil},
		{`{"jsonrpc":"1.0","id":7,"method":"ping"}`, nil},
		{`{"jsonrpc":"2.0","id":true,"method":"ping"}`, nil},
		{`{"jsonrpc":"2.0","id":1-2,"method":"ping"}`, nil},
		{`{"jsonrpc":"2.0","id":1e2,"method":"ping"}`, nil},
		{`{"jsonrpc":"2.0","id":-1234567890,"method":"ping"}`, nil},
		{`{"jsonrpc":"2.0","id":` + long + `,"method":"ping"}`, nil},
		{`{"jsonrpc":"2.0","id":"` + long + `","method":"ping"}`, nil},
		{`{"jsonrpc":"2.0","id":"` + long + `9","method":"ping"}`, nil},
		{id + `"result":{}}`, nil}, {id + `"error":{}}`, nil}, {id + `"method":null,"result":{}}`, nil},
		{id + `"method":""}`, nil}, {id + `"method":5}`, nil},
		{id + `"method":"ping","params":5}`, nil},
		{id + `"method":"ping"}`, nil}, {id + `"method":"unheard"}`, nil},
		{`{"jsonrpc":"2.0","method":"notifications/initialized"}`, nil},
		{id + `"method":"ping"}`, header("MCP-Protocol-Version", "2025-06-18")},
		{id + `"method":"ping"}`, header("MCP-Protocol-Version", "2025-06-18", "MCP-Protocol-Version", "2025-06-18")},
		{id + `"method":"ping"}`, header("MCP-Protocol-Version", "2024-11-05\x1b")},
		{id + `"method":"ping"}`, header("MCP-Protocol-Version", "2026-07-28")},
		{id + `"method":"initialize"}`, nil},
		{id + `"method":"initialize","params":{"protocolVersion":"2025-03-26"}}`, nil},
		{id + `"method":"initialize","params":{"protocolVersion":"1"}}`, nil},
		{id + `"method":"initialize","params":{"protocolVersion":1}}`, nil},
		{id + `"method":"tools/list"}`, nil}, {id + `"method":"tools/list","params":{"cursor":"a"}}`, nil},
		{id + `"method":"tools/call"}`, nil}, {id + `"method":"tools/call","params":{"name":"unheard"}}`, nil},
		{id + `"method":"tools/call","params":{"name":"none"}}`, nil},
		{id + `"method":"tools/call","params":{"name":"none","arguments":[]}}`, nil},
		{id + `"method":"tools/call","params":{"name":"none","arguments":{"x":1}}}`, nil},
		{id + `"method":"tools/call","params":{"name":"all"}}`, nil},
		{id + `"method":"tools/call","params":{"name":"all","arguments":{"n":1}}}`, nil},
		{id + `"method":"tools/call","params":{"name":"all","arguments":{"s":5}}}`, nil},
		{id + `"method":"tools/call","params":{"name":"all","arguments":{"s":"äöü","long":"as it likes"}}}`, nil},
		{id + `"method":"tools/call","params":{"name":"all","arguments":{"s":"äöüß"}}}`, nil},
		{id + `"method":"tools/call","params":{"name":"all","arguments":{"s":"","n":1.5}}}`, nil},
		{id + `"method":"tools/call","params":{"name":"all","arguments":{"s":"","n":"1"}}}`, nil},
		{id + `"method":"tools/call","params":{"name":"all","arguments":{"s":"a","n":-3,"b":true}}}`, nil},
		{id + `"method":"tools/call","params":{"name":"all","arguments":{"s":"a","b":5}}}`, nil},
		{id + `"method":"tools/call","params":{"name":"all","arguments":{"s":"a","x":5}}}`, nil},
		{id + `"method":"tools/call","params":{"name":"fails","arguments":{}}}`, nil},
		{stateless("server/discover", ""), header("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "server/discover")},
		{stateless("tools/list", ""), header("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/list")},
		{stateless("tools/list", `"cursor":"a",`), header("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/list")},
		{stateless("ping", ""), header("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "ping")},
		{stateless("tools/call", `"name":"none",`), header("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", "none")},
		{stateless("tools/call", `"name":"none",`), header("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", " =?base64?bm9uZQ==?=\t")},
		{stateless("tools/call", `"name":"none",`), header("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", "=?base64?bm9uZR==?=")},
		{stateless("tools/call", `"name":"none",`), header("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", "=?base64?b25l?=")},
		{stateless("tools/call", `"name":"none",`), header("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", "=?base64?bm9uZQ==!?=")},
		{stateless("tools/call", `"name":"none",`), header("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", "=?base64?bm9uZQ==?=", "Mcp-Name", "=?base64?bm9uZQ==?=")},
		{stateless("tools/call", `"name":"none",`), header("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", "bm9uZQ==?=")},
		{stateless("tools/call", `"name":"none",`), header("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", "other")},
		{stateless("tools/call", `"name":"none",`), header("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", "none", "Mcp-Name", "none")},
		{stateless("tools/call", `"name":"none",`), header("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call")},
		{stateless("tools/call", `"name":"none","arguments":{"x":1},`), header("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", "none")},
		{stateless("resources/read", `"uri":"a:b",`), header("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "resources/read", "Mcp-Name", "a:b")},
		{stateless("resources/read", `"uri":"a:b",`), header("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "resources/read", "Mcp-Name", "a:c")},
		{stateless("tools/list", ""), header("Mcp-Method", "tools/list")},
		{stateless("tools/list", ""), header("MCP-Protocol-Version", "2025-11-25", "Mcp-Method", "tools/list")},
		{stateless("tools/list", ""), header("MCP-Protocol-Version", "2026-07-28", "MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/list")},
		{stateless("tools/list", ""), header("MCP-Protocol-Version", "2026-07-28")},
		{stateless("tools/list", ""), header("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "ping")},
		{stateless("tools/list", ""), header("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/list", "Mcp-Method", "tools/list")},
		{strings.Replace(stateless("tools/list", ""), "2026-07-28", "2027-01-01", 1), header("MCP-Protocol-Version", "2027-01-01", "Mcp-Method", "tools/list")},
		{strings.Replace(stateless("tools/list", ""), `"2026-07-28"`, "5", 1), header("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/list")},
		{strings.Replace(stateless("tools/list", ""), `Capabilities":{}`, `Capabilities":[]`, 1), header("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/list")},
		{strings.Replace(stateless("notifications/cancelled", ""), `"id":1,`, "", 1), header("MCP-Protocol-Version", "2026-07-28")},
		{stateless("tools/call", `"name":"all","arguments":{"s":"a b","n":5},`), header("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", "all", "Mcp-Param-Text", "a b", "Mcp-Param-Number", "5")},
		{stateless("tools/call", `"name":"all","arguments":{"s":"a","n":5},`), header("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", "all", "Mcp-Param-Text", "a", "Mcp-Param-Number", "6")},
		{stateless("tools/call", `"name":"all","arguments":{"s":"a","n":5},`), header("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", "all", "Mcp-Param-Text", "a")},
		{stateless("tools/call", `"name":"all","arguments":{"s":"a"},`), header("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", "all", "Mcp-Param-Text", "a", "Mcp-Param-Number", "6")},
		{stateless("tools/call", `"name":"all","arguments":{"s":"a","n":null},`), header("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", "all", "Mcp-Param-Text", "a", "Mcp-Param-Number", "null")},
		{stateless("tools/call", `"name":"all","arguments":{"s":"a","n":null},`), header("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", "all", "Mcp-Param-Text", "a")},
		{stateless("tools/list", `"name":"all","arguments":{"s":"a"},`), header("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/list")},
		{stateless("tools/call", `"name":"all","arguments":{"s":"a"},`), header("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", "all", "Mcp-Param-Text", "a", "Mcp-Param-", "b")},
		{stateless("tools/call", `"name":"fails",`), header("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", "fails")},
	} {
		b.WriteString("> " + strings.ReplaceAll(written(c.h, []byte(strings.ReplaceAll(c.body, long, "(1024 digits)"))), "\n\n", "\n"))
		m, bad := mcp.Read([]byte(c.body))
		if bad == nil {
			b.WriteString("needs " + tools.Needs(m) + "\n")
			bad = tools.Check(m, c.h)
		}
		var r message.Response
		if bad != nil {
			r = bad.Reply()
		} else {
			r = tools.Answer(mcp.Call{Subject: "alice", ClientID: "app"}, m, c.h)
		}
		b.WriteString("< " + message.Decimal(int64(r.Status)) + " " + r.Note + "\n" + strings.ReplaceAll(written(r.Header, r.Body), long, "(1024 digits)"))
	}
	golden.Hold(t, "answers.txt", b.String())
}

// What could be read of a message that is refused, or not answered, is handed
// over; an id that is none is not.
func TestReadHandsOverWhatItCould(t *testing.T) {
	is := is.New(t)
	for body, id := range map[string]string{`{"jsonrpc":"1.0","id":7,"method":"m"}`: "7", `{"jsonrpc":"2.0","id":7,"method":""}`: "7", `{"jsonrpc":"2.0","id":7,"method":"m","params":5}`: "7",
		`{"jsonrpc":"2.0","id":7,"result":{}}`: "7", `{"jsonrpc":"2.0","id":true,"method":"m","params":{}}`: "null"} {
		m, _ := mcp.Read([]byte(body))
		is.Equal(string(m.ID.Append(nil)), id) // its id
	}
	m, bad := mcp.Read([]byte(`{"jsonrpc":"2.0","id":true,"params":{}}`))
	is.True(bad != nil && m.Params.Kind() == message.Object) // and its params
}

func TestGoldenRequests(t *testing.T) {
	object := func(s string) message.Value {
		v, err := message.ParseJSON([]byte(s))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	var b strings.Builder
	for _, m := range []message.Request{
		mcp.Request(url, message.Num(1), "initialize", mcp.InitializeParams("2025-11-25", "app", "3")),
		mcp.Request(url, message.Value{}, "notifications/initialized", message.Value{}),
		mcp.StatelessRequest(url, message.Num(1), "tools/call", object(`{"name":"ü","arguments":{}}`), "app", "3", header("Mcp-Param-A", "b")),
		mcp.StatelessRequest(url, message.Num(1), "prompts/get", object(`{"name":"p","_meta":{"progressToken":1,"io.modelcontextprotocol/protocolVersion":"mine"}}`), "app", "3", nil),
		mcp.StatelessRequest(url, message.Num(1), "resources/read", object(`{"uri":"a:b"}`), "app", "3", nil),
		mcp.StatelessRequest(url, message.Num(1), "tools/list", message.Value{}, "app", "3", nil),
		mcp.StatelessRequest(url, message.Num(1), "tools/call", object(`{"name":5}`), "app", "3", nil),
		mcp.Resume(url, "event 7"),
	} {
		b.WriteString(m.Method + " " + m.URL + "\n" + written(m.Header, m.Body))
	}
	golden.Hold(t, "requests.txt", b.String())
}

// What a definition marks is repeated, and a definition that cannot be obeyed
// is not.
func TestMirroredArguments(t *testing.T) {
	for _, c := range []struct{ properties, arguments, fields, fault string }{
		{`{"a":{"type":"string","x-mcp-header":"A"},"b":{"type":"integer","x-mcp-header":"B"},"c":{"type":"boolean","x-mcp-header":"C"},"d":{"type":"string"}}`, `{"a":"ü","b":5,"c":true,"d":"x"}`, "Mcp-Param-A: =?base64?w7w=?=\nMcp-Param-B: 5\nMcp-Param-C: true\n\n\n", ""},
		{`{"a":{"type":"string","x-mcp-header":"A"},"b":{"type":"string","x-mcp-header":"B"},"c":{"type":"string","x-mcp-header":"C"}}`, `{"a":null,"c":"x"}`, "Mcp-Param-C: x\n\n\n", ""},
		{`{"d":{"type":"string"},"a":{"type":"string","x-mcp-header":"!#$%&'*+-.^_|~0Zz"}}`, `{"a":"x"}`, "Mcp-Param-!#$%&'*+-.^_|~0Zz: x\n\n\n", ""},
		{`{"a":{"type":"integer","x-mcp-header":"A"},"b":{"type":"integer","x-mcp-header":"B"}}`, `{"a":42.0,"b":-1e2}`, "Mcp-Param-A: 42\nMcp-Param-B: -100\n\n\n", ""},
		{`{"a":{"type":"string","x-mcp-header":""}}`, `{}`, "\n\n", "x-mcp-header of a is no header name"},
		{`{"a":{"type":"string","x-mcp-header":5}}`, `{}`, "\n\n", "x-mcp-header of a is no header name"},
		{`{"a":{"type":"string","x-mcp-header":"a b"}}`, `{}`, "\n\n", "x-mcp-header of a is no header name"},
		{`{"a":{"type":"string","x-mcp-header":"a:"}}`, `{}`, "\n\n", "x-mcp-header of a is no header name"},
		{`{"a":{"type":"string","x-mcp-header":"(a"}}`, `{}`, "\n\n", "x-mcp-header of a is no header name"},
		{`{"a":{"type":"string","x-mcp-header":"\"a"}}`, `{}`, "\n\n", "x-mcp-header of a is no header name"},
		{`{"a":{"type":"string","x-mcp-header":"a\u007f"}}`, `{}`, "\n\n", "x-mcp-header of a is no header name"},
		{`{"a":{"type":"string","x-mcp-header":"ä"}}`, `{}`, "\n\n", "x-mcp-header of a is no header name"},
		{`{"a":{"type":"number","x-mcp-header":"A"}}`, `{}`, "\n\n", "x-mcp-header of a is on a parameter that is no string, integer or boolean"},
		{`{"a":{"type":"string","x-mcp-header":"A"},"b":{"type":"string","x-mcp-header":"a"}}`, `{"a":"x","b":"y"}`, "\n\n", "x-mcp-header names a twice"},
	} {
		is := is.New(t)
		tool, err := message.ParseJSON([]byte(`{"inputSchema":{"properties":` + c.properties + `}}`))
		is.NoErr(err) // the definition is JSON
		arguments, err := message.ParseJSON([]byte(c.arguments))
		is.NoErr(err) // and so are the arguments
		fields, fault := mcp.Mirrored(tool, arguments)
		is.Equal(written(fields, nil), c.fields) // what is repeated
		is.Equal(fault, c.fault)                 // or why nothing is
	}
}

func TestHeaderTextBorders(t *testing.T) {
	is := is.New(t)
	for text, want := range map[string]string{"~ !": "~ !", "a\x7f": "=?base64?YX8=?=", "\x1f": "=?base64?Hw==?=", "a ": "=?base64?YSA=?=", "x?=": "x?=", "=?base64?x": "=?base64?x"} {
		is.Equal(mcp.HeaderText(text), want) // visible ASCII with inner spaces as it is
	}
}

// What an answer to a stateless request says of the server's wire.
func TestSpeaksStateless(t *testing.T) {
	fault := func(code string) string { return `{"error":{"code":` + code + `,"data":{"supported":["2025-06-18"]}}}` }
	for _, c := range []struct {
		status int
		body   string
		speaks bool
	}{
		{200, "", true}, {401, "", true}, {403, "", true}, {500, "", true}, {202, "", true},
		{400, "", false}, {404, "not found", false}, {405, "{}", false}, {406, "{}", false}, {415, "{}", false},
		{400, fault("-32020"), true}, {404, fault("-32021"), true},
		{400, fault("-32022"), false}, {400, `{"error":{"code":-32022,"data":{"supported":["2027-01-01"]}}}`, true}, {400, `{"error":{"code":-32022}}`, true},
		{404, fault("-32601"), true}, {400, fault("-32601"), false}, {405, fault("-32601"), false},
		{400, fault("-32602"), true}, {404, fault("-32602"), true}, {415, fault("-32602"), false},
		{400, fault("-32600"), false}, {400, fault("-32700"), false}, {400, `{"error":{"code":"-32020"}}`, false},
		{422, "Unexpected message, expect initialize request", false}, {409, "{}", false}, {429, "{}", true}, {302, "", true},
		{499, "", false}, {200, fault("-32002"), false}, {200, fault("-32600"), false}, {200, fault("-32601"), true}, {200, fault("-32602"), true}, {500, fault("-32002"), true},
	} {
		m := message.JSON(c.status, []byte(c.body))
		if got := mcp.SpeaksStateless(m); got != c.speaks {
			t.Errorf("%d %s: %t", c.status, c.body, got)
		}
	}
	is := is.New(t)
	is.Equal(mcp.SupportedVersions(message.JSON(400, []byte(fault("-32022")))), []string{"2025-06-18"}) // those that a refusal names
	is.Equal(len(mcp.SupportedVersions(message.JSON(400, []byte(fault("-32020"))))), 0)                 // another refusal names none
	is.Equal(len(mcp.SupportedVersions(message.JSON(400, []byte("{")))), 0)                             // nor does what cannot be read
	is.True(mcp.UnknownMethod(message.JSON(200, []byte(fault("-32601")))))                              // the method is not known
	is.True(!mcp.UnknownMethod(message.JSON(200, []byte(fault("-32602")))))                             // the method is known
	is.True(!mcp.UnknownMethod(message.JSON(200, []byte("{"))))                                         // nothing is said
	is.Equal(mcp.Supported(), []string{"2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"})         // newest first
}

// What came instead of a reply is named.
func TestReadReplyNamesWhatCame(t *testing.T) {
	for _, c := range []struct{ kind, body, fault string }{
		{"application/json", `{"jsonrpc":"2.0","id":1,"result":{}}`, ""},
		{"application/json", `{"jsonrpc":"2.0","id":1,"error":{}}`, ""},
		{"application/json", `{"id":1,"result":{}}`, "a body that is no JSON-RPC 2.0 message"},
		{"application/json", `{"jsonrpc":"2.0","id":"1","result":{}}`, "a reply to another id"},
		{"application/json", `{"jsonrpc":"2.0","id":1}`, "a reply without exactly one of result and error"},
		{"application/json", `{"jsonrpc":"2.0","id":1,"result":{},"error":{}}`, "a reply without exactly one of result and error"},
		{"text/event-stream", "data: {}\n\n", "a stream without the reply to our id"},
		{"text/event-stream", "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"result\":{}}\n\n", "a stream without the reply to our id"},
		{"application/json", `{"jsonrpc":"2.0","id":null,"result":{}}`, "a reply to another id"},
		{"application/json", `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no\u001b"}}`, `a reply to another id, null: error -32700: no\u{1b}`},
		{"application/json", `{"jsonrpc":"2.0","id":2,"error":{"code":-32700,"message":"no"}}`, "a reply to another id"},
		{"Text/HTML; charset=x", "", "a body that is neither application/json nor text/event-stream: text/html"},
		{"", "", "a body that is neither application/json nor text/event-stream: it has no Content-Type, its status is 200"},
	} {
		m := message.Response{Status: 200, Header: header("Content-Type", c.kind), Body: []byte(c.body)}
		reply, fault := mcp.ReadReply(m, message.Num(1))
		if fault != c.fault || (fault == "" && reply.Kind() != message.Object) {
			t.Errorf("%s %s: %q", c.kind, c.body, fault)
		}
		if c.kind == mcp.StreamType && mcp.Replied(m.Body, message.Num(1)) {
			t.Errorf("%s is taken for the reply", c.body)
		}
	}
	is := is.New(t)
	v, fault := mcp.ReadReply(message.JSON(200, []byte("{")), message.Num(1))
	is.True(fault != "" && v.Kind() == message.Missing) // what is no JSON is no reply
}

func TestReadStreamBorders(t *testing.T) {
	is := is.New(t)
	s := mcp.ReadStream([]byte("\ufeffdata:a\rdata: b\r\rid: " + strings.Repeat("x", 1024) + "\rretry: 30001\r\n\r\nid: " + strings.Repeat("y", 1025) + "\ndata\n"))
	is.Equal(s.Events, []string{"a\nb", ""})                         // lines may end in any way
	is.Equal(s.LastID, strings.Repeat("x", 1024))                    // as long as an id may be, and no longer
	is.Equal(s.Retry, 30*time.Second)                                // at most so long
	is.Equal(mcp.ReadStream([]byte("retry: -5")).Retry, time.Second) // what is no number says nothing
	is.Equal(len(mcp.ReadStream([]byte("\n\nid: 1\n\n")).Events), 0) // what has no data is no event
}
