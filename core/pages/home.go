// The pages for looking around: home, and the redirect inspector.
package pages

import (
	"strings"

	"mcp-auth/core/message"
)

// A Seed is a client every test may count on, with its published secret.
type Seed struct{ ID, Secret, Grants, Scope string }

// HomePage says what the server is and what to type first.
func HomePage(issuer, version string, seeds []Seed) message.Response {
	return page(200, "MCP authorization test server", "", func(h *html) {
		h.raw(`<main class="wide">`)
		brand(h, version)
		h.raw("<h1>MCP authorization test server</h1>\n<p>An authorization server and two protected MCP resources, for people who write MCP clients and servers. ",
			"Everything here is for tests: the user is <code>test-user</code>, state lives in memory, and the secrets below are public.</p>\n")
		firstCommands(h, issuer)
		h.raw("<h2>Where things are</h2>\n<dl class=\"places\">\n")
		for _, p := range [...][2]string{{"MCP behind OAuth", "/mcp/oauth"}, {"MCP behind a static bearer token", "/mcp/bearer-token"}} {
			h.row(p[0], func() { h.element("code", issuer+p[1]) })
		}
		for _, p := range [...][2]string{{"Authorization server metadata", "/.well-known/oauth-authorization-server"},
			{"Enter a device code", "/oauth/device/verify"}, {"Redirect inspector", "/docs/oauth-callback"},
			{"All endpoints", "/docs"}, {"OpenAPI 3.1", "/openapi.json"}} {
			h.row(p[0], func() { h.raw(`<a href="`, p[1], `"><code>`, p[1], `</code></a>`) })
		}
		h.raw("</dl>\n")
		seedTable(h, seeds)
		h.raw("</main>\n")
	})
}

// firstCommands has one item a command. Its words stay whole, so that a flag
// does not break at its dashes.
func firstCommands(h *html, issuer string) {
	h.raw("<h2>First commands</h2>\n<ol class=\"commands\">\n")
	for _, c := range [...]string{"discover {}", "login {} --auth-mode auth-code --register", "call {} tools/list"} {
		h.raw("<li><code>")
		for i, word := range strings.Fields("mcp-auth " + c) {
			if i > 0 {
				h.raw(" ")
			}
			h.element("span", strings.Replace(word, "{}", issuer+"/mcp/oauth", 1))
		}
		h.raw("</code></li>\n")
	}
	h.raw("</ol>\n")
}

func seedTable(h *html, seeds []Seed) {
	if len(seeds) == 0 {
		return
	}
	h.raw("<h2>Seeded clients</h2>\n", `<table class="seeds"><thead><tr><th scope="col">Client</th><th scope="col">Secret</th><th scope="col">Grants</th><th scope="col">Scope</th></tr></thead><tbody>`, "\n")
	for _, s := range seeds {
		h.raw("<tr><td>")
		h.element("code", s.ID)
		h.raw("</td><td>")
		if s.Secret == "" {
			h.raw(`<span class="muted">none: public</span>`)
		} else {
			h.element("code", s.Secret)
		}
		h.raw("</td><td>")
		h.text(s.Grants)
		h.raw("</td><td>")
		h.text(s.Scope)
		h.raw("</td></tr>\n")
	}
	h.raw("</tbody></table>\n")
}

// InspectorPage shows the redirect that reached it, for clients that have no
// redirect endpoint of their own. It has nothing to hide: whoever sees the
// page has the address bar.
func InspectorPage(params message.Form, malformed bool) message.Response {
	return page(200, "Redirect inspector", "", func(h *html) {
		card(h, theServer, func() {
			h.raw("<h1>Redirect inspector</h1>\n<p>The authorization server's answer ended here. A code works once, for a minute, and only with its <code>code_verifier</code>.</p>\n")
			switch {
			case malformed:
				h.raw(`<p class="note">The query is not form-encoded, so nothing can be shown.</p>`, "\n")
				return
			case len(params) == 0:
				h.raw(`<p class="muted">The redirect carried no parameters.</p>`, "\n")
				return
			}
			h.raw("<dl>\n")
			for _, p := range params {
				h.raw("<div><dt>")
				h.text(p.Name)
				h.raw("</dt><dd>")
				h.element("code", p.Value)
				h.raw("</dd></div>\n")
			}
			h.raw("</dl>\n")
		})
	})
}
