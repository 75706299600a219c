// A server that is stopped and started again over one file. This test program
// runs itself as that server.
package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/message"
	"mcp-auth/core/rows"
	"mcp-auth/native/sqlite"
	"mcp-auth/web/leaks"
)

const roleVariable = "MCP_AUTH_TEST_ROLE"

// roles are what this program does when it is run with a role.
var roles = map[string]func(){"server": main, "hasty": hastyServer}

func TestMain(m *testing.M) {
	if role := roles[os.Getenv(roleVariable)]; role != nil {
		role()
		os.Exit(0)
	}
	leaks.Main(m)
}

// issuer stays the same over restarts, wherever the server listens.
const issuer = "http://as.test"

// A subject is a server that is started, ended and started again.
type subject struct {
	t      testing.TB
	role   string
	under  []string // a program that runs it; none: nobody
	args   []string
	cmd    *exec.Cmd
	log    bytes.Buffer
	at     atomic.Pointer[string]
	client *http.Client
	left   atomic.Int64 // answers until it is killed, in the midst of others; 0: it is not
}

func newSubject(t testing.TB, role string, args ...string) *subject {
	s := &subject{t: t, role: role}
	s.init(args...)
	return s
}

func (s *subject) init(args ...string) {
	s.args = append([]string{"--listen", "127.0.0.1:0", "--issuer", issuer, "--approval", "auto", "--log-format", "off"}, args...)
	s.client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{MaxIdleConnsPerHost: 64, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", *s.at.Load())
		}}}
	s.t.Cleanup(func() {
		if s.cmd != nil {
			_ = s.end(os.Kill)
		}
	})
	s.start()
}

// start starts the server and reads where it listens.
func (s *subject) start() {
	s.t.Helper()
	self, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	argv := slices.Concat(s.under, []string{self}, s.args)
	s.cmd = exec.Command(argv[0], argv[1:]...)
	s.cmd.Env = append(os.Environ(), roleVariable+"="+s.role, "GORACE=atexit_sleep_ms=0") // the race detector waits a second else
	s.cmd.WaitDelay = 10 * time.Second
	s.log.Reset()
	s.cmd.Stderr = &s.log
	out, err := s.cmd.StdoutPipe()
	if err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	_, rest, ok := strings.Cut(line, "listens on ")
	if err != nil || !ok {
		_ = s.cmd.Wait()
		s.t.Fatalf("the server said %q, then %v: %s", line, err, s.log.String())
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	at, _, _ := strings.Cut(strings.TrimSpace(rest), ",")
	s.at.Store(&at)
}

// end ends it by a signal and waits until it is gone.
func (s *subject) end(by os.Signal) error {
	_ = s.cmd.Process.Signal(by)
	err := s.cmd.Wait()
	s.cmd = nil
	s.client.CloseIdleConnections()
	return err
}

// restart stops it as a service manager does.
func (s *subject) restart() {
	s.t.Helper()
	if err := s.end(syscall.SIGTERM); err != nil {
		s.t.Fatalf("it did not stop well: %v: %s", err, s.log.String())
	}
	s.start()
}

// errCut says that the connection ended before an answer came.
var errCut = errors.New("no answer came")

// do sends a request; the error is errCut.
func (s *subject) do(r *http.Request) (status int, header http.Header, body []byte, err error) {
	reply, err := s.client.Do(r)
	if err != nil {
		return 0, nil, nil, errCut
	}
	defer reply.Body.Close()
	if body, err = io.ReadAll(reply.Body); err != nil {
		return 0, nil, nil, errCut
	}
	if s.left.Add(-1) == 0 {
		_ = s.cmd.Process.Kill()
	}
	return reply.StatusCode, reply.Header, body, nil
}

func (s *subject) get(path string) (int, http.Header, []byte, error) {
	r, err := http.NewRequest("GET", issuer+path, nil)
	if err != nil {
		return 0, nil, nil, err
	}
	return s.do(r)
}

func (s *subject) post(path, contentType, body string, header ...string) (int, message.Value, error) {
	r, err := http.NewRequest("POST", issuer+path, strings.NewReader(body))
	if err != nil {
		return 0, message.Value{}, err
	}
	r.Header.Set("Content-Type", contentType)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	status, _, reply, err := s.do(r)
	if err != nil {
		return 0, message.Value{}, err
	}
	v, _ := message.ParseJSON(reply)
	return status, v, nil
}

func (s *subject) form(path string, pairs ...string) (int, message.Value, error) {
	f := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return s.post(path, message.FormType, f.Encode())
}

// call is an MCP call with an access token; it returns the status.
func (s *subject) call(below, token string) (int, error) {
	status, _, err := s.post(below+"/mcp/oauth", message.JSONType, `{"jsonrpc":"2.0","id":1,"method":"ping"}`, "Authorization", "Bearer "+token, "Accept", "application/json, text/event-stream")
	return status, err
}

// A pair that fits, of RFC 7636 appendix B.
const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	callback  = "http://127.0.0.1/callback"
)

// code asks for an authorization code; the server approves by itself.
func (s *subject) code(below, client string) (string, error) {
	q := url.Values{"response_type": {"code"}, "client_id": {client}, "redirect_uri": {callback}, "code_challenge": {challenge},
		"code_challenge_method": {"S256"}, "resource": {issuer + below + "/mcp/oauth"}, "scope": {"mcp:read mcp:write"}}
	_, header, _, err := s.get(below + "/oauth/authorize?" + q.Encode())
	if err != nil {
		return "", err
	}
	to, err := url.Parse(header.Get("Location"))
	if err != nil || to.Query().Get("code") == "" {
		return "", errors.New("no code in " + header.Get("Location"))
	}
	return to.Query().Get("code"), nil
}

func (s *subject) redeem(below, client, code string) (int, message.Value, error) {
	return s.form(below+"/oauth/token", "grant_type", "authorization_code", "client_id", client, "code", code, "code_verifier", verifier, "redirect_uri", callback)
}

func (s *subject) refresh(below, client, token string) (int, message.Value, error) {
	return s.form(below+"/oauth/token", "grant_type", "refresh_token", "client_id", client, "refresh_token", token)
}

func member(v message.Value, name string) string {
	text, _ := v.Get(name).Text()
	return text
}

func TestRestartKeepsWhatUsersHave(t *testing.T) {
	is := is.New(t)
	file := filepath.Join(t.TempDir(), "state.db")
	s := newSubject(t, "server", "--store", sqliteStore+file, "--token-format", "jwt", "--sandboxes", "2")
	status, client, err := s.post("/oauth/register", message.JSONType, `{"client_name":"Kept","redirect_uris":["`+callback+`"],"token_endpoint_auth_method":"none","grant_types":["authorization_code","refresh_token"]}`)
	is.True(err == nil && status == 201) // a client registers
	id := member(client, "client_id")
	code, err := s.code("", id)
	is.NoErr(err)
	unused, err := s.code("", id)
	is.NoErr(err)
	_, token, err := s.redeem("", id, code)
	is.NoErr(err)
	first, access := member(token, "refresh_token"), member(token, "access_token")
	_, token, err = s.refresh("", id, first)
	is.NoErr(err)
	second := member(token, "refresh_token")
	_, _, keys, err := s.get("/oauth/jwks")
	is.NoErr(err)
	_, box, err := s.post("/sandbox", message.JSONType, `{"approval":"auto","lifetime":600}`)
	is.NoErr(err)
	below := "/tenant/" + member(box, "name")
	boxed, err := s.code(below, "dev-public-client")
	is.NoErr(err)
	_, inBox, err := s.redeem(below, "dev-public-client", boxed)
	is.NoErr(err)
	status, note, err := s.post("/mcp/oauth", message.JSONType, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"write_note","arguments":{"name":"n","content":"kept"}}}`,
		"Authorization", "Bearer "+access, "Accept", "application/json, text/event-stream")
	is.True(err == nil && status == 200 && member(note, "error") == "") // a note

	for _, suffix := range []string{"", "-wal", "-shm", "-lock"} {
		info, err := os.Stat(file + suffix)
		is.NoErr(err)
		is.Equal(info.Mode().Perm(), os.FileMode(0o600)) // nobody else reads it
	}

	s.restart()

	_, _, again, err := s.get("/oauth/jwks")
	is.NoErr(err)
	is.True(len(keys) > 50 && bytes.Equal(keys, again)) // the same keys
	status, err = s.call("", access)
	is.True(err == nil && status == 200) // the token is as good as before
	status, err = s.call(below, member(inBox, "access_token"))
	is.True(err == nil && status == 200) // the sandbox is there, and its token
	status, err = s.call(below, access)
	is.True(err == nil && status == 401) // the root's tokens are nothing there, as before
	status, _, err = s.redeem("", id, unused)
	is.True(err == nil && status == 200) // a code that was not used is good, for the client that registered
	status, _, err = s.redeem(below, "dev-public-client", boxed)
	is.True(err == nil && status == 400) // one that was used is not
	status, token, err = s.refresh("", id, second)
	is.True(err == nil && status == 200) // the current refresh token is current
	status, _, err = s.refresh("", id, first)
	is.True(err == nil && status == 400) // one that was used is a reuse
	status, _, err = s.refresh("", id, member(token, "refresh_token"))
	is.True(err == nil && status == 400) // which kills the family
	s.restart()
	status, err = s.call("", access)
	is.True(err == nil && status == 401) // for good
	is.NoErr(s.end(syscall.SIGTERM))
	left, err := filepath.Glob(file + "*")
	is.NoErr(err)
	is.Equal(left, []string{file, file + "-lock"}) // all is in the file
}

func TestStoreIsRefusedClearly(t *testing.T) {
	is := is.New(t)
	dir := t.TempDir()
	text, used := filepath.Join(dir, "notes.txt"), filepath.Join(dir, "used.db")
	is.NoErr(os.WriteFile(text, []byte("not a database"), 0o600))
	newer := filepath.Join(dir, "newer.db")
	db, err := sqlite.Open(newer)
	is.NoErr(err)
	is.NoErr(rows.Migrate(db))
	_, err = db.Exec("INSERT INTO migrations (number) VALUES (1000)")
	is.NoErr(err)
	is.NoErr(db.Close())
	_, greeting, _, _ := start(t, "--store", sqliteStore+used)
	is.True(strings.Contains(greeting, "State is in "+used+" and outlives the process.")) // says where
	for _, c := range []struct {
		store, want string
		code        int
	}{{"sqlite:", "--help", 2}, {"postgres:x", "wanted memory, or sqlite:", 2}, {"", "wanted memory", 2}, {sqliteStore + text, "no SQLite database", 1},
		{sqliteStore + used, "in use by another server", 1}, {sqliteStore + dir, "no regular file", 1}, {sqliteStore + newer, "newer program", 1}} {
		var out, errs bytes.Buffer
		is.Equal(run(t.Context(), []string{"--listen", "127.0.0.1:0", "--store", c.store}, &out, &errs), c.code)
		is.True(strings.Contains(errs.String(), c.want) && !strings.Contains(errs.String(), "goroutine")) // says why
	}
}
