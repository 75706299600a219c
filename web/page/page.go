// Package page is the flow visualizer as files: plain HTML, CSS and ES
// modules, and the core as WebAssembly, which scripts/build-page makes.
package page

import (
	"embed"
	"io/fs"
	"path"
	"strings"

	"mcp-auth/core/message"
	"mcp-auth/core/pages"
)

//go:embed all:static
var static embed.FS

// A File is one file of the page.
type File struct {
	Path string // below the page's folder: "index.html"
	Type string // media type
	Body []byte // as it is served; core.wasm.gz stays packed
}

var types = map[string]string{".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".svg": "image/svg+xml", ".gz": "application/wasm", ".json": "application/json"}

// Files are the page's files, ready to be served. served says by whom, which
// decides what the page offers: "native" or "static".
func Files(served string) ([]File, error) {
	var all []File
	err := fs.WalkDir(static, "static", func(name string, d fs.DirEntry, err error) error {
		kind := types[path.Ext(name)]
		if err != nil || d.IsDir() || kind == "" {
			return err
		}
		body, err := static.ReadFile(name)
		if path.Ext(name) == ".html" {
			body = []byte(fillIn(string(body), served))
		}
		all = append(all, File{Path: strings.TrimPrefix(name, "static/"), Type: kind, Body: body})
		return err
	})
	return all, err
}

// Built reports whether the core is among the files.
func Built() bool {
	_, err := fs.Stat(static, "static/page/core.wasm.gz")
	return err == nil
}

func fillIn(html, served string) string {
	return strings.NewReplacer("{POLICY}", strings.Replace(Policy, "; frame-ancestors 'none'", "", 1), "{SERVED}", served).Replace(html)
}

// Policy is what the page may do. Servers send it as Content-Security-Policy;
// on a host that sends nothing it stands in the page, where frame-ancestors
// has no meaning. The hash lets the authorization server's own pages keep
// their style in the frame.
var Policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' " + pages.StyleHash() +
	"; img-src 'self' data:; connect-src 'self' http://localhost:* http://127.0.0.1:* https:; frame-src blob:; base-uri 'none'; form-action 'none'" +
	"; require-trusted-types-for 'script'; trusted-types core; frame-ancestors 'none'"

// Response is a file as an answer.
func (f File) Response() message.Response {
	r := message.Response{Status: 200, Body: f.Body, Header: message.Header{{Name: "Content-Type", Value: f.Type},
		{Name: "Content-Security-Policy", Value: Policy}, {Name: "X-Frame-Options", Value: "DENY"}, {Name: "X-Content-Type-Options", Value: "nosniff"},
		{Name: "Referrer-Policy", Value: "no-referrer"}, {Name: "Cross-Origin-Resource-Policy", Value: "same-origin"}, {Name: "Cache-Control", Value: "no-cache"}}}
	if path.Ext(f.Path) == ".gz" {
		r.Header = r.Header.With("Content-Encoding", "gzip")
	}
	return r
}

// Mounted are the page's files by their path on a server that serves it at /;
// none when the core was not built. The callback has a path of its own, which
// the seeded clients have registered.
func Mounted() (map[string]message.Response, error) {
	if !Built() {
		return nil, nil
	}
	files, err := Files("native")
	all := map[string]message.Response{}
	for _, f := range files {
		switch f.Path {
		case "index.html":
			all["/"] = f.Response()
		case "callback.html":
			all["/callback"] = f.Response()
		default:
			all["/"+f.Path] = f.Response()
		}
	}
	return all, err
}
