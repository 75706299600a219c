package drive

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/flow"
	"mcp-auth/core/oauth"
)

// nobody is a UI that remembers what it was told.
type nobody struct{ visited chan string }

func (n nobody) Visit(url string)                        { n.visited <- url }
func (nobody) Show(oauth.DeviceAuthorization, time.Time) {}
func (nobody) Notice(string)                             {}
func (nobody) Waiting(time.Time) func()                  { return func() {} }

const state = "the-state-of-this-login"

// startLogin drives a code flow against a small honest server up to the
// moment where the browser is expected.
func startLogin(t *testing.T) (l *Listener, done chan error, f *flow.AuthCode, tokens func() int) {
	t.Helper()
	count := make(chan int, 1)
	count <- 0
	var base string
	as := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/token" {
			count <- <-count + 1
			_, _ = io.WriteString(w, `{"access_token":"a","token_type":"Bearer"}`)
			return
		}
		w.WriteHeader(404)
	}))
	t.Cleanup(as.Close)
	base = as.URL
	l, err := Listen("http://127.0.0.1:0/callback")
	if err != nil {
		t.Fatal(err)
	}
	f = flow.NewAuthCode(flow.Target{ResourceURL: base + "/mcp"}, flow.Client{ID: "c"}, "")
	f.RedirectURI, f.StateValue, f.Verifier = l.RedirectURI, state, strings.Repeat("v", 43)
	f.Found = flow.Discovered{Complete: true, ResourceID: base + "/mcp", Servers: []flow.ServerFound{{Issuer: base, Metadata: oauth.ServerMetadata{Issuer: base,
		AuthorizationEndpoint: base + "/authorize", TokenEndpoint: base + "/token", CodeChallengeMethodsSupported: []string{"S256"}}}}}
	ui := nobody{make(chan string, 1)}
	d := &Driver{HTTP: NewClient(base, 0), UI: ui, Callback: l}
	done = make(chan error, 1)
	go func() { done <- d.Run(context.Background(), f) }()
	<-ui.visited
	return l, done, f, func() int { n := <-count; count <- n; return n }
}

// knock sends a request to the listener.
func knock(t *testing.T, method, url string, change func(*http.Request)) (status int) {
	t.Helper()
	r, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	defer reply.Body.Close()
	_, _ = io.Copy(io.Discard, reply.Body)
	return reply.StatusCode
}

func TestCL13_CL16_CL17_HostileCallbacksDoNotEndTheLogin(t *testing.T) {
	is := is.New(t)
	l, done, f, tokens := startLogin(t)
	root := strings.TrimSuffix(l.RedirectURI, "/callback")
	is.Equal(knock(t, "GET", root+"/favicon.ico", nil), 404)                                                                                       // another path
	is.Equal(knock(t, "GET", l.RedirectURI+"?code=evil&state=other", nil), 400)                                                                    // another state
	is.Equal(knock(t, "GET", l.RedirectURI+"?code=evil", nil), 400)                                                                                // no state
	is.Equal(knock(t, "GET", l.RedirectURI+"?error=access_denied", nil), 400)                                                                      // a stateless error
	is.Equal(knock(t, "POST", l.RedirectURI+"?code=evil&state="+state, nil), 405)                                                                  // CL-17: a post
	is.Equal(knock(t, "GET", l.RedirectURI+"?code=c&state="+state, func(r *http.Request) { r.Host = "evil.example" }), 403)                        // CL-17: rebinding
	is.Equal(knock(t, "GET", l.RedirectURI+"?code=c&state="+state, func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }), 403) // CL-17: a page's fetch
	is.Equal(tokens(), 0)                                                                                                                          // nothing was sent to the token endpoint
	is.Equal(knock(t, "GET", l.RedirectURI+"?code=good&state="+state, nil), 200)                                                                   // the right one
	is.NoErr(<-done)                                                                                                                               // ends the login well
	is.Equal(f.Login.Token.AccessToken, "a")                                                                                                       // with the token
	l.Wait()
	is.Equal(knock(t, "GET", l.RedirectURI+"?code=good&state="+state, nil), 0) // CL-16: the port is closed
	is.Equal(tokens(), 1)                                                      // the code was used once
}

func TestCL19_TheListenerIsOnLoopback(t *testing.T) {
	is := is.New(t)
	l, err := Listen("http://localhost:0/callback")
	is.NoErr(err) // bound
	defer l.Wait()
	is.True(strings.HasPrefix(l.RedirectURI, "http://localhost:") && strings.HasSuffix(l.RedirectURI, "/callback")) // on the name that was asked for
	port := strings.TrimSuffix(strings.TrimPrefix(l.RedirectURI, "http://localhost:"), "/callback")
	for _, address := range []string{"127.0.0.1:", "[::1]:"} {
		again, err := net.Listen("tcp", address+port)
		if err == nil {
			again.Close()
		}
		is.True(err != nil) // on both addresses that the name has: nobody else can bind them
	}
	_, err = Listen("http://localhost:" + port + "/callback")
	is.True(err != nil && strings.Contains(err.Error(), "--listen-port")) // a port in use is said, and the way on
	for _, redirect := range []string{"http://0.0.0.0:0/callback", "https://127.0.0.1:0/callback", "http://example.test/callback", "x"} {
		_, err := Listen(redirect)
		is.True(err != nil) // nowhere else
	}
}

// codeFlow is a code flow that has discovered a server which is not there.
func codeFlow(redirect string) *flow.AuthCode {
	f := flow.NewAuthCode(flow.Target{ResourceURL: "http://127.0.0.1:1/mcp"}, flow.Client{ID: "c"}, "")
	f.RedirectURI, f.StateValue, f.Verifier = redirect, state, strings.Repeat("v", 43)
	f.Found = flow.Discovered{Complete: true, Servers: []flow.ServerFound{{Metadata: oauth.ServerMetadata{AuthorizationEndpoint: "http://127.0.0.1:1/a", TokenEndpoint: "http://127.0.0.1:1/t", CodeChallengeMethodsSupported: []string{"S256"}}}}}
	return f
}

func TestTheDeadlineHoldsThroughHostileCallbacks(t *testing.T) {
	is := is.New(t)
	timer := make(chan time.Time)
	ui := nobody{make(chan string, 1)}
	l, err := Listen("http://127.0.0.1:0/callback")
	is.NoErr(err) // bound
	defer l.Wait()
	f := codeFlow(l.RedirectURI)
	f.Patience = time.Minute
	now := time.Unix(1e9, 0)
	asked := make(chan time.Time, 8)
	d := &Driver{HTTP: NewClient("http://127.0.0.1:1", 0), UI: ui, Callback: l, Now: func() time.Time { return now },
		Sleep: func(until time.Time) <-chan time.Time { asked <- until; return timer }}
	done := make(chan error, 1)
	go func() { done <- d.Run(context.Background(), f) }()
	first := <-asked
	is.Equal(knock(t, "GET", l.RedirectURI+"?state=wrong", nil), 400) // a stranger
	is.Equal(<-asked, first)                                          // does not move the deadline
	now = first
	timer <- first
	var lapsed *flow.Lapsed
	is.True(errors.As(<-done, &lapsed)) // and it ends the login
}

func TestInterruptEndsTheWait(t *testing.T) {
	is := is.New(t)
	ctx, cancel := context.WithCancel(context.Background())
	l := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice that we left
		cancel()
		<-r.Context().Done()
	}))
	defer l.Close()
	err := (&Driver{HTTP: NewClient(l.URL, time.Minute), UI: nobody{}}).Run(ctx, flow.NewDiscover(flow.Target{ResourceURL: l.URL}))
	is.True(errors.Is(err, context.Canceled)) // at once, not after the time-out
}

// A server that answers, but never to an end, cannot hold a phase for longer
// than the phase may last, however many places there are to try.
func TestCL10_ThePhaseIsBounded(t *testing.T) {
	is := is.New(t)
	stop := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/mcp" {
			w.WriteHeader(401)
			return
		}
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	}))
	defer s.Close()
	defer close(stop)
	err := (&Driver{HTTP: NewClient(s.URL, 2*time.Second), UI: nobody{}, Phase: 200 * time.Millisecond}).Run(context.Background(), flow.NewDiscover(flow.Target{ResourceURL: s.URL + "/mcp"}))
	var world *flow.Interrupted
	is.True(errors.As(err, &world) && errors.Is(err, errPhase))                                        // the reason is named
	is.Equal((&Driver{HTTP: NewClient("http://127.0.0.1", 0)}).phaseLength(), 30*time.Second)          // half a minute by itself
	is.Equal((&Driver{HTTP: NewClient("http://127.0.0.1", time.Minute)}).phaseLength(), 3*time.Minute) // but room for what the user allows
}

// Pasted redirects: a wrong one is told, the end of them ends the wait.
func TestPastedRedirects(t *testing.T) {
	is := is.New(t)
	pasted := make(chan string)
	ui := &listener{nobody: nobody{make(chan string, 1)}}
	f := codeFlow("https://dev.example/callback")
	d := &Driver{HTTP: NewClient("http://127.0.0.1:1", 0), UI: ui, Pasted: pasted}
	done := make(chan error, 1)
	go func() { done <- d.Run(context.Background(), f) }()
	<-ui.visited
	pasted <- "https://dev.example/callback?code=c&state=another"
	pasted <- "nonsense"
	close(pasted)
	is.True(errors.Is(<-done, ErrNotInteractive)) // nobody is left to wait for
	is.Equal(len(ui.told), 2)                     // each wrong one was told
}

// listener is a UI that remembers notices.
type listener struct {
	nobody
	told []string
}

func (l *listener) Notice(text string) { l.told = append(l.told, text) }
