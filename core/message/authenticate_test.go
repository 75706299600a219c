// RFC 9110 section 11, RFC 7617 and RFC 6750: challenges and credentials.
package message_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/message"
)

func TestChallenges(t *testing.T) {
	type list = []message.Challenge
	for _, c := range []struct {
		rule   string
		fields []string
		want   list
	}{
		{"RFC 9110 section 11.6.1", []string{`Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\""`},
			list{{Scheme: "Basic", Params: []message.Pair{{"realm", "simple"}}},
				{Scheme: "Newauth", Params: []message.Pair{{"realm", "apps"}, {"type", "1"}, {"title", `Login to "apps"`}}}}},
		{"RFC 7617 section 2", []string{`Basic realm="WallyWorld"`}, list{{Scheme: "Basic", Params: []message.Pair{{"realm", "WallyWorld"}}}}},
		{"RFC 6750 section 3", []string{`Bearer realm="example", error="invalid_token", error_description="The access token expired"`},
			list{{Scheme: "Bearer", Params: []message.Pair{{"realm", "example"}, {"error", "invalid_token"}, {"error_description", "The access token expired"}}}}},
		{"RFC 9728 section 5.1", []string{`Bearer resource_metadata="https://resource.example.com/.well-known/oauth-protected-resource"`},
			list{{Scheme: "Bearer", Params: []message.Pair{{"resource_metadata", "https://resource.example.com/.well-known/oauth-protected-resource"}}}}},
		{"several fields", []string{`Basic realm="a"`, `Bearer`}, list{{Scheme: "Basic", Params: []message.Pair{{"realm", "a"}}}, {Scheme: "Bearer"}}},
		{"a bare scheme among others", []string{`Negotiate, Basic realm=x , NTLM`}, list{{Scheme: "Negotiate"}, {Scheme: "Basic", Params: []message.Pair{{"realm", "x"}}}, {Scheme: "NTLM"}}},
		{"a token68", []string{`Negotiate a87421000492aa874209af8bc028=, Basic realm=x`},
			list{{Scheme: "Negotiate", Token68: "a87421000492aa874209af8bc028="}, {Scheme: "Basic", Params: []message.Pair{{"realm", "x"}}}}},
		{"a token68 without padding", []string{`X abc`, `Y abc/+~==  ,Z`}, list{{Scheme: "X", Token68: "abc"}, {Scheme: "Y", Token68: "abc/+~=="}, {Scheme: "Z"}}},
		{"white space around =", []string{"Bearer realm = \"a\" ,\terror\t=\tb"}, list{{Scheme: "Bearer", Params: []message.Pair{{"realm", "a"}, {"error", "b"}}}}},
		{"white space before the next", []string{"X \t,Bearer a=b \t, Y"}, list{{Scheme: "X"}, {Scheme: "Bearer", Params: []message.Pair{{"a", "b"}}}, {Scheme: "Y"}}},
		{"64 KiB in all", []string{"X " + strings.Repeat("a", 64<<10-4), "Y,"}, list{{Scheme: "X", Token68: strings.Repeat("a", 64<<10-4)}, {Scheme: "Y"}}},
		{"empty list elements", []string{", ,Bearer a=b, ,c=d,,", "", ","}, list{{Scheme: "Bearer", Params: []message.Pair{{"a", "b"}, {"c", "d"}}}}},
		{"separators in quotes", []string{`Bearer scope="a,b=c Basic x", error=""`}, list{{Scheme: "Bearer", Params: []message.Pair{{"scope", "a,b=c Basic x"}, {"error", ""}}}}},
		{"a parameter sent twice is there twice", []string{`Bearer Error=a, eRROR=b`}, list{{Scheme: "Bearer", Params: []message.Pair{{"Error", "a"}, {"eRROR", "b"}}}}},
		{"no field", nil, nil},
	} {
		t.Run(c.rule, func(t *testing.T) {
			is := is.New(t)
			got, err := message.ParseChallenges(c.fields)
			is.NoErr(err)         // the challenges are good
			is.Equal(got, c.want) // and say this
		})
	}
}

// RFC 9110 section 5.6.2 lists the characters of a token.
func TestTokenEveryCharacter(t *testing.T) {
	const token = "!#$%&'*+-.^_`|~ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	is := is.New(t)
	for c := range 256 {
		got, err := message.ParseChallenges([]string{"X a" + string([]byte{byte(c)}) + "b=c"})
		named := err == nil && len(got) == 1 && len(got[0].Params) == 1 && len(got[0].Params[0].Name) == 3
		is.Equal(named, strings.IndexByte(token, byte(c)) >= 0) // part of a name, or not
	}
}

func TestChallengesRefused(t *testing.T) {
	for rule, fields := range map[string][]string{
		"an open quote":                       {`Bearer realm="a`},
		"a tab after the scheme":              {"Bearer\trealm"},
		"one more than 64 KiB in all":         {"X " + strings.Repeat("a", 64<<10-4), "Y, "},
		"a quote that its escape leaves open": {`Bearer realm="a\"`},
		"an escape at the end":                {`Bearer realm="a\`},
		"text after a quote":                  {`Bearer realm="a"b`},
		"two words without a comma":           {`Bearer a=b c=d`},
		"a control character":                 {"Bearer realm=\"a\x00\""},
		"a line break":                        {"Bearer realm=\"a\r\nX: y\""},
		"an escaped line break":               {"Bearer realm=\"a\\\r\\\n\""},
		"no value":                            {`Bearer error=x, realm=`},
		"no value but a comma":                {`Bearer realm=, error=x`},
		"no scheme":                           {`="x"`},
		"no scheme but a quote":               {`"Bearer"`},
		"two token68":                         {`Bearer abc def`},
		"a scheme with a slash":               {`Bea/rer x=y`},
		"bytes beyond ASCII":                  {"Bearer r\u00e9alm=x"},
		"a bad one behind a good one":         {`Basic realm="a"`, `Bearer realm="`},
		"more than 64 KiB":                    {strings.Repeat("x, ", 11_000), strings.Repeat("x, ", 11_000)},
	} {
		t.Run(rule, func(t *testing.T) {
			is := is.New(t)
			got, err := message.ParseChallenges(fields)
			is.True(err != nil) // refused
			is.True(got == nil) // and nothing of it is returned
		})
	}
}

func TestChallengeParam(t *testing.T) {
	is := is.New(t)
	c := message.Challenge{Scheme: "Bearer", Params: []message.Pair{{"Scope", "a"}, {"error", "x"}, {"scope", "b"}}}
	value, n := c.Param("SCOPE")
	is.Equal(value, "a") // the first one, in any case
	is.Equal(n, 2)       // and how often there is one
	value, n = c.Param("realm")
	is.Equal(value, "") // nothing
	is.Equal(n, 0)      // of it
}

func TestChallengeWriting(t *testing.T) {
	is := is.New(t)
	c := message.Challenge{Scheme: "Bearer", Params: []message.Pair{{"a", "x\"\\\r\n\x00\ty"}, {"b", ""}}}
	is.Equal(c.String(), "Bearer a=\"x\\\"\\\\\ty\", b=\"\"")                    // quotes escaped, controls left out
	is.Equal(message.Challenge{Scheme: "X", Token68: "abc="}.String(), "X abc=") // a token68 as it is
	is.Equal(message.Challenge{Scheme: "Bearer"}.String(), "Bearer")             // a bare scheme
}

func FuzzParseChallenges(f *testing.F) {
	for _, s := range []string{`Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\""`, "Bearer", "X a==, Y b=c",
		"Bearer realm = x ,,, a=\"\\\t\"", `a="`, ",", "X \x00", "Bearer a=b,\tc", "X ==", "X a=,b", "X , a=b"} {
		f.Add(s, "Bearer")
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		is := is.New(t)
		all, err := message.ParseChallenges([]string{first, second})
		if err != nil {
			return
		}
		var written []string
		for _, c := range all {
			is.True(token(c.Scheme))                                                    // a scheme is a token
			is.True(c.Token68 == "" || message.IsToken68(c.Token68) && c.Params == nil) // a token68 stands alone
			for _, p := range c.Params {
				is.True(token(p.Name))                                                           // a name is a token
				is.True(!strings.ContainsFunc(strings.ReplaceAll(p.Value, "\t", ""), isControl)) // no header can be split
			}
			written = append(written, c.String())
		}
		for _, fields := range [][]string{written, {strings.Join(written, ", ")}} {
			again, err := message.ParseChallenges(fields)
			is.NoErr(err)        // what we write we read, in one field or several
			is.Equal(again, all) // as it was
		}
	})
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// token is RFC 9110 section 5.6.2, written another way than in the package.
func token(s string) bool {
	return s != "" && strings.Trim(s, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

func TestToken68(t *testing.T) {
	for s, want := range map[string]bool{"": false, "=": false, "abc": true, "a-._~+/9Z==": true, "a=b": false, "a b": false,
		"a,b": false, "a\x00": false, "\u00e9": false, `a"`: false, "a;": false} {
		t.Run(s, func(t *testing.T) {
			is := is.New(t)
			is.Equal(message.IsToken68(s), want) // RFC 9110 section 11.2
		})
	}
}

func TestAuthorization(t *testing.T) {
	for _, c := range []struct {
		rule, field string
		want        message.Authorization
	}{
		{"one space", "Bearer abc", message.Authorization{Scheme: "Bearer", Rest: "abc"}},
		{"several spaces", " bearer   abc ", message.Authorization{Scheme: "bearer", Rest: "abc"}},
		{"the scheme alone", "Bearer", message.Authorization{Scheme: "Bearer"}},
		{"two values stay visible", "Bearer a b", message.Authorization{Scheme: "Bearer", Rest: "a b"}},
		{"a tab separates nothing", "Bearer\tabc", message.Authorization{Scheme: "Bearer\tabc"}},
		{"nothing", "", message.Authorization{}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			is := is.New(t)
			got, n := message.ReadAuthorization(message.Header{{"authorization", c.field}, {"X", "y"}})
			is.Equal(got, c.want) // scheme and rest
			is.Equal(n, 1)        // of one field
		})
	}
	is := is.New(t)
	got, n := message.ReadAuthorization(message.Header{{"Authorization", "Basic x"}, {"AUTHORIZATION", "Bearer y"}})
	is.Equal(got.Scheme, "Basic") // the first is shown
	is.Equal(n, 2)                // with the warning that there are two
	_, n = message.ReadAuthorization(nil)
	is.Equal(n, 0) // none
}

func TestBasic(t *testing.T) {
	is := is.New(t)
	user, password, err := message.ParseBasic("QWxhZGRpbjpvcGVuIHNlc2FtZQ==")           // RFC 7617 section 2
	is.NoErr(err)                                                                       // the RFC's example is good
	is.Equal(user, "Aladdin")                                                           // its user
	is.Equal(password, "open sesame")                                                   // its password
	is.Equal(message.BasicHeader(user, password), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==") // and written again
	user, password, err = message.ParseBasic("dGVzdDoxMjPCow==")                        // RFC 7617 section 2.1
	is.NoErr(err)                                                                       // UTF-8 is good
	is.Equal(user+" "+password, "test 123\u00a3")                                       // and kept
	_, password, err = message.ParseBasic(base64.StdEncoding.EncodeToString([]byte("id:a:b")))
	is.NoErr(err)             // a colon in the password is good
	is.Equal(password, "a:b") // and belongs to it
	user, password, err = message.ParseBasic("Og==")
	is.NoErr(err)               // a lone colon
	is.Equal(user+password, "") // is two empty parts
}

func TestBasicRefused(t *testing.T) {
	for rule, rest := range map[string]string{
		"nothing":                       "",
		"no base64":                     "not base64!",
		"no padding":                    "YTpi" + "YQ",
		"stray bytes":                   "YTpi\n",
		"a line break inside":           "YT\r\npi",
		"a space inside":                "YT pi",
		"bits that should be zero":      "YTpiYR==",
		"the URL alphabet":              base64.URLEncoding.EncodeToString([]byte("a:\xff\xff\xff")),
		"no colon":                      base64.StdEncoding.EncodeToString([]byte("abc")),
		"a NUL":                         base64.StdEncoding.EncodeToString([]byte("a:\x00b")),
		"a line break in the user name": base64.StdEncoding.EncodeToString([]byte("a\nb:c")),
		"a DEL":                         base64.StdEncoding.EncodeToString([]byte("a:b\x7f")),
	} {
		t.Run(rule, func(t *testing.T) {
			is := is.New(t)
			user, password, err := message.ParseBasic(rest)
			is.True(err != nil)                                         // refused (TK-14)
			is.Equal(user+password, "")                                 // and nothing of it is returned
			is.True(!strings.Contains(err.Error(), rest) || rest == "") // nor shown
		})
	}
}

func FuzzParseBasic(f *testing.F) {
	for _, s := range []string{"QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Og==", "YTpiYR==", "YTpi\n", "YTp/", "YTpiAA==", "%zz", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, rest string) {
		is := is.New(t)
		user, password, err := message.ParseBasic(rest)
		if err != nil {
			return
		}
		is.Equal(message.BasicHeader(user, password), "Basic "+rest)    // one spelling for one pair
		is.True(!strings.Contains(user, ":"))                           // the first colon separates
		is.True(!slices.ContainsFunc([]rune(user+password), isControl)) // no controls get in
	})
}
