// A run for other tools and other people: curl, mermaid, a report. They are
// not redacted here: render what trace.Redact returned.
package explain

import (
	"slices"
	"strings"

	"mcp-auth/core/message"
	"mcp-auth/core/trace"
)

// Curl is a request as a command line. Whoever pastes it sends that request and
// does nothing else, whatever is in a trace that came from others: --data-raw
// reads no file, -g expands no URL, and the shell finds nothing to do.
func Curl(m message.Request) string {
	if !overHTTP(m.URL) {
		return "# no request over HTTP: " + quoted(message.PrintableLine(m.URL)) + "\n"
	}
	var b strings.Builder
	b.WriteString("curl -i -g")
	if m.Method != "GET" {
		b.WriteString(" -X " + word(m.Method))
	}
	for _, f := range m.Header {
		if sendable(f) {
			b.WriteString(" \\\n  -H " + quoted(headerLine(f)))
		}
	}
	if len(m.Body) > 0 {
		b.WriteString(" \\\n  --data-raw " + quoted(string(m.Body)))
	}
	b.WriteString(" \\\n  " + quoted(m.URL) + "\n")
	return b.String()
}

// overHTTP keeps out files, and what curl would take for an option.
func overHTTP(url string) bool {
	scheme, _, ok := strings.Cut(url, "://")
	return ok && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https"))
}

// sendable leaves out what curl would take for the name of a file, and what
// would be more than one line.
func sendable(f message.Field) bool {
	return f.Name != "" && !strings.HasPrefix(f.Name, "@") && !strings.ContainsAny(f.Name+f.Value, "\r\n\x00")
}

// headerLine is a field as curl wants it: one with nothing behind its colon is
// left out by it.
func headerLine(f message.Field) string {
	if f.Value == "" {
		return f.Name + ";"
	}
	return f.Name + ": " + f.Value
}

// word is a word of a shell, quoted unless it is of capital letters alone.
func word(s string) string {
	if s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
		return s
	}
	return quoted(s)
}

// quoted is one word of a POSIX shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// Curls is the whole run, one command a request that the client sent. A shell
// that is typed into may know no comments, so they are quoted too.
func Curls(events []trace.Event) string {
	var b strings.Builder
	for _, r := range Rows(events) {
		if ev := events[r.Event]; ev.Kind == trace.KindRequest && ev.Request != nil && ev.From == trace.Client {
			b.WriteString("# " + message.Decimal(int64(r.N)) + ": " + quoted(message.PrintableLine(strings.Join(r.Pieces, " "))) + "\n" + Curl(*ev.Request) + "\n")
		}
	}
	return b.String()
}

// names of the parties, for diagrams.
var names = map[trace.Party]string{trace.UserAgent: "Browser", trace.Client: "Client", trace.Resource: "MCP", trace.AuthorizationServer: "AS", trace.ClientSite: "Site"}

// Mermaid is the run as the text of a sequence diagram.
func Mermaid(events []trace.Event) string {
	var b strings.Builder
	b.WriteString("sequenceDiagram\n  autonumber\n  participant Browser\n  participant Client\n  participant MCP as MCP server\n  participant AS as Authorization server\n")
	rows := Rows(events)
	if slices.ContainsFunc(rows, func(r Row) bool { return r.To == trace.ClientSite }) {
		b.WriteString("  participant Site as Client's site\n")
	}
	for _, r := range rows {
		from, to := names[r.From], names[r.To]
		if from == "" || to == "" {
			continue
		}
		arrow := "->>"
		if r.Kind == trace.KindResponse {
			arrow = "-->>"
		}
		b.WriteString("  " + from + arrow + to + ": " + mermaidText(strings.Join(r.Pieces, " ")) + "\n")
		if r.Mark == Wrong {
			b.WriteString("  Note over " + to + ": stopped here\n")
		}
	}
	return b.String()
}

// mermaidText leaves out what ends or begins things in a diagram.
func mermaidText(s string) string {
	return strings.NewReplacer(";", ",", "#", "", "<", "(", ">", ")", "%", "").Replace(message.PrintableLine(s))
}

// Report is the run as Markdown, for a bug report.
func Report(events []trace.Event, producer string) string {
	var b strings.Builder
	v := Judge(events)
	b.WriteString("# MCP login, as recorded\n\n" + producer + "\n\n**" + markdown(v.Text) + "**\n")
	for _, x := range [...][2]string{{"Want", v.Want}, {"Got", v.Got}, {"Rule", v.Cite}, {"Usually because", v.Cause}, {"To fix", v.Fix}} {
		if x[1] != "" {
			b.WriteString("\n- " + x[0] + ": " + markdown(x[1]))
		}
	}
	b.WriteString("\n\n| | from | to | message | checks |\n|---|---|---|---|---|\n")
	for _, r := range Rows(events) {
		b.WriteString("| " + message.Decimal(int64(r.N)) + " | " + string(r.From) + " | " + string(r.To) + " | " + markdown(strings.Join(r.Pieces, " ")) + " | " + markdown(checksLine(events, r)) + " |\n")
	}
	b.WriteString("\n## Messages\n\n")
	for _, r := range Rows(events) {
		text := trace.Text(events[r.Event], true)
		fence := "```"
		for strings.Contains(text, fence) {
			fence += "`"
		}
		b.WriteString("### " + message.Decimal(int64(r.N)) + "\n\n" + fence + "\n" + text + fence + "\n\n")
	}
	return b.String()
}

func checksLine(events []trace.Event, r Row) string {
	var all []string
	for _, i := range r.Checks {
		if c := events[i].Check; c != nil {
			word := "ok "
			if !c.OK {
				word = "FAIL "
			}
			all = append(all, word+c.ID)
		}
	}
	return strings.Join(all, ", ")
}

var markdownEscapes = strings.NewReplacer("|", `\|`, "*", `\*`, "_", `\_`, "<", "&lt;", "`", "\\`", "[", `\[`)

func markdown(s string) string { return markdownEscapes.Replace(message.PrintableLine(s)) }
