// RFC 6749 section 3.3: scope.
package oauth_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/oauth"
)

func TestScope(t *testing.T) {
	for _, c := range []struct {
		rule, text string
		want       oauth.Scope
	}{
		{"nothing", "", nil},
		{"spaces are nothing", "  ", nil},
		{"order is kept", "mcp:write mcp:read", oauth.Scope{"mcp:write", "mcp:read"}},
		{"each value once", "a b a", oauth.Scope{"a", "b"}},
		{"case counts", "a A", oauth.Scope{"a", "A"}},
		{"spaces too many", " a  b ", oauth.Scope{"a", "b"}},
		{"every character allowed", "!#[]~%&'<>", oauth.Scope{"!#[]~%&'<>"}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			is := is.New(t)
			got, err := oauth.ParseScope(c.text)
			is.NoErr(err)         // RFC 6749 section 3.3 allows it
			is.Equal(got, c.want) // and this is what it says
		})
	}
	for rule, text := range map[string]string{"a quote (AZ-20)": `a"b`, "a backslash": `a\b`, "a tab": "a\tb", "a line break": "a\nb", "NUL": "\x00", "DEL": "\x7f", "beyond ASCII": "\u00e9", "a no-break space": "a\u00a0b"} {
		t.Run(rule, func(t *testing.T) {
			is := is.New(t)
			got, err := oauth.ParseScope(text)
			is.True(err != nil && got == nil)                     // refused
			is.Equal(oauth.Describable(err.Error()), err.Error()) // for a reason that can be sent
		})
	}
}

// A broader value covers the narrower ones; a value nobody knows covers itself.
func TestScopeCovers(t *testing.T) {
	is := is.New(t)
	order := []string{oauth.ScopeRead, oauth.ScopeWrite, oauth.ScopeAdmin}
	for i, granted := range order {
		for j, needed := range order {
			is.Equal(oauth.Covers(oauth.Scope{granted}, needed), i >= j)       // admin over write over read
			is.Equal(oauth.Grants("other "+granted, needed), i >= j)           // for a scope as text too
			is.Equal(oauth.Scope{needed}.Within(oauth.Scope{granted}), i >= j) // and in the other direction
		}
		is.True(!oauth.Covers(oauth.Scope{granted}, "other")) // none covers what it does not know
		is.True(!oauth.Covers(oauth.Scope{"other"}, granted)) // nor is covered by it
		is.True(oauth.KnownScope(granted))                    // each is known
	}
	is.True(oauth.Covers(oauth.Scope{"x", "other"}, "other"))                                      // an unknown value covers itself
	is.True(!oauth.Covers(oauth.Scope{"x"}, "X"))                                                  // exactly
	is.True(!oauth.Covers(nil, oauth.ScopeRead))                                                   // nothing covers nothing
	is.True(!oauth.Grants("", ""))                                                                 // not even nothing
	is.True(!oauth.Grants("mcp:readx xmcp:read", "mcp:read"))                                      // a part of a value is no value
	is.True(oauth.Scope(nil).Within(nil))                                                          // nothing is within anything
	is.True(!oauth.Scope{oauth.ScopeRead, oauth.ScopeAdmin}.Within(oauth.Scope{oauth.ScopeWrite})) // each value must be
	is.True(!oauth.KnownScope("mcp:READ") && !oauth.KnownScope(""))                                // known ones are exact
}

func TestScopeUnion(t *testing.T) {
	is := is.New(t)
	a := make(oauth.Scope, 1, 4)
	a[0] = "a"
	b, c := a.Union(oauth.Scope{"b", "a"}), a.Union(oauth.Scope{"c"})
	is.Equal(b.String(), "a b")        // what is new comes last, once
	is.Equal(c.String(), "a c")        // and two unions share nothing
	is.Equal(a.String(), "a")          // with the original
	is.True(b.Has("b") && !a.Has("b")) // which is unchanged
}

func TestScopeWords(t *testing.T) {
	is := is.New(t)
	words := []string{oauth.ScopeWords(oauth.ScopeRead), oauth.ScopeWords(oauth.ScopeWrite), oauth.ScopeWords(oauth.ScopeAdmin), oauth.ScopeWords("<other>")}
	is.Equal(len(slices.Compact(slices.Sorted(slices.Values(words)))), 4) // each has words of its own
	is.True(!slices.Contains(words, ""))                                  // none is left without
	is.True(!strings.Contains(words[3], "<"))                             // an unknown value is not repeated
}

var scopeToken = regexp.MustCompile(`^[\x21\x23-\x5b\x5d-\x7e]+$`)

func FuzzParseScope(f *testing.F) {
	for _, s := range []string{"", "mcp:read mcp:write", "a a", " ", `"`, `\`, "\t", "\u00e9", "mcp:admin x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		is := is.New(t)
		scope, err := oauth.ParseScope(s)
		if err != nil {
			is.True(scopeToken.MatchString(strings.ReplaceAll(s, " ", "")) == false) // only a character is a reason
			return
		}
		for i, v := range scope {
			is.True(scopeToken.MatchString(v))       // each value keeps to the grammar
			is.True(!slices.Contains(scope[:i], v))  // and is there once
			is.True(oauth.Covers(scope, v))          // and covers itself
			is.True(oauth.Grants(scope.String(), v)) // as text too
		}
		again, err := oauth.ParseScope(scope.String())
		is.NoErr(err)                                                                                                  // what we write we read
		is.Equal(again, scope)                                                                                         // as it was
		is.True(scope.Within(scope))                                                                                   // a scope is within itself
		is.Equal(slices.Compact(slices.Sorted(slices.Values(strings.Fields(s)))), slices.Sorted(slices.Values(scope))) // nothing is lost or added
	})
}
