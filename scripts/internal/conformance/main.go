// Command conformance runs the official MCP conformance suite and a few other
// checkers against both programs, ring by ring, and counts strictly.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A ring is a set of trials of one subject; its total is a promise.
type ring struct {
	name, about string
	trials      func() []trial
	start       func(context.Context, *bench) (stop func(), err error) // brings the subject up; nil: nothing to do
}

var rings = []ring{
	{"K1", "client, native", clientTrials(nativeClient), buildNativeClient},
	{"K2", "client, the core as WebAssembly in Node", clientTrials(wasmClient), buildWasmClient},
	{"K3", "client, transport", transportTrials, buildNativeClient},
	{"S1", "server, what both revisions require", serverTrials(requiredRows, endpoints, true), startServer("--conformance")},
	{"S2", "server, beyond that", serverTrials(beyondRows, endpoints, false), startServer("--conformance")},
	{"S3", "server, the core's own tools", serverTrials(defaultRows, endpoints[1:], false), startServer()},
	{"A1", "authorization server", authorizationTrials, startIssuers},
	{"A2", "authorization and resource server, by MCPJam", jamTrials, startJam},
	{"R1", "real clients log in to our server", peerTrials, startPeers},
}

// timeout is for one trial (the suite's own is the same).
const timeout = 30 * time.Second

var (
	only     = flag.String("only", "", "rings to run, separated by commas")
	scenario = flag.String("scenario", "", "run only trials whose scenario is this, or begins with it")
	verbose  = flag.Bool("verbose", false, "show every check of a failed trial, and what the subject said")
	parallel = flag.Int("parallel", 2*runtime.NumCPU(), "trials at a time")
	install  = flag.Bool("install", false, "bring what the rings need from npm, and run none")
	keep     = flag.String("keep", "", "keep the suite's results in this folder")
)

func main() {
	flag.Usage = usage
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func usage() {
	fmt.Println(`scripts/conformance [--only K1,S1] [--scenario ID] [--verbose] [--parallel N] [--keep DIR]
scripts/conformance --install

A trial passes when the suite exits with 0, no check warns, and at least as
many distinct checks succeed as a conforming subject gets. One that runs out of
its 30 seconds gets one more go. What a revision requires of a server (S1) is
run as one set an endpoint, unless --scenario picks from it. The exit code is 0
when every trial passes.

Rings`)
	for _, r := range rings {
		fmt.Printf("  %-4s %3d  %s\n", r.name, len(r.trials()), r.about)
	}
}

func run(ctx context.Context) error {
	chosen, err := choose()
	if err != nil {
		return err
	}
	b, err := newBench(ctx, *keep)
	if err != nil {
		return err
	}
	defer b.close()
	if *install {
		return b.fetch(ctx)
	}
	var totals []string
	fell := false
	for _, r := range chosen {
		total, ok, err := r.run(ctx, b)
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		if total != "" {
			totals = append(totals, total)
		}
		fell = fell || !ok
	}
	fmt.Println(strings.Join(totals, "\n"))
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted")
	case len(totals) == 0:
		return fmt.Errorf("no trial has a scenario %q", *scenario)
	case fell:
		return errors.New("a total fell")
	}
	return nil
}

func choose() ([]ring, error) {
	if *only == "" {
		return rings, nil
	}
	var all []ring
	for name := range strings.SplitSeq(*only, ",") {
		i := slices.IndexFunc(rings, func(r ring) bool { return strings.EqualFold(r.name, name) })
		if i < 0 {
			return nil, fmt.Errorf("no ring %q; scripts/conformance --help lists them", name)
		}
		all = append(all, rings[i])
	}
	return all, nil
}

// run runs a ring's trials and prints its table; ok says that all passed.
func (r ring) run(ctx context.Context, b *bench) (total string, ok bool, err error) {
	trials := r.trials()
	if *scenario != "" {
		trials = slices.DeleteFunc(trials, func(t trial) bool { return !strings.HasPrefix(t.scenario, strings.TrimPrefix(*scenario, "auth/")) })
	}
	if len(trials) == 0 {
		return "", true, nil
	}
	begin := time.Now()
	if r.start != nil {
		stop, err := r.start(ctx, b)
		if err != nil {
			return "", false, err
		}
		defer stop()
	}
	results := b.all(ctx, r.name, trials, *parallel)
	passed := table(r, trials, results, time.Since(begin))
	return fmt.Sprintf("%s %d/%d", r.name, passed, len(trials)), passed == len(trials), nil
}
