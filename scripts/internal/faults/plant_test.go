package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every fault still has its place in the code: a change that moves it must
// move the fault too, and not be told so only when the matrix runs.
func TestR12_EveryFaultHasItsPlace(t *testing.T) {
	for _, f := range faults {
		source, err := os.ReadFile(filepath.Join("../../..", f.File))
		if err != nil {
			t.Errorf("%s: %v", f.ID, err)
		} else if n := strings.Count(string(source), f.Old); n != 1 {
			t.Errorf("%s: what it replaces stands %d times in %s", f.ID, n, f.File)
		}
	}
}
