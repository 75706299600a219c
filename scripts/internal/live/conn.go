// HTTP/1.1 by hand: cheap, so that a load costs less than what it loads, and
// exact about what came back.
package live

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// A Conn is one connection.
type Conn struct {
	net.Conn
	r    *bufio.Reader
	host string
	body []byte
	used time.Time // when it was opened, or Ask sent last
}

// An Answer is valid until the next request of its connection.
type Answer struct {
	Status     int
	Location   string
	Cookie     string // name=value
	RetryAfter string
	Close      bool // it was the connection's last
	Body       []byte
}

// Dial opens a connection to an origin. Nothing on it takes longer than most.
func Dial(base string, most time.Duration) (*Conn, error) {
	host := strings.TrimPrefix(base, "http://")
	c, err := net.DialTimeout("tcp", host, most)
	if err != nil {
		return nil, err
	}
	return NewConn(c, host), nil
}

// NewConn speaks HTTP over a connection.
func NewConn(c net.Conn, host string) *Conn {
	return &Conn{Conn: c, r: bufio.NewReaderSize(c, 16<<10), host: host, used: time.Now()}
}

// Fields of requests.
const (
	FormField = "Content-Type: application/x-www-form-urlencoded\r\n"
	JSONField = "Content-Type: application/json\r\n"
)

// Request writes a request; without fields that say what the body is, it is a
// GET.
func Request(base, path, fields, body string) []byte {
	head := "GET " + path + " HTTP/1.1\r\n"
	if strings.Contains(fields, "Content-Type:") {
		head = "POST " + path + " HTTP/1.1\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n"
	}
	return []byte(head + "Host: " + strings.TrimPrefix(base, "http://") + "\r\nAccept: application/json, text/event-stream\r\n" + fields + "\r\n" + body)
}

// Do sends a request and reads its answer.
func (c *Conn) Do(request []byte) (Answer, error) {
	if _, err := c.Write(request); err != nil {
		return Answer{}, err
	}
	return c.Answer()
}

// Ask is Do, and says for how long at most the server had heard nothing when
// the request was there: who was silent for too long is lawfully cut off.
func (c *Conn) Ask(request []byte) (a Answer, silence time.Duration, err error) {
	last := c.used
	c.used = time.Now()
	_, err = c.Write(request)
	silence = time.Since(last)
	if err == nil {
		a, err = c.Answer()
	}
	return a, silence, err
}

// Want is Do for a status; any other is an error.
func (c *Conn) Want(status int, request []byte) (Answer, error) {
	a, err := c.Do(request)
	if err == nil && a.Status != status {
		err = fmt.Errorf("HTTP %d instead of %d: %.300s", a.Status, status, a.Body)
	}
	return a, err
}

// Answer reads an answer.
func (c *Conn) Answer() (a Answer, err error) {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return a, err
	}
	if len(line) < len("HTTP/1.1 200") || !bytes.HasPrefix(line, []byte("HTTP/1.")) {
		return a, fmt.Errorf("no HTTP answer came, but %q", line)
	}
	a.Status, _ = strconv.Atoi(string(line[9:12]))
	length := 0
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return a, fmt.Errorf("the answer broke off: %w", err)
		}
		name, value, _ := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(": "))
		switch string(name) {
		case "":
			c.body = append(c.body[:0], make([]byte, length)...)
			if _, err := io.ReadFull(c.r, c.body); err != nil {
				return a, fmt.Errorf("the answer broke off: %w", err)
			}
			a.Body = c.body
			return a, nil
		case "Content-Length":
			length, _ = strconv.Atoi(string(value))
		case "Location":
			a.Location = string(value)
		case "Retry-After":
			a.RetryAfter = string(value)
		case "Connection":
			a.Close = string(value) == "close"
		case "Set-Cookie":
			cookie, _, _ := strings.Cut(string(value), ";")
			a.Cookie = cookie
		}
	}
}

// Member returns a text member of a JSON answer, or "".
func (a Answer) Member(name string) string {
	_, rest, ok := bytes.Cut(a.Body, []byte(`"`+name+`":"`))
	if !ok {
		return ""
	}
	value, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(value)
}

// Field returns the value of a hidden field of a page, or "".
func (a Answer) Field(name string) string {
	_, rest, ok := bytes.Cut(a.Body, []byte(`name="`+name+`" value="`))
	if !ok {
		return ""
	}
	value, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(value)
}
