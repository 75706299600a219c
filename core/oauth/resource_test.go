// RFC 8707 section 2: resource identifiers.
package oauth_test

import (
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/oauth"
)

func TestSameResource(t *testing.T) {
	const r = "https://mcp.example/mcp/oauth"
	for _, c := range []struct {
		rule, other string
		want        bool
	}{
		{"equal", r, true},
		{"case of scheme and host (AZ-22)", "HTTPS://MCP.Example/mcp/oauth", true},
		{"the default port", "https://mcp.example:443/mcp/oauth", true},
		{"another port", "https://mcp.example:444/mcp/oauth", false},
		{"the port of http", "https://mcp.example:80/mcp/oauth", false},
		{"another scheme", "http://mcp.example/mcp/oauth", false},
		{"another host", "https://mcp.example.evil.example/mcp/oauth", false},
		{"a trailing slash", r + "/", false},
		{"case of the path", "https://mcp.example/MCP/oauth", false},
		{"an escape in the path", "https://mcp.example/%6dcp/oauth", false},
		{"a dot segment", "https://mcp.example/x/../mcp/oauth", false},
		{"a query", r + "?x=1", false},
		{"an empty query", r + "?", false},
		{"a fragment", r + "#x", false},
		{"an empty fragment", r + "#", false},
		{"a user", "https://u@mcp.example/mcp/oauth", false},
		{"a path alone", "/mcp/oauth", false},
		{"nothing", "", false},
	} {
		t.Run(c.rule, func(t *testing.T) {
			is := is.New(t)
			is.Equal(oauth.SameResource(r, c.other), c.want) // the MCP canonical URI, else byte for byte
			is.Equal(oauth.SameResource(c.other, r), c.want) // in both directions
		})
	}
}

func TestCheckResource(t *testing.T) {
	for text, good := range map[string]bool{
		"https://mcp.example/mcp": true, "https://mcp.example": true, "http://127.0.0.1:8765/mcp/oauth": true, "https://mcp.example/?tenant=1": true,
		"": false, "/mcp": false, "https://mcp.example/mcp#x": false, "https://u@mcp.example/": false, "urn:mcp:x": false, "javascript:alert(1)": false,
		"ftp://mcp.example/": false, "com.example.app://host/": false, "https://mcp.example/a b": false, "https://mcp.example:0/": false,
	} {
		t.Run(text, func(t *testing.T) {
			is := is.New(t)
			is.Equal(oauth.CheckResource(text) == nil, good) // absolute, http or https, no fragment
		})
	}
}
