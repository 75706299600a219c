// The phases that run a program and want it to succeed.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

func command(name string, args ...string) func(*tally) error {
	return func(*tally) error { return run(nil, name, args...) }
}

// run shows what a program prints.
func run(env []string, name string, args ...string) error {
	c := exec.Command(name, args...)
	c.Env = append(os.Environ(), env...)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	return c.Run()
}

// output returns what a program prints; all of it is in the error when it
// fails.
func output(env []string, name string, args ...string) (string, error) {
	var out, errs bytes.Buffer
	c := exec.Command(name, args...)
	c.Env = append(os.Environ(), env...)
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s%s", name, strings.Join(args, " "), err, out.String(), errs.String())
	}
	return strings.TrimSpace(out.String()), nil
}

// tools looks for Node 20, a C compiler and the shells, and fetches the
// modules.
func tools(*tally) error {
	version, err := output(nil, "node", "--version")
	if err != nil {
		return errors.New("node is needed: install Node 20 or later")
	}
	major, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	if n, _ := strconv.Atoi(major); n < 20 {
		return fmt.Errorf("node 20 or later is needed, not %s", version)
	}
	goVersion, err := output(nil, "go", "version")
	if err != nil {
		return err
	}
	fmt.Printf("%s, node %s\n", goVersion, version)
	witnesses()
	return errors.Join(compiler(), run(nil, "go", "mod", "download"))
}

// compiler installs gcc where it is missing: the race detector needs cgo.
func compiler() error {
	if cc, err := output(nil, "go", "env", "CC"); err == nil {
		if _, err := exec.LookPath(strings.Fields(cc + " cc")[0]); err == nil {
			return nil
		}
	}
	if err := install("gcc", "libc6-dev"); err != nil {
		return fmt.Errorf("the race detector needs a C compiler, and installing gcc failed: %w", err)
	}
	return nil
}

// witnesses installs what single tests look with: the shells that completion is
// tried in, and strace, which lists calls to the kernel. Without one its test
// is skipped, and says so.
func witnesses() {
	bring("zsh", "fish", "strace")
}

// bring installs the programs that are not here, where apt can.
func bring(programs ...string) {
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			_ = install(program)
		}
	}
}

func install(packages ...string) error {
	apt := append([]string{"apt-get", "install", "-y", "-q", "--no-install-recommends"}, packages...)
	if os.Geteuid() != 0 {
		apt = append([]string{"sudo", "-n"}, apt...)
	}
	_, err := output([]string{"DEBIAN_FRONTEND=noninteractive"}, apt[0], apt[1:]...)
	return err
}

// notice tries whether the tests notice bugs: a fixed sample of mutants of
// the code that must score most, and a few planted faults.
func notice(*tally) error {
	return errors.Join(
		run(nil, "scripts/mutate", "--package", "core/oauth,core/message,core/exchange", "--sample", "25", "--seed", "1"),
		run(nil, "scripts/faults", "--short"))
}

func format(*tally) error {
	root, err := output(nil, "go", "env", "GOROOT")
	if err != nil {
		return err
	}
	out, err := output(nil, filepath.Join(root, "bin", "gofmt"), "-l", ".")
	if err == nil && out != "" {
		return fmt.Errorf("gofmt would change:\n%s", out)
	}
	return err
}

// build builds for other systems, scripts too, and the core for js/wasm, where net/http
// must not come along: it would more than double the page.
func build(t *tally) error {
	for _, target := range [...]string{"linux/amd64", "linux/arm64", "darwin/arm64", "windows/amd64"} {
		fmt.Println("  ", target)
		system, arch, _ := strings.Cut(target, "/")
		if _, err := output([]string{"GOOS=" + system, "GOARCH=" + arch, "CGO_ENABLED=0"}, "go", "build", "./..."); err != nil {
			return err
		}
		t.pass()
	}
	fmt.Println("   js/wasm")
	js := []string{"GOOS=js", "GOARCH=wasm"}
	if _, err := output(js, "go", "build", "./core/..."); err != nil {
		return err
	}
	deps, err := output(js, "go", "list", "-deps", "./core/...")
	if err == nil && slices.Contains(strings.Fields(deps), "net/http") {
		return errors.New("the core links net/http: go list -deps ./core/... says so")
	}
	t.pass()
	return err
}
