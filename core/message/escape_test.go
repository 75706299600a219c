// Rule C-21: foreign text on its way to a page or a terminal.
package message_test

import (
	"html"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/matryer/is"

	"mcp-auth/core/message"
)

func TestPrintable(t *testing.T) {
	for rule, c := range map[string]struct{ text, line string }{
		"plain text stays":          {"a b \u00e9\u4e2d\U0001f600 \\", "a b \u00e9\u4e2d\U0001f600 \\"},
		"an escape sequence":        {"\x1b[31mred", `\u{1b}[31mred`},
		"NUL, bell, tab, DEL":       {"\x00\a\t\x7f", `\u{0}\u{7}\u{9}\u{7f}`},
		"C1: the one-byte CSI":      {"\u009b31m\u0085", `\u{9b}31m\u{85}`},
		"line breaks":               {"a\r\nb\u2028", `a\u{d}\u{a}b\u{2028}`},
		"bidi embedding":            {"user\u202etxt.exe\u202c", `user\u{202e}txt.exe\u{202c}`},
		"bidi isolates and marks":   {"\u2066\u2069\u200f\u061c", `\u{2066}\u{2069}\u{200f}\u{61c}`},
		"text that nobody sees":     {"a\u200bb\ufeff\U000e0041", `a\u{200b}b\u{feff}\u{e0041}`},
		"invalid UTF-8 is replaced": {"a\x9b\xffb", "a\ufffdb"},
	} {
		t.Run(rule, func(t *testing.T) {
			is := is.New(t)
			is.Equal(message.PrintableLine(c.text), c.line)                                // shown, on one line
			is.Equal(message.Printable(c.text), strings.ReplaceAll(c.line, `\u{a}`, "\n")) // the same, line breaks kept
		})
	}
}

// What is shown and not sent, from the first to the last of each range; the
// neighbours are text.
func TestPrintableRanges(t *testing.T) {
	for name, r := range map[string][2]rune{
		"C0": {0, 0x1f}, "DEL and C1": {0x7f, 0x9f}, "Arabic letter mark": {0x61c, 0x61c}, "zero width and marks": {0x200b, 0x200f}, "separators and embeddings": {0x2028, 0x202e},
		"joiners and isolates": {0x2060, 0x2069}, "byte order mark": {0xfeff, 0xfeff}, "interlinear": {0xfff9, 0xfffb}, "tags": {0xe0000, 0xe007f},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			for c := r[0]; c <= r[1]; c++ {
				is.True(message.PrintableLine(string(c)) != string(c)) // each is shown as its number
			}
			for _, c := range []rune{r[0] - 1, r[1] + 1} {
				is.True(c < 0 || message.PrintableLine(string(c)) == string(c)) // what stands beside them stays
			}
		})
	}
}

func TestPlainTextCostsNothing(t *testing.T) {
	is := is.New(t)
	is.Equal(testing.AllocsPerRun(10, func() { _ = message.PrintableLine("plain \u00e9 text") }), 0.0) // it is returned as it is
}

func TestEscapeHTML(t *testing.T) {
	is := is.New(t)
	is.Equal(message.EscapeHTML(`"><script>alert(1)</script>`), "&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;") // AZ-18, first
	is.Equal(message.EscapeHTML(`' onfocus=alert(1) x='`), "&#39; onfocus=alert(1) x=&#39;")                      // AZ-18, second
	is.Equal(message.EscapeHTML("&amp;\x00\u202e"), `&amp;amp;\u{0}\u{202e}`)                                     // once each, controls shown
}

func FuzzPrintable(f *testing.F) {
	for _, s := range []string{"plain", "\x1b[0m\r\n", "\u202e\u2066\u200b", "\xff\x9b", "\U000e0001", "\\u{1b}", "\u0600\u180e"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		is := is.New(t)
		line, text := message.PrintableLine(s), message.Printable(s)
		is.True(utf8.ValidString(text))                         // valid UTF-8
		is.True(!strings.ContainsFunc(line, obeyed))            // nothing a terminal obeys
		is.Equal(strings.ReplaceAll(text, "\n", `\u{a}`), line) // line breaks are the only difference
		is.Equal(message.PrintableLine(line), line)             // once is enough
		is.Equal(message.Printable(text), text)                 // for both
		if utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return obeyed(r) || unicode.Is(unicode.C, r) || unicode.Is(unicode.Z, r) }) {
			is.Equal(line, s) // plain text stays
		}
	})
}

// obeyed is the rule by Unicode's own tables.
func obeyed(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}

func FuzzEscapeHTML(f *testing.F) {
	for _, s := range []string{`"><script>`, "' onfocus=x '", "&lt;&#0;", "\x00<\u202e>", "javascript:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		is := is.New(t)
		out := message.EscapeHTML(s)
		is.True(!strings.ContainsAny(out, "<>\"'"))                               // it leaves neither element nor attribute
		is.True(!strings.ContainsFunc(strings.ReplaceAll(out, "\n", ""), obeyed)) // and carries no control
		is.Equal(html.UnescapeString(out), message.Printable(s))                  // a browser shows what was meant
	})
}
