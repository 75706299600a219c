// ten times as many requests as the server can answer.
package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mcp-auth/native/admit"
	"mcp-auth/scripts/internal/live"
)

// crowd is how many come at once at most: three times as many as are let in.
const crowd = 3_000

func overloaded(s *soak) error {
	live.PinSelf()
	span := pick(s, 3*time.Second, time.Minute)
	o, err := s.overload(s.plain, span)
	if err != nil {
		return err
	}
	ok := o.strange.Load() == 0 && o.unsaid.Load() == 0 && o.refused.Load() > 0 && o.recovered <= 10*time.Second && o.peak <= mostOverIdle
	s.add("R-08", fmt.Sprintf("ten times of what it can do, for %s", span), o.String(), "200 or 503 with Retry-After alone; idle again within 10 s; at most 64 MiB", ok)
	build, err := live.Build{Packages: []string{"./native/mcp-auth-server"}, Plants: []live.Plant{{File: "native/admit/refuse.go", Old: "if _, err := c.Write(busy); err != nil {", New: "if true {"}}}.Into(s.dir)
	if err != nil {
		return err
	}
	if o, err = s.overload(build, 2*time.Second); err != nil {
		return err
	}
	s.control("R-08", "who is refused is told nothing", o.String(), o.strange.Load() > 0)
	return nil
}

// An overload is what became of all who came.
type overload struct {
	rate, wanted                              float64 // a second: what was measured at most, and ten times that
	span                                      time.Duration
	served, refused, unsaid, strange, unasked atomic.Int64
	latency                                   latencies
	idle, recovered                           time.Duration
	peak                                      int64
	such                                      atomic.Pointer[string]
}

func (o *overload) String() string {
	came := o.served.Load() + o.refused.Load() + o.strange.Load()
	text := fmt.Sprintf("it can do %.0f/s; %.0f/s were due, %.0f/s came (the others found all %d callers waiting): %d served with p99 %s, %d told 503 with Retry-After, %d anything else; at most %.1f MiB over idle; idle latency (p95 %s) again after %s",
		o.rate, o.wanted, float64(came)/o.span.Seconds(), crowd, o.served.Load(), rounded(o.latency.at(0.99)), o.refused.Load()-o.unsaid.Load(), o.strange.Load()+o.unsaid.Load(), mib(o.peak), rounded(o.idle), o.recovered.Round(10*time.Millisecond))
	if such := o.such.Load(); such != nil {
		text += ", such as " + *such
	}
	return text
}

func (s *soak) overload(build string, span time.Duration) (*overload, error) {
	server, err := live.Start(build, "--approval", "auto")
	if err != nil {
		return nil, err
	}
	defer server.Kill()
	o := &overload{span: span}
	if o.rate, err = saturation(server.Base, caller, pick(s, time.Second, 5*time.Second)); err != nil {
		return nil, err
	}
	o.wanted = 10 * o.rate
	c, err := live.Dial(server.Base, patience)
	if err != nil {
		return nil, err
	}
	m, err := newMix(c, server.Base)
	_ = c.Close()
	if err != nil {
		return nil, err
	}
	request := call(server.Base, m.access)
	if o.idle, err = o.quiet(server.Base, request, 500); err != nil {
		return nil, err
	}
	before, err := server.Settled()
	if err != nil {
		return nil, err
	}
	watch := watchResident(server)
	o.rush(server.Base, request)
	o.peak = watch() - before.Resident
	began := time.Now()
	for time.Since(began) < 30*time.Second {
		now, err := o.quiet(server.Base, request, 100)
		o.recovered = time.Since(began)
		if err == nil && now <= o.idle*3/2 {
			break
		}
	}
	return o, nil
}

// rush lets people come at the rate that is wanted. Whoever is free goes; when
// nobody is, somebody new does, up to the crowd.
func (o *overload) rush(base string, request []byte) {
	free := make(chan time.Time)
	var wg sync.WaitGroup
	callers := 0
	arrivals(o.wanted, o.span, func(at time.Time) {
		select {
		case free <- at:
			return
		default:
		}
		if callers == crowd {
			o.unasked.Add(1)
			return
		}
		callers++
		wg.Go(func() { o.caller(base, request, at, free) })
	})
	close(free)
	wg.Wait()
}

// caller asks whenever somebody comes, as long as they do.
func (o *overload) caller(base string, request []byte, at time.Time, free <-chan time.Time) {
	who := &asker{base: base, request: request}
	defer who.leave()
	for ok := true; ok; at, ok = <-free {
		a, err := who.ask()
		switch {
		case err != nil:
			o.odd(err.Error())
		case a.Status == 200:
			o.served.Add(1)
			o.latency.add(time.Since(at))
		case a.Status == 429 || a.Status == 503:
			if o.refused.Add(1); a.RetryAfter == "" {
				o.unsaid.Add(1)
			}
		default:
			o.odd(fmt.Sprint("HTTP ", a.Status))
		}
		if err != nil || a.Close {
			who.leave()
		}
	}
}

// An asker keeps its connection as long as it may.
type asker struct {
	base    string
	request []byte
	c       *live.Conn
}

// ask asks again over a new connection when the old one had been silent for so
// long that it may have lost its place. So do HTTP clients.
func (w *asker) ask() (a live.Answer, err error) {
	for silence := admit.Resting; silence >= admit.Resting; w.leave() {
		if w.c == nil {
			if w.c, err = dialAnywhere(w.base); err != nil {
				return a, err
			}
		}
		_ = w.c.SetDeadline(time.Now().Add(patience))
		if a, silence, err = w.c.Ask(w.request); err == nil {
			return a, nil
		}
	}
	return a, err
}

func (w *asker) leave() {
	if w.c != nil {
		_ = w.c.Close()
	}
	w.c = nil
}

func (o *overload) odd(what string) {
	o.strange.Add(1)
	o.such.CompareAndSwap(nil, &what)
}

// dialAnywhere dials from one of many loopback addresses: one alone has too few
// ports for all who come.
func dialAnywhere(base string) (*live.Conn, error) {
	host := strings.TrimPrefix(base, "http://")
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+rand.IntN(200)))}, Timeout: patience}
	c, err := d.DialContext(context.Background(), "tcp", host)
	if err != nil {
		return nil, err
	}
	return live.NewConn(c, host), nil
}

// quiet is the p95 of n calls of one visitor who takes a rest between them.
func (o *overload) quiet(base string, request []byte, n int) (time.Duration, error) {
	c, err := live.Dial(base, patience)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	var l latencies
	for range n {
		began := time.Now()
		if _, err := c.Want(200, request); err != nil {
			return 0, err
		}
		l.add(time.Since(began))
		time.Sleep(500 * time.Microsecond)
	}
	return l.at(0.95), nil
}
