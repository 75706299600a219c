// A small tree of commands for the tests, and the program that the shells
// complete.
package flagset

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/peterbourgon/ff/v3"
	"github.com/peterbourgon/ff/v3/ffcli"
)

// TestMain lets the test program stand in for mcp-auth when a shell calls it
// by that name.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "mcp-auth" && len(os.Args) > 1 && os.Args[1] == "__complete" {
		root, _ := tree()
		for _, line := range Complete(root, os.Args[2:]) {
			fmt.Println(line)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// settings are what the flags of the tree set.
type settings struct {
	Verbose       int
	Output        string
	Mode, Server  string
	Secret        string
	Wait          time.Duration
	Port          int
	Register      bool
	Command, Home string
	Args          []string
}

var globals = []string{"verbose", "output", "cli-home"}

func tree() (*ffcli.Command, *settings) {
	s := &settings{}
	newSet := func(name string) *flag.FlagSet {
		fs := flag.NewFlagSet("mcp-auth "+name, flag.ContinueOnError)
		fs.SetOutput(io.Discard)
		s.Output = "text"
		fs.Var(Count{&s.Verbose}, "verbose", "show every request; twice, or `=2`: bodies")
		fs.Var(Enum{&s.Output, []string{"text", "json"}}, "output", "`FORM` of what is printed")
		fs.StringVar(&s.Home, "cli-home", "", "`DIR` of the profiles")
		return fs
	}
	exec := func(name string) func(context.Context, []string) error {
		return func(_ context.Context, args []string) error {
			s.Command, s.Args = name, append([]string{}, args...)
			return nil
		}
	}
	command := func(name, short string, fs *flag.FlagSet, subs ...*ffcli.Command) *ffcli.Command {
		return &ffcli.Command{Name: name, ShortUsage: "mcp-auth " + name + " URL [flags]", ShortHelp: short, FlagSet: fs,
			Options: []ff.Option{ff.WithEnvVarPrefix(Prefix)}, Subcommands: subs, Exec: exec(name)}
	}
	login := newSet("login")
	login.Var(Enum{&s.Mode, []string{"auth-code", "device"}}, "auth-mode", "`MODE` of the login")
	login.StringVar(&s.Server, "authorization-server", "", "issuer `URL`")
	login.Var(Secret{&s.Secret}, "client-secret", "its `SECRET`")
	s.Wait = 5 * time.Minute
	login.Var(Duration{&s.Wait}, "wait", "`TIME` to wait for the browser, which is long enough for a person to find the tab that was opened behind the window")
	login.IntVar(&s.Port, "listen-port-of-the-callback-listener", 0, "`PORT` of it")
	login.BoolVar(&s.Register, "register", false, "register a client")
	c := command("login", "log in", login)
	c.LongHelp = "Examples\n  mcp-auth login http://127.0.0.1:8765/mcp/oauth --register\n"
	list, show := command("list", "list them", newSet("profile list")), command("show", "show one", newSet("profile show"))
	root := command("mcp-auth", "log in to MCP servers", newSet("mcp-auth"),
		c, command("profile", "stored logins", newSet("profile"), list, show), command("hidden", "", newSet("hidden")))
	return root, s
}

// parse is what a program does with its arguments.
func parse(args ...string) (settings, *ffcli.Command, error) {
	root, s := tree()
	c, arranged := Arrange(root, args)
	if err := root.Parse(arranged); err != nil {
		return *s, c, Explain(c.FlagSet, err)
	}
	err := root.Run(context.Background())
	return *s, c, err
}
