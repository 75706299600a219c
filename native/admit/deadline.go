// How long a connection may take to send what is awaited.
package admit

import (
	"errors"
	"time"
)

// tick is how exact the deadlines of admitted connections are.
const tick = time.Second

// past is a deadline that wakes whoever reads.
var past = time.Unix(1, 0)

// SetReadDeadline implements net.Conn, to the second: net/http sets three
// deadlines a request, and a timer for each costs as much as a lookup of a
// token. watch looks after those that lie ahead; one in the past, by which
// net/http takes a read back, holds at once.
func (c *conn) SetReadDeadline(t time.Time) error {
	if !t.IsZero() && !t.After(past) {
		c.woken.Store(true)
		return c.Conn.SetReadDeadline(t)
	}
	c.until.Store(nanoseconds(t))
	if c.woken.Load() {
		c.woken.Store(false)
		return c.Conn.SetReadDeadline(time.Time{})
	}
	return nil
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

// watch ends reads that are over time, until the listener is closed.
func (l *Listener) watch() {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-l.closed:
			return
		case now := <-ticker.C:
			l.wakeLate(now)
		}
	}
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
			c.woken.Store(false)
			_ = c.Conn.SetReadDeadline(time.Time{})
		}
	}
}

// Close implements net.Listener. Whoever stops a server after it bounds the
// time of those that are still served.
func (l *Listener) Close() error {
	l.closing.Do(func() { close(l.closed) })
	return l.Listener.Close()
}
