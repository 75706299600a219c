package test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/flowtest"
	"mcp-auth/core/message"
)

// A worker is the deployed folder in workerd, on a free port.
type worker struct {
	*is.I
	t       testing.TB
	base    string
	folder  string
	objects string // where the databases of its objects lie
	env     []string
	process *exec.Cmd
	said    *log
	client  *http.Client
}

// A log is what a process has printed.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

// String implements fmt.Stringer.
func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// deploy runs the Worker with settings such as "APPROVAL=auto"; "ISSUER="
// leaves the issuer unset.
func deploy(t testing.TB, settings ...string) *worker {
	t.Helper()
	return deployChanged(t, func(config string) string { return config }, settings...)
}

// deployChanged lets a test change workerd's configuration.
func deployChanged(t testing.TB, change func(config string) string, settings ...string) *worker {
	t.Helper()
	folder := os.Getenv("MCP_AUTH_TEST_WORKER_FOLDER")
	if folder == "" {
		t.Skip("no Worker was built for the tests: scripts/test --only worker builds one")
	}
	w := &worker{I: is.New(t), t: t, folder: folder, objects: t.TempDir(), said: &log{}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	w.NoErr(err)
	w.base = "http://" + l.Addr().String()
	w.NoErr(l.Close())
	w.env = []string{"MCP_AUTH_SERVER_ISSUER=" + w.base}
	for _, s := range settings {
		w.env = append(w.env, "MCP_AUTH_SERVER_"+s)
	}
	b, err := os.ReadFile(filepath.Join(folder, "workerd.capnp"))
	w.NoErr(err)
	config := filepath.Join(folder, "test-"+filepath.Base(filepath.Dir(w.objects))+".capnp") // it embeds its neighbours
	w.NoErr(os.WriteFile(config, []byte(change(string(b))), 0o600))
	t.Cleanup(func() { _ = os.Remove(config) })
	w.client = &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 100},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	w.folder = config
	w.start()
	t.Cleanup(func() {
		w.kill()
		if t.Failed() {
			t.Logf("workerd said:\n%s", w.said)
		}
	})
	return w
}

func (w *worker) start() {
	w.t.Helper()
	w.process = exec.Command(os.Getenv("MCP_AUTH_TEST_WORKERD"), "serve", w.folder, "--socket-addr", "http="+strings.TrimPrefix(w.base, "http://"), "--directory-path", "objects="+w.objects)
	w.process.Dir = filepath.Dir(w.folder)
	w.process.Env = append(os.Environ(), w.env...)
	w.process.Stdout, w.process.Stderr = w.said, w.said
	w.NoErr(w.process.Start())
	for range 300 {
		if c, err := net.Dial("tcp", strings.TrimPrefix(w.base, "http://")); err == nil {
			_ = c.Close()
			return
		}
		time.Sleep(20 * time.Millisecond) // another process: there is nothing to wait on
	}
	w.t.Fatalf("workerd does not listen:\n%s", w.said)
}

// kill is kill -9.
func (w *worker) kill() {
	_ = w.process.Process.Kill()
	_ = w.process.Wait()
	w.client.CloseIdleConnections()
}

// do performs an exchange at the Worker's address.
func (w *worker) do(m message.Request) (message.Response, error) {
	r, err := http.NewRequest(m.Method, m.URL, bytes.NewReader(m.Body))
	if err != nil {
		return message.Response{}, err
	}
	for _, f := range m.Header {
		r.Header.Add(f.Name, f.Value)
	}
	reply, err := w.client.Do(r)
	if err != nil {
		return message.Response{}, err
	}
	defer reply.Body.Close()
	out := message.Response{Status: reply.StatusCode}
	for name, values := range reply.Header {
		for _, v := range values {
			out.Header = append(out.Header, message.Field{Name: name, Value: v})
		}
	}
	out.Body, err = io.ReadAll(reply.Body)
	return out, err
}

func (w *worker) get(path string) message.Response {
	w.t.Helper()
	r, err := w.do(message.Get(w.base + path))
	w.NoErr(err)
	return r
}

func (w *worker) post(path, form string) message.Response {
	w.t.Helper()
	r, err := w.do(postForm(w.base+path, form))
	w.NoErr(err)
	return r
}

func postForm(url, form string) message.Request {
	return message.Request{Method: "POST", URL: url, Header: message.Header{{Name: "Content-Type", Value: message.FormType}}, Body: []byte(form)}
}

func (w *worker) call(token string) message.Response {
	w.t.Helper()
	r, err := w.do(message.Request{Method: "POST", URL: w.base + "/mcp/oauth", Body: []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ping"}}`),
		Header: message.Header{{Name: "Content-Type", Value: message.JSONType}, {Name: "Authorization", Value: "Bearer " + token}}})
	w.NoErr(err)
	return r
}

const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// code is a code of a server that approves by itself, and the request that
// redeems it.
func (w *worker) code() message.Request {
	w.t.Helper()
	r := w.get("/oauth/authorize?response_type=code&client_id=dev-public-client&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fcallback&code_challenge=" + challenge + "&code_challenge_method=S256&resource=" + w.base + "/mcp/oauth")
	f, _ := message.ParseForm(message.Request{URL: r.Header.Get("Location")}.Query())
	code, _ := f.One("code")
	if code == "" {
		w.t.Fatalf("no code: %d %s", r.Status, r.Body)
	}
	return postForm(w.base+"/oauth/token", "grant_type=authorization_code&client_id=dev-public-client&code="+code+"&code_verifier="+verifier)
}

// tokens redeems.
func (w *worker) tokens(m message.Request) (access, refresh string) {
	w.t.Helper()
	r, err := w.do(m)
	w.NoErr(err)
	if r.Status != 200 {
		w.t.Fatalf("no tokens: %d %s", r.Status, r.Body)
	}
	return text(r, "access_token"), text(r, "refresh_token")
}

func (w *worker) renewal(refresh string) message.Request {
	return postForm(w.base+"/oauth/token", "grant_type=refresh_token&client_id=dev-public-client&refresh_token="+refresh)
}

// device is an approved device authorization, as the request that polls.
func (w *worker) device() message.Request {
	w.t.Helper()
	r := w.post("/oauth/device/authorize", "client_id=dev-public-client&resource="+w.base+"/mcp/oauth")
	b := &flowtest.Browser{Do: w.do}
	page, err := b.Visit(text(r, "verification_uri"))
	w.NoErr(err)
	page, err = b.Press(page, "user_code", text(r, "user_code"))
	w.NoErr(err)
	if strings.Contains(page.Body, `value="approve"`) {
		_, err = b.Press(page, "decision", "approve")
		w.NoErr(err)
	}
	return postForm(w.base+"/oauth/token", "grant_type=urn:ietf:params:oauth:grant-type:device_code&client_id=dev-public-client&device_code="+text(r, "device_code"))
}

func text(r message.Response, name string) string {
	v, _ := message.ParseJSON(r.Body)
	s, _ := v.Get(name).Text()
	return s
}

// parallel sends one request many times at once and counts the statuses.
func (w *worker) parallel(m message.Request, n int) map[int]int {
	w.t.Helper()
	counts, failed := map[int]int{}, error(nil)
	var mu sync.Mutex
	var done sync.WaitGroup
	begin := make(chan struct{})
	for range n {
		done.Go(func() {
			<-begin
			r, err := w.do(m)
			mu.Lock()
			defer mu.Unlock()
			counts[r.Status]++
			if err != nil {
				failed = fmt.Errorf("an exchange failed: %w", err)
			}
		})
	}
	close(begin)
	done.Wait()
	w.NoErr(failed)
	return counts
}
