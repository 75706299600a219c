// every fuzz target for its share of the time.
package main

import (
	"fmt"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"mcp-auth/scripts/internal/fuzztargets"
)

var executions = regexp.MustCompile(`execs: (\d+)`)

// fuzzed runs each target for its share. What makes one fail is written below
// its package by go test, and from then on is part of the seeds.
func fuzzed(s *soak, total time.Duration) error {
	all, err := fuzztargets.Targets()
	if err != nil {
		return err
	}
	share := max(time.Second, (total / time.Duration(len(all))).Truncate(100*time.Millisecond))
	var sum int64
	crashes := 0
	var spent time.Duration
	for _, t := range all {
		out, cpu, err := t.Run(share, runtime.NumCPU())
		spent += cpu
		n := executed(out)
		sum += n
		word := "0"
		if fuzztargets.Crashed(out) {
			crashes++
			word = "a crash"
		}
		s.add("R-10", strings.TrimPrefix(t.Package, "mcp-auth/")+" "+t.Name, fmt.Sprintf("%d executions in %s, %s", n, share, word), "0 crashes", err == nil)
		if err != nil {
			fmt.Println(out)
		}
	}
	s.add("R-10", fmt.Sprintf("all %d targets", len(all)), fmt.Sprintf("%d executions in %.2f CPU-hours, %d crashes", sum, spent.Hours(), crashes), "0 crashes", crashes == 0)
	return nil
}

// executed reads the last count that go test printed.
func executed(out string) int64 {
	found := executions.FindAllStringSubmatch(out, -1)
	if len(found) == 0 {
		return 0
	}
	n, _ := strconv.ParseInt(found[len(found)-1][1], 10, 64)
	return n
}
