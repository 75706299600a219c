// Opening the user's browser: one program, one argument, no shell.
package drive

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"

	"mcp-auth/core/message"
)

// Open shows a URL in the user's browser: the programs of BROWSER in their
// order, else the system's opener.
func Open(url string) error {
	u, err := message.ParseURL(url)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("only http and https URLs are opened")
	}
	for _, command := range openers(os.Getenv("BROWSER"), runtime.GOOS) {
		name := command[0]
		if _, err := exec.LookPath(name); err != nil {
			continue
		}
		c := exec.Command(name, argument(command[1:], url)...)
		c.Env = withoutSecrets(os.Environ())
		if err := c.Start(); err != nil {
			continue
		}
		go func() { _ = c.Wait() }()
		return nil
	}
	return errors.New("no browser was found; open the URL yourself, or set BROWSER")
}

// openers lists commands to try. BROWSER is a list of commands separated by
// colons; %s stands for the URL.
func openers(browser, system string) [][]string {
	var all [][]string
	if system != "windows" {
		for command := range strings.SplitSeq(browser, ":") {
			if words := strings.Fields(command); len(words) > 0 {
				all = append(all, words)
			}
		}
	}
	switch system {
	case "darwin":
		return append(all, []string{"open"})
	case "windows":
		return append(all, []string{"rundll32", "url.dll,FileProtocolHandler"})
	}
	return append(all, []string{"wslview"}, []string{"xdg-open"})
}

// argument puts the URL where %s stands, else at the end; it stays within one
// argument whatever is in it.
func argument(words []string, url string) []string {
	out := append([]string(nil), words...)
	for i, w := range out {
		if strings.Contains(w, "%s") {
			out[i] = strings.Replace(w, "%s", url, 1)
			return out
		}
	}
	return append(out, url)
}

// withoutSecrets is the environment without what the user gave to us alone
// (CWE-214).
func withoutSecrets(environment []string) []string {
	return slices.DeleteFunc(environment, func(variable string) bool {
		name, _, _ := strings.Cut(strings.ToUpper(variable), "=")
		return strings.HasPrefix(name, "MCP_AUTH_") && (strings.Contains(name, "SECRET") || strings.Contains(name, "TOKEN"))
	})
}
