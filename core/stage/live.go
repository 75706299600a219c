// A live run: the same machines towards real servers. The caller performs what
// is pending and says what came of it; the clock is the caller's.
package stage

import (
	"errors"
	"time"

	"mcp-auth/core/flow"
	"mcp-auth/core/message"
)

// Pending is what the caller must do now: {"send": request} with its step,
// {"visit": URL}, {"wait": milliseconds since 1970}, or null.
func (s *Stage) Pending() message.Value {
	switch {
	case s.over:
		return message.NullValue()
	case s.send != nil:
		m := s.send.Request
		return message.Obj(message.M("send", message.Obj(message.M("method", message.Str(m.Method)), message.M("url", message.Str(m.URL)),
			message.M("headers", headersValue(m.Header)), message.M("body", message.Str(string(m.Body))))), message.M("step", message.Str(s.send.Step)))
	case s.visit != "":
		return message.Obj(message.M("visit", message.Str(s.visit)))
	case !s.wait.IsZero():
		return message.Obj(message.M("wait", message.Num(s.wait.UnixMilli())))
	}
	return message.NullValue()
}

// Response is the answer to the pending request.
func (s *Stage) Response(now time.Time, r message.Response) error {
	return s.real(now, flow.Response{Response: r})
}

// Trouble says that the pending request got no answer.
func (s *Stage) Trouble(now time.Time, why string) error {
	return s.real(now, flow.Trouble{Err: errors.New(why)})
}

// Callback is the redirect that reached the caller's own page.
func (s *Stage) Callback(now time.Time, url string) error {
	return s.real(now, flow.Callback{Request: message.Request{Method: "GET", URL: url}})
}

// Visited says that the user was sent to the page.
func (s *Stage) Visited() { s.visit = "" }

// Timer says that the moment waited for has come.
func (s *Stage) Timer(now time.Time) error { return s.real(now, flow.Timer{}) }

func (s *Stage) real(now time.Time, ev flow.Event) error {
	s.now = now
	if _, callback := ev.(flow.Callback); !callback {
		s.send = nil
	}
	return s.tell(ev)
}

// asksForReal reports whether a live run waits for its user: in the browser
// that was opened, or on a second screen.
func (s *Stage) asksForReal() bool {
	return s.cfg.Live != "" && !s.over && s.send == nil && s.visit == ""
}
