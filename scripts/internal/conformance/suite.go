// The suite: installed at its exact version, run one scenario at a time.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// A bench holds what trials share.
type bench struct {
	root     string // of the repository
	node     string // Node 22, by its full path
	suite    string // the suite's program
	results  string // a folder for the suite's results
	drop     bool   // the folder is ours to delete
	terminal bool

	server  *server           // the subject of the server rings
	issuers map[string]string // of the authorization ring, by client authentication
}

func newBench(ctx context.Context, keep string) (*bench, error) {
	root, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	b := &bench{root: root, results: keep}
	if info, err := os.Stderr.Stat(); err == nil {
		b.terminal = info.Mode()&os.ModeCharDevice != 0
	}
	folder, err := b.install(ctx, "suite")
	if err != nil {
		return nil, err
	}
	b.suite = filepath.Join(folder, "@modelcontextprotocol", "conformance", "dist", "index.js")
	if b.node, err = nodeIn(folder); err != nil {
		return nil, err
	}
	if keep == "" {
		b.drop = true
		b.results, err = os.MkdirTemp("", "conformance-")
	}
	return b, err
}

func (b *bench) close() {
	if b.drop {
		_ = os.RemoveAll(b.results)
	}
}

// install puts the packages of scripts/internal/conformance/NAME into .cache/NAME and
// returns its node_modules. What is there already at the wanted versions stays.
func (b *bench) install(ctx context.Context, name string) (string, error) {
	from := filepath.Join(b.root, "scripts", "internal", "conformance", name)
	to := filepath.Join(b.root, ".cache", name)
	modules := filepath.Join(to, "node_modules")
	wanted, err := os.ReadFile(filepath.Join(from, "package-lock.json"))
	if err != nil {
		return "", err
	}
	done := filepath.Join(to, "installed.json")
	if have, err := os.ReadFile(done); err == nil && bytes.Equal(have, wanted) {
		return modules, nil
	}
	if err := errors.Join(os.RemoveAll(to), os.MkdirAll(to, 0o755)); err != nil {
		return "", err
	}
	for _, file := range []string{"package.json", "package-lock.json"} {
		data, err := os.ReadFile(filepath.Join(from, file))
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(to, file), data, 0o644); err != nil {
			return "", err
		}
	}
	fmt.Fprintf(os.Stderr, "installing %s from npm into .cache/%s, once\n", name, name)
	begin := time.Now()
	c := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	c.Dir, c.Stdout, c.Stderr = to, os.Stderr, os.Stderr
	if err := c.Run(); err != nil {
		return "", fmt.Errorf("npm ci in %s: %w", to, err)
	}
	fmt.Fprintf(os.Stderr, "installed %s in %s\n", name, time.Since(begin).Round(time.Second))
	return modules, os.WriteFile(done, wanted, 0o644)
}

// fetch installs what a ring would install when it starts; the suite itself is
// here with the bench.
func (b *bench) fetch(ctx context.Context) error {
	for _, name := range [...]string{"mcpjam", "peers"} {
		if _, err := b.install(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// nodeIn finds the Node that was installed for this system.
func nodeIn(modules string) (string, error) {
	found, _ := filepath.Glob(filepath.Join(modules, "node-*", "bin", "node"))
	if len(found) != 1 {
		return "", fmt.Errorf("one Node is wanted below %s, found %d: this system has none in suite/package.json", modules, len(found))
	}
	return found[0], nil
}

// suiteRun runs the suite's program once and reads the checks it left. env is
// added to the environment; watch, unless nil, sees what is printed.
func (b *bench) suiteRun(ctx context.Context, watch io.Writer, env []string, args ...string) result {
	folder, err := os.MkdirTemp(b.results, "trial-")
	if err != nil {
		return result{err: err}
	}
	said, err := b.watched(ctx, nil, watch, env, b.node, append(append([]string{b.suite}, args...), "-o", folder)...)
	checks, bad := readChecks(folder)
	if err == nil {
		err = bad
	}
	return result{checks: checks, err: err, said: said}
}

// command runs a program and all it starts; nothing of it outlives the trial.
func (b *bench) command(ctx context.Context, env []string, name string, args ...string) (string, error) {
	return b.watched(ctx, nil, nil, env, name, args...)
}

func (b *bench) watched(ctx context.Context, input io.Reader, watch io.Writer, env []string, name string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = b.root
	// Node is started hundreds of times, and need not compile its programs anew.
	c.Env = append(append(os.Environ(), "NODE_COMPILE_CACHE="+filepath.Join(b.root, ".cache", "compiled")), env...)
	group(c)
	c.WaitDelay = time.Second
	c.Stdin = input
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	if watch != nil {
		both := io.MultiWriter(&said, watch)
		c.Stdout, c.Stderr = both, both
	}
	err := c.Run()
	if ctx.Err() != nil {
		err = errLate
	}
	return said.String(), err
}

// checksFile is where the suite leaves the checks of a scenario.
const checksFile = "checks.json"

// readChecks gathers the checks of every scenario below a folder.
func readChecks(folder string) (all []check, err error) {
	files := 0
	err = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != checksFile {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var some []check
		if err := json.Unmarshal(data, &some); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, some...)
		return nil
	})
	if err == nil && files == 0 {
		err = errors.New("the suite left no results")
	}
	return all, err
}

// goBuild builds a program of this repository.
func (b *bench) goBuild(ctx context.Context, env []string, out, pkg string) error {
	said, err := b.command(ctx, env, "go", "build", "-o", filepath.Join(b.root, out), pkg)
	if err != nil {
		return fmt.Errorf("go build %s: %w\n%s", pkg, err, strings.TrimSpace(said))
	}
	return nil
}
