// Golden files: each page byte for byte. Run with -update to write them again,
// and read the difference.
package pages_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/matryer/is"
)

var update = flag.Bool("update", false, "write the golden files again")

func TestGolden(t *testing.T) {
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			is := is.New(t)
			file := filepath.Join("testdata", s.name+".html")
			if *update {
				is.NoErr(os.WriteFile(file, s.reply.Body, 0o644)) // the golden file is written
			}
			want, err := os.ReadFile(file)
			is.NoErr(err)                                // there is a golden file
			is.Equal(string(s.reply.Body), string(want)) // the page is the golden file
		})
	}
}
