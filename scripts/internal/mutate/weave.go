// A package with all its mutants compiled in. Each is chosen when the tests
// run, by MUTANT in the environment, so that a package is compiled once and
// not once a mutant; MUTANTS_SEEN names a file for the ids that were reached.
package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A listed package is what go list says of one.
type listed struct {
	Dir, ImportPath, Name, Export      string
	GoFiles, TestGoFiles, XTestGoFiles []string
	Imports, TestImports, XTestImports []string
}

// A woven package is one whose mutants can be switched on.
type woven struct {
	listed
	short   string // its directory below the module
	mutants []Mutant
	overlay string // the file for -overlay
}

// weave finds the mutants of a package and writes it with all of them to dir.
func weave(p listed, root, dir string, exports map[string]string) (*woven, error) {
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution|parser.ParseComments)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}
	conf := types.Config{Importer: importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})}
	pkg, err := conf.Check(p.ImportPath, fset, files, info)
	if err != nil {
		return nil, err
	}
	short, err := filepath.Rel(root, p.Dir)
	if err != nil {
		return nil, err
	}
	w := &woven{listed: p, short: short}
	replace, next := map[string]string{}, 1
	for i, f := range files {
		path := filepath.Join(p.Dir, p.GoFiles[i])
		source, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		at := &points{fset: fset, info: info, pkg: pkg, imports: names(f, pkg), source: source, file: filepath.Join(short, p.GoFiles[i]), next: next, seen: map[string]int{}}
		at.declarations(f)
		next = at.next
		w.mutants = append(w.mutants, at.mutants...)
		replace[path] = filepath.Join(dir, fmt.Sprint(i)+".go")
		if err := os.WriteFile(replace[path], at.woven(), 0o600); err != nil {
			return nil, err
		}
	}
	chooser := filepath.Join(dir, "chooser.go")
	replace[filepath.Join(p.Dir, "mutant_chooser.go")] = chooser
	if err := os.WriteFile(chooser, []byte(strings.NewReplacer("PACKAGE", p.Name, "COUNT", fmt.Sprint(next)).Replace(choosing)), 0o600); err != nil {
		return nil, err
	}
	text, err := json.Marshal(map[string]map[string]string{"Replace": replace})
	if err != nil {
		return nil, err
	}
	w.overlay = filepath.Join(dir, "overlay.json")
	return w, os.WriteFile(w.overlay, text, 0o600)
}

// declarations walks functions and the function literals of variables.
func (p *points) declarations(f *ast.File) {
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			name := d.Name.Name
			if d.Recv != nil {
				receiver, _, _ := strings.Cut(strings.TrimPrefix(p.text(d.Recv.List[0].Type), "*"), "[")
				name = receiver + "." + name
			}
			p.function(name, d.Type.Results, d.Body)
		case *ast.GenDecl:
			ast.Inspect(d, func(n ast.Node) bool {
				if lit, ok := n.(*ast.FuncLit); ok {
					p.function("var", lit.Type.Results, lit.Body)
					return false
				}
				return true
			})
		}
	}
}

// names is what a file calls the packages it imports.
func names(f *ast.File, pkg *types.Package) map[string]string {
	all := map[string]string{}
	for _, s := range f.Imports {
		path := strings.Trim(s.Path.Value, `"`)
		if s.Name != nil {
			all[path] = s.Name.Name
			continue
		}
		if i := slices.IndexFunc(pkg.Imports(), func(p *types.Package) bool { return p.Path() == path }); i >= 0 {
			all[path] = pkg.Imports()[i].Name()
		}
	}
	return all
}

const choosing = `package PACKAGE

import (
	os_ "os"
	strconv_ "strconv"
	atomic_ "sync/atomic"
)

var mutantOn_, _ = strconv_.Atoi(os_.Getenv("MUTANT"))

var mutantLog_ = func() *os_.File {
	name := os_.Getenv("MUTANTS_SEEN")
	if name == "" {
		return nil
	}
	f, _ := os_.OpenFile(name, os_.O_CREATE|os_.O_WRONLY|os_.O_APPEND, 0o600)
	return f
}()

var mutantSeen_ [COUNT]atomic_.Bool

func mutant_(n int) bool {
	if mutantLog_ != nil && !mutantSeen_[n].Swap(true) {
		mutantLog_.WriteString(strconv_.Itoa(n) + "\n")
	}
	return n == mutantOn_
}
`
