// Package terminal is everything the command line program says and asks.
// The product goes to stdout, all else to stderr; foreign text is made
// harmless on its way.
package terminal

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"

	"mcp-auth/core/message"
)

// A Printer says things. It may be used by several goroutines.
type Printer struct {
	Out, Err io.Writer
	In       io.Reader
	Quiet    bool            // notices are left out; errors and the product are not
	Color    string          // auto, always, never
	Ask      bool            // false: --non-interactive
	Stop     <-chan struct{} // once closed, no question waits for an answer any more; may be nil

	mu     sync.Mutex
	status int // columns of the countdown that stands on stderr
	input  input
}

// Line prints a line of the product.
func (p *Printer) Line(format string, args ...any) {
	p.print(p.Out, message.PrintableLine(fmt.Sprintf(format, args...)))
}

// Notice tells something beside the product.
func (p *Printer) Notice(format string, args ...any) {
	if !p.Quiet {
		p.print(p.Err, message.PrintableLine(fmt.Sprintf(format, args...)))
	}
}

// Tell tells what must be seen, even when quiet.
func (p *Printer) Tell(format string, args ...any) {
	p.print(p.Err, message.PrintableLine(fmt.Sprintf(format, args...)))
}

// Warn tells something that should be looked at, even when quiet.
func (p *Printer) Warn(format string, args ...any) {
	p.print(p.Err, p.paint(yellow, "warning:")+" "+message.PrintableLine(fmt.Sprintf(format, args...)))
}

// Verbose prints lines of the trace.
func (p *Printer) Verbose(text string) {
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		p.print(p.Err, p.paint(traceColor(line), message.PrintableLine(line)))
	}
}

func traceColor(line string) string {
	switch {
	case strings.HasPrefix(line, "-> "), strings.HasPrefix(line, "<- "), strings.HasPrefix(line, "=> "):
		return bold
	case strings.HasPrefix(line, "   FAIL"), strings.HasPrefix(line, "!! "):
		return red
	case strings.HasPrefix(line, "   ok "):
		return green
	}
	return dim
}

// JSON prints a value for people and programs alike: sorted, indented.
func (p *Printer) JSON(v message.Value) { p.print(p.Out, string(v.AppendSorted(nil, 2))) }

// print writes a line whole, with no countdown in it.
func (p *Printer) print(w io.Writer, line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	fmt.Fprintln(w, line)
}

// Colours of stderr.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
)

func (p *Printer) paint(color, s string) string {
	if !p.colored() {
		return s
	}
	return "\x1b[" + color + "m" + s + "\x1b[0m"
}

// colored: the flag decides, then NO_COLOR, then CLICOLOR_FORCE, then who
// looks.
func (p *Printer) colored() bool {
	switch {
	case p.Color == "always":
		return true
	case p.Color == "never" || os.Getenv("NO_COLOR") != "":
		return false
	case os.Getenv("CLICOLOR_FORCE") != "" && os.Getenv("CLICOLOR_FORCE") != "0":
		return true
	}
	return p.ErrTTY() && os.Getenv("TERM") != "dumb"
}

// ErrTTY reports whether somebody looks at stderr.
func (p *Printer) ErrTTY() bool { _, ok := tty(p.Err); return ok }

// InTTY reports whether somebody can answer.
func (p *Printer) InTTY() bool { _, ok := tty(p.In); return ok && p.Ask }

// tty is the descriptor of a stream that is a terminal.
func tty(stream any) (fd int, ok bool) {
	f, ok := stream.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	return int(f.Fd()), true
}
