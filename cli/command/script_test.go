package command_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"mcp-auth/cli/command"
	"mcp-auth/core/flowtest"
	"mcp-auth/core/message"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"mcp-auth": func() { os.Exit(command.Main()) }})
}

// fastExit keeps a program under the race detector from sleeping for a second
// before it exits.
const fastExit = "atexit_sleep_ms=0"

// TestScripts runs the program as its users do, against a server of its own.
// A person is played by: person approve|deny|nobody|paste|interrupt mcp-auth
// login ...
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			base := serve(t)
			e.Setenv("BASE", base)
			e.Setenv("HOSTED", hosting(t, e.WorkDir))
			e.Setenv("OAUTH", base+"/mcp/oauth")
			statements(t, base, e.WorkDir)
			e.Setenv("BEARER", base+"/mcp/bearer-token")
			e.Setenv("MCP_AUTH_CLI_HOME", filepath.Join(e.WorkDir, "home"))
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("GORACE", fastExit)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"person": person, "private": private, "document": document},
	})
}

// hosting serves the files of a directory as a client's host would.
func hosting(t *testing.T, dir string) string {
	s := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(s.Close)
	return s.URL
}

// person runs a login whose user answers at the real pages. What the program
// printed is in the files out and err.
func person(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: person approve|deny|nobody|paste|interrupt COMMAND")
	}
	c := exec.Command(program(ts, args[1]), args[2:]...)
	c.Env = append(os.Environ(), "MCP_AUTH_CLI_HOME="+ts.Getenv("MCP_AUTH_CLI_HOME"), "PATH="+ts.Getenv("PATH"), "SSH_CONNECTION="+ts.Getenv("SSH_CONNECTION"), "GORACE="+fastExit)
	var errs, out bytes.Buffer
	c.Stderr = &errs
	pipe, err := c.StdoutPipe()
	ts.Check(err)
	keyboard, err := c.StdinPipe()
	ts.Check(err)
	ts.Check(c.Start())
	u := user{base: ts.Getenv("BASE"), decision: args[0], keyboard: keyboard, process: c.Process}
	for lines := bufio.NewScanner(pipe); lines.Scan(); {
		out.WriteString(lines.Text() + "\n")
		ts.Check(u.read(lines.Text()))
	}
	err = c.Wait()
	ts.Check(os.WriteFile(ts.MkAbs("out"), out.Bytes(), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("err"), fmt.Appendf(errs.Bytes(), "exit code %d\n", c.ProcessState.ExitCode()), 0o600))
	if (err != nil) != neg {
		ts.Fatalf("%v\n%s%s", err, out.String(), errs.String())
	}
}

func program(ts *testscript.TestScript, name string) string {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		p := filepath.Join(dir, name)
		if _, err := os.Stat(p); err == nil {
			return p
		}
	}
	ts.Fatalf("%s is not in PATH", name)
	return ""
}

// A user reads what a login prints, and does as told or decided.
type user struct {
	base, decision string
	keyboard       io.Writer
	process        *os.Process
	visit          string // where the device's code is entered
}

func (u *user) read(line string) error {
	if uri, ok := strings.CutPrefix(line, "Visit: "); ok {
		u.visit = uri
	}
	code, device := strings.CutPrefix(line, "User code: ")
	visit := strings.HasPrefix(line, u.base+"/oauth/authorize?")
	switch {
	case !device && !visit || u.decision == "nobody":
		return nil
	case u.decision == "interrupt":
		return u.process.Signal(os.Interrupt)
	case device:
		return answerDevice(browser(u.base), u.visit, code, u.decision)
	}
	return u.consent(line)
}

// consent answers at the consent page, and takes the redirect to the program:
// by the browser, or by hand after a wrong one.
func (u *user) consent(url string) error {
	b := browser(u.base)
	decision := u.decision
	if decision == "paste" {
		decision = "approve"
	}
	page, err := b.Visit(url)
	if err == nil {
		page, err = b.Press(page, "decision", decision)
	}
	if err == nil && u.decision == "paste" {
		_, err = fmt.Fprintf(u.keyboard, "\nhttps://dev.example/callback?code=x&state=y\n%s\n", page.Left)
	} else if err == nil {
		_, err = b.Visit(page.Left)
	}
	return err
}

func answerDevice(b *flowtest.Browser, uri, code, decision string) error {
	page, err := b.Visit(uri)
	if err == nil {
		page, err = b.Press(page, "user_code", code)
	}
	if err == nil {
		_, err = b.Press(page, "decision", decision)
	}
	return err
}

// document runs a command with --output json, and asserts that stdout is one
// JSON document.
func document(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(ts.Exec(args[0], append(args[1:], "--output", "json")...))
	if _, err := message.ParseJSON([]byte(ts.ReadFile("stdout"))); err != nil {
		ts.Fatalf("stdout is no JSON document: %v", err)
	}
}

// private asserts that nobody else can read files.
func private(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		info, err := os.Stat(ts.MkAbs(name))
		ts.Check(err)
		if info.Mode().Perm()&0o077 != 0 {
			ts.Fatalf("%s has mode %04o", name, info.Mode().Perm())
		}
	}
}
