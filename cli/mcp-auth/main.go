// Command mcp-auth logs in to MCP servers, calls them and shows every step.
package main

import (
	"os"

	"mcp-auth/cli/command"
)

func main() { os.Exit(command.Main()) }
