// The clients of R-17: what each does, and what it holds the server to.
package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"

	"mcp-auth/core/flowtest"
	"mcp-auth/core/message"
)

// A worker is one client with its own logins; nobody else touches them, so that
// each answer can be foretold.
type worker struct {
	s       *subject
	report  *report
	rand    *rand.Rand
	client  string // registered by itself, once it has
	all     []*family
	touched map[*family]bool // since the last kill
}

// load works until the server is gone.
func (w *worker) load() error {
	w.touched = map[*family]bool{}
	for {
		if err := w.step(); err != nil {
			return err
		}
	}
}

func (w *worker) step() error {
	if len(w.all) == 0 || w.rand.IntN(5) == 0 {
		return w.begin()
	}
	f := w.all[w.rand.IntN(len(w.all))]
	if w.rand.IntN(3) > 0 { // mostly the newest: old ones are dead
		f = w.all[len(w.all)-1]
	}
	w.touched[f] = true
	switch {
	case f.closed:
		return w.stayClosed(f)
	case f.spent == no:
		return w.redeem(f)
	case f.dead == yes:
		return w.stayDead(f)
	}
	switch n := w.rand.IntN(20); {
	case n < 10:
		return w.renew(f)
	case n < 14:
		return w.use(f)
	case n < 16:
		return w.revoke(f)
	case n < 18:
		return w.replayCode(f)
	}
	return w.replayRefresh(f)
}

// begin starts a login: mostly with a code, now and then at a device, now and
// then as a client that registers first.
func (w *worker) begin() (err error) {
	f := &family{client: w.client}
	switch w.rand.IntN(8) {
	case 0:
		return w.register()
	case 1, 2:
		f.client = "dev-public-client"
		err = w.device(f)
	default:
		f.code, err = w.s.code("", f.client)
	}
	if err == nil {
		w.all = append(w.all, f)
		w.touched[f] = true
		w.report.count(&w.report.families)
	}
	return err
}

func (w *worker) register() error {
	status, v, err := w.s.post("/oauth/register", message.JSONType, `{"client_name":"R-17","redirect_uris":["`+callback+`"],"token_endpoint_auth_method":"none","grant_types":["authorization_code","refresh_token"]}`)
	if err == nil {
		w.report.want("a registration", status, 201)
		w.client = member(v, "client_id")
	}
	return err
}

// device starts at a device, and the user answers.
func (w *worker) device(f *family) error {
	_, v, err := w.s.form("/oauth/device/authorize", "client_id", f.client)
	if err != nil {
		return err
	}
	b := flowtest.Browser{Do: w.transport}
	page, err := b.Visit(member(v, "verification_uri_complete"))
	if err != nil {
		return err
	}
	decision := "approve"
	if f.closed = w.rand.IntN(4) == 0; f.closed {
		decision = "deny"
	}
	if page, err = b.Press(page, "decision", decision); err == nil && page.Status != 200 {
		err = errors.New("the device's page: " + page.Body)
	}
	f.device = member(v, "device_code")
	return err
}

func (w *worker) transport(m message.Request) (message.Response, error) {
	r, err := http.NewRequestWithContext(context.Background(), m.Method, m.URL, strings.NewReader(string(m.Body)))
	if err != nil {
		return message.Response{}, err
	}
	for _, p := range m.Header {
		r.Header.Add(p.Name, p.Value)
	}
	status, header, body, err := w.s.do(r)
	reply := message.Response{Status: status, Body: body}
	for name, values := range header {
		for _, value := range values {
			reply.Header = append(reply.Header, message.Field{Name: name, Value: value})
		}
	}
	return reply, err
}

// ask sends the code, or the device's.
func (w *worker) ask(f *family) (int, message.Value, error) {
	if f.device != "" {
		return w.s.form("/oauth/token", "grant_type", "urn:ietf:params:oauth:grant-type:device_code", "client_id", f.client, "device_code", f.device)
	}
	return w.s.redeem("", f.client, f.code)
}

func (f *family) learn(v message.Value) {
	f.access, f.refresh = append(f.access, member(v, "access_token")), append(f.refresh, member(v, "refresh_token"))
}

func (w *worker) redeem(f *family) error {
	f.spent = maybe
	status, v, err := w.ask(f)
	if err != nil {
		return err
	}
	w.report.want("a code that was issued and not used", status, 200)
	if f.spent = yes; status != 200 {
		f.closed = true
		return nil
	}
	w.report.count(&w.report.consumed)
	f.learn(v)
	return nil
}

func (w *worker) stayClosed(f *family) error {
	status, _, err := w.ask(f)
	if err == nil {
		w.report.want("a code that gives nothing any more", status, 400)
	}
	return err
}

func (w *worker) renew(f *family) error {
	f.rotated = maybe
	status, v, err := w.s.refresh("", f.client, last(f.refresh))
	if err != nil {
		return err
	}
	w.report.want("the current refresh token", status, 200)
	f.rotated = no
	if status == 200 {
		w.report.count(&w.report.consumed)
		f.learn(v)
	} else {
		f.dead = yes
	}
	return nil
}

func (w *worker) use(f *family) error {
	status, err := w.s.call("", last(f.access))
	if err == nil {
		w.report.want("a live access token", status, 200)
	}
	return err
}

func (w *worker) revoke(f *family) error {
	f.dead = maybe
	status, _, err := w.s.form("/oauth/revoke", "client_id", f.client, "token", last(f.refresh))
	if err != nil {
		return err
	}
	w.report.want("a revocation", status, 200)
	f.dead = yes
	w.report.count(&w.report.revoked)
	return nil
}

// replayCode uses a code again. It is refused; with a code of the browser all
// that came from it dies.
func (w *worker) replayCode(f *family) error {
	if f.device == "" && f.dead == no {
		f.dead = maybe
	}
	status, _, err := w.ask(f)
	if err != nil {
		return err
	}
	w.report.want("a code that was used", status, 400)
	if f.device == "" {
		f.dead = yes
	}
	return nil
}

func (w *worker) replayRefresh(f *family) error {
	if len(f.refresh) < 2 {
		return nil
	}
	if f.dead == no {
		f.dead = maybe
	}
	status, _, err := w.s.refresh("", f.client, f.refresh[w.rand.IntN(len(f.refresh)-1)])
	if err == nil {
		w.report.want("a refresh token that was used", status, 400)
		f.dead = yes
	}
	return err
}

func (w *worker) stayDead(f *family) error {
	status, err := w.s.call("", f.access[w.rand.IntN(len(f.access))])
	if err != nil {
		return err
	}
	w.report.want("an access token of a family that was revoked", status, 401)
	status, _, err = w.s.refresh("", f.client, last(f.refresh))
	if err == nil {
		w.report.want("the refresh token of a family that was revoked", status, 400)
	}
	return err
}

// recheck holds the server that was started again to all that was answered
// since the kill before.
func (w *worker) recheck() error {
	for f := range w.touched {
		if err := w.check(f); err != nil {
			return err
		}
	}
	return nil
}

func (w *worker) check(f *family) error {
	if err := w.settle(f); err != nil {
		return err
	}
	switch {
	case f.closed:
		return w.stayClosed(f)
	case f.spent == no: // it is used later
		return nil
	case f.dead == yes:
		return w.stayDead(f)
	}
	return w.use(f)
}

// settle learns what became of requests without an answer: they were done whole
// or not at all, and whichever it is stays.
func (w *worker) settle(f *family) error {
	if f.spent == maybe {
		w.report.count(&w.report.inDoubt)
		status, v, err := w.ask(f)
		if err != nil {
			return err
		}
		if f.spent = yes; status == 200 {
			f.learn(v)
		} else {
			w.report.want("a code that may have been used", status, 400)
			f.closed = true // if it gave tokens, nobody has them
		}
	}
	if f.dead == maybe {
		w.report.count(&w.report.inDoubt)
		status, err := w.s.call("", last(f.access))
		if err != nil {
			return err
		}
		if f.dead = no; status != 200 {
			w.report.want("a token that may have been revoked", status, 401)
			f.dead = yes
		}
	}
	if f.rotated == maybe && f.dead == no {
		w.report.count(&w.report.inDoubt)
		status, v, err := w.s.refresh("", f.client, last(f.refresh))
		if err != nil {
			return err
		}
		if f.rotated = no; status == 200 {
			f.learn(v)
		} else {
			w.report.want("a refresh token that may have been used", status, 400)
			f.dead = yes
		}
	}
	return nil
}

// judge holds the server to the whole history, and then tries to use everything
// a second time.
func (w *worker) judge() error {
	for _, f := range w.all {
		if err := w.check(f); err != nil {
			return err
		}
		if f.spent == no && !f.closed {
			if err := w.redeem(f); err != nil {
				return err
			}
		}
		for _, again := range []func(*family) error{w.replayRefresh, w.replayCode} {
			if f.closed {
				break
			}
			if err := again(f); err != nil {
				return err
			}
		}
		if f.dead == yes {
			if err := w.stayDead(f); err != nil {
				return err
			}
		}
	}
	return nil
}
