// Package trace holds the one list of what happened. Everything a person sees
// (--verbose, the page, HAR, goldens, verdicts) is a function of []Event.
// Only flows and the server append to it, never an adapter.
package trace

import (
	"time"

	"mcp-auth/core/message"
)

// An Event is one thing that happened. Events are numbered from 1.
type Event struct {
	N    int
	At   time.Time
	Kind Kind
	Step string // stable id of the exchange or rule: "token.code", "discover.resource"

	// Message kinds: who sent to whom, and what.
	From, To Party
	Request  *message.Request
	Response *message.Response

	Note string // one line for people, lower case, no full stop
	Cite string // "RFC 9207 section 2.4"

	Check   *Check   // KindCheck
	Tried   *Tried   // KindTried
	Outcome *Outcome // KindVerdict
	Params  []Param  // KindInternal: values that were made
}

// A Kind says what an Event is.
type Kind string

const (
	KindRequest  Kind = "request"  // Request is set
	KindResponse Kind = "response" // Response is set; it answers the last request event
	KindNavigate Kind = "navigate" // the user agent goes to Request.URL
	KindInternal Kind = "internal" // made or decided inside one party
	KindCheck    Kind = "check"    // a rule was applied
	KindTried    Kind = "tried"    // a candidate URL was tried
	KindState    Kind = "state"    // a machine or record changed: Note is "from -> to"
	KindTrouble  Kind = "trouble"  // the world failed: no answer came
	KindVerdict  Kind = "verdict"  // how it ended
)

// A Party is one of the protocol's roles.
type Party string

const (
	Client              Party = "client"
	UserAgent           Party = "browser"
	AuthorizationServer Party = "authorization server"
	Resource            Party = "resource"
	ClientSite          Party = "client's site" // where a client publishes its metadata document
)

// A Check is one rule and what was found.
type Check struct {
	ID        string // stable: "iss.equal"
	Level     string // MUST, SHOULD, MAY
	Want, Got string
	OK        bool
}

// Tried is one candidate of a discovery order and what came of it.
type Tried struct {
	URL     string
	Rule    string // which rule made it a candidate
	Outcome string // "ok", "404", "issuer differs: ..."
}

// A Param is one protocol value in a message.
type Param struct {
	Name, Value string
	Role        string // made, sent, echoed, compared, consumed
}

// An Outcome is how a flow ended, and what decided it.
type Outcome struct {
	Kind      Ending
	Step      string // of the message it is about; empty when all went well
	Code      string // Refused, Denied: the OAuth error code
	Want, Got string // Violated: what the rule asks for, and what came
	Hint      string // what to do next
	Due       bool   // the failure had to come: it is the defence that was shown
}

// An Ending is one of the ways a flow can end.
type Ending string

const (
	Ended       Ending = "done"
	Violated    Ending = "violation" // the peer broke a rule
	Refused     Ending = "refused"   // the peer said no by the book
	Denied      Ending = "denied"    // the user said no
	Lapsed      Ending = "lapsed"    // the user let the time run out
	Interrupted Ending = "interrupted"
)
