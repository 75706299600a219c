// A trial, its result, and the counting rule.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// A trial is one run of one scenario.
type trial struct {
	scenario string
	column   string // where it stands in the table: the wire, the endpoint
	least    int    // distinct checks that a conforming subject passes
	run      func(context.Context, *bench) result
}

// A check is one check as the suite reports it.
type check struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	Description  string `json:"description"`
	Status       string `json:"status"`
	ErrorMessage string `json:"errorMessage"`
}

// A result is what a trial left behind.
type result struct {
	checks []check
	err    error  // the run itself failed: exit code, time-out, no results
	said   string // what suite and subject printed
	took   time.Duration
}

// passed counts distinct checks that succeeded.
func (r result) passed() int {
	ids := map[string]bool{}
	for _, c := range r.checks {
		if c.Status == "SUCCESS" {
			ids[c.ID] = true
		}
	}
	return len(ids)
}

// faults are the checks that failed or warned.
func (r result) faults() (all []check) {
	for _, c := range r.checks {
		if c.Status == "FAILURE" || c.Status == "WARNING" {
			all = append(all, c)
		}
	}
	return all
}

// verdict is "" when the trial passed, else the reason in one line.
func (t trial) verdict(r result) string {
	faults := r.faults()
	switch {
	case len(faults) > 0:
		return fmt.Sprintf("%s %s: %s", strings.ToLower(faults[0].Status), faults[0].ID, faults[0].reason())
	case r.err != nil:
		return r.err.Error()
	case r.passed() < t.least:
		return fmt.Sprintf("%d checks passed, %d are wanted", r.passed(), t.least)
	}
	return ""
}

func (c check) reason() string {
	text := c.ErrorMessage
	if text == "" {
		text = c.Description
	}
	return strings.Join(strings.Fields(text), " ")
}

// all runs trials, several at a time, in any order; progress goes to stderr.
func (b *bench) all(ctx context.Context, ring string, trials []trial, parallel int) []result {
	results := make([]result, len(trials))
	slots := make(chan struct{}, max(parallel, 1))
	var mu sync.Mutex
	var done, failed int
	var wait sync.WaitGroup
	for i, t := range trials {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			begin := time.Now()
			r := t.once(ctx, b)
			if r.late() && ctx.Err() == nil { // a busy machine says nothing about the subject
				r = t.once(ctx, b)
			}
			r.took = time.Since(begin)
			mu.Lock()
			defer mu.Unlock()
			results[i] = r
			done++
			if t.verdict(r) != "" {
				failed++
			}
			b.progress("%s %d of %d, %d failed", ring, done, len(trials), failed)
		})
	}
	wait.Wait()
	b.progress("")
	return results
}

func (t trial) once(ctx context.Context, b *bench) result {
	one, cancel := context.WithTimeout(ctx, timeout+5*time.Second) // the suite gives up first
	defer cancel()
	return t.run(one, b)
}

// late reports whether the trial ran out of time.
func (r result) late() bool {
	return errors.Is(r.err, errLate) || strings.Contains(r.said, "timed out after")
}

// errLate says that a trial did not end by itself.
var errLate = fmt.Errorf("it did not end within %s", timeout)

// progress rewrites one line, on terminals alone.
func (b *bench) progress(format string, args ...any) {
	if b.terminal {
		fmt.Fprintf(os.Stderr, "\r\x1b[K"+format, args...)
	}
}
