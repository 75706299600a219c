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
	common := append([]string{"--protocol-version", s.wire, "--step-up", "auto", "--open-browser", "--wait", "10s"}, client...)
	return [][]string{
		append([]string{"call", s.url, "tools/list"}, common...),
		append([]string{"call", s.url, "tools/call", "--tool-name", "test-tool"}, common...),
	}
}
