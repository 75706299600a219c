// The page in a browser: built, and driven in the system's Chromium.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// page tests what the page's own build of the core is made of, builds the page
// and the programs, installs what drives a browser, and runs the tests of
// web/page/test.
func page(t *tally) error {
	if err := tests(t, nil, "-tags=page", "./core/jose", "./core/table", "./core/keyring", "./core/flowtest", "./core/stage"); err != nil {
		return err
	}
	if err := errors.Join(run(nil, "scripts/build-page"), run(nil, "go", "build", "-o", "bin/", "./cli/mcp-auth", "./native/mcp-auth-server")); err != nil {
		return err
	}
	browser, err := chromium()
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
	files, err := filepath.Glob("web/page/test/*.test.mjs")
	if err != nil {
		return err
	}
	c := exec.Command("node", append([]string{"--test", "--test-reporter=tap", "--test-concurrency=1"}, files...)...)
	c.Env = append(os.Environ(), "CHROMIUM="+browser, "BIN="+bin, "PAGE="+filepath.Join(bin, "page"))
	c.Stderr = os.Stderr
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
		t.skipped++
		fmt.Println("   skipped", line)
	case strings.HasPrefix(line, "ok "):
		t.passed++
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

// chromium finds the system's browser, and installs it where apt can.
func chromium() (string, error) {
	for range 2 {
		for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
			if found, err := exec.LookPath(name); err == nil {
				return found, nil
			}
		}
		if err := install("chromium"); err != nil {
			return "", fmt.Errorf("the page's tests need Chromium, and installing it failed: %w", err)
		}
	}
	return "", errors.New("the page's tests need Chromium: install it, under the name chromium")
}
