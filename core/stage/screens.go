// The user's side: the browser of a login, the second screen of a device.
package stage

import (
	"errors"
	"strings"
	"time"

	"mcp-auth/core/flow"
	"mcp-auth/core/flowtest"
	"mcp-auth/core/message"
	"mcp-auth/core/trace"
)

// browse is how the browser reaches the authorization server. What travels is
// recorded: the front channel is part of the picture.
func (s *Stage) browse(m message.Request) (message.Response, error) {
	step := "authorize"
	switch {
	case strings.Contains(m.Path(), "/device"):
		step = "verify"
	case m.Method == "POST":
		step = "consent"
	}
	m = s.fault.Request(step, m)
	s.add(trace.Event{Kind: trace.KindRequest, Step: step, From: trace.UserAgent, To: trace.AuthorizationServer, Request: &m})
	r := s.serve(step, m)
	s.add(trace.Event{Kind: trace.KindResponse, Step: step, From: trace.AuthorizationServer, To: trace.UserAgent, Response: &r})
	return r, nil
}

// open loads a page.
func (s *Stage) open(url string) error {
	s.visit = ""
	return s.shown(s.browser.Visit(url))
}

// press submits the page's form with a button.
func (s *Stage) press(name, value string) error {
	if s.page == nil {
		return errors.New("no page is shown")
	}
	return s.shown(s.browser.Press(*s.page, name, value))
}

// submit sends what the reader did in the page: a form of it, or a link.
func (s *Stage) submit(m message.Request) error {
	if s.page == nil && s.device == nil {
		return errors.New("no page is shown")
	}
	if m.Origin() != issuer {
		return errors.New("the page may only go on within its server")
	}
	return s.shown(s.browser.Send(m))
}

// shown takes in what the browser came to.
func (s *Stage) shown(p flowtest.Page, err error) error {
	if err != nil {
		return err
	}
	s.page = &p
	if p.Left != "" {
		s.page, s.back = nil, p.Left
	}
	return nil
}

// asks reports whether the page that is shown wants an answer.
func (s *Stage) asks() bool { return s.page != nil && strings.Contains(s.page.Body, "<form") }

// called delivers the redirect to the client.
func (s *Stage) called() error {
	url := s.back
	s.back = ""
	err := s.tell(flow.Callback{Request: message.Request{Method: "GET", URL: url}})
	return err
}

// approveDevice is what a good user and a good device do in turn: open the
// page, poll, enter the code, approve, poll.
func (s *Stage) approveDevice() error {
	a := s.device.Authorization
	switch {
	case s.page == nil:
		return s.shown(s.browser.Visit(a.VerificationURI))
	case s.polls() == 0:
		return s.poll()
	case strings.Contains(s.page.Body, `name="decision"`):
		return s.press("decision", "approve")
	case strings.Contains(s.page.Body, "<form"):
		return s.press("user_code", a.UserCode)
	}
	return s.poll()
}

// poll lets the interval pass, and polls.
func (s *Stage) poll() error {
	if s.now.Before(s.wait) {
		s.now = s.wait
	}
	if err := s.tell(flow.Timer{}); err != nil || s.send == nil {
		return err
	}
	return s.exchange()
}

// polls counts the token requests of a device.
func (s *Stage) polls() (n int) {
	for _, ev := range s.events {
		if ev.Kind == trace.KindRequest && ev.Step == "token" {
			n++
		}
	}
	return n
}

// early sends the last poll again, at once.
func (s *Stage) early() error {
	for i := len(s.events) - 1; i >= 0; i-- {
		ev := s.events[i]
		if s.device == nil || ev.Kind != trace.KindRequest || ev.Step != "token" {
			continue
		}
		s.note("polled before the interval was over, which this client never does by itself", "RFC 8628 section 3.5")
		s.add(trace.Event{Kind: trace.KindRequest, Step: "token", From: trace.Client, To: trace.AuthorizationServer, Request: ev.Request})
		r := s.serve("token", *ev.Request)
		s.add(trace.Event{Kind: trace.KindResponse, Step: "token", From: trace.AuthorizationServer, To: trace.Client, Response: &r})
		return nil
	}
	return errors.New("the device has not polled yet")
}

// A Screen is what a person sees beside the messages.
type Screen struct {
	Kind    string // browser, phone, terminal
	URL     string
	HTML    string
	Code    string // user code
	Expires time.Time
}

// Screens are those that are open.
func (s *Stage) Screens() (all []Screen) {
	if s.device != nil {
		a := s.device.Authorization
		all = append(all, Screen{Kind: "terminal", URL: a.VerificationURI, Code: a.UserCode, Expires: s.device.ExpiresAt})
	}
	if s.page != nil {
		kind := "browser"
		if s.device != nil {
			kind = "phone"
		}
		all = append(all, Screen{Kind: kind, URL: s.page.URL, HTML: s.page.Body})
	}
	return all
}

// Next says what a step would do: the id of a text, and what it is about.
func (s *Stage) Next() (id, detail string) {
	switch {
	case s.over:
		return "next.over", ""
	case s.send != nil:
		return "next.send", s.send.Request.Method + " " + s.send.Request.Path()
	case s.visit != "":
		return "next.open", ""
	case s.back != "":
		return "next.redirect", ""
	case s.asks() && s.device == nil:
		return "next.approve", ""
	case s.device != nil && s.cfg.Live == "":
		return s.nextOfDevice()
	}
	if s.wait.IsZero() {
		return "next.wait", ""
	}
	return "next.wait", s.wait.Sub(s.now).String()
}

func (s *Stage) nextOfDevice() (id, detail string) {
	switch {
	case s.page == nil:
		return "next.phone", ""
	case s.polls() == 0 || !s.asks():
		return "next.poll", ""
	case strings.Contains(s.page.Body, `name="decision"`):
		return "next.approve", ""
	}
	return "next.code", s.device.Authorization.UserCode
}
