// Package pages holds every HTML page the core shows, made from constants and
// escaping: no script, no template, nothing from elsewhere.
package pages

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"mcp-auth/core/message"
)

// html collects a page. What is not a constant goes through text.
type html struct{ b strings.Builder }

// raw adds markup, which must be a constant of this package.
func (h *html) raw(markup ...string) {
	for _, m := range markup {
		h.b.WriteString(m)
	}
}

// text adds foreign text.
func (h *html) text(s string) { h.b.WriteString(message.EscapeHTML(s)) }

// element adds a tag without attributes around foreign text.
func (h *html) element(tag, s string) {
	h.raw("<", tag, ">")
	h.text(s)
	h.raw("</", tag, ">")
}

// hidden adds a hidden field.
func (h *html) hidden(name, value string) {
	h.raw(`<input type="hidden" name="`, name, `" value="`)
	h.text(value)
	h.raw(`">`)
}

// row adds a term with its description.
func (h *html) row(term string, description func()) {
	h.raw("<div><dt>", term, "</dt><dd>")
	description()
	h.raw("</dd></div>\n")
}

// styleHash lets the one style element in (CSP level 2 section 8.2).
var styleHash = hashOf(style)

// StyleHash is the source that lets the pages' style in, for a policy of
// another page that shows them in a frame.
func StyleHash() string { return styleHash }

func hashOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// page wraps a body. formAction lists where forms may go; empty: nowhere.
func page(status int, title, formAction string, body func(*html)) message.Response {
	var h html
	h.raw(`<!doctype html><html lang="en"><head><meta charset="utf-8">`,
		`<meta name="viewport" content="width=device-width,initial-scale=1">`,
		`<meta name="color-scheme" content="light dark">`)
	h.element("title", title+" · mcp-auth")
	h.raw("<style>", style, "</style></head>\n<body>\n")
	body(&h)
	h.raw("</body></html>\n")
	if formAction == "" {
		formAction = "'none'"
	}
	return message.Response{Status: status, Body: []byte(h.b.String()), Header: message.Header{
		{Name: "Content-Type", Value: "text/html; charset=utf-8"},
		{Name: "Content-Security-Policy", Value: "default-src 'none'; style-src " + styleHash +
			"; form-action " + formAction + "; frame-ancestors 'none'; base-uri 'none'"},
		{Name: "X-Frame-Options", Value: "DENY"},
		{Name: "Referrer-Policy", Value: "same-origin"},
		{Name: "X-Content-Type-Options", Value: "nosniff"},
		{Name: "Cache-Control", Value: "no-store"},
	}}
}

// card is the frame of the small pages: one thing, in the middle.
func card(h *html, who string, inside func()) {
	h.raw(`<main class="card">`)
	brand(h, who)
	inside()
	h.raw("</main>\n")
}

// brand says whose page it is: the server's or the command line program's.
func brand(h *html, who string) {
	h.raw(`<p class="brand"><span class="mark" aria-hidden="true"></span>mcp-auth `)
	h.text(who)
	h.raw("</p>\n")
}

// theServer is the brand of what the authorization server shows.
const theServer = "test server"
