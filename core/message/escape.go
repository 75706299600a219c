// Foreign text on its way to a page or a terminal.
package message

import "strings"

const hex = "0123456789abcdef"

// unprintable reports what a terminal might obey or a reader be misled by:
// C0, DEL, C1, bidi controls, line separators, and the tag characters, which
// carry text that nobody sees.
func unprintable(r rune) bool {
	return r < 0x20 || r >= 0x7f && r < 0xa0 ||
		r == 0x61c || r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e ||
		r >= 0x2060 && r <= 0x2069 || r == 0xfeff || r >= 0xfff9 && r <= 0xfffb || r >= 0xe0000 && r <= 0xe007f
}

// Printable returns s with everything a terminal might obey shown as \u{1b},
// line breaks kept.
func Printable(s string) string { return printable(s, true) }

// PrintableLine is Printable for one line: line breaks are shown as well, so
// that one event stays one line.
func PrintableLine(s string) string { return printable(s, false) }

func printable(s string, lines bool) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	bad := func(r rune) bool { return unprintable(r) && !(lines && r == '\n') }
	if !strings.ContainsFunc(s, bad) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if bad(r) {
			appendCodePoint(&b, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func appendCodePoint(b *strings.Builder, r rune) {
	b.WriteString(`\u{`)
	started := false
	for shift := 20; shift >= 0; shift -= 4 {
		d := r >> shift & 15
		if started = started || d != 0 || shift == 0; started {
			b.WriteByte(hex[d])
		}
	}
	b.WriteByte('}')
}

var htmlEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")

// EscapeHTML makes s text in an element or in a quoted attribute. Controls
// are shown, not sent.
func EscapeHTML(s string) string { return htmlEscapes.Replace(Printable(s)) }
