// Package golden is for tests: it holds what they render against files in
// testdata, to the byte. Run them with -update to write the files again.
package golden

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"mcp-auth/core/lines"
)

var update = flag.Bool("update", false, "write the golden files again")

// Hold fails the test where got is not what the file in testdata says.
func Hold(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal("there must be a golden file: ", err)
	}
	if d := lines.Diff(string(want), got); d != "" {
		t.Error(name, d, "\n(read the difference, then run this package's tests with -update)")
	}
}
