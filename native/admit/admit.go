// Package admit holds the connections of a server: as many as may be, told at
// once when there are too many (RFC 9110 section 15.6.4), and let go without
// losing an answer when the server stops.
//
// Under overload the queue is the connections themselves: each has one request
// under way. Bounding them bounds waiting and memory alike; whoever is refused
// costs a few calls to the kernel and no request.
package admit

import (
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Patience of the listener.
const (
	looking  = 20 * time.Millisecond // between two looks for one that rests
	looks    = 10                    // that a stopping server takes before it believes so: a busy machine holds up both ends alike, and the looks with them
	refusals = 512                   // connections being refused at once; further ones wait in the kernel's queue
)

// Resting is how long a connection must have waited for a request, before it
// gives its place to a new one.
const Resting = time.Second

// Settled is how long a connection must be quiet, before a server that stops
// believes that no request is on its way.
const Settled = 100 * time.Millisecond

// Stalled is how long one write may take, unless Listener.Stalled says
// otherwise: a client that reads nothing holds a place, and is busy all the time.
const Stalled = 30 * time.Second

// A Listener admits at most max connections at once. The others get busy.
// New makes one; State must be the server's ConnState, and Handler must be
// around its handler.
type Listener struct {
	net.Listener
	Stalled  time.Duration // how long one write may take, to the second; 0: 30 s. To be set before the first Accept
	max      int
	busy     []byte
	refusing chan struct{}
	refused  atomic.Int64
	leaving  atomic.Bool
	closed   chan struct{}
	closing  sync.Once
	ticks    atomic.Int64 // of watch: the clock of writes, which costs nothing to read

	mu     sync.Mutex
	conns  map[*conn]struct{}
	looked time.Time
}

// New admits max connections of l. busy is the whole answer to the others, as
// it goes over the wire: Answer writes one. The listener must be closed.
func New(l net.Listener, max int, busy []byte) *Listener {
	admitting := &Listener{Listener: l, max: max, busy: busy, refusing: make(chan struct{}, refusals), closed: make(chan struct{}), conns: map[*conn]struct{}{}}
	go admitting.watch()
	return admitting
}

// A conn is an admitted connection.
type conn struct {
	net.Conn
	home    *Listener
	since   atomic.Int64 // when it began to wait for a request, in Unix nanoseconds; 0: it is being served
	until   atomic.Int64 // by when what is read must have come, in Unix nanoseconds; 0: no matter
	woken   atomic.Bool  // reads fail at once
	reading atomic.Int32 // reads under way
	below   atomic.Bool  // the connection below has a deadline
	writing atomic.Int64 // the tick after that in which the write under way began; 0: none is
}

// Accept implements net.Listener: it returns connections that have a place.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if admitted := l.admit(c, time.Now()); admitted != nil {
			return admitted, nil
		}
		l.refused.Add(1)
		l.refusing <- struct{}{}
		go func() {
			defer func() { <-l.refusing }()
			refuse(c, l.busy)
		}()
	}
}

func (l *Listener) admit(c net.Conn, now time.Time) *conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.conns) >= l.max && !l.makeRoom(now) {
		return nil
	}
	admitted := &conn{Conn: c, home: l}
	admitted.since.Store(now.UnixNano())
	l.conns[admitted] = struct{}{}
	return admitted
}

// makeRoom ends the connections that rest. Whoever is being served, or was a
// moment ago, stays.
func (l *Listener) makeRoom(now time.Time) bool {
	if now.Sub(l.looked) < looking {
		return false
	}
	l.looked = now
	for c := range l.conns {
		if c.rests(now, Resting) {
			delete(l.conns, c)
			c.end()
		}
	}
	return len(l.conns) < l.max
}

// rests reports whether nothing has come for so long.
func (c *conn) rests(now time.Time, span time.Duration) bool {
	since := c.since.Load()
	return since != 0 && now.UnixNano()-since >= int64(span) && !pending(c.Conn)
}

// end lets the server close the connection, since it waits no longer for a
// request. One that it has read already, which it may not have told us yet, is
// still answered: that is why the connection is not simply closed.
func (c *conn) end() { _ = c.SetReadDeadline(past) }

// Close implements net.Conn, and gives the place back.
func (c *conn) Close() error {
	c.home.mu.Lock()
	delete(c.home.conns, c)
	c.home.mu.Unlock()
	return c.Conn.Close()
}

// State is told what becomes of a connection.
func (l *Listener) State(c net.Conn, s http.ConnState) {
	admitted, ok := c.(*conn)
	if !ok {
		return
	}
	switch s {
	case http.StateActive:
		admitted.since.Store(0)
	case http.StateIdle:
		admitted.since.Store(time.Now().UnixNano())
	}
}

// Connections is how many are admitted, and how many were refused so far.
func (l *Listener) Connections() (open int, refused int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.conns), l.refused.Load()
}
