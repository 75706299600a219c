package flowtest_test

import (
	"flag"
	"io/fs"
	"os"
	"strings"
	"testing"

	"mcp-auth/core/flowtest"
	"mcp-auth/core/lines"
)

var update = flag.Bool("update", false, "rewrite what the scripts say")

// TestScripts plays every script in process. The same files are played over a
// socket by web/httpd, and in Node when this test runs under GOOS=js.
func TestScripts(t *testing.T) {
	files, err := fs.Glob(flowtest.Scripts, "testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, name := range files {
		t.Run(strings.TrimPrefix(name, "testdata/"), func(t *testing.T) {
			text, err := flowtest.Scripts.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got, err := flowtest.Run(flowtest.ParseScript(string(text)), flowtest.InProcess)
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.WriteFile(name, []byte(got.Format()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := lines.Diff(string(text), got.Format()); d != "" {
				t.Fatal(d, "\n(read the difference, then: go test ./core/flowtest -update)")
			}
		})
	}
}
