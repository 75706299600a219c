// Package workerd builds the Worker and runs it in workerd, for the scripts
// that test and measure it.
package workerd

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Install brings workerd for this machine from npm and returns the program.
func Install() (string, error) {
	npm := exec.Command("npm", "ci", "--prefix", "wasm/worker/test", "--no-audit", "--no-fund", "--silent")
	npm.Stderr = os.Stderr
	if err := npm.Run(); err != nil {
		return "", fmt.Errorf("npm ci in wasm/worker/test: %w", err)
	}
	return Program("wasm/worker/test/node_modules")
}

// Program is the workerd for this machine among npm's modules.
func Program(modules string) (string, error) {
	found, err := filepath.Glob(filepath.Join(modules, "@cloudflare", "workerd-*", "bin", "workerd"))
	if err != nil || len(found) != 1 {
		return "", errors.Join(err, errors.New("npm has not brought workerd for this machine"))
	}
	return filepath.Abs(found[0])
}

// Build makes the folder that is deployed.
func Build() (string, error) { return folder("scripts/build-worker") }

// BuildScripted makes the folder that the tests need; Build comes first.
func BuildScripted() (string, error) {
	return folder("go", "run", "./scripts/internal/buildworker", "--scripted")
}

// folder is the last line of what a program prints.
func folder(name string, args ...string) (string, error) {
	c := exec.Command(name, args...)
	c.Stderr = os.Stderr
	out, err := c.Output()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1], err
}

// A Process is workerd with a folder, on a free port of loopback.
type Process struct {
	Address string
	Command *exec.Cmd
}

// Serve runs a folder. env are settings, such as MCP_AUTH_SERVER_APPROVAL=auto.
func Serve(program, folder string, env ...string) (*Process, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Process{Address: l.Addr().String()}
	if err := l.Close(); err != nil {
		return nil, err
	}
	c := exec.Command(program, "serve", "workerd.capnp", "--socket-addr", "http="+p.Address)
	c.Dir, c.Stderr = folder, os.Stderr
	c.Env = append(append(os.Environ(), "MCP_AUTH_SERVER_ISSUER=http://"+p.Address, "MCP_AUTH_SERVER_LOG_FORMAT=off"), env...)
	if err := c.Start(); err != nil {
		return nil, err
	}
	p.Command = c
	for range 2000 {
		if conn, err := net.Dial("tcp", p.Address); err == nil {
			return p, conn.Close()
		}
		time.Sleep(5 * time.Millisecond)
	}
	p.Stop()
	return nil, errors.New("workerd does not listen")
}

// Stop ends the process.
func (p *Process) Stop() {
	_ = p.Command.Process.Kill()
	_ = p.Command.Wait()
}
