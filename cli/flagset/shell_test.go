// Tests of the completion scripts in the shells themselves, where they are.
package flagset

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/matryer/is"
)

// inShell runs lines in a shell after the script was loaded, with this
// program as mcp-auth.
func inShell(t *testing.T, shell string, arguments []string, before, after string) string {
	t.Helper()
	path, err := exec.LookPath(shell)
	if err != nil || runtime.GOOS == "windows" {
		t.Skip(shell + " is not there")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(self, filepath.Join(dir, "mcp-auth")); err != nil {
		t.Fatal(err)
	}
	script, err := Script(shell, "mcp-auth")
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(path, append(arguments, "-c", before+"\n"+script+"\n"+after)...)
	c.Dir = dir
	c.Env = append(os.Environ(), "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"), "HOME="+dir,
		"GORACE=atexit_sleep_ms=0") // the race detector waits a second else
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", shell, err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestBash(t *testing.T) {
	for line, want := range map[string]string{
		"mcp-auth lo":                      "login",
		"mcp-auth profile ":                "list show",
		"mcp-auth login --auth-mode d":     "device",
		"mcp-auth login --auth-mode = d":   "device", // as bash takes --auth-mode=d apart
		"mcp-auth login http : //h/ --reg": "--register",
		"mcp-auth login --client-secret ":  "",
		"mcp-auth login --o":               "--output",
		"mcp-auth lo| http://h/":           "login", // the cursor is before the last word
	} {
		is := is.New(t)
		words, cursor := strings.Split(line, " "), "$((${#COMP_WORDS[@]} - 1))"
		for i, w := range words {
			if strings.HasSuffix(w, "|") {
				words[i], cursor = strings.TrimSuffix(w, "|"), strconv.Itoa(i)
			}
		}
		got := inShell(t, "bash", []string{"--norc", "--noprofile"}, "set -u", `
COMP_WORDS=('`+strings.Join(words, "' '")+`')
COMP_CWORD=`+cursor+`
_mcp_auth_complete
echo "${COMPREPLY[*]-}"
complete -p mcp-auth`)
		answer, bound, _ := strings.Cut(got, "complete ")
		is.Equal(strings.TrimSpace(answer), want)                    // what may stand there
		is.Equal(bound, "-o default -F _mcp_auth_complete mcp-auth") // and the script is in force
	}
}

func TestZsh(t *testing.T) {
	for line, want := range map[string]string{
		"mcp-auth lo":                     "login:log in",
		"mcp-auth profile ":               "list:list them\nshow:show one",
		"mcp-auth login --auth-mode=d":    "--auth-mode=device:--auth-mode=device",
		"mcp-auth login --client-secret ": "files",
	} {
		is := is.New(t)
		words := strings.Split(line, " ")
		got := inShell(t, "zsh", []string{"-f"}, `
compdef() { true }
_describe() { print -l -- "${(@P)2}" }
_files() { print files }`, `
words=('`+strings.Join(words, "' '")+`')
CURRENT=$#words
_mcp_auth`)
		is.Equal(got, want) // what is described, or files
	}
}

func TestFish(t *testing.T) {
	for line, want := range map[string]string{
		"mcp-auth lo":                   "login\tlog in",
		"mcp-auth profile ":             "list\tlist them\nshow\tshow one",
		"mcp-auth login --auth-mode=d":  "--auth-mode=device",
		"mcp-auth login --auth-mode d":  "device",
		"mcp-auth login http://h/ --re": "--register\tregister a client",
	} {
		is := is.New(t)
		got := inShell(t, "fish", []string{"--no-config"}, "", "complete -C '"+line+"'")
		is.Equal(got, want) // what may stand there
	}
}

func TestScriptsAreForKnownShells(t *testing.T) {
	is := is.New(t)
	for _, shell := range Shells {
		text, err := Script(shell, "mcp-auth")
		is.NoErr(err)                                                                                             // there is one
		is.True(strings.Contains(text, "mcp-auth __complete") || strings.Contains(text, "'mcp-auth' __complete")) // that asks the program
		is.True(!strings.Contains(text, "NAME") && !strings.Contains(text, "FUNC"))                               // and is filled in
	}
	_, err := Script("tcsh", "mcp-auth")
	is.True(err != nil && strings.Contains(err.Error(), "bash, zsh, fish, powershell")) // the others are named
}
