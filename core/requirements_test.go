package core_test

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"testing"
)

// requirements is how many lines MCP authorization's list of what a client
// must do has, as CONTRIBUTING numbers them.
const requirements = 38

var requirementInName = regexp.MustCompile(`MCPClient((?:_?[0-9]{2})+)`)

// TestRequirements: each line of the list is named by a test.
func TestRequirements(t *testing.T) {
	if runtime.GOOS == "js" {
		t.Skip("reads the sources of the whole module, which the native run does")
	}
	named := map[int]string{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if err == nil && (d.Name() == "node_modules" || len(d.Name()) > 2 && d.Name()[0] == '.') {
				return fs.SkipDir
			}
			return err
		}
		names, err := testNames(path)
		for _, name := range names {
			if m := requirementInName.FindStringSubmatch(name); m != nil {
				for _, digits := range regexp.MustCompile(`[0-9]{2}`).FindAllString(m[1], -1) {
					n, _ := strconv.Atoi(digits)
					named[n] = name
				}
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= requirements; n++ {
		if named[n] == "" {
			t.Errorf("client %d: no test is named %s…", n, fmt.Sprintf("TestMCPClient%02d", n))
		}
		delete(named, n)
	}
	for n, name := range named {
		t.Errorf("%s names line %d, which the list does not have", name, n)
	}
}
