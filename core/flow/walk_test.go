package flow

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
	"mcp-auth/core/trace"
)

// The walk tries every answer of an alphabet in every state a machine can come
// to. What must hold of every machine is asserted here, at each transition;
// what must hold of one is its rule.

// walked is a machine as the walk needs it.
type walked[F any] interface {
	*F
	Flow
	State() State
	itself() *machine
	forget()
}

func (m *machine) itself() *machine { return m }

// forget drops what is only told and decides nothing.
func (m *machine) forget() {
	m.log, m.now = trace.Log{}, time.Time{}
	m.sent.Request = message.Request{URL: m.sent.Request.URL}
}

func (s *seeker) forget() {
	s.machine.forget()
	s.Found.Warnings = nil
	if s.lost.URL != "" { // that there is one decides, and whether it is broken; the rest is told at the end
		s.lost = loss{Violation: Violation{URL: "one"}, broken: s.lost.broken}
	}
}

func (l *loginer) forget() {
	l.seeker.forget()
	l.used, l.asked.Client = 0, exchange.ClientAuth{}
}

func (f *Call) forget() {
	f.machine.forget()
	f.used = 0
}

// A taken is one transition.
type taken[F any] struct {
	t             *testing.T
	before, after *F
	from, to      State
	name          string // of the event
	ev            Event
	effects       []Effect
	now           time.Time
	path          *path
}

func (k taken[F]) fail(format string, args ...any) {
	k.t.Helper()
	k.t.Fatalf("%s: %s", k.path, fmt.Sprintf(format, args...))
}

// sent is the request this transition orders, if any.
func (k taken[F]) sent() (Send, bool) {
	for _, e := range k.effects {
		if s, ok := e.(Send); ok {
			return s, true
		}
	}
	return Send{}, false
}

// A path is how the walk came to where it is.
type path struct {
	before *path
	step   string
	length int
}

func (p *path) String() string {
	if p == nil {
		return ""
	}
	return p.before.String() + " " + p.step
}

func (p *path) then(step string) *path {
	n := 1
	if p != nil {
		n += p.length
	}
	return &path{p, step, n}
}

// A walker walks one machine.
type walker[F any, P walked[F]] struct {
	t        *testing.T
	rows     []Row[F]
	alphabet func(State, Kind) map[string]Event
	rule     func(taken[F])
	secrets  []string              // what goes to trusted places only
	trusted  func(*F, string) bool // may a secret go to this URL
	stop     func(*F) bool         // the walk goes no further than here; nil: to every end
	seen     map[[32]byte]bool
	written  []byte          // the last fingerprint's text, to be overwritten
	went     map[string]bool // "from on to" that really happened
}

func newWalker[F any, P walked[F]](t *testing.T, rows []Row[F], rule func(taken[F])) *walker[F, P] {
	t.Helper()
	if runtime.GOOS == "js" || raced { // minutes there, for the same code
		t.Skip("walked natively, without the race detector")
	}
	return &walker[F, P]{t: t, rows: rows, alphabet: everything, rule: rule, seen: map[[32]byte]bool{}, went: map[string]bool{},
		trusted: func(*F, string) bool { return false }}
}

const longestPath = 64

var wStart = time.Unix(1e9, 0)

func (w *walker[F, P]) walk(f F) { w.visit(f, wStart, wStart, nil) }

func (w *walker[F, P]) visit(f F, now, until time.Time, way *path) {
	key := w.fingerprint(f, now)
	if w.seen[key] {
		return
	}
	w.seen[key] = true
	if way != nil && way.length > longestPath {
		w.t.Fatalf("%s: no end after %d steps", way, longestPath)
	}
	state := P(&f).State()
	for _, on := range [...]Kind{OnStart, OnResponse, OnCallback, OnTimer, OnTrouble} {
		if !w.hasRow(state, on) {
			w.unexpected(f, now, on, way, key)
			continue
		}
		for name, ev := range w.alphabet(state, on) {
			at := now
			if on == OnTimer && name != "early" {
				at = until
			}
			w.try(f, at, until, way, state, on, name, ev)
		}
	}
	if w.fingerprint(f, now) != key {
		w.t.Fatalf("%s: a step of a copy changed the machine it was copied from", way)
	}
}

func (w *walker[F, P]) hasRow(state State, on Kind) bool {
	for _, r := range w.rows {
		if r.From == state && r.On == on {
			return true
		}
	}
	return false
}

// unexpected asserts that an event without a row is an error and no more: so
// ends absorb, and nothing is answered twice.
func (w *walker[F, P]) unexpected(f F, now time.Time, on Kind, way *path, key [32]byte) {
	for name, ev := range everything(Idle, on) {
		if effects, err := P(&f).Step(now, ev); err == nil || len(effects) > 0 || w.fingerprint(f, now) != key {
			w.t.Fatalf("%s: %s in %s is taken, though the table has no row for it", way, name, P(&f).State())
		}
		return // one of a kind will do: the table knows kinds alone
	}
}

func (w *walker[F, P]) try(f F, now, until time.Time, way *path, from State, on Kind, name string, ev Event) {
	next := f
	p := P(&next)
	effects, err := p.Step(now, ev)
	k := taken[F]{t: w.t, before: &f, after: &next, from: from, to: p.State(), name: name, ev: ev, effects: effects, now: now, path: way.then(string(from) + ":" + name)}
	if err != nil {
		k.fail("%v", err)
	}
	w.went[fmt.Sprint(from, on, k.to)] = true
	w.orderly(k)
	w.told(k, p.Trace())
	w.discreet(k)
	w.rule(k)
	for _, e := range effects {
		if e, ok := e.(Wait); ok {
			until = e.Until
		}
	}
	if w.stop != nil && w.stop(k.after) {
		return
	}
	p.itself().log = trace.Log{}
	w.visit(next, now, until, k.path)
}

// orderly: an end is said once and last; else something is ordered that leads
// on, and never two exchanges at once.
func (w *walker[F, P]) orderly(k taken[F]) {
	sends, waits, ends := 0, 0, 0
	for i, e := range k.effects {
		switch e := e.(type) {
		case Send:
			sends++
		case Wait:
			waits++
			if e.Until.Before(k.now) {
				k.fail("it waits for the past")
			}
		case Visit:
			if !strings.HasPrefix(e.URL, "https://") {
				k.fail("the browser is sent to %s", e.URL)
			}
		case Done, Fail:
			ends++
			if _, done := e.(Done); i != len(k.effects)-1 || done != (k.to == Finished) || done == (k.to == Failed) {
				k.fail("%T at %d in state %s", e, i, k.to)
			}
		}
	}
	ended := k.to == Finished || k.to == Failed
	if ended && (ends != 1 || sends+waits > 0) || !ended && (ends > 0 || sends > 1 || sends+waits == 0 && k.from != k.to || len(k.effects) == 0) {
		k.fail("in state %s the effects are %+v", k.to, k.effects)
	}
}

// told: the trace says that the state changed, what was sent, and how it ended.
func (w *walker[F, P]) told(k taken[F], events []trace.Event) {
	seen := map[trace.Kind]int{}
	for _, ev := range events {
		seen[ev.Kind]++
		if ev.Kind == trace.KindState && ev.Note != string(k.from)+" -> "+string(k.to) {
			k.fail("the trace tells of %q", ev.Note)
		}
		if ev.Kind == trace.KindTried && (ev.Tried.Outcome == "" || ev.Step != stepResource && ev.Step != stepServer) {
			k.fail("tried %+v in step %q", *ev.Tried, ev.Step)
		}
	}
	_, sent := k.sent()
	ended := k.to == Finished || k.to == Failed
	if (seen[trace.KindState] == 1) != (k.from != k.to) || (seen[trace.KindVerdict] == 1) != ended || sent && seen[trace.KindRequest] == 0 {
		k.fail("the trace is %v", seen)
	}
}

// discreet: requests go to known places, secrets to trusted ones, and no error
// text holds one. An error is of one of the four types that say who is wrong.
func (w *walker[F, P]) discreet(k taken[F]) {
	if s, ok := k.sent(); ok {
		if o := s.Request.Origin(); o != wResource && o != wIssuer {
			k.fail("a request to %s", s.Request.URL)
		}
		secret := s.Request.Header.Get("Authorization") != ""
		for _, x := range w.secrets {
			secret = secret || strings.Contains(string(s.Request.Body), x)
			if strings.Contains(s.Request.URL, x) {
				k.fail("%q in the URL %s", x, s.Request.URL)
			}
		}
		if secret && !w.trusted(k.after, s.Request.URL) {
			k.fail("a secret goes to %s", s.Request.URL)
		}
	}
	if e, ok := k.effects[len(k.effects)-1].(Fail); ok {
		var (
			violation   *Violation
			refusal     *Refusal
			lapsed      *Lapsed
			interrupted *Interrupted
		)
		if !errors.As(e.Err, &violation) && !errors.As(e.Err, &refusal) && !errors.As(e.Err, &lapsed) && !errors.As(e.Err, &interrupted) {
			k.fail("the error %T says not who is wrong", e.Err)
		}
		for _, x := range append(w.secrets, wState) {
			if strings.Contains(e.Err.Error(), x) {
				k.fail("%q in the error %v", x, e.Err)
			}
		}
	}
}

// fingerprint is everything that the machine remembers but what it tells.
func (w *walker[F, P]) fingerprint(f F, now time.Time) [32]byte {
	P(&f).forget()
	w.written = appendMoment(appendValue(w.written[:0], reflect.ValueOf(&f).Elem()), now)
	return sha256.Sum256(w.written)
}

// honest asserts that every way the table promises is taken.
func (w *walker[F, P]) honest() {
	w.t.Helper()
	for _, r := range w.rows {
		for _, to := range r.To {
			if !w.went[fmt.Sprint(r.From, r.On, to)] {
				w.t.Errorf("the table promises %s on %s to %s, which never happens", r.From, r.On, to)
			}
		}
	}
	w.t.Logf("%d states", len(w.seen))
}
