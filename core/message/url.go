// URLs as decisions need them: what is not plainly right is refused
// (RFC 3986, with what RFC 9700 section 4.1 warns of left out).
package message

import (
	"errors"
	"net/netip"
	"strings"
)

// A URL is an absolute URL in its parts, as they were written. Host keeps the
// brackets of an IPv6 literal.
type URL struct {
	Scheme, Host, Port, Path, Query string
	HasQuery                        bool
}

// ParseURL reads an absolute URL with an authority: printable ASCII, no
// userinfo, no fragment, no backslash, complete percent-encoding, a canonical
// port or none.
func ParseURL(s string) (URL, error) {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] >= 0x7f || strings.IndexByte(`\"<>^`+"`{|}", s[i]) >= 0 {
			return URL{}, errors.New("the URL has a character that must be percent-encoded")
		}
		if s[i] == '%' && (i+2 >= len(s) || unhex(s[i+1]) < 0 || unhex(s[i+2]) < 0) {
			return URL{}, errors.New("the URL has a '%' that is not followed by two hex digits")
		}
	}
	if strings.IndexByte(s, '#') >= 0 {
		return URL{}, errors.New("the URL has a fragment")
	}
	scheme, authority, path, query := split(s)
	if !IsScheme(scheme) || !strings.HasPrefix(s[len(scheme):], "://") {
		return URL{}, errors.New("the URL is not absolute: scheme://host is needed")
	}
	u := URL{Scheme: strings.ToLower(scheme), Path: path, Query: query, HasQuery: strings.IndexByte(s, '?') >= 0}
	if err := u.setAuthority(authority); err != nil {
		return URL{}, err
	}
	return u, nil
}

func (u *URL) setAuthority(authority string) error {
	if strings.IndexByte(authority, '@') >= 0 {
		return errors.New("the URL has a user name in it")
	}
	host, port, colon := authority, "", false
	if end := strings.IndexByte(authority, ']'); strings.HasPrefix(authority, "[") && end > 0 {
		host, port = authority[:end+1], authority[end+1:]
		if port, colon = strings.CutPrefix(port, ":"); !colon && port != "" {
			return errors.New("the URL's host is malformed")
		}
	} else {
		host, port, colon = strings.Cut(authority, ":")
	}
	if colon && !CanonicalPort(port) {
		return errors.New("the URL's port must be a number from 1 to 65535")
	}
	if !validHost(host) {
		return errors.New("the URL's host is malformed or empty")
	}
	u.Host, u.Port = host, port
	return nil
}

// validHost takes a name, an IPv4 address or an IPv6 literal in brackets. A
// name has no empty label, the last one apart.
func validHost(h string) bool {
	if in, ok := strings.CutPrefix(h, "["); ok {
		in, ok = strings.CutSuffix(in, "]")
		a, err := netip.ParseAddr(in)
		return ok && err == nil && a.Is6() && a.Zone() == ""
	}
	if strings.HasPrefix(h, ".") || strings.Contains(h, "..") {
		return false
	}
	for i := 0; i < len(h); i++ {
		if c := h[i] | 0x20; !(c >= 'a' && c <= 'z' || h[i] >= '0' && h[i] <= '9' || h[i] == '-' || h[i] == '.' || h[i] == '_') {
			return false
		}
	}
	return h != ""
}

// CanonicalPort reports whether p is a port as it should be written: 1 to
// 65535 without sign or leading zero.
func CanonicalPort(p string) bool {
	if len(p) == 0 || len(p) > 5 || p[0] == '0' {
		return false
	}
	n := 0
	for i := 0; i < len(p); i++ {
		if p[i] < '0' || p[i] > '9' {
			return false
		}
		n = n*10 + int(p[i]-'0')
	}
	return n <= 65535
}

// IsScheme reports whether s is a scheme name (RFC 3986 section 3.1).
func IsScheme(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i] | 0x20
		letter := c >= 'a' && c <= 'z'
		if !letter && (i == 0 || !(s[i] >= '0' && s[i] <= '9' || s[i] == '+' || s[i] == '-' || s[i] == '.')) {
			return false
		}
	}
	return s != ""
}

// Loopback reports whether the host is literally one of the three names of
// this machine (RFC 8252 section 7.3).
func (u URL) Loopback() bool {
	return u.Host == "127.0.0.1" || u.Host == "[::1]" || u.Host == "localhost"
}

// Origin returns scheme://host[:port], a default port left out.
func (u URL) Origin() string {
	host := strings.ToLower(u.Host)
	if u.Port == "" || u.Scheme == "https" && u.Port == "443" || u.Scheme == "http" && u.Port == "80" {
		return u.Scheme + "://" + host
	}
	return u.Scheme + "://" + host + ":" + u.Port
}
