// One line a request, and the trace file. Neither ever holds a secret.
package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"mcp-auth/core/message"
	"mcp-auth/core/trace"
	"mcp-auth/web/httpd"
)

// observer writes the log; nil when it is off. The query is left out: codes
// and user codes travel there.
func observer(format string, w io.Writer) httpd.Observer {
	if format == "off" {
		return nil
	}
	var mu sync.Mutex
	line := textLine
	if format == "json" {
		line = jsonLine
	}
	return func(took time.Duration, m message.Request, r message.Response) {
		b := line(took, m, r)
		mu.Lock()
		defer mu.Unlock()
		_, _ = w.Write(b)
	}
}

func textLine(took time.Duration, m message.Request, r message.Response) []byte {
	s := fmt.Sprintf("%s %s %d %s", clip(m.Method), clip(m.Path()), r.Status, took.Round(time.Microsecond))
	if r.Note != "" {
		s += "  " + message.PrintableLine(r.Note)
	}
	return []byte(s + "\n")
}

func jsonLine(took time.Duration, m message.Request, r message.Response) []byte {
	members := []message.Member{message.M("method", message.Str(clip(m.Method))), message.M("path", message.Str(clip(m.Path()))),
		message.M("status", message.Num(int64(r.Status))), message.M("microseconds", message.Num(took.Microseconds()))}
	if r.Note != "" {
		members = append(members, message.M("note", message.Str(message.PrintableLine(r.Note))))
	}
	return append(message.Obj(members...).Append(nil), '\n')
}

// clip makes foreign text one short line.
func clip(s string) string {
	s = strings.ReplaceAll(message.PrintableLine(s), " ", `\u{20}`)
	if len(s) > 200 {
		return strings.ToValidUTF8(s[:200], "") + "..."
	}
	return s
}

// A recorder appends redacted events to a file.
type recorder struct {
	mu     sync.Mutex
	file   *os.File
	redact *trace.Redactor
	n      int
}

// openTrace opens the file, 0600 since a trace shows who called what; nil
// without a name.
func openTrace(name string) (*recorder, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--trace: %w", err)
	}
	_, err = f.Write(trace.AppendHeader(nil, "mcp-auth-server "+version))
	return &recorder{file: f, redact: trace.NewRedactor()}, err
}

// Add writes the events of one exchange.
func (r *recorder) Add(events []trace.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b []byte
	for _, ev := range events {
		r.n++
		ev.N = r.n
		b = trace.AppendNDJSON(b, r.redact.Event(ev))
	}
	_, _ = r.file.Write(b)
}

// Close closes the file, if there is one.
func (r *recorder) Close() {
	if r != nil {
		_ = r.file.Close()
	}
}
