// How a failure is told: a few lines for people, one line of JSON for
// programs.
package terminal

import (
	"fmt"
	"strings"

	"mcp-auth/core/message"
)

// A Failure is what went wrong, where, and what to do next. Empty members are
// left out.
type Failure struct {
	Code       string // class and detail: "auth.invalid_grant"
	Message    string
	Step       string
	URL        string
	Status     int
	RetryAfter int // seconds that the server wants to be left alone
	OAuthError string
	Spec       string
	Hint       string
	Cause      string
}

// Fail prints a failure on stderr.
func (p *Printer) Fail(f Failure, asJSON bool) {
	if asJSON {
		p.print(p.Err, string(f.value().AppendSorted(nil, 0)))
		return
	}
	p.print(p.Err, p.paint(red, "error:")+" "+oneLine(f.Message))
	for _, row := range [...]struct{ label, text string }{{"where", f.where()}, {"spec", f.Spec}, {"cause", f.Cause}, {"next", f.Hint}} {
		if row.text != "" {
			p.print(p.Err, "  "+p.paint(dim, fmt.Sprintf("%-5s", row.label))+"  "+oneLine(row.text))
		}
	}
}

func (f Failure) where() string {
	var parts []string
	for _, part := range [...]string{f.Step, f.URL} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	if f.Status != 0 {
		parts = append(parts, fmt.Sprintf("HTTP %d", f.Status))
	}
	return strings.Join(parts, "  ")
}

// longest is how much of a foreign text is told, in characters.
const longest = 2000

// oneLine keeps an event on one line, whatever a server put into it.
func oneLine(s string) string {
	lines := strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' })
	return message.PrintableLine(cut(strings.Join(lines, "; ")))
}

func cut(s string) string {
	if r := []rune(s); len(r) > longest {
		return string(r[:longest]) + "..."
	}
	return s
}

func (f Failure) value() message.Value {
	var m []message.Member
	for _, t := range [...]struct{ name, text string }{{"code", f.Code}, {"message", f.Message}, {"step", f.Step}, {"url", f.URL},
		{"oauth_error", f.OAuthError}, {"spec", f.Spec}, {"hint", f.Hint}, {"cause", f.Cause}} {
		if t.text != "" {
			m = append(m, message.M(t.name, message.Str(cut(t.text))))
		}
	}
	if f.Status != 0 {
		m = append(m, message.M("status", message.Num(int64(f.Status))))
	}
	if f.RetryAfter != 0 {
		m = append(m, message.M("retry_after", message.Num(int64(f.RetryAfter))))
	}
	return message.Obj(message.M("error", message.Obj(m...)))
}
