// Package command is the command line program: one file a command.
//
// Rules of speech: stdout carries the product, stderr everything else.
// Nothing waits without saying for what. Without a terminal nothing is asked:
// what is missing is an error that names the flag. A failure is one exit code
// and a few lines that say what to do next.
package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/peterbourgon/ff/v3/ffcli"

	"mcp-auth/cli/flagset"
	"mcp-auth/cli/terminal"
)

// Version is set by main.
var Version = "0.1.0"

// Streams are what the program reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Main is the program: Run on the process's arguments and streams, until it
// ends or a signal ends it. A second signal ends it wherever it is.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return Run(ctx, os.Args[1:], Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
}

// Run runs the program with arguments and returns its exit code.
func Run(ctx context.Context, args []string, s Streams) int {
	product := &product{Writer: s.Out}
	g := &globals{Printer: &terminal.Printer{In: s.In, Out: product, Err: s.Err, Stop: ctx.Done()}}
	root := newRoot(g)
	if len(args) > 0 && args[0] == "__complete" {
		for _, word := range flagset.Complete(root, args[1:]) {
			fmt.Fprintln(product, word)
		}
		return 0
	}
	c, arranged := flagset.Arrange(root, args)
	g.command = c
	err := root.Parse(arranged)
	if errors.Is(err, flag.ErrHelp) {
		g.text(c.FlagSet.Name(), flagset.Usage(c, globalNames))
		return g.end(ctx, product.err)
	}
	if err != nil {
		err = usage("%v", flagset.Explain(c.FlagSet, err))
	} else if err = g.prepare(root); err == nil {
		err = root.Run(ctx)
	}
	for _, late := range [...]error{g.closeTrace(), product.err} {
		if err == nil {
			err = late
		}
	}
	return g.end(ctx, err)
}

// A product is stdout. What it could not take is a failure.
type product struct {
	io.Writer
	err error
}

// Write implements io.Writer.
func (p *product) Write(b []byte) (int, error) {
	n, err := p.Writer.Write(b)
	if err != nil && p.err == nil {
		p.err = fmt.Errorf("stdout cannot be written: %w", err)
	}
	return n, err
}

// newRoot builds the tree of commands.
func newRoot(g *globals) *ffcli.Command {
	fs := g.flags("mcp-auth")
	version := fs.Bool("version", false, "print the version")
	root := &ffcli.Command{
		Name:       "mcp-auth",
		ShortUsage: "mcp-auth COMMAND [flags] [arguments]",
		ShortHelp:  "mcp-auth: log in to MCP servers, call them, and see every step",
		LongHelp: `First steps
  mcp-auth discover https://mcp.example/mcp          what the server asks for
  mcp-auth login https://mcp.example/mcp --register  log in
  mcp-auth call https://mcp.example/mcp tools/list   use it
  Add --verbose to see every request and every check.

Help on a command: mcp-auth login --help. Topics: mcp-auth help flows.`,
		FlagSet: fs,
		Subcommands: []*ffcli.Command{newDiscover(g), newLogin(g), newCall(g), newProfile(g), newLogout(g), newClient(g),
			newCompletion(g), newHelp(g), newVersion(g)},
	}
	root.Exec = func(ctx context.Context, args []string) error {
		if *version && len(args) == 0 {
			return g.version(ctx, args)
		}
		return g.group(root)(ctx, args)
	}
	return root
}

// group is the Exec of a command that only has subcommands.
func (g *globals) group(c *ffcli.Command) func(context.Context, []string) error {
	return func(_ context.Context, args []string) error {
		var names []string
		for _, s := range c.Subcommands {
			names = append(names, s.Name)
		}
		if len(args) == 0 {
			if c.Name == "mcp-auth" {
				g.text(c.Name, flagset.Usage(c, globalNames))
				return nil
			}
			return usage("%s needs one of %s", c.Name, strings.Join(names, ", "))
		}
		if near := flagset.Nearest(args[0], names); near != "" {
			return usage("unknown command %q; did you mean %q?", args[0], near)
		}
		return usage("unknown command %q; there are %s", args[0], strings.Join(names, ", "))
	}
}

// command fills in what every command has.
func (g *globals) sub(name, args, short, long string, set func(*flag.FlagSet), exec func(context.Context, []string) error) *ffcli.Command {
	fs := g.flags("mcp-auth " + name)
	if set != nil {
		set(fs)
	}
	words := strings.Fields(name)
	return &ffcli.Command{Name: words[len(words)-1], ShortUsage: strings.TrimSpace("mcp-auth " + name + " " + args), ShortHelp: short, LongHelp: long,
		FlagSet: fs, Options: options, Exec: exec}
}

// arguments checks how many there are.
func arguments(args []string, names ...string) error {
	switch {
	case len(args) < len(names):
		return usage("%s is missing", names[len(args)])
	case len(args) > len(names):
		return usage("unexpected argument %q", args[len(names)])
	}
	return nil
}
