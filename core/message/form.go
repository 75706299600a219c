// application/x-www-form-urlencoded, strictly: request bodies, and query
// strings, which share the format (RFC 6749 appendix B).
package message

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// Limits of one form: parameters, and bytes of one decoded value.
const (
	MaxParams = 100
	MaxValue  = 8 << 10
)

// A Pair is one parameter.
type Pair struct{ Name, Value string }

// A Form is the parameters in the order they were sent.
type Form []Pair

// A RepeatedError says that a parameter was sent more than once
// (RFC 6749 section 3.1: it must not be).
type RepeatedError struct{ Name string }

func (e *RepeatedError) Error() string { return "parameter " + e.Name + " is sent more than once" }

// A FormError says why a body is no form, with the status to answer.
type FormError struct {
	Status int // 415 or 400
	Text   string
}

func (e *FormError) Error() string { return e.Text }

// ParseForm reads name=value pairs joined by "&". Nothing is repaired: a bad
// escape, a raw ";", invalid UTF-8 and too much of anything are errors.
func ParseForm(encoded string) (Form, error) {
	if encoded == "" {
		return nil, nil
	}
	n := strings.Count(encoded, "&") + 1
	if n > MaxParams {
		return nil, errors.New("more than 100 parameters")
	}
	f := make(Form, 0, n)
	for rest := encoded; rest != ""; {
		var piece string
		if piece, rest, _ = strings.Cut(rest, "&"); piece == "" {
			continue
		}
		name, value, _ := strings.Cut(piece, "=")
		name, errName := decodeForm(encoded, name)
		value, errValue := decodeForm(encoded, value)
		if err := errors.Join(errName, errValue); err != nil {
			return nil, err
		}
		f = append(f, Pair{name, value})
	}
	return f, nil
}

// decodeForm undoes percent and plus encoding of a part of text; it allocates
// only when needed.
func decodeForm(text, part string) (string, error) {
	s, err := keep(text, part), error(nil)
	if strings.IndexByte(part, '%') >= 0 || strings.IndexByte(part, '+') >= 0 {
		s, err = unescape(part)
	}
	switch {
	case err != nil:
		return "", err
	case strings.IndexByte(part, ';') >= 0:
		return "", errors.New("a raw ';' stands in a parameter: encode it as %3B")
	case !utf8.ValidString(s):
		return "", errors.New("a parameter is not valid UTF-8")
	case len(s) > MaxValue:
		return "", errors.New("a parameter is longer than 8 KiB")
	}
	return s, nil
}

func unescape(s string) (string, error) {
	b := make([]byte, 0, 256) // for most, and it is not kept: what is returned is as long as its text
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '+':
			b = append(b, ' ')
		case '%':
			if i+2 >= len(s) || unhex(s[i+1]) < 0 || unhex(s[i+2]) < 0 {
				return "", errors.New("a '%' is not followed by two hex digits")
			}
			b = append(b, byte(unhex(s[i+1])<<4|unhex(s[i+2])))
			i += 2
		default:
			b = append(b, s[i])
		}
	}
	return string(b), nil
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// ReadForm reads a request body. The URL is not looked at: credentials in a
// query are never read (RFC 6749 section 2.3.1).
func ReadForm(r Request) (Form, error) {
	if r.Header.Count("Content-Type") != 1 || MediaType(r.Header.Get("Content-Type")) != FormType {
		return nil, &FormError{415, "the body must be " + FormType}
	}
	f, err := ParseForm(string(r.Body))
	if err != nil {
		return nil, &FormError{400, err.Error()}
	}
	return f, nil
}

// One returns the value of name; "" when it is absent or empty. A name sent
// more than once is a *RepeatedError.
func (f Form) One(name string) (string, error) {
	value, n := "", 0
	for i := range f {
		if f[i].Name == name {
			value = f[i].Value
			n++
		}
	}
	if n > 1 {
		return "", &RepeatedError{name}
	}
	return value, nil
}

// All returns every value of name that is not empty.
func (f Form) All(name string) []string {
	var all []string
	for i := range f {
		if f[i].Name == name && f[i].Value != "" {
			all = append(all, f[i].Value)
		}
	}
	return all
}

// Add appends a parameter unless its value is empty.
func (f *Form) Add(name, value string) {
	if value != "" {
		*f = append(*f, Pair{name, value})
	}
}

// Encode writes the parameters in their order.
func (f Form) Encode() string {
	var b strings.Builder
	b.Grow(f.room())
	f.write(&b)
	return b.String()
}

// room is enough for most: few characters are escaped.
func (f Form) room() int {
	n := 0
	for _, p := range f {
		n += len(p.Name) + len(p.Value) + len("=&")
	}
	return n + n/4
}

func (f Form) write(b *strings.Builder) {
	for i, p := range f {
		if i > 0 {
			b.WriteByte('&')
		}
		encodeForm(b, p.Name)
		b.WriteByte('=')
		encodeForm(b, p.Value)
	}
}

func encodeForm(b *strings.Builder, s string) {
	const upper = "0123456789ABCDEF"
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9',
			c == '-', c == '.', c == '_', c == '~':
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(upper[c>>4])
			b.WriteByte(upper[c&15])
		}
	}
}

// AppendQuery adds the parameters to a URL's query; what is there stays as it
// is, byte for byte. A URL with a fragment is not for it.
func AppendQuery(rawURL string, f Form) string {
	if len(f) == 0 {
		return rawURL
	}
	var b strings.Builder
	b.Grow(len(rawURL) + f.room())
	b.WriteString(rawURL)
	switch i := strings.IndexByte(rawURL, '?'); {
	case i < 0:
		b.WriteByte('?')
	case i < len(rawURL)-1 && !strings.HasSuffix(rawURL, "&"):
		b.WriteByte('&')
	}
	f.write(&b)
	return b.String()
}
