// The user: reads what the program prints, opens the page it names, and
// presses a button.
package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"mcp-auth/core/flowtest"
	"mcp-auth/core/message"
	"mcp-auth/native/drive"
)

type demo struct{ program, home, base string }

// step runs one command to its end, a minute at most.
func (d *demo) step(args []string, decision string) (out, errOut string, code int) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, d.program, args...)
	c.Env = append(os.Environ(), "MCP_AUTH_CLI_HOME="+d.home)
	var stdout, stderr bytes.Buffer
	c.Stderr = &stderr
	pipe, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		return "", err.Error(), -1
	}
	u := user{base: d.base, decision: decision}
	lines := bufio.NewScanner(pipe)
	for lines.Scan() {
		fmt.Fprintln(&stdout, lines.Text())
		if err := u.read(lines.Text()); err != nil {
			fmt.Fprintln(&stderr, "the user is stuck:", err)
			cancel()
		}
	}
	if err := c.Wait(); err != nil {
		code = -1
		if exit := new(exec.ExitError); errors.As(err, &exit) {
			code = exit.ExitCode()
		}
	}
	return stdout.String(), stderr.String(), code
}

// A user follows one login.
type user struct {
	base, decision string
	verification   string // where the device's code is entered
}

// read looks at one printed line and does what it asks for.
func (u *user) read(line string) error {
	if uri, ok := strings.CutPrefix(line, "Visit: "); ok {
		u.verification = uri
	}
	if u.decision == "" {
		return nil
	}
	if code, ok := strings.CutPrefix(line, "User code: "); ok {
		return u.atDevice(code)
	}
	if strings.HasPrefix(line, u.base+"/oauth/authorize?") {
		return u.atConsent(line)
	}
	return nil
}

func (u *user) browser() *flowtest.Browser {
	client := drive.NewClient(u.base, 0)
	return &flowtest.Browser{Do: func(m message.Request) (message.Response, error) { return client.Do(context.Background(), m) }}
}

// atConsent opens the consent page, answers, and follows the redirect to the
// program's listener.
func (u *user) atConsent(url string) error {
	b := u.browser()
	page, err := b.Visit(url)
	if err == nil {
		page, err = b.Press(page, "decision", u.decision)
	}
	if err != nil {
		return err
	}
	if page.Left == "" {
		return fmt.Errorf("no redirect, but HTTP %d", page.Status)
	}
	_, err = b.Visit(page.Left)
	return err
}

// atDevice enters the code on the verification page, in small letters as
// people do, and answers.
func (u *user) atDevice(code string) error {
	b := u.browser()
	page, err := b.Visit(u.verification)
	if err == nil {
		page, err = b.Press(page, "user_code", strings.ToLower(code))
	}
	if err == nil {
		page, err = b.Press(page, "decision", u.decision)
	}
	if err == nil && page.Status != 200 {
		err = fmt.Errorf("HTTP %d", page.Status)
	}
	return err
}
