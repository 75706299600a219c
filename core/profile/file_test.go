// Tests of the file's text: the original's file, malformed files, round trips.
package profile_test

import (
	"bytes"
	_ "embed"
	"strings"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/message"
	"mcp-auth/core/profile"
)

//go:embed testdata/original.json
var original []byte

func TestTheOriginalsFileIsReadAndKept(t *testing.T) {
	is := is.New(t)
	s, err := profile.Parse(original)
	is.NoErr(err)                                                           // the original's file is readable
	is.Equal(len(s.Profiles), 2)                                            // both profiles
	is.Equal(s.Profiles[0].RefreshToken, "refresh-token-value-0001")        // a text
	is.Equal(s.Profiles[0].CreatedAt.UnixMicro(), int64(1777636800_123456)) // a time, to the microsecond
	is.Equal(s.Profiles[1].LastUsedAt.Unix(), int64(1777636800))            // a time with another offset
	is.Equal(s.Profiles[1].Issuer, "")                                      // null is unset

	// What is written differs by the version, and by times in one form.
	want := strings.Replace(string(original), "2026-05-01T12:00:00+00:00", "2026-05-01T12:00:00.000000+00:00", 1)
	want = strings.Replace(want, "2026-05-01T14:00:00+02:00", "2026-05-01T12:00:00.000000+00:00", 1)
	want = strings.Replace(want, "  ]\n}\n", "  ],\n  \"version\": 1\n}\n", 1)
	is.Equal(string(profile.Format(s)), want) // the same keys in the same order and form
}

func TestEveryKeyOfTheOriginalIsAlwaysWritten(t *testing.T) {
	is := is.New(t)
	out, err := message.ParseJSON(profile.Format(profile.Store{Profiles: []profile.Profile{{ID: "1", ResourceURL: "http://h/mcp"}}}))
	is.NoErr(err) // valid JSON
	was, err := message.ParseJSON(original)
	is.NoErr(err) // valid JSON
	mine := out.Get("profiles").Elems()[0]
	for _, m := range was.Get("profiles").Elems()[0].Members() {
		is.True(mine.Get(m.Name).Kind() != message.Missing) // a key the original reads is there
	}
	is.Equal(len(mine.Members()), 21) // ours are left out when unset: the original knows none
}

func TestUnknownMembersSurviveARewrite(t *testing.T) {
	is := is.New(t)
	in := `{"profiles":[{"profile_id":"1","resource_url":"http://h/mcp","dpop_jkt":"abc","later":{"b":1e400,"a":[null]}}],"settings":{"x":1}}`
	s, err := profile.Parse([]byte(in))
	is.NoErr(err) // unknown members are no error
	s.Put(profile.Profile{ID: "2", ResourceURL: "http://h/mcp", AccessToken: "new"})
	out, err := message.ParseJSON(profile.Format(s))
	is.NoErr(err)                                                   // valid JSON
	is.Equal(string(out.Get("settings").Append(nil)), `{"x":1}`)    // beside the profiles
	p := out.Get("profiles").Elems()[0]                             //
	is.Equal(string(p.Get("dpop_jkt").Append(nil)), `"abc"`)        // in a profile that a login replaced
	is.Equal(string(p.Get("later").Get("b").Append(nil)), "1e400")  // digits as they were
	is.Equal(string(p.Get("later").Get("a").Append(nil)), "[null]") // nested too
	is.Equal(string(p.Get("access_token").Append(nil)), `"new"`)    // and the login is in it
}

// PF-07: malformed files end in an error that says what is wrong.
func TestPF07MalformedFiles(t *testing.T) {
	full := string(original)
	for name, c := range map[string]struct{ data, want string }{
		"empty":               {"", "text is empty"},
		"truncated":           {full[:len(full)/2], "too early"},
		"trailing text":       {full + "x", "more than one JSON value"},
		"byte order mark":     {"\ufeff" + full, "byte order mark"},
		"not UTF-8":           {strings.Replace(full, "mcp:read", "\xff", 1), "not JSON"},
		"a name twice":        {`{"profiles":[],"profiles":[]}`, "same name twice"},
		"deep":                {strings.Repeat("[", 100_000), "nests deeper"},
		"100 MB":              {strings.Repeat(" ", 100<<20), "longer than 8 MiB"},
		"an array":            {"[]", "an object is wanted, not an array"},
		"null":                {"null", "an object is wanted, not null"},
		"future":              {`{"version":2,"profiles":[]}`, "later version"},
		"no version number":   {`{"version":"1","profiles":[]}`, "later version"},
		"profiles an object":  {`{"profiles":{}}`, "profiles must be an array, not an object"},
		"profile a string":    {`{"profiles":["x"]}`, "profile 1: an object is wanted, not a string"},
		"profile without id":  {`{"profiles":[{"resource_url":"http://h"}]}`, "profile 1: profile_id and resource_url are needed"},
		"an id twice":         {`{"profiles":[{"profile_id":"1","resource_url":"http://h"},{"profile_id":"1","resource_url":"http://i"}]}`, "profile 2: its profile_id is taken"},
		"token a number":      {`{"profiles":[{"profile_id":"1","resource_url":"http://h","access_token":1}]}`, "access_token must be a string, not a number"},
		"time without offset": {`{"profiles":[{"profile_id":"1","resource_url":"http://h","expires_at":"2026-05-01T12:00:00"}]}`, "expires_at must be a time with an offset"},
		"time beyond years":   {`{"profiles":[{"profile_id":"1","resource_url":"http://h","expires_at":"9999-12-31T23:00:00-10:00"}]}`, "expires_at must be a time with an offset"},
		"active an array":     {`{"profiles":[],"active_profiles":[]}`, "active_profiles must be an object, not an array"},
		"active a number":     {`{"profiles":[],"active_profiles":{"http://h":1}}`, "active_profiles must map URLs to profile ids"},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			s, err := profile.Parse([]byte(c.data))
			is.True(err != nil)                                       // the file is refused
			is.True(strings.Contains(err.Error(), c.want))            // and the error says why
			is.True(!strings.Contains(err.Error(), "\n"))             // in one line
			is.Equal(len(s.Profiles)+len(s.Active)+len(s.Unknown), 0) // nothing of it is used
		})
	}
}

// FuzzParse: what is read is written so that it reads the same, and no
// member that was in the file is lost.
func FuzzParse(f *testing.F) {
	f.Add(original)
	f.Add([]byte(`{"profiles":[{"profile_id":"1","resource_url":"http://h","expires_at":"2026-05-01T12:00:00.9+05:30","x":[1,{"y":"\u202e"}]}],"version":1,"z":-0.0}`))
	f.Add([]byte(`{"active_profiles":{"http://H:80/":"1","http://h/":"2"}}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := profile.Parse(data)
		if err != nil {
			return
		}
		text := profile.Format(s)
		again, err := profile.Parse(text)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, text)
		}
		if second := profile.Format(again); !bytes.Equal(text, second) {
			t.Fatalf("a second writing differs:\n%s\n%s", text, second)
		}
		was, _ := message.ParseJSON(data)
		is, _ := message.ParseJSON(text)
		kept(t, was, is, "version", "profiles", "active_profiles")
		for i, p := range was.Get("profiles").Elems() {
			kept(t, p, is.Get("profiles").Elems()[i], "created_at", "expires_at", "last_used_at")
		}
		for _, p := range s.Profiles {
			_ = p.Redacted()
		}
	})
}

// kept checks that every member of was is in is; null, empty and absent are
// the same.
func kept(t *testing.T, was, is message.Value, but ...string) {
	t.Helper()
	for _, m := range was.Members() {
		if s, ok := m.Value.Text(); m.Value.Kind() == message.Null || ok && s == "" || contains(but, m.Name) {
			continue
		}
		if a, b := m.Value.AppendSorted(nil, 0), is.Get(m.Name).AppendSorted(nil, 0); !bytes.Equal(a, b) {
			t.Fatalf("%q was %s and is %s", m.Name, a, b)
		}
	}
}

func contains(all []string, s string) bool {
	for _, a := range all {
		if a == s {
			return true
		}
	}
	return false
}
