// Rules C-08 and C-09: which redirect URIs may be registered, and what matches.
package oauth_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/oauth"
)

var registrable = []string{
	"https://app.example/cb", "https://app.example", "https://app.example:8443/cb", "https://app.example/cb?tenant=1", "HTTPS://App.Example/CB",
	"https://127.0.0.1/cb", "https://app.example/a..b/.hidden/...", "https://app.example/cb?next=../x", "https://app.example/%41",
	"http://127.0.0.1:7777/cb", "http://127.0.0.1/cb", "http://[::1]:1/cb", "http://localhost:65535", "http://localhost/?x=1",
	"com.example.app:/cb", "com.example.app:cb", "com.example.app:/cb?x=1", "Com.Example.App:/",
	"https://app.example/" + strings.Repeat("a", 2048-len("https://app.example/")),
}

var unregistrable = map[string]string{
	"a pseudo-scheme (RG-01)": "javascript:alert(1)", "in another case": "JaVaScRiPt:alert(1)", "with a path": "javascript:/cb", "data": "data:text/html,x", "vbscript": "vbscript:x",
	"file": "file:///x", "blob": "blob:https://a/b", "about": "about:blank", "ws": "ws://127.0.0.1/", "wss": "wss://app.example/", "ftp": "ftp://app.example/", "view-source": "view-source:https://app.example/",
	"http elsewhere (RG-02)": "http://app.example/cb", "a longer name": "http://localhost.evil.example/cb", "a user": "http://localhost@evil.example/cb", "a longer address": "http://127.0.0.1.evil.example/cb",
	"another loopback address": "http://127.0.0.2/cb", "a short address": "http://127.1/cb", "a number": "http://2130706433/cb", "a hex address": "http://0x7f.0.0.1/cb", "a long IPv6 loopback": "http://[0:0:0:0:0:0:0:1]/cb",
	"a mapped loopback": "http://[::ffff:127.0.0.1]/cb", "a name with a full stop": "http://localhost./cb", "capitals": "http://LOCALHOST/cb", "the unspecified address": "http://0.0.0.0/cb",
	"a fragment (RG-03)": "https://app.example/cb#x", "an empty fragment": "https://app.example/cb#", "userinfo": "https://u:p@app.example/cb", "a wildcard": "https://app.example/*", "a wildcard host": "https://*.app.example/cb",
	"relative": "/cb", "without a scheme": "//app.example/cb", "a bare name": "app.example/cb", "empty": "", "no host": "https:///cb", "opaque https": "https:cb",
	"a dot segment": "https://app.example/a/../cb", "at the end": "https://app.example/cb/..", "a single dot": "https://app.example/./cb", "an escaped dot segment": "https://app.example/%2e%2E/cb", "half escaped": "https://app.example/.%2e/cb",
	"an escaped separator": "https://app.example/cb%2f..%2Fx", "an escaped backslash": "https://app.example/cb%5c..%5Cx", "a rootless dot segment": "com.example.app:..", "an escaped one": "com.example.app:%2e/x", "in a private-use URI": "com.example.app:/a/../cb",
	"a backslash": `https://app.example\@evil.example/`, "a control": "https://app.example/\x01", "a line break": "https://app.example/\r\nX", "a space": "https://app.example/a b", "a leading space": " https://app.example/",
	"DEL": "https://app.example/\x7f", "beyond ASCII": "https://app.example/\u00e9", "a host beyond ASCII": "https://\u0430pp.example/", "a quote": `https://app.example/"`, "angle brackets": "https://app.example/<script>", "a broken escape": "https://app.example/%zz",
	"2,049 characters": "https://app.example/" + strings.Repeat("a", 2049-len("https://app.example/")),
	"port 0":           "http://127.0.0.1:0/cb", "port 65536": "http://127.0.0.1:65536/cb", "port 080": "http://127.0.0.1:080/cb", "port +80": "http://127.0.0.1:+80/cb", "an empty port": "http://127.0.0.1:/cb", "an https port 0": "https://app.example:0/cb",
	"a private-use scheme without a dot (RG-04)": "myapp:/cb", "with an authority": "com.example.app://host/cb", "with an empty authority": "com.example.app:///cb", "with nothing behind it": "org.example.app:", "with a fragment": "com.example.app:/cb#x",
	"a private-use URI with a space": "com.example.app:/a b", "with a control": "com.example.app:/\x01", "with DEL": "com.example.app:/\x7f", "with a backslash": `com.example.app:/a\b`, "a private-use URI beyond ASCII": "com.example.app:/\u00e9",
	"a private-use URI with a broken escape": "com.example.app:/%4", "and one at its end": "com.example.app:/%", "and a sign": "com.example.app:/%+1",
	"a scheme that begins with a digit": "1.app:/cb", "a scheme with an underscore": "com.exa_mple:/cb", "a host and port that look like one": "app.example/x:80",
}

func TestRegistrableRedirect(t *testing.T) {
	for _, uri := range registrable {
		t.Run(uri, func(t *testing.T) {
			is := is.New(t)
			is.NoErr(oauth.RegistrableRedirect(uri)) // C-09 lets it be registered
		})
	}
	for rule, uri := range unregistrable {
		t.Run(rule, func(t *testing.T) {
			is := is.New(t)
			err := oauth.RegistrableRedirect(uri)
			is.True(err != nil)                                           // C-09 does not
			is.Equal(oauth.Describable(err.Error()), err.Error())         // the reason can be sent
			is.True(len(uri) < 12 || !strings.Contains(err.Error(), uri)) // and does not repeat the URI (C-01)
		})
	}
}

func TestRedirectMatches(t *testing.T) {
	const loopback, web = "http://127.0.0.1:7777/cb", "https://app.example/cb"
	for _, c := range []struct {
		rule, registered, requested string
		want                        bool
	}{
		{"equal", web, web, true},
		{"equal with a query", web + "?tenant=1", web + "?tenant=1", true},
		{"equal private-use", "com.example.app:/cb", "com.example.app:/cb", true},
		{"loopback: another port (AZ-04)", loopback, "http://127.0.0.1:51004/cb", true},
		{"loopback: no port", loopback, "http://127.0.0.1/cb", true},
		{"loopback: a port where none is registered", "http://127.0.0.1/cb", "http://127.0.0.1:1/cb", true},
		{"loopback: localhost", "http://localhost/cb", "http://localhost:65535/cb", true},
		{"loopback: IPv6", "http://[::1]:1/cb", "http://[::1]:2/cb", true},
		{"loopback: no path", "http://127.0.0.1:1", "http://127.0.0.1:2", true},
		{"loopback: a query", "http://127.0.0.1:1/cb?x=1", "http://127.0.0.1:2/cb?x=1", true},
		{"loopback: a query without a path", "http://127.0.0.1:1?x", "http://127.0.0.1:2?x", true},

		{"path (AZ-01)", loopback, loopback + "/evil", false},
		{"dot segment", loopback, loopback + "/../cb", false},
		{"escaped dot segment", loopback, loopback + "%2f..", false},
		{"trailing slash", loopback, loopback + "/", false},
		{"query", loopback, loopback + "?x=1", false},
		{"empty query", loopback, "http://127.0.0.1:1/cb?", false},
		{"order of the query", loopback + "?a=1&b=2", "http://127.0.0.1:1/cb?b=2&a=1", false},
		{"case of the path", loopback, "http://127.0.0.1:7777/CB", false},
		{"escape of the path", loopback, "http://127.0.0.1:7777/%63b", false},
		{"no path against /", "http://127.0.0.1:1", "http://127.0.0.1:1/", false},
		{"a longer host (AZ-02)", web, "https://app.example.evil.example/cb", false},
		{"the URI in a query", web, "https://evil.example/?" + web, false},
		{"the host as a user", web, "https://app.example@evil.example/cb", false},
		{"the URI in a fragment", web, "https://evil.example/cb#" + web, false},
		{"a fragment (AZ-03)", web, web + "#x", false},
		{"a fragment on loopback", loopback, "http://127.0.0.1:1/cb#x", false},
		{"localhost for the address (AZ-05)", loopback, "http://localhost:51004/cb", false},
		{"another loopback address", loopback, "http://127.0.0.2:51004/cb", false},
		{"https for http", loopback, "https://127.0.0.1:51004/cb", false},
		{"IPv6 for IPv4", loopback, "http://[::1]:51004/cb", false},
		{"a short address", loopback, "http://127.1:51004/cb", false},
		{"a number for the address", loopback, "http://2130706433:51004/cb", false},
		{"a longer address", loopback, "http://127.0.0.1.evil.example:51004/cb", false},
		{"a user after the address", loopback, "http://127.0.0.1:1234@evil.example/cb", false},
		{"a user before the address", loopback, "http://evil@127.0.0.1:1/cb", false},
		{"a backslash", loopback, `http://127.0.0.1:1\@evil.example/cb`, false},
		{"another port elsewhere (AZ-06)", web, "https://app.example:8443/cb", false},
		{"the default port elsewhere", web, "https://app.example:443/cb", false},
		{"https loopback has no free port", "https://127.0.0.1:1/cb", "https://127.0.0.1:2/cb", false},
		{"another port of a private-use URI", "com.example.app:/1", "com.example.app:/2", false},
		{"port 0 (AZ-07)", loopback, "http://127.0.0.1:0/cb", false},
		{"port 65536", loopback, "http://127.0.0.1:65536/cb", false},
		{"port 99999", loopback, "http://127.0.0.1:99999/cb", false},
		{"port 080", loopback, "http://127.0.0.1:080/cb", false},
		{"port +80", loopback, "http://127.0.0.1:+80/cb", false},
		{"an empty port", loopback, "http://127.0.0.1:/cb", false},
		{"two ports", loopback, "http://127.0.0.1:1:2/cb", false},
		{"a port with a space", loopback, "http://127.0.0.1: 1/cb", false},
		{"an address that is not one of the three", "http://127.0.0.2:1/cb", "http://127.0.0.2:2/cb", false},
		{"case of the scheme", loopback, "HTTP://127.0.0.1:1/cb", false},
		{"case of the host", "http://localhost/cb", "http://LOCALHOST:1/cb", false},
		{"nothing", loopback, "", false},
	} {
		t.Run(c.rule, func(t *testing.T) {
			is := is.New(t)
			is.Equal(oauth.RedirectMatches(c.registered, c.requested), c.want) // C-08
		})
	}
}

func FuzzRegistrableRedirect(f *testing.F) {
	for _, uri := range registrable {
		f.Add(uri)
	}
	for _, uri := range unregistrable {
		f.Add(uri)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		is := is.New(t)
		if oauth.RegistrableRedirect(uri) != nil {
			return
		}
		u, err := url.Parse(uri)
		is.NoErr(err)                                                                                                                  // net/url can read it
		is.True(u.User == nil && !strings.Contains(uri, "#"))                                                                          // no userinfo, no fragment
		is.True(len(uri) <= oauth.MaxRedirectURI)                                                                                      // no longer than allowed
		is.True(!strings.ContainsAny(uri, "\\* \"<>") && strings.IndexFunc(uri, func(r rune) bool { return r <= ' ' || r > '~' }) < 0) // printable ASCII
		is.True(oauth.RedirectMatches(uri, uri))                                                                                       // it matches itself
		switch u.Scheme {
		case "https":
			is.True(u.Hostname() != "") // https has a host
		case "http":
			is.True(u.Hostname() == "127.0.0.1" || u.Hostname() == "::1" || u.Hostname() == "localhost") // http is loopback
		default:
			is.True(strings.Contains(u.Scheme, ".") && u.Host == "") // private use: a dot, no authority
		}
		_, err = url.PathUnescape(u.Opaque)
		is.NoErr(err) // escapes are complete
		decoded := u.Opaque + u.Path
		if again, err := url.PathUnescape(decoded); err == nil { // else a % in it stands for itself
			decoded = again
		}
		for segment := range strings.FieldsFuncSeq(decoded, func(r rune) bool { return r == '/' || r == '\\' }) {
			is.True(segment != "." && segment != "..") // no dot segment, decoded or not
		}
	})
}

func FuzzRedirectMatches(f *testing.F) {
	for _, uri := range registrable {
		f.Add(uri, uri)
	}
	for _, uri := range unregistrable {
		f.Add("http://127.0.0.1:7777/cb", uri)
	}
	f.Add("http://[::1]/cb?x", "http://[::1]:1/cb?x")
	f.Fuzz(func(t *testing.T, registered, requested string) {
		is := is.New(t)
		matches := oauth.RedirectMatches(registered, requested)
		is.Equal(oauth.RedirectMatches(requested, registered), matches) // it is symmetric
		if !matches || registered == requested || oauth.RegistrableRedirect(registered) != nil {
			return
		}
		is.NoErr(oauth.RegistrableRedirect(requested)) // what matches a registered URI could be registered
		a, errA := url.Parse(registered)
		b, errB := url.Parse(requested)
		is.True(errA == nil && errB == nil)                                               // net/url reads both
		is.True(a.Scheme == "http" && b.Scheme == "http" && a.Hostname() == b.Hostname()) // one loopback host, http
		is.Equal(withPort(registered, a, "1"), withPort(requested, b, "1"))               // only the port differs
	})
}

// withPort replaces the authority of uri by host and port.
func withPort(uri string, u *url.URL, port string) string {
	return strings.Replace(uri, "//"+u.Host, "//"+u.Hostname()+":"+port, 1)
}
