package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/matryer/is"
)

func TestTableIsReplacedWhole(t *testing.T) {
	is := is.New(t)
	file := filepath.Join(t.TempDir(), "README.md")
	is.NoErr(os.WriteFile(file, []byte("before\n"+begin+"| old |\n"+end+"\nafter\n"), 0o600))
	for range 2 { // a second time changes nothing
		is.NoErr(writeTable(file, []string{"client_credentials 1.25", "bytes_per_token 180"}, "0.10"))
		data, err := os.ReadFile(file)
		is.NoErr(err)
		text := string(data)
		is.True(strings.HasPrefix(text, "before\n"+begin+"| figure |") && strings.HasSuffix(text, end+"\nafter\n")) // what stands around it stays
		is.Equal(strings.Count(text, "| 1.25 | at most 1.4 | `bench client_credentials` |"), 1)                     // a row a figure
		is.True(!strings.Contains(text, "| old |"))                                                                 // the old rows are gone
		is.True(strings.Contains(text, "load average before: 0.10"))                                                // how busy the machine was
	}
	is.NoErr(os.WriteFile(file, []byte("no place"), 0o600))
	is.True(writeTable(file, nil, "") != nil) // nothing is written where no place is
	data, _ := os.ReadFile("../../../README.md")
	is.True(strings.Contains(string(data), begin) && strings.Contains(string(data), end)) // the README has the place
}
