// Tests of the settings file.
package flagset

import (
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"
)

// configured parses a line and then a settings file.
func configured(t *testing.T, line, file string) (*settings, []string, error) {
	t.Helper()
	root, s := tree()
	c, arranged := Arrange(root, strings.Fields(line))
	if err := root.Parse(arranged); err != nil {
		t.Fatal(err)
	}
	warnings, err := Configure(root, c, []byte(file))
	return s, warnings, err
}

func TestConfigIsTheLastToBeAsked(t *testing.T) {
	is := is.New(t)
	t.Setenv("MCP_AUTH_OUTPUT", "json")
	s, warnings, err := configured(t, "login x --auth-mode device", `{"output":"text","auth-mode":"auth-code","verbose":2,"register":true,
		"login":{"wait":"7s","listen-port-of-the-callback-listener":8080,"cli-home":"inner"},"cli-home":"outer","profile":{"show":{"verbose":1}}}`)
	is.NoErr(err)                   // a good file
	is.Equal(len(warnings), 0)      // with known keys
	is.Equal(s.Mode, "device")      // a flag wins over it
	is.Equal(s.Output, "json")      // a variable as well
	is.Equal(s.Verbose, 2)          // a number
	is.Equal(s.Register, true)      // a boolean
	is.Equal(s.Wait, 7*time.Second) // a section's own
	is.Equal(s.Port, 8080)          // a number of it
	is.Equal(s.Home, "inner")       // the section wins over what is around it

	s, _, err = configured(t, "profile show", `{"verbose":3,"cli-home":null,"profile":{"cli-home":"p","verbose":4,"show":{"verbose":5}}}`)
	is.NoErr(err)          // sections within sections
	is.Equal(s.Verbose, 5) // the innermost wins
	is.Equal(s.Home, "p")  // null sets nothing
}

func TestConfigWarnsOfUnknownKeys(t *testing.T) {
	is := is.New(t)
	_, warnings, err := configured(t, "profile list", `{"verbos":1,"auth-mode":"device","lgin":{},"x":1,"login":{"regsiter":true,"output":"json","profile":{}},"profile":"x","profile2":{"list":1}}`)
	is.NoErr(err) // they are no error: a later version may know them
	is.Equal(strings.Join(warnings, "\n"), `unknown key "verbos"; did you mean "verbose"?
unknown key "lgin"; did you mean "login"?
unknown key "x"
unknown key "regsiter"; did you mean "register"?
unknown key "profile"
"profile" is a command: its settings must be an object
unknown key "profile2"; did you mean "profile"?`) // each with the one that was probably meant
}

func TestConfigThatIsWrong(t *testing.T) {
	for file, want := range map[string]string{
		``:                               "the text is empty",
		`[]`:                             "an object is wanted, not an array",
		`{"verbose":1,"verbose":2}`:      "same name twice",
		`{"output":"canary"}`:            "output: must be one of text, json",
		`{"wait":["canary"]}`:            "wait must be one value, not an array",
		`{"login":{"client-secret":{}}}`: "client-secret must be one value, not an object",
		`{"register":"canary"}`:          "register: must be true or false",
	} {
		is := is.New(t)
		_, _, err := configured(t, "login x", file)
		is.True(err != nil && strings.Contains(err.Error(), want)) // what is wrong
		is.True(!strings.Contains(err.Error(), "canary"))          // without the value
	}
}
