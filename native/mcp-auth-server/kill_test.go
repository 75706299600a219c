// a server that is killed under load, again and again, over one file. Its
// clients write down what was answered; what was consumed or revoked stays so,
// and nothing that was answered is lost.
package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/message"
)

const killsVariable = "MCP_AUTH_TEST_KILLS" // how many kills; 1000 for a release

func kills(t *testing.T, short int) int {
	if n, err := strconv.Atoi(os.Getenv(killsVariable)); err == nil && n > 0 {
		return n
	}
	if testing.Short() {
		t.Skip("kills processes for some seconds")
	}
	return short
}

func TestR17_NothingComesBackAfterAKill(t *testing.T) {
	n := kills(t, 20)
	r := killed(t, "server", n, func(*report) bool { return true })
	t.Logf("R-17: %d kills: %s", n, r)
	if r.inDoubt == 0 || r.consumed == 0 || r.revoked == 0 {
		t.Errorf("the load has not done what the test is about: %s", r)
	}
	for _, v := range r.violations {
		t.Error(v)
	}
}

// The control: a store that answers before it writes must be found out.
func TestR17_AStoreThatAnswersTooEarlyIsFound(t *testing.T) {
	is := is.New(t)
	r := killed(t, "hasty", 100, func(r *report) bool { return len(r.violations) == 0 })
	t.Logf("R-17, control: %s", r)
	is.True(len(r.violations) > 0) // what was answered was lost, and is missed
}

// killed kills a server n times under load, while more says so, and checks the
// whole history at the end.
func killed(t *testing.T, role string, n int, more func(*report) bool) *report {
	t.Helper()
	s := newSubject(t, role, "--store", sqliteStore+filepath.Join(t.TempDir(), "state.db"), "--tenant", "none",
		"--code-lifetime", "24h", "--device-lifetime", "24h", "--max-codes", "10000000", "--max-devices", "10000000", "--max-client-devices", "10000000",
		"--access-lifetime", "24h", "--max-clients", "10000000", "--device-interval", "1s")
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := &report{}
	workers := make([]*worker, 8)
	for i := range workers {
		workers[i] = &worker{s: s, report: r, rand: rand.New(rand.NewPCG(seed, uint64(i))), client: "dev-public-client"}
	}
	moment := rand.New(rand.NewPCG(seed, 1<<32))
	for i := 0; i < n && more(r); i++ {
		s.left.Store(int64(10 + moment.IntN(140)))
		each(workers, (*worker).load)
		_ = s.end(os.Kill)
		s.start()
		each(workers, (*worker).recheck)
	}
	each(workers, (*worker).judge)
	return r
}

func each(workers []*worker, do func(*worker) error) {
	var wg sync.WaitGroup
	for _, w := range workers {
		wg.Go(func() {
			if err := do(w); err != nil && err != errCut {
				w.report.violation("%v", err)
			}
		})
	}
	wg.Wait()
}

// A report is what was seen.
type report struct {
	mu                                   sync.Mutex
	families, consumed, revoked, inDoubt int
	checks                               int
	violations                           []string
}

func (r *report) String() string {
	return fmt.Sprintf("%d logins, %d codes and refresh tokens consumed, %d families revoked, %d answers in doubt, %d checks, %d violations", r.families, r.consumed, r.revoked, r.inDoubt, r.checks, len(r.violations))
}

func (r *report) violation(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.violations = append(r.violations, fmt.Sprintf(format, args...))
}

func (r *report) count(n *int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*n++
}

// want notes a violation where an answer has another status.
func (r *report) want(what string, status, want int) {
	r.count(&r.checks)
	if status != want {
		r.violation("%s: HTTP %d instead of %d", what, status, want)
	}
}

// A fact is what a client can know: maybe is a request without an answer.
type fact byte

const (
	no fact = iota
	maybe
	yes
)

// A family is one login: what its client was answered.
type family struct {
	client          string
	code, device    string   // one of the two
	closed          bool     // the code gives nothing any more: the user said no, or its tokens went nowhere
	spent           fact     // the code
	access, refresh []string // the last is the current one
	rotated         fact     // the current refresh token
	dead            fact     // revoked, or found to be used twice
}

// last is the newest token; there is one once the code is spent.
func last(tokens []string) string { return tokens[len(tokens)-1] }

// What is in memory ends with the process: nothing of it is good afterwards.
func TestR17_MemoryFailsClosed(t *testing.T) {
	is := is.New(t)
	s := newSubject(t, "server")
	status, v, err := s.post("/oauth/register", message.JSONType, `{"client_name":"R-17","redirect_uris":["`+callback+`"],"token_endpoint_auth_method":"none","grant_types":["authorization_code","refresh_token"]}`)
	is.True(err == nil && status == 201)
	client := member(v, "client_id")
	unused, err := s.code("", "dev-public-client")
	is.NoErr(err)
	used, err := s.code("", "dev-public-client")
	is.NoErr(err)
	_, v, err = s.redeem("", "dev-public-client", used)
	is.NoErr(err)
	_, minted, err := s.post("/test-auth/bearer-token/mint", message.JSONType, "")
	is.NoErr(err)
	_, device, err := s.form("/oauth/device/authorize", "client_id", "dev-public-client")
	is.NoErr(err)
	status, err = s.call("", member(v, "access_token"))
	is.True(err == nil && status == 200) // alive

	_ = s.end(os.Kill)
	s.start()

	status, err = s.call("", member(v, "access_token"))
	is.True(err == nil && status == 401) // the access token is refused
	status, _, err = s.refresh("", "dev-public-client", member(v, "refresh_token"))
	is.True(err == nil && status == 400) // the refresh token
	for _, code := range []string{unused, used} {
		status, _, err = s.redeem("", "dev-public-client", code)
		is.True(err == nil && status == 400) // codes, used or not
	}
	status, _, err = s.form("/oauth/token", "grant_type", "urn:ietf:params:oauth:grant-type:device_code", "client_id", "dev-public-client", "device_code", member(device, "device_code"))
	is.True(err == nil && status == 400) // the device's code
	status, _, err = s.refresh("", client, "x")
	is.True(err == nil && status == 401) // the client that registered
	status, _, err = s.post("/mcp/bearer-token", message.JSONType, `{"jsonrpc":"2.0","id":1,"method":"ping"}`, "Authorization", "Bearer "+member(minted, "access_token"), "Accept", "application/json, text/event-stream")
	is.True(err == nil && status == 401) // the token that was minted
}
