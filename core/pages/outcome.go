// The pages that only tell something: errors, and how a login ended.
package pages

import "mcp-auth/core/message"

const closeWindow = "You can close this window."

// ErrorPage tells a person what went wrong and what to do next. It never
// leads anywhere (RFC 6749 section 4.1.2.1).
func ErrorPage(status int, title, text, next string) message.Response {
	r := outcome(status, theServer, false, title, text, next)
	r.Note = title
	return r
}

// CallbackOutcome is what the command line program's redirect listener tells
// the browser.
type CallbackOutcome struct {
	Status int // 200 only when the login goes on
	Title  string
	Text   string
	Ended  bool // the login is over without success
}

// CallbackPage tells the browser the truth about a redirect.
func CallbackPage(o CallbackOutcome) message.Response {
	next := "Nothing was accepted; the login is still waiting."
	switch {
	case o.Ended:
		next = "The login has ended: the terminal says why. " + closeWindow
	case o.Status == 200:
		next = closeWindow
	}
	return outcome(o.Status, "login", o.Status == 200, o.Title, o.Text, next)
}

func outcome(status int, who string, good bool, title, text, next string) message.Response {
	return page(status, title, "", func(h *html) {
		card(h, who, func() {
			if good {
				h.raw(`<div class="sign ok" aria-hidden="true">✓</div>`)
			} else {
				h.raw(`<div class="sign bad" aria-hidden="true">!</div>`)
			}
			h.raw("\n")
			h.element("h1", title)
			h.raw("\n")
			h.element("p", text)
			h.raw("\n", `<p class="muted">`)
			h.text(next)
			h.raw("</p>\n")
		})
	})
}
