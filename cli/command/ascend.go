// Logging in because a call needs it: no token yet, one that is refused, or
// one with too little scope.
package command

import (
	"context"
	"errors"
	"time"

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
	refused string // the token that the resource did not take
	retried bool   // a login has taken the place of a renewal that failed
}

// run calls until there is a reply, or nothing is left to try. A token that
// was refused and not replaced is no reason for the next login to keep it.
func (e *errand) run(ctx context.Context, blank flow.Call) (message.Value, error) {
	e.ascent.Scope = e.profile.RequestedScope
	reply, err := e.climb(ctx, blank)
	if err != nil && e.refused != "" {
		noteRefused(e.keeper, e.profile.ID, e.refused, time.Now())
	}
	return reply, err
}

func (e *errand) climb(ctx context.Context, blank flow.Call) (message.Value, error) {
	for {
		f := blank
		f.Last = e.profile.Protocol
		var err error
		if e.profile.ID != "" {
			f.Token, err = e.freshToken(ctx, e.keeper, e.profile.ID, e.refused)
		}
		if err != nil {
			if e.retried || !loginHelps(err) || !e.mayLogIn(ctx) {
				return message.Value{}, err
			}
			e.retried = true
			if err := e.logIn(ctx); err != nil {
				return message.Value{}, err
			}
			continue
		}
		f.Bound, f.Scope = len(e.profile.DPoPKey) > 0, e.profile.RequestedScope
		if f.Prover, err = proverOf(e.profile); err == nil {
			err = e.globals.run(ctx, e.driver(f.ResourceURL), &f)
		}
		if err == nil {
			e.spoken = f.Learned()
			return withoutToken(f.Reply, f.Token), nil
		}
		if refusesToken(err) {
			e.refused = f.Token
		}
		switch e.ascent.After(err, e.profile.Renewable()) {
		case flow.Renewal:
		case flow.Authorize:
			if !e.mayLogIn(ctx) {
				return message.Value{}, e.without(err)
			}
			if err := e.logIn(ctx); err != nil {
				return message.Value{}, err
			}
		default:
			return message.Value{}, err
		}
	}
}

// refusesToken reports whether the resource says that the token is no good.
func refusesToken(err error) bool {
	var no *flow.Refusal
	return errors.As(err, &no) && no.Challenged && no.Status == 401
}

// loginHelps reports whether a login may bring what a renewal did not: where
// no answer came, or none for now, it would not either.
func loginHelps(err error) bool {
	var needed *loginNeeded
	var no *flow.Refusal
	return errors.As(err, &needed) || errors.As(err, &no) && !unavailable(err)
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
	want := "a login"
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
	challenge := flow.Target{}
	if e.ascent.Refused.Challenged {
		challenge = e.ascent.Next(challenge)
	}
	l := &login{globals: e.globals, url: e.url, keeper: e.keeper, orRegister: true, challenge: challenge,
		loginFlags: &loginFlags{clientFlags: e.clientFlags, browserFlags: e.browserFlags, mode: e.mode(), scope: e.ascent.ToAsk(), force: true}}
	if err := l.run(ctx); err != nil {
		return err
	}
	var err error
	e.profile, err = e.active(e.keeper, e.url)
	e.refused = ""
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
