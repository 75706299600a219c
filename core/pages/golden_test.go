// Golden files: each page byte for byte. Run with -update to write them again,
// and read the difference.
package pages_test

import (
	"strings"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/pages"
	"mcp-auth/web/golden"
)

func TestGolden(t *testing.T) {
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) { golden.Hold(t, s.name+".html", string(s.reply.Body)) })
	}
}

// What the host is told of a page, and what a page links to within itself.
func TestWhatAPageSaysToMachines(t *testing.T) {
	is := is.New(t)
	r := pages.ErrorPage(400, "It went wrong", "So it did.", "Try again.")
	is.Equal(r.Note, "It went wrong")                                                                                                                      // for the log
	is.True(strings.HasPrefix(pages.StyleHash(), "'sha256-") && strings.Contains(r.Header.Get("Content-Security-Policy"), "style-src "+pages.StyleHash())) // the one style
	docs := string(pages.DocsPage(issuer, "1", []pages.RouteDoc{{Group: "Zig 0 9 zag", Method: "GET", Path: "/a0z9/{Tenant}"}}).Body)
	is.True(strings.Contains(docs, `id="zig-0-9-zag"`) && strings.Contains(docs, `href="#zig-0-9-zag"`))         // letters and digits stay
	is.True(strings.Contains(docs, `id="get-a0z9-tenant"`) && strings.Contains(docs, `href="#get-a0z9-tenant"`)) // the rest are dashes
}
