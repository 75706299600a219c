package command_test

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/cli/command"
)

// bend changes the redirect that carries the authorization response.
func bend(change func(location string) string) lie {
	return lie{"/oauth/authorize/consent", func(_ http.ResponseWriter, _ *http.Request, honest *httptest.ResponseRecorder) bool {
		honest.Header().Set("Location", change(honest.Header().Get("Location")))
		return false
	}}
}

// bentLogin logs in through a bent redirect and asserts how that ends, and
// that nothing went to the token endpoint.
func bentLogin(t *testing.T, want int, lies ...lie) {
	t.Helper()
	base, hits := hostile(t, lies...)
	home := t.TempDir()
	out, errOut, code := login(t, home, base, "login", base+"/mcp/oauth", "--auth-mode", "auth-code", "--client-id", "dev-public-client", "--wait", "700ms")
	if code != want {
		t.Errorf("exit code %d, wanted %d\n%s%s", code, want, out, errOut)
	}
	if hits("/oauth/token") != 0 {
		t.Error("the code was sent to the token endpoint")
	}
}

func TestCL14_Issuers(t *testing.T) {
	cut := func(l string) string { before, _, _ := strings.Cut(l, "&iss="); return before }
	bentLogin(t, 6, bend(cut))                                                                         // announced but absent
	bentLogin(t, 6, bend(func(l string) string { return l + "%2F" }))                                  // with a slash more
	bentLogin(t, 6, bend(func(l string) string { return cut(l) + "&iss=https%3A%2F%2Fevil.example" })) // another
	silent := edit(asPath, `"authorization_response_iss_parameter_supported":true,`, ``)
	bentLogin(t, 6, silent, bend(func(l string) string { return cut(l) + "&iss=https%3A%2F%2Fevil.example" })) // not announced, but present and wrong
}

func TestCL15_MixUp(t *testing.T) {
	is := is.New(t)
	honest, honestHits := hostile(t)
	attacker, attackerHits := hostile(t, edit(asPath, "BASE/oauth/authorize", honest+"/oauth/authorize"))
	home := t.TempDir()
	_, _, code := login(t, home, honest, "login", attacker+"/mcp/oauth", "--auth-mode", "auth-code", "--client-id", "dev-public-client", "--wait", "2s")
	is.Equal(code, 6)                                                    // the honest server's iss gives the attack away
	is.Equal(attackerHits("/oauth/token")+honestHits("/oauth/token"), 0) // no code went anywhere
}

func TestCL18_AmbiguousCallbacks(t *testing.T) {
	bentLogin(t, 6, bend(func(l string) string { return l + "&error=access_denied" })) // a code and an error
	bentLogin(t, 6, bend(func(l string) string { return l + "&code=other" }))          // two codes
	bentLogin(t, 7, bend(func(l string) string { return l + "&state=other" }))         // two states: not ours, so the wait goes on, and lapses
}

func TestMCPClient29_CL21_TokensStayWithTheirResource(t *testing.T) {
	is := is.New(t)
	first, _ := hostile(t)
	second, hits := hostile(t)
	home := t.TempDir()
	_, _, code := cli(home, "login", first+"/mcp/bearer-token", "--auth-mode", "bearer", "--bearer-token", "test-bearer-token")
	is.Equal(code, 0) // a token for the first
	out, _, _ := cli(home, "profile", "list")
	id, _, _ := strings.Cut(out, " ")
	_, errOut, code := cli(home, "call", second+"/mcp/bearer-token", "tools/list", "--profile-id", id)
	is.True(code == 2 && strings.Contains(errOut, "is not sent to")) // refused for the second
	_, _, code = cli(home, "profile", "use", id, second+"/mcp/bearer-token")
	is.Equal(code, 2)                      // by no detour
	is.Equal(hits("/mcp/bearer-token"), 0) // it saw nothing
}

func TestCL24_SecretsFromStdinAndEnvironment(t *testing.T) {
	is := is.New(t)
	base, _ := hostile(t)
	args := []string{"login", base + "/mcp/oauth", "--auth-mode", "client-creds", "--client-id", "dev-confidential-client"}
	home := t.TempDir()
	_, errOut, code := cli(home, append(args, "--client-secret", "dev-confidential-secret")...)
	is.Equal(code, 0)                                             // a flag works
	is.True(strings.Contains(errOut, "can be seen"))              // but warns
	is.True(!strings.Contains(errOut, "dev-confidential-secret")) // without saying it
	var out, errs bytes.Buffer
	code = command.Run(context.Background(), append(args, "--client-secret", "-", "--force", "--cli-home", home), command.Streams{In: strings.NewReader("dev-confidential-secret\n"), Out: &out, Err: &errs})
	is.Equal(code, 0)                                        // stdin works
	is.True(!strings.Contains(errs.String(), "can be seen")) // without a warning
	call := []string{"call", base + "/mcp/oauth", "tools/call", "--tool-name", "write_note", "--tool-arguments", `{"name":"a","content":"b"}`, "--step-up", "auto", "--client-id", "dev-confidential-client"}
	code = command.Run(context.Background(), append(call, "--client-secret", "-", "--cli-home", home), command.Streams{In: strings.NewReader("dev-confidential-secret\n"), Out: &out, Err: &errs})
	is.Equal(code, 0) // for the login of a call as well
	_, errOut, code = cli(home, append(call, "--redirect-uri", "nowhere")...)
	is.True(code == 2 && strings.Contains(errOut, "--redirect-uri: ")) // whose flags are looked at first
	t.Setenv("MCP_AUTH_CLIENT_SECRET", "dev-confidential-secret")
	_, errOut, code = cli(home, append(args, "--force")...)
	is.Equal(code, 0)                                 // and so does the environment
	is.True(!strings.Contains(errOut, "can be seen")) // without one too
}

// A client that is stored is registered for one redirect URI: the next login
// keeps it, its port too while that is free.
func TestStoredClientsKeepTheirRedirect(t *testing.T) {
	is := is.New(t)
	base, _ := hostile(t)
	home := t.TempDir()
	listening := regexp.MustCompile(`Listening for the authorization callback on http://(.*)(:[0-9]+)(/.*)\n`)
	where := func(args ...string) (host, port, path string) {
		out, errOut, code := login(t, home, base, append([]string{"login", base + "/mcp/oauth", "--auth-mode", "auth-code"}, args...)...)
		m := listening.FindStringSubmatch(out)
		if code != 0 || m == nil {
			t.Fatal(code, out, errOut)
		}
		return m[1], m[2], m[3]
	}
	_, first, _ := where("--register", "--redirect-uri", "http://localhost:0/mine")
	host, port, path := where("--force")
	is.Equal(host+port+path, "localhost"+first+"/mine") // as it was registered
	taken, err := net.Listen("tcp", "127.0.0.1"+first)
	is.NoErr(err) // free again, and then no more
	defer taken.Close()
	host, port, path = where("--force")
	is.True(host+path == "localhost/mine" && port != first) // another port is better than none
	host, port, path = where("--register")
	is.True(host+path == "127.0.0.1/callback" && port != first) // a new client has its own
	host, other, path := where("--force", "--listen-port", "0")
	is.Equal(host+other+path, "127.0.0.1"+port+"/callback") // also the default one is kept
}

// Where a server takes clients with a secret alone, one is registered with it,
// and called by what it is.
func TestAClientIsCalledWhatItIs(t *testing.T) {
	is := is.New(t)
	for none, kind := range map[string]string{`"none",`: "public", "": "confidential"} {
		base, _ := hostile(t, edit(asPath, `"token_endpoint_auth_methods_supported":["none",`, `"token_endpoint_auth_methods_supported":[`+none))
		out, _, code := login(t, t.TempDir(), base, "login", base+"/mcp/oauth", "--auth-mode", "auth-code", "--register")
		is.Equal(code, 0)
		is.True(strings.Contains(out, "Registered "+kind+" client "))
	}
}

// An error that is none by JSON-RPC 2.0 section 5.1 is told as that.
func TestAnErrorWithoutACode(t *testing.T) {
	is := is.New(t)
	for _, e := range []string{`"Tool not found"`, `{"message":"Tool not found"}`, `{"code":"-32601","message":"Tool not found"}`} {
		base, _ := hostile(t, instead("/mcp/bearer-token", 200, "application/json", `{"jsonrpc":"2.0","id":"r","error":`+e+`}`))
		home := t.TempDir()
		cli(home, "login", base+"/mcp/bearer-token", "--auth-mode", "bearer", "--bearer-token", "test-bearer-token")
		out, errOut, code := cli(home, "call", base+"/mcp/bearer-token", "tools/list", "--request-id", "r")
		is.Equal(code, 5)
		is.True(strings.Contains(out, "Tool not found")) // the whole answer
		is.True(strings.Contains(errOut, "error: a JSON-RPC error without a code: it must be an object"))
	}
}
