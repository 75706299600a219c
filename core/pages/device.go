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
		card(h, theServer, func() {
			h.raw("<h1>Connect a device</h1>\n<p>Enter the code that your device or terminal shows.</p>\n")
			described := "hint"
			if d.Trouble != "" {
				described = "trouble hint"
				h.raw(`<p class="note" id="trouble" role="alert">`)
				h.text(d.Trouble)
				h.raw("</p>\n")
			}
			h.raw(`<form method="get" action="`)
			h.text(d.Action)
			h.raw("\">\n")
			codeField(h, d.UserCode, described)
			h.raw(`<div class="buttons"><button type="submit" class="yes">Continue</button></div>`,
				"\n</form>\n", `<p class="muted small">Nothing is approved yet: the next page shows who asks.</p>`, "\n")
		})
	})
}

// codeField accepts what the server does: any case, dashes and spaces
// anywhere.
func codeField(h *html, typed, described string) {
	h.raw(`<label for="user_code">Code</label>`, "\n",
		`<input type="text" id="user_code" name="user_code" aria-describedby="`, described, `" value="`)
	h.text(typed)
	h.raw(`" placeholder="XXXX-XXXX" maxlength="20" pattern="[A-Za-z \-]{8,20}" title="eight letters, as your device shows them"`,
		` required autofocus autocomplete="off" autocapitalize="characters" spellcheck="false">`, "\n",
		`<p class="muted small" id="hint">Eight letters. Capitals, the dash and spaces do not matter.</p>`, "\n")
}

// DeviceConfirm is what the confirmation shows.
type DeviceConfirm struct {
	ClientName  string
	ClientID    string
	Registered  bool
	Document    bool
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
		card(h, theServer, func() {
			h.raw("<h1>Allow ")
			h.element("bdi", shownName(d.ClientName, d.ClientID))
			h.raw(" on your device?</h1>\n<p>Does your device show exactly this code?</p>\n", `<p class="big">`)
			h.text(d.UserCode)
			h.raw("</p>\n", `<p class="note small"><strong>Did somebody send you this code?</strong> Then deny: they would get your access.</p>`, "\n")
			unverified(h, d.Registered, d.ClientName)
			described(h, d.Document, d.ClientID)
			h.raw("<dl>\n")
			client(h, d.ClientID)
			asked(h, d.Resource, d.Scopes)
			h.raw("</dl>\n")
			decide(h, d.Action, d.Transaction, d.UserCode)
			h.raw(`<p class="muted small">You answer as <code>test-user</code>. The code is valid for `, minutes(d.Minutes), ".</p>\n")
		})
	})
}

// DeviceOutcomePage says what was decided.
func DeviceOutcomePage(approved bool) message.Response {
	if approved {
		return outcome(200, theServer, true, "Device approved", "Your device continues by itself within a few seconds.", closeWindow)
	}
	return outcome(200, theServer, false, "Device denied", "The device gets no access.", closeWindow)
}
