// A server that lies, for the client's checks: ours, behind a layer that
// changes what it says.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"mcp-auth/core/authserver"
	"mcp-auth/core/server"
	"mcp-auth/web/httpd"
)

// A lie changes an answer, or gives one in its place and returns true.
type lie func(w http.ResponseWriter, r *http.Request, honest *httptest.ResponseRecorder) bool

type stub struct {
	base string
	web  *http.Server

	mu   sync.Mutex
	seen []*http.Request
}

// start starts a server with lies by path.
func start(lies map[string]lie) *stub {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	s := &stub{base: "http://" + l.Addr().String()}
	cfg := server.Config{Issuer: s.base, Seed: true, Random: rand.Reader, Approval: authserver.ApprovalAuto, Tenants: []string{"t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8"}}
	cfg.Lifetimes.Interval = time.Second
	core, err := server.New(cfg)
	if err != nil {
		panic(err)
	}
	honest := httpd.Handler(core, time.Now, nil)
	s.web = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.seen = append(s.seen, r)
		s.mu.Unlock()
		rec := httptest.NewRecorder()
		honest.ServeHTTP(rec, r)
		if tell := lies[r.URL.Path]; tell != nil && tell(w, r, rec) {
			return
		}
		for name, values := range rec.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	})}
	go func() { _ = s.web.Serve(l) }()
	return s
}

func (s *stub) close() { _ = s.web.Close() }

func (s *stub) resource() string { return s.base + "/mcp/oauth" }

// hits counts the requests to a path.
func (s *stub) hits(path string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.seen {
		if r.URL.Path == path {
			n++
		}
	}
	return n
}

// edit replaces the first match of an expression; BASE stands for the origin.
func edit(old, new string) lie {
	return func(_ http.ResponseWriter, r *http.Request, honest *httptest.ResponseRecorder) bool {
		base := strings.NewReplacer("BASE", "http://"+r.Host)
		body := regexp.MustCompile(base.Replace(old)).ReplaceAllString(honest.Body.String(), base.Replace(new))
		honest.Body.Reset()
		honest.Body.WriteString(body)
		honest.Header().Del("Content-Length")
		return false
	}
}

// instead answers in JSON.
func instead(status int, body string) lie {
	return func(w http.ResponseWriter, _ *http.Request, _ *httptest.ResponseRecorder) bool {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
		return true
	}
}

// A said is what the program said.
type said struct {
	out, err string
	code     int
	memory   int64 // bytes resident at most
}

// brief is the last line of what went wrong.
func (s said) brief() string {
	lines := strings.Split(strings.TrimSpace(s.err), "\n")
	for _, l := range lines {
		if strings.HasPrefix(l, "error:") {
			return l
		}
	}
	return lines[len(lines)-1]
}

// cli runs the program; browse is what its user does with the URL it prints,
// nil: visits it.
func (w *world) cli(browse func(url string), args ...string) said {
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	c := exec.CommandContext(ctx, w.program, append(args, "--cli-home", w.home)...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	pipe, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		panic(err)
	}
	if browse == nil {
		browse = visit
	}
	var out strings.Builder
	lines := bufio.NewScanner(pipe)
	verification := ""
	for lines.Scan() {
		line := lines.Text()
		out.WriteString(line + "\n")
		if strings.Contains(line, "/oauth/authorize?") && strings.HasPrefix(line, "http") {
			browse(line)
		}
		if at, ok := strings.CutPrefix(line, "Visit: "); ok {
			verification = at
		}
		if code, ok := strings.CutPrefix(line, "User code: "); ok && strings.HasPrefix(verification, "http") {
			w.approveDevice(verification, code)
		}
	}
	_ = c.Wait()
	return said{out.String(), stderr.String(), c.ProcessState.ExitCode(), peak(c.ProcessState)}
}

// visit follows a URL as a browser does, to the program's listener.
func visit(at string) {
	r, err := http.Get(at)
	if err == nil {
		_ = r.Body.Close()
	}
}

// approveDevice enters a code and approves, at the server that shows the page.
func (w *world) approveDevice(verification, code string) {
	defer func() { _ = recover() }() // a server that lies may show no page
	there := *w
	u, err := url.Parse(verification)
	if err != nil {
		return
	}
	there.base = u.Scheme + "://" + u.Host
	if page := there.verify(code); hidden.MatchString(page.body) {
		there.approve(page, devicePath, "approve")
	}
}

// callback is where the program listens, with other parameters.
func callback(authorize, query string) string {
	u, _ := url.Parse(authorize)
	return u.Query().Get("redirect_uri") + "?" + query
}

// location is where the server sends the browser.
func location(authorize string) string {
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r, err := c.Get(authorize)
	if err != nil {
		panic(err)
	}
	_ = r.Body.Close()
	return r.Header.Get("Location")
}

func (w *world) profiles() string { return filepath.Join(w.home, "profiles.json") }

// stored is the text of the profiles, or "".
func (w *world) stored() string {
	text, _ := os.ReadFile(w.profiles())
	return string(text)
}
