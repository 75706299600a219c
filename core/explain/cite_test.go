package explain_test

import (
	"testing"

	"mcp-auth/core/explain"
)

func TestACitationLeadsToItsSection(t *testing.T) {
	for cite, want := range map[string]string{
		"RFC 9728 section 5.1":          "https://www.rfc-editor.org/rfc/rfc9728#section-5.1",
		"RFC 6749 section 4.1.2. Other": "https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2",
		"RFC 9000 section 0.9-1":        "https://www.rfc-editor.org/rfc/rfc9000#section-0.9",
		"RFC  section 5":                "",
		"RFC 9207":                      "https://www.rfc-editor.org/rfc/rfc9207",
		"RFC 9207, errata":              "https://www.rfc-editor.org/rfc/rfc9207",
		"RFC 1 section <b>":             "https://www.rfc-editor.org/rfc/rfc1",
		"OAuth 2.1 section 7.5":         "https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1",
		"MCP authorization, PKCE":       "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization",
		"MCP 2025-03-26, 2.3":           "https://modelcontextprotocol.io/specification/2025-03-26/basic/authorization",
		"RFC":                           "", "RFC x": "", "": "", "javascript:alert(1)": "",
	} {
		if got := explain.Address(cite); got != want {
			t.Errorf("%s leads to %q, not %q", cite, got, want)
		}
	}
}
