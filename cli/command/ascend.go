// Logging in because a call needs it: no token yet, one that is refused, or
// one with too little scope.
package command

import (
	"context"
	"errors"

	"mcp-auth/core/flow"
	"mcp-auth/core/message"
	"mcp-auth/core/profile"
)

// stepUps are the ways to deal with a call that needs a login.
var stepUps = []string{"ask", "auto", "never"}

// errands is one call with whatever it takes to get through.
type errand struct {
	*globals
	*callFlags
	keeper  profile.Keeper
	url     string
	profile profile.Profile // zero: there is none yet
	ascent  flow.Ascent
	spoken  string // what the call learned of the server's revision
}

// run calls until there is a reply, or nothing is left to try.
func (e *errand) run(ctx context.Context, blank flow.Call) (message.Value, error) {
	e.ascent.Scope = e.profile.RequestedScope
	refused := ""
	for {
		f := blank
		f.Last = e.profile.Protocol
		var err error
		if e.profile.ID != "" {
			if f.Token, err = e.freshToken(ctx, e.keeper, e.profile.ID, refused); err != nil && !e.mayLogIn(ctx) {
				return message.Value{}, err
			}
		}
		if err == nil {
			f.Bound = len(e.profile.DPoPKey) > 0
			f.Prover, err = proverOf(e.profile)
		}
		if err == nil {
			err = e.globals.run(ctx, e.driver(f.ResourceURL), &f)
		}
		if err == nil {
			e.spoken = f.Learned()
			return withoutToken(f.Reply, f.Token), nil
		}
		switch e.ascent.After(err, e.profile.Renewable()) {
		case flow.Renewal:
			refused = f.Token
		case flow.Authorize:
			if !e.mayLogIn(ctx) {
				return message.Value{}, e.without(err)
			}
			if err := e.logIn(ctx); err != nil {
				return message.Value{}, err
			}
			refused = ""
		default:
			return message.Value{}, err
		}
	}
}

// without is the error of a call without a profile: then it is not the
// refusal that matters.
func (e *errand) without(err error) error {
	if e.profile.ID != "" {
		return err
	}
	_, none := e.active(e.keeper, e.url)
	return errors.Join(none)
}

// mayLogIn asks, where somebody is there to answer.
func (e *errand) mayLogIn(ctx context.Context) bool {
	switch e.stepUp {
	case "auto":
		return true
	case "never":
		return false
	}
	if !e.InTTY() || e.nonInteractive {
		return false
	}
	want := "to log in"
	if scope := e.ascent.Refused.Challenge.Scope; scope != "" {
		want = "the scope " + message.PrintableLine(scope)
	}
	answer, err := e.Prompt("The server wants " + want + ". Log in now? [y/N] ")
	return err == nil && (answer == "y" || answer == "yes")
}

// logIn logs in where the challenge says, for all that was asked for before
// and what is missing now.
func (e *errand) logIn(ctx context.Context) error {
	e.aside = true
	l := &login{globals: e.globals, url: e.url, keeper: e.keeper, orRegister: true, challenge: e.ascent.Next(flow.Target{}),
		loginFlags: &loginFlags{clientFlags: e.clientFlags, browserFlags: e.browserFlags, mode: e.mode(), scope: e.ascent.ToAsk(), force: true}}
	if err := l.run(ctx); err != nil {
		return err
	}
	var err error
	e.profile, err = e.active(e.keeper, e.url)
	e.ascent.Scope = e.profile.RequestedScope
	return err
}

// mode is the stored login's, else the browser's.
func (e *errand) mode() string {
	switch e.profile.AuthMode {
	case flow.ModeDevice, flow.ModeClientCreds:
		return e.profile.AuthMode
	}
	return flow.ModeAuthCode
}
