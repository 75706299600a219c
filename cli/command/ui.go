// Who sits in front of the program while a flow runs.
package command

import (
	"os"
	"time"

	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/native/drive"
)

// quietUI is for flows that need nobody.
type quietUI struct{ g *globals }

func (u quietUI) Visit(string)                              {}
func (u quietUI) Show(oauth.DeviceAuthorization, time.Time) {}
func (u quietUI) Notice(text string)                        { u.g.Notice("%s", text) }
func (u quietUI) Waiting(time.Time) func()                  { return func() {} }

// loginUI tells the user what to do, in the lines of the original program.
type loginUI struct {
	quietUI
	before   func() // prints what is known by now: the registered client
	redirect string // of the listener; empty: none
	pasting  bool   // the redirect may be pasted
	open     bool   // --open-browser
	expires  time.Time
}

// Visit prints the URL alone on its line, last before the wait.
func (u *loginUI) Visit(url string) {
	u.before()
	g := u.g
	if u.redirect != "" {
		g.say("Listening for the authorization callback on %s", u.redirect)
		g.sshHint(u.redirect)
		if u.pasting {
			g.Notice("Or paste the final redirect URL here, if the browser cannot reach this machine.")
		}
	}
	if u.open {
		if err := drive.Open(url); err != nil {
			g.Warn("%v", err)
		}
	}
	g.instruct("Open the authorization URL in a browser")
	g.instruct("%s", url)
	if u.redirect == "" {
		g.Tell("Paste the final redirect URL: ")
	}
}

// sshHint says how a browser elsewhere reaches the listener here.
func (g *globals) sshHint(redirect string) {
	if os.Getenv("SSH_CONNECTION") == "" {
		return
	}
	if u, err := message.ParseURL(redirect); err == nil {
		g.Notice("You are connected by SSH. On the machine with the browser run:  ssh -L %s:127.0.0.1:%s THIS_HOST", u.Port, u.Port)
	}
}

// Show prints how the device is approved.
func (u *loginUI) Show(a oauth.DeviceAuthorization, expires time.Time) {
	u.before()
	g := u.g
	u.expires = expires
	g.say("Device authorization started")
	g.instruct("Visit: %s", a.VerificationURI)
	g.instruct("User code: %s", a.UserCode)
	complete := a.VerificationURIComplete
	if complete == "" {
		complete = a.VerificationURI
	} else if g.verbose > 0 {
		g.Notice("Verification URI complete: %s", complete)
	}
	g.QR(complete)
	g.say("Waiting for device approval")
}

// Waiting counts down where somebody looks.
func (u *loginUI) Waiting(until time.Time) func() {
	g := u.g
	if u.expires.After(until) {
		until = u.expires
	}
	if g.verbose > 0 {
		return func() {}
	}
	return g.Countdown(until)
}
