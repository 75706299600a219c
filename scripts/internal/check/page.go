// The page in a browser: built, and driven in the system's Chromium.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// page tests what the page's own build of the core is made of, builds the page
// and the programs, installs what drives a browser, and runs the tests of
// web/page/test.
func page(t *tally) error {
	if err := tests(t, nil, "-tags=page", "./core/jose", "./core/table", "./core/keyring", "./core/flowtest", "./core/stage"); err != nil {
		return err
	}
	bring("zopfli") // without it the core is over its budget
	if err := errors.Join(run(nil, "scripts/build-page"), run(nil, "go", "build", "-o", "bin/", "./cli/mcp-auth", "./native/mcp-auth-server")); err != nil {
		return err
	}
	program, err := browser()
	if err != nil {
		return err
	}
	if err := run(nil, "npm", "ci", "--prefix", "web/page/test", "--no-audit", "--no-fund", "--silent"); err != nil {
		return fmt.Errorf("npm ci in web/page/test: %w", err)
	}
	bin, err := filepath.Abs("bin")
	if err != nil {
		return err
	}
	env := append(os.Environ(), "CHROMIUM="+program, "BIN="+bin, "PAGE="+filepath.Join(bin, "page"))
	files, err := filepath.Glob("web/page/test/*.test.mjs")
	return errors.Join(err, t.pageTests(env, files...))
}

// pageTests runs files of tests, some beside each other: whoever waits in a
// browser that is short of time looks again and again.
func (t *tally) pageTests(env []string, files ...string) error {
	c := exec.Command("node", append([]string{"--test", "--test-reporter=tap", fmt.Sprintf("--test-concurrency=%d", runtime.NumCPU()+1)}, files...)...)
	c.Env, c.Stderr = env, os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	showing := false
	for lines.Scan() {
		showing = t.tap(lines.Text(), showing)
	}
	return c.Wait()
}

// tap counts one line of a test report, and shows what failed or was skipped.
// showing says whether the line may belong to a test that failed.
func (t *tally) tap(line string, showing bool) bool {
	switch {
	case strings.HasPrefix(line, "ok ") && strings.Contains(line, "# SKIP"):
		t.skip()
		fmt.Println("   skipped", line)
	case strings.HasPrefix(line, "ok "):
		t.pass()
	case strings.HasPrefix(line, "not ok "):
		t.fail("page: " + line)
		fmt.Println("   FAIL", line)
		return true
	case showing && strings.HasPrefix(line, "  "):
		fmt.Println(line)
		return true
	case strings.HasPrefix(line, "# front end"):
		fmt.Println(line)
	}
	return false
}
