// Flags that every command has, and what they set up.
package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/peterbourgon/ff/v3"
	"github.com/peterbourgon/ff/v3/ffcli"

	"mcp-auth/cli/flagset"
	"mcp-auth/cli/terminal"
	"mcp-auth/core/flow"
	"mcp-auth/core/message"
	"mcp-auth/core/profile"
	"mcp-auth/core/trace"
	"mcp-auth/native/drive"
	"mcp-auth/native/keep"
)

type globals struct {
	*terminal.Printer
	command *ffcli.Command

	verbose        int
	output         string
	home, config   string
	traceFile      string
	timeout        time.Duration
	nonInteractive bool
	private        bool // names may lead to this machine or its network

	tokenRequest string // what a request for a token is called in errors
	aside        bool   // the narrative of a login is not what the command is for: stderr

	trace  *os.File
	redact *trace.Redactor
	events []trace.Event // of all flows of this run
}

var globalNames = []string{"verbose", "quiet", "output", "color", "cli-home", "config", "trace", "timeout", "allow-private", "non-interactive"}

var options = []ff.Option{ff.WithEnvVarPrefix(flagset.Prefix)}

// flags makes a flag set with the global flags in it.
func (g *globals) flags(name string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	g.output, g.Color = "text", "auto"
	fs.Var(flagset.Count{To: &g.verbose}, "verbose", "show every request, response and check on stderr; twice, or `=2`: bodies of any length")
	fs.BoolVar(&g.Quiet, "quiet", false, "leave out notices")
	fs.Var(flagset.Enum{To: &g.output, Words: []string{"text", "json"}}, "output", "`FORM` of what is printed: text or json")
	fs.Var(flagset.Enum{To: &g.Color, Words: []string{"auto", "always", "never"}}, "color", "`WHEN` to colour stderr: auto, always or never; NO_COLOR is heeded")
	fs.StringVar(&g.home, "cli-home", "", "`DIR` of the profiles (default ~/.config/mcp-auth)")
	fs.StringVar(&g.config, "config", "", "JSON `FILE` with settings, keys named as flags (default config.json in the home)")
	fs.StringVar(&g.traceFile, "trace", "", "write the trace to `FILE`: .har, else NDJSON; secrets as labels")
	g.timeout = 10 * time.Second
	fs.Var(flagset.Duration{To: &g.timeout}, "timeout", "`TIME` one exchange may take")
	fs.BoolVar(&g.private, "allow-private", false, "let host names lead to this machine or its network; an address given as such needs no leave")
	fs.BoolVar(&g.nonInteractive, "non-interactive", false, "never ask, never wait for a person")
	return fs
}

// prepare reads the config file, once flags and variables are known, and opens
// the trace.
func (g *globals) prepare(root *ffcli.Command) error {
	g.redact = trace.NewRedactor()
	err := g.configure(root)
	g.Ask = !g.nonInteractive
	if err != nil {
		return err
	}
	return g.openTrace()
}

func (g *globals) configure(root *ffcli.Command) error {
	home, err := g.homeDir()
	if err != nil {
		return err
	}
	path, given := g.config, g.config != ""
	if !given {
		path = filepath.Join(home, "config.json")
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !given {
		return nil
	}
	if err != nil {
		return usage("the config file cannot be read: %v", err)
	}
	warnings, err := flagset.Configure(root, g.command, data)
	if err != nil {
		return usage("%s: %v", path, err)
	}
	for _, w := range warnings {
		g.Warn("%s: %s", path, w)
	}
	return nil
}

func (g *globals) homeDir() (string, error) {
	if g.home != "" {
		return keep.Expand(g.home)
	}
	return keep.DefaultHome()
}

// keeper opens the profiles.
func (g *globals) keeper() (*keep.Files, error) {
	home, err := g.homeDir()
	if err != nil {
		return nil, err
	}
	return &keep.Files{Home: home, Warn: func(s string) { g.Warn("%s", s) }, Busy: func(s string) { g.Notice("%s", s) }, Stop: g.Stop}, nil
}

// driver runs flows against a resource.
func (g *globals) driver(resource string) *drive.Driver {
	return &drive.Driver{HTTP: g.client(resource), UI: quietUI{g}, Trace: g.record}
}

// client makes exchanges for a resource that the user chose.
func (g *globals) client(resource string) *drive.Client {
	c := drive.NewClient(resource, g.timeout)
	if g.private {
		c.AllowPrivate()
	}
	return c
}

// run runs a flow. A run of several flows makes one trace.
func (g *globals) run(ctx context.Context, d *drive.Driver, f flow.Flow) error { return d.Run(ctx, f) }

// record shows events as they happen, and keeps them for --trace.
func (g *globals) record(events []trace.Event) {
	for _, ev := range events {
		ev = g.redact.Event(ev)
		ev.N = len(g.events) + 1
		g.events = append(g.events, ev)
		if g.verbose > 0 {
			g.Verbose(trace.Text(ev, g.verbose > 1))
		}
	}
}

// openTrace opens the trace file before anything is done: a login whose trace
// cannot be written does not begin.
func (g *globals) openTrace() (err error) {
	if g.traceFile == "" {
		return nil
	}
	if g.trace, err = os.OpenFile(g.traceFile, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600); err != nil {
		return usage("--trace: %v", err)
	}
	return nil
}

// closeTrace writes the trace file, also after a failure.
func (g *globals) closeTrace() error {
	if g.trace == nil {
		return nil
	}
	producer := "mcp-auth " + Version
	data := trace.AppendHeader(nil, producer)
	for _, ev := range g.events {
		data = trace.AppendNDJSON(data, ev)
	}
	if strings.HasSuffix(g.traceFile, ".har") {
		data = trace.HAR(g.events, producer)
	}
	_, err := g.trace.Write(data)
	if err = errors.Join(err, g.trace.Close()); err != nil {
		return fmt.Errorf("--trace: %w", err)
	}
	return nil
}

// document prints the one JSON document of --output json, or the lines.
func (g *globals) document(v message.Value) bool {
	if g.output == "json" && !g.aside {
		g.JSON(v)
		return true
	}
	return false
}

// say prints a line of the narrative. --output json replaces it; who watches
// sees it all the same.
func (g *globals) say(format string, args ...any) {
	switch {
	case g.output != "json" && !g.aside:
		g.Line(format, args...)
	case g.output != "json" || g.verbose > 0:
		g.Notice(format, args...)
	}
}

// instruct prints what the user must see for the login to go on.
func (g *globals) instruct(format string, args ...any) {
	if g.output != "json" && !g.aside {
		g.Line(format, args...)
	} else {
		g.Tell(format, args...)
	}
}

// active finds the profile in use for a resource.
func (g *globals) active(k profile.Keeper, resource string) (profile.Profile, error) {
	s, err := k.Load()
	if err != nil {
		return profile.Profile{}, err
	}
	p, near, ok := s.ActiveFor(resource)
	if ok {
		return p, nil
	}
	none := &loginNeeded{code: "auth.no_profile", text: "No active profile found for this resource. Run login first.", hint: "mcp-auth login " + resource}
	if near != "" {
		none.hint = "there is one for " + near + ", which differs by a slash; URLs are compared byte for byte"
	}
	return p, none
}

// A loginNeeded says that there are no credentials that would do.
type loginNeeded struct{ code, text, hint string }

func (e *loginNeeded) Error() string { return e.text }

// resourceURL checks the URL that the user typed.
func resourceURL(s string) error {
	u, err := message.ParseURL(s)
	if err != nil {
		return usage("%q is no resource URL: %v", s, err)
	}
	if u.Scheme != "https" && !(u.Scheme == "http" && u.Loopback()) {
		return usage("%q is no resource URL: the scheme must be https, or http on loopback", s)
	}
	return nil
}
