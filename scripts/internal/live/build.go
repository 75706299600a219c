// Package live is a server as a process of its own: built, with a fault in it
// where a control wants one, started, watched, spoken to over sockets, stopped.
package live

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A Plant is a mistake that a build is given, so that a check can be seen to
// fail. Old stands in the file exactly once.
type Plant struct{ File, Old, New string }

// A Build says how programs are built.
type Build struct {
	Race        bool     // with the race detector
	Experiments string   // GOEXPERIMENT
	Plants      []Plant  // as an overlay that touches no source
	Packages    []string // default: both programs
}

// Into builds into a directory below dir and returns it.
func (b Build) Into(dir string) (string, error) {
	to, err := os.MkdirTemp(dir, "build-")
	if err != nil {
		return "", err
	}
	args := []string{"build", "-o", to + string(filepath.Separator)}
	if b.Race {
		args = append(args, "-race")
	}
	overlay, err := Overlay(to, b.Plants)
	if err != nil {
		return "", err
	}
	args = append(append(args, overlay...), b.packages()...)
	c := exec.Command("go", args...)
	c.Env = append(os.Environ(), "GOEXPERIMENT="+b.Experiments)
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return to, nil
}

func (b Build) packages() []string {
	if b.Packages == nil {
		return []string{"./native/mcp-auth-server", "./cli/mcp-auth"}
	}
	return b.Packages
}

// Overlay writes the faulty files below dir and returns the arguments with
// which go takes them in place of the sources.
func Overlay(dir string, plants []Plant) ([]string, error) {
	if len(plants) == 0 {
		return nil, nil
	}
	replace := map[string]string{}
	for _, p := range plants {
		path, err := filepath.Abs(p.File)
		if err != nil {
			return nil, err
		}
		from := path
		if replace[path] != "" {
			from = replace[path]
		}
		source, err := os.ReadFile(from)
		if err != nil {
			return nil, err
		}
		if n := strings.Count(string(source), p.Old); n != 1 {
			return nil, fmt.Errorf("what is to be broken stands %d times in %s: the code has changed, so must the control", n, p.File)
		}
		faulty := filepath.Join(dir, fmt.Sprintf("faulty-%d.go", len(replace)))
		if replace[path] != "" {
			faulty = replace[path]
		}
		replace[path] = faulty
		if err := os.WriteFile(faulty, []byte(strings.Replace(string(source), p.Old, p.New, 1)), 0o600); err != nil {
			return nil, err
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	list := filepath.Join(dir, "overlay.json")
	return []string{"-overlay", list}, errors.Join(err, os.WriteFile(list, text, 0o600))
}
