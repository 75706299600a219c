// RFC 6749 appendix B and rules C-06, C-07: what a form may be.
package message_test

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/matryer/is"

	"mcp-auth/core/message"
)

func TestFormReading(t *testing.T) {
	long := strings.Repeat("v", message.MaxValue)
	for _, c := range []struct {
		rule, encoded string
		want          message.Form
	}{
		{"nothing is no parameter", "", nil},
		{"order and repeats are kept", "b=2&a=1&b=3", message.Form{{"b", "2"}, {"a", "1"}, {"b", "3"}}},
		{"a name may stand alone", "a&b=", message.Form{{"a", ""}, {"b", ""}}},
		{"empty pieces are no parameters", "&a=1&&b=2&", message.Form{{"a", "1"}, {"b", "2"}}},
		{"only the first = separates", "a=b=c", message.Form{{"a", "b=c"}}},
		{"plus is a space, %2B a plus", "a+b=c+d%2Be", message.Form{{"a b", "c d+e"}}},
		{"escapes in any case", "a=%c3%A9%00%0d%0A", message.Form{{"a", "é\x00\r\n"}}},
		{"plus first", "a=+b", message.Form{{"a", " b"}}},
		{"separators can be escaped", "a=%26%3D%3B%25", message.Form{{"a", "&=;%"}}},
		{"what is not ASCII may come raw", "a=é", message.Form{{"a", "é"}}},
		{"a value of 8 KiB", "a=" + long, message.Form{{"a", long}}},
		{"escapes count once decoded", "a=" + strings.Repeat("%61", message.MaxValue), message.Form{{"a", strings.Repeat("a", message.MaxValue)}}},
		{"a hundred parameters", strings.Repeat("a=&", 99) + "a=", make(message.Form, 100)},
	} {
		t.Run(c.rule, func(t *testing.T) {
			is := is.New(t)
			got, err := message.ParseForm(c.encoded)
			is.NoErr(err) // the form is good
			if len(c.want) == 100 {
				is.Equal(len(got), 100) // all of them are read
				return
			}
			is.Equal(got, c.want) // and says this
		})
	}
}

func TestFormRefused(t *testing.T) {
	for rule, encoded := range map[string]string{
		"an escape with one digit":          "a=%4",
		"an escape without digits":          "a=%",
		"an escape of other letters":        "a=%zz",
		"an escape with another letter":     "a=%4g",
		"another letter first":              "a=%g4",
		"another letter before good bytes":  "a=%g0%90%80%80",
		"an escape with a sign":             "a=%+1",
		"a bad escape in a name":            "%zz=1",
		"a bad escape behind good ones":     "a=1&b=%41%4",
		"a raw semicolon (TK-21)":           "a=1;b=2",
		"a raw semicolon first":             ";a=1",
		"a raw semicolon in a name":         "a;b=2",
		"UTF-8 cut off":                     "a=%c3",
		"UTF-8 of a surrogate":              "a=%ed%a0%80",
		"UTF-8 longer than needed":          "a=%c0%af",
		"a raw byte that is no UTF-8":       "a=\xff",
		"101 parameters":                    strings.Repeat("a=&", 100) + "a=",
		"10,000 parameters (TK-20)":         strings.Repeat("a=1&", 10_000),
		"a value of 8 KiB and one":          "a=" + strings.Repeat("v", message.MaxValue+1),
		"a name of 8 KiB and one":           strings.Repeat("n", message.MaxValue+1) + "=1",
		"a value too long once it is spelt": "a=" + strings.Repeat("%61", message.MaxValue+1),
	} {
		t.Run(rule, func(t *testing.T) {
			is := is.New(t)
			f, err := message.ParseForm(encoded)
			is.True(err != nil) // the form is refused
			is.True(f == nil)   // and nothing of it is returned
		})
	}
}

// application/x-www-form-urlencoded, each character: the unreserved ones of
// RFC 3986 section 2.3 stay, all else is escaped, and is read in either case.
func TestFormEveryCharacter(t *testing.T) {
	const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
	is := is.New(t)
	for c := range 128 {
		s, escaped := string(rune(c)), fmt.Sprintf("%%%02X", c)
		want := escaped
		if strings.Contains(unreserved, s) {
			want = s
		}
		is.Equal(message.Form{{"k", s}}.Encode(), "k="+want) // written so
		for _, text := range []string{escaped, strings.ToLower(escaped)} {
			f, err := message.ParseForm("k=" + text)
			is.NoErr(err)                       // an escape is one in either case
			is.Equal(f, message.Form{{"k", s}}) // and means this
		}
	}
}

func TestFormValues(t *testing.T) {
	is := is.New(t)
	f, err := message.ParseForm("once=1&empty=&twice=2&twice=2&some=&some=x&some=y")
	is.NoErr(err) // the form is good
	for name, want := range map[string]string{"once": "1", "empty": "", "absent": "", "Once": ""} {
		got, err := f.One(name)
		is.NoErr(err)       // at most once
		is.Equal(got, want) // empty is absent, names are exact
	}
	_, err = f.One("twice")
	var repeated *message.RepeatedError
	is.True(errors.As(err, &repeated))                              // identical repeats are repeats (C-06)
	is.Equal(repeated.Name, "twice")                                // and the error names the parameter
	is.Equal(f.All("some"), []string{"x", "y"})                     // empty values are absent
	is.Equal(len(f.All("absent")), 0)                               // as absent ones are
	is.Equal(err.Error(), "parameter twice is sent more than once") // in words
}

func TestFormWriting(t *testing.T) {
	is := is.New(t)
	var f message.Form
	f.Add("b", "1 +&=é~")
	f.Add("empty", "")
	f.Add("a", "\x00")
	is.Equal(f.Encode(), "b=1%20%2B%26%3D%C3%A9~&a=%00") // order kept, empty ones left out
	for rawURL, want := range map[string]string{
		"https://h/cb":               "https://h/cb?k=v",
		"https://h/cb?":              "https://h/cb?k=v",
		"?a=b":                       "?a=b&k=v",
		"https://h/cb?tenant=1":      "https://h/cb?tenant=1&k=v", // AZ-33
		"https://h/cb?a=%7e&":        "https://h/cb?a=%7e&k=v",
		"com.example.app:/cb":        "com.example.app:/cb?k=v",
		"https://h/cb?next=/a?b=%2F": "https://h/cb?next=/a?b=%2F&k=v",
	} {
		is.Equal(message.AppendQuery(rawURL, message.Form{{"k", "v"}}), want) // what was there stays byte for byte
		is.Equal(message.AppendQuery(rawURL, nil), rawURL)                    // nothing adds nothing
	}
}

func TestFormBody(t *testing.T) {
	post := func(contentTypes ...string) message.Request {
		r := message.Request{Method: "POST", URL: "http://h/token?client_secret=x", Body: []byte("a=1")}
		for _, c := range contentTypes {
			r.Header = r.Header.With("content-type", c)
		}
		return r
	}
	for _, c := range []struct {
		rule   string
		r      message.Request
		status int
	}{
		{"the media type", post(message.FormType), 0},
		{"in any case, with a charset", post("Application/X-WWW-Form-URLencoded ; charset=UTF-8"), 0},
		{"none", post(), 415},
		{"empty", post(""), 415},
		{"JSON", post(message.JSONType), 415},
		{"multipart", post("multipart/form-data; boundary=x"), 415},
		{"the media type and more", post(message.FormType + " x"), 415},
		{"two of them", post(message.FormType, message.FormType), 415},
		{"a body that is no form", message.Request{Header: message.Header{{"Content-Type", message.FormType}}, Body: []byte("%")}, 400},
	} {
		t.Run(c.rule, func(t *testing.T) {
			is := is.New(t)
			f, err := message.ReadForm(c.r)
			if c.status == 0 {
				is.NoErr(err)                         // the body is read
				is.Equal(f, message.Form{{"a", "1"}}) // and the URL is not
				return
			}
			var bad *message.FormError
			is.True(errors.As(err, &bad))    // refused
			is.Equal(bad.Status, c.status)   // with this status
			is.True(bad.Error() == bad.Text) // and says why
		})
	}
}

// A kept value must not keep the body it came in alive (C-07): of a long text
// the parts are copied, of a short one they are not.
func TestFormKeepsNoLongBody(t *testing.T) {
	is := is.New(t)
	short := "grant_type=authorization_code&code=abc&redirect_uri=plain"
	is.Equal(testing.AllocsPerRun(50, func() { _, _ = message.ParseForm(short) }), 1.0) // the list alone
	long := short + "&state=" + strings.Repeat("s", 5<<10)
	is.Equal(testing.AllocsPerRun(50, func() { _, _ = message.ParseForm(long) }), 9.0) // the list, four names, four values
}

// A redirect is one piece of memory, and so is each value that was escaped.
func TestFormAllocations(t *testing.T) {
	is := is.New(t)
	f := message.Form{{"code", strings.Repeat("c", 43)}, {"state", "xyz"}, {"iss", "http://127.0.0.1:8080"}}
	is.Equal(testing.AllocsPerRun(50, func() { _ = f.Encode() }), 1.0)
	is.Equal(testing.AllocsPerRun(50, func() { _ = message.AppendQuery("http://127.0.0.1:7777/callback", f) }), 1.0)
	is.Equal(testing.AllocsPerRun(50, func() { _, _ = message.ParseForm("iss=http%3A%2F%2F127.0.0.1%3A8080") }), 2.0) // the list, the value
}

func FuzzParseForm(f *testing.F) {
	for _, s := range []string{"", "a=1&b=2", "a=%zz", "a;b", "a+b=%2B", "=&==&a==", "%00=%ff", "a=é&&&", "state=%F0%9F%98%80"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		is := is.New(t)
		form, err := message.ParseForm(s)
		if err != nil {
			return
		}
		is.True(len(form) <= message.MaxParams) // the count is bounded
		want, err := url.ParseQuery(s)
		is.NoErr(err) // what we take, net/url takes
		for _, p := range form {
			is.True(utf8.ValidString(p.Name + p.Value))                                  // only valid UTF-8
			is.True(len(p.Name) <= message.MaxValue && len(p.Value) <= message.MaxValue) // lengths are bounded
			is.True(slices.Contains(want[p.Name], p.Value))                              // and it means the same
		}
		again, err := message.ParseForm(form.Encode())
		is.NoErr(err)                      // what we write we read
		is.Equal(len(again), len(form))    // all of it
		is.True(slices.Equal(again, form)) // as it was
	})
}
