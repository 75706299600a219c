// every fuzz target for its share of the time.
package main

import (
	"fmt"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// A target is one fuzz function.
type target struct{ where, name string }

var executions = regexp.MustCompile(`execs: (\d+)`)

// fuzzed runs each target for its share. What makes one fail is written below
// its package by go test, and from then on is part of the seeds.
func fuzzed(s *soak, total time.Duration) error {
	all, err := targets()
	if err != nil {
		return err
	}
	share := max(time.Second, (total / time.Duration(len(all))).Truncate(100*time.Millisecond))
	var sum int64
	crashes := 0
	began := time.Now()
	for _, t := range all {
		out, err := exec.Command("go", "test", t.where, "-run=^$", "-fuzz=^"+t.name+"$", "-fuzztime="+share.String(), fmt.Sprintf("-parallel=%d", runtime.NumCPU())).CombinedOutput()
		var n int64
		if found := executions.FindAllStringSubmatch(string(out), -1); len(found) > 0 {
			n, _ = strconv.ParseInt(found[len(found)-1][1], 10, 64)
		}
		sum += n
		word, crash := "0", strings.Contains(string(out), "Failing input")
		if crash {
			crashes++
			word = "a crash"
		}
		// Go takes the end of the time for a failure when it falls between two inputs.
		ok := err == nil || !crash && strings.Contains(string(out), "context deadline exceeded")
		s.add("R-10", strings.TrimPrefix(t.where, "mcp-auth/")+" "+t.name, fmt.Sprintf("%d executions in %s, %s", n, share, word), "0 crashes", ok)
		if !ok {
			fmt.Println(string(out))
		}
	}
	hours := time.Since(began).Hours() * float64(runtime.NumCPU())
	s.add("R-10", fmt.Sprintf("all %d targets", len(all)), fmt.Sprintf("%d executions in %.2f CPU-hours, %d crashes", sum, hours, crashes), "0 crashes", crashes == 0)
	return nil
}

// targets asks go which there are.
func targets() (all []target, err error) {
	out, err := exec.Command("go", "test", "-list=^Fuzz", "./...").Output()
	if err != nil {
		return nil, fmt.Errorf("go test -list: %w", err)
	}
	var names []string
	for line := range strings.SplitSeq(string(out), "\n") {
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
	if len(all) == 0 {
		return nil, fmt.Errorf("no fuzz target was found")
	}
	return all, nil
}
