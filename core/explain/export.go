// A run for other tools and other people: curl, mermaid, a report. They are
// not redacted here: render what trace.Redact returned.
package explain

import (
	"slices"
	"strings"

	"mcp-auth/core/message"
	"mcp-auth/core/trace"
)

// Curl is a request as a command line.
func Curl(m message.Request) string {
	var b strings.Builder
	b.WriteString("curl -i")
	if m.Method != "GET" {
		b.WriteString(" -X " + m.Method)
	}
	for _, f := range m.Header {
		b.WriteString(" \\\n  -H " + quoted(f.Name+": "+f.Value))
	}
	if len(m.Body) > 0 {
		b.WriteString(" \\\n  --data-binary " + quoted(string(m.Body)))
	}
	b.WriteString(" \\\n  " + quoted(m.URL) + "\n")
	return b.String()
}

// quoted is one word of a POSIX shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// Curls is the whole run, one command a request that the client sent.
func Curls(events []trace.Event) string {
	var b strings.Builder
	for _, r := range Rows(events) {
		if ev := events[r.Event]; ev.Kind == trace.KindRequest && ev.Request != nil && ev.From == trace.Client {
			b.WriteString("# " + message.Decimal(int64(r.N)) + ": " + message.PrintableLine(strings.Join(r.Pieces, " ")) + "\n" + Curl(*ev.Request) + "\n")
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
