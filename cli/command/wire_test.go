package command_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/matryer/is"
)

// A server that speaks the older wire alone is asked about the newer one once;
// when it moves on, so does the client.
func TestTheWireIsRemembered(t *testing.T) {
	is := is.New(t)
	var modern atomic.Bool
	const path = "/mcp/bearer-token"
	base, hits := hostile(t, lie{path, func(w http.ResponseWriter, r *http.Request, honest *httptest.ResponseRecorder) bool {
		stateless := r.Header.Get("MCP-Protocol-Version") == "2026-07-28"
		if stateless == modern.Load() || honest.Code == 401 {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		status, body := 400, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"which version"}}`
		if !stateless {
			status, body = 404, `{"jsonrpc":"2.0","id":null,"error":{"code":-32601,"message":"no such method"}}`
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
		return true
	}})
	home := t.TempDir()
	login := func() {
		_, errOut, code := cli(home, "login", base+path, "--auth-mode", "bearer", "--bearer-token", "test-bearer-token", "--force")
		if code != 0 {
			t.Fatal(errOut)
		}
	}
	call := func(args ...string) int {
		before := hits(path)
		out, errOut, code := cli(home, append([]string{"call", base + path}, args...)...)
		if code != 0 || !strings.Contains(out, `"result"`) {
			t.Fatal(code, out, errOut)
		}
		return hits(path) - before
	}
	login()
	is.Equal(call("tools/list"), 4)                                     // the newer wire is tried, then initialize, initialized and the call
	is.Equal(call("tools/list"), 3)                                     // the next time the older one comes first
	login()                                                             //
	is.Equal(call("ping"), 3)                                           // a method of the older wire says nothing of the newer
	is.Equal(call("tools/list", "--protocol-version", "2025-11-25"), 3) // nor does one that was forced
	is.Equal(call("tools/list"), 4)                                     // a new login has forgotten
	modern.Store(true)
	is.Equal(call("tools/list"), 2) // initialize is gone: the newer wire
	is.Equal(call("tools/list"), 1) // is remembered as well
}
