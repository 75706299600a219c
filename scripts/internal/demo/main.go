// Command demo walks every flow of the README with the real programs: a
// server on a free port, the command line program, and a user who answers the
// real consent and device pages.
package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"mcp-auth/core/flowtest"
	"mcp-auth/core/message"
	"mcp-auth/native/drive"
)

func main() {
	if err := run(); err != nil {
		fmt.Println("demo failed:", err)
		os.Exit(1)
	}
	fmt.Println("every step went as the README says")
}

func run() error {
	dir, err := os.MkdirTemp("", "mcp-auth-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Println("building")
	build := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "./cli/mcp-auth", "./native/mcp-auth-server")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return err
	}
	base, stop, err := startServer(dir)
	if err != nil {
		return err
	}
	d := &demo{program: filepath.Join(dir, "mcp-auth"), home: filepath.Join(dir, "home"), base: base}
	err = d.walk()
	return errors.Join(err, stop())
}

// startServer starts the server and reads its address from the greeting.
func startServer(dir string) (base string, stop func() error, err error) {
	c := exec.Command(filepath.Join(dir, "mcp-auth-server"), "--listen", "127.0.0.1:0", "--device-interval", "1s")
	out, err := c.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := c.Start(); err != nil {
		return "", nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return "", nil, err
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	words := strings.Fields(line)
	stop = func() error {
		_ = c.Process.Signal(syscall.SIGTERM)
		return c.Wait()
	}
	return words[len(words)-1], stop, nil
}

type demo struct{ program, home, base string }

// walk is the README's walkthrough. {O} and {T} are the two resources; a step
// fails when the exit code or the output is not as said.
func (d *demo) walk() error {
	read := "tools/call --tool-name ping"
	steps := []struct {
		line string
		user string // what the user does: "approve", "deny"
		code int
		want string // part of stdout, or of stderr when the code is not 0
	}{
		{"login {T} --auth-mode bearer --bearer-token test-bearer-token", "", 0, "Saved active profile"},
		{"call {T} initialize", "", 0, `"protocolVersion"`},
		{"call {T} tools/list", "", 0, `"whoami"`},
		{"call {T} " + read, "", 0, `"pong": true`},

		{"discover {O}", "", 0, "Supported auth modes: bearer, client-creds, device, auth-code"},
		{"login {O} --auth-mode auth-code --register", "approve", 0, "Saved active profile"},
		{"call {O} initialize", "", 0, `"serverInfo"`},
		{"call {O} tools/list", "", 0, `"delete_notes"`},
		{`call {O} tools/call --tool-name echo --tool-arguments {"message":"hello","uppercase":true}`, "", 0, `"message": "HELLO"`},
		{"call {O} tools/call --tool-name write_note --tool-arguments {\"name\":\"a\",\"content\":\"b\"}", "", 3, "mcp:write"},
		{"login {O} --auth-mode auth-code --client-id dev-public-client --verbose", "approve", 0, "Saved active profile"},
		{"login {O} --auth-mode auth-code --register", "deny", 7, "access_denied"},

		{"login {O} --auth-mode device --register", "approve", 0, "Saved active profile"},
		{"call {O} initialize", "", 0, `"serverInfo"`},
		{"call {O} tools/list", "", 0, `"echo"`},
		{"login {O} --auth-mode device --client-id dev-public-client", "approve", 0, "Saved active profile"},
		{"login {O} --auth-mode device --register", "deny", 7, "denied"},

		{"login {O} --auth-mode client-creds --register --scope mcp:write", "", 0, "Saved active profile"},
		{"call {O} initialize", "", 0, `"serverInfo"`},
		{"call {O} tools/list", "", 0, `"echo"`},
		{"call {O} " + read, "", 0, `"pong": true`},
		{"login {O} --auth-mode client-creds --client-id dev-confidential-client --client-secret dev-confidential-secret", "", 0, "Saved active profile"},
		{"login {O} --auth-mode client-creds --client-id dev-admin-client --client-secret dev-admin-secret --scope mcp:admin", "", 0, "Saved active profile"},
		{"--verbose call {O} tools/call --tool-name delete_notes", "", 0, `"deleted"`},

		{"profile list", "", 0, "client-creds"},
		{"profile show --resource-url {O}", "", 0, `"dev-admin-client"`},
		{"logout {O}", "", 0, "Logged out from"},
		{"call {O} tools/list", "", 3, "Run login again"},
	}
	for _, s := range steps {
		line := strings.NewReplacer("{O}", d.base+"/mcp/oauth", "{T}", d.base+"/mcp/bearer-token").Replace(s.line)
		fmt.Println("$ mcp-auth", line)
		out, errOut, code := d.step(strings.Fields(line), s.user)
		text := out
		if s.code != 0 {
			text = errOut
		}
		if code != s.code || !strings.Contains(text, s.want) {
			return fmt.Errorf("exit code %d, wanted %d with %q\nstdout:\n%s\nstderr:\n%s", code, s.code, s.want, out, errOut)
		}
		for _, shown := range strings.Split(strings.TrimSpace(brief(text)), "\n") {
			fmt.Println("   ", shown)
		}
	}
	return nil
}

// brief is the first lines of an output.
func brief(s string) string {
	lines := strings.SplitAfterN(s, "\n", 7)
	if len(lines) == 7 {
		return strings.Join(lines[:6], "") + "..."
	}
	return s
}

// step runs one command; a user answers what it prints.
func (d *demo) step(args []string, user string) (out, errOut string, code int) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, d.program, args...)
	c.Env = append(os.Environ(), "MCP_AUTH_CLI_HOME="+d.home)
	var stdout, stderr bytes.Buffer
	c.Stderr = &stderr
	pipe, err := c.StdoutPipe()
	if err != nil {
		return "", err.Error(), -1
	}
	if err := c.Start(); err != nil {
		return "", err.Error(), -1
	}
	device := message.Form{}
	lines := bufio.NewScanner(pipe)
	for lines.Scan() {
		line := lines.Text()
		fmt.Fprintln(&stdout, line)
		if uri, ok := strings.CutPrefix(line, "Visit: "); ok {
			device.Add("uri", uri)
		}
		var err error
		switch {
		case user != "" && strings.HasPrefix(line, "User code: "):
			err = d.atDevice(device.All("uri")[0], strings.TrimPrefix(line, "User code: "), user)
		case user != "" && strings.HasPrefix(line, d.base+"/oauth/authorize?"):
			err = d.atConsent(line, user)
		}
		if err != nil {
			fmt.Fprintln(&stderr, "the user was stuck:", err)
			cancel()
		}
	}
	err = c.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	}
	return stdout.String(), stderr.String(), code
}

func (d *demo) browser() *flowtest.Browser {
	client := drive.NewClient(d.base, 0)
	return &flowtest.Browser{Do: func(m message.Request) (message.Response, error) { return client.Do(context.Background(), m) }}
}

// atConsent opens the consent page, answers, and follows the redirect to the
// program's listener.
func (d *demo) atConsent(url, decision string) error {
	b := d.browser()
	page, err := b.Visit(url)
	if err == nil {
		page, err = b.Press(page, "decision", decision)
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

// atDevice enters the code on the verification page and answers.
func (d *demo) atDevice(uri, code, decision string) error {
	b := d.browser()
	page, err := b.Visit(uri)
	if err == nil {
		page, err = b.Press(page, "user_code", strings.ToLower(code))
	}
	if err == nil {
		page, err = b.Press(page, "decision", decision)
	}
	if err == nil && page.Status != 200 {
		err = fmt.Errorf("HTTP %d", page.Status)
	}
	return err
}
