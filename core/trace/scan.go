// Redaction of texts that are of no known form, or of another than they say: a
// token's answer as text/plain, JSON with a name twice, a page that shows a
// form. What follows a secret's name is taken for the secret.
package trace

import (
	"strings"
	"unicode/utf8"

	"mcp-auth/core/message"
)

// text redacts a text of any form.
func (r *Redactor) text(s string) string {
	if s == "" {
		return s
	}
	if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
		return "(" + message.Decimal(int64(len(s))) + " bytes that are no text)"
	}
	if hidden := r.veiled(s); hidden != s { // before what is labelled takes the name away
		return hidden
	}
	if at := strings.IndexAny(s, "=\"'{<[ \t\r\n"); at > 0 && s[at] == '=' { // a form, whatever it is called
		return r.asForm(s)
	}
	return r.veiled(r.scan(s))
}

// Bounds of what is looked at: how long a text of no form may be, and how many
// secrets may stand in it, before it is not shown at all. Each place is looked
// at with all that is around it.
const (
	maxScanned = 64 << 10
	maxSpans   = 200
)

// maxName is how far back a name may begin: each letter of it may be escaped.
const maxName = 6 * 40

// A span is a place where a secret stands.
type span struct {
	kind     string
	from, to int
}

// inOrder sorts by where spans begin, and keeps the order of those that begin
// together. They are few.
func inOrder(all []span) {
	for i := range all {
		for j := i; j > 0 && all[j].from < all[j-1].from; j-- {
			all[j], all[j-1] = all[j-1], all[j]
		}
	}
}

// scan labels the value after each secret's name: name=value, "name":"value"
// and what resembles these. All are looked for in the text as it came, since
// what is taken for one may hold the name of another; where they overlap, all
// of it is one secret.
func (r *Redactor) scan(s string) string {
	if len(s) > maxScanned {
		return "(" + message.Decimal(int64(len(s))) + " bytes)"
	}
	found := r.spans(s)
	switch {
	case len(found) == 0:
		return s
	case len(found) > maxSpans:
		return "(" + message.Decimal(int64(len(s))) + " bytes that hold a secret)"
	}
	inOrder(found)
	var b strings.Builder
	done := 0
	for i := 0; i < len(found); {
		all := found[i]
		label := r.encoded(all.kind, s[all.from:all.to], decoded(s[all.from:all.to]))
		for i++; i < len(found) && found[i].from < all.to; i++ {
			next := found[i]
			r.encoded(next.kind, s[next.from:next.to], decoded(s[next.from:next.to]))
			all.to = max(all.to, next.to)
			label = ""
		}
		if label == "" {
			label = r.label(all.kind, s[all.from:all.to])
		}
		b.WriteString(s[done:all.from])
		b.WriteString(label)
		done = all.to
	}
	b.WriteString(s[done:])
	return b.String()
}

func (r *Redactor) spans(s string) []span {
	var found []span
	for i := 0; i < len(s) && len(found) <= maxSpans; i++ {
		var v value
		switch s[i] {
		case ':', '=':
			v = assigned(s, i)
		case '>':
			v = enclosed(s, i)
		case '%':
			v = within(s, i)
		default:
			continue
		}
		if v.kind == "" && s[i] == '=' {
			v = input(s, i)
		}
		if v.kind == "" {
			continue
		}
		if rest := s[v.from:]; !r.begins(rest) {
			if n := v.ends(rest); !harmless(rest[:n]) {
				found = append(found, span{v.kind, v.from, v.from + n})
			}
		}
	}
	return found
}

// begins reports whether a text begins with a label.
func (r *Redactor) begins(s string) bool {
	at := strings.IndexByte(s, '>')
	return at > 0 && s[0] == '<' && (r.made[s[:at+1]] || r.adopts && labelShaped(s[:at+1]))
}

// decoded is a secret that may be written in one of three ways.
func decoded(s string) string { return formDecoded(unescaped(pageDecoded.Replace(s))) }

// A value is where a secret begins, and how it ends.
type value struct {
	kind string
	from int
	ends func(rest string) int
}

// harmless are the words of JSON, and numbers that are no secrets.
func harmless(s string) bool {
	switch s {
	case "", "null", "true", "false":
		return true
	}
	digits := strings.TrimPrefix(s, "-")
	return len(digits) < shortest && strings.Trim(digits, "0123456789") == ""
}

// assigned is the value behind the : or = at a place.
func assigned(s string, at int) value {
	name, quoted := nameBefore(s, at)
	kind := kindOf(name)
	if kind == "" {
		return value{}
	}
	from := at + 1
	for from < len(s) && strings.IndexByte("=:>~", s[from]) >= 0 {
		from++
	}
	for from < len(s) && strings.IndexByte(" \t\r\n", s[from]) >= 0 && (s[at] == ':' || quoted || s[from] == ' ') {
		from++
	}
	rest := s[from:]
	slashes := len(rest) - len(strings.TrimLeft(rest, `\`))
	switch {
	case len(rest) > slashes && strings.IndexByte("\"'`", rest[slashes]) >= 0:
		quote := rest[slashes]
		return value{kind, from + slashes + 1, func(rest string) int { return closing(rest, quote, slashes) }}
	case s[at] == '=' && !quoted:
		return value{kind, from, untilQuote(s[:at])}
	case !quoted && !strings.Contains(name, "_"): // "state: done" is prose
		return value{}
	case strings.HasPrefix(rest, "[") || strings.HasPrefix(rest, "{"):
		return value{kind, from, nested}
	}
	return value{kind, from, func(rest string) int { return until(rest, ",}] \t\r\n") }}
}

// within is the value behind the encoded = at a place: of a URL in a URL.
func within(s string, at int) value {
	if len(s) < at+3 || !strings.EqualFold(s[at:at+3], "%3d") {
		return value{}
	}
	name, _ := nameBefore(s, at)
	return value{kindOf(name), at + 3, func(rest string) int {
		rest = rest[:until(rest, "& \t\r\n\"'<>")]
		if end := strings.Index(rest, "%26"); end >= 0 {
			return end
		}
		return len(rest)
	}}
}

// nameBefore is the name that ends before a place, decoded.
func nameBefore(s string, at int) (name string, quoted bool) {
	s = strings.TrimRight(s[max(0, at-maxName):at], " \t\r\n")
	if s == "" {
		return "", false
	}
	if last := s[len(s)-1]; strings.IndexByte("\"'`", last) >= 0 {
		s = strings.TrimRight(s[:len(s)-1], `\`)
		return lastWord(unescaped(s[strings.LastIndexByte(s, last)+1:])), true
	}
	begin := len(s)
	for begin > 0 && (wordly(s[begin-1]) || strings.IndexByte(`%+[]\`, s[begin-1]) >= 0) {
		begin--
	}
	return lastWord(formDecoded(unescaped(s[begin:]))), false
}

// lastWord is the end of a name that may have others before it, and brackets.
func lastWord(s string) string {
	s = strings.TrimRight(s, "[]")
	begin := len(s)
	for begin > 0 && wordly(s[begin-1]) {
		begin--
	}
	return s[begin:]
}

func wordly(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

// closing is where a quoted text ends. Its quotes may be escaped themselves,
// where JSON stands in JSON; then those within are so once more.
func closing(s string, quote byte, slashes int) int {
	run := 0
	for i := range len(s) {
		switch {
		case s[i] == '\\':
			run++
			continue
		case s[i] == quote && run >= slashes && (run-slashes)%(2*(slashes+1)) == 0:
			return i - slashes
		}
		run = 0
	}
	return len(s)
}

// nested is where an array or object ends.
func nested(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			i += 1 + closing(s[i+1:], '"', 0)
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

// untilQuote ends a value without quotes: at the next parameter or space, and
// at the quote that closes what stood before its name.
func untilQuote(before string) func(string) int {
	ends := "& \t\r\n"
	if at := strings.LastIndexAny(before, "\"'`<>() \t\r\n"); at >= 0 {
		switch before[at] {
		case '"', '\'', '`':
			ends += before[at : at+1]
		case '<':
			ends += ">"
		case '(':
			ends += ")"
		}
	}
	return func(rest string) int { return len(strings.TrimRight(rest[:until(rest, ends)], ";,.")) }
}

func until(s, ends string) int {
	if at := strings.IndexAny(s, ends); at >= 0 {
		return at
	}
	return len(s)
}

// enclosed is the text of an element that ends its opening tag at a place:
// <access_token>. <code> and <state> are no such elements.
func enclosed(s string, at int) value {
	open := strings.LastIndexByte(s[max(0, at-maxName):at], '<')
	if open < 0 {
		return value{}
	}
	tag := s[max(0, at-maxName)+open+1 : at]
	name := lastWord(tag)
	kind := kindOf(name)
	if kind == "" || !strings.Contains(name, "_") || strings.HasPrefix(tag, "/") {
		return value{}
	}
	if strings.HasPrefix(s[at+1:], cdata) {
		return value{kind, at + 1 + len(cdata), func(rest string) int {
			text, _, _ := strings.Cut(rest, "]]>")
			return len(text)
		}}
	}
	return value{kind, at + 1, func(rest string) int { return until(rest, "<") }}
}

const cdata = "<![CDATA["

// unescaped is a text of JSON, or of JSON within JSON, as it was meant.
func unescaped(s string) string {
	for range 3 {
		if strings.IndexByte(s, '\\') < 0 {
			break
		}
		v, err := message.ParseJSON([]byte(`"` + s + `"`))
		text, ok := v.Text()
		if err != nil || !ok {
			return strings.ReplaceAll(s, `\/`, "/")
		}
		s = text
	}
	return s
}
