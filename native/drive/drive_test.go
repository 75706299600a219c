package drive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/flow"
	"mcp-auth/core/message"
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

func TestCL13_HostileCallbacksDoNotEndTheLogin(t *testing.T) {
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
	for _, redirect := range []string{"http://0.0.0.0:0/callback", "https://127.0.0.1:0/callback", "http://example.test/callback", "x"} {
		_, err := Listen(redirect)
		is.True(err != nil) // nowhere else
	}
}

func TestTheDeadlineHoldsThroughHostileCallbacks(t *testing.T) {
	is := is.New(t)
	timer := make(chan time.Time)
	ui := nobody{make(chan string, 1)}
	f := flow.NewAuthCode(flow.Target{ResourceURL: "http://127.0.0.1:1/mcp"}, flow.Client{ID: "c"}, "")
	l, err := Listen("http://127.0.0.1:0/callback")
	is.NoErr(err) // bound
	defer l.Wait()
	f.RedirectURI, f.StateValue, f.Verifier, f.Patience = l.RedirectURI, state, strings.Repeat("v", 43), time.Minute
	f.Found = flow.Discovered{Complete: true, Servers: []flow.ServerFound{{Metadata: oauth.ServerMetadata{AuthorizationEndpoint: "http://127.0.0.1:1/a", TokenEndpoint: "http://127.0.0.1:1/t", CodeChallengeMethodsSupported: []string{"S256"}}}}}
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

func TestCL29_RemoteResourcesCannotReachThisMachine(t *testing.T) {
	is := is.New(t)
	hit := false
	l := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hit = true }))
	defer l.Close()
	for _, from := range []string{"https://mcp.example/mcp", "http://10.0.0.1/"} {
		_, err := NewClient(from, time.Second).Do(context.Background(), message.Get(l.URL))
		is.True(err != nil && strings.Contains(err.Error(), "this machine")) // refused on the address that was dialled
	}
	is.True(!hit) // no connection was made
	_, err := NewClient(l.URL, time.Second).Do(context.Background(), message.Get(l.URL))
	is.NoErr(err) // a local resource may
	for _, a := range strings.Fields("127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 240.0.0.1 ::1 :: fd00::1 fe80::1 ::ffff:127.0.0.1 64:ff9b::7f00:1 2002:7f00:1::") {
		is.True(flow.PrivateAddress(netip.MustParseAddr(a))) // every form of those
	}
	is.True(!flow.PrivateAddress(netip.MustParseAddr("93.184.216.34"))) // and not the others
}

func TestCL05_TheBrowserGetsOneArgument(t *testing.T) {
	is := is.New(t)
	if runtime.GOOS == "windows" {
		t.Skip("BROWSER is not read there")
	}
	dir := t.TempDir()
	marker, seen := filepath.Join(dir, "marker"), filepath.Join(dir, "seen")
	script := "#!/bin/sh\nprintf '%s\\n' \"$#\" \"$1\" > " + seen + ".tmp && mv " + seen + ".tmp " + seen + "\n"
	is.NoErr(os.WriteFile(filepath.Join(dir, "opener"), []byte(script), 0o700)) // an opener that tells
	t.Setenv("BROWSER", filepath.Join(dir, "opener"))
	url := "https://as.example/a?x=$(touch%20" + marker + ")&calc;'%22`id`"
	err := Open(strings.ReplaceAll(strings.ReplaceAll(url, "`", "%60"), "'", "%27"))
	is.NoErr(err) // started
	data := waitFor(t, seen)
	lines := strings.Split(strings.TrimSpace(data), "\n")
	is.Equal(lines[0], "1")                          // exactly one argument
	is.True(strings.HasPrefix(lines[1], "https://")) // that is the URL
	_, err = os.Stat(marker)
	is.True(err != nil) // no shell has read it
	for _, bad := range []string{"javascript:alert(1)", "file:///etc/passwd", "-version", "ssh://x", ""} {
		is.True(Open(bad) != nil) // only pages are opened
	}
}

// waitFor waits until another process has written a file.
func waitFor(t *testing.T, path string) string {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		if data, err := os.ReadFile(path); err == nil {
			return string(data)
		}
		runtime.Gosched()
	}
	t.Fatal("the program was not started")
	return ""
}

func TestOpeners(t *testing.T) {
	is := is.New(t)
	is.Equal(openers("a:b %s c", "linux"), [][]string{{"a"}, {"b", "%s", "c"}, {"wslview"}, {"xdg-open"}}) // BROWSER first
	is.Equal(openers("a", "windows"), [][]string{{"rundll32", "url.dll,FileProtocolHandler"}})             // never through a shell
	is.Equal(argument([]string{"x", "%s", "y"}, "u"), []string{"x", "u", "y"})                             // in its place
	is.Equal(argument([]string{"x"}, "u"), []string{"x", "u"})                                             // or last
}

func TestClientBounds(t *testing.T) {
	is := is.New(t)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/long":
			_, _ = w.Write(make([]byte, maxBody+1))
		case "/away":
			http.Redirect(w, r, "/other", 307)
		case "/gzip":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = fmt.Fprint(w, r.Header.Get("Accept-Encoding"))
		}
	}))
	defer s.Close()
	c := NewClient(s.URL, time.Second)
	do := func(path string) (message.Response, error) {
		return c.Do(context.Background(), message.Get(s.URL+path))
	}
	_, err := do("/long")
	is.True(err != nil && strings.Contains(err.Error(), "1 MiB")) // a body is bounded
	r, err := do("/away")
	is.True(err == nil && r.Status == http.StatusTemporaryRedirect) // a redirect is an answer, not an order
	r, err = do("/gzip")
	is.True(err == nil && string(r.Body) == "") // nothing is asked to be compressed, so nothing inflates
	l, err := net.Listen("tcp", "127.0.0.1:0")
	is.NoErr(err)
	free := l.Addr().String()
	l.Close()
	_, err = c.Do(context.Background(), message.Get("http://"+free))
	is.True(err != nil && strings.Contains(err.Error(), "nothing listens"))                                         // the reason is named
	is.True(slices.IsSortedFunc(r.Header, func(a, b message.Field) int { return strings.Compare(a.Name, b.Name) })) // the same order every time
}
