// Package drive performs the effects of a flow: HTTP, the loopback listener,
// the clock. It decides nothing; the machine does.
package drive

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mcp-auth/core/flow"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/trace"
)

// UI is who sits in front of the program.
type UI interface {
	// Visit is told the URL to open.
	Visit(url string)
	// Show is told how a device is approved.
	Show(a oauth.DeviceAuthorization, expires time.Time)
	// Notice is told one line.
	Notice(text string)
	// Waiting is told until when nothing happens by itself; it returns what
	// ends the waiting.
	Waiting(until time.Time) (stop func())
}

// A Driver runs flows.
type Driver struct {
	HTTP     *Client
	UI       UI
	Callback *Listener                        // for flows that visit; may be nil
	Pasted   <-chan string                    // redirect URLs that the user pasted, closed after the last; may be nil
	Phase    time.Duration                    // what exchanges may take together that nobody is waited for between; 0: 30 s, and three exchanges at least
	Trace    func(events []trace.Event)       // gets the new events after each step; may be nil
	Now      func() time.Time                 // nil: the clock
	Sleep    func(time.Time) <-chan time.Time // nil: the clock

	seen    int                     // events of the running flow already given to Trace
	pending chan<- message.Response // where the last callback's answer goes; nil for a pasted one
	pasted  bool                    // the last callback was pasted
	phase   time.Time               // when the running phase ends; zero: none runs
}

// ErrNotInteractive says that a flow waits for somebody who is not there.
var ErrNotInteractive = errors.New("the flow waits, and nothing can wake it")

// Run runs a flow to its end. The error is what the flow failed with, or the
// context's.
func (d *Driver) Run(ctx context.Context, f flow.Flow) error {
	d.seen, d.phase = 0, time.Time{}
	var ev flow.Event = flow.Start{}
	var until time.Time // the last Wait; it holds until it is replaced
	for {
		effects, err := f.Step(d.now(), ev)
		d.report(f)
		if err != nil {
			return err
		}
		w := waiting{until: until}
		if err, ended := d.perform(effects, &w); ended {
			return err
		}
		if ev, err = d.next(ctx, w); err != nil {
			return err
		}
		until = w.until
	}
}

func (d *Driver) now() time.Time {
	if d.Now != nil {
		return d.Now()
	}
	return time.Now()
}

func (d *Driver) report(f flow.Flow) {
	events := f.Trace()
	if d.Trace != nil && len(events) > d.seen {
		d.Trace(events[d.seen:])
	}
	d.seen = len(events)
}

// waiting is what can wake the flow.
type waiting struct {
	send  *flow.Send
	until time.Time
}

// perform does what can be done at once. ended: the flow is over.
func (d *Driver) perform(effects []flow.Effect, w *waiting) (err error, ended bool) {
	answered, refused, told := false, false, false
	for _, e := range effects {
		switch e := e.(type) {
		case flow.Send:
			w.send = &e
		case flow.Wait:
			w.until = e.Until
		case flow.Visit:
			d.UI.Visit(e.URL)
		case flow.Show:
			d.UI.Show(e.Authorization, e.ExpiresAt)
		case flow.Notice:
			d.UI.Notice(e.Text)
			told = true
		case flow.Answer:
			d.answer(e.Response)
			answered = true
			refused = d.pasted && e.Status >= 400
		case flow.Done:
			err, ended = nil, true
		case flow.Fail:
			err, ended = e.Err, true
		}
	}
	switch {
	case answered && (ended || w.send != nil): // a callback has led on: no other is wanted
		d.Callback.Close()
	case refused && !told:
		d.UI.Notice("what was pasted is not the redirect URL of this login; still waiting")
	}
	return err, ended
}

// next waits for what happens next.
func (d *Driver) next(ctx context.Context, w waiting) (flow.Event, error) {
	if w.send != nil {
		return d.exchange(ctx, *w.send)
	}
	d.phase = time.Time{}
	var timer <-chan time.Time
	if !w.until.IsZero() {
		timer = d.sleep(w.until)
		defer d.UI.Waiting(w.until)()
	}
	if timer == nil && d.Callback == nil && d.Pasted == nil {
		return nil, ErrNotInteractive
	}
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-timer:
			return flow.Timer{}, nil
		case a := <-d.Callback.arrivals():
			d.pending, d.pasted = a.reply, false
			return flow.Callback{Request: a.request}, nil
		case url, ok := <-d.Pasted:
			if ok {
				d.pending, d.pasted = nil, true
				return flow.Callback{Request: message.Request{Method: "GET", URL: url}}, nil
			}
			if d.Pasted = nil; d.Callback == nil {
				return nil, ErrNotInteractive
			}
		}
	}
}

// errPhase is why an exchange ended that took too long with those before it.
var errPhase = errors.New("the exchanges took too long together")

// exchange performs a request, in what the phase leaves of its time.
func (d *Driver) exchange(ctx context.Context, s flow.Send) (flow.Event, error) {
	if d.phase.IsZero() {
		d.phase = time.Now().Add(d.phaseLength())
	}
	bounded, cancel := context.WithDeadlineCause(ctx, d.phase, errPhase)
	defer cancel()
	r, err := d.HTTP.Exchange(bounded, s.Request, s.Enough)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil && errors.Is(context.Cause(bounded), errPhase):
		return flow.Trouble{Err: fmt.Errorf("no complete answer: %w (%s)", errPhase, d.phaseLength())}, nil
	case err != nil:
		return flow.Trouble{Err: err}, nil
	}
	return flow.Response{Response: r}, nil
}

func (d *Driver) phaseLength() time.Duration {
	if d.Phase > 0 {
		return d.Phase
	}
	return max(30*time.Second, 3*d.HTTP.timeout)
}

// answer replies to whoever sent the last callback.
func (d *Driver) answer(r message.Response) {
	if d.pending != nil {
		d.pending <- r // buffered: it never blocks
		d.pending = nil
	}
}

func (d *Driver) sleep(until time.Time) <-chan time.Time {
	if d.Sleep != nil {
		return d.Sleep(until)
	}
	return time.After(time.Until(until))
}
