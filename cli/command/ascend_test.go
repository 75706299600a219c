package command_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/cli/command"
)

// climb runs a call that may log in; the user approves each time. What such a
// login says goes to stderr: stdout is the reply's.
func climb(t *testing.T, home, issuer string, args ...string) (out, errOut string, code int) {
	t.Helper()
	var stdout bytes.Buffer
	errOut, code = approving(t, issuer, func(ctx context.Context, w io.Writer) int {
		return command.Run(ctx, append(args, "--cli-home", home, "--step-up", "auto"), command.Streams{In: strings.NewReader(""), Out: &stdout, Err: w})
	})
	return stdout.String(), errOut, code
}

func TestMCPClient33_CL30_StepUpEnds(t *testing.T) {
	is := is.New(t)
	more := []string{"mcp:read", "mcp:write", "mcp:read mcp:write"}
	asked := 0
	base, hits := hostile(t, lie{"/mcp/oauth", func(w http.ResponseWriter, r *http.Request, _ *httptest.ResponseRecorder) bool {
		if r.Header.Get("Authorization") == "" {
			return false
		}
		w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope", scope="`+more[asked%len(more)]+`"`)
		w.WriteHeader(403)
		asked++
		return true
	}})
	_, errOut, code := climb(t, t.TempDir(), base, "call", base+"/mcp/oauth", "tools/list", "--client-id", "dev-public-client")
	is.True(code != 0)                                      // it gives up
	is.Equal(hits("/oauth/authorize"), 3)                   // after three authorizations
	is.True(strings.Contains(errOut, "insufficient_scope")) // and says why
}

// MCP authorization, client 32: the union of what was asked for and what the
// challenge names.
func TestMCPClient32_StepUpAsksForTheUnion(t *testing.T) {
	is := is.New(t)
	base, hits := hostile(t)
	home := t.TempDir()
	out, errOut, code := climb(t, home, base, "call", base+"/mcp/oauth", "tools/list")
	if code != 0 || !strings.HasPrefix(out, "{") {
		t.Fatal(code, out, errOut) // a login where there was none, and the reply alone on stdout
	}
	out, errOut, code = climb(t, home, base, "call", base+"/mcp/oauth", "tools/call", "--tool-name", "write_note", "--tool-arguments", `{"name":"a","content":"b"}`)
	if code != 0 || !strings.HasPrefix(out, "{") {
		t.Fatal(code, out, errOut)
	}
	is.Equal(hits("/oauth/authorize"), 2) // once for the login, once for more
	is.Equal(hits("/oauth/register"), 1)  // as the same client
	stored, err := os.ReadFile(filepath.Join(home, "profiles.json"))
	is.NoErr(err)
	is.True(strings.Contains(string(stored), `"requested_scope": "mcp:read mcp:write"`)) // both
	_, errOut, code = cli(home, "call", base+"/mcp/oauth", "tools/call", "--tool-name", "delete_notes", "--step-up", "never")
	is.True(code == 3 && strings.Contains(errOut, "mcp:admin")) // never means never
}
