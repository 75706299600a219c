// The consent page: who asks, for what, with which scope, and where the
// answer goes (RFC 6749 section 10.2, MCP security best practices).
package pages

import (
	"strconv"
	"strings"

	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// Consent is what the page shows.
type Consent struct {
	ClientName  string
	ClientID    string
	Registered  bool // it registered itself: its name is not verified
	Resource    string
	Scopes      []string
	RedirectURI string
	Transaction string
	Action      string // path that the decision is posted to
	Issuer      string
	Minutes     int // for how long the page may be answered
}

// ConsentPage asks the user to approve or deny.
func ConsentPage(c Consent) message.Response {
	// Chromium applies form-action to the redirect that answers the post, so
	// the place where the answer goes must be listed.
	return page(200, "Allow access?", "'self' "+formTarget(c.RedirectURI), func(h *html) {
		card(h, func() {
			h.raw("<h1>Allow ")
			h.element("bdi", shownName(c.ClientName, c.ClientID))
			h.raw(" access?</h1>")
			unverified(h, c.Registered)
			h.raw("<dl>")
			client(h, c.ClientID)
			asked(h, c.Resource, c.Scopes)
			h.row("The answer goes to", func() {
				h.element("strong", redirectHost(c.RedirectURI))
				h.raw(`<br><span class="mono small">`)
				h.text(c.RedirectURI)
				h.raw("</span>")
			})
			h.raw("</dl>")
			if loopback(c.RedirectURI) {
				h.raw(`<p class="note small"><strong>A program on this computer</strong> receives the answer. Approve only if you have just started a login yourself.</p>`)
			}
			decide(h, c.Action, c.Transaction, "")
			h.raw(`<p class="muted small">You answer as <code>test-user</code>. This page is valid for `, minutes(c.Minutes), `.</p>`)
		})
	})
}

func shownName(name, id string) string {
	if name != "" {
		return name
	}
	return id
}

func unverified(h *html, registered bool) {
	if registered {
		h.raw(`<p class="note small"><strong>Name not verified.</strong> This application registered itself and chose its own name.</p>`)
	}
}

func client(h *html, id string) {
	h.row("Client", func() { h.element("code", id) })
}

func asked(h *html, resource string, scopes []string) {
	h.row("Resource", func() { h.element("code", resource) })
	h.row("It will be able to", func() {
		h.raw(`<ul class="scopes">`)
		for _, s := range scopes {
			h.raw("<li>")
			if s == oauth.ScopeAdmin {
				h.raw(`<span class="tag">powerful</span> `)
			}
			h.text(oauth.ScopeWords(s))
			h.raw(" ")
			h.element("code", s)
			h.raw("</li>")
		}
		h.raw("</ul>")
	})
}

// decide adds the form with its two buttons.
func decide(h *html, action, transaction, userCode string) {
	h.raw(`<form method="post" action="`)
	h.text(action)
	h.raw(`">`)
	h.hidden("transaction", transaction)
	if userCode != "" {
		h.hidden("user_code", userCode)
	}
	h.raw(`<div class="buttons"><button type="submit" name="decision" value="deny">Deny</button>`,
		`<button type="submit" class="yes" name="decision" value="approve">Approve</button></div></form>`)
}

func minutes(n int) string {
	if n <= 1 {
		return "a minute"
	}
	return strconv.Itoa(n) + " minutes"
}

// redirectHost is the part of a redirect URI that says who gets the answer.
func redirectHost(uri string) string {
	if u, err := message.ParseURL(uri); err == nil {
		return u.Host
	}
	scheme, _, _ := strings.Cut(uri, ":")
	return "an app that handles " + scheme
}

func loopback(uri string) bool {
	u, err := message.ParseURL(uri)
	return err == nil && u.Loopback()
}

// formTarget is a redirect URI as a source of the form-action directive.
func formTarget(uri string) string {
	if u, err := message.ParseURL(uri); err == nil {
		return u.Origin()
	}
	scheme, _, _ := strings.Cut(uri, ":")
	return scheme + ":"
}
