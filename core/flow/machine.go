// The machine under every flow: a table of rows, and Step which reads it.
package flow

import (
	"errors"
	"slices"
	"time"

	"mcp-auth/core/message"
	"mcp-auth/core/trace"
)

// A State says what a machine waits for.
type State string

const (
	Idle             State = "Idle"
	Probing          State = "Probing"
	FetchingResource State = "FetchingResource"
	FetchingServer   State = "FetchingServer"
	Registering      State = "Registering"
	Pushing          State = "Pushing"
	AwaitingCallback State = "AwaitingCallback"
	Exchanging       State = "Exchanging"
	StartingDevice   State = "StartingDevice"
	AwaitingPoll     State = "AwaitingPoll"
	Polling          State = "Polling"
	Requesting       State = "Requesting"
	Federating       State = "Federating"
	Listing          State = "Listing"
	Initializing     State = "Initializing"
	Announcing       State = "Announcing"
	AwaitingRetry    State = "AwaitingRetry"
	Resuming         State = "Resuming"
	Calling          State = "Calling"
	Finished         State = "Finished"
	Failed           State = "Failed"
)

// A Kind says what kind of event a row is about.
type Kind string

const (
	OnStart    Kind = "Start"
	OnResponse Kind = "Response"
	OnCallback Kind = "Callback"
	OnTimer    Kind = "Timer"
	OnTrouble  Kind = "Trouble"
)

func kindOf(ev Event) Kind {
	switch ev.(type) {
	case Start:
		return OnStart
	case Response:
		return OnResponse
	case Callback:
		return OnCallback
	case Timer:
		return OnTimer
	}
	return OnTrouble
}

// A Row is one transition: in From, on an event of kind On, Do is done and
// leaves the machine in one of To. Ruled cites what asks for it.
type Row[F any] struct {
	From  State
	On    Kind
	To    []State
	Ruled string
	Do    func(f *F, ev Event) []Effect
}

// machine is what every flow has. It is copied with the flow.
type machine struct {
	state State
	log   trace.Log
	now   time.Time
	sent  Send // the Send that was not answered yet
}

// State returns what the machine waits for.
func (m *machine) State() State {
	if m.state == "" {
		return Idle
	}
	return m.state
}

// Trace implements Flow.
func (m *machine) Trace() []trace.Event { return m.log.Events() }

// step looks up the row and does it. An event without a row, and a row that
// leads where its table does not say, change nothing.
func step[F any](f *F, m *machine, rows []Row[F], now time.Time, ev Event) ([]Effect, error) {
	from, on := m.State(), kindOf(ev)
	i := slices.IndexFunc(rows, func(r Row[F]) bool { return r.From == from && r.On == on })
	if i < 0 {
		return nil, errors.New("no " + string(on) + " is expected in state " + string(from))
	}
	before := *f
	m.now = now
	m.happened(ev)
	effects := rows[i].Do(f, ev)
	to := m.State()
	if !slices.Contains(rows[i].To, to) {
		*f = before
		return nil, errors.New("the table has no way from " + string(from) + " on " + string(on) + " to " + string(to))
	}
	if to != from {
		m.log.Add(now, trace.Event{Kind: trace.KindState, Note: string(from) + " -> " + string(to), Cite: rows[i].Ruled})
	}
	m.ordered(effects)
	return effects, nil
}

// happened writes an event into the trace.
func (m *machine) happened(ev Event) {
	switch ev := ev.(type) {
	case Response:
		m.log.Add(m.now, trace.Event{Kind: trace.KindResponse, Step: m.sent.Step, From: partyOf(m.sent.Step), To: trace.Client, Response: &ev.Response})
	case Trouble:
		m.log.Add(m.now, trace.Event{Kind: trace.KindTrouble, Step: m.sent.Step, Note: "no answer from " + m.sent.Request.URL + ": " + ev.Err.Error()})
	case Callback:
		m.log.Add(m.now, trace.Event{Kind: trace.KindRequest, Step: stepCallback, From: trace.UserAgent, To: trace.Client, Request: &ev.Request})
	}
}

// ordered writes effects into the trace.
func (m *machine) ordered(effects []Effect) {
	for _, e := range effects {
		switch e := e.(type) {
		case Send:
			m.sent = e
			m.log.Add(m.now, trace.Event{Kind: trace.KindRequest, Step: e.Step, From: trace.Client, To: partyOf(e.Step), Request: &e.Request})
		case Visit:
			m.log.Add(m.now, trace.Event{Kind: trace.KindNavigate, Step: stepAuthorize, From: trace.UserAgent, To: trace.AuthorizationServer,
				Request: &message.Request{Method: "GET", URL: e.URL}})
		case Answer:
			m.log.Add(m.now, trace.Event{Kind: trace.KindResponse, Step: stepCallback, From: trace.Client, To: trace.UserAgent, Response: &e.Response})
		case Notice:
			m.note(e.Text, "")
		case Done:
			m.log.Add(m.now, trace.Event{Kind: trace.KindVerdict, Note: "done", Outcome: &trace.Outcome{Kind: trace.Ended}})
		case Fail:
			m.log.Add(m.now, trace.Event{Kind: trace.KindVerdict, Note: "failed: " + e.Err.Error(), Outcome: outcome(e.Err)})
		}
	}
}

// Step ids: the same in the trace of every face.
const (
	stepProbe     = "probe"
	stepResource  = "discover.resource"
	stepServer    = "discover.server"
	stepRegister  = "register"
	stepAuthorize = "authorize"
	stepPush      = "push"
	stepCallback  = "callback"
	stepToken     = "token"
	stepDevice    = "device"
	stepRevoke    = "revoke"
	stepMCP       = "mcp"
	stepIdentity  = "identity"
)

func partyOf(step string) trace.Party {
	switch step {
	case stepProbe, stepResource, stepMCP:
		return trace.Resource
	}
	return trace.AuthorizationServer
}

func (m *machine) note(text, cite string) {
	m.log.Add(m.now, trace.Event{Kind: trace.KindInternal, From: trace.Client, Note: text, Cite: cite})
}

// made writes into the trace what the client has just made.
func (m *machine) made(what, cite string, all ...trace.Param) {
	for i := range all {
		all[i].Role = "made"
	}
	m.log.Add(m.now, trace.Event{Kind: trace.KindInternal, From: trace.Client, Note: "made " + what, Cite: cite, Params: all})
}

// check writes a rule and what was found into the trace and returns ok.
func (m *machine) check(id, level, want, got, cite string, ok bool) bool {
	m.log.Add(m.now, trace.Event{Kind: trace.KindCheck, Step: m.sent.Step, Cite: cite, Check: &trace.Check{ID: id, Level: level, Want: want, Got: got, OK: ok}})
	return ok
}

func (m *machine) tried(step string, c candidate, outcome string) {
	m.log.Add(m.now, trace.Event{Kind: trace.KindTried, Step: step, Tried: &trace.Tried{URL: c.URL, Rule: c.Rule, Outcome: outcome}})
}

// fail ends the flow.
func (m *machine) fail(err error) []Effect {
	m.state = Failed
	return []Effect{Fail{err}}
}

// violated ends the flow because the peer broke a rule.
func (m *machine) violated(want, got, cite, hint string) []Effect {
	return m.fail(&Violation{Step: m.sent.Step, URL: m.sent.Request.URL, Want: want, Got: got, Cite: cite, Hint: hint})
}

// interrupted ends the flow because no answer came.
func (m *machine) interrupted(ev Event) []Effect {
	return m.fail(&Interrupted{Step: m.sent.Step, URL: m.sent.Request.URL, Err: ev.(Trouble).Err})
}

// finish ends the flow well.
func (m *machine) finish(before ...Effect) []Effect {
	m.state = Finished
	return append(before, Done{})
}

// send moves to the state that waits for the answer.
func (m *machine) send(to State, step string, r message.Request) []Effect {
	m.state = to
	return []Effect{Send{Request: r, Step: step}}
}
