// The rings of the MCP server: S1 what each revision requires, S2 what the
// suite has beyond. One process, one URL an endpoint, both wires.
package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// requiredRows are the suite's requirement sets: 30 at 2025-11-25, 37 at
// 2026-07-28.
var requiredRows = []row{
	{"server-initialize", 3, 0},
	{"server-stateless", 0, 28},
	{"ping", 2, 0},
	{"logging-set-level", 2, 0},
	{"completion-complete", 2, 2},
	{"tools-list", 3, 4},
	{"tools-call-simple-text", 2, 2},
	{"tools-call-image", 2, 2},
	{"tools-call-audio", 2, 2},
	{"tools-call-embedded-resource", 2, 2},
	{"tools-call-mixed-content", 2, 2},
	{"tools-call-with-logging", 2, 0},
	{"tools-call-error", 2, 2},
	{"tools-call-with-progress", 2, 2},
	{"tools-call-sampling", 2, 0},
	{"tools-call-elicitation", 2, 0},
	{"elicitation-sep1034-defaults", 6, 0},
	{"elicitation-sep1330-enums", 6, 0},
	{"server-sse-multiple-streams", 2, 2},
	{"resources-list", 2, 2},
	{"resources-read-text", 2, 2},
	{"resources-read-binary", 2, 2},
	{"resources-templates-read", 2, 2},
	{"resources-subscribe", 2, 0},
	{"resources-unsubscribe", 2, 0},
	{"sep-2164-resource-not-found", 0, 4},
	{"prompts-list", 2, 2},
	{"prompts-get-simple", 2, 2},
	{"prompts-get-with-args", 2, 2},
	{"prompts-get-embedded-resource", 2, 2},
	{"prompts-get-with-image", 2, 2},
	{"dns-rebinding-protection", 2, 2},
	{"caching", 0, 8},
	{"input-required-result-basic-elicitation", 0, 3},
	{"input-required-result-basic-sampling", 0, 3},
	{"input-required-result-basic-list-roots", 0, 3},
	{"input-required-result-request-state", 0, 3},
	{"input-required-result-multiple-input-requests", 0, 3},
	{"input-required-result-multi-round", 0, 4},
	{"input-required-result-missing-input-response", 0, 2},
	{"input-required-result-non-tool-request", 0, 3},
	{"input-required-result-result-type", 0, 2},
	{"input-required-result-unsupported-methods", 0, 2},
	{"input-required-result-tampered-state", 0, 2},
	{"input-required-result-capability-check", 0, 2},
	{"input-required-result-ignore-extra-params", 0, 2},
	{"input-required-result-validate-input", 0, 3},
}

var beyondRows = []row{
	{"server-session-lifecycle", 3, 0},
	{"json-schema-2020-12", 8, 8},
	{"server-sse-polling", 3, 0},
	{"http-header-validation", 0, 5},
	{"http-custom-header-server-validation", 0, 5},
}

// defaultRows are what the suite asks of any server and the core serves by
// itself: no fixtures, no SDK.
var defaultRows = []row{
	{"server-initialize", 2, 0}, // the third is about session ids, which the core has none of
	{"ping", 2, 0},
	{"tools-list", 3, 4},
	{"dns-rebinding-protection", 2, 2},
	{"http-header-validation", 0, 5},
}

// An endpoint is one of the server's.
type endpoint struct{ name, path string }

// endpoints are the server's three MCP endpoints by what stands before them.
var endpoints = []endpoint{
	{"open", "/mcp"},
	{"bearer", "/mcp/bearer-token"},
	{"oauth", "/mcp/oauth"},
}

// serverTrials are the trials of rows at each endpoint. A set that the suite
// knows as one is swept.
func serverTrials(rows []row, endpoints []endpoint, swept bool) func() []trial {
	return func() (all []trial) {
		sweeps := map[string]*sweep{} // by column
		for _, r := range rows {
			for _, wire := range [...]string{wireC, wireD} {
				least := r.c
				if wire == wireD {
					least = r.d
				}
				if least == 0 {
					continue
				}
				for _, e := range endpoints {
					t := trial{scenario: r.scenario, column: wire[:4] + " " + e.name, least: least, run: serverRun(r.scenario, wire, e.name, e.path)}
					if swept && *scenario == "" {
						if sweeps[t.column] == nil {
							sweeps[t.column] = &sweep{wire: wire, endpoint: e.name, path: e.path}
						}
						t.run = sweeps[t.column].run(t.scenario, t.run)
					}
					all = append(all, t)
				}
			}
		}
		return all
	}
}

func serverRun(scenario, wire, endpoint, path string) func(context.Context, *bench) result {
	return func(ctx context.Context, b *bench) result {
		return b.suiteRun(ctx, nil, b.inject(endpoint), "server", "--url", b.server.base+path, "--scenario", scenario, "--spec-version", wire,
			"--timeout", strconv.Itoa(int(timeout.Milliseconds())))
	}
}

// A sweep is one run of all that a revision requires, at one endpoint: it
// spares most of the time of a ring, which is Node starting.
type sweep struct {
	wire, endpoint, path string
	once                 sync.Once
	whole                result
}

// run is the part of the sweep that is about one scenario. One that left no
// result, since it ran out of time, is run alone; so is one without a fault
// when the sweep did not end with 0, to have an exit code of its own.
func (s *sweep) run(scenario string, alone func(context.Context, *bench) result) func(context.Context, *bench) result {
	return func(ctx context.Context, b *bench) result {
		s.once.Do(func() {
			s.whole = b.suiteRun(ctx, nil, b.inject(s.endpoint), "server", "--url", b.server.base+s.path, "--requirements", s.wire)
		})
		_, said, _ := strings.Cut(s.whole.said, "\n=== Running scenario: "+scenario+" ===\n")
		said, _, _ = strings.Cut(said, "\n===")
		_, folder, _ := strings.Cut(said, "Results saved to ")
		folder, _, _ = strings.Cut(folder, "\n")
		if _, err := os.Stat(filepath.Join(folder, checksFile)); folder == "" || err != nil {
			return alone(ctx, b)
		}
		checks, err := readChecks(folder)
		r := result{checks: checks, err: err, said: said}
		if s.whole.err != nil && len(r.faults()) == 0 {
			return alone(ctx, b)
		}
		return r
	}
}

// inject makes the suite send the token of an endpoint.
func (b *bench) inject(endpoint string) []string {
	token := b.server.tokens[endpoint]
	if token == "" {
		return nil
	}
	file := filepath.Join(b.root, "scripts", "internal", "conformance", "suite", "inject.mjs")
	return []string{"NODE_OPTIONS=--import " + strings.ReplaceAll(file, " ", "%20"), "CONFORMANCE_ORIGIN=" + b.server.base, "CONFORMANCE_TOKEN=" + token}
}
