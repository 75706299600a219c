// half of what the server can do at most, for as long as it takes.
package main

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"mcp-auth/scripts/internal/live"
)

// steady are lifetimes short enough that as many records die as are born, and
// tables large enough for those that live.
var steady = []string{"--approval", "auto", "--access-lifetime", "60s", "--refresh-lifetime", "60s", "--device-lifetime", "30s", "--consent-lifetime", "30s", "--sweep-interval", "5s",
	"--max-devices", "10000000", "--max-client-devices", "10000000", "--max-consents", "10000000", "--max-codes", "10000000"}

// idle is the load average below which a machine is one's own.
const idle = 1.0

func held(s *soak) error {
	live.PinSelf()
	busy := loadAverage()
	server, err := live.Start(s.plain, steady...)
	if err != nil {
		return err
	}
	defer server.Kill()
	most, err := saturation(server.Base, mixed, pick(s, time.Second, 10*time.Second))
	if err != nil {
		return err
	}
	span := pick(s, 4*time.Second, time.Duration(*minutes*float64(time.Minute)))
	load := hold(server.Base, most/2, span)
	after, err := server.Figures()
	if err != nil {
		return err
	}
	first, last := load.parts[0].at(0.99), load.parts[parts-1].at(0.99)
	ratio := float64(last) / float64(first)
	figure := fmt.Sprintf("%d visits in %s at %.0f/s, half of the %.0f/s it can do: %d errors; p50 %s, p99 of the first sixth %s, of the last %s (ratio %.2f); %.0f MiB resident at the end", load.done(), span, most/2, most,
		load.errors.Load(), rounded(load.all.at(0.5)), rounded(first), rounded(last), ratio, mib(after.Resident))
	if e := load.such.Load(); e != nil {
		figure += ", such as " + (*e).Error()
	}
	// Seconds say nothing of a trend, and what others do to the machine nothing
	// of the server: the ratio is judged in the long form alone, on a machine that
	// has little else to do.
	judged := !s.short && busy < idle
	if !s.short && !judged {
		figure += fmt.Sprintf("; the ratio is not judged, the load average of others was %.1f before", busy)
	}
	s.add("R-07", "a mix of calls, refreshes and all logins", figure, "0 errors, ratio at most 1.2", load.errors.Load() == 0 && load.done() > 0 && (!judged || ratio <= 1.2))
	return s.starved(most / 2)
}

// starved is the control: a server that has room for ten codes.
func (s *soak) starved(rate float64) error {
	server, err := live.Start(s.plain, append(append([]string{}, steady...), "--max-codes", "10", "--code-lifetime", "60s")...)
	if err != nil {
		return err
	}
	defer server.Kill()
	load := hold(server.Base, rate, 2*time.Second)
	s.control("R-07", "room for ten codes", fmt.Sprintf("%d errors in %d visits", load.errors.Load(), load.done()), load.errors.Load() > 0)
	return nil
}

// A visitor does one thing at a time over one connection.
type visitor func(c *live.Conn) error

// mixed makes a visitor who is logged in.
func mixed(c *live.Conn, base string) (visitor, error) {
	m, err := newMix(c, base)
	if err != nil {
		return nil, err
	}
	return m.step, nil
}

// caller makes a visitor who calls, with a token of its own.
func caller(c *live.Conn, base string) (visitor, error) {
	m, err := newMix(c, base)
	if err != nil {
		return nil, err
	}
	request := call(base, m.access)
	return func(c *live.Conn) error {
		_, err := c.Want(200, request)
		return err
	}, nil
}

// saturation is how many visits a second 16 visitors make who never rest.
func saturation(base string, kind func(*live.Conn, string) (visitor, error), span time.Duration) (float64, error) {
	var done atomic.Int64
	errs := make(chan error, 16)
	end := time.Now().Add(span)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			c, err := live.Dial(base, time.Hour)
			if err != nil {
				errs <- err
				return
			}
			defer c.Close()
			v, err := kind(c, base)
			for err == nil && time.Now().Before(end) {
				err = v(c)
				done.Add(1)
			}
			if err != nil {
				errs <- err
			}
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		return 0, err
	default:
		return float64(done.Load()) / span.Seconds(), nil
	}
}

const parts = 6

// A load is one run at a fixed rate. Latencies count from when a visit was
// due, whether or not anybody was free for it.
type load struct {
	all    latencies
	parts  [parts]latencies
	errors atomic.Int64
	such   atomic.Pointer[error]
}

func (l *load) done() int64 { return l.all.count() }

// hold makes rate visits a second with 64 visitors.
func hold(base string, rate float64, span time.Duration) *load {
	l := &load{}
	due := make(chan time.Time, 1<<20)
	began := time.Now()
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() { l.visit(base, began, span, due) })
	}
	arrivals(rate, span, func(at time.Time) { due <- at })
	close(due)
	wg.Wait()
	return l
}

func (l *load) visit(base string, began time.Time, span time.Duration, due <-chan time.Time) {
	var c *live.Conn
	var v visitor
	for at := range due {
		err := error(nil)
		if c == nil {
			if c, err = live.Dial(base, patience); err == nil {
				v, err = mixed(c, base)
			}
		}
		if err == nil {
			_ = c.SetDeadline(time.Now().Add(patience))
			err = v(c)
		}
		took := time.Since(at)
		l.all.add(took)
		l.parts[min(parts-1, max(0, int(at.Sub(began)*parts/span)))].add(took)
		if err != nil {
			l.errors.Add(1)
			err = errors.Join(err)
			l.such.CompareAndSwap(nil, &err)
			if c != nil {
				_ = c.Close()
			}
			c = nil
		}
	}
	if c != nil {
		_ = c.Close()
	}
}

// arrivals calls come at a fixed rate, a few at each millisecond, whatever
// becomes of them.
func arrivals(rate float64, span time.Duration, come func(at time.Time)) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	began := time.Now()
	for sent := 0.0; ; {
		now := <-tick.C
		passed := now.Sub(began)
		for ; sent < rate*min(passed, span).Seconds(); sent++ {
			come(now)
		}
		if passed >= span {
			return
		}
	}
}
