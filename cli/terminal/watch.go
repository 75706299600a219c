// What only a person at a terminal gets: the countdown and the QR code.
package terminal

import (
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
	"rsc.io/qr"
)

// Countdown shows how long a wait still lasts, on a line of stderr that it
// rewrites each second and that stop takes away. Nothing is shown when quiet
// or when nobody looks.
func (p *Printer) Countdown(until time.Time) (stop func()) {
	if p.Quiet || !p.ErrTTY() {
		return func() {}
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			p.setStatus(fmt.Sprintf("  waiting, %s left; Ctrl-C gives up", max(0, time.Until(until).Round(time.Second))))
			select {
			case <-done:
				p.setStatus("")
				return
			case <-tick.C:
			}
		}
	})
	return sync.OnceFunc(func() { close(done); wg.Wait() })
}

func (p *Printer) setStatus(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	text = p.onOneLine(text)
	fmt.Fprint(p.Err, text)
	p.status = utf8.RuneCountInString(text)
}

// onOneLine leaves off what the terminal would put on the next line, where
// nothing takes it away.
func (p *Printer) onOneLine(text string) string {
	fd, _ := tty(p.Err)
	columns, _, err := term.GetSize(fd)
	if r := []rune(text); err == nil && columns > 0 && len(r) >= columns {
		return string(r[:columns-1])
	}
	return text
}

// erase takes the countdown away, with spaces: they need no escape. Callers
// hold mu.
func (p *Printer) erase() {
	if p.status > 0 {
		fmt.Fprint(p.Err, "\r"+strings.Repeat(" ", p.status)+"\r")
		p.status = 0
	}
}

// QR prints a URL as a QR code when somebody looks and it fits.
func (p *Printer) QR(url string) {
	fd, ok := tty(p.Err)
	if !ok || p.Quiet {
		return
	}
	text, width, height := qrText(url, p.colored())
	if columns, rows, err := term.GetSize(fd); err != nil || columns < width || rows < height {
		return
	}
	p.print(p.Err, text)
}

// margin is the white border that readers need, in modules.
const margin = 4

// qrText renders two modules a character: with colours black on white, else
// in the foreground of a terminal that is taken to be dark.
func qrText(url string, colored bool) (text string, width, height int) {
	code, err := qr.Encode(url, qr.L)
	if err != nil {
		return "", 1 << 20, 1 << 20 // longer than any code
	}
	var lines []string
	for y := -margin; y < code.Size+margin; y += 2 {
		var b strings.Builder
		for x := -margin; x < code.Size+margin; x++ {
			below := code.Black(x, y+1)
			if y+1 == code.Size+margin {
				below = !colored // past the border: the terminal's own ground
			}
			b.WriteString(halves(code.Black(x, y) == colored, below == colored))
		}
		line := b.String()
		if colored {
			line = "\x1b[30;47m" + line + "\x1b[0m"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n"), code.Size + 2*margin, len(lines)
}

// halves is a character whose upper and lower half are drawn or not.
func halves(upper, lower bool) string {
	switch {
	case upper && lower:
		return "█"
	case upper:
		return "▀"
	case lower:
		return "▄"
	}
	return " "
}
