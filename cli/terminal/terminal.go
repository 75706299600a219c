// Package terminal is everything the command line program says and asks.
// The product goes to stdout, all else to stderr; foreign text is made
// harmless on its way.
package terminal

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
	"rsc.io/qr"

	"mcp-auth/core/message"
)

// A Printer says things.
type Printer struct {
	Out, Err io.Writer
	In       io.Reader
	Quiet    bool   // notices are left out; errors and the product are not
	Color    string // auto, always, never
	Ask      bool   // false: --non-interactive

	lines *bufio.Reader
}

// Line prints a line of the product.
func (p *Printer) Line(format string, args ...any) {
	fmt.Fprintln(p.Out, message.Printable(fmt.Sprintf(format, args...)))
}

// Notice tells something beside the product.
func (p *Printer) Notice(format string, args ...any) {
	if !p.Quiet {
		fmt.Fprintln(p.Err, message.Printable(fmt.Sprintf(format, args...)))
	}
}

// Warn tells something that should be looked at, even when quiet.
func (p *Printer) Warn(format string, args ...any) {
	fmt.Fprintln(p.Err, p.paint(yellow, "warning:")+" "+message.Printable(fmt.Sprintf(format, args...)))
}

// Verbose prints lines of the trace, which come printable.
func (p *Printer) Verbose(text string) {
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		color := dim
		switch {
		case strings.HasPrefix(line, "-> "), strings.HasPrefix(line, "<- "), strings.HasPrefix(line, "=> "):
			color = bold
		case strings.HasPrefix(line, "   FAIL"), strings.HasPrefix(line, "!! "):
			color = red
		case strings.HasPrefix(line, "   ok "):
			color = green
		}
		fmt.Fprintln(p.Err, p.paint(color, line))
	}
}

// JSON prints a value for people and programs alike: sorted, indented.
func (p *Printer) JSON(v message.Value) {
	fmt.Fprintf(p.Out, "%s\n", v.AppendSorted(nil, 2))
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
func (p *Printer) ErrTTY() bool { return isTTY(p.Err) }

// InTTY reports whether somebody can answer.
func (p *Printer) InTTY() bool { return p.Ask && isTTY(p.In) }

func isTTY(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// ErrNoTerminal says that nobody can be asked.
var ErrNoTerminal = errors.New("nobody can be asked: there is no terminal")

// Prompt asks for a line.
func (p *Printer) Prompt(question string) (string, error) {
	if !p.InTTY() {
		return "", ErrNoTerminal
	}
	fmt.Fprint(p.Err, question)
	return p.ReadLine()
}

// Secret asks for a line without showing it.
func (p *Printer) Secret(question string) (string, error) {
	if !p.InTTY() {
		return "", ErrNoTerminal
	}
	fmt.Fprint(p.Err, question)
	b, err := term.ReadPassword(int(p.In.(*os.File).Fd()))
	fmt.Fprintln(p.Err)
	return strings.TrimSpace(string(b)), err
}

// ReadLine reads a line of stdin, a terminal or not.
func (p *Printer) ReadLine() (string, error) {
	if p.lines == nil {
		p.lines = bufio.NewReader(io.LimitReader(p.In, 1<<20))
	}
	line, err := p.lines.ReadString('\n')
	line = strings.TrimSpace(line)
	if line != "" {
		return line, nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = errors.New("the input ended without an answer")
	}
	return "", err
}

// QR prints a URL as a QR code when somebody looks and it fits.
func (p *Printer) QR(url string) {
	f, ok := p.Err.(*os.File)
	if !ok || p.Quiet || !term.IsTerminal(int(f.Fd())) {
		return
	}
	text, width := qrText(url)
	if columns, _, err := term.GetSize(int(f.Fd())); err != nil || columns < width {
		return
	}
	fmt.Fprint(p.Err, text)
}

// qrText renders two modules a character, dark on light whatever the
// terminal's colours.
func qrText(url string) (text string, width int) {
	code, err := qr.Encode(url, qr.L)
	if err != nil {
		return "", 1 << 20
	}
	const quiet = 2
	var b strings.Builder
	for y := -quiet; y < code.Size+quiet; y += 2 {
		b.WriteString("\x1b[30;47m")
		for x := -quiet; x < code.Size+quiet; x++ {
			switch top, bottom := code.Black(x, y), code.Black(x, y+1); {
			case top && bottom:
				b.WriteString("█")
			case top:
				b.WriteString("▀")
			case bottom:
				b.WriteString("▄")
			default:
				b.WriteByte(' ')
			}
		}
		b.WriteString("\x1b[0m\n")
	}
	return b.String(), code.Size + 2*quiet
}
