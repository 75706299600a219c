// Replies that have the text of the access token in them.
package command_test

import (
	"strings"
	"testing"

	"github.com/matryer/is"
)

// The reply is the server's, whatever the token: numbers stay, and a token that
// is a word stands in names and texts without being an echo.
func TestAReplyIsNotChangedByTheToken(t *testing.T) {
	const long = "0123456789abcdef"
	for token, want := range map[string][]string{
		"test":   {`"name": "mcp-auth-test-server"`, `"test": "a test"`, `"echo": "<the access token>"`, `"header": "Bearer <the access token>"`, `"other": "Basic test"`, `"n": 300000`, `["<the access token>", "tested"]`},
		"x":      {`"x": "xx"`, `"max": 300000`},
		"300000": {`"n": 300000`, `"text": "<the access token>"`},
		long:     {`"<the access token>": 1`, `"in": "you sent <the access token>!"`},
	} {
		t.Run(token, func(t *testing.T) {
			is := is.New(t)
			base, _ := hostile(t, instead("/mcp/bearer-token", 200, "application/json", `{"jsonrpc":"2.0","id":"r","result":{"name":"mcp-auth-test-server","test":"a test","echo":"test","header":"Bearer test","other":"Basic test",
				"n":300000,"max":300000,"text":"300000","x":"xx","list":["test","tested"],"`+long+`":1,"in":"you sent `+long+`!"}}`))
			home := t.TempDir()
			_, _, code := cli(home, "login", base+"/mcp/bearer-token", "--auth-mode", "bearer", "--bearer-token", token)
			is.Equal(code, 0)
			out, _, code := cli(home, "call", base+"/mcp/bearer-token", "tools/list", "--request-id", "r")
			is.Equal(code, 0)
			flat := strings.Join(strings.Fields(out), " ")
			for _, w := range want {
				w = strings.NewReplacer("[", "[ ", "]", " ]").Replace(w)
				if !strings.Contains(flat, w) {
					t.Errorf("%s is missing in %s", w, out)
				}
			}
		})
	}
}

// RFC 6750 section 2.1: a token of the user's that no header could carry is
// the user's to mend.
func TestABearerTokenThatCannotBeSent(t *testing.T) {
	for token, says := range map[string]string{"bad token": "character 4 ", "é": "character 1 ", "Bearer abc": "without the word Bearer", "a=b": "character 2 ", "====": "character 1 "} {
		is := is.New(t)
		out, errOut, code := cli(t.TempDir(), "login", "http://127.0.0.1:1/mcp", "--auth-mode", "bearer", "--bearer-token", token)
		is.Equal(code, 2) // we were called wrongly
		is.True(out == "" && strings.Contains(errOut, "letters, digits and - . _ ~ + /") && strings.Contains(errOut, says))
	}
}
