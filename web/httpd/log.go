// One line a request. It never holds a secret.
package httpd

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"mcp-auth/core/message"
)

// Log writes one line a request, as text or json; nil when format is off. The
// query is left out: codes and user codes travel there.
func Log(format string, w io.Writer) Observer {
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
