// Questions. Nobody is asked who is not there.
package terminal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/term"
)

// ErrNoTerminal says that nobody can be asked.
var ErrNoTerminal = errors.New("nobody can be asked: there is no terminal, or --non-interactive was given")

// ErrEmpty says that an answer was an empty line.
var ErrEmpty = errors.New("an empty line is no answer")

// input is stdin, read by lines.
type input struct{ lines *bufio.Reader }

// Prompt asks for a line. It returns ErrNoTerminal, or an error that is
// context.Canceled once Stop is closed.
func (p *Printer) Prompt(question string) (string, error) {
	if !p.InTTY() {
		return "", ErrNoTerminal
	}
	p.question(question)
	return p.await(p.ReadLine)
}

// Secret asks as Prompt does, without showing what is typed.
func (p *Printer) Secret(question string) (string, error) {
	fd, ok := tty(p.In)
	if !ok || !p.Ask {
		return "", ErrNoTerminal
	}
	before, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("cannot ask without showing the answer: %w", err)
	}
	p.question(question)
	s, err := p.await(func() (string, error) {
		b, err := term.ReadPassword(fd)
		return answer(string(b), err)
	})
	_ = term.Restore(fd, before) // also when the wait was given up
	p.print(p.Err, "")
	return s, err
}

func (p *Printer) question(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	fmt.Fprint(p.Err, text)
}

// await waits for an answer, or for Stop.
func (p *Printer) await(read func() (string, error)) (string, error) {
	type said struct {
		text string
		err  error
	}
	got := make(chan said, 1)
	go func() {
		s, err := read()
		got <- said{s, err}
	}()
	select {
	case s := <-got:
		return s.text, s.err
	case <-p.Stop:
		return "", fmt.Errorf("gave up waiting for an answer: %w", context.Canceled)
	}
}

// ReadLine reads a line of stdin, a terminal or not, without the space around
// it. An empty one is an error.
func (p *Printer) ReadLine() (string, error) {
	if p.input.lines == nil {
		p.input.lines = bufio.NewReader(io.LimitReader(p.In, 1<<20))
	}
	return answer(p.input.lines.ReadString('\n'))
}

func answer(line string, err error) (string, error) {
	switch line = strings.TrimSpace(line); {
	case line != "":
		return line, nil
	case err == nil:
		return "", ErrEmpty
	case errors.Is(err, io.EOF):
		return "", errors.New("the input ended without an answer")
	}
	return "", err
}
