package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/matryer/is"
)

func TestRecordKeepsWhatWasNotMeasured(t *testing.T) {
	is := is.New(t)
	file := filepath.Join(t.TempDir(), "soak.md")
	is.NoErr(writeRecord(file, []row{{"R-06", "a stop", "10 rounds", "0", true}, {"R-01", "kills", "5", "0", false}}, "one machine"))
	is.NoErr(writeRecord(file, []row{{"R-06", "a stop", "20 rounds", "0", true}, {"R-06", "control: a mistake", "3", "x", true}}, "another"))
	data, err := os.ReadFile(file)
	is.NoErr(err) // the file is there
	text := string(data)
	is.True(strings.HasPrefix(text, heading))                                             // with what it is
	is.True(strings.Index(text, "## R-01") < strings.Index(text, "## R-06"))              // in the order of the ids
	is.True(strings.Contains(text, "one machine.") && strings.Contains(text, "another.")) // each with its own run
	is.True(strings.Contains(text, "| kills | 5 | 0 | NOT KEPT |"))                       // what was not measured again stays
	is.True(!strings.Contains(text, "10 rounds"))                                         // what was is replaced
	is.True(strings.Contains(text, "| control: a mistake | 3 | x | found out |"))         // with its control
}
