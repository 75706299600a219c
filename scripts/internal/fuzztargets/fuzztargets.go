// Package fuzztargets finds every fuzz target by asking go test: none can be
// forgotten, neither by CI nor by the soak.
package fuzztargets

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// A Target is one fuzz function.
type Target struct{ Package, Name string }

// Targets lists them all; that there are none is an error.
func Targets() ([]Target, error) {
	out, err := exec.Command("go", "test", "-list=^Fuzz", "./...").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("go test -list: %w\n%s", err, out)
	}
	all := parse(string(out))
	if len(all) == 0 {
		return nil, errors.New("no fuzz target was found")
	}
	return all, nil
}

// minimize bounds what is spent on making one input shorter. Go allows a
// minute for each that reaches something new: some targets, fuzzed for half a
// minute, tried nothing else.
const minimize = "-fuzzminimizetime=100x"

// Run fuzzes one target for a time with so many workers and returns what go
// test printed, and the CPU time of it all. Go takes the end of the time for a
// failure when it falls between two inputs: that is none.
func (t Target) Run(d time.Duration, workers int) (out string, cpu time.Duration, err error) {
	run := exec.Command("go", "test", t.Package, "-run=^$", "-fuzz=^"+t.Name+"$", "-fuzztime="+d.String(), minimize, fmt.Sprintf("-parallel=%d", workers))
	b, err := run.CombinedOutput()
	if out = string(b); err != nil && strings.Contains(out, "context deadline exceeded") && !Crashed(out) {
		err = nil
	}
	if ended := run.ProcessState; ended != nil {
		cpu = ended.UserTime() + ended.SystemTime()
	}
	return out, cpu, err
}

// Crashed reports whether an input was found that makes the target fail.
func Crashed(out string) bool { return strings.Contains(out, "Failing input") }

// parse reads go test -list: the names, then the line of their package.
func parse(list string) (all []Target) {
	var names []string
	for line := range strings.SplitSeq(list, "\n") {
		if strings.HasPrefix(line, "Fuzz") {
			names = append(names, line)
			continue
		}
		if words := strings.Fields(line); len(words) >= 2 && words[0] == "ok" {
			for _, name := range names {
				all = append(all, Target{words[1], name})
			}
		}
		names = nil
	}
	return all
}
