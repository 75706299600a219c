// Every fuzz target, found by asking: none can be forgotten.
package main

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
)

// A target is one fuzz function.
type target struct{ where, name string }

func fuzz(t *tally) error {
	out, err := output(nil, "go", "test", "-list=^Fuzz", "./...")
	if err != nil {
		return err
	}
	all := targets(out)
	if len(all) == 0 {
		return errors.New("no fuzz target was found")
	}
	for _, f := range all {
		fmt.Println("  ", f.where, f.name)
		if err := f.run(); err != nil {
			t.failed++
			fmt.Println(err)
			continue
		}
		t.passed++
	}
	return nil
}

// run fuzzes for a while. Go takes the end of the time for a failure when it
// falls between two inputs; it has then written no failing input, and the
// target gets another go.
func (f target) run() (err error) {
	for range 3 {
		_, err = output(nil, "go", "test", f.where, "-run=^$", "-fuzz=^"+f.name+"$", "-fuzztime="+fuzzTime.String(), fmt.Sprintf("-parallel=%d", runtime.NumCPU()))
		if err == nil || !strings.Contains(err.Error(), "context deadline exceeded") || strings.Contains(err.Error(), "Failing input") {
			break
		}
	}
	return err
}

// targets reads go test -list: the names, then the line of their package.
func targets(list string) (all []target) {
	var names []string
	for line := range strings.SplitSeq(list, "\n") {
		if strings.HasPrefix(line, "Fuzz") {
			names = append(names, line)
			continue
		}
		if words := strings.Fields(line); len(words) >= 2 && words[0] == "ok" {
			for _, name := range names {
				all = append(all, target{words[1], name})
			}
		}
		names = nil
	}
	return all
}
