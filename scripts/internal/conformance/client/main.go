// Command client is the program that the conformance suite drives: it turns a
// scenario into the command lines that a person would type, and plays the
// person in the browser.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"mcp-auth/cli/command"
	"mcp-auth/core/message"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == "--browse" {
		os.Exit(browse(os.Args[2]))
	}
	home, err := os.MkdirTemp("", "conformance-home-")
	if err == nil {
		defer os.RemoveAll(home)
		err = play(home, os.Args[len(os.Args)-1])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.RemoveAll(home)
		os.Exit(1)
	}
}

// browse opens a page as a browser does, all redirects followed.
func browse(url string) int {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return 1
	}
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		fmt.Fprintln(os.Stderr, "browser:", err)
		return 1
	}
	defer reply.Body.Close()
	_, _ = io.Copy(io.Discard, reply.Body)
	return 0
}

// play types the command lines of a scenario.
func play(home, url string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	os.Setenv("BROWSER", self+" --browse %s")
	s := scenario{id: os.Getenv("MCP_CONFORMANCE_SCENARIO"), wire: os.Getenv("MCP_CONFORMANCE_PROTOCOL_VERSION"), url: url, home: home}
	if text := os.Getenv("MCP_CONFORMANCE_CONTEXT"); text != "" {
		if s.context, err = message.ParseJSON([]byte(text)); err != nil {
			return fmt.Errorf("MCP_CONFORMANCE_CONTEXT: %w", err)
		}
	}
	for _, line := range s.lines() {
		if err := s.run(line); err != nil {
			return err
		}
	}
	return nil
}

// run runs one command line in this process, and tells what it said.
func (s scenario) run(line []string) error {
	var out bytes.Buffer
	fmt.Fprintln(os.Stderr, "$ mcp-auth", strings.Join(line, " "))
	ctx, cancel := context.WithTimeout(context.Background(), 25*time.Second)
	defer cancel()
	code := command.Run(ctx, append(line, "--cli-home", s.home, "--verbose"), command.Streams{In: strings.NewReader(""), Out: &out, Err: os.Stderr})
	_, _ = os.Stderr.Write(out.Bytes())
	if code != 0 {
		return fmt.Errorf("exit code %d", code)
	}
	return nil
}
