// Step-up: what to do when a request is refused for its token, and when to
// stop (MCP authorization, scope challenge handling; RFC 6750 section 3.1).
package flow

import (
	"errors"
	"slices"

	"mcp-auth/core/oauth"
)

// MaxAuthorizations is how often one request may send the user to log in.
const MaxAuthorizations = 3

// A Move is what a refused request leads to.
type Move string

const (
	GiveUp    Move = "give up"
	Renewal   Move = "renew the token"
	Authorize Move = "log in"
)

// An Ascent is one request's way to a token that is enough. It is a value:
// where it stands after a refusal is for its caller to do.
type Ascent struct {
	Scope   string  // asked for so far; once Authorize is the move, to ask for
	Refused Refusal // the last one

	renewed        bool
	authorizations int
}

// After says what to do after a request failed with err. renewable says that
// a new token can be had without the user. A scope that is asked for stays
// asked for: the new scope is the union.
func (a *Ascent) After(err error, renewable bool) Move {
	var no *Refusal
	if !errors.As(err, &no) || !no.Challenged {
		return GiveUp
	}
	a.Refused = *no
	var e *oauth.Error
	short := errors.As(err, &e) && e.Code == oauth.InsufficientScope
	if no.Status == 401 && renewable && !a.renewed {
		a.renewed = true
		return Renewal
	}
	if !short && no.Status != 401 || a.authorizations == MaxAuthorizations {
		return GiveUp
	}
	a.authorizations++
	if short { // a refreshed token would have no more scope than this one
		a.Scope = union(a.Scope, no.Challenge.Scope)
	}
	return Authorize
}

func union(had, wanted string) string {
	h, _ := oauth.ParseScope(had)
	w, err := oauth.ParseScope(wanted)
	if err != nil {
		return had
	}
	return h.Union(w).String()
}

// Next is the target to log in to: the challenge says where to begin.
func (a *Ascent) Next(t Target) Target {
	t.Challenge, t.Challenged = a.Refused.Challenge, true
	return t
}

// ToAsk is the scope to log in with: nothing before a scope was missing, so
// that the challenge decides.
func (a *Ascent) ToAsk() string {
	if a.Refused.Status == 403 {
		return a.Scope
	}
	return ""
}

// offline adds offline_access where the server lists it, so that it may give
// a refresh token (MCP authorization, refresh tokens). Nothing is added to a
// scope that the user chose, nor to one that is left to the server.
func offline(scope string, supported []string) string {
	const value = "offline_access"
	if scope == "" || !slices.Contains(supported, value) {
		return scope
	}
	return union(scope, value)
}
