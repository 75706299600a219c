// The architecture as a test: what may import what, and what the core never
// does. Each refusal says its reason.
package core_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/matryer/is"
)

const module = "mcp-auth/"

// arrows says which packages of core each package of core may import.
var arrows = map[string][]string{
	"message":    {},
	"lines":      {},
	"table":      {},
	"rows":       {"table"},
	"oauth":      {"message"}, // of it only the reading of URLs: see urlReading
	"trace":      {"message"},
	"mcp":        {"message"},
	"profile":    {"oauth", "message"},
	"pages":      {"oauth", "message"},
	"jose":       {"message"},
	"keyring":    {"jose", "table"},
	"idp":        {"exchange", "jose", "keyring", "oauth", "message"},
	"exchange":   {"jose", "oauth", "message"},
	"flow":       {"exchange", "jose", "oauth", "message", "trace", "mcp", "pages"},
	"authserver": {"exchange", "jose", "keyring", "oauth", "message", "trace", "table", "pages"},
	"resource":   {"exchange", "oauth", "mcp", "message", "trace", "table"}, // minted static tokens are records too
	"explain":    {"oauth", "message", "trace"},
	"fault":      {"oauth", "message"},
	"stage":      {"explain", "fault", "flowtest", "authserver", "server", "flow", "mcp", "exchange", "oauth", "message", "trace"},
	"server":     {"authserver", "idp", "keyring", "jose", "resource", "mcp", "exchange", "pages", "table", "oauth", "message", "trace"},
	"flowtest":   {"idp", "authserver", "resource", "server", "flow", "jose", "mcp", "exchange", "pages", "profile", "table", "oauth", "message", "trace"},
}

// pure is what the core may import from outside itself.
var pure = strings.Fields(`bytes cmp crypto crypto/ecdsa crypto/ed25519 crypto/elliptic crypto/hmac crypto/rsa crypto/sha256 crypto/subtle embed encoding/base64 encoding/binary errors fmt
	hash/maphash io io/fs iter maps math math/big math/bits net/netip slices sort strconv strings sync sync/atomic time unicode unicode/utf16 unicode/utf8 unique
	github.com/go-json-experiment/json/jsontext`)

// unwelcome says why some packages are not pure.
var unwelcome = map[string]string{
	"os":            "a browser page and a Worker have no files and no environment",
	"net":           "the core opens no connection: the caller performs effects",
	"net/http":      "the core has its own messages; net/http's client more than doubles the wasm",
	"net/url":       "it reads what no browser reads so: message.ParseURL decides, message.Form encodes",
	"syscall":       "there is no operating system under the core",
	"crypto/rand":   "randomness comes in as an io.Reader, so that a flow can be replayed",
	"math/rand":     "randomness comes in as an io.Reader, so that a flow can be replayed",
	"math/rand/v2":  "randomness comes in as an io.Reader, so that a flow can be replayed",
	"encoding/json": "it takes names in any case and the last of two: message.ParseJSON reads, Value.Append writes",
	"html/template": "it costs 2.9 MB of wasm: core/pages builds pages from constants and escaping",
	"text/template": "it costs as much wasm as html/template: build text from constants",
	"testing":       "the script runner also runs in a page",
	"context":       "nothing in the core waits, so nothing can be cancelled",
}

// unlinked may not even be linked through others where wasm is small.
var unlinked = []string{"net/http", "net", "encoding/json", "html/template", "text/template", "crypto/tls", "os/exec"}

// clock is what reads or follows the clock; the core is told the time.
var clock = strings.Fields("Now Since Until After AfterFunc Sleep Tick NewTimer NewTicker")

// urlReading is what core/oauth may use of core/message: it knows no messages.
var urlReading = strings.Fields("ParseURL URL IsScheme CanonicalPort")

// A listed is one package as go list shows it.
type listed struct {
	ImportPath, Name, Dir   string
	GoFiles, IgnoredGoFiles []string
	Imports, Deps           []string
}

// faults says what is wrong with the imports of a package of this module.
func faults(p listed) (all []string) {
	fault := func(imported, reason string) { all = append(all, p.ImportPath+" imports "+imported+": "+reason) }
	name, inCore := strings.CutPrefix(p.ImportPath, module+"core/")
	allowed, known := arrows[name]
	if inCore && !known {
		all = append(all, p.ImportPath+" has no line in the rings: say in arrows what it may import")
	}
	for _, imported := range p.Imports {
		target, core := strings.CutPrefix(imported, module+"core/")
		switch {
		case inCore && core && !slices.Contains(allowed, target):
			fault(imported, "the rings let core/"+name+" import only "+strings.Join(allowed, ", "))
		case inCore && !core && strings.HasPrefix(imported, module):
			fault(imported, "the core knows no host: hosts import the core")
		case inCore && !core && unwelcome[imported] != "":
			fault(imported, unwelcome[imported])
		case inCore && !core && !slices.Contains(pure, imported):
			fault(imported, "it is not among the few pure packages the core is built from")
		case strings.HasPrefix(p.ImportPath, module+"wasm/") && strings.HasPrefix(imported, module+"native/"):
			fault(imported, "nothing native exists in a page or a Worker")
		case imported == module+"core/stage" && p.ImportPath != module+"wasm/page":
			fault(imported, "its randomness can be guessed by everybody: it is for the page alone")
		}
	}
	for _, part := range append(strings.Split(p.ImportPath, "/"), p.Name) {
		all = append(all, badName(p.ImportPath, part)...)
	}
	for _, file := range slices.Concat(p.GoFiles, p.IgnoredGoFiles) {
		all = append(all, badName(p.ImportPath, strings.TrimSuffix(file, ".go"))...)
	}
	return all
}

func badName(where, name string) []string {
	if slices.Contains([]string{"util", "utils", "common", "helper", "helpers"}, name) {
		return []string{where + ": " + name + " names no thing: name the file or package after what is in it"}
	}
	return nil
}

// sourceFaults says what a file of the core does that only its caller may do.
func sourceFaults(file string, source any) ([]string, error) {
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, file, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	names := map[string]string{} // the name an import has in this file
	for _, i := range f.Imports {
		path, _ := strconv.Unquote(i.Path.Value)
		name := path[strings.LastIndex(path, "/")+1:]
		if i.Name != nil {
			name = i.Name.Name
		}
		names[name] = path
	}
	var all []string
	fault := func(n ast.Node, text string) { all = append(all, set.Position(n.Pos()).String()+": "+text) }
	for name, path := range names {
		if name == "." {
			fault(f, "a dot import of "+path+" hides what is used")
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		x, named := (*ast.Ident)(nil), false
		if ok {
			x, named = s.X.(*ast.Ident)
		}
		switch {
		case !named:
		case names[x.Name] == "time" && slices.Contains(clock, s.Sel.Name):
			fault(s, "time."+s.Sel.Name+": the core is told the time, so that a flow can be replayed")
		case f.Name.Name == "oauth" && names[x.Name] == module+"core/message" && !slices.Contains(urlReading, s.Sel.Name):
			fault(s, "message."+s.Sel.Name+": core/oauth knows no messages, it only reads URLs with core/message")
		}
		return true
	})
	return all, nil
}

// list runs go list for a platform; pages and Workers are js/wasm.
func list(t *testing.T, goos, goarch string, args ...string) (all []listed) {
	t.Helper()
	if runtime.GOOS == "js" {
		t.Skip("there is no go command under GOOS=js; the native run judges the js build as well")
	}
	var trouble bytes.Buffer
	c := exec.Command("go", append([]string{"list", "-e", "-json=ImportPath,Name,Dir,GoFiles,IgnoredGoFiles,Imports,Deps"}, args...)...)
	c.Dir, c.Stderr = "..", &trouble
	c.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch)
	out, err := c.Output()
	if err != nil {
		t.Fatalf("go list: %v: %s", err, trouble.String())
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func TestArrowsAndPurity(t *testing.T) {
	for _, platform := range [][2]string{{runtime.GOOS, runtime.GOARCH}, {"js", "wasm"}} {
		t.Run(platform[0], func(t *testing.T) {
			is := is.New(t)
			found := map[string]bool{}
			for _, p := range list(t, platform[0], platform[1], "./...") {
				found[strings.TrimPrefix(p.ImportPath, module+"core/")] = true
				for _, fault := range faults(p) {
					t.Error(fault)
				}
			}
			for name := range arrows {
				is.True(found[name]) // each line of the rings is a package
			}
		})
	}
}

func TestNoClockInTheCore(t *testing.T) {
	is := is.New(t)
	files := 0
	for _, p := range list(t, runtime.GOOS, runtime.GOARCH, "./core/...") {
		for _, name := range slices.Concat(p.GoFiles, p.IgnoredGoFiles) {
			found, err := sourceFaults(filepath.Join(p.Dir, name), nil)
			is.NoErr(err) // the file parses
			for _, fault := range found {
				t.Error(fault)
			}
			files++
		}
	}
	is.True(files > 50) // the whole core was read
}

// What a page links is downloaded by everybody who opens it.
func TestNothingHeavyInThePage(t *testing.T) {
	is := is.New(t)
	all := list(t, "js", "wasm", "./core/...", "./wasm/page/...")
	is.True(len(all) >= len(arrows)) // the packages were listed
	for _, p := range all {
		for _, heavy := range unlinked {
			if slices.Contains(p.Deps, heavy) {
				t.Errorf("%s links %s under js/wasm: everybody who opens the page would download it; GOOS=js GOARCH=wasm go list -deps shows the way in", p.ImportPath, heavy)
			}
		}
	}
}

// The rules above must be able to find something.
func TestFaultsAreFound(t *testing.T) {
	for fault, p := range map[string]listed{
		"the rings let core/message import only":   {ImportPath: module + "core/message", Imports: []string{module + "core/oauth"}},
		"the core knows no host":                   {ImportPath: module + "core/flow", Imports: []string{module + "native/drive"}},
		"a browser page and a Worker have no file": {ImportPath: module + "core/flow", Imports: []string{"os"}},
		"not among the few pure packages":          {ImportPath: module + "core/flow", Imports: []string{"log/slog"}},
		"has no line in the rings":                 {ImportPath: module + "core/new"},
		"its randomness can be guessed":            {ImportPath: module + "native/mcp-auth-server", Imports: []string{module + "core/stage"}},
		"nothing native exists in a page":          {ImportPath: module + "wasm/page", Imports: []string{module + "native/keep"}},
		"util names no thing":                      {ImportPath: module + "cli/util"},
		"common names no thing":                    {ImportPath: module + "cli/x", Name: "common"},
		"helpers names no thing":                   {ImportPath: module + "core/flow", GoFiles: []string{"helpers.go"}},
	} {
		t.Run(fault, func(t *testing.T) {
			is := is.New(t)
			found := faults(p)
			is.Equal(len(found), 1)                    // one fault
			is.True(strings.Contains(found[0], fault)) // this one
		})
	}
	for source, fault := range map[string]string{
		`package x; import "time"; var a = time.Now`:                                    "time.Now",
		`package x; import t "time"; func f(a t.Time) t.Duration { return t.Since(a) }`: "time.Since",
		`package x; import . "time"`:                                                    "dot import",
		`package oauth; import "mcp-auth/core/message"; var a message.Request`:          "message.Request",
		`package x; import "time"; var a time.Time = time.Unix(0, 0).Add(time.Second)`:  "",
		`package oauth; import "mcp-auth/core/message"; var a message.URL`:              "",
	} {
		t.Run(source, func(t *testing.T) {
			is := is.New(t)
			found, err := sourceFaults("x.go", source)
			is.NoErr(err)                                                             // the file parses
			is.Equal(len(found) == 1, fault != "")                                    // a fault, if there is one
			is.True(fault == "" || strings.Contains(strings.Join(found, " "), fault)) // this one
		})
	}
}
