// Redaction of the fields of pages and multipart bodies, whose name and value
// stand apart, and of what nobody can read for certain.
package trace

import (
	"strings"

	"mcp-auth/core/message"
)

// input is the value of the field whose name="..." has its = at a place.
func input(s string, at int) value {
	if !strings.EqualFold(attributeName(s, at), "name") {
		return value{}
	}
	from, to := attribute(s, at)
	kind := kindOf(lastWord(s[from:to]))
	if kind == "" {
		return value{}
	}
	if from, to = valueBeside(s, at, to); from == to {
		return value{}
	}
	return value{kind, from, func(string) int { return to - from }}
}

var pageDecoded = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">", "&#34;", `"`, "&quot;", `"`, "&#39;", "'", "&#43;", "+")

// attributeName is the word before the = at a place.
func attributeName(s string, at int) string {
	return lastWord(strings.TrimRight(s[max(0, at-20):at], " \t\r\n"))
}

// attribute is where the value behind the = at a place begins and ends.
func attribute(s string, at int) (from, to int) {
	from = at + 1 + len(s[at+1:]) - len(strings.TrimLeft(s[at+1:], " \t\r\n"))
	if from < len(s) && (s[from] == '"' || s[from] == '\'') {
		return from + 1, from + 1 + until(s[from+1:], s[from:from+1])
	}
	return from, from + until(s[from:], " \t\r\n>;")
}

// maxTag is how far behind a name its value is looked for, and how far before
// it the header of its part.
const maxTag = 1 << 10

// valueBeside is the value that belongs to a name: of the same tag, or behind
// the empty line of its part.
func valueBeside(s string, name, end int) (from, to int) {
	before := s[max(0, name-maxTag):name]
	if strings.Contains(before[strings.LastIndexByte(before, '\n')+1:], "form-data") {
		return partBehind(s, end)
	}
	tag := strings.LastIndexByte(s[:name], '<') // as far away as it is: the value may stand between
	if tag < 0 {
		return 0, 0
	}
	for i := tag; i < min(len(s), end+maxTag); i++ {
		if s[i] == '>' && i >= end {
			break
		}
		if s[i] != '=' {
			continue
		}
		if word := attributeName(s, i); strings.EqualFold(word, "value") || strings.EqualFold(word, "content") {
			return attribute(s, i)
		}
	}
	return 0, 0
}

// partBehind is what follows the empty line, up to the next boundary.
func partBehind(s string, at int) (from, to int) {
	_, body, ok := strings.Cut(s[at:], "\n\r\n")
	if !ok {
		if _, body, ok = strings.Cut(s[at:], "\n\n"); !ok {
			return 0, 0
		}
	}
	text, _, _ := strings.Cut(body, "\n--")
	from = len(s) - len(body)
	return from, from + len(strings.TrimRight(text, "\r\n"))
}

// veils are what stands behind a name in a text that is encoded once more than
// it says.
var veils = [...]string{"&quot;", "&apos;", "&#", "%22", "%27", "%3a", "%3d", `\u0022`, `\u003d`, `\x22`, `\x3d`}

// veiled shows nothing but the length of a text in which a secret's name is
// followed by an encoded quote or sign.
func (r *Redactor) veiled(s string) string {
	low := strings.ToLower(s)
	for name := range secretNames {
		if !strings.Contains(name, "_") && name != "password" {
			continue
		}
		for rest := low; ; {
			at := strings.Index(rest, name)
			if at < 0 {
				break
			}
			rest = rest[at+len(name):]
			for _, veil := range veils {
				if strings.HasPrefix(rest, veil) {
					return "(" + message.Decimal(int64(len(s))) + " bytes that hold a secret)"
				}
			}
		}
	}
	return s
}
