// Package flow holds the client's machines: plain values that are told what
// happened and hand back what is to be done. They perform nothing.
package flow

import (
	"time"

	"mcp-auth/core/mcp"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/trace"
)

// A Flow is one of the client's machines. Its caller performs the effects and
// reports each outcome as the next event, until Done or Fail.
type Flow interface {
	// Step advances the machine. An event its table has no row for changes
	// nothing and is an error.
	Step(now time.Time, ev Event) ([]Effect, error)
	// Trace returns all events so far, the oldest first.
	Trace() []trace.Event
}

// An Event is what happened. One struct a variant.
type Event interface{ event() }

type (
	// Start begins the flow.
	Start struct{}
	// Response answers the last Send.
	Response struct{ message.Response }
	// Callback is any request that reached the loopback redirect listener, or
	// a pasted redirect URL (as a GET of that URL).
	Callback struct{ message.Request }
	// Timer says that the last Wait's moment has come.
	Timer struct{}
	// Trouble says that the last Send got no answer.
	Trouble struct{ Err error }
)

func (Start) event()    {}
func (Response) event() {}
func (Callback) event() {}
func (Timer) event()    {}
func (Trouble) event()  {}

// An Effect is an order to the caller. One struct a variant.
type Effect interface{ effect() }

type (
	// Send asks for one HTTP exchange; redirects are never followed.
	// The answer is a Response or Trouble.
	Send struct {
		Request message.Request
		Step    string        // stable id, as in the trace
		Reply   message.Value // JSON-RPC id: a stream is read until its reply has come; Missing: to its end
	}
	// Visit asks that the user opens URL; callbacks come as Callback events.
	Visit struct{ URL string }
	// Answer is the reply to the last Callback's sender.
	Answer struct{ message.Response }
	// Show asks that the user is told how to approve the device.
	Show struct {
		Authorization oauth.DeviceAuthorization
		ExpiresAt     time.Time
	}
	// Wait asks for a Timer at Until. A later Wait replaces it.
	Wait struct{ Until time.Time }
	// Notice is one line for the user: nothing is waited for.
	Notice struct{ Text string }
	// Done ends the flow well.
	Done struct{}
	// Fail ends the flow. Err is an *oauth.Error, *Violation or *Interrupted.
	Fail struct{ Err error }
)

// Enough reports whether what has come of a stream is all that is wanted.
func (s Send) Enough(body []byte) bool {
	return s.Reply.Kind() != message.Missing && mcp.Replied(body, s.Reply)
}

func (Send) effect()   {}
func (Visit) effect()  {}
func (Answer) effect() {}
func (Show) effect()   {}
func (Wait) effect()   {}
func (Notice) effect() {}
func (Done) effect()   {}
func (Fail) effect()   {}
