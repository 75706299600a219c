// SIGTERM at full load.
package main

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"mcp-auth/native/admit"
	"mcp-auth/scripts/internal/live"
)

func stopped(s *soak) error {
	rounds := s.many(5, 100)
	sum, err := s.stops(s.plain, rounds)
	if err != nil {
		return err
	}
	s.add("R-06", fmt.Sprintf("SIGTERM at full load, %d times", rounds), sum.String(), "0 without an answer, 5 s, code 0", sum.lost == 0 && sum.slowest <= 5*time.Second && sum.bad == 0)
	first, second, err := s.stubborn()
	if err != nil {
		return err
	}
	s.add("R-06", "a second SIGTERM while a request hangs", fmt.Sprintf("after the first it waits (%v), after the second it ends in %s", first, second.Round(time.Millisecond)), "at once", first && second < 500*time.Millisecond)
	build, err := live.Build{Packages: []string{"./native/mcp-auth-server"}, Plants: []live.Plant{{File: "native/mcp-auth-server/main.go", Old: "return l.Drain(last, web)", New: "return web.Shutdown(last)"}}}.Into(s.dir)
	if err != nil {
		return err
	}
	if sum, err = s.stops(build, rounds); err != nil {
		return err
	}
	s.control("R-06", "net/http's own Shutdown, which closes what looks idle", sum.String(), sum.lost > 0)
	return nil
}

// A stopping is what became of all rounds.
type stopping struct {
	answered, lost, turned int64
	slowest                time.Duration
	bad                    int // ends with a code other than 0
}

func (s stopping) String() string {
	return fmt.Sprintf("%d requests answered, %d without an answer, %d new connections not let in; the slowest end took %s; %d bad exit codes", s.answered, s.lost, s.turned, s.slowest.Round(time.Millisecond), s.bad)
}

func (s *soak) stops(build string, rounds int) (sum stopping, err error) {
	for range rounds {
		if err := oneStop(build, &sum); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// oneStop loads a server over 16 connections that are kept and 4 that are new
// for each request, stops it, and counts requests without an answer.
func oneStop(build string, sum *stopping) error {
	server, err := live.Start(build, "--approval", "auto")
	if err != nil {
		return err
	}
	defer server.Kill()
	request := clientCredentials(server.Base)
	var answered, lost, turned atomic.Int64
	var end atomic.Bool
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			for fresh := i >= 16; !end.Load(); {
				c, err := live.Dial(server.Base, patience)
				if err != nil {
					return // nobody listens any more
				}
				n := keepAsking(c, request, fresh, &end)
				_ = c.Close()
				answered.Add(n.answered)
				if n.lost && (fresh || n.answered == 0) {
					turned.Add(1) // it may never have got in
				} else if n.lost {
					lost.Add(1)
				}
			}
		})
	}
	time.Sleep(150*time.Millisecond + rand.N(150*time.Millisecond))
	began := time.Now()
	if err := server.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	failure, ok := server.Wait(20 * time.Second)
	took := time.Since(began)
	end.Store(true)
	wg.Wait()
	if !ok || failure != nil {
		sum.bad++
	}
	sum.answered, sum.lost, sum.turned = sum.answered+answered.Load(), sum.lost+lost.Load(), sum.turned+turned.Load()
	sum.slowest = max(sum.slowest, took)
	return nil
}

// An asking is what one connection got.
type asking struct {
	answered int64
	lost     bool
}

// keepAsking sends requests until the server says that an answer was the last.
// A request for which nothing or half an answer came is lost, unless the
// machine held it up for as long as makes a connection one that is not used.
func keepAsking(c *live.Conn, request []byte, once bool, end *atomic.Bool) (n asking) {
	_ = c.SetDeadline(time.Now().Add(patience))
	for !end.Load() {
		a, silence, err := c.Ask(request)
		if err != nil {
			n.lost = silence < admit.Settled
			return n
		}
		n.answered++
		if a.Close || once {
			return n
		}
	}
	return n
}

// stubborn stops a server that waits for the rest of a request.
func (s *soak) stubborn() (waits bool, second time.Duration, err error) {
	server, err := live.Start(s.plain)
	if err != nil {
		return false, 0, err
	}
	defer server.Kill()
	c, err := live.Dial(server.Base, patience)
	if err != nil {
		return false, 0, err
	}
	defer c.Close()
	request := clientCredentials(server.Base)
	if _, err := c.Write(request[:len(request)-1]); err != nil {
		return false, 0, err
	}
	time.Sleep(100 * time.Millisecond) // it is being read
	if err := server.Signal(syscall.SIGTERM); err != nil {
		return false, 0, err
	}
	if _, ended := server.Wait(500 * time.Millisecond); ended {
		return false, 0, nil
	}
	began := time.Now()
	if err := server.Signal(syscall.SIGTERM); err != nil {
		return true, 0, err
	}
	_, _ = server.Wait(10 * time.Second)
	return true, time.Since(began), nil
}
