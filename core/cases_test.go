package core_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/matryer/is"
)

// catalogue is how many cases each group of the attack catalogue has, numbered
// from 1. CONTRIBUTING says what the groups are.
var catalogue = map[string]int{"AZ": 34, "TK": 31, "RF": 11, "DV": 17, "RG": 15, "CM": 13, "RS": 15, "MC": 20, "DS": 4, "CL": 32, "PF": 11, "BR": 12, "WK": 9, "R": 19}

// TestCases holds the names of the tests against CONTRIBUTING's table of cases
// that are not covered: a case is in one of the two, or, as "part of" it, in
// both.
func TestCases(t *testing.T) {
	if runtime.GOOS == "js" {
		t.Skip("reads the sources of the whole module, which the native run does")
	}
	is := is.New(t)
	tested, err := testedCases("..")
	is.NoErr(err) // the sources can be read
	whole, part, err := uncoveredCases("../CONTRIBUTING.md")
	is.NoErr(err) // the table can be read
	for group, count := range catalogue {
		for n := 1; n <= count; n++ {
			id := caseID(group, n)
			switch {
			case tested[id] == "" && !whole[id]:
				t.Errorf("%s: no test carries it in its name, and CONTRIBUTING does not say why", id)
			case tested[id] != "" && whole[id]:
				t.Errorf("%s: %s tests it; take it out of CONTRIBUTING's table, or write \"part of %s\" there", id, tested[id], id)
			case tested[id] == "" && part[id]:
				t.Errorf("%s: CONTRIBUTING says that a part is tested; no test carries it in its name", id)
			}
		}
	}
	for _, ids := range [...]map[string]bool{whole, part} {
		for id := range ids {
			if !known(id) {
				t.Errorf("%s: CONTRIBUTING lists a case that the catalogue does not have", id)
			}
		}
	}
	for id, name := range tested {
		if !known(id) {
			t.Errorf("%s: %s carries a case that the catalogue does not have", id, name)
		}
	}
}

func caseID(group string, n int) string { return fmt.Sprintf("%s-%02d", group, n) }

func known(id string) bool {
	group, digits, _ := strings.Cut(id, "-")
	n, err := strconv.Atoi(digits)
	return err == nil && n >= 1 && n <= catalogue[group]
}

var inName = regexp.MustCompile(`(AZ|TK|RF|DV|RG|CM|RS|MC|DS|CL|PF|BR|WK|R)-?([0-9]{2})`)

// testedCases finds the cases in the names of the tests below root, each with
// one that carries it.
func testedCases(root string) (map[string]string, error) {
	found := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || len(d.Name()) > 2 && d.Name()[0] == '.') {
			return fs.SkipDir
		}
		names, err := testNames(path)
		for _, name := range names {
			for _, m := range inName.FindAllStringSubmatch(name, -1) {
				found[m[1]+"-"+m[2]] = name
			}
		}
		return err
	})
	return found, err
}

var inScript = regexp.MustCompile("\\b(?:test|it)\\(\\s*[\"'`]([^\"'`]+)")

// testNames lists the tests of a file: Go's functions, or what JavaScript
// names in test("...").
func testNames(path string) (names []string, err error) {
	switch base := filepath.Base(path); {
	case strings.HasSuffix(base, "_test.go"):
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				names = append(names, f.Name.Name)
			}
		}
	case strings.Contains(base, "test") && (strings.HasSuffix(base, ".mjs") || strings.HasSuffix(base, ".js")):
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		for _, m := range inScript.FindAllSubmatch(data, -1) {
			names = append(names, string(m[1]))
		}
	}
	return names, nil
}

var inTable = regexp.MustCompile(`^(part of )?([A-Z]{1,2})-([0-9]{2})(?: to ([A-Z]{1,2})-([0-9]{2}))?$`)

// uncoveredCases reads the first column of the table: ids, ranges of them and
// "part of" an id, separated by commas.
func uncoveredCases(file string) (whole, part map[string]bool, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	_, rest, _ := strings.Cut(string(data), "\n## Cases not covered yet")
	section, _, _ := strings.Cut(rest, "\n## ")
	whole, part = map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 || strings.Contains(cells[1], "---") || strings.TrimSpace(cells[1]) == "ids" {
			continue
		}
		for entry := range strings.SplitSeq(cells[1], ",") {
			if err := addCases(whole, part, strings.TrimSpace(entry)); err != nil {
				return nil, nil, err
			}
		}
	}
	if len(whole)+len(part) == 0 {
		return nil, nil, fmt.Errorf("%s has no table of cases not covered", file)
	}
	return whole, part, nil
}

func addCases(whole, part map[string]bool, entry string) error {
	m := inTable.FindStringSubmatch(entry)
	if m == nil {
		return fmt.Errorf("wanted an id, a range such as BR-01 to BR-12, or \"part of\" an id; got %q", entry)
	}
	from, _ := strconv.Atoi(m[3])
	to := from
	if m[4] != "" {
		to, _ = strconv.Atoi(m[5])
	}
	for n := from; n <= to; n++ {
		if m[1] == "" {
			whole[caseID(m[2], n)] = true
		} else {
			part[caseID(m[2], n)] = true
		}
	}
	return nil
}
