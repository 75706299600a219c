// Tests of what is said: streams, foreign text, colours, failures.
package terminal

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode"

	"github.com/matryer/is"
	"rsc.io/qr"

	"mcp-auth/core/message"
)

// hostile is what a server may put into any text.
const hostile = "a\x1b[2J\x07b\rc\u009b31md\u202ee\u2066f\x7fg\nSaved active profile\u2028h"

// obeyed finds what a terminal might obey, lines apart.
func obeyed(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028') {
			return r
		}
		return -1
	}, s)
}

func printer() (*Printer, *bytes.Buffer, *bytes.Buffer) {
	var out, err bytes.Buffer
	return &Printer{Out: &out, Err: &err, In: strings.NewReader(""), Color: "auto", Ask: true}, &out, &err
}

// C-21: whatever prints, nothing that a terminal obeys comes out, and one
// event is one line.
func TestForeignTextIsHarmless(t *testing.T) {
	for name, c := range map[string]struct {
		say   func(p *Printer)
		lines int
	}{
		"line":     {func(p *Printer) { p.Line("x %s", hostile) }, 1},
		"notice":   {func(p *Printer) { p.Notice("x %s", hostile) }, 1},
		"warning":  {func(p *Printer) { p.Warn("x %s", hostile) }, 1},
		"told":     {func(p *Printer) { p.Tell("x %s", hostile) }, 1},
		"trace":    {func(p *Printer) { p.Verbose(strings.ReplaceAll(hostile, "\n", " ") + "\nsecond\n") }, 2},
		"JSON":     {func(p *Printer) { p.JSON(message.Obj(message.M(hostile, message.Str(hostile)))) }, 3},
		"failure":  {func(p *Printer) { p.Fail(Failure{Message: hostile, Cause: hostile, URL: hostile}, false) }, 3},
		"envelope": {func(p *Printer) { p.Fail(Failure{Message: hostile, Cause: hostile, URL: hostile}, true) }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			t.Setenv("CLICOLOR_FORCE", "")
			p, out, err := printer()
			c.say(p)
			text := out.String() + err.String()
			is.Equal(obeyed(text), "")                         // nothing a terminal obeys
			is.True(strings.HasSuffix(text, "\n"))             // the last line ends
			is.Equal(strings.Count(text, "\n"), c.lines)       // no line that the text made up
			is.True(!strings.Contains(text, "\nSaved"))        // least of all one of ours
			is.True(strings.Contains(text, "Saved active pr")) // the text itself is there to be read
		})
	}
}

var deadline = time.Now().Add(time.Hour)

func TestStreams(t *testing.T) {
	is := is.New(t)
	p, out, err := printer()
	p.Line("product %d", 1)
	p.JSON(message.Obj(message.M("b", message.Num(2)), message.M("a", message.Str("x"))))
	is.Equal(out.String(), "product 1\n{\n  \"a\": \"x\",\n  \"b\": 2\n}\n") // the product, and nothing else
	is.Equal(err.String(), "")                                               // nothing beside it
	p.Notice("notice")
	p.Warn("warned")
	is.Equal(err.String(), "notice\nwarning: warned\n") // all else is on stderr
	p.Quiet = true
	p.Notice("notice")
	p.Warn("again")
	p.Tell("told")
	p.Fail(Failure{Message: "no"}, false)
	is.Equal(err.String(), "notice\nwarning: warned\nwarning: again\ntold\nerror: no\n") // quiet leaves out notices alone
}

func TestColours(t *testing.T) {
	for _, c := range []struct {
		flag, noColor, force string
		want                 bool
	}{
		{"auto", "", "", false}, // no terminal
		{"auto", "", "1", true},
		{"auto", "", "0", false},
		{"auto", "1", "1", false},
		{"always", "1", "", true},
		{"never", "", "1", false},
	} {
		is := is.New(t)
		t.Setenv("NO_COLOR", c.noColor)
		t.Setenv("CLICOLOR_FORCE", c.force)
		p, out, err := printer()
		p.Color = c.flag
		p.Warn("x")
		p.Line("y")
		is.Equal(strings.Contains(err.String(), "\x1b["), c.want) // the flag, then NO_COLOR, then CLICOLOR_FORCE
		is.Equal(out.String(), "y\n")                             // the product is never coloured
	}
}

// The trace in colours: what travels, what failed, what held, all else.
func TestTraceColours(t *testing.T) {
	is := is.New(t)
	for line, color := range map[string]string{"-> GET": bold, "<- 200": bold, "=> token": bold, "   FAIL x": red, "!! x": red, "   ok x": green, "     Header: x": dim, "a -> b": dim} {
		p, _, err := printer()
		p.Color = "always"
		p.Verbose(line)
		is.Equal(err.String(), "\x1b["+color+"m"+line+"\x1b[0m\n") // the line's own, and no longer
	}
}

func TestFailureForPeople(t *testing.T) {
	is := is.New(t)
	p, _, err := printer()
	p.Fail(Failure{Code: "auth.invalid_grant", Message: "Token request failed: HTTP 400: invalid_grant", Step: "token", URL: "https://as.example/token",
		Status: 400, OAuthError: "invalid_grant", Spec: "RFC 6749 section 5.2", Hint: "Run login again.", Cause: "first line\nsecond line"}, false)
	is.Equal(err.String(), `error: Token request failed: HTTP 400: invalid_grant
  where  token  https://as.example/token  HTTP 400
  spec   RFC 6749 section 5.2
  cause  first line; second line
  next   Run login again.
`) // five lines at most: what, where, by which rule, why, what next
}

func TestFailureForPrograms(t *testing.T) {
	is := is.New(t)
	p, _, err := printer()
	p.Fail(Failure{Code: "auth.invalid_grant", Message: "no", Step: "token", URL: "https://as.example/token", Status: 400,
		OAuthError: "invalid_grant", Spec: "RFC 6749 section 5.2", Hint: "Run login again.", Cause: "c", RetryAfter: 7}, true)
	is.Equal(strings.Count(err.String(), "\n"), 1) // one line
	v, bad := message.ParseJSON(bytes.TrimSpace(err.Bytes()))
	is.NoErr(bad)                  // that is JSON
	e := v.Get("error")            //
	is.Equal(len(e.Members()), 10) // with every member
	for _, name := range []string{"code", "message", "step", "url", "oauth_error", "spec", "hint", "cause"} {
		is.Equal(e.Get(name).Kind(), message.String) // of its name, a text
	}
	is.Equal(e.Get("status").Kind(), message.Number)      // the status a number
	is.Equal(e.Get("retry_after").Kind(), message.Number) // and the seconds to wait
}

func TestALongForeignTextIsCut(t *testing.T) {
	is := is.New(t)
	p, _, err := printer()
	p.Fail(Failure{Message: strings.Repeat("é", 1<<20)}, false)
	is.Equal(len([]rune(err.String())), len("error: ")+longest+len("...\n")) // the beginning is enough
	err.Reset()
	p.Fail(Failure{Message: strings.Repeat("é", longest)}, false)
	is.True(!strings.Contains(err.String(), "...")) // what fits is whole
}

func TestNobodyIsAskedWithoutATerminal(t *testing.T) {
	is := is.New(t)
	p, out, err := printer()
	_, bad := p.Prompt("Client ID: ")
	is.True(errors.Is(bad, ErrNoTerminal)) // no question
	_, bad = p.Secret("Client secret: ")
	is.True(errors.Is(bad, ErrNoTerminal))  // of either kind
	p.QR("http://h/")                       // no picture
	p.Countdown(deadline)()                 // no countdown
	is.Equal(out.String()+err.String(), "") // nothing is written
}

func TestReadLine(t *testing.T) {
	is := is.New(t)
	p := &Printer{In: strings.NewReader("  one \r\n\ntwo")}
	s, err := p.ReadLine()
	is.NoErr(err)      // a line
	is.Equal(s, "one") // without the space around it
	_, err = p.ReadLine()
	is.True(err != nil) // an empty line is no answer
	s, err = p.ReadLine()
	is.NoErr(err)      // the last line need not end
	is.Equal(s, "two") // it counts
	_, err = p.ReadLine()
	is.True(err != nil && strings.Contains(err.Error(), "ended without an answer")) // the end is no answer
	broken := errors.New("the terminal is gone")
	p = &Printer{In: iotest.ErrReader(broken)}
	_, err = p.ReadLine()
	is.True(errors.Is(err, broken)) // and what went wrong is told
}

// The code that is drawn is the code: each character is read back to two
// modules.
func TestQRIsTheCode(t *testing.T) {
	const url = "http://127.0.0.1:8765/oauth/device/verify?user_code=WDJB-MJHT"
	code, err := qr.Encode(url, qr.L)
	if err != nil {
		t.Fatal(err)
	}
	for _, colored := range []bool{true, false} {
		is := is.New(t)
		text, width, height := qrText(url, colored)
		text = strings.NewReplacer("\x1b[30;47m", "", "\x1b[0m", "").Replace(text)
		is.True(!strings.Contains(text, "\x1b")) // no escape without colours
		lines := strings.Split(text, "\n")
		is.Equal(len(lines), height)               // the height that is promised
		is.Equal(height, (code.Size+2*margin+1)/2) // two modules a line, the border on both sides
		for i, line := range lines {
			r := []rune(line)
			is.Equal(len(r), width) // and the width
			for j, c := range r {
				x, y := j-margin, 2*i-margin
				upper, lower := c == '█' || c == '▀', c == '█' || c == '▄'
				is.Equal(upper == colored, code.Black(x, y)) // the upper module
				if y+1 < code.Size+margin {
					is.Equal(lower == colored, code.Black(x, y+1)) // the lower one
				} else {
					is.True(!lower) // past the border it is the terminal's own ground
				}
			}
		}
	}
	text, width, height := qrText(strings.Repeat("x", 10_000), false)
	if text != "" || width < 1000 || height < 1000 {
		t.Error("a text that no code can hold must fit nowhere")
	}
}
