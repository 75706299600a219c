// RFC 6749 section 3.1.2, RFC 8252 section 7.3 and RFC 9700 section 4.1:
// which redirect URIs may be registered, and which requests match them.
package oauth

import (
	"errors"
	"strconv"
	"strings"

	"mcp-auth/core/message"
)

// MaxRedirectURI is the longest redirect URI taken, in bytes.
const MaxRedirectURI = 2048

// RegistrableRedirect says whether a redirect URI may be registered: https
// with a host, http on a loopback literal, or a private-use scheme with a dot
// in it and no authority.
func RegistrableRedirect(uri string) error {
	if err := plainURI(uri); err != nil {
		return err
	}
	scheme, rest, ok := strings.Cut(uri, ":")
	if !ok || !message.IsScheme(scheme) {
		return errors.New("a redirect URI must be absolute")
	}
	switch strings.ToLower(scheme) {
	case "https", "http":
		return webRedirect(uri)
	}
	if !strings.Contains(scheme, ".") {
		return errors.New("a private-use scheme must be a reversed domain name such as com.example.app")
	}
	if rest == "" || strings.HasPrefix(rest, "//") {
		return errors.New("a private-use redirect URI has no host: it must look like com.example.app:/path")
	}
	return nil
}

func webRedirect(uri string) error {
	u, err := message.ParseURL(uri)
	if err != nil {
		return err
	}
	if u.Scheme == "http" && !u.Loopback() {
		return errors.New("a redirect URI with http must be on 127.0.0.1, [::1] or localhost; use https")
	}
	return nil
}

// plainURI refuses what browsers and servers read in different ways.
func plainURI(uri string) error {
	if uri == "" || len(uri) > MaxRedirectURI {
		return errors.New("a redirect URI must have 1 to 2048 characters")
	}
	for i := 0; i < len(uri); i++ {
		if c := uri[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`\"<>^`+"`{|}*#", c) >= 0 {
			return errors.New("a redirect URI must not have a fragment, wildcard, backslash, space, quote or non-ASCII character")
		}
	}
	if brokenEscape(uri) {
		return errors.New("a redirect URI must have two hex digits after each %")
	}
	if hasDotSegment(uri) {
		return errors.New("a redirect URI must not have . or .. path segments")
	}
	return nil
}

func brokenEscape(uri string) bool {
	for _, after := range strings.Split(uri, "%")[1:] {
		if _, err := strconv.ParseUint(after[:min(2, len(after))], 16, 8); err != nil || len(after) < 2 {
			return true
		}
	}
	return false
}

// segments undoes the escapes that hide a dot segment.
var segments = strings.NewReplacer("%2e", ".", "%2E", ".", "%2f", "/", "%2F", "/", "%5c", "/", "%5C", "/")

func hasDotSegment(uri string) bool {
	path, _, _ := strings.Cut(uri, "?")
	_, path, _ = strings.Cut(path, ":") // a private-use URI's first segment stands behind its scheme
	for _, segment := range strings.Split(segments.Replace(path), "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

// RedirectMatches compares a requested redirect URI with a registered one:
// equal bytes, except that a loopback URI's port is free
// (RFC 8252 section 7.3).
func RedirectMatches(registered, requested string) bool {
	if registered == requested {
		return true
	}
	a, b := loopbackParts(registered), loopbackParts(requested)
	return a == b && a != [2]string{}
}

// loopbackParts returns host and what follows the port of an http loopback
// URI, nothing of any other; the port is checked and left out.
func loopbackParts(uri string) [2]string {
	rest, ok := strings.CutPrefix(uri, "http://")
	if !ok {
		return [2]string{}
	}
	for _, host := range [...]string{"127.0.0.1", "[::1]", "localhost"} {
		after, ok := strings.CutPrefix(rest, host)
		if !ok {
			continue
		}
		if port, has := strings.CutPrefix(after, ":"); has {
			end := strings.IndexAny(port, "/?#")
			if end < 0 {
				end = len(port)
			}
			if !message.CanonicalPort(port[:end]) {
				return [2]string{}
			}
			after = port[end:]
		}
		if after != "" && after[0] != '/' && after[0] != '?' {
			return [2]string{}
		}
		return [2]string{host, after}
	}
	return [2]string{}
}
