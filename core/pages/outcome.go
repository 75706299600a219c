// The pages that only tell something: errors, and how a login ended.
package pages

import "mcp-auth/core/message"

// ErrorPage tells a person what went wrong and what to do next. It never
// leads anywhere (RFC 6749 section 4.1.2.1).
func ErrorPage(status int, title, text, next string) message.Response {
	r := outcome(status, false, title, text, next)
	r.Note = title
	return r
}

// CallbackOutcome is how a login ended, as the command line program's
// redirect listener tells the browser.
type CallbackOutcome struct {
	Status int // 200 only when the login goes on
	Title  string
	Text   string
}

// CallbackPage tells the browser the truth about a redirect.
func CallbackPage(o CallbackOutcome) message.Response {
	next := "Nothing was accepted; the login is still waiting."
	if o.Status == 200 {
		next = "You can close this window."
	}
	return outcome(o.Status, o.Status == 200, o.Title, o.Text, next)
}

func outcome(status int, good bool, title, text, next string) message.Response {
	return page(status, title, "", func(h *html) {
		card(h, func() {
			if good {
				h.raw(`<div class="sign ok" aria-hidden="true">✓</div>`)
			} else {
				h.raw(`<div class="sign bad" aria-hidden="true">!</div>`)
			}
			h.element("h1", title)
			h.element("p", text)
			h.raw(`<p class="muted">`)
			h.text(next)
			h.raw("</p>")
		})
	})
}
