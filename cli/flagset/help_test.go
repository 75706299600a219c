// Tests of help and of completion's answers, against files that are read when
// they change: go test -run Golden -update.
package flagset

import (
	"flag"
	"fmt"
	"strings"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/web/golden"
)

func TestGoldenHelp(t *testing.T) {
	root, _ := tree()
	var all strings.Builder
	for _, line := range []string{"", "login", "profile", "profile show"} {
		c, _ := Arrange(root, strings.Fields(line))
		fmt.Fprintf(&all, "==== mcp-auth %s --help\n%s", line, Usage(c, globals))
	}
	golden.Hold(t, "help.golden", all.String())
}

func TestHelpFitsAndIsWhole(t *testing.T) {
	is := is.New(t)
	root, _ := tree()
	c, _ := Arrange(root, []string{"login"})
	text := Usage(c, globals)
	for _, line := range strings.Split(text, "\n") {
		is.True(len(line) <= helpWidth)              // no line is too long
		is.Equal(line, strings.TrimRight(line, " ")) // or ends in space
	}
	words := strings.Join(strings.Fields(text), " ")
	c.FlagSet.VisitAll(func(f *flag.Flag) {
		is.True(strings.Contains(text, "  --"+f.Name))             // every flag
		is.True(strings.Contains(words, "["+Variable(f.Name)+"]")) // with its variable
		_, about := flag.UnquoteUsage(f)                           //
		is.True(strings.Contains(words, about))                    // and all that is said of it
	})
}

func TestGoldenCompletion(t *testing.T) {
	root, _ := tree()
	var all strings.Builder
	for _, words := range [][]string{
		{""}, {"lo"}, {"hid"}, {"profile", ""}, {"profile", "s"}, {"--verbose", "pro"}, {"--output", "json", "pro"},
		{"login", "--"}, {"login", "-v"}, {"login", "http://h/", "--reg"},
		{"login", "--auth-mode", ""}, {"login", "--auth-mode", "d"}, {"login", "--auth-mode=d"}, {"login", "--auth-mode", "="}, {"login", "--auth-mode", "=", "d"},
		{"login", "--auth", "d"}, {"login", "--register", ""}, {"login", "--client-secret", ""}, {"login", "--", "--"}, {"login", "x", ""}, {"nonsense", ""}, {},
	} {
		fmt.Fprintf(&all, "==== %q\n", words)
		for _, line := range Complete(root, words) {
			fmt.Fprintln(&all, line)
		}
	}
	golden.Hold(t, "completion.golden", all.String())
}
