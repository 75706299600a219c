package mcp_test

import (
	"testing"

	"mcp-auth/core/mcp"
	"mcp-auth/core/message"
)

// FuzzCheck: whatever body and header say, a request of the stateless wire
// that passes says its version, method and name twice and alike.
func FuzzCheck(f *testing.F) {
	const meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`
	f.Add(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ping",`+meta+`}}`, "2026-07-28", "tools/call", "ping", "")
	f.Add(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"n":1},`+meta+`}}`, "2026-07-28", "tools/call", "=?base64?dA==?=", "1")
	f.Add(`{"jsonrpc":"2.0","id":1,"method":"ping"}`, "2025-11-25", "", "", "")
	s := mcp.Server{Tools: []mcp.Tool{{Name: "t", Params: []mcp.Param{{Name: "n", Kind: message.Number, Header: "N"}}}}}
	f.Fuzz(func(t *testing.T, body, version, method, name, n string) {
		m, bad := mcp.Read([]byte(body))
		if bad != nil {
			return
		}
		h := message.Header{{Name: "Mcp-Method", Value: method}, {Name: "Mcp-Name", Value: name}}
		if version != "" {
			h = h.With(mcp.VersionHeader, version)
		}
		if n != "" {
			h = h.With("Mcp-Param-N", n)
		}
		if s.Check(m, h) != nil || !mcp.IsStateless(m, h) || m.ID.Kind() == message.Missing || m.Method == "" {
			return
		}
		said, _ := m.Params.Get("_meta").Get(mcp.MetaVersion).Text()
		called, named := m.Params.Get("name").Text()
		if said != mcp.Stateless || version != said || method != m.Method {
			t.Errorf("version %q and %q, method %q and %q pass", version, said, method, m.Method)
		}
		if m.Method == "tools/call" && named && name == "" && called != "" {
			t.Errorf("a call of %q passes without its name in the header", called)
		}
		if sent := m.Params.Get("arguments").Get("n"); m.Method == "tools/call" && called == "t" && n == "" && sent.Kind() == message.Number {
			t.Error("an argument passes without its header field")
		}
	})
}
