// The rings of the client: K1 native, K2 as WebAssembly, K3 transport.
package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// Wires by the revision that names them.
const (
	wireA = "2025-03-26"
	wireC = "2025-11-25"
	wireD = "2026-07-28"
)

// A row is a scenario with the checks it has on each wire; 0: not there.
type row struct {
	scenario string
	c, d     int
}

// authRows are the scenarios that every client of a wire meets.
var authRows = []row{
	{"auth/metadata-default", 15, 16},
	{"auth/metadata-var1", 15, 16},
	{"auth/metadata-var2", 15, 16},
	{"auth/metadata-var3", 15, 16},
	{"auth/basic-cimd", 10, 10},
	{"auth/scope-from-www-authenticate", 11, 12},
	{"auth/scope-from-scopes-supported", 11, 12},
	{"auth/scope-omitted-when-undefined", 11, 12},
	{"auth/scope-step-up", 12, 14},
	{"auth/scope-retry-limit", 10, 11},
	{"auth/token-endpoint-auth-basic", 16, 17},
	{"auth/token-endpoint-auth-post", 16, 17},
	{"auth/token-endpoint-auth-none", 16, 17},
	{"auth/pre-registration", 10, 10},
	{"auth/resource-mismatch", 0, 2},
	{"auth/offline-access-scope", 0, 9},
	{"auth/offline-access-not-supported", 0, 12},
	{"auth/authorization-server-migration", 0, 14},
	{"auth/iss-supported", 0, 12},
	{"auth/iss-not-advertised", 0, 12},
	{"auth/iss-supported-missing", 0, 8},
	{"auth/iss-wrong-issuer", 0, 8},
	{"auth/iss-unexpected", 0, 8},
	{"auth/iss-normalized", 0, 8},
	{"auth/metadata-issuer-mismatch", 0, 3},
}

// oldRows exist at 2025-03-26 alone.
var oldRows = []row{
	{"auth/2025-03-26-oauth-metadata-backcompat", 9, 0},
	{"auth/2025-03-26-oauth-endpoint-fallback", 4, 0},
}

// extensionRows belong to no revision; --force pins their wire.
var extensionRows = []row{
	{"auth/client-credentials-jwt", 5, 5},
	{"auth/client-credentials-basic", 5, 5},
	{"auth/enterprise-managed-authorization", 6, 6},
	{"auth/dpop", 12, 13},
	{"auth/dpop-nonce", 14, 15},
	{"auth/wif-jwt-bearer", 5, 5},
}

var transportRows = []row{
	{"initialize", 1, 0},
	{"tools_call", 2, 2},
	{"sse-retry", 3, 0},
	{"request-metadata", 0, 5}, // three more are about capabilities, which a client that has none rightly leaves out
	{"http-standard-headers", 0, 1},
	{"http-custom-headers", 0, 5},
	{"http-invalid-tool-headers", 0, 5},
	{"json-schema-ref-no-deref", 0, 1},
}

// A subject is the client's command line, without the server's URL.
type subject func(*bench) string

// nativeClient is the program that drives core/flow natively for the suite.
func nativeClient(b *bench) string { return filepath.Join(b.root, "bin", "conformance-client") }

// wasmClient is the same on WebAssembly. Node is named by its full path: where
// it is called plain node, Go's net/http does not use fetch.
func wasmClient(b *bench) string {
	return b.node + " " + filepath.Join(b.root, "wasm", "conformance", "client.mjs")
}

func buildNativeClient(ctx context.Context, b *bench) (func(), error) {
	return func() {}, b.goBuild(ctx, nil, "bin/conformance-client", "./scripts/internal/conformance/client")
}

// buildWasmClient compiles it, and copies Go's own start-up script beside it:
// that must match the compiler.
func buildWasmClient(ctx context.Context, b *bench) (func(), error) {
	if err := b.goBuild(ctx, []string{"GOOS=js", "GOARCH=wasm"}, "bin/conformance-client.wasm", "./wasm/conformance"); err != nil {
		return nil, err
	}
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, err
	}
	glue, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		return nil, err
	}
	return func() {}, os.WriteFile(filepath.Join(b.root, "bin", "wasm_exec.js"), glue, 0o644)
}

// clientTrials are the 53 pairs of scenario and wire.
func clientTrials(s subject) func() []trial {
	return func() (all []trial) {
		for _, r := range authRows {
			all = append(all, r.client(s, false)...)
		}
		for _, r := range oldRows {
			all = append(all, clientTrial(s, r.scenario, wireA, r.c, false))
		}
		for _, r := range extensionRows {
			all = append(all, r.client(s, true)...)
		}
		return all
	}
}

func transportTrials() (all []trial) {
	for _, r := range transportRows {
		all = append(all, r.client(nativeClient, false)...)
	}
	return all
}

// client are the trials of a row.
func (r row) client(s subject, force bool) (all []trial) {
	if r.c > 0 {
		all = append(all, clientTrial(s, r.scenario, wireC, r.c, force))
	}
	if r.d > 0 {
		all = append(all, clientTrial(s, r.scenario, wireD, r.d, force))
	}
	return all
}

func clientTrial(s subject, scenario, wire string, least int, force bool) trial {
	return trial{scenario: strings.TrimPrefix(scenario, "auth/"), column: wire, least: least, run: func(ctx context.Context, b *bench) result {
		args := []string{"client", "--command", s(b), "--scenario", scenario, "--spec-version", wire, "--timeout", strconv.Itoa(int(timeout.Milliseconds()))}
		if force {
			args = append(args, "--force")
		}
		return b.suiteRun(ctx, nil, nil, args...)
	}}
}
