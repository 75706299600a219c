// Package stage plays a login with everybody in one place: client,
// authorization server and MCP server, a user with a browser, and a clock that
// only moves when told. It is moved one exchange at a time; a stage with the
// same settings and moves has the same events, to the byte, which is how it
// goes back.
package stage

import (
	"encoding/base64"
	"errors"
	"io"
	"strconv"
	"time"

	"mcp-auth/core/explain"
	"mcp-auth/core/fault"
	"mcp-auth/core/flow"
	"mcp-auth/core/flowtest"
	"mcp-auth/core/message"
	"mcp-auth/core/server"
	"mcp-auth/core/trace"
)

// Config is what is played. Zero members get defaults.
type Config struct {
	Flow         string // auth-code, device, client-creds, bearer, refresh, step-up
	Registration string // dynamic, cimd, pre
	Revision     string // of MCP, that the server speaks
	Fault        string // id of the catalogue; empty: everybody is healthy
	Seed         uint32

	// Live is the resource on a real server; empty: the servers are in here.
	// Then requests are performed by the caller: see Pending and Deliver.
	Live     string
	Redirect string // of a live login: where the caller sees the callback
	Secret   string // entropy of a live login, at least 32 characters
}

// Where things are in a stage.
const (
	issuer   = "http://127.0.0.1:8765"
	redirect = "http://127.0.0.1:7777/callback"
)

// begin is when every stage begins: no clock is read.
var begin = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// A Stage is a run that can be moved.
type Stage struct {
	cfg    Config
	fault  fault.Fault
	server *server.Server
	now    time.Time
	random io.Reader
	events []trace.Event
	moves  []Move

	acts []act // yet to be played, the current one first
	flow flow.Flow
	seen int // events of the flow that are in events
	kept keeps

	send    *flow.Send // waits to be performed
	visit   string     // waits to be opened
	page    *flowtest.Page
	browser *flowtest.Browser
	back    string // a redirect that waits to be delivered
	device  *flow.Show
	wait    time.Time // zero: for nothing
	over    bool

	whole []explain.Row // of the same run among healthy parties; made when it is asked for
}

// A Move is what the reader did. One struct a variant.
type Move interface{ move() }

type (
	// Step does the next thing.
	Step struct{}
	// Submit sends the form of the page that is shown.
	Submit struct{ Request message.Request }
	// Advance moves the clock.
	Advance struct{ By time.Duration }
	// Early polls before the interval is over, which a good device never does.
	Early struct{}
	// Edit changes the request that is about to be sent.
	Edit struct{ Request message.Request }
)

func (Step) move()    {}
func (Submit) move()  {}
func (Advance) move() {}
func (Early) move()   {}
func (Edit) move()    {}

// New sets the stage: the first request is ready, and nothing was sent.
func New(c Config) (*Stage, error) {
	s := &Stage{cfg: c, now: begin}
	var ok bool
	if s.fault, ok = fault.Find(c.Fault); !ok {
		return nil, errors.New("there is no fault " + message.PrintableLine(c.Fault))
	}
	if s.acts, ok = scripts[c.Flow]; !ok {
		return nil, errors.New("there is no flow " + message.PrintableLine(c.Flow))
	}
	if c.Live == "" {
		s.random = flowtest.NewRandom("stage " + strconv.FormatUint(uint64(c.Seed), 10))
		srv, err := server.New(server.Config{Issuer: issuer, Seed: true, Mint: true, Version: "in this page", Algorithms: flowtest.Algorithms, Random: s.random, Fetcher: site{s}})
		if err != nil {
			return nil, err
		}
		s.server = srv
	} else if len(c.Secret) < 32 {
		return nil, errors.New("a live login needs 32 random characters")
	} else {
		s.acts = real(s.acts)
		s.random = flowtest.NewRandom(c.Secret)
	}
	s.browser = &flowtest.Browser{Do: s.browse}
	return s, s.act()
}

// Do makes one move. A move that cannot be made changes nothing.
func (s *Stage) Do(m Move) error {
	err := s.do(m)
	if err == nil {
		s.moves = append(s.moves, m)
	}
	return err
}

func (s *Stage) do(m Move) error {
	switch m := m.(type) {
	case Step:
		return s.step()
	case Submit:
		return s.submit(m.Request)
	case Advance:
		s.now = s.now.Add(m.By)
		s.note("the clock moves by "+m.By.String(), "")
		if s.send == nil && !s.wait.IsZero() && !s.now.Before(s.wait) && s.flow != nil {
			return s.tell(flow.Timer{})
		}
		return nil
	case Early:
		return s.early()
	case Edit:
		if s.send == nil {
			return errors.New("no request is about to be sent")
		}
		s.send.Request = m.Request
		for i := len(s.events) - 1; i >= 0; i-- {
			if s.events[i].Kind == trace.KindRequest {
				s.events[i].Request, s.events[i].Note = &s.send.Request, "edited before it was sent"
				break
			}
		}
		return nil
	}
	return errors.New("no such move")
}

// Back takes the last move back: it plays all others again. A live run has
// really happened and stays.
func (s *Stage) Back() (*Stage, error) {
	if s.cfg.Live != "" || len(s.moves) == 0 {
		return s, nil
	}
	again, err := New(s.cfg)
	again.whole = s.whole
	for _, m := range s.moves[:len(s.moves)-1] {
		if err == nil {
			err = again.Do(m)
		}
	}
	return again, err
}

// Over reports whether nothing is left to do.
func (s *Stage) Over() bool { return s.over }

// Events is the trace so far.
func (s *Stage) Events() []trace.Event { return s.events }

// Moves is how many moves were made.
func (s *Stage) Moves() int { return len(s.moves) }

// step does the next thing: one exchange, wherever it is due.
func (s *Stage) step() error {
	switch {
	case s.over:
		return errors.New("the run is over: reset it, or go back")
	case s.send != nil:
		return s.exchange()
	case s.visit != "":
		return s.open(s.visit)
	case s.back != "":
		return s.called()
	case s.asks() && s.device == nil:
		return s.press("decision", "approve")
	case s.device != nil:
		return s.approveDevice()
	case !s.wait.IsZero():
		s.now = s.wait
		return s.tell(flow.Timer{})
	}
	return errors.New("nothing is due")
}

// exchange performs the request that is due against the servers in here.
func (s *Stage) exchange() error {
	send := *s.send
	if s.fault.Late && send.Step == "token" {
		s.now = s.now.Add(2 * time.Minute)
	}
	s.send = nil
	if s.fault.Lost(send.Step) {
		return s.tell(flow.Trouble{Err: errors.New("the connection was refused")})
	}
	m := s.fault.Request(send.Step, s.spoken(send.Request))
	s.sent(m)
	return s.tell(flow.Response{Response: s.serve(send.Step, m)})
}

// sent corrects the record when a fault changed what really travelled.
func (s *Stage) sent(m message.Request) {
	for i := len(s.events) - 1; i >= 0; i-- {
		if s.events[i].Kind == trace.KindRequest {
			s.events[i].Request, s.events[i].At = &m, s.now
			return
		}
	}
}

// serve is the servers' answer, in the revision that is played.
func (s *Stage) serve(step string, m message.Request) message.Response {
	r := s.dialect(step, s.server.Serve(s.now, s.fault.Inside(m)))
	r.Note = ""
	return s.fault.Reply(step, r)
}

// tell gives the flow an event and takes its orders.
func (s *Stage) tell(ev flow.Event) error {
	effects, err := s.flow.Step(s.now, ev)
	if err != nil {
		return err
	}
	s.copyEvents()
	for _, e := range effects {
		switch e := e.(type) {
		case flow.Send:
			s.send, s.wait = &e, time.Time{}
		case flow.Visit:
			s.visit = e.URL
		case flow.Show:
			s.device = &e
		case flow.Wait:
			s.wait = e.Until
		case flow.Done:
			return s.ended(nil)
		case flow.Fail:
			return s.ended(e.Err)
		}
	}
	return nil
}

// copyEvents takes over what the flow has written.
func (s *Stage) copyEvents() {
	all := s.flow.Trace()
	for _, ev := range all[s.seen:] {
		s.add(ev)
	}
	s.seen = len(all)
}

func (s *Stage) add(ev trace.Event) {
	ev.N, ev.At = len(s.events)+1, s.now
	s.events = append(s.events, ev)
}

func (s *Stage) note(text, cite string) {
	s.add(trace.Event{Kind: trace.KindInternal, From: trace.Client, Note: text, Cite: cite})
}

// secret makes n random bytes, in base64url.
func (s *Stage) secret(n int) string {
	b := make([]byte, n)
	_, _ = io.ReadFull(s.random, b) // a stage's randomness does not run dry
	return base64.RawURLEncoding.EncodeToString(b)
}
