// The pages for looking around: home, and the redirect inspector.
package pages

import (
	"strings"

	"mcp-auth/core/message"
)

// A Seed is a client every test may count on, with its published secret.
type Seed struct{ ID, Secret, Key, Grants, Scope string }

// Home is what the home page of an issuer shows.
type Home struct {
	Issuer   string
	Version  string
	Metadata string // URL of the issuer's document
	Seeds    []Seed
	Tenants  []string // further issuers

	Sandboxes bool   // POST /sandbox opens one
	Ends      string // when the issuer is a sandbox: its end
}

// HomePage says what the server is and what to type first.
func HomePage(p Home) message.Response {
	return page(200, "MCP authorization test server", "", func(h *html) {
		h.raw(`<main class="wide">`)
		brand(h, p.Version)
		h.raw("<h1>MCP authorization test server</h1>\n<p>An authorization server and two protected MCP resources, for people who write MCP clients and servers. ",
			"Everything here is for tests: the user is <code>test-user</code>, and the secrets below are public.</p>\n")
		if p.Ends != "" {
			h.raw(`<p class="note"><strong>This is a sandbox.</strong> It ends at `)
			h.text(p.Ends)
			h.raw(", with everything in it.</p>\n")
		}
		firstCommands(h, p.Issuer)
		h.raw("<h2>Where things are</h2>\n<dl class=\"places\">\n")
		for _, place := range [...][2]string{{"MCP behind OAuth", "/mcp/oauth"}, {"MCP behind a static bearer token", "/mcp/bearer-token"}} {
			h.row(place[0], func() { h.element("code", p.Issuer+place[1]) })
		}
		origin, base := message.Request{URL: p.Issuer}.Origin(), message.Request{URL: p.Issuer}.Path()
		for _, place := range [...][2]string{{"Authorization server metadata", strings.TrimPrefix(p.Metadata, origin)},
			{"Enter a device code", base + "/oauth/device/verify"}, {"Redirect inspector", "/docs/oauth-callback"},
			{"All endpoints", "/docs"}, {"OpenAPI 3.1", "/openapi.json"}} {
			h.row(place[0], func() { link(h, place[1]) })
		}
		h.raw("</dl>\n")
		tenants(h, origin, p.Tenants)
		if p.Sandboxes {
			h.raw("<h2>Sandboxes</h2>\n<p>An issuer of your own, with your own lifetimes and approval, that ends by itself: <code>curl -X POST ")
			h.text(origin)
			h.raw("/sandbox</code></p>\n")
		}
		seedTable(h, p.Seeds)
		h.raw("</main>\n")
	})
}

func link(h *html, path string) {
	h.raw(`<a href="`)
	h.text(path)
	h.raw(`">`)
	h.element("code", path)
	h.raw("</a>")
}

// tenants lists the issuers that have a path.
func tenants(h *html, origin string, issuers []string) {
	if len(issuers) == 0 {
		return
	}
	h.raw("<h2>Tenants</h2>\n<p>Issuers under a path, with clients and tokens of their own: does your client find their metadata?</p>\n<ul>\n")
	for _, issuer := range issuers {
		h.raw("<li>")
		link(h, strings.TrimPrefix(issuer, origin))
		h.raw("</li>\n")
	}
	h.raw("</ul>\n")
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
		switch {
		case s.Key != "":
			h.raw(`<code class="key">`) // too long for one line
			h.text(s.Key)
			h.raw("</code>")
		case s.Secret == "":
			h.raw(`<span class="muted">none: public</span>`)
		default:
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
