// The documentation: every route, from the same table that serves them.
package pages

import (
	"strings"

	"mcp-auth/core/message"
)

// RouteDoc is one row of the route table, as the documentation shows it. Rows
// of one group stand together.
type RouteDoc struct{ Group, Method, Path, Summary, Details string }

// DocsPage lists the routes by group; each has an anchor.
func DocsPage(issuer, version string, routes []RouteDoc) message.Response {
	return page(200, "Endpoints", "", func(h *html) {
		h.raw(`<main class="wide">`)
		brand(h, version)
		h.raw("<h1>Endpoints</h1>\n<p>Issuer <code>")
		h.text(issuer)
		h.raw("</code>. For machines: <a href=\"/openapi.json\">/openapi.json</a>. <a href=\"/\">First commands</a>.</p>\n")
		contents(h, routes)
		for i, r := range routes {
			if i == 0 || r.Group != routes[i-1].Group {
				group(h, r.Group)
			}
			route(h, r)
			if i == len(routes)-1 || r.Group != routes[i+1].Group {
				h.raw("</tbody></table>\n")
			}
		}
		h.raw("</main>\n")
	})
}

func contents(h *html, routes []RouteDoc) {
	h.raw(`<nav aria-label="Groups"><ul class="contents">`)
	for i, r := range routes {
		if i == 0 || r.Group != routes[i-1].Group {
			h.raw(`<li><a href="#`, anchor(r.Group), `">`)
			h.text(r.Group)
			h.raw("</a></li>")
		}
	}
	h.raw("</ul></nav>\n")
}

func group(h *html, name string) {
	h.raw(`<h2 id="`, anchor(name), `">`)
	h.text(name)
	h.raw("</h2>\n", `<table class="routes"><thead><tr><th scope="col">Method</th><th scope="col">Path</th><th scope="col">What it does</th></tr></thead><tbody>`, "\n")
}

func route(h *html, r RouteDoc) {
	id := anchor(r.Method + " " + r.Path)
	h.raw(`<tr id="`, id, `"><td class="method">`)
	h.text(r.Method)
	h.raw(`</td><td><a href="#`, id, `">`)
	h.element("code", r.Path)
	h.raw("</a></td><td>")
	h.text(r.Summary)
	if r.Details != "" {
		h.raw(`<br><span class="muted small">`)
		h.text(r.Details)
		h.raw("</span>")
	}
	h.raw("</td></tr>\n")
}

// anchor makes an id of letters, digits and dashes.
func anchor(s string) string {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	return strings.Join(words, "-")
}
