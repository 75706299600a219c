// How long a connection may take to send what is awaited, and to take what is
// sent.
package admit

import (
	"errors"
	"net"
	"os"
	"time"
)

// tick is how exact the deadlines of admitted connections are.
const tick = time.Second

// past is a deadline that wakes whoever reads.
var past = time.Unix(1, 0)

// Read implements net.Conn. Once reads fail at once, the kernel is not asked.
func (c *conn) Read(p []byte) (int, error) {
	c.reading.Add(1)
	defer c.reading.Add(-1)
	if c.woken.Load() {
		return 0, os.ErrDeadlineExceeded
	}
	return c.Conn.Read(p)
}

// Write implements net.Conn. When it began is all that is noted: a deadline of
// the kernel's would be a call a request. watch looks for what takes too long.
func (c *conn) Write(p []byte) (int, error) {
	c.writing.Store(c.home.ticks.Load() + 1)
	n, err := c.Conn.Write(p)
	c.writing.Store(0)
	return n, err
}

// SetReadDeadline implements net.Conn, to the second: net/http sets five
// deadlines a request, and a timer for each costs as much as a lookup of a
// token. watch looks after those that lie ahead. One in the past, by which
// net/http takes a read back, holds at once; the connection below hears of it
// only when a read has begun.
func (c *conn) SetReadDeadline(t time.Time) error {
	if !t.IsZero() && !t.After(past) {
		c.woken.Store(true) // before it is asked who reads: Read asks the other way round
		if c.reading.Load() == 0 {
			return nil
		}
		defer c.below.Store(true) // after it has one: whoever lifts it meanwhile looks again, see wakeLate
		return c.Conn.SetReadDeadline(t)
	}
	c.until.Store(nanoseconds(t))
	return c.sleep()
}

// sleep lets reads wait again.
func (c *conn) sleep() error {
	c.woken.Store(false)
	if !c.below.Load() {
		return nil
	}
	c.below.Store(false)
	return c.Conn.SetReadDeadline(time.Time{})
}

// SetDeadline implements net.Conn.
func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

func nanoseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// watch ends reads and writes that are over time, until the listener is closed.
func (l *Listener) watch() {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-l.closed:
			return
		case now := <-ticker.C:
			l.wakeLate(now)
			l.cutStalled(l.ticks.Add(1))
		}
	}
}

// cutStalled closes the connections whose client does not read. A stream that
// writes now and then is none: each of its writes returns at once.
func (l *Listener) cutStalled(now int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		began := c.writing.Load() - 1
		if began < 0 || now-began <= int64(l.stalled()/tick) {
			continue
		}
		if tcp, ok := c.Conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // the kernel forgets what it was to send, too
		}
		_ = c.Conn.Close() // the server hears of it, and gives the place back
	}
}

func (l *Listener) stalled() time.Duration {
	if l.Stalled == 0 {
		return Stalled
	}
	return l.Stalled
}

func (l *Listener) wakeLate(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		until := c.until.Load()
		if until == 0 || now.UnixNano() < until {
			continue
		}
		c.end()
		if c.until.Load() != until { // a request came just then: it has a deadline of its own
			_ = c.sleep()
		}
	}
}

// Close implements net.Listener. Whoever stops a server after it bounds the
// time of those that are still served.
func (l *Listener) Close() error {
	l.closing.Do(func() { close(l.closed) })
	return l.Listener.Close()
}
