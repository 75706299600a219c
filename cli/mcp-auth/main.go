// Command mcp-auth logs in to MCP servers, calls them and shows every step.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"mcp-auth/cli/command"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program wherever it is
	code := command.Run(ctx, os.Args[1:], command.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	stop()
	os.Exit(code)
}
