// what is left of the profiles when a program is killed or the
// power goes, and many programs with one expired token.
package main

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"mcp-auth/scripts/internal/live"
)

// keepTest runs tests of native/keep and returns what they say. Their kills
// are made there, by a child that is the test program itself.
func keepTest(dir, run string, kills int, plants ...live.Plant) (string, error) {
	overlay, err := live.Overlay(dir, plants)
	if err != nil {
		return "", err
	}
	c := exec.Command("go", append(append([]string{"test", "-v", "-count=1", "-vet=off", "-timeout=2h", "-run", run}, overlay...), "./native/keep")...)
	c.Env = append(os.Environ(), "MCP_AUTH_TEST_KILLS="+strconv.Itoa(kills))
	out, err := c.CombinedOutput()
	return string(out), err
}

var counts = regexp.MustCompile(`\d+ kills, [^\n]*`)

func killed(s *soak) error {
	n := s.many(150, 10_000)
	out, err := keepTest(s.dir, "^TestPF03R01KilledWhileSaving$", n)
	figure := counts.FindString(out)
	if err != nil || figure == "" {
		figure = fmt.Sprintf("failed: %v\n%s", err, out)
	}
	s.add("R-01", "kill -9 of a program that saves, at a random moment within 8 ms", figure, "0 corrupt, 0 lost, at most 1 left", err == nil && counts.MatchString(out))
	out, err = keepTest(s.dir, "^TestPF03R01ControlANaiveWriteBreaks$", s.many(300, 1_000))
	s.control("R-01", "the file is overwritten in place", counts.FindString(out), err == nil)

	spendings, failures, err := refreshers(s, s.plain)
	if err != nil {
		return err
	}
	s.add("R-01", fmt.Sprintf("%d programs at once with one expired token", programs), fmt.Sprintf("%d refresh, %d programs failed", spendings, failures), "1 refresh, 0 failed", spendings == 1 && failures == 0)
	build, err := live.Build{Plants: []live.Plant{{File: "native/keep/keep.go", Old: "unlock, err := f.lock()", New: "unlock, err := func() {}, error(nil)"}}}.Into(s.dir)
	if err != nil {
		return err
	}
	for range 10 { // who starts late meets nobody: a collision is a matter of luck
		if spendings, failures, err = refreshers(s, build); err != nil || spendings > 1 || failures > 0 {
			break
		}
	}
	if err != nil {
		return err
	}
	s.control("R-01", "no lock around the profiles", fmt.Sprintf("%d refreshes, %d programs failed", spendings, failures), spendings > 1 || failures > 0)
	return nil
}

const programs = 20

var expiry = regexp.MustCompile(`("expires_at": )"[^"]*"`)

// refreshers logs in, lets the token be expired, and has 20 programs call at
// once. It returns how often the token endpoint was asked, and how many
// programs failed.
func refreshers(s *soak, build string) (spendings, failures int, err error) {
	server, err := live.Start(s.plain, "--approval", "auto", "--log-format", "text")
	if err != nil {
		return 0, 0, err
	}
	defer server.Kill()
	home, err := os.MkdirTemp(s.dir, "home-")
	if err != nil {
		return 0, 0, err
	}
	resource := server.Base + "/mcp/oauth"
	if err := login(filepath.Join(build, "mcp-auth"), home, server.Base, resource); err != nil {
		return 0, 0, err
	}
	file := filepath.Join(home, "profiles.json")
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, 0, err
	}
	if err := os.WriteFile(file, expiry.ReplaceAll(text, []byte(`$1"2020-01-01T00:00:00+00:00"`)), 0o600); err != nil {
		return 0, 0, err
	}
	asked := func() int { return strings.Count(server.Said(), "POST /oauth/token ") }
	before := asked()
	var wg sync.WaitGroup
	codes := make([]error, programs)
	for i := range programs {
		wg.Go(func() {
			codes[i] = exec.Command(filepath.Join(build, "mcp-auth"), "call", resource, "tools/call", "--tool-name", "ping", "--cli-home", home).Run()
		})
	}
	wg.Wait()
	for _, err := range codes {
		if err != nil {
			failures++
		}
	}
	return asked() - before, failures, nil
}

// login logs in; the server approves by itself, so visiting the URL is all
// that the user does.
func login(program, home, base, resource string) error {
	c := exec.Command(program, "login", resource, "--auth-mode", "auth-code", "--register", "--cli-home", home)
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), base+"/oauth/authorize?") {
			r, err := http.Get(lines.Text())
			if err != nil {
				return err
			}
			_ = r.Body.Close()
		}
	}
	return c.Wait()
}

// ordered is R-02: kill -9 cannot show what a power cut does, the order of
// calls can.
func ordered(s *soak) error {
	const tests = "^Test(PF01R02SystemCalls|R02OrderOfCalls)$"
	out, err := keepTest(s.dir, tests, 1)
	how := "at our own seam; strace is not there"
	if strings.Contains(out, "--- PASS: TestPF01R02SystemCalls") {
		how = "in the kernel's words, by strace"
	}
	s.add("R-02", "fsync of the file, rename, fsync of the directory", how, "that order", err == nil && strings.Contains(out, "--- PASS: TestR02OrderOfCalls"))
	for _, c := range []struct{ what, file, old, new string }{
		{"no fsync of the file", "native/keep/draft.go", "err = d.file.Sync()", "err = nil"},
		{"no fsync of the directory", "native/keep/draft.go", "err := d.disk.syncDirectory(d.home); err != nil", "err := error(nil); err != nil"},
	} {
		dir, err := os.MkdirTemp(s.dir, "overlay-")
		if err != nil {
			return err
		}
		out, err := keepTest(dir, tests, 1, live.Plant{File: c.file, Old: c.old, New: c.new})
		s.control("R-02", c.what, fmt.Sprintf("%d of 2 tests fail", strings.Count(out, "--- FAIL:")), err != nil && strings.Contains(out, "--- FAIL: TestR02OrderOfCalls"))
	}
	return nil
}
