// The checks of the client: a program, and servers that lie to it.
package main

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
)

const (
	serverMetadata   = "/.well-known/oauth-authorization-server"
	openIDMetadata   = "/.well-known/openid-configuration" // where the client looks next
	resourceMetadata = "/.well-known/oauth-protected-resource/mcp/oauth"
)

// login logs in by a flow to a server with lies.
func login(w *world, mode string, browse func(string), lies map[string]lie) (said, *stub) {
	s := start(lies)
	return w.cli(browse, "login", s.resource(), "--auth-mode", mode, "--register"), s
}

// refused wants a login to fail, with nothing asked at the paths and nothing
// stored.
func refused(mode string, at string, tell lie, untouched ...string) func(*world) (string, bool) {
	lies := map[string]lie{at: tell}
	if at == serverMetadata {
		lies[openIDMetadata] = tell
	}
	return func(w *world) (string, bool) {
		got, s := login(w, mode, nil, lies)
		defer s.close()
		ok := got.code != 0 && w.stored() == "" && neat(got)
		for _, path := range untouched {
			ok = ok && s.hits(path) == 0
		}
		return got.brief(), ok
	}
}

// neat wants one explanation and no stack.
func neat(s said) bool {
	return !strings.Contains(s.err, "goroutine ") && !strings.Contains(s.err, "panic") && strings.Contains(s.err, "error")
}

// survives sends the program's listener something first, and then the answer.
func survives(query string) func(*world) (string, bool) {
	return func(w *world) (string, bool) {
		got, s := login(w, "auth-code", func(url string) {
			visit(callback(url, query))
			visit(url)
		}, nil)
		defer s.close()
		return fmt.Sprintf("the login ends with code %d", got.code), got.code == 0 && strings.Contains(w.stored(), "access_token")
	}
}

// escapes wants no byte on the terminal that it obeys.
func escapes(mode, at string, tell lie) func(*world) (string, bool) {
	return func(w *world) (string, bool) {
		got, s := login(w, mode, nil, map[string]lie{at: tell})
		defer s.close()
		said := got.out + got.err
		return got.brief(), strings.Contains(said, "evil-text") && !strings.ContainsAny(said, "\x1b\x07\u009b") && got.code != 0
	}
}

var clientChecks = []check{
	{"login", "a callback with a wrong state", "CL-13", "aborts the login", false, survives("code=x&state=wrong")},
	{"login", "a callback with an error and no state", "CL-13", "aborts the login", false, survives("error=access_denied")},
	{"login", "iss is announced, and missing", "CL-14", "accepted", false, func(w *world) (string, bool) {
		got, s := login(w, "auth-code", func(url string) { visit(regexp.MustCompile(`&iss=[^&]*`).ReplaceAllString(location(url), "")) }, nil)
		defer s.close()
		return got.brief(), got.code != 0 && s.hits("/oauth/token") == 0
	}},
	{"discovery", "metadata of another issuer", "CL-02", "accepted", false, refused("auth-code", serverMetadata, edit(`"issuer":"BASE"`, `"issuer":"BASE/other"`), "/oauth/register", "/oauth/authorize", "/oauth/token")},
	{"discovery", "a server without PKCE", "CL-03", "accepted", false, refused("auth-code", serverMetadata, edit(`"code_challenge_methods_supported":\[[^\]]*\],?`, ""), "/oauth/authorize", "/oauth/token")},
	{"discovery", "metadata of a foreign resource", "CL-01", "accepted", false, refused("auth-code", resourceMetadata, edit(`"resource":"BASE/mcp/oauth"`, `"resource":"https://other.example/mcp"`), "/oauth/register", "/oauth/authorize", "/oauth/token")},
	{"discovery", "javascript: as authorization endpoint", "CL-04", "accepted", false, refused("auth-code", serverMetadata, edit(`"authorization_endpoint":"[^"]*"`, `"authorization_endpoint":"javascript:alert(1)"`), "/oauth/token")},
	{"profiles", "a profile of one server, used for another", "CL-21", "sends the token there", false, func(w *world) (string, bool) {
		a, b := start(nil), start(nil)
		defer a.close()
		defer b.close()
		w.cli(nil, "login", a.base+"/mcp/bearer-token", "--auth-mode", "bearer", "--bearer-token", "test-bearer-token")
		id := regexp.MustCompile(`"profile_id": "([^"]*)"`).FindStringSubmatch(w.stored())
		if id == nil {
			return "no login", false
		}
		got := w.cli(nil, "call", b.base+"/mcp/bearer-token", "tools/list", "--profile-id", id[1])
		told := false
		for _, r := range b.seen {
			told = told || r.Header.Get("Authorization") != ""
		}
		return got.brief(), got.code != 0 && !told
	}},
	{"terminal", "escape bytes in the token endpoint's error", "CL-12", "reach the terminal", false,
		escapes("client-creds", "/oauth/token", instead(400, `{"error":"invalid_grant","error_description":"\u001b[2Jevil-text\u0007\u009b31m"}`))},
	{"terminal", "escape bytes in user_code", "CL-12", "reach the terminal", false,
		escapes("device", "/oauth/device/authorize", instead(200, `{"device_code":"d","user_code":"\u001b[2Jevil-text","verification_uri":"http://127.0.0.1:9/","expires_in":2,"interval":1}`))},
	{"device", "a negative interval", "CL-25", "traceback", false, func(w *world) (string, bool) {
		got, s := login(w, "device", nil, map[string]lie{"/oauth/device/authorize": edit(`"interval":1`, `"interval":-1`)})
		defer s.close()
		return fmt.Sprintf("the login ends with code %d after %d polls", got.code, s.hits("/oauth/token")), got.code == 0 && s.hits("/oauth/token") <= 2
	}},
	{"tokens", "a token with a line break", "CL-27", "stored", false, refused("client-creds", "/oauth/token", instead(200, `{"access_token":"a\r\nX-Evil: b","token_type":"Bearer","expires_in":3600}`))},
	{"profiles", "8 logins at once", "PF-06", "7 profiles", false, func(w *world) (string, bool) {
		s := start(nil)
		defer s.close()
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				w.cli(nil, "login", fmt.Sprintf("%s/tenant/t%d/mcp/bearer-token", s.base, i+1), "--auth-mode", "bearer", "--bearer-token", "test-bearer-token")
			})
		}
		wg.Wait()
		n := strings.Count(w.stored(), `"access_token": "`)
		return fmt.Sprintf("%d profiles", n), n == 8
	}},
	{"profiles", "4 calls at once with an expired token", "PF-05", "one refresh token spent three times", false, func(w *world) (string, bool) {
		_, s := login(w, "auth-code", nil, nil)
		defer s.close()
		old := regexp.MustCompile(`("expires_at": )"[^"]*"`).ReplaceAllString(w.stored(), `$1"2020-01-01T00:00:00+00:00"`)
		if err := os.WriteFile(w.profiles(), []byte(old), 0o600); err != nil {
			return err.Error(), false
		}
		before := s.hits("/oauth/token")
		codes := make([]int, 4)
		var wg sync.WaitGroup
		for i := range codes {
			wg.Go(func() { codes[i] = w.cli(nil, "call", s.resource(), "tools/list").code })
		}
		wg.Wait()
		spent := s.hits("/oauth/token") - before
		return fmt.Sprintf("%d refresh, exit codes %v", spent, codes), spent == 1 && !slices.ContainsFunc(codes, func(c int) bool { return c != 0 })
	}},
	{"discovery", "metadata of 200 MiB", "CL-09", "read to the end", false, func(w *world) (string, bool) {
		got, s := login(w, "auth-code", nil, map[string]lie{serverMetadata: endless, openIDMetadata: endless})
		defer s.close()
		return fmt.Sprintf("%s; %d MiB resident at most", got.brief(), got.memory>>20), got.code != 0 && got.memory < 64<<20 && neat(got)
	}},
	{"discovery", "metadata of 100,000 nested arrays", "CL-09", "traceback", false,
		refused("auth-code", serverMetadata, instead(200, `{"issuer":`+strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)+`}`), "/oauth/token")},
	{"profiles", "who may read the profiles", "PF-01", "mode 0600", true, func(w *world) (string, bool) {
		_, s := login(w, "client-creds", nil, nil)
		defer s.close()
		info, err := os.Stat(w.profiles())
		if err != nil {
			return err.Error(), false
		}
		return fmt.Sprintf("mode %04o", info.Mode().Perm()), info.Mode().Perm() == fs.FileMode(0o600)
	}},
}

// endless sends 200 MiB of a document.
func endless(w http.ResponseWriter, _ *http.Request, _ *httptest.ResponseRecorder) bool {
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprint(w, `{"issuer":"`)
	for range 200 {
		if _, err := fmt.Fprint(w, strings.Repeat("x", 1<<20)); err != nil {
			break
		}
	}
	return true
}
