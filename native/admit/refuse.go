// How a connection is refused: with an answer that its client gets to read.
package admit

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"mcp-auth/core/message"
)

// Bounds of one refusal.
const (
	asking    = 5 * time.Second // for the request, which a machine that is overloaded may hold up
	lingering = time.Second     // for the answer and the client's leaving
	maxHead   = 16 << 10        // bytes of a request that are waited for
)

// refuse waits for the request, answers, and reads on until the client has
// gone: an answer before the request is none to many clients, and a close with
// unread bytes would take the answer back.
func refuse(c net.Conn, busy []byte) {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(asking))
	if !readHead(c) {
		return
	}
	_ = c.SetDeadline(time.Now().Add(lingering))
	if _, err := c.Write(busy); err != nil {
		return
	}
	if half, ok := c.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_, _ = io.Copy(io.Discard, io.LimitReader(c, 1<<20))
	}
}

func readHead(c net.Conn) bool {
	head := make([]byte, 0, 2<<10)
	for len(head) < maxHead {
		head = append(head, make([]byte, 2<<10)...)
		n, err := c.Read(head[len(head)-2<<10:])
		head = head[:len(head)-2<<10+n]
		if bytes.Contains(head, []byte("\r\n\r\n")) {
			return true
		}
		if err != nil {
			return false
		}
	}
	return true
}

// Answer writes a response as it goes over the wire, the last of its
// connection.
func Answer(r message.Response) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", r.Status, http.StatusText(r.Status))
	for _, f := range r.Header {
		fmt.Fprintf(&b, "%s: %s\r\n", f.Name, f.Value)
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\nConnection: close\r\n\r\n%s", len(r.Body), r.Body)
	return []byte(b.String())
}
