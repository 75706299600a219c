// The run of a login: is one needed, in which mode, as which client?
package command

import (
	"context"
	"errors"
	"slices"
	"time"

	"mcp-auth/core/flow"
	"mcp-auth/core/profile"
)

// A login is one run of the command.
type login struct {
	*globals
	*loginFlags
	url    string
	keeper profile.Keeper
	stored profile.Store
	found  flow.Discovered

	clientAuth   string // how a stored client authenticates
	storedClient bool   // the client was registered here before
	storedIn     profile.Profile
	forgotten    string // a client registered here before that the server does not know any more
	announced    bool
	orRegister   bool        // where there is no client, one is registered
	challenge    flow.Target // what the resource said already
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
		t := l.target(l.url)
		t.Challenge, t.Challenged = l.challenge.Challenge, l.challenge.Challenged
		if l.found, err = l.discover(ctx, t); err != nil {
			return err
		}
		for _, w := range l.found.Warnings {
			l.Notice("Warning: %s", w)
		}
		if l.mode == "" {
			l.mode = l.choose()
		}
	}
	l.say("Using auth mode: %s", l.mode)
	if err := l.pickClient(); err != nil {
		return err
	}
	return l.advise(l.performOnceMore(ctx))
}

// performOnceMore registers again when the server has forgotten the client
// that was registered here before.
func (l *login) performOnceMore(ctx context.Context) error {
	err := l.perform(ctx)
	if !l.storedClient || !l.storedIn.Registered() || !clientUnknown(err) {
		return err
	}
	noteUnknown(l.keeper, l.storedIn, time.Now())
	l.forgotten = l.clientID
	l.clientID, l.clientSecret, l.clientAuth, l.storedClient = "", "", "", false
	l.registerAgain()
	return l.perform(ctx)
}

func (l *login) registerAgain() {
	l.Notice("the server does not know the client %s any more; registering again", l.forgotten)
	l.register = true
}

// advise adds what the flow cannot know: that the client was stored, and
// whether the server registers clients.
func (l *login) advise(err error) error {
	var lapsed *flow.Lapsed
	var no *flow.Refusal
	switch {
	case errors.As(err, &lapsed) && !lapsed.Denied && l.storedClient && l.mode == flow.ModeAuthCode:
		return &advised{err, "run the command again; if the page did not know the application, the server has forgotten the client that is stored here: " + l.newClient()}
	case errors.As(err, &no) && no.Step == "token" && clientUnknown(err) && !l.registers():
		return &advised{err, "check --client-id and --client-secret, and --client-auth where the server wants another way; it registers no clients itself"}
	}
	return err
}

// newClient says how a client is had.
func (l *login) newClient() string {
	how := "--client-id names one that its operator has registered; the server registers none itself"
	if l.registers() {
		how = "--register registers one, --client-id names one"
	}
	switch {
	case l.takesDocuments():
		how += "; --client-metadata-url gives the document of one, which the server takes"
	case l.clientDocument != "":
		how += "; the server takes no metadata documents"
	}
	return how
}

// registers reports whether a server that was found offers registration.
func (l *login) registers() bool {
	return slices.ContainsFunc(l.found.Servers, func(s flow.ServerFound) bool { return s.Metadata.RegistrationEndpoint != "" })
}

// reuse keeps a login that still works, when nothing new was asked for.
func (l *login) reuse(ctx context.Context) (bool, error) {
	p, _, ok := l.stored.ActiveFor(l.url)
	if !ok || l.asked() || p.AuthMode == flow.ModeBearer || !p.Fresh(time.Now()) && (p.RefreshToken == "" || !p.Renewable()) {
		return false, nil
	}
	_, err := l.freshToken(ctx, l.keeper, p.ID, "")
	var no *flow.Refusal
	var broken *flow.Violation
	switch {
	case clientUnknown(err) && !p.Registered():
		return false, &advised{err, otherClient(p)}
	case errors.As(err, &no) && !unavailable(err), errors.As(err, &broken):
		l.Notice("the stored login does not work any more; logging in again")
		l.stored, err = l.keeper.Load() // with what was noted of the client
		return false, err
	case err != nil:
		return false, err
	}
	l.mode = p.AuthMode
	if !l.document(l.outcome(p)) {
		l.say("Already signed in; --force logs in again")
	}
	return true, nil
}

// asked reports whether a flag wants something that the stored login may not
// be.
func (l *login) asked() bool {
	return l.force || l.register || slices.ContainsFunc([]string{l.mode, l.clientID, l.clientSecret, l.clientDocument, l.scope, l.bearer, l.redirect, l.metadata, l.server},
		func(s string) bool { return s != "" })
}

// choose is the mode when none was given: that of a stored login that
// refreshes, of stored or given client credentials, else device, auth-code,
// bearer, whatever the server has first.
func (l *login) choose() string {
	has := func(mode string) bool { return slices.Contains(l.found.Modes, mode) }
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

// otherClient says what helps where the server does not take a client that was
// named by the user.
func otherClient(p profile.Profile) string {
	hint := "give --client-id, and --client-secret where it has one, of a client that the server knows"
	if p.RegistrationEndpoint != "" {
		hint += ", or --register"
	}
	return hint
}

// pickClient takes the given client, else the metadata document where the
// server takes such, else registers one where that is asked for, else takes
// the one registered here before for this issuer and mode, else asks.
func (l *login) pickClient() error {
	if l.mode == flow.ModeBearer || l.mode == flow.ModeWorkload || l.register && l.clientID == "" {
		return nil
	}
	if l.clientID == "" && l.documented() {
		return nil
	}
	if l.clientID == "" {
		l.takeStored()
	}
	if l.clientID == "" && l.forgotten != "" {
		l.registerAgain()
		return nil
	}
	if l.clientID == "" && l.orRegister {
		l.register = true
		return nil
	}
	var err error
	if l.clientID == "" {
		if l.clientID, err = l.Prompt("Client ID: "); errors.Is(err, context.Canceled) {
			return err
		} else if err != nil {
			return usage("%s requires a client_id: %s", flowNames[l.mode], l.newClient())
		}
	}
	if l.mode == flow.ModeClientCreds && l.clientSecret == "" && l.clientKey == "" {
		if l.clientSecret, err = l.Secret("Client secret: "); errors.Is(err, context.Canceled) {
			return err
		} else if err != nil {
			return usage("Client credentials require both client_id and client_secret: give --client-secret, or - to read it from stdin")
		}
	}
	return nil
}

// documented reports whether the metadata document is the client ID here.
func (l *login) documented() bool {
	return l.clientDocument != "" && l.takesDocuments()
}

func (l *login) takesDocuments() bool {
	return slices.ContainsFunc(l.found.Servers, func(s flow.ServerFound) bool { return s.Metadata.ClientIDMetadataDocumentSupported })
}

// takeStored takes the client that was registered here before for this
// resource and mode, the active profile's first. No server but the one that
// knows it is told of it. Where the server has forgotten one, those that have
// not been used since are not tried: in a browser that would end nowhere.
func (l *login) takeStored() {
	kept := slices.DeleteFunc(slices.Clone(l.stored.Profiles), func(p profile.Profile) bool {
		return p.AuthMode != l.mode || p.ClientID == "" || !profile.SameURL(p.ResourceURL, l.url) || !slices.ContainsFunc(l.found.Servers, named(p.Issuer))
	})
	var forgot time.Time
	for _, p := range kept {
		if p.ClientRefusedAt.After(forgot) {
			forgot, l.forgotten = p.ClientRefusedAt, p.ClientID
		}
	}
	active, _, _ := l.stored.ActiveFor(l.url)
	for _, p := range kept {
		if p.ClientRefusedAt.IsZero() && !(p.Registered() && p.LastUsedAt.Before(forgot)) && (l.clientID == "" || l.storedIn.ID != active.ID) {
			l.clientID, l.clientSecret, l.clientAuth, l.storedIn = p.ClientID, p.ClientSecret, p.TokenEndpointAuthMethod, p
		}
	}
	if l.storedClient = l.clientID != ""; l.storedClient {
		i := slices.IndexFunc(l.found.Servers, named(l.storedIn.Issuer))
		l.found.Servers = l.found.Servers[i : i+1]
	}
}

func named(issuer string) func(flow.ServerFound) bool {
	return func(s flow.ServerFound) bool { return s.Issuer == issuer }
}
