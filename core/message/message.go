// Package message holds HTTP messages as plain values: they can be stored,
// compared, replayed and shown. It performs nothing.
package message

import "strings"

// A Request is one HTTP request. URL is absolute and kept byte for byte.
type Request struct {
	Method string
	URL    string
	Header Header
	Body   []byte

	// Oversize says that the body was longer than the host was told to read.
	Oversize bool

	// Peer is the sender's address without its port, as the adapter saw it;
	// empty when unknown. Only rate limits read it.
	Peer string
}

// A Response is one HTTP response. A zero Status means none came.
type Response struct {
	Status int
	Header Header
	Body   []byte

	// Note is one line for the sender's own log and trace; it is never sent.
	Note string

	// Pass names for whom the request was admitted, where the host answers in
	// the core's stead; Status is then 0, and Header is added to its answer.
	Pass string
}

// A Field is one header line.
type Field struct{ Name, Value string }

// is compares names. Those of one length differ in their first letters mostly.
func (f *Field) is(name string) bool {
	return len(f.Name) == len(name) && strings.EqualFold(f.Name, name)
}

// A Header is the list of fields in the order they were sent. Names compare
// without case (RFC 9110 section 5.1).
type Header []Field

// Get returns the first value of name, or "".
func (h Header) Get(name string) string {
	for i := range h {
		if h[i].is(name) {
			return h[i].Value
		}
	}
	return ""
}

// Values returns every value of name, in order.
func (h Header) Values(name string) []string {
	var all []string
	for i := range h {
		if h[i].is(name) {
			all = append(all, h[i].Value)
		}
	}
	return all
}

// Count returns how many fields carry name.
func (h Header) Count(name string) int {
	n := 0
	for i := range h {
		if h[i].is(name) {
			n++
		}
	}
	return n
}

// With returns h with one more field at its end. h itself is not changed.
func (h Header) With(name, value string) Header {
	return append(h[:len(h):len(h)], Field{name, value})
}

// Target returns Host and Path.
func (r Request) Target() (host, path string) {
	_, host, path, _ = split(r.URL)
	return host, path
}

// Host returns the URL's authority (host and port, with any userinfo), or "".
func (r Request) Host() string {
	_, authority, _, _ := split(r.URL)
	return authority
}

// Origin returns scheme://authority, or "" when the URL is not absolute.
func (r Request) Origin() string {
	scheme, authority, _, _ := split(r.URL)
	if scheme == "" {
		return ""
	}
	return r.URL[:len(scheme)+len("://")+len(authority)]
}

// Path returns the URL's path as sent, never decoded or cleaned.
func (r Request) Path() string {
	_, _, path, _ := split(r.URL)
	return path
}

// Query returns what stands between "?" and "#", as sent.
func (r Request) Query() string {
	_, _, _, query := split(r.URL)
	return query
}

func split(url string) (scheme, authority, path, query string) {
	rest := url
	if i := strings.IndexByte(rest, '#'); i >= 0 {
		rest = rest[:i]
	}
	if i := strings.IndexByte(rest, '?'); i >= 0 {
		rest, query = rest[:i], rest[i+1:]
	}
	if i := strings.Index(rest, "://"); i > 0 {
		scheme, rest = rest[:i], rest[i+3:]
		if i = strings.IndexByte(rest, '/'); i < 0 {
			return scheme, rest, "", query
		}
		return scheme, rest[:i], rest[i:], query
	}
	return "", "", rest, query
}
