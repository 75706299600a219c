// The four ways a flow can end badly.
package flow

import (
	"errors"

	"mcp-auth/core/exchange"
	"mcp-auth/core/oauth"
	"mcp-auth/core/trace"
)

// A Violation is a rule that the peer broke, or that what was chosen breaks.
type Violation struct {
	Chosen bool   // no peer is at fault: it need not offer what the user chose
	Step   string // where: the Send's step id
	Want   string // what the rule asks for
	Got    string // what came
	Cite   string // "RFC 9728 section 3.3"
	URL    string // of the message that broke it
	Hint   string // what to do next
}

func (v *Violation) Error() string {
	s := "wanted " + v.Want + ", got " + v.Got
	if v.Cite != "" {
		s += " (" + v.Cite + ")"
	}
	return s
}

// Interrupted is the world failing: no network, a time-out, a closed door.
type Interrupted struct {
	Step string
	URL  string
	Err  error
}

func (i *Interrupted) Error() string { return i.URL + ": " + i.Err.Error() }
func (i *Interrupted) Unwrap() error { return i.Err }

// A Refusal is the peer saying no by the book, with where it did.
// It unwraps to the *oauth.Error.
type Refusal struct {
	Step   string
	URL    string
	Status int
	Err    error // *oauth.Error
	Hint   string

	Challenge  exchange.BearerChallenge // of the resource
	Challenged bool                     // it said 401, or what it wants
}

func (r *Refusal) Error() string { return r.Err.Error() }
func (r *Refusal) Unwrap() error { return r.Err }

// Lapsed says that the user let the time run out, or said no.
type Lapsed struct {
	Denied bool
	Text   string
}

func (l *Lapsed) Error() string { return l.Text }

// outcome is what the trace keeps of an error.
func outcome(err error) *trace.Outcome {
	switch e := err.(type) {
	case *Violation:
		return &trace.Outcome{Kind: trace.Violated, Step: e.Step, Want: e.Want, Got: e.Got, Hint: e.Hint}
	case *Refusal:
		return &trace.Outcome{Kind: trace.Refused, Step: e.Step, Code: codeOf(e.Err), Got: e.Err.Error(), Hint: e.Hint}
	case *Interrupted:
		return &trace.Outcome{Kind: trace.Interrupted, Step: e.Step, Got: e.Err.Error()}
	case *Lapsed:
		if e.Denied {
			return &trace.Outcome{Kind: trace.Denied, Code: oauth.AccessDenied, Got: e.Text}
		}
		return &trace.Outcome{Kind: trace.Lapsed, Got: e.Text}
	}
	return &trace.Outcome{Kind: trace.Refused, Code: codeOf(err), Got: err.Error()}
}

func codeOf(err error) string {
	var e *oauth.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
