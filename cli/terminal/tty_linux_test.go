// Tests with a terminal on the other side: a pseudo-terminal of the kernel.
package terminal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"
	"golang.org/x/sys/unix"
)

// openTTY opens a terminal and the end that a person would sit at.
func openTTY(t *testing.T, columns, rows uint16) (person, tty *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skip("there are no pseudo-terminals here:", err)
	}
	n, err := unix.IoctlGetUint32(fd, unix.TIOCGPTN)
	if err != nil {
		t.Skip(err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Skip(err)
	}
	person = os.NewFile(uintptr(fd), "ptmx")
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	if err := unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: columns, Row: rows}); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = tty.Close(); _ = person.Close() })
	return person, tty
}

// A screen is what the person has seen so far.
type screen struct {
	person *os.File
	seen   string
}

// until reads until text is seen.
func (s *screen) until(t *testing.T, text string) {
	t.Helper()
	_ = s.person.SetReadDeadline(time.Now().Add(20 * time.Second))
	b := make([]byte, 4096)
	for !strings.Contains(s.seen, text) {
		n, err := s.person.Read(b)
		if err != nil {
			t.Fatalf("%q must be shown; seen so far is %q (%v)", text, s.seen, err)
		}
		s.seen += string(b[:n])
	}
}

func seated(t *testing.T, columns, rows uint16) (*Printer, *screen, *os.File) {
	t.Setenv("NO_COLOR", "")
	t.Setenv("CLICOLOR_FORCE", "")
	t.Setenv("TERM", "xterm")
	person, tty := openTTY(t, columns, rows)
	return &Printer{In: tty, Out: tty, Err: tty, Color: "auto", Ask: true}, &screen{person: person}, tty
}

func echoes(t *testing.T, tty *os.File) bool {
	t.Helper()
	s, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return s.Lflag&unix.ECHO != 0
}

type answered struct {
	text string
	err  error
}

func ask(f func(string) (string, error), question string) <-chan answered {
	out := make(chan answered, 1)
	go func() {
		s, err := f(question)
		out <- answered{s, err}
	}()
	return out
}

func TestPromptAndSecretAtATerminal(t *testing.T) {
	is := is.New(t)
	p, s, tty := seated(t, 80, 25)
	got := ask(p.Prompt, "Client ID: ")
	s.until(t, "Client ID: ")
	_, err := s.person.WriteString("my client\n")
	is.NoErr(err)                               // typed
	is.Equal(<-got, answered{"my client", nil}) // heard
	s.until(t, "my client")                     // and shown

	got = ask(p.Secret, "Client secret: ")
	s.until(t, "Client secret: ")
	for echoes(t, tty) { // the question comes just before the echo goes
		runtime.Gosched()
	}
	_, err = s.person.WriteString("canary-secret\n")
	is.NoErr(err)                                   // typed
	is.Equal(<-got, answered{"canary-secret", nil}) // heard
	p.Notice("after")
	s.until(t, "after")
	is.True(strings.HasSuffix(s.seen, "Client secret: \r\nafter\r\n")) // the next line is one of its own
	is.True(!strings.Contains(s.seen, "canary"))                       // never shown
	is.True(echoes(t, tty))                                            // the terminal shows what is typed again

	got = ask(p.Secret, "Client secret: ")
	s.until(t, "after\r\nClient secret: ")
	for echoes(t, tty) {
		runtime.Gosched()
	}
	_, err = s.person.WriteString("\n")
	is.NoErr(err)                             // nothing is typed
	is.True(errors.Is((<-got).err, ErrEmpty)) // and that is no answer

	gone := make(chan struct{})
	close(gone)
	p.Ask, p.Stop = false, gone
	_, err = p.Prompt("Client ID: ")
	is.True(errors.Is(err, ErrNoTerminal)) // --non-interactive: nobody is asked
	_, err = p.Secret("Client secret: ")
	is.True(errors.Is(err, ErrNoTerminal)) // for secrets neither
	is.True(!p.InTTY())                    // as if nobody were there
}

// Ctrl-C ends a question, and the terminal is left as it was.
func TestAQuestionCanBeGivenUp(t *testing.T) {
	is := is.New(t)
	p, s, tty := seated(t, 80, 25)
	stop := make(chan struct{})
	p.Stop = stop
	got := ask(p.Secret, "Client secret: ")
	s.until(t, "Client secret: ")
	for echoes(t, tty) {
		runtime.Gosched()
	}
	close(stop)
	a := <-got
	is.True(errors.Is(a.err, context.Canceled)) // the wait is over
	is.True(echoes(t, tty))                     // the terminal shows what is typed again
	a = <-ask(p.Prompt, "Client ID: ")
	is.True(errors.Is(a.err, context.Canceled)) // nor is anything else asked
}

func TestCountdown(t *testing.T) {
	is := is.New(t)
	p, s, _ := seated(t, 80, 25)
	stop := p.Countdown(time.Now().Add(90 * time.Second))
	s.until(t, "waiting, 1m30s left; Ctrl-C gives up")
	p.Line("said meanwhile")
	s.until(t, "said meanwhile\r\n")
	_, after, _ := strings.Cut(s.seen, "gives up")
	is.True(strings.HasPrefix(after, "\r  ") && strings.HasSuffix(after, " \rsaid meanwhile\r\n")) // the countdown is gone before the line
	stop()
	stop()                // once more does no harm
	is.Equal(p.status, 0) // nothing of it stands there any more
	p.Line("done")
	s.until(t, "done\r\n")
	is.True(!strings.Contains(s.seen, "\x1b")) // no escape was needed

	p.Quiet = true
	p.Countdown(deadline)()
	p.Line("end")
	s.until(t, "end\r\n")
	is.True(strings.HasSuffix(s.seen, "done\r\nend\r\n")) // quiet: no countdown
}

// What rewrites a line leaves nothing of it, and takes nothing else away.
func TestStatusIsTakenAway(t *testing.T) {
	is := is.New(t)
	p, s, _ := seated(t, 80, 25)
	p.setStatus("first")
	p.setStatus("2nd")
	p.Line("a")
	p.Line("b")
	p.setStatus("third")
	p.question("who? ")
	p.Line("c")
	s.until(t, "c\r\n")
	is.Equal(s.seen, "first\r     \r2nd\r   \ra\r\nb\r\nthird\r     \rwho? c\r\n") // each once, before what follows
	s.seen = ""
	stop := p.Countdown(time.Now().Add(time.Hour))
	s.until(t, "gives up")
	stop()
	is.Equal(p.status, 0) // a countdown that ended does not stand there
	p.Line("d")
	s.until(t, "d\r\n")
	is.True(strings.HasSuffix(s.seen, " \rd\r\n")) // its line was taken away
	p.Quiet = true
	p.QR("http://h/")
	p.Tell("e")
	s.until(t, "e\r\n")
	is.True(strings.HasSuffix(s.seen, " \rd\r\ne\r\n")) // quiet: no picture
}

// A file that is no terminal is nobody.
func TestAPipeIsNobody(t *testing.T) {
	is := is.New(t)
	r, w, err := os.Pipe()
	is.NoErr(err)
	defer r.Close()
	defer w.Close()
	p := &Printer{In: r, Err: w, Ask: true}
	_, err = p.Prompt("Client ID: ")
	is.True(errors.Is(err, ErrNoTerminal)) // nobody to ask
	_, err = p.Secret("Client secret: ")
	is.True(errors.Is(err, ErrNoTerminal) && !p.ErrTTY()) // and nobody who looks
}

func TestQRAtATerminal(t *testing.T) {
	is := is.New(t)
	const url = "http://127.0.0.1:8765/oauth/device/verify"
	_, width, height := qrText(url, true)
	for _, c := range []struct {
		columns, rows int
		shown         bool
	}{{width, height, true}, {width - 1, height, false}, {width, height - 1, false}} {
		p, s, _ := seated(t, uint16(c.columns), uint16(c.rows))
		p.QR(url)
		p.Line("end")
		s.until(t, "end\r\n")
		is.Equal(strings.Contains(s.seen, "▀"), c.shown)           // shown when it fits
		is.Equal(strings.Contains(s.seen, "\x1b[30;47m"), c.shown) // black on white
	}
	p, s, _ := seated(t, uint16(width), uint16(height))
	t.Setenv("NO_COLOR", "1")
	p.QR(url)
	p.Line("end")
	s.until(t, "end\r\n")
	is.True(strings.Contains(s.seen, "▀"))     // NO_COLOR: shown
	is.True(!strings.Contains(s.seen, "\x1b")) // without escapes
}

// A countdown that is wider than the terminal would leave a line behind with
// each second.
func TestACountdownStaysOnItsLine(t *testing.T) {
	for columns, shown := range map[uint16]string{20: "  waiting, 1h0m0s l", 37: "  waiting, 1h0m0s left; Ctrl-C gives", 39: "  waiting, 1h0m0s left; Ctrl-C gives u", 0: "  waiting, 1h0m0s left; Ctrl-C gives up", 80: "  waiting, 1h0m0s left; Ctrl-C gives up"} {
		is := is.New(t)
		p, s, _ := seated(t, columns, 25)
		stop := p.Countdown(time.Now().Add(time.Hour))
		s.until(t, shown)
		stop()
		p.Notice("after")
		s.until(t, "after")
		for piece := range strings.SplitSeq(s.seen, "\r") {
			is.True(columns == 0 || len(piece) < int(columns)) // what is written is taken away again
		}
	}
}
