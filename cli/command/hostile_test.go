// Servers that lie, and the program set against them.
package command_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mcp-auth/cli/command"
	"mcp-auth/core/server"
	"mcp-auth/web/httpd"
)

// A lie changes what the honest server answers on a path.
type lie struct {
	path string
	tell func(w http.ResponseWriter, r *http.Request, honest *httptest.ResponseRecorder) bool // true: it has answered
}

// edit replaces text in the body of an answer.
func edit(path, old, new string) lie {
	return lie{path, func(_ http.ResponseWriter, r *http.Request, honest *httptest.ResponseRecorder) bool {
		base := "http://" + r.Host
		body := strings.ReplaceAll(honest.Body.String(), strings.ReplaceAll(old, "BASE", base), strings.ReplaceAll(new, "BASE", base))
		honest.Body.Reset()
		honest.Body.WriteString(body)
		honest.Header().Del("Content-Length")
		return false
	}}
}

// instead answers in place of the honest server.
func instead(path string, status int, contentType, body string, headers ...string) lie {
	return lie{path, func(w http.ResponseWriter, _ *http.Request, _ *httptest.ResponseRecorder) bool {
		w.Header().Set("Content-Type", contentType)
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Add(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
		return true
	}}
}

// hostile starts our server behind a layer that lies. hits counts requests by
// path.
func hostile(t *testing.T, lies ...lie) (base string, hits func(path string) int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base = "http://" + l.Addr().String()
	s, err := server.New(server.Config{Issuer: base, Seed: true, Mint: true, Random: rand.Reader, Approval: "manual"})
	if err != nil {
		t.Fatal(err)
	}
	honest := httpd.Handler(s, time.Now, nil)
	counts := make(chan map[string]int, 1)
	counts <- map[string]int{}
	web := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := <-counts
		c[r.URL.Path]++
		counts <- c
		rec := httptest.NewRecorder()
		honest.ServeHTTP(rec, r)
		for _, lie := range lies {
			if lie.path == r.URL.Path && lie.tell(w, r, rec) {
				return
			}
		}
		for name, values := range rec.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	})}
	go func() { _ = web.Serve(l) }()
	t.Cleanup(func() { _ = web.Close() })
	return base, func(path string) int {
		c := <-counts
		defer func() { counts <- c }()
		return c[path]
	}
}

// canary counts connections to a place nobody should go to.
func canary(t *testing.T) (base string, hits *atomic.Int32) {
	t.Helper()
	hits = &atomic.Int32{}
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	t.Cleanup(s.Close)
	return s.URL, hits
}

// cli runs the program and returns what it said.
func cli(home string, args ...string) (out, errOut string, code int) {
	var stdout, stderr bytes.Buffer
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	code = command.Run(ctx, append(args, "--cli-home", home), command.Streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr})
	return stdout.String(), stderr.String(), code
}

const (
	prmPath = "/.well-known/oauth-protected-resource/mcp/oauth"
	asPath  = "/.well-known/oauth-authorization-server"
)

// refusedLogin asserts that a login fails with a code, says why, and stores
// nothing.
func refusedLogin(t *testing.T, base string, want int, says string, args ...string) (errOut string) {
	t.Helper()
	home := t.TempDir()
	if len(args) == 0 {
		args = []string{"--auth-mode", "client-creds", "--register"}
	}
	out, errOut, code := cli(home, append([]string{"login", base + "/mcp/oauth"}, args...)...)
	if code != want || !strings.Contains(errOut, says) {
		t.Errorf("exit code %d, wanted %d with %q\n%s%s", code, want, says, out, errOut)
	}
	if _, err := os.Stat(filepath.Join(home, "profiles.json")); err == nil {
		t.Error("something was stored")
	}
	return errOut
}
