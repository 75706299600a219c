package command_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/matryer/is"
)

// Eight calls at once, each of which finds the token stale, spend eight refresh
// tokens one after the other. That one serves all is in refresh.txtar.
func TestPF05_RotationUnderLoad(t *testing.T) {
	is := is.New(t)
	base, hits := hostile(t, edit("/oauth/token", `"expires_in":3600`, `"expires_in":1`))
	home := t.TempDir()
	_, _, code := login(t, home, base, "login", base+"/mcp/oauth", "--auth-mode", "auth-code", "--register")
	is.Equal(code, 0) // logged in, with a token that is stale at once
	before := hits("/oauth/token")
	codes := make(chan int, 8)
	for range 8 {
		go func() {
			_, _, code := cli(home, "call", base+"/mcp/oauth", "tools/list")
			codes <- code
		}()
	}
	for range 8 {
		is.Equal(<-codes, 0) // every call succeeds
	}
	is.True(hits("/oauth/token")-before <= 8) // no refresh token was used twice: the server would have killed the family
}

// A program that does not know our lock spends the refresh token while ours is
// on its way: what it stored is read, and used.
func TestPF05_AnotherProgramWasFaster(t *testing.T) {
	is := is.New(t)
	home := t.TempDir()
	file := filepath.Join(home, "profiles.json")
	var theirs string
	base, hits := hostile(t, lie{"/oauth/token", func(_ http.ResponseWriter, _ *http.Request, honest *httptest.ResponseRecorder) bool {
		if strings.Contains(honest.Body.String(), "invalid_grant") {
			is.NoErr(os.WriteFile(file, []byte(theirs), 0o600)) // the other program saves
		}
		return false
	}})
	_, _, code := login(t, home, base, "login", base+"/mcp/oauth", "--auth-mode", "auth-code", "--register")
	is.Equal(code, 0) // logged in
	stored, err := os.ReadFile(file)
	is.NoErr(err) // and stored
	theirs = regexp.MustCompile(`"expires_at": "[^"]*"`).ReplaceAllString(string(stored), `"expires_at": "2020-01-01T00:00:00+00:00"`)
	ours := regexp.MustCompile(`"refresh_token": "[^"]*"`).ReplaceAllString(theirs, `"refresh_token": "spent"`)
	is.NoErr(os.WriteFile(file, []byte(ours), 0o600)) // the file before they were faster
	before := hits("/oauth/token")
	_, errOut, code := cli(home, "call", base+"/mcp/oauth", "tools/list")
	is.Equal(code, 0)                                                    // the call goes well
	is.Equal(hits("/oauth/token")-before, 2)                             // with the second token
	is.True(strings.Contains(errOut, "Refreshing expired access token")) // and a notice
}
