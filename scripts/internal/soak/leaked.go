// a process that has served a million requests, and thousands of
// connections that broke off, holds what it held before.
package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mcp-auth/scripts/internal/live"
)

// leeway is by how much goroutines and descriptors may differ.
const leeway = 5

func leaked(s *soak) error {
	build, err := live.Build{Experiments: "goroutineleakprofile", Packages: []string{"./native/mcp-auth-server"}}.Into(s.dir)
	if err != nil {
		return err
	}
	requests, broken := s.many(10_000, 1_000_000), s.many(400, 10_000)
	figure, ok, err := s.leaks(build, requests, broken, 15*time.Second)
	if err != nil {
		return err
	}
	s.add("R-05", fmt.Sprintf("%d requests and %d broken connections", requests, broken), figure, "each within 5 of the start, 0 stuck", ok)
	for _, c := range []struct {
		what string
		live.Plant
	}{
		{"a goroutine for each request that waits for ever", live.Plant{File: "web/httpd/httpd.go", Old: "start := h.now()", New: "start := h.now()\n\tgo func() { <-make(chan int) }()"}},
		{"connections are not closed", live.Plant{File: "native/admit/admit.go", Old: "c.home.mu.Unlock()\n\treturn c.Conn.Close()", New: "c.home.mu.Unlock()\n\tkept = append(kept, c.Conn)\n\treturn nil\n}\n\nvar kept []net.Conn\n\nfunc init() {"}},
	} {
		build, err := live.Build{Experiments: "goroutineleakprofile", Packages: []string{"./native/mcp-auth-server"}, Plants: []live.Plant{c.Plant}}.Into(s.dir)
		if err != nil {
			return err
		}
		figure, ok, err := s.leaks(build, 1_000, 100, 2*time.Second)
		if err != nil {
			return err
		}
		s.control("R-05", c.what, figure, !ok)
	}
	return nil
}

// leaks loads a server and compares what it holds before and afterwards.
func (s *soak) leaks(build string, requests, broken int, most time.Duration) (figure string, ok bool, err error) {
	server, err := live.Start(build, "--approval", "auto", "--access-lifetime", "5s", "--refresh-lifetime", "5s", "--device-lifetime", "5s", "--code-lifetime", "5s", "--consent-lifetime", "5s",
		"--sweep-interval", "1s", "--max-client-devices", "1000000", "--max-devices", "1000000")
	if err != nil {
		return "", false, err
	}
	defer server.Kill()
	if err := visits(server, 500); err != nil {
		return "", false, err
	}
	before, _, err := settled(server, live.Figures{}, most)
	if err != nil {
		return "", false, err
	}
	if err := visits(server, requests); err != nil {
		return "", false, err
	}
	if err := breakOff(server, broken); err != nil {
		return "", false, err
	}
	after, took, err := settled(server, before, most)
	if err != nil {
		return "", false, err
	}
	text, err := server.Leaked()
	if err != nil {
		return "", false, err
	}
	stuck := 0
	_, _ = fmt.Sscanf(text, "goroutineleak profile: total %d", &stuck)
	known := strings.HasPrefix(text, "goroutineleak profile")
	figure = fmt.Sprintf("goroutines %d, then %d; descriptors %d, then %d; %d stuck for ever; %s after the last", before.Goroutines, after.Goroutines, before.Descriptors, after.Descriptors, stuck, took.Round(100*time.Millisecond))
	if !known {
		figure += "; this Go has no leak profile"
	}
	return figure, near(before, after) && stuck == 0, nil
}

func near(a, b live.Figures) bool {
	return abs(a.Goroutines-b.Goroutines) <= leeway && abs(a.Descriptors-b.Descriptors) <= leeway
}

func abs(n int) int { return max(n, -n) }

// settled waits until all connections are gone and the figures are near those
// before, for as long as most: a half request may take ten seconds.
func settled(server *live.Server, before live.Figures, most time.Duration) (f live.Figures, took time.Duration, err error) {
	began := time.Now()
	for time.Since(began) < most {
		if f, err = server.Settled(); err != nil {
			return f, 0, err
		}
		if f.Connections == 0 && (before.Goroutines == 0 || near(before, f)) {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	return f, time.Since(began), nil
}

// visits makes about n requests of all kinds over 8 connections.
func visits(server *live.Server, n int) error {
	var left atomic.Int64
	left.Store(int64(n))
	var wg sync.WaitGroup
	errs := make(chan error, 8)
	for range 8 {
		wg.Go(func() {
			c, err := live.Dial(server.Base, time.Hour)
			if err != nil {
				errs <- err
				return
			}
			defer c.Close()
			m, err := newMix(c, server.Base)
			for began := time.Now(); err == nil && left.Add(-1) >= 0; {
				if time.Since(began) > 3*time.Second { // its tokens live for five
					began, err = time.Now(), m.login(c)
				} else {
					err = m.step(c)
				}
			}
			if err != nil {
				errs <- err
			}
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}

// breakOff opens connections that end in the middle of a request, half of them
// by a reset.
func breakOff(server *live.Server, n int) error {
	request := clientCredentials(server.Base)
	for i := range n {
		c, err := net.Dial("tcp", strings.TrimPrefix(server.Base, "http://"))
		if err != nil {
			return err
		}
		_, _ = c.Write(request[:rand.IntN(len(request))])
		if i%2 == 0 {
			_ = c.(*net.TCPConn).SetLinger(0)
		}
		_ = c.Close()
	}
	return nil
}
