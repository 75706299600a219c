//go:build js && wasm

// Command conformance is the client that the conformance suite drives in
// Node: the machines of core/flow as WebAssembly. It performs their effects
// with JavaScript's fetch, and plays the user's browser.
package main

import (
	"errors"
	"fmt"
	"os"

	"mcp-auth/core/message"
)

func main() {
	if err := play(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// play runs the scenario that the environment names against the server that
// the last argument names.
func play() error {
	if len(os.Args) < 2 {
		return errors.New("usage: client.mjs URL")
	}
	s := scenario{id: os.Getenv("MCP_CONFORMANCE_SCENARIO"), context: message.Obj()}
	if text := os.Getenv("MCP_CONFORMANCE_CONTEXT"); text != "" {
		var err error
		if s.context, err = message.ParseJSON([]byte(text)); err != nil {
			return fmt.Errorf("MCP_CONFORMANCE_CONTEXT: %w", err)
		}
	}
	c, err := newClient(os.Args[len(os.Args)-1], os.Getenv("MCP_CONFORMANCE_PROTOCOL_VERSION"))
	if err != nil {
		return err
	}
	if err := s.begin(c); err != nil {
		return err
	}
	if err := c.call("tools/list", message.Obj()); err != nil {
		return err
	}
	return c.call("tools/call", message.Obj(message.M("name", message.Str("test-tool")), message.M("arguments", message.Obj())))
}
