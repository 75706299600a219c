package admit_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/message"
	"mcp-auth/core/server"
	"mcp-auth/native/admit"
	"mcp-auth/web/leaks"
)

// whatever a test does to a server, no goroutine outlives it.
func TestMain(m *testing.M) { leaks.Main(m) }

// A host is a server with places for max connections; its handler waits on
// /wait until the test lets it go.
type host struct {
	*admit.Listener
	web     *http.Server
	entered chan struct{}
	release chan struct{}
}

func serve(t *testing.T, max int) *host {
	t.Helper()
	return serveFor(t, max, 0, 0)
}

// serveFor is serve with the times of http.Server; 0: as long as it takes.
func serveFor(t *testing.T, max int, read, idle time.Duration) *host {
	t.Helper()
	bound, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &host{Listener: admit.New(bound, max, admit.Answer(server.Busy())), entered: make(chan struct{}, 1000), release: make(chan struct{})}
	h.web = &http.Server{ReadTimeout: read, IdleTimeout: idle, ConnState: h.State, Handler: h.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/wait" {
			h.entered <- struct{}{}
			<-h.release
		}
		_, _ = io.WriteString(w, "done")
	}))}
	go func() { _ = h.web.Serve(h) }()
	t.Cleanup(func() { _ = h.web.Close() })
	return h
}

// A visitor is one connection.
type visitor struct {
	net.Conn
	r *bufio.Reader
}

func (h *host) visit(t *testing.T) *visitor {
	t.Helper()
	c, err := net.Dial("tcp", h.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return &visitor{c, bufio.NewReader(c)}
}

func (v *visitor) ask(path string) {
	_, _ = io.WriteString(v, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n")
}

func (v *visitor) read(t *testing.T) (*http.Response, string) {
	t.Helper()
	r, err := http.ReadResponse(v.r, nil)
	if err != nil {
		t.Fatalf("an answer must come: %v", err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatalf("the answer must be whole: %v", err)
	}
	return r, string(body)
}

// who finds no place is told to come back, and the others are served.
func TestR08_TooManyConnections(t *testing.T) {
	is := is.New(t)
	h := serve(t, 3)
	var inside []*visitor
	for range 3 {
		v := h.visit(t)
		v.ask("/wait")
		<-h.entered
		inside = append(inside, v)
	}
	for range 20 {
		v := h.visit(t)
		v.ask("/")
		r, body := v.read(t)
		is.Equal(r.StatusCode, 503)                // refused
		is.Equal(r.Header.Get("Retry-After"), "1") // and told when to come back
		is.True(r.Close)                           // on a connection that ends
		is.Equal(r.Header.Get("Content-Type"), message.JSONType)
		is.True(strings.Contains(body, `"temporarily_unavailable"`)) // with an error of OAuth
		_, err := v.r.ReadByte()
		is.Equal(err, io.EOF) // which ends well, not by a reset
	}
	open, refused := h.Connections()
	is.Equal(open, 3)            // no more than there are places
	is.Equal(refused, int64(20)) // and the others are counted
	close(h.release)
	for _, v := range inside {
		_, body := v.read(t)
		is.Equal(body, "done") // who was inside is served
		is.NoErr(v.Close())
	}
	is.True(eventually(func() bool { open, _ := h.Connections(); return open == 0 })) // places come back
	v := h.visit(t)
	v.ask("/")
	r, _ := v.read(t)
	is.Equal(r.StatusCode, 200) // for the next one
}

// connections that only wait do not keep others out.
func TestR08_RestingConnectionsMakeRoom(t *testing.T) {
	is := is.New(t)
	h := serve(t, 2)
	for range 2 {
		v := h.visit(t)
		v.ask("/")
		v.read(t) // served, and kept alive
	}
	began := time.Now()
	is.True(eventually(func() bool {
		v := h.visit(t)
		v.ask("/")
		r, _ := v.read(t)
		return r.StatusCode == 200
	})) // after a while one of them makes room
	is.True(time.Since(began) > 500*time.Millisecond) // not at once: it may have a request on its way
}

// whoever is refused and never speaks, or never leaves, is let go.
func TestR05_R08_RefusedAndStubborn(t *testing.T) {
	is := is.New(t)
	h := serve(t, 1)
	inside := h.visit(t)
	inside.ask("/wait")
	<-h.entered
	silent, stubborn := h.visit(t), h.visit(t)
	stubborn.ask("/")
	r, _ := stubborn.read(t)
	is.Equal(r.StatusCode, 503)
	for _, v := range []*visitor{silent, stubborn} {
		_, err := v.r.ReadByte()
		is.True(err != nil) // the connection ends by itself
	}
	close(h.release)
	_, body := inside.read(t)
	is.Equal(body, "done")
}

// whoever begins a request and does not end it, and whoever rests for
// too long, is let go, though no connection has a timer of its own.
func TestR05_WhoTakesTooLongIsLetGo(t *testing.T) {
	is := is.New(t)
	h := serveFor(t, 4, 500*time.Millisecond, 3*time.Second)
	head, body, rest := h.visit(t), h.visit(t), h.visit(t)
	began := time.Now()
	_, _ = io.WriteString(head, "GET / HTTP/1.1\r\nHo")
	_, _ = io.WriteString(body, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf")
	rest.ask("/")
	rest.read(t)
	for _, v := range []*visitor{head, body, rest} {
		_, err := io.Copy(io.Discard, v.r)
		is.True(err == nil || !os.IsTimeout(err)) // it was ended by the server
	}
	is.True(time.Since(began) >= 500*time.Millisecond) // not before its time
	is.True(time.Since(began) < 10*time.Second)        // and soon after it
	slow := h.visit(t)
	for range 4 { // each request has its own time, and the connection as long as it likes
		slow.ask("/")
		slow.read(t)
		time.Sleep(400 * time.Millisecond)
	}
}

// whoever asks and never reads gives the place back; whoever is sent
// little, but for long, keeps it.
func TestR08_WhoNeverReadsIsLetGo(t *testing.T) {
	is := is.New(t)
	bound, err := net.Listen("tcp", "127.0.0.1:0")
	is.NoErr(err)
	l := admit.New(bound, 2, admit.Answer(server.Busy()))
	l.Stalled = time.Second
	web := &http.Server{ConnState: l.State, Handler: l.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/much":
			_, _ = w.Write(make([]byte, 16<<20)) // more than the buffers of both ends
		case "/rarely":
			for range 3 {
				_, _ = io.WriteString(w, "tick ")
				_ = http.NewResponseController(w).Flush()
				time.Sleep(1500 * time.Millisecond)
			}
		}
	}))}
	go func() { _ = web.Serve(l) }()
	defer web.Close()
	h := &host{Listener: l, web: web}
	began := time.Now()
	deaf, stream := h.visit(t), h.visit(t)
	deaf.ask("/much")
	stream.ask("/rarely")
	done := make(chan string, 1)
	go func() { _, body := stream.read(t); done <- body }()
	is.True(eventually(func() bool { open, _ := l.Connections(); return open == 2 })) // both are in
	is.True(eventually(func() bool { open, _ := l.Connections(); return open == 1 })) // one place is free again
	is.True(time.Since(began) > time.Second)                                          // not before its time
	v := h.visit(t)
	v.ask("/")
	r, _ := v.read(t)
	is.Equal(r.StatusCode, 200)         // for somebody else
	is.Equal(<-done, "tick tick tick ") // while the stream is whole
	_, err = io.Copy(io.Discard, deaf.r)
	is.True(err != nil) // what was left of the answer is gone
}

// net.Conn: a deadline in the past ends a read that waits and fails those to
// come, until another is set; then nothing that was sent in between is lost.
func TestDeadlinesOfReads(t *testing.T) {
	is := is.New(t)
	bound, err := net.Listen("tcp", "127.0.0.1:0")
	is.NoErr(err)
	l := admit.New(bound, 1, nil)
	defer l.Close()
	out, err := net.Dial("tcp", l.Addr().String())
	is.NoErr(err)
	defer out.Close()
	in, err := l.Accept()
	is.NoErr(err)
	defer in.Close()
	type read struct {
		text string
		err  error
	}
	reads := make(chan read, 1)
	begin := func() {
		go func() {
			b := make([]byte, 8)
			n, err := in.Read(b)
			reads <- read{string(b[:n]), err}
		}()
	}
	past := time.Unix(1, 0)
	for _, wait := range []time.Duration{20 * time.Millisecond, 0} { // with a read that waits already, or perhaps not yet
		begin()
		time.Sleep(wait)
		is.NoErr(in.SetReadDeadline(past))
		r := <-reads
		var timeout net.Error
		is.True(errors.As(r.err, &timeout) && timeout.Timeout()) // the read ended
		_, err = io.WriteString(out, "sent")
		is.NoErr(err)
		begin()
		r = <-reads
		is.True(errors.Is(r.err, os.ErrDeadlineExceeded) && r.text == "") // so does the next, at once
		is.NoErr(in.SetReadDeadline(time.Time{}))
		begin()
		is.Equal(<-reads, read{"sent", nil}) // until reads may wait
		begin()
		_, err = io.WriteString(out, "more")
		is.NoErr(err)
		is.Equal(<-reads, read{"more", nil}) // as long as they like
	}
}

// a server that stops under load leaves no request without an answer,
// but for those of a client that was silent for as long as one that has left.
func TestR06_NoAnswerIsLostWhenItStops(t *testing.T) {
	is := is.New(t)
	for range 10 {
		h := serve(t, 100)
		var lost, answered atomic.Int64
		var load sync.WaitGroup
		for range 16 {
			v := h.visit(t)
			load.Go(func() {
				for last := time.Now(); ; {
					asked := time.Now()
					v.ask("/")
					silence := time.Since(last) // at most: the server has the request by now
					r, err := http.ReadResponse(v.r, nil)
					if err == nil {
						_, err = io.Copy(io.Discard, r.Body)
					}
					switch {
					case err == nil:
						answered.Add(1)
					case silence < admit.Settled:
						lost.Add(1)
					}
					if err != nil || r.Close {
						return
					}
					last = asked
				}
			})
		}
		for answered.Load() < 200 {
			time.Sleep(time.Millisecond) // the load gets under way
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		is.NoErr(h.Drain(ctx, h.web)) // it stops
		is.NoErr(ctx.Err())           // in time
		cancel()
		load.Wait()
		is.Equal(lost.Load(), int64(0)) // every request that was sent was answered
	}
}

// a request that takes longer than may be is cut off; one that does not
// is waited for.
func TestR06_WaitsForAndCutsOff(t *testing.T) {
	is := is.New(t)
	h := serve(t, 10)
	v := h.visit(t)
	v.ask("/wait")
	<-h.entered
	stopped := make(chan error, 1)
	go func() { stopped <- h.Drain(t.Context(), h.web) }()
	is.True(eventually(func() bool {
		c, err := net.Dial("tcp", h.Addr().String())
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	})) // nobody new gets in
	close(h.release)
	_, body := v.read(t)
	is.Equal(body, "done") // who was inside is served
	is.NoErr(v.Close())
	is.NoErr(<-stopped)

	h = serve(t, 10)
	v = h.visit(t)
	v.ask("/wait")
	<-h.entered
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	is.NoErr(h.Drain(ctx, h.web)) // it stops all the same
	_, err := v.r.ReadByte()
	is.True(err != nil) // and the connection is gone
	close(h.release)
}

// eventually asks again for ten seconds.
func eventually(holds func() bool) bool {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if holds() {
			return true
		}
	}
	return false
}
