package oauth_test

import (
	"strings"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/oauth"
)

// An identifier that begins as a URL means a document, whether it may or not.
func TestIsClientIDURL(t *testing.T) {
	is := is.New(t)
	is.True(oauth.IsClientIDURL("https://app.example/c") && oauth.IsClientIDURL("http://127.0.0.1/c"))                   // both schemes
	is.True(!oauth.IsClientIDURL("dev-public-client") && !oauth.IsClientIDURL("x https://") && !oauth.IsClientIDURL("")) // at the beginning
}

func TestClientIdentifierURLs(t *testing.T) {
	is := is.New(t)
	for _, id := range []string{"https://app.example/c", "https://app.example:8443/c.json", "https://app.example/a..b/.well", "https://app.example/c?v=2", "https://[2001:db8::1]/c", "https://app.example/" + strings.Repeat("c", 2048-len("https://app.example/"))} {
		is.NoErr(oauth.CheckClientIDURL(id)) // section 3 allows it
	}
	for _, id := range []string{"http://app.example/c", "http://127.0.0.1/c", "app.example/c", "", "https://app.example", "https://app.example/", "https://app.example/../c", "https://app.example/%2E./c", "https://app.example/c#", "https://u@app.example/c", "https://app.example/" + strings.Repeat("c", 2049-len("https://app.example/"))} {
		is.True(oauth.CheckClientIDURL(id) != nil) // it does not
	}
	for _, id := range []string{"http://127.0.0.1:5/c", "http://localhost/c", "https://[::1]:5/c"} {
		is.NoErr(oauth.CheckLocalClientIDURL(id)) // for tests on this machine
	}
	for _, id := range []string{"http://127.0.0.2/c", "http://localhost.example/c", "http://127.0.0.1", "http://10.0.0.1/c", "ftp://localhost/c", "http://localhost/a b", ""} {
		is.True(oauth.CheckLocalClientIDURL(id) != nil) // nothing else is
	}
}
