// a million of each request that leaves something behind, and what the
// process holds then.
package main

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mcp-auth/scripts/internal/live"
)

// Bounds of R-04, in bytes.
const (
	mostOverIdle = 64 << 20
	mostGrowth   = 256 << 10 // once the table is full: noise of the collector, no record
)

// A flood is one request, over and over.
type flood struct {
	name    string
	request func(base string) []byte
	fat     bool // as much of it is kept as may be: fewer are sent
}

var floods = []flood{
	{"registrations", func(base string) []byte {
		return registration(base, `{"redirect_uris":["http://127.0.0.1:7777/callback"],"client_name":"flood","token_endpoint_auth_method":"none"}`)
	}, false},
	{"registrations of 40 KB", func(base string) []byte {
		uri := `"https://app.example/` + strings.Repeat("x", 2_000) + `"`
		return registration(base, `{"redirect_uris":[`+uri+strings.Repeat(","+uri, 19)+`],"token_endpoint_auth_method":"none"}`)
	}, true},
	{"device starts", deviceStart, false},
	{"consent starts", func(base string) []byte { return authorize(base, "xyz") }, false},
	{"consent starts with 8 KB of state", func(base string) []byte { return authorize(base, strings.Repeat("s", 8_000)) }, true},
	{"mints", mint, false},
	{"refused tokens", func(base string) []byte { return call(base, strings.Repeat("t", 43)) }, false},
}

func flooded(s *soak) error {
	for _, f := range floods {
		if err := s.flood(f, nil, false); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	if err := s.emptied(); err != nil {
		return err
	}
	return s.flood(floods[0], []string{"--max-clients", "100000000"}, true)
}

// capped makes the caps small in the short form, so that it gets beyond them.
func (s *soak) capped() []string {
	return pick(s, []string{"--max-clients", "1000", "--max-consents", "2000", "--max-devices", "2000"}, nil)
}

// lives are short, so that what expires does so while somebody waits.
const lives = 2 * time.Second

// flood sends requests and holds what the process keeps against what it kept
// before, at the cap and afterwards.
func (s *soak) flood(f flood, more []string, control bool) error {
	n, full := s.many(20_000, 1_000_000), 25_000 // more than any table's usual cap
	if f.fat || control {
		n = s.many(6_000, 50_000)
	}
	if control {
		full = 1_000
	}
	long := "1h"
	args := append([]string{"--sweep-interval", "1s", "--max-client-devices", "100000000", "--client-lifetime", long, "--device-lifetime", long, "--consent-lifetime", long, "--mint-lifetime", long}, s.capped()...)
	server, err := live.Start(s.plain, append(args, more...)...)
	if err != nil {
		return err
	}
	defer server.Kill()
	request := f.request(server.Base)
	if _, err := pour(server, request, 200); err != nil { // what the first requests allocate is no record
		return err
	}
	idle, err := server.Settled()
	if err != nil {
		return err
	}
	watch := watchResident(server)
	began := time.Now()
	begun, sent, err := fill(server, request, full)
	if err != nil {
		return err
	}
	capped, err := server.Settled()
	if err != nil {
		return err
	}
	rest, err := pour(server, request, n-sent)
	if err != nil {
		return err
	}
	took := time.Since(began)
	after, err := server.Settled()
	if err != nil {
		return err
	}
	peak := watch() - idle.Resident
	growth := after.Heap - capped.Heap
	good := begun.strange+rest.strange == 0 && begun.unsaid+rest.unsaid == 0 && peak <= mostOverIdle && growth <= mostGrowth
	figure := fmt.Sprintf("%d in %s: at most %.1f MiB resident and %.1f MiB of heap over idle, %+.2f bytes a request once full, %d records, %d refused",
		n, took.Round(time.Second), mib(peak), mib(max(capped.Heap, after.Heap)-idle.Heap), float64(growth)/float64(n-sent), after.Kept(), begun.refused+rest.refused)
	if strange := begun.strange + rest.strange + begun.unsaid + rest.unsaid; strange > 0 {
		figure += fmt.Sprintf(", %d strange answers such as %s%s", strange, begun.such, rest.such)
	}
	if control {
		s.control("R-04", f.name+" without a cap", figure, growth > mostGrowth)
		return nil
	}
	s.add("R-04", "a flood of "+f.name, figure, "at most 64 MiB, 0 bytes", good)
	return nil
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

// fill sends requests until the first is refused, or nothing is kept of them.
func fill(server *live.Server, request []byte, most int) (sum pouring, sent int, err error) {
	const batch = 500
	for sent < most && sum.refused == 0 {
		p, err := pour(server, request, batch)
		if err != nil {
			return sum, sent, err
		}
		sent += batch
		sum.refused, sum.unsaid, sum.strange, sum.such = sum.refused+p.refused, sum.unsaid+p.unsaid, sum.strange+p.strange, p.such
		if now, err := server.Figures(); err != nil || now.Kept() == 0 {
			return sum, sent, err
		}
	}
	return sum, sent, nil
}

// emptied floods a server whose records live for seconds, and wants none of
// them left once they have died and been swept twice.
func (s *soak) emptied() error {
	life := lives.String()
	server, err := live.Start(s.plain, "--sweep-interval", "1s", "--client-lifetime", life, "--device-lifetime", life, "--consent-lifetime", life, "--mint-lifetime", life)
	if err != nil {
		return err
	}
	defer server.Kill()
	for _, f := range floods {
		if _, err := pour(server, f.request(server.Base), 500); err != nil {
			return err
		}
	}
	full, err := server.Figures()
	if err != nil {
		return err
	}
	most := 2*lives + 2*time.Second // a device's record outlives its code by as much again
	began, kept := time.Now(), full.Kept()
	for end := time.Now().Add(most); kept != 0 && time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		now, err := server.Figures()
		if err != nil {
			return err
		}
		kept = now.Kept()
	}
	s.add("R-04", "after lifetimes of 2 s and two sweeps", fmt.Sprintf("%d of %d records left after %s", kept, full.Kept(), time.Since(began).Round(100*time.Millisecond)), "0 left", kept == 0 && full.Kept() > 0)
	return nil
}

// A pouring is what came back.
type pouring struct {
	refused, unsaid, strange int64
	such                     string
}

// pour sends a request n times over 8 connections.
func pour(server *live.Server, request []byte, n int) (pouring, error) {
	var p pouring
	var left, refused, unsaid, strange atomic.Int64
	var mu sync.Mutex
	left.Store(int64(n))
	var wg sync.WaitGroup
	errs := make(chan error, 8)
	for range 8 {
		wg.Go(func() {
			c, err := live.Dial(server.Base, patience)
			if err != nil {
				errs <- err
				return
			}
			defer c.Close()
			for left.Add(-1) >= 0 {
				a, err := c.Do(request)
				switch {
				case err != nil:
					errs <- err
					return
				case a.Status == 429 || a.Status == 503:
					if refused.Add(1); a.RetryAfter == "" {
						unsaid.Add(1)
					}
				case strings.Contains(a.Location, "error=temporarily_unavailable"): // a redirect has no Retry-After
					refused.Add(1)
				case a.Status >= 500 || a.Status == 400 || a.Status == 404 || a.Status == 413:
					strange.Add(1)
					mu.Lock()
					p.such = fmt.Sprintf("HTTP %d %.100s", a.Status, a.Body)
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	p.refused, p.unsaid, p.strange = refused.Load(), unsaid.Load(), strange.Load()
	select {
	case err := <-errs:
		return p, err
	default:
		return p, nil
	}
}

// watchResident samples the resident set until the function it returns is
// called, which gives the most that was seen.
func watchResident(server *live.Server) func() int64 {
	stop, most := make(chan struct{}), make(chan int64)
	go func() {
		var top int64
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			if n, err := server.Resident(); err == nil {
				top = max(top, n)
			}
			select {
			case <-stop:
				most <- top
				return
			case <-tick.C:
			}
		}
	}()
	return func() int64 { close(stop); return <-most }
}
