// The device pages (RFC 8628 section 3.3): enter the code, see who asks,
// answer, done.
package pages

import "mcp-auth/core/message"

// DeviceEntry is the page where the code is typed.
type DeviceEntry struct {
	Action   string // path that the code is sent to
	UserCode string // what was typed before
	Trouble  string // why it is asked again
}

// DeviceEntryPage asks for the code. After trouble its status is 400.
func DeviceEntryPage(d DeviceEntry) message.Response {
	status := 200
	if d.Trouble != "" {
		status = 400
	}
	return page(status, "Connect a device", "'self'", func(h *html) {
		card(h, func() {
			h.raw("<h1>Connect a device</h1><p>Enter the code that your device or terminal shows.</p>")
			if d.Trouble != "" {
				h.raw(`<p class="note" id="trouble" role="alert">`)
				h.text(d.Trouble)
				h.raw("</p>")
			}
			h.raw(`<form method="get" action="`)
			h.text(d.Action)
			h.raw(`"><label for="user_code">Code</label><input type="text" id="user_code" name="user_code" value="`)
			h.text(d.UserCode)
			h.raw(`" placeholder="XXXX-XXXX" maxlength="20" required autofocus autocomplete="off" autocapitalize="characters" spellcheck="false">`,
				`<div class="buttons"><button type="submit" class="yes">Continue</button></div></form>`,
				`<p class="muted small">Nothing is approved yet: the next page shows who asks.</p>`)
		})
	})
}

// DeviceConfirm is what the confirmation shows.
type DeviceConfirm struct {
	ClientName  string
	ClientID    string
	Registered  bool
	Resource    string
	Scopes      []string
	UserCode    string
	Transaction string
	Action      string
	Minutes     int
}

// DeviceConfirmPage asks the user to approve or deny a device.
func DeviceConfirmPage(d DeviceConfirm) message.Response {
	return page(200, "Allow this device?", "'self'", func(h *html) {
		card(h, func() {
			h.raw("<h1>Allow ")
			h.element("bdi", shownName(d.ClientName, d.ClientID))
			h.raw(` on your device?</h1><p>Does your device show exactly this code?</p><p class="big">`)
			h.text(d.UserCode)
			h.raw("</p>")
			unverified(h, d.Registered)
			h.raw("<dl>")
			client(h, d.ClientID)
			asked(h, d.Resource, d.Scopes)
			h.raw(`</dl><p class="note small"><strong>Did somebody send you this code?</strong> Then deny: they would get your access.</p>`)
			decide(h, d.Action, d.Transaction, d.UserCode)
			h.raw(`<p class="muted small">You answer as <code>test-user</code>. The code is valid for `, minutes(d.Minutes), `.</p>`)
		})
	})
}

// DeviceOutcomePage says what was decided.
func DeviceOutcomePage(approved bool) message.Response {
	if approved {
		return outcome(200, true, "Device approved", "Your device continues by itself within a few seconds.", "You can close this window.")
	}
	return outcome(200, false, "Device denied", "The device gets no access.", "You can close this window.")
}
