// The load: HTTP/1.1 written and read by hand, so that one core of load keeps
// one core of server busy.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// workers is how many connections are in use at once: more than a server
// answers between two looks.
const workers = 64

// A conn is one connection that is kept alive.
type conn struct {
	io.ReadWriteCloser
	r    *bufio.Reader
	body []byte
}

// An answer is valid until the next request of its connection.
type answer struct {
	status   int
	location string
	body     []byte
}

// dial opens a connection that waits for its answers.
func dial(base string) (*conn, error) {
	c, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		return nil, err
	}
	return &conn{ReadWriteCloser: c, r: bufio.NewReader(c)}, nil
}

// join opens a connection of the load, which looks for them.
func join(base string) (*conn, error) {
	c, err := connect(strings.TrimPrefix(base, "http://"))
	if err != nil {
		return nil, err
	}
	return &conn{ReadWriteCloser: c, r: bufio.NewReader(c)}, nil
}

// request writes a request; an empty body is a GET.
func request(base, path, fields, body string) []byte {
	head := "GET " + path + " HTTP/1.1\r\n"
	if body != "" {
		head = "POST " + path + " HTTP/1.1\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n"
	}
	return []byte(head + "Host: " + strings.TrimPrefix(base, "http://") + "\r\nUser-Agent: bench\r\nAccept: application/json, text/event-stream\r\n" + fields + "\r\n" + body)
}

// do sends a request and wants a status.
func (c *conn) do(request []byte, status int) (answer, error) {
	if _, err := c.Write(request); err != nil {
		return answer{}, err
	}
	a, err := c.read()
	if err == nil && a.status != status {
		err = fmt.Errorf("HTTP %d instead of %d: %s", a.status, status, a.body)
	}
	return a, err
}

func (c *conn) read() (a answer, err error) {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return a, err
	}
	if len(line) < len("HTTP/1.1 200") {
		return a, errors.New("no HTTP answer came")
	}
	a.status, _ = strconv.Atoi(string(line[9:12]))
	length := 0
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return a, err
		}
		name, value, _ := bytes.Cut(bytes.TrimSpace(line), []byte(": "))
		switch string(name) {
		case "":
			return c.finish(a, length)
		case "Content-Length":
			length, _ = strconv.Atoi(string(value))
		case "Location":
			a.location = string(value)
		}
	}
}

func (c *conn) finish(a answer, length int) (answer, error) {
	c.body = append(c.body[:0], make([]byte, length)...)
	for n := 0; n < length; {
		k, err := c.r.Read(c.body[n:])
		if err != nil {
			return a, err
		}
		n += k
	}
	a.body = c.body
	return a, nil
}

// repeat does a work on all workers until more says no, and counts.
func repeat(base string, do func(*conn) error, more func() bool) (n int, err error) {
	type outcome struct {
		n   int
		err error
	}
	done := make(chan outcome)
	for range workers {
		go func() {
			var o outcome
			var c *conn
			if c, o.err = join(base); o.err == nil {
				defer c.Close()
			}
			for o.err == nil && more() {
				if o.err = do(c); o.err == nil {
					o.n++
				}
			}
			done <- o
		}()
	}
	for range workers {
		o := <-done
		n, err = n+o.n, errors.Join(err, o.err)
	}
	return n, err
}

// until is a more that ends by the clock.
func until(end time.Time) func() bool { return func() bool { return time.Now().Before(end) } }
