package command_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/matryer/is"
)

func TestCL06_SecretsStayOffThePlainNetwork(t *testing.T) {
	base, _ := hostile(t, edit(asPath, "BASE/oauth/token", "http://192.0.2.1/token"))
	refusedLogin(t, base, 6, "token_endpoint", "--auth-mode", "client-creds", "--client-id", "x", "--client-secret", "y")
}

func TestCL07_TokenRedirectsAreNotFollowed(t *testing.T) {
	for _, status := range []int{302, 307, 308} {
		elsewhere, seen := canary(t)
		base, _ := hostile(t, instead("/oauth/token", status, "text/plain", "", "Location", elsewhere))
		refusedLogin(t, base, 6, "status", "--auth-mode", "client-creds", "--client-id", "x", "--client-secret", "y")
		if seen.Load() != 0 {
			t.Error("the credentials went elsewhere")
		}
	}
}

func TestCL12_TextThatTerminalsObey(t *testing.T) {
	const evil = `\u001b[31mred\u0007\u009b\r\u202eabc`
	for name, l := range map[string]lie{
		"token error":  instead("/oauth/token", 400, "application/json", `{"error":"invalid_client","error_description":"`+evil+`"}`),
		"registration": instead("/oauth/register", 400, "application/json", `{"error":"`+evil+`","error_description":"x"}`),
		"metadata":     edit(asPath, `"scopes_supported":["`, `"scopes_supported":["`+evil),
		"issuer":       edit(asPath, `"issuer":"BASE"`, `"issuer":"`+evil+`"`),
	} {
		base, _ := hostile(t, l)
		for _, verbose := range []string{"--verbose=0", "--verbose=2"} {
			out, errOut, _ := cli(t.TempDir(), "login", base+"/mcp/oauth", "--auth-mode", "client-creds", "--register", verbose)
			if strings.ContainsAny(out+errOut, "\x1b\x07\u009b\r\u202e") {
				t.Errorf("%s %s: control characters reach the terminal: %q", name, verbose, out+errOut)
			}
		}
	}
}

func TestCL22_CallsAreNotRedirected(t *testing.T) {
	is := is.New(t)
	elsewhere, seen := canary(t)
	base, _ := hostile(t, instead("/mcp/bearer-token", 307, "text/plain", "", "Location", elsewhere))
	home := t.TempDir()
	_, _, code := cli(home, "login", base+"/mcp/bearer-token", "--auth-mode", "bearer", "--bearer-token", "test-bearer-token")
	is.Equal(code, 0) // the token is stored
	_, _, code = cli(home, "call", base+"/mcp/bearer-token", "tools/list")
	is.True(code != 0)              // the redirect is an error
	is.Equal(seen.Load(), int32(0)) // the token went nowhere else
}

// TestCL12_RepliesThatTerminalsObey: the same text in what a call prints, and
// in what a device login tells the user to type.
func TestCL12_RepliesThatTerminalsObey(t *testing.T) {
	const evil = `\u001b[31mred\u0007\u009b\r\u202eabc`
	base, _ := hostile(t,
		edit("/mcp/bearer-token", `pong`, evil),
		edit("/mcp/bearer-token", `"message":"`, `"message":"`+evil),
		instead("/oauth/device/authorize", 200, "application/json", `{"device_code":"d","user_code":"`+evil+`","verification_uri":"http://127.0.0.1/v","expires_in":1}`))
	home := t.TempDir()
	cli(home, "login", base+"/mcp/bearer-token", "--auth-mode", "bearer", "--bearer-token", "test-bearer-token")
	for _, args := range [][]string{
		{"call", base + "/mcp/bearer-token", "tools/call", "--tool-name", "ping"},
		{"call", base + "/mcp/bearer-token", "nothing/known"},
		{"login", base + "/mcp/oauth", "--auth-mode", "device", "--client-id", "dev-public-client"},
	} {
		out, errOut, _ := cli(home, append(args, "--verbose=2")...)
		if strings.ContainsAny(out+errOut, "\x1b\x07\u009b\r\u202e") {
			t.Errorf("%s: control characters reach the terminal: %q", args, out+errOut)
		}
		if !strings.Contains(out+errOut, "abc") {
			t.Errorf("%s: the text was not there: %s%s", args, out, errOut)
		}
	}
}

// TestCL23_EchoesOfTheRun: a server that sends back whatever it was sent, in
// its errors and its answers alike.
func TestCL23_EchoesOfTheRun(t *testing.T) {
	is := is.New(t)
	echo := func(w http.ResponseWriter, r *http.Request, honest *httptest.ResponseRecorder) bool {
		sent := strings.Join(r.Header["Authorization"], " ")
		if strings.Contains(honest.Body.String(), `"pong"`) {
			body := strings.ReplaceAll(honest.Body.String(), "pong", sent)
			honest.Body.Reset()
			honest.Body.WriteString(body)
			honest.Header().Del("Content-Length")
			return false
		}
		if honest.Code < 300 {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token", error_description="you sent `+sent+`"`)
		w.WriteHeader(401)
		_, _ = io.WriteString(w, `{"you":"`+sent+`"}`)
		return true
	}
	base, _ := hostile(t, lie{"/mcp/bearer-token", echo}, lie{"/oauth/revoke", func(w http.ResponseWriter, r *http.Request, _ *httptest.ResponseRecorder) bool {
		_ = r.ParseForm()
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(400)
		_, _ = io.WriteString(w, `{"error":"invalid_request","error_description":"`+r.PostForm.Encode()+`"}`)
		return true
	}})
	home := t.TempDir()
	const token = "a-bearer-token-of-the-test-0123456789"
	_, _, code := cli(home, "login", base+"/mcp/bearer-token", "--auth-mode", "bearer", "--bearer-token", "test-bearer-token")
	is.Equal(code, 0) // logged in with a token that is good
	out, errOut, _ := cli(home, "call", base+"/mcp/bearer-token", "tools/call", "--tool-name", "ping", "--protocol-version", "2025-11-25", "--verbose=2")
	is.True(strings.Contains(out, "<the access token>"))             // the echo was there
	is.True(!strings.Contains(out+errOut, "test-bearer-token\""))    // without the token
	is.True(!strings.Contains(out+errOut, "Bearer test-bearer-tok")) // anywhere
	cli(home, "login", base+"/mcp/bearer-token", "--auth-mode", "bearer", "--bearer-token", token)
	out, errOut, code = cli(home, "call", base+"/mcp/bearer-token", "tools/list", "--verbose=2")
	is.True(code == 3 && strings.Contains(errOut, "you sent")) // an error that echoes
	is.True(!strings.Contains(out+errOut, token))              // without the token too
	cli(home, "login", base+"/mcp/oauth", "--auth-mode", "client-creds", "--register")
	stored, err := os.ReadFile(filepath.Join(home, "profiles.json"))
	is.NoErr(err) // the login is there
	out, errOut, _ = cli(home, "logout", base+"/mcp/oauth", "--verbose=2")
	is.True(strings.Contains(errOut, "did not revoke")) // the server refuses, and echoes
	is.True(len(secretsIn(string(stored))) >= 3)        // the bearer token, the client's secret and its token
	for _, secret := range secretsIn(string(stored)) {
		is.True(!strings.Contains(out+errOut, secret)) // none of what was stored is said
	}
}

var secretMember = regexp.MustCompile(`"(?:access_token|client_secret)": "([^"]{20,})"`)

func secretsIn(stored string) (all []string) {
	for _, m := range secretMember.FindAllStringSubmatch(stored, -1) {
		all = append(all, m[1])
	}
	return all
}

func TestCL23_NoSecretIsSaid(t *testing.T) {
	is := is.New(t)
	const secret = "my-very-own-client-secret-0123456789"
	base, _ := hostile(t, lie{"/oauth/token", func(w http.ResponseWriter, r *http.Request, _ *httptest.ResponseRecorder) bool {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(400)
		_, _ = io.WriteString(w, `{"error":"invalid_client","error_description":"you sent `+secret+` and `+strings.ReplaceAll(r.Header.Get("Authorization"), `"`, "")+`"}`)
		return true
	}})
	file := filepath.Join(t.TempDir(), "run.har")
	out, errOut, _ := cli(t.TempDir(), "login", base+"/mcp/oauth", "--auth-mode", "client-creds", "--client-id", "someone", "--client-secret", secret, "--verbose=2", "--trace", file)
	har, err := os.ReadFile(file)
	is.NoErr(err)                                              // the trace was written, although the login failed
	is.True(!strings.Contains(out+errOut+string(har), secret)) // the secret is nowhere
}

func TestCL25_DeviceAnswersThatAreOdd(t *testing.T) {
	answer := func(expires, interval string) lie {
		return instead("/oauth/device/authorize", 200, "application/json", `{"device_code":"d","user_code":"u","verification_uri":"http://127.0.0.1/v","expires_in":`+expires+interval+`}`)
	}
	for _, expires := range []string{"0", "-1", `"900"`} {
		base, _ := hostile(t, answer(expires, ""))
		refusedLogin(t, base, 6, "expires_in", "--auth-mode", "device", "--client-id", "dev-public-client")
	}
	for _, interval := range []string{`,"interval":0`, `,"interval":-1`, `,"interval":1e308`, `,"interval":"5"`, ""} {
		base, hits := hostile(t, answer("1", interval))
		refusedLogin(t, base, 7, "expired", "--auth-mode", "device", "--client-id", "dev-public-client")
		if n := hits("/oauth/token"); n > 1 {
			t.Errorf("polled %d times in a second", n)
		}
	}
}

func TestCL26_VerificationURIs(t *testing.T) {
	for _, uri := range []string{"javascript:alert(1)", "file:///etc/passwd", "http://evil.example/"} {
		base, _ := hostile(t, instead("/oauth/device/authorize", 200, "application/json", `{"device_code":"d","user_code":"u","verification_uri":"`+uri+`","expires_in":9}`))
		refusedLogin(t, base, 6, "verification_uri", "--auth-mode", "device", "--client-id", "dev-public-client")
	}
}

func TestCL27_AnswersThatAreNoToken(t *testing.T) {
	for _, body := range []string{`{}`, `{"access_token":1,"token_type":"Bearer"}`, `{"access_token":"","token_type":"Bearer"}`, `{"access_token":"a\r\nb","token_type":"Bearer"}`, `{"access_token":"a","token_type":"mac"}`, `{"error":"invalid_grant"}`, `null`} {
		base, _ := hostile(t, instead("/oauth/token", 200, "application/json", body))
		refusedLogin(t, base, 6, "wanted", "--auth-mode", "client-creds", "--client-id", "x", "--client-secret", "y")
	}
	base, _ := hostile(t, instead("/oauth/token", 200, "text/html", "<html>"))
	refusedLogin(t, base, 6, "Content-Type", "--auth-mode", "client-creds", "--client-id", "x", "--client-secret", "y")
}

func TestCL28_OtherScopeThanAsked(t *testing.T) {
	is := is.New(t)
	base, _ := hostile(t, edit("/oauth/token", `"scope":"mcp:write"`, `"scope":"mcp:read"`))
	home := t.TempDir()
	_, errOut, code := cli(home, "login", base+"/mcp/oauth", "--auth-mode", "client-creds", "--register", "--scope", "mcp:write")
	is.Equal(code, 0)                                                                      // accepted
	is.True(strings.Contains(errOut, "another scope") || strings.Contains(errOut, "less")) // and told
	out, _, _ := cli(home, "profile", "show", "--resource-url", base+"/mcp/oauth")
	is.True(strings.Contains(out, `"scope": "mcp:read"`)) // stored as granted
}

func TestCL31_RegistrationsThatAreOdd(t *testing.T) {
	for name, body := range map[string]string{"redirect": `{"client_id":"c","redirect_uris":["https://evil.example/"]}`, "control": `{"client_id":"a\u0007b"}`, "huge": `{"client_id":"` + strings.Repeat("a", 3000) + `"}`, "none": `{}`} {
		base, _ := hostile(t, instead("/oauth/register", 201, "application/json", body))
		t.Run(name, func(t *testing.T) { refusedLogin(t, base, 6, "wanted", "--auth-mode", "auth-code", "--register") })
	}
}

func TestCL32_AnswersThatAreNoReply(t *testing.T) {
	for name, l := range map[string]lie{
		"another id": instead("/mcp/bearer-token", 200, "application/json", `{"jsonrpc":"2.0","id":"other","result":{}}`),
		"HTML":       instead("/mcp/bearer-token", 200, "text/html", "<html>"),
		"huge":       instead("/mcp/bearer-token", 200, "application/json", strings.Repeat(" ", 2<<20)),
		"stream": {"/mcp/bearer-token", func(w http.ResponseWriter, r *http.Request, _ *httptest.ResponseRecorder) bool {
			w.Header().Set("Content-Type", "text/event-stream")
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, "data: {}\n\n")
				w.(http.Flusher).Flush()
			}
			return true
		}},
	} {
		base, _ := hostile(t, l)
		home := t.TempDir()
		cli(home, "login", base+"/mcp/bearer-token", "--auth-mode", "bearer", "--bearer-token", "test-bearer-token")
		out, _, code := cli(home, "call", base+"/mcp/bearer-token", "tools/list", "--timeout", "1s")
		if code == 0 || out != "" {
			t.Errorf("%s: exit code %d, %s", name, code, out)
		}
	}
}

func TestCL23_VerboseTellsNoCode(t *testing.T) {
	is := is.New(t)
	code := ""
	base, _ := hostile(t, bend(func(location string) string {
		_, after, _ := strings.Cut(location, "code=")
		code, _, _ = strings.Cut(after, "&")
		return location
	}))
	home := t.TempDir()
	file := filepath.Join(home, "run.jsonl")
	out, errOut, exit := login(t, home, base, "login", base+"/mcp/oauth", "--auth-mode", "auth-code", "--client-id", "dev-public-client", "--verbose=2", "--trace", file)
	is.Equal(exit, 0) // logged in
	trace, err := os.ReadFile(file)
	is.NoErr(err)
	is.True(len(code) > 20 && strings.Contains(errOut, "<code#1 ")) // the code went by
	is.True(!strings.Contains(out+errOut+string(trace), code))      // and is told nowhere
}
