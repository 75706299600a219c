package flow

import (
	"errors"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"mcp-auth/core/message"
)

// A peer is everybody a client meets: it answers by method and URL, 404 where
// nothing is said, and remembers what it was sent.
type peer struct {
	answers map[string]Response
	back    string // what the browser brings back, after the redirect URI and its state; empty: a code
	sent    []Send
	visited []string
	last    []Effect
}

// Where the honest peer's documents lie.
const (
	wPRM      = wResource + "/.well-known/oauth-protected-resource/mcp"
	wRootPRM  = wResource + "/.well-known/oauth-protected-resource"
	wASPlace  = wIssuer + "/.well-known/oauth-authorization-server"
	wRegister = wIssuer + "/register"
	wToken    = wIssuer + "/token"
)

func honest(change map[string]Response) *peer {
	p := &peer{answers: map[string]Response{"POST " + wURL: discovery["challenge"], "GET " + wPRM: discovery["prm"], "GET " + wASPlace: discovery["metadata"],
		"POST " + wRegister: registrations["registration"], "POST " + wToken: tokens["token"]}}
	maps.Copy(p.answers, change)
	return p
}

// play plays a flow to its end and returns what it failed with.
func (p *peer) play(t *testing.T, f Flow) error {
	t.Helper()
	var ev Event = Start{}
	for range longestPath {
		effects, err := f.Step(wStart, ev)
		if err != nil {
			t.Fatal(err)
		}
		ev, p.last = nil, effects
		for _, e := range effects {
			switch e := e.(type) {
			case Send:
				p.sent = append(p.sent, e)
				ev = p.answer(e.Request)
			case Visit:
				p.visited = append(p.visited, e.URL)
				ev = p.browse()
			case Done:
				return nil
			case Fail:
				return e.Err
			}
		}
		if ev == nil {
			return errWaits
		}
	}
	t.Fatal("no end")
	return nil
}

// errWaits says that the flow is not over: it waits for somebody.
var errWaits = errors.New("the flow waits")

func (p *peer) answer(m message.Request) Response {
	if r, ok := p.answers[m.Method+" "+m.URL]; ok {
		return r
	}
	return odd["404"]
}

func (p *peer) browse() Callback {
	back := p.back
	if back == "" {
		back = "code=the-code&iss=https%3A%2F%2Fas.example"
	}
	return callback("GET", wRedirect+"?state="+wState+"&"+back)
}

// asked lists the requests, as "METHOD URL".
func (p *peer) asked() (all []string) {
	for _, s := range p.sent {
		all = append(all, s.Request.Method+" "+s.Request.URL)
	}
	return all
}

// posted is the last form or JSON text sent to a URL.
func (p *peer) posted(url string) string {
	for i := len(p.sent) - 1; i >= 0; i-- {
		if p.sent[i].Request.URL == url {
			return string(p.sent[i].Request.Body)
		}
	}
	return ""
}

// form is the last form sent to the token endpoint.
func (p *peer) form(t *testing.T) url.Values {
	t.Helper()
	q, err := url.ParseQuery(p.posted(wToken))
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// query is what the browser was last sent with.
func (p *peer) query(t *testing.T) url.Values {
	t.Helper()
	if len(p.visited) == 0 {
		t.Fatal("the browser was not sent anywhere")
	}
	_, text, _ := strings.Cut(p.visited[len(p.visited)-1], "?")
	q, err := url.ParseQuery(text)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// codeLogin plays a code login as a client at the usual resource.
func (p *peer) codeLogin(t *testing.T, c Client) (*AuthCode, error) {
	t.Helper()
	f := wAuthCode(Target{ResourceURL: wURL}, c)
	f.Patience = time.Minute
	return &f, p.play(t, &f)
}

var registering = Client{Register: true}
