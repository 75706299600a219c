package command_test

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"mcp-auth/cli/command"
	"mcp-auth/core/flowtest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"mcp-auth": func() {
		os.Exit(command.Run(context.Background(), os.Args[1:], command.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
	}})
}

// TestScripts runs the program as its users do, against a server of its own.
// A person is played by: person approve|deny|nobody mcp-auth login ...
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			base := serve(t)
			e.Setenv("BASE", base)
			e.Setenv("OAUTH", base+"/mcp/oauth")
			e.Setenv("BEARER", base+"/mcp/bearer-token")
			e.Setenv("MCP_AUTH_CLI_HOME", filepath.Join(e.WorkDir, "home"))
			e.Setenv("HOME", e.WorkDir)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"person": person, "private": private},
	})
}

// person runs a login whose user answers at the real pages. What the program
// printed is in the files out and err.
func person(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: person approve|deny|nobody COMMAND")
	}
	path := ""
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if p := filepath.Join(dir, args[1]); path == "" {
			if _, err := os.Stat(p); err == nil {
				path = p
			}
		}
	}
	c := exec.Command(path, args[2:]...)
	c.Env = append(os.Environ(), "MCP_AUTH_CLI_HOME="+ts.Getenv("MCP_AUTH_CLI_HOME"), "PATH="+ts.Getenv("PATH"))
	var errs, out bytes.Buffer
	c.Stderr = &errs
	pipe, err := c.StdoutPipe()
	ts.Check(err)
	ts.Check(c.Start())
	lines := bufio.NewScanner(pipe)
	visit := ""
	for lines.Scan() {
		line := lines.Text()
		out.WriteString(line + "\n")
		if uri, ok := strings.CutPrefix(line, "Visit: "); ok {
			visit = uri
		}
		code, isCode := strings.CutPrefix(line, "User code: ")
		b := browser(ts.Getenv("BASE"))
		switch {
		case args[0] == "nobody":
		case isCode:
			ts.Check(answerDevice(b, visit, code, args[0]))
		case strings.HasPrefix(line, ts.Getenv("BASE")+"/oauth/authorize?"):
			page, err := b.Visit(line)
			ts.Check(err)
			page, err = b.Press(page, "decision", args[0])
			ts.Check(err)
			_, err = b.Visit(page.Left)
			ts.Check(err)
		}
	}
	err = c.Wait()
	ts.Check(os.WriteFile(ts.MkAbs("out"), out.Bytes(), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("err"), errs.Bytes(), 0o600))
	if (err != nil) != neg {
		ts.Fatalf("%v\n%s%s", err, out.String(), errs.String())
	}
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

// private asserts that files can be read by nobody else, and that they hold
// none of the words after the colon.
func private(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		info, err := os.Stat(ts.MkAbs(name))
		ts.Check(err)
		if info.Mode().Perm()&0o077 != 0 {
			ts.Fatalf("%s has mode %04o", name, info.Mode().Perm())
		}
	}
}
