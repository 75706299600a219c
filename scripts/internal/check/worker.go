// The Worker in workerd: built twice, as it is deployed and as the tests need
// it, and held to what the native server is held to.
package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// catalogue are the cases of the server that are put to the Worker as well.
const catalogue = "^Test(AZ|TK|RF|DV|RG|RS|MC)[0-9]"

func worker(t *tally) error {
	deployed, err := output(nil, "scripts/build-worker")
	if err != nil {
		return err
	}
	deployed = lastLine(deployed)
	scripted, err := output(nil, "go", "run", "./scripts/internal/buildworker", "--scripted")
	if err != nil {
		return err
	}
	scripted = lastLine(scripted)
	if err := run(nil, "npm", "ci", "--prefix", "wasm/worker/test", "--no-audit", "--no-fund", "--silent"); err != nil {
		return fmt.Errorf("npm ci in wasm/worker/test: %w", err)
	}
	found, err := filepath.Glob("wasm/worker/test/node_modules/@cloudflare/workerd-*/bin/workerd")
	if err != nil || len(found) != 1 {
		return errors.Join(err, errors.New("npm has not brought workerd for this machine"))
	}
	workerd, err := filepath.Abs(found[0])
	if err != nil {
		return err
	}
	address, stop, err := serveWorker(workerd, scripted)
	if err != nil {
		return err
	}
	defer stop()
	env := []string{"MCP_AUTH_TEST_WORKER=" + address, "MCP_AUTH_TEST_WORKERD=" + workerd, "MCP_AUTH_TEST_WORKER_FOLDER=" + deployed}
	err = errors.Join(tests(t, env, "-count=1", "-timeout=10m", "./wasm/worker/test"), tests(t, env, "-count=1", "-timeout=10m", "-run="+catalogue, "./core/server"))
	return errors.Join(err, demoOnWorker(workerd, deployed))
}

// serveWorker runs a folder in workerd, on a free port.
func serveWorker(workerd, folder string, env ...string) (address string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	address = l.Addr().String()
	if err := l.Close(); err != nil {
		return "", nil, err
	}
	c := exec.Command(workerd, "serve", "workerd.capnp", "--socket-addr", "http="+address)
	c.Dir, c.Env, c.Stderr = folder, append(append(os.Environ(), "MCP_AUTH_SERVER_ISSUER=http://"+address, "MCP_AUTH_SERVER_LOG_FORMAT=off"), env...), os.Stderr
	if err := c.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	}
	for range 300 {
		if conn, err := net.Dial("tcp", address); err == nil {
			return address, stop, conn.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	stop()
	return "", nil, errors.New("workerd does not listen")
}

// demoOnWorker walks every flow with the real command line program.
func demoOnWorker(workerd, folder string) error {
	address, stop, err := serveWorker(workerd, folder, "MCP_AUTH_SERVER_DEVICE_INTERVAL=1s")
	if err != nil {
		return err
	}
	defer stop()
	_, err = output(nil, "scripts/demo", "--at", "http://"+address)
	return err
}

func lastLine(text string) string {
	for i := len(text) - 1; i >= 0; i-- {
		if text[i] == '\n' {
			return text[i+1:]
		}
	}
	return text
}
