package httpd_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/flowtest"
	"mcp-auth/core/lines"
	"mcp-auth/core/message"
	"mcp-auth/core/server"
	"mcp-auth/web/httpd"
)

// overSocket is the transport that goes through httpd and a real socket. The
// server believes in the world's address and clock.
func overSocket(t *testing.T) func(*flowtest.World) flowtest.Transport {
	return func(w *flowtest.World) flowtest.Transport {
		s := httptest.NewServer(httpd.Handler(w.Server, w.Now, nil))
		t.Cleanup(s.Close)
		client := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			return net.Dial("tcp", s.Listener.Addr().String())
		}},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		return func(m message.Request) (message.Response, error) {
			r, err := http.NewRequest(m.Method, m.URL, bytes.NewReader(m.Body))
			if err != nil {
				return message.Response{}, err
			}
			for _, f := range m.Header {
				r.Header.Add(f.Name, f.Value)
			}
			reply, err := client.Do(r)
			if err != nil {
				return message.Response{}, err
			}
			defer reply.Body.Close()
			out := message.Response{Status: reply.StatusCode}
			// In the order the server wrote them, which a map forgets.
			for _, name := range []string{"Content-Type", "Location", "Www-Authenticate", "Retry-After", "Set-Cookie", "Dpop-Nonce"} {
				for _, v := range reply.Header[name] {
					out.Header = append(out.Header, message.Field{Name: strings.Replace(name, "Www", "WWW", 1), Value: v})
				}
			}
			out.Body, err = io.ReadAll(reply.Body)
			return out, err
		}
	}
}

func TestScriptsOverASocket(t *testing.T) {
	files, _ := fs.Glob(flowtest.Scripts, "testdata/*.txtar")
	if len(files) == 0 {
		t.Fatal("no scripts")
	}
	for _, name := range files {
		t.Run(strings.TrimPrefix(name, "testdata/"), func(t *testing.T) {
			text, _ := flowtest.Scripts.ReadFile(name)
			got, err := flowtest.Run(flowtest.ParseScript(string(text)), overSocket(t))
			if err != nil {
				t.Fatal(err)
			}
			if d := lines.Diff(string(text), got.Format()); d != "" {
				t.Fatal(d) // the same bytes as in process
			}
		})
	}
}

// start serves on a free port, with the limits of the real program.
func start(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(server.Config{Issuer: "http://" + l.Addr().String(), Seed: true, Random: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	web := &http.Server{Handler: httpd.Handler(s, time.Now, nil), MaxHeaderBytes: 64 << 10, ReadHeaderTimeout: 300 * time.Millisecond, ReadTimeout: time.Second}
	go func() { _ = web.Serve(l) }()
	t.Cleanup(func() { _ = web.Close() })
	return l.Addr().String()
}

// raw sends bytes and returns the status of the answer.
func raw(t *testing.T, address, request string) (status int, body string) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	go func() { _, _ = io.WriteString(c, request) }()
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, err.Error()
	}
	defer r.Body.Close()
	b, _ := io.ReadAll(r.Body)
	return r.StatusCode, string(b)
}

func TestTK19_PathVariantsOverASocket(t *testing.T) {
	is := is.New(t)
	address := start(t)
	for _, path := range []string{"/oauth/token/", "/OAuth/Token", "//oauth/token", "/oauth/./token", "/oauth%2ftoken", "/mcp/./oauth", "/mcp/oauth%2f", "*", "http://evil.example/oauth/token"} {
		status, _ := raw(t, address, "POST "+path+" HTTP/1.1\r\nHost: "+address+"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		is.True(status == 404 || status == 403 || status == 400) // never 307, which would post credentials again
	}
}

func TestTK20_LongBodiesOverASocket(t *testing.T) {
	is := is.New(t)
	address := start(t)
	head := "POST /oauth/token HTTP/1.1\r\nHost: " + address + "\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n"
	status, _ := raw(t, address, head+"Content-Length: 10000000000\r\n\r\n")
	is.Equal(status, 413) // refused by its length, without reading
	chunk := fmt.Sprintf("%x\r\n%s\r\n", 32<<10, strings.Repeat("a", 32<<10))
	status, _ = raw(t, address, head+"Transfer-Encoding: chunked\r\n\r\n"+strings.Repeat(chunk, 3)+"0\r\n\r\n")
	is.Equal(status, 413) // refused when the limit is reached
}

func TestRS10_LongHeadersOverASocket(t *testing.T) {
	is := is.New(t)
	address := start(t)
	status, _ := raw(t, address, "POST /mcp/oauth HTTP/1.1\r\nHost: "+address+"\r\nAuthorization: Bearer "+strings.Repeat("a", 1<<20)+"\r\n\r\n")
	is.True(status == 431 || status == 0) // refused; the connection may be closed on who still sends
	status, _ = raw(t, address, "GET /health HTTP/1.1\r\nHost: "+address+"\r\nConnection: close\r\n\r\n")
	is.Equal(status, 200) // and the server lives
}

func TestMC02_HostsOverASocket(t *testing.T) {
	is := is.New(t)
	address := start(t)
	status, _ := raw(t, address, "GET /health HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
	is.Equal(status, 403) // DNS rebinding
	status, _ = raw(t, address, "GET http://"+address+"/health HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
	is.Equal(status, 200) // in absolute form the target is the host (RFC 9112 section 3.2.2)
	status, _ = raw(t, address, "GET http://evil.example/health HTTP/1.1\r\nHost: "+address+"\r\nConnection: close\r\n\r\n")
	is.Equal(status, 403) // whatever the field says
}

func TestMC17_SlowClients(t *testing.T) {
	is := is.New(t)
	address := start(t)
	c, err := net.Dial("tcp", address)
	is.NoErr(err) // connected
	defer c.Close()
	_, _ = io.WriteString(c, "POST /oauth/token HTTP/1.1\r\nHo")
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	_, err = io.ReadAll(c)
	is.NoErr(err) // who never finishes its header is hung up on: the server closed, we did not time out
	status, _ := raw(t, address, "GET /health HTTP/1.1\r\nHost: "+address+"\r\nConnection: close\r\n\r\n")
	is.Equal(status, 200) // others are served
}

func TestHeadAndOptions(t *testing.T) {
	is := is.New(t)
	address := start(t)
	status, body := raw(t, address, "HEAD /health HTTP/1.1\r\nHost: "+address+"\r\nConnection: close\r\n\r\n")
	is.True(status == 200 || body != "") // HEAD is a GET without its body
	status, _ = raw(t, address, "OPTIONS /mcp/oauth HTTP/1.1\r\nHost: "+address+"\r\nConnection: close\r\n\r\n")
	is.Equal(status, 204) // preflights are answered by the front door
	status, _ = raw(t, address, "BREW /health HTTP/1.1\r\nHost: "+address+"\r\nConnection: close\r\n\r\n")
	is.Equal(status, 405) // and so are odd methods
}

// RFC 9110 section 6.6.1: each answer has the time it was made, also when the
// clock goes on or back between two.
func TestDates(t *testing.T) {
	is := is.New(t)
	s, err := server.New(server.Config{Issuer: "http://127.0.0.1:8765", Seed: true, Random: rand.Reader})
	is.NoErr(err) // a server
	begin := time.Date(2026, 11, 26, 23, 59, 58, 0, time.FixedZone("", 3600))
	now := begin
	h := httpd.Handler(s, func() time.Time { return now }, nil)
	for _, c := range []struct {
		after time.Duration
		want  string
	}{{0, "Thu, 26 Nov 2026 22:59:58 GMT"}, {999 * time.Millisecond, "Thu, 26 Nov 2026 22:59:58 GMT"}, {time.Second, "Thu, 26 Nov 2026 22:59:59 GMT"}, {0, "Thu, 26 Nov 2026 22:59:58 GMT"}, {2 * time.Second, "Thu, 26 Nov 2026 23:00:00 GMT"}} {
		now = begin.Add(c.after)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "http://127.0.0.1:8765/health", nil))
		is.Equal(w.Header()["Date"], []string{c.want})
	}
}
