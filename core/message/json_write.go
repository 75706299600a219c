// Writing JSON: compact for machines, sorted and indented for people.
package message

import (
	"sort"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// AppendString appends s as a JSON string. Invalid UTF-8 becomes U+FFFD.
func AppendString(dst []byte, s string) []byte {
	if plain(s) {
		return append(append(append(dst, '"'), s...), '"')
	}
	out, _ := jsontext.AppendQuote(dst, s) // its error only says that something was replaced
	return out
}

// plain reports whether s is a JSON string as it stands: nearly all names and
// tokens are.
func plain(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// Append appends v without white space, members in their order.
func (v Value) Append(dst []byte) []byte {
	switch v.kind {
	case Bool:
		if v.truth {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	case Number:
		return append(dst, v.text...)
	case String:
		return AppendString(dst, v.text)
	case Array:
		dst = append(dst, '[')
		for i, e := range v.Elems() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = e.Append(dst)
		}
		return append(dst, ']')
	case Object:
		return append(AppendMembers(append(dst, '{'), v.members), '}')
	}
	return append(dst, "null"...)
}

// AppendMembers appends what stands between the braces of an object.
func AppendMembers(dst []byte, members []Member) []byte {
	for i, m := range members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(AppendString(dst, m.Name), ':')
		dst = m.Value.Append(dst)
	}
	return dst
}

// AppendSorted appends v for people: names sorted, indent spaces a level, and
// what a terminal might obey (C0, DEL, C1, bidi controls) as \u escapes.
// Without indent it is one line.
func (v Value) AppendSorted(dst []byte, indent int) []byte {
	return v.appendSorted(dst, indent, 0)
}

func (v Value) appendSorted(dst []byte, indent, level int) []byte {
	switch {
	case v.kind == String:
		return appendVisible(dst, v.text)
	case v.kind == Array && len(v.Elems()) > 0:
		dst = append(dst, '[')
		for i, e := range v.Elems() {
			dst = newLine(dst, i, indent, level+1)
			dst = e.appendSorted(dst, indent, level+1)
		}
		return append(newLine(dst, 0, indent, level), ']')
	case v.kind == Object && len(v.members) > 0:
		members := append([]Member(nil), v.members...)
		sort.SliceStable(members, func(i, j int) bool { return members[i].Name < members[j].Name })
		dst = append(dst, '{')
		for i, m := range members {
			dst = newLine(dst, i, indent, level+1)
			dst = append(appendVisible(dst, m.Name), ':', ' ')
			dst = m.Value.appendSorted(dst, indent, level+1)
		}
		return append(newLine(dst, 0, indent, level), '}')
	}
	return v.Append(dst)
}

func newLine(dst []byte, i, indent, level int) []byte {
	if i > 0 {
		dst = append(dst, ',')
	}
	if indent == 0 {
		return dst
	}
	dst = append(dst, '\n')
	for range indent * level {
		dst = append(dst, ' ')
	}
	return dst
}

func appendVisible(dst []byte, s string) []byte {
	at := len(dst)
	dst = AppendString(dst, s)
	if !strings.ContainsFunc(s, unprintable) {
		return dst
	}
	quoted := string(dst[at:])
	dst = dst[:at]
	for _, r := range quoted {
		if !unprintable(r) {
			dst = utf8.AppendRune(dst, r)
			continue
		}
		for _, u := range utf16.AppendRune(nil, r) {
			dst = append(dst, '\\', 'u', hex[u>>12&15], hex[u>>8&15], hex[u>>4&15], hex[u&15])
		}
	}
	return dst
}
