// Tests of the order of arguments, and of what is said when they are wrong.
package flagset

import (
	"errors"
	"flag"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"
)

func TestFlagsAnywhere(t *testing.T) {
	for _, c := range []struct {
		line string
		want settings
	}{
		{"login http://h/ --register", settings{Command: "login", Register: true, Args: []string{"http://h/"}}},
		{"login --register http://h/", settings{Command: "login", Register: true, Args: []string{"http://h/"}}},
		{"--verbose login http://h/", settings{Command: "login", Verbose: 1, Args: []string{"http://h/"}}},
		{"login http://h/ --verbose --verbose", settings{Command: "login", Verbose: 2, Args: []string{"http://h/"}}},
		{"-v=2 login http://h/", settings{Command: "login", Verbose: 2, Args: []string{"http://h/"}}},
		{"--auth-mode device login http://h/", settings{Command: "login", Mode: "device", Args: []string{"http://h/"}}},
		{"login http://h/ --auth device", settings{Command: "login", Mode: "device", Args: []string{"http://h/"}}},
		{"login http://h/ -authori=x", settings{Command: "login", Server: "x", Args: []string{"http://h/"}}},
		{"profile --output json show 1 -verb", settings{Command: "show", Output: "json", Verbose: 1, Args: []string{"1"}}},
		{"--output json profile show", settings{Command: "show", Output: "json", Args: []string{}}},
		{"Login http://h/ --register", settings{Command: "login", Register: true, Args: []string{"http://h/"}}},
		{"login --client-secret -dash -- --register", settings{Command: "login", Secret: "-dash", Args: []string{"--register"}}},
		{"login --client-secret - http://h/", settings{Command: "login", Secret: "-", Args: []string{"http://h/"}}},
		{"login --client-secret=--register x=y", settings{Command: "login", Secret: "--register", Args: []string{"x=y"}}},
		{"login --cli-home login login", settings{Command: "login", Home: "login", Args: []string{"login"}}},
		{"login --wait 90 -", settings{Command: "login", Wait: 90 * time.Second, Args: []string{"-"}}},
		{"", settings{Command: "mcp-auth", Args: []string{}}},
	} {
		t.Run(c.line, func(t *testing.T) {
			is := is.New(t)
			if c.want.Output == "" {
				c.want.Output = "text"
			}
			if c.want.Wait == 0 {
				c.want.Wait = 5 * time.Minute
			}
			got, command, err := parse(strings.Fields(c.line)...)
			is.NoErr(err)                          // the line is good
			is.Equal(got, c.want)                  // and means this
			is.Equal(command.Name, c.want.Command) // of this command
		})
	}
}

func TestWrongArguments(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"login --nope", "unknown flag --nope"},
		{"login --nope=canary x", "unknown flag --nope"},
		{"login --regsiter x", "unknown flag --regsiter; did you mean --register?"},
		{"login x --autorization-server y", "unknown flag --autorization-server; did you mean --authorization-server?"},
		{"login x --w", "--wait needs a value"},
		{"login --client-secret", "--client-secret needs a value"},
		{"login --client-secret --register x", "--client-secret needs a value"},
		{"--client-secret --register login x", "--client-secret needs a value"},
		{"login --client-secret -- x", "--client-secret needs a value"},
		{"login x --auth-mode devise", "--auth-mode: must be one of auth-code, device; did you mean device?"},
		{"login x --auth-mode canary", "--auth-mode: must be one of auth-code, device"},
		{"login x --listen-port-of-the-callback-listener canary", "--listen-port-of-the-callback-listener: must be a whole number"},
		{"login x --register=canary", "--register: must be true or false"},
		{"login x --verbose=canary", "--verbose: must be a number from 0 on"},
		{"login x --verbose=-1", "--verbose: must be a number from 0 on"},
		{"login x --wait canary", "--wait: must be a time above zero, such as 10s or 5m"},
		{"login x --wait -5s", "--wait: must be a time above zero, such as 10s or 5m"},
		{"login ---register", "bad flag syntax: ---register"},
		{"login -=x", "bad flag syntax: -=x"},
		{"--register profile list", "unknown flag --register"},
	} {
		t.Run(c.line, func(t *testing.T) {
			is := is.New(t)
			_, _, err := parse(strings.Fields(c.line)...)
			is.True(err != nil)                               // the line is wrong
			is.Equal(err.Error(), c.want)                     // and this is said
			is.True(!strings.Contains(err.Error(), "canary")) // without the value, which may be a secret
		})
	}
}

func TestAmbiguousBeginning(t *testing.T) {
	is := is.New(t)
	fs := flag.NewFlagSet("x", flag.ContinueOnError)
	fs.Bool("color", false, "")
	fs.Bool("config", false, "")
	err := Explain(fs, errors.New("flag provided but not defined: -co"))
	is.Equal(err.Error(), "--co could be --color or --config") // both are named
	fs.Bool("help-me", false, "")
	is.Equal(lookup(fs, "h"), nil)    // -h is always help
	is.Equal(lookup(fs, "help"), nil) // --help as well
}

func TestHelpIsAskedForAnywhere(t *testing.T) {
	for _, line := range []string{"login -h", "login x --help", "--help login x", "-help", "profile -h list"} {
		is := is.New(t)
		root, _ := tree()
		_, arranged := Arrange(root, strings.Fields(line))
		is.True(errors.Is(root.Parse(arranged), flag.ErrHelp)) // help is asked for
	}
}

func TestVariablesAreExplainedByTheirNames(t *testing.T) {
	is := is.New(t)
	t.Setenv("MCP_AUTH_WAIT", "canary")
	_, _, err := parse("login", "x")
	is.True(err != nil)                                                                  // a wrong variable is an error
	is.Equal(err.Error(), "MCP_AUTH_WAIT: must be a time above zero, such as 10s or 5m") // that names it
	t.Setenv("MCP_AUTH_WAIT", "7s")                                                      //
	got, _, err := parse("login", "x")                                                   //
	is.NoErr(err)                                                                        // a right one
	is.Equal(got.Wait, 7*time.Second)                                                    // is used
	got, _, err = parse("login", "x", "--wait", "8s")                                    //
	is.NoErr(err)                                                                        // and a flag
	is.Equal(got.Wait, 8*time.Second)                                                    // wins over it
}

func TestNearest(t *testing.T) {
	names := []string{"discover", "login", "logout", "call", "profile"}
	for word, want := range map[string]string{"lgin": "login", "Login": "login", "loguot": "logout", "discvoer": "discover", "profiles": "profile",
		"frobnicate": "", "x": "", "": ""} {
		is := is.New(t)
		is.Equal(Nearest(word, names), want) // what was probably meant, or nothing
	}
}

// writings of a flag and its value that all mean the same.
func writings(r *rand.Rand, short, name, value string) []string {
	dash := []string{"-", "--"}[r.IntN(2)]
	if r.IntN(2) == 0 {
		name = short
	}
	if strings.HasPrefix(value, "--") || r.IntN(2) == 0 {
		return []string{dash + name + "=" + value}
	}
	return []string{dash + name, value}
}

// Any interleaving of flags and positionals means the same.
func TestPropertyInterleaving(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	texts := []string{"", "x", "-", "-x", "a=b", "--", "--register", "login", "http://h/", " ", "-1", "--=", "=", "'"}
	text := func() string { return texts[r.IntN(len(texts))] }
	for range 5000 {
		want := settings{Command: "login", Output: "text", Wait: 5 * time.Minute, Args: []string{}}
		var groups [][]string // each stays together; their order among flags counts
		for range r.IntN(6) {
			switch r.IntN(6) {
			case 0:
				want.Verbose++
				groups = append(groups, []string{[]string{"--verbose", "-verb", "--verbose=true"}[r.IntN(3)]})
			case 1:
				want.Register = true
				groups = append(groups, []string{[]string{"--register", "-reg", "--register=1"}[r.IntN(3)]})
			case 2:
				want.Mode = []string{"auth-code", "device"}[r.IntN(2)]
				groups = append(groups, writings(r, "auth", "auth-mode", want.Mode))
			case 3:
				want.Secret = text()
				groups = append(groups, writings(r, "client-s", "client-secret", want.Secret))
			case 4:
				want.Server = text()
				groups = append(groups, writings(r, "authorization-", "authorization-server", want.Server))
			case 5:
				want.Home = text()
				groups = append(groups, writings(r, "cli-", "cli-home", want.Home))
			}
		}
		line := interleave(r, [][]string{{"login"}}, groups, &want.Args)
		got, _, err := parse(line...)
		if err != nil {
			t.Fatalf("%q must be good: %v", line, err)
		}
		if !slices.Equal(got.Args, want.Args) {
			t.Fatalf("%q: arguments must be %q, not %q", line, want.Args, got.Args)
		}
		got.Args, want.Args = nil, nil
		if got.Secret != want.Secret || got.Server != want.Server || got.Home != want.Home || got.Mode != want.Mode ||
			got.Verbose != want.Verbose || got.Register != want.Register || got.Command != want.Command {
			t.Fatalf("%q must mean\n%+v, not\n%+v", line, want, got)
		}
	}
}

// interleave puts positionals, which it makes up, among the flags, the
// command's word first; sometimes the last of them come after "--".
func interleave(r *rand.Rand, words, flags [][]string, args *[]string) []string {
	rest := words
	for range r.IntN(4) {
		s := []string{"http://h/", "x", "-", "a=b", "", "login"}[r.IntN(6)]
		rest = append(rest, []string{s})
		*args = append(*args, s)
	}
	var line []string
	for len(flags)+len(rest) > 0 {
		from := &flags
		if r.IntN(len(flags)+len(rest)) < len(rest) {
			from = &rest
		}
		line = append(line, (*from)[0]...)
		*from = (*from)[1:]
	}
	if r.IntN(3) == 0 {
		line = append(line, "--")
		for range r.IntN(3) {
			s := []string{"--register", "-x", "--", "y", "--nope=1"}[r.IntN(5)]
			line = append(line, s)
			*args = append(*args, s)
		}
	}
	return line
}
