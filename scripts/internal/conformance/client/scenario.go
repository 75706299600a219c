// What each scenario wants typed.
package main

import (
	"os"
	"path/filepath"
	"strings"

	"mcp-auth/core/message"
)

// A scenario is what the suite tells its client.
type scenario struct {
	id, wire, url, home string
	context             message.Value
}

// document is the client ID that the suite expects of clients that host a
// metadata document.
const document = "https://conformance-test.local/client-metadata.json"

func (s scenario) text(name string) string {
	v, _ := s.context.Get(name).Text()
	return v
}

// file writes a text of the context into a file.
func (s scenario) file(name string) string {
	path := filepath.Join(s.home, name)
	_ = os.WriteFile(path, []byte(s.text(name)), 0o600)
	return path
}

// lines are the command lines.
func (s scenario) lines() [][]string {
	switch name := strings.TrimPrefix(s.id, "auth/"); name {
	case "client-credentials-basic":
		return s.after("login", s.url, "--auth-mode", "client-creds", "--client-id", s.text("client_id"), "--client-secret", s.text("client_secret"))
	case "client-credentials-jwt":
		return s.after("login", s.url, "--auth-mode", "client-creds", "--client-id", s.text("client_id"), "--client-key", s.file("private_key_pem"))
	case "enterprise-managed-authorization":
		return s.after("login", s.url, "--auth-mode", "enterprise", "--client-id", s.text("client_id"), "--client-secret", s.text("client_secret"),
			"--idp-token-endpoint", s.text("idp_token_endpoint"), "--idp-client-id", s.text("idp_client_id"), "--id-token-file", s.file("idp_id_token"))
	case "wif-jwt-bearer":
		return s.after("login", s.url, "--auth-mode", "workload", "--assertion-file", s.file("valid_jwt"))
	case "dpop", "dpop-nonce":
		return s.calls("--client-metadata-url", document, "--dpop")
	case "json-schema-ref-no-deref": // its server lists tools, and calls none
		return [][]string{s.call("tools/list")}
	case "tools_call":
		return [][]string{s.call("tools/list"), s.tool("add_numbers", `{"a":5,"b":3}`)}
	case "sse-retry":
		return [][]string{s.call("tools/list"), s.tool("test_reconnection", `{}`)}
	case "http-custom-headers":
		lines := [][]string{s.call("tools/list")}
		for _, c := range s.context.Get("toolCalls").Elems() {
			tool, _ := c.Get("name").Text()
			lines = append(lines, s.tool(tool, string(c.Get("arguments").Append(nil))))
		}
		return lines
	case "http-invalid-tool-headers":
		return [][]string{s.call("tools/list"), s.tool("valid_tool", `{"region":"north"}`)}
	case "pre-registration":
		return s.calls("--client-id", s.text("client_id"), "--client-secret", s.text("client_secret"))
	}
	return s.calls("--client-metadata-url", document)
}

// after logs in first, and then calls.
func (s scenario) after(login ...string) [][]string {
	return append([][]string{login}, s.calls()...)
}

// calls are the two requests every scenario is about; who is asked to log in
// does so.
func (s scenario) calls(client ...string) [][]string {
	return [][]string{append(s.call("tools/list"), client...), append(s.tool("test-tool", `{}`), client...)}
}

func (s scenario) call(method string) []string {
	return []string{"call", s.url, method, "--protocol-version", s.wire, "--step-up", "auto", "--open-browser", "--wait", "10s"}
}

func (s scenario) tool(name, arguments string) []string {
	return append(s.call("tools/call"), "--tool-name", name, "--tool-arguments", arguments)
}
