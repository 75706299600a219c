// The pages that explain: home, documentation, redirect inspector.
package pages

import "mcp-auth/core/message"

// RouteDoc is one row of the route table, as the documentation shows it.
type RouteDoc struct{ Group, Method, Path, Summary, Details string }

// A Seed is a client every test may count on, with its published secret.
type Seed struct{ ID, Secret, Grants, Scope string }

// HomePage says what the server is and what to type first.
func HomePage(issuer, version string, seeds []Seed) message.Response {
	return page(200, "MCP authorization test server", "", func(h *html) {
		h.raw(`<main class="wide"><p class="brand"><span class="mark" aria-hidden="true"></span>mcp-auth `)
		h.text(version)
		h.raw(`</p><h1>MCP authorization test server</h1><p>An authorization server and two protected MCP resources, for people who write MCP clients and servers. Everything here is for tests: the user is <code>test-user</code>, state lives in memory, and the secrets below are public.</p><h2>First commands</h2><pre>`)
		h.text("mcp-auth discover " + issuer + "/mcp/oauth\nmcp-auth login " + issuer + "/mcp/oauth --auth-mode auth-code --register\nmcp-auth call " + issuer + "/mcp/oauth tools/list")
		h.raw(`</pre><h2>Where things are</h2><dl>`)
		for _, p := range [...][2]string{{"MCP behind OAuth", "/mcp/oauth"}, {"MCP behind a static bearer token", "/mcp/bearer-token"},
			{"Authorization server metadata", "/.well-known/oauth-authorization-server"}, {"Enter a device code", "/oauth/device/verify"},
			{"All endpoints", "/docs"}, {"OpenAPI 3.1", "/openapi.json"}} {
			h.row(p[0], func() { h.raw(`<a href="`, p[1], `"><code>`, p[1], `</code></a>`) })
		}
		h.raw("</dl>")
		seedTable(h, seeds)
		h.raw("</main>")
	})
}

func seedTable(h *html, seeds []Seed) {
	if len(seeds) == 0 {
		return
	}
	h.raw(`<h2>Seeded clients</h2><table class="routes"><thead><tr><th>Client</th><th>Secret</th><th>Grants</th><th>Scope</th></tr></thead><tbody>`)
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
		h.raw("</td></tr>")
	}
	h.raw("</tbody></table>")
}

// DocsPage lists every route, from the same table that serves them.
func DocsPage(issuer, version string, routes []RouteDoc) message.Response {
	return page(200, "Endpoints", "", func(h *html) {
		h.raw(`<main class="wide"><p class="brand"><span class="mark" aria-hidden="true"></span>mcp-auth `)
		h.text(version)
		h.raw(`</p><h1>Endpoints</h1><p>Issuer <code>`)
		h.text(issuer)
		h.raw(`</code>. For machines: <a href="/openapi.json">/openapi.json</a>.</p>`)
		group := ""
		for _, r := range routes {
			if r.Group != group {
				if group != "" {
					h.raw("</tbody></table>")
				}
				group = r.Group
				h.element("h2", group)
				h.raw(`<table class="routes"><thead><tr><th>Method</th><th>Path</th><th>What it does</th></tr></thead><tbody>`)
			}
			h.raw(`<tr><td class="method">`)
			h.text(r.Method)
			h.raw("</td><td>")
			h.element("code", r.Path)
			h.raw("</td><td>")
			h.text(r.Summary)
			if r.Details != "" {
				h.raw(`<br><span class="muted small">`)
				h.text(r.Details)
				h.raw("</span>")
			}
			h.raw("</td></tr>")
		}
		h.raw("</tbody></table></main>")
	})
}

// InspectorPage shows the redirect that reached it, for clients that have no
// redirect endpoint of their own.
func InspectorPage(params message.Form, malformed bool) message.Response {
	return page(200, "Redirect inspector", "", func(h *html) {
		card(h, func() {
			h.raw("<h1>Redirect inspector</h1><p>The authorization server's answer ended here. A code works once, for a minute, and only with its <code>code_verifier</code>.</p>")
			if malformed {
				h.raw(`<p class="note">The query is not form-encoded, so nothing can be shown.</p>`)
			} else if len(params) == 0 {
				h.raw(`<p class="muted">The redirect carried no parameters.</p>`)
			}
			h.raw("<dl>")
			for _, p := range params {
				h.raw("<div><dt>")
				h.text(p.Name)
				h.raw("</dt><dd>")
				h.element("code", p.Value)
				h.raw("</dd></div>")
			}
			h.raw("</dl>")
		})
	})
}
