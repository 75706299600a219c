package server_test

import (
	"strings"
	"sync"
	"testing"

	"mcp-auth/core/message"
	"mcp-auth/core/server"
	"mcp-auth/core/trace"
)

// A fate is what becomes of a client that breaks a rule: the server refuses
// it, or serves it and the trace shows what it did.
type fate string

const (
	refusedHere  fate = "refused"
	recordedHere fate = "recorded"
)

// A brokenClient breaks one rule.
type brokenClient struct {
	name, breaks string
	fate         fate
	play         func(*bench) message.Response
	seen         string // refused: in the answer; recorded: in the trace
}

// brokenClients are the deliberately broken example clients of the official
// conformance suite, by their names there, as far as they show at an
// authorization server and its resource. What stays inside a client (an issuer
// that is not compared, a state that is not checked) shows at a lying server
// alone: core/flow, cases CL.
var brokenClients = []brokenClient{
	{"test-broken", "asks without a token, whatever it was told", refusedHere, func(b *bench) message.Response {
		return b.postJSON("/mcp/oauth", ping)
	}, `resource_metadata="`},
	{"auth-test-inert", "is told where to log in and does nothing", recordedHere, func(b *bench) message.Response {
		return b.postJSON("/mcp/oauth", ping)
	}, "401"},
	{"auth-test-no-pkce", "sends no code_challenge", refusedHere, func(b *bench) message.Response {
		return b.authorize("-code_challenge", "-code_challenge_method")
	}, "error=invalid_request"},
	{"auth-test-no-cimd", "registers although its metadata URL would be taken", recordedHere, func(b *bench) message.Response {
		return b.postJSON("/oauth/register", `{"redirect_uris":["`+redirect+`"],"token_endpoint_auth_method":"none"}`)
	}, "/oauth/register"},
	{"auth-test-attempts-no-application-type", "registers without application_type", recordedHere, func(b *bench) message.Response {
		return b.postJSON("/oauth/register", `{"redirect_uris":["`+redirect+`"],"token_endpoint_auth_method":"none"}`)
	}, "/oauth/register"},
	{"auth-test-reuse-credentials", "shows one issuer's client to another", refusedHere, func(b *bench) message.Response {
		return b.get("/tenant/acme/oauth/authorize?" + b.az("resource="+enc(base+"/tenant/acme/mcp/oauth")))
	}, "client"},
	{"auth-test-scope-broken", "asks for another scope than the challenge's", refusedHere, func(b *bench) message.Response {
		return b.authorize("scope=test%3Aother")
	}, "error=invalid_scope"},
	{"auth-test-scopes-supported-broken", "asks for every scope there might be", refusedHere, func(b *bench) message.Response {
		return b.authorize("scope=mcp%3Aread+mcp%3Awrite+mcp%3Aadmin+offline_access")
	}, "error=invalid_scope"},
	{"auth-test-scope-stepup-broken", "is told which scope a call takes and calls again with the same token", refusedHere, func(b *bench) message.Response {
		at, _ := b.login()
		call := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"write_note","arguments":{"name":"a","content":"b"}}}`
		b.mcp(at, call)
		return b.mcp(at, call)
	}, `error="insufficient_scope"`},
	{"auth-test-no-retry-limit", "does so for ever", recordedHere, func(b *bench) (last message.Response) {
		at, _ := b.login()
		for range 5 {
			last = b.mcp(at, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"delete_notes"}}`)
		}
		return last
	}, "403"},
	{"auth-test-strip-query", "asks without resource", refusedHere, func(b *bench) message.Response {
		return b.authorize("-resource")
	}, "error=invalid_target"},
}

func TestBrokenClients(t *testing.T) {
	provers, trust := brokenProvers(t)
	for _, c := range append(brokenClients, provers...) {
		t.Run(c.name, func(t *testing.T) {
			var mu sync.Mutex
			var events []trace.Event
			b := newBench(t, func(cfg *server.Config) {
				cfg.Tenants = []string{"acme"}
				trust(cfg)
				cfg.Trace = func(more []trace.Event) {
					mu.Lock()
					defer mu.Unlock()
					events = append(events, more...)
				}
			})
			r := c.play(b)
			said := string(r.Body)
			for _, f := range r.Header {
				said += "\n" + f.Name + ": " + f.Value
			}
			left := ""
			for _, ev := range events {
				left += trace.Text(ev, true)
			}
			switch c.fate {
			case refusedHere:
				b.True(r.Status >= 400 || strings.Contains(r.Header.Get("Location"), "error=")) // it gets nothing
				b.True(!strings.Contains(said, "access_token"))                                 // least of all a token
				b.True(strings.Contains(said, c.seen))                                          // and is told why
			case recordedHere:
				b.True(strings.Contains(left, c.seen)) // whoever reads the trace sees it
			}
			if t.Failed() {
				t.Logf("%s: %d %s\n%s", c.breaks, r.Status, said, left)
			}
		})
	}
}
