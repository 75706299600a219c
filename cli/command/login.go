// mcp-auth login: get a token, and keep it.
package command

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"flag"
	"os"
	"strings"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"

	"mcp-auth/cli/flagset"
	"mcp-auth/core/flow"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/profile"
	"mcp-auth/native/drive"
)

type loginFlags struct {
	targetFlags
	mode                   string
	register               bool
	clientID, clientSecret string
	scope                  string
	redirect               string
	port                   int
	open                   bool
	bearer                 string
	force                  bool
	wait                   time.Duration
}

var authModes = []string{flow.ModeAuthCode, flow.ModeDevice, flow.ModeClientCreds, flow.ModeBearer}

func (l *loginFlags) set(fs *flag.FlagSet) {
	l.targetFlags.set(fs)
	fs.Var(flagset.Enum{To: &l.mode, Words: authModes}, "auth-mode", "`MODE`: auth-code, device, client-creds or bearer; default: what fits")
	fs.BoolVar(&l.register, "register", false, "register a client dynamically (RFC 7591)")
	fs.StringVar(&l.clientID, "client-id", "", "`ID` of a client that is registered already")
	fs.Var(flagset.Secret{To: &l.clientSecret}, "client-secret", "its `SECRET`; - reads it from stdin")
	fs.StringVar(&l.scope, "scope", "", "`SCOPE` to ask for; default: what the server says is needed")
	fs.StringVar(&l.redirect, "redirect-uri", "", "redirect `URI`; one that is not on loopback is pasted by hand")
	fs.IntVar(&l.port, "listen-port", 0, "`PORT` of the callback listener; 0 takes a free one")
	fs.BoolVar(&l.open, "open-browser", false, "open the authorization URL in the browser")
	fs.Var(flagset.Secret{To: &l.bearer}, "bearer-token", "`TOKEN` to keep as it is; - reads it from stdin")
	fs.BoolVar(&l.force, "force", false, "log in even if the stored login still works")
	l.wait = 5 * time.Minute
	fs.Var(flagset.Duration{To: &l.wait}, "wait", "`TIME` to wait for the browser")
}

func newLogin(g *globals) *ffcli.Command {
	l := &loginFlags{}
	var set *flag.FlagSet
	return g.sub("login", "URL [flags]", "log in to a server and keep the token", `Modes
  auth-code     a person approves in a browser (PKCE, RFC 7636)
  device        a person approves on another screen (RFC 8628)
  client-creds  the client itself, with its secret
  bearer        a token you already have

Examples
  mcp-auth login http://127.0.0.1:8765/mcp/oauth --auth-mode auth-code --register
  mcp-auth login http://127.0.0.1:8765/mcp/oauth --auth-mode device --client-id dev-public-client
  mcp-auth login http://127.0.0.1:8765/mcp/oauth --auth-mode client-creds \
      --client-id dev-confidential-client --client-secret dev-confidential-secret`,
		func(fs *flag.FlagSet) { l.set(fs); set = fs },
		func(ctx context.Context, args []string) error {
			if err := arguments(args, "URL"); err != nil {
				return err
			}
			if err := resourceURL(args[0]); err != nil {
				return err
			}
			if err := l.readSecrets(g, set); err != nil {
				return err
			}
			return (&login{globals: g, loginFlags: l, url: args[0]}).run(ctx)
		})
}

// readSecrets reads what - stands for, and warns of secrets that other users
// of the machine can see.
func (l *loginFlags) readSecrets(g *globals, fs *flag.FlagSet) error {
	for _, s := range [...]struct {
		name string
		to   *string
	}{{"client-secret", &l.clientSecret}, {"bearer-token", &l.bearer}} {
		if *s.to == "-" {
			line, err := g.ReadLine()
			if err != nil {
				return usage("--%s -: %v", s.name, err)
			}
			*s.to = line
		} else if *s.to != "" && os.Getenv(flagset.Variable(s.name)) != *s.to {
			g.Notice("note: --%s can be seen by other users of this machine; - reads it from stdin, %s from the environment", s.name, flagset.Variable(s.name))
		}
	}
	return nil
}

// A login is one run of the command.
type login struct {
	*globals
	*loginFlags
	url    string
	keeper profile.Keeper
	stored profile.Store
	found  flow.Discovered

	announced bool
}

func (l *login) run(ctx context.Context) error {
	k, err := l.globals.keeper()
	if err != nil {
		return err
	}
	l.keeper = k
	if l.stored, err = k.Load(); err != nil {
		return err
	}
	l.say("Preparing login for %s", l.url)
	if done, err := l.reuse(ctx); done || err != nil {
		return err
	}
	if l.mode == "" && l.bearer != "" {
		l.mode = flow.ModeBearer
	}
	if l.mode != flow.ModeBearer {
		if l.found, err = l.discover(ctx, l.target(l.url)); err != nil {
			return err
		}
		if l.mode == "" {
			l.mode = l.choose()
		}
	}
	l.say("Using auth mode: %s", l.mode)
	if err := l.pickClient(); err != nil {
		return err
	}
	return l.perform(ctx)
}

// reuse keeps a login that still works, when nothing new was asked for.
func (l *login) reuse(ctx context.Context) (bool, error) {
	p, _, ok := l.stored.ActiveFor(l.url)
	asked := l.mode != "" || l.register || l.clientID != "" || l.scope != "" || l.bearer != "" || l.force || l.metadata != "" || l.server != ""
	if !ok || asked || !(p.Fresh(time.Now()) || p.RefreshToken != "" && p.Renewable()) || p.AuthMode == flow.ModeBearer {
		return false, nil
	}
	if _, err := l.freshToken(ctx, l.keeper, p.ID, ""); err != nil {
		l.Notice("the stored login does not work any more; logging in again")
		return false, nil
	}
	l.say("Already signed in; --force logs in again")
	return true, nil
}

// choose is the mode when none was given: that of a stored login that
// refreshes, of stored or given client credentials, else device, auth-code,
// bearer, whatever the server has first.
func (l *login) choose() string {
	has := func(mode string) bool {
		for _, m := range l.found.Modes {
			if m == mode {
				return true
			}
		}
		return false
	}
	p, _, ok := l.stored.ActiveFor(l.url)
	switch {
	case ok && p.RefreshToken != "" && has(p.AuthMode):
		return p.AuthMode
	case ok && p.AuthMode == flow.ModeClientCreds && p.Renewable() && has(flow.ModeClientCreds):
		return flow.ModeClientCreds
	case l.clientID != "" && l.clientSecret != "" && has(flow.ModeClientCreds):
		return flow.ModeClientCreds
	}
	for _, m := range [...]string{flow.ModeDevice, flow.ModeAuthCode} {
		if has(m) {
			return m
		}
	}
	return flow.ModeBearer
}

// pickClient takes the given client, else the one registered here before for
// this issuer and mode, else registration, else asks.
func (l *login) pickClient() error {
	if l.mode == flow.ModeBearer || l.register && l.clientID == "" {
		return nil
	}
	if l.clientID == "" {
		for _, p := range l.stored.Profiles {
			if p.AuthMode == l.mode && p.ClientID != "" && l.issuedBy(p.Issuer) && profile.SameURL(p.ResourceURL, l.url) {
				l.clientID, l.clientSecret = p.ClientID, p.ClientSecret
			}
		}
	}
	var err error
	if l.clientID == "" {
		if l.clientID, err = l.Prompt("Client ID: "); errors.Is(err, context.Canceled) {
			return err
		} else if err != nil {
			return usage("a client is needed: --register registers one, --client-id names one")
		}
	}
	if l.mode == flow.ModeClientCreds && l.clientSecret == "" {
		if l.clientSecret, err = l.Secret("Client secret: "); errors.Is(err, context.Canceled) {
			return err
		} else if err != nil {
			return usage("Client credentials require both client_id and client_secret: give --client-secret, or - to read it from stdin")
		}
	}
	return nil
}

func (l *login) issuedBy(issuer string) bool {
	for _, s := range l.found.Servers {
		if s.Issuer == issuer {
			return true
		}
	}
	return false
}

// perform runs the flow of the mode and keeps what it leaves.
func (l *login) perform(ctx context.Context) error {
	t := l.target(l.url)
	c := flow.Client{ID: l.clientID, Secret: l.clientSecret, Register: l.register}
	d := l.driver(l.url)
	switch l.mode {
	case flow.ModeBearer:
		return l.bearerLogin(ctx, d)
	case flow.ModeClientCreds:
		f := flow.NewClientCreds(t, c, l.scope)
		f.Found = l.found
		if err := l.globals.run(ctx, d, f); err != nil {
			return err
		}
		l.announce(&f.Login)
		return l.save(f.Login)
	case flow.ModeDevice:
		return l.deviceLogin(ctx, d, t, c)
	}
	return l.codeLogin(ctx, d, t, c)
}

func (l *login) bearerLogin(ctx context.Context, d *drive.Driver) error {
	if l.bearer == "" {
		var err error
		if l.bearer, err = l.Secret("Bearer token: "); errors.Is(err, context.Canceled) {
			return err
		} else if err != nil {
			return usage("Bearer token is required: give --bearer-token, or - to read it from stdin")
		}
	}
	f := &flow.Bearer{ResourceURL: l.url, Token: l.bearer}
	if err := l.globals.run(ctx, d, f); err != nil {
		return err
	}
	return l.save(f.Login)
}

func (l *login) deviceLogin(ctx context.Context, d *drive.Driver, t flow.Target, c flow.Client) error {
	if l.nonInteractive {
		return usage("a device login waits for a person; --non-interactive forbids that")
	}
	f := flow.NewDevice(t, c, l.scope)
	f.Found = l.found
	d.UI = &loginUI{quietUI: quietUI{l.globals}, before: func() { l.announce(&f.Login) }}
	if err := l.globals.run(ctx, d, f); err != nil {
		return err
	}
	return l.save(f.Login)
}

func (l *login) codeLogin(ctx context.Context, d *drive.Driver, t flow.Target, c flow.Client) error {
	if l.nonInteractive {
		return usage("an auth-code login waits for a person; --non-interactive forbids that")
	}
	f := flow.NewAuthCode(t, c, l.scope)
	f.Found, f.Patience, f.RedirectURI = l.found, l.wait, l.redirect
	var err error
	if f.Verifier, err = oauth.NewVerifier(rand.Reader); err != nil {
		return err
	}
	if f.StateValue, err = oauth.RandomText(rand.Reader, 16); err != nil {
		return err
	}
	ui := &loginUI{quietUI: quietUI{l.globals}, before: func() { l.announce(&f.Login) }, open: l.open}
	d.UI = ui
	if err := l.listen(d, f, ui); err != nil {
		return err
	}
	defer d.Callback.Wait()
	if err := l.globals.run(ctx, d, f); err != nil {
		return err
	}
	return l.save(f.Login)
}

// listen binds the listener before anything is printed, or lets the user
// paste the redirect.
func (l *login) listen(d *drive.Driver, f *flow.AuthCode, ui *loginUI) error {
	if f.RedirectURI == "" {
		f.RedirectURI = "http://127.0.0.1:" + message.Decimal(int64(l.port)) + "/callback"
	}
	u, err := message.ParseURL(strings.Replace(f.RedirectURI, ":0/", "/", 1))
	if err != nil {
		return usage("--redirect-uri: %v", err)
	}
	if !u.Loopback() {
		d.Pasted = l.paste()
		return nil
	}
	if u.Port == "" && l.redirect != "" {
		return usage("--redirect-uri on loopback must carry a port: it is where the callback listener waits")
	}
	if d.Callback, err = drive.Listen(f.RedirectURI); err != nil {
		return err
	}
	f.RedirectURI = d.Callback.RedirectURI
	ui.redirect = f.RedirectURI
	if l.InTTY() { // a browser elsewhere may end on an address that nobody serves
		d.Pasted = l.paste()
	}
	return nil
}

// paste reads redirect URLs that the user pasted.
func (l *login) paste() <-chan string {
	out := make(chan string)
	if l.InTTY() {
		l.Notice("Paste the final redirect URL here if the browser cannot reach this machine.")
	} else {
		l.Notice("Paste the final redirect URL: ")
	}
	go func() {
		for {
			line, err := l.ReadLine()
			if err != nil {
				return
			}
			out <- line
		}
	}()
	return out
}

// announce prints the registered client, once.
func (l *login) announce(r *flow.Login) {
	if l.announced || r.Client.Raw == nil {
		return
	}
	l.announced = true
	kind := map[string]string{flow.ModeAuthCode: "public", flow.ModeDevice: "device", flow.ModeClientCreds: "confidential"}[l.mode]
	l.say("Registered %s client %s", kind, r.Client.ClientID)
}

// save keeps the login as the active profile of the resource.
func (l *login) save(r flow.Login) error {
	id, err := newID()
	if err != nil {
		return err
	}
	p := l.profile(id, r)
	if err := l.keeper.Update(func(s *profile.Store) error { id = s.Put(p); return nil }); err != nil {
		return err
	}
	if !l.document(message.Obj(message.M("profile_id", message.Str(id)), message.M("resource_url", message.Str(l.url)),
		message.M("auth_mode", message.Str(l.mode)), message.M("client_id", message.Str(p.ClientID)), message.M("scope", message.Str(p.Scope)))) {
		l.Line("Saved active profile %s for %s", id, l.url)
	}
	return nil
}

func newID() (string, error) {
	b := make([]byte, 16)
	_, err := rand.Read(b)
	return hex.EncodeToString(b), err
}

func (l *login) profile(id string, r flow.Login) profile.Profile {
	m := r.Server.Metadata
	p := profile.Profile{ID: id, ResourceURL: l.url, Resource: r.ResourceID, AuthMode: l.mode, Issuer: r.Server.Issuer, ServerMetadataURL: r.Server.MetadataURL,
		TokenEndpoint: m.TokenEndpoint, AuthorizationEndpoint: m.AuthorizationEndpoint, DeviceEndpoint: m.DeviceAuthorizationEndpoint,
		RegistrationEndpoint: m.RegistrationEndpoint, RevocationEndpoint: m.RevocationEndpoint, IntrospectionEndpoint: m.IntrospectionEndpoint,
		ClientID: r.Client.ClientID, ClientSecret: r.Client.ClientSecret, TokenEndpointAuthMethod: r.AuthMethod, RedirectURI: r.RedirectURI,
		DynamicClientRegistration: r.Client.Raw, RequestedScope: r.RequestedScope, CreatedAt: r.At}
	return p.Renewed(r.Token, r.At)
}
