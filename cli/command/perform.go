// The flow of a login's mode, and who takes part in it.
package command

import (
	"context"
	"crypto/rand"
	"errors"

	"mcp-auth/cli/terminal"
	"mcp-auth/core/flow"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/native/drive"
)

// perform runs the flow of the mode and keeps what it leaves.
func (l *login) perform(ctx context.Context) error {
	t := l.target(l.url)
	c := flow.Client{ID: l.clientID, Secret: l.clientSecret, AuthMethod: l.clientAuth, Document: l.clientDocument, Register: l.register}
	if l.authMethod != "" && l.authMethod != "auto" {
		c.AuthMethod = l.authMethod
	}
	p, err := l.prover()
	if err != nil {
		return err
	}
	d := l.driver(l.url)
	l.tokenRequest = exchangeNames[l.mode]
	switch l.mode {
	case flow.ModeBearer:
		return l.bearerLogin(ctx, d)
	case flow.ModeClientCreds:
		f := flow.NewClientCreds(t, c, l.scope)
		f.Found, f.Prover = l.found, p
		if err := l.globals.run(ctx, d, f); err != nil {
			return err
		}
		l.announce(&f.Login)
		return l.save(f.Login, f.Prover)
	case flow.ModeDevice:
		return l.deviceLogin(ctx, d, t, c, p)
	case flow.ModeWorkload:
		return l.workloadLogin(ctx, d, t, c, p)
	case flow.ModeEnterprise:
		return l.enterpriseLogin(ctx, d, t, c, p)
	}
	return l.codeLogin(ctx, d, t, c, p)
}

func (l *login) bearerLogin(ctx context.Context, d *drive.Driver) error {
	if l.bearer == "" {
		var err error
		if l.bearer, err = l.Secret("Bearer token: "); errors.Is(err, context.Canceled) {
			return err
		} else if err != nil {
			return usage("Bearer token is required: give --bearer-token, or - to read it from stdin")
		}
		if err := checkBearer(l.bearer); err != nil {
			return err
		}
	}
	f := &flow.Bearer{ResourceURL: l.url, Token: l.bearer}
	if err := l.globals.run(ctx, d, f); err != nil {
		return err
	}
	return l.save(f.Login, flow.Prover{})
}

func (l *login) deviceLogin(ctx context.Context, d *drive.Driver, t flow.Target, c flow.Client, p flow.Prover) error {
	if l.nonInteractive {
		return usage("a device login waits for a person; --non-interactive forbids that")
	}
	f := flow.NewDevice(t, c, l.scope)
	f.Found, f.Prover = l.found, p
	d.UI = &loginUI{quietUI: quietUI{l.globals}, before: func() { l.announce(&f.Login) }}
	if err := l.globals.run(ctx, d, f); err != nil {
		return err
	}
	return l.save(f.Login, f.Prover)
}

func (l *login) codeLogin(ctx context.Context, d *drive.Driver, t flow.Target, c flow.Client, p flow.Prover) error {
	if l.nonInteractive {
		return usage("an auth-code login waits for a person; --non-interactive forbids that")
	}
	f := flow.NewAuthCode(t, c, l.scope)
	f.Found, f.Patience, f.RedirectURI, f.Prover = l.found, l.wait, l.redirect, p
	var err error
	if f.Verifier, err = oauth.NewVerifier(rand.Reader); err != nil {
		return err
	}
	if f.StateValue, err = oauth.RandomText(rand.Reader, 16); err != nil {
		return err
	}
	ui := &loginUI{quietUI: quietUI{l.globals}, before: func() { l.announce(&f.Login) }, open: l.open}
	d.UI = ui
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := l.listen(ctx, d, f, ui); err != nil {
		return err
	}
	defer d.Callback.Wait()
	err = l.globals.run(ctx, d, f)
	if errors.Is(err, drive.ErrNotInteractive) {
		return usage("the final redirect URL is read from stdin, which ended without it")
	}
	if err != nil {
		return err
	}
	return l.save(f.Login, f.Prover)
}

// listen binds the listener before anything is printed, or lets the user
// paste the redirect. Where somebody types, both may bring it: a browser
// elsewhere may end on an address that nobody serves.
func (l *login) listen(ctx context.Context, d *drive.Driver, f *flow.AuthCode, ui *loginUI) error {
	if f.RedirectURI == "" {
		f.RedirectURI = l.ownRedirect(l.port)
	}
	u, err := message.ParseURL(anyPort(f.RedirectURI))
	here := err == nil && u.Scheme == "http" // then it is on loopback: check has seen to it
	if !here || l.InTTY() {
		ui.pasting, d.Pasted = true, l.paste(ctx)
	}
	if !here {
		return nil
	}
	d.Callback, err = drive.Listen(f.RedirectURI)
	if err != nil && l.redirect == "" && l.port == 0 && u.Port != "" {
		l.Notice("port %s, which the client is registered with, is taken; the listener has another, which the server must allow (RFC 8252 section 7.3)", u.Port)
		d.Callback, err = drive.Listen(withPort(u, 0))
	}
	if err != nil {
		return err
	}
	f.RedirectURI = d.Callback.RedirectURI
	ui.redirect = f.RedirectURI
	return nil
}

// ownRedirect is the redirect URI where none was given: that of a client that
// is stored, since it is registered for that one, its port included where a
// server compares it; else one on loopback. Port 0 leaves the choice.
func (l *login) ownRedirect(port int) string {
	kept := l.storedIn.RedirectURI
	if !l.storedClient || oauth.RegistrableRedirect(kept) != nil {
		return withPort(message.URL{Host: "127.0.0.1", Path: "/callback"}, port)
	}
	if u, err := message.ParseURL(kept); err == nil && u.Scheme == "http" && port != 0 {
		return withPort(u, port)
	}
	return kept
}

// withPort is a redirect URI on loopback with another port.
func withPort(u message.URL, port int) string {
	return "http://" + u.Host + ":" + message.Decimal(int64(port)) + u.Path
}

// paste reads redirect URLs that the user pasted.
func (l *login) paste(ctx context.Context) <-chan string {
	out := make(chan string)
	go func() {
		defer close(out)
		for {
			line, err := l.ReadLine()
			if errors.Is(err, terminal.ErrEmpty) {
				continue
			}
			if err != nil {
				return
			}
			select {
			case out <- line:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}
