// RFC 3986 and RFC 9700 section 4.1: which URLs a decision may be made about.
package message_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/message"
)

func TestURL(t *testing.T) {
	for _, c := range []struct {
		text, origin string
		want         message.URL
	}{
		{"https://h", "https://h", message.URL{Scheme: "https", Host: "h"}},
		{"HTTPS://App.Example:443/", "https://app.example", message.URL{Scheme: "https", Host: "App.Example", Port: "443", Path: "/"}},
		{"http://h:80?", "http://h", message.URL{Scheme: "http", Host: "h", Port: "80", HasQuery: true}},
		{"https://h:80/a//b/../c?x=1?y=/", "https://h:80", message.URL{Scheme: "https", Host: "h", Port: "80", Path: "/a//b/../c", Query: "x=1?y=/", HasQuery: true}},
		{"http://[::1]:65535/cb", "http://[::1]:65535", message.URL{Scheme: "http", Host: "[::1]", Port: "65535", Path: "/cb"}},
		{"http://[2001:db8::1]/", "http://[2001:db8::1]", message.URL{Scheme: "http", Host: "[2001:db8::1]", Path: "/"}},
		{"http://127.0.0.1:1/%2F%c3%a9", "http://127.0.0.1:1", message.URL{Scheme: "http", Host: "127.0.0.1", Port: "1", Path: "/%2F%c3%a9"}},
		{"https://xn--bcher-kva.example./x_y-z~", "https://xn--bcher-kva.example.", message.URL{Scheme: "https", Host: "xn--bcher-kva.example.", Path: "/x_y-z~"}},
		{"https://h:9/%10%01%90%ff", "https://h:9", message.URL{Scheme: "https", Host: "h", Port: "9", Path: "/%10%01%90%ff"}},
		{"com.example.app://host/x", "com.example.app://host", message.URL{Scheme: "com.example.app", Host: "host", Path: "/x"}},
	} {
		t.Run(c.text, func(t *testing.T) {
			is := is.New(t)
			u, err := message.ParseURL(c.text)
			is.NoErr(err)                  // plainly right
			is.Equal(u, c.want)            // in these parts
			is.Equal(u.Origin(), c.origin) // of this origin
		})
	}
}

func TestURLRefused(t *testing.T) {
	for rule, text := range map[string]string{
		"an empty user": "https://@h/", "a space in the path": "https://h/a b", "a backslash in the path": `https://h/a\b`, "half an escape": "https://h/ab%4z", "the other half": "https://h/%z4",
		"nothing": "", "no scheme": "//h/", "a path": "/a", "no authority": "https:/h", "opaque": "mailto:a@b.c", "no host": "https://", "no host but a port": "https://:80/",
		"no host but a path": "https:///h", "a scheme with a space": "ht tp://h", "a scheme with a digit first": "1ttp://h", "a leading space": " https://h",
		"a user": "https://u@h/", "a user and password": "http://127.0.0.1:1234@evil.example", "a fragment": "https://h/#", "a backslash": `https://h\@evil.example/`,
		"a control": "https://h/\x00", "a line break": "https://h/\r\nX", "a tab": "https://h/\t", "DEL": "https://h/\x7f", "beyond ASCII": "https://h\u00e9.example/",
		"a full stop of another script": "https://evil\u3002example/", "a quote": `https://h/"`, "angle brackets": "https://h/<a>", "a broken escape": "https://h/%zz", "a short escape": "https://h/%2",
		"a broken escape in the query": "https://h/?%", "an escape in the host": "https://%65vil.example/", "port 0": "http://h:0/", "port 65536": "http://h:65536/", "port 99999": "http://h:99999/", "port 080": "http://h:080/",
		"port +80": "http://h:+80/", "an empty port": "http://h:/", "a port of letters": "http://h:x/", "two ports": "http://h:1:2/", "a million digits": "http://h:" + strings.Repeat("9", 1e6),
		"an IPv6 address without brackets": "http://::1/", "brackets left open": "http://[::1/", "brackets around a name": "http://[localhost]/", "brackets around IPv4": "http://[127.0.0.1]/",
		"a zone": "http://[fe80::1%25eth0]/", "text after brackets": "http://[::1]x/", "no address": "http://[:::]/", "empty brackets": "http://[]/", "empty labels": "http://a..b/", "a leading dot": "http://.a/",
	} {
		t.Run(rule, func(t *testing.T) {
			is := is.New(t)
			u, err := message.ParseURL(text)
			is.True(err != nil)        // refused
			is.Equal(u, message.URL{}) // and nothing of it is returned
		})
	}
}

func TestURLLoopback(t *testing.T) {
	for text, want := range map[string]bool{
		"http://127.0.0.1/": true, "http://[::1]:1/": true, "https://localhost": true,
		"http://127.0.0.2/": false, "http://127.1/": false, "http://2130706433/": false, "http://0x7f.1/": false, "http://localhost./": false, "http://LOCALHOST/": false,
		"http://127.0.0.1.evil.example/": false, "http://localhost.evil.example/": false, "http://[0:0:0:0:0:0:0:1]/": false, "http://[::ffff:127.0.0.1]/": false, "http://0.0.0.0/": false,
	} {
		t.Run(text, func(t *testing.T) {
			is := is.New(t)
			u, err := message.ParseURL(text)
			is.NoErr(err)                // a URL it is
			is.Equal(u.Loopback(), want) // only three spellings are this machine (C-08)
		})
	}
}

// Which characters a scheme (RFC 3986 section 3.1) and a host's name have.
func TestURLEveryCharacter(t *testing.T) {
	const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	is := is.New(t)
	for c := range 256 {
		s := string([]byte{'a', byte(c), 'b'})
		is.Equal(message.IsScheme(s), strings.IndexByte(alphanumeric+"+-.", byte(c)) >= 0)                  // a scheme's, or none
		is.Equal(message.IsScheme(s[1:2]), byte(c)|0x20 >= 'a' && byte(c)|0x20 <= 'z')                      // the first is a letter
		u, err := message.ParseURL("https://" + s + ".example")                                             // a name
		is.Equal(err == nil && u.Host == s+".example", strings.IndexByte(alphanumeric+"-._", byte(c)) >= 0) // a host's, or refused
	}
}

// What a request's URL is made of is read from any text, in origin form too.
func TestRequestTarget(t *testing.T) {
	for text, want := range map[string][3]string{
		"/p?q": {"", "/p", "q"}, "?q": {"", "", "q"}, "#f": {"", "", ""}, "/p#f?q": {"", "/p", ""}, "://h/p": {"", "://h/p", ""}, "https:///p": {"", "/p", ""}, "https://h?q#f": {"h", "", "q"},
	} {
		t.Run(text, func(t *testing.T) {
			is := is.New(t)
			m := message.Request{URL: text}
			is.Equal([3]string{m.Host(), m.Path(), m.Query()}, want) // nothing is decoded, nothing is added
		})
	}
}

func FuzzParseURL(f *testing.F) {
	for _, s := range []string{"https://h:443/a?b=c", "http://[::1]:1/", "http://127.0.0.1:1234@evil.example", `https://h\@e/`, "https://h/%zz", "http://h:080/", "x://a_b..c/", "http://[::1%25x]/", "HTTP://A:1?"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		is := is.New(t)
		u, err := message.ParseURL(s)
		if err != nil {
			return
		}
		other, err := url.Parse(s)
		is.NoErr(err)                                                                 // net/url takes it too
		is.Equal(u.Scheme, other.Scheme)                                              // and sees the same scheme,
		is.Equal(strings.Trim(u.Host, "[]"), other.Hostname())                        // host,
		is.Equal(u.Port, other.Port())                                                // port,
		is.Equal(u.Path, s[strings.Index(s, "://")+3+len(other.Host):][:len(u.Path)]) // path
		is.Equal(u.Query, other.RawQuery)                                             // and query,
		is.True(other.User == nil && other.Fragment == "" && other.Opaque == "")      // and nothing else
		is.Equal(written(u), strings.ToLower(s[:len(u.Scheme)])+s[len(u.Scheme):])    // the parts are the whole
		m := message.Request{URL: s}
		is.Equal(m.Path(), u.Path)     // a request reads the same path
		is.Equal(m.Query(), u.Query)   // and query in it
		is.Equal(m.Host(), other.Host) // and host
		origin, err := message.ParseURL(u.Origin())
		is.NoErr(err)                         // an origin is a URL
		is.Equal(origin.Origin(), u.Origin()) // and its own origin
	})
}

func written(u message.URL) string {
	s := u.Scheme + "://" + u.Host
	if u.Port != "" {
		s += ":" + u.Port
	}
	s += u.Path
	if u.HasQuery {
		s += "?" + u.Query
	}
	return s
}
