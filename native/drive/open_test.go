package drive

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"
)

func TestCL05_TheBrowserGetsOneArgument(t *testing.T) {
	is := is.New(t)
	if runtime.GOOS == "windows" {
		t.Skip("BROWSER is not read there")
	}
	dir := t.TempDir()
	marker, seen := filepath.Join(dir, "marker"), filepath.Join(dir, "seen")
	script := "#!/bin/sh\nprintf '%s\\n' \"$#\" \"$1\" \"$MCP_AUTH_CLIENT_SECRET$MCP_AUTH_BEARER_TOKEN.$MCP_AUTH_CLI_HOME\" > " + seen + ".tmp && mv " + seen + ".tmp " + seen + "\n"
	is.NoErr(os.WriteFile(filepath.Join(dir, "opener"), []byte(script), 0o700)) // an opener that tells
	t.Setenv("BROWSER", filepath.Join(dir, "opener"))
	t.Setenv("MCP_AUTH_CLIENT_SECRET", "a-secret")
	t.Setenv("MCP_AUTH_BEARER_TOKEN", "a-token")
	t.Setenv("MCP_AUTH_CLI_HOME", dir)
	url := "https://as.example/a?x=$(touch%20" + marker + ")&calc;'%22`id`"
	err := Open(strings.ReplaceAll(strings.ReplaceAll(url, "`", "%60"), "'", "%27"))
	is.NoErr(err) // started
	data := waitFor(t, seen)
	lines := strings.Split(strings.TrimSpace(data), "\n")
	is.Equal(lines[0], "1")                                                                 // exactly one argument
	is.Equal(lines[1], strings.ReplaceAll(strings.ReplaceAll(url, "`", "%60"), "'", "%27")) // that is the URL, to the byte
	is.Equal(lines[2], "."+dir)                                                             // CL-24: no secret in its environment
	_, err = os.Stat(marker)
	is.True(err != nil) // no shell has read it
	for _, bad := range []string{"javascript:alert(1)", "file:///etc/passwd", "-version", "ssh://x", ""} {
		is.True(Open(bad) != nil) // only pages are opened
	}
}

// waitFor waits until another process has written a file.
func waitFor(t *testing.T, path string) string {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		if data, err := os.ReadFile(path); err == nil {
			return string(data)
		}
		runtime.Gosched()
	}
	t.Fatal("the program was not started")
	return ""
}

func TestOpeners(t *testing.T) {
	is := is.New(t)
	is.Equal(openers("a:b %s c", "linux"), [][]string{{"a"}, {"b", "%s", "c"}, {"wslview"}, {"xdg-open"}}) // BROWSER first
	is.Equal(openers("a", "windows"), [][]string{{"rundll32", "url.dll,FileProtocolHandler"}})             // never through a shell
	is.Equal(argument([]string{"x", "%s", "y"}, "u"), []string{"x", "u", "y"})                             // in its place
	is.Equal(argument([]string{"--url=%s"}, "u"), []string{"--url=u"})                                     // within a word too
	is.Equal(argument([]string{"x"}, "u"), []string{"x", "u"})                                             // or last
}
