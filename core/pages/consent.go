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
	Document    bool // it is described by the document at its identifier
	LocalOnly   bool // every redirect URI in that document is on the user's machine
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
		card(h, theServer, func() {
			h.raw("<h1>Allow ")
			h.element("bdi", shownName(c.ClientName, c.ClientID))
			h.raw(" access?</h1>\n")
			unverified(h, c.Registered, c.ClientName)
			described(h, c.Document, c.ClientID)
			h.raw("<dl>\n")
			client(h, c.ClientID)
			asked(h, c.Resource, c.Scopes)
			answered(h, c.RedirectURI)
			h.raw("</dl>\n")
			if c.Document && c.LocalOnly {
				impersonable(h, c.ClientID)
			} else {
				local(h, c.RedirectURI)
			}
			decide(h, c.Action, c.Transaction, "")
			h.raw(`<p class="muted small">You answer as <code>test-user</code> to <code>`)
			h.text(c.Issuer)
			h.raw(`</code>. This page is valid for `, minutes(c.Minutes), ".</p>\n")
		})
	})
}

func shownName(name, id string) string {
	if name != "" {
		return name
	}
	return id
}

func unverified(h *html, registered bool, name string) {
	switch {
	case registered && name != "":
		h.raw(`<p class="note small"><strong>Name not verified.</strong> This application registered itself and chose its own name.</p>`, "\n")
	case registered:
		h.raw(`<p class="note small"><strong>No name.</strong> This application registered itself and did not say what it is called.</p>`, "\n")
	}
}

// described says what a document proves: who published it, not that the name
// in it is true.
func described(h *html, document bool, id string) {
	if document {
		h.raw(`<p class="note small"><strong>Name not verified.</strong> The application is described by a document at `)
		h.element("strong", redirectHost(id))
		h.raw(": judge it by that host.</p>\n")
	}
}

// impersonable warns where a document proves nothing: any program can receive
// at a loopback address, and so ask in the client's name (MCP authorization,
// localhost redirect URI risks).
func impersonable(h *html, id string) {
	h.raw(`<p class="note small"><strong>Any program on this computer can ask in the name of `)
	h.text(redirectHost(id))
	h.raw(`:</strong> the answer goes to this computer, where programs cannot be told apart. Approve only if you have just started a login yourself.</p>`, "\n")
}

// client names the client; when its identifier is a URL, the host is what a
// person can judge.
func client(h *html, id string) {
	h.row("Client", func() {
		if u, err := message.ParseURL(id); err == nil {
			h.element("strong", u.Host)
			h.raw("<br>")
		}
		h.element("code", id)
	})
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

// answered shows where the answer goes: the host first, then the whole URI.
func answered(h *html, uri string) {
	h.row("The answer goes to", func() {
		h.element("strong", redirectHost(uri))
		h.raw(`<br><span class="mono">`)
		h.text(uri)
		h.raw("</span>")
	})
}

// local warns where the receiver cannot be told apart from another program on
// the same device (RFC 8252 sections 8.4 and 8.6).
func local(h *html, uri string) {
	switch u, err := message.ParseURL(uri); {
	case err != nil:
		h.raw(`<p class="note small"><strong>An app on this device</strong> receives the answer; another one may have claimed its place. Approve only if you have just started a login yourself.</p>`, "\n")
	case u.Loopback():
		h.raw(`<p class="note small"><strong>A program on this computer</strong> receives the answer; any of them could. Approve only if you have just started a login yourself.</p>`, "\n")
	}
}

// decide adds the form with its two buttons.
func decide(h *html, action, transaction, userCode string) {
	h.raw(`<form method="post" action="`)
	h.text(action)
	h.raw("\">\n")
	h.hidden("transaction", transaction)
	if userCode != "" {
		h.hidden("user_code", userCode)
	}
	h.raw(`<div class="buttons"><button type="submit" name="decision" value="deny">Deny</button>`,
		`<button type="submit" class="yes" name="decision" value="approve">Approve</button></div>`, "\n</form>\n")
}

func minutes(n int) string {
	switch {
	case n < 1:
		return "less than a minute"
	case n == 1:
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

// formTarget is a redirect URI as a source of the form-action directive. The
// grammar of host sources has no IPv6 literals (CSP level 3 section 2.3.1),
// and a private-use URI has no host: there the scheme must do.
func formTarget(uri string) string {
	u, err := message.ParseURL(uri)
	if err == nil && !strings.HasPrefix(u.Host, "[") {
		return u.Origin()
	}
	scheme, _, _ := strings.Cut(uri, ":")
	if !message.IsScheme(scheme) {
		return ""
	}
	return scheme + ":"
}
