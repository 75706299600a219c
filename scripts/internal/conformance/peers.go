// The ring of real clients: R1, programs and libraries that people use log in
// to our server and call a tool.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// A peer is a client from npm.
type peer struct {
	name, column string
	argv         func(modules, url string, port int) []string // after Node
	after        string                                       // see browser
	proof        string                                       // what it prints when it was served
}

var realClients = []peer{
	{"TypeScript SDK 1.32.2", "2025-11-25", func(_, url string, _ int) []string { return []string{"sdk.mjs", "v1", url} }, "", `"subject":"test-user"`},
	{"TypeScript SDK 2.4.0", "2025-11-25", func(_, url string, _ int) []string { return []string{"sdk.mjs", "v2", url} }, "", `"subject":"test-user"`},
	{"mcp-remote 0.15.1", "2025-11-25", func(modules, url string, port int) []string {
		return []string{filepath.Join(modules, "mcp-remote", "dist", "proxy.js"), url, fmt.Sprint(port)}
	}, "Waiting for authorization", `\"subject\":\"test-user\"`},
	{"MCP Inspector 2.12.0", "2025-11-25", inspector("legacy"), "", `\"subject\":\"test-user\"`},
	{"MCP Inspector 2.12.0", "2026-07-28", inspector("modern"), "", `\"subject\":\"test-user\"`},
}

// dialogue is what a program says to mcp-remote, which passes it on: it is a
// bridge from standard input to the server.
const dialogue = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"interop","version":"1"}}}
{"jsonrpc":"2.0","method":"notifications/initialized"}
{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"whoami"}}
`

func inspector(era string) func(modules, url string, port int) []string {
	return func(modules, url string, port int) []string {
		return []string{filepath.Join(modules, ".bin", "mcp-inspector"), "--cli", "--transport", "http", "--server-url", url, "--method", "tools/call",
			"--tool-name", "whoami", "--protocol-era", era, "--format", "json", "--callback-url", fmt.Sprintf("http://127.0.0.1:%d/oauth/callback", port)}
	}
}

func peerTrials() (all []trial) {
	for _, p := range realClients {
		all = append(all, trial{scenario: p.name, column: p.column, least: 1, run: p.run})
	}
	return all
}

// startPeers installs the clients and starts our server as it is by default,
// but for the approval.
func startPeers(ctx context.Context, b *bench) (func(), error) {
	if _, err := b.install(ctx, "peers"); err != nil {
		return nil, err
	}
	s, err := b.launch(ctx, nil, "--approval", "auto")
	if err != nil {
		return nil, err
	}
	b.server = s
	return s.stop, nil
}

// run lets the client log in, in a home of its own.
func (p peer) run(ctx context.Context, b *bench) result {
	home, err := os.MkdirTemp(b.results, "home-")
	if err != nil {
		return result{err: err}
	}
	port, err := freePort()
	if err != nil {
		return result{err: err}
	}
	modules := filepath.Join(b.root, ".cache", "peers", "node_modules")
	argv := p.argv(modules, b.server.base+"/mcp/oauth", port)
	if argv[0] == "sdk.mjs" {
		if argv[0], err = b.besides("peers", argv[0]); err != nil {
			return result{err: err}
		}
	}
	env := []string{"HOME=" + home, "BROWSER=true", "MCP_AUTO_OPEN_ENABLED=true", "MCP_INSPECTOR_SECRET_STORE=memory",
		"PATH=" + filepath.Dir(b.node) + string(os.PathListSeparator) + os.Getenv("PATH")} // no screen, no keychain, one Node
	input, hangUp := io.Pipe()
	go func() { _, _ = io.WriteString(hangUp, dialogue) }() // only mcp-remote listens
	watch := &browser{ctx: ctx, after: p.after, until: p.proof, done: func() { _ = hangUp.Close() }}
	said, err := b.watched(ctx, input, watch, env, b.node, argv...)
	if err == nil && !strings.Contains(said, p.proof) {
		err = errors.New("it ended well without having called the tool")
	}
	if err != nil {
		return result{err: err, said: said}
	}
	return result{checks: []check{{ID: "served", Status: "SUCCESS"}}, said: said}
}

// besides puts a script of ours beside the packages that it imports.
func (b *bench) besides(name, file string) (string, error) {
	script := filepath.Join(b.root, ".cache", name, file)
	data, err := os.ReadFile(filepath.Join(b.root, "scripts", "internal", "conformance", name, file))
	return script, errors.Join(err, os.WriteFile(script, data, 0o644))
}
