// Our server as the subject: a process of its own on a free port.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// A server is a running mcp-auth-server.
type server struct {
	base   string            // its origin
	tokens map[string]string // by endpoint
	cmd    *exec.Cmd
}

// startServer builds and starts our server, and gets the tokens of its
// endpoints.
func startServer(flags ...string) func(context.Context, *bench) (func(), error) {
	return func(ctx context.Context, b *bench) (func(), error) {
		s, err := b.launch(ctx, nil, append(flags, "--approval", "auto")...)
		if err != nil {
			return nil, err
		}
		b.server = s
		s.tokens = map[string]string{"bearer": "test-bearer-token"}
		if s.tokens["oauth"], err = s.clientCredentials(); err != nil {
			s.stop()
			return nil, err
		}
		return s.stop, nil
	}
}

// launch builds the server, starts it with env added to the environment, and
// reads its address from its greeting.
func (b *bench) launch(ctx context.Context, env []string, args ...string) (*server, error) {
	program := filepath.Join(b.root, "bin", "mcp-auth-server")
	if err := b.goBuild(ctx, nil, "bin/mcp-auth-server", "./native/mcp-auth-server"); err != nil {
		return nil, err
	}
	c := exec.Command(program, append([]string{"--listen", "127.0.0.1:0", "--log-format", "off"}, args...)...)
	c.Env = append(os.Environ(), env...)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	words := strings.Fields(line)
	if err != nil || len(words) == 0 {
		_ = c.Process.Kill()
		_ = c.Wait()
		return nil, fmt.Errorf("mcp-auth-server %s does not start", strings.Join(args, " "))
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return &server{base: words[len(words)-1], cmd: c}, nil
}

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGKILL) // nothing of it is to be kept
	_ = s.cmd.Wait()
}

// clientCredentials gets a token for /mcp/oauth with mcp:read.
func (s *server) clientCredentials() (string, error) {
	r, err := http.PostForm(s.base+"/oauth/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {"dev-confidential-client"},
		"client_secret": {"dev-confidential-secret"}, "scope": {"mcp:read"}, "resource": {s.base + "/mcp/oauth"}})
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	var t struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(r.Body).Decode(&t); err != nil || t.AccessToken == "" {
		return "", fmt.Errorf("the token endpoint answered %s without a token", r.Status)
	}
	return t.AccessToken, nil
}
