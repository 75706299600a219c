// A token for an assertion that somebody else signed: the platform a workload
// runs on (RFC 7523 section 2.1, MCP workload identity federation).
package flow

import (
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/oauth"
)

// Workload logs in with the assertion that its platform gave it. It asks once:
// a refused assertion is not sent again, and no other grant is tried. Its
// outcome is Login.
type Workload struct {
	loginer
	Assertion string
}

// NewWorkload makes the flow. The client may be without an ID.
func NewWorkload(t Target, c Client, scope, assertion string) *Workload {
	return &Workload{loginer: loginer{seeker: seeker{Target: t}, Client: c, Scope: scope}, Assertion: assertion}
}

// WorkloadRows is the table of Workload.
var WorkloadRows = append(seeking(func(f *Workload) *seeker { return &f.seeker }, (*Workload).discovered, nil, Requesting),
	Row[Workload]{Requesting, OnResponse, []State{Requesting, Finished, Failed}, "RFC 7523 section 2.1", (*Workload).answered},
	Row[Workload]{Requesting, OnTrouble, []State{Failed}, "", troubled[Workload]},
)

// Step implements Flow.
func (f *Workload) Step(now time.Time, ev Event) ([]Effect, error) {
	return step(f, &f.machine, WorkloadRows, now, ev)
}

func (f *Workload) discovered() []Effect {
	if effects := f.choose(ModeWorkload); effects != nil {
		return effects
	}
	f.Login.Client = oauth.Registration{ClientID: f.ID, ClientSecret: f.Secret}
	return f.askToken(Requesting, exchange.TokenRequest{GrantType: oauth.GrantJWTBearer, Assertion: f.Assertion, Scope: f.Login.RequestedScope})
}

func (f *Workload) answered(ev Event) []Effect { return f.tokenAnswered(ev) }
