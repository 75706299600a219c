// How a failure is told: a few lines for people, one line of JSON for
// programs.
package terminal

import (
	"fmt"

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
	OAuthError string
	Spec       string
	Hint       string
	Cause      string
}

// Fail prints a failure on stderr.
func (p *Printer) Fail(f Failure, asJSON bool) {
	if asJSON {
		fmt.Fprintf(p.Err, "%s\n", f.value().AppendSorted(nil, 0))
		return
	}
	fmt.Fprintln(p.Err, p.paint(red, "error:")+" "+message.Printable(f.Message))
	where := ""
	for _, part := range [...]string{f.Step, f.URL, statusText(f.Status)} {
		if part != "" {
			where += "  " + part
		}
	}
	for _, row := range [...]struct{ label, text string }{{"where", where}, {"spec", "  " + f.Spec}, {"cause", "  " + f.Cause}, {"next", "  " + f.Hint}} {
		if len(row.text) > 2 {
			fmt.Fprintln(p.Err, "  "+p.paint(dim, fmt.Sprintf("%-5s", row.label))+message.PrintableLine(row.text))
		}
	}
}

func statusText(status int) string {
	if status == 0 {
		return ""
	}
	return fmt.Sprintf("HTTP %d", status)
}

func (f Failure) value() message.Value {
	var m []message.Member
	for _, t := range [...]struct{ name, text string }{{"code", f.Code}, {"message", f.Message}, {"step", f.Step}, {"url", f.URL},
		{"oauth_error", f.OAuthError}, {"spec", f.Spec}, {"hint", f.Hint}, {"cause", f.Cause}} {
		if t.text != "" {
			m = append(m, message.M(t.name, message.Str(t.text)))
		}
	}
	if f.Status != 0 {
		m = append(m, message.M("status", message.Num(int64(f.Status))))
	}
	return message.Obj(message.M("error", message.Obj(m...)))
}
