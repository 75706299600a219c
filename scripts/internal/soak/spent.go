// many hold the same thing, and let go of it at once; one of them gets
// what it is good for.
package main

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mcp-auth/scripts/internal/live"
)

// rivals race for one thing; lanes are races that run beside each other.
const (
	rivals = 8
	lanes  = 4
)

// A thing is good once. make returns the request that spends a fresh one.
type thing struct {
	name   string
	manual bool // its server asks the user
	wins   int  // the status of the one who gets it
	make   func(c *live.Conn, base string) ([]byte, error)
}

var things = []thing{
	{"code", false, 200, func(c *live.Conn, base string) ([]byte, error) {
		text, err := code(c, base)
		return redemption(base, text), err
	}},
	{"refresh token", false, 200, func(c *live.Conn, base string) ([]byte, error) {
		m, err := newMix(c, base)
		if err != nil {
			return nil, err
		}
		return renewal(base, m.refresh), nil
	}},
	{"device code", false, 200, func(c *live.Conn, base string) ([]byte, error) {
		text, err := device(c, base)
		return devicePoll(base, text), err
	}},
	{"consent", true, 303, func(c *live.Conn, base string) ([]byte, error) {
		a, err := c.Want(200, authorize(base, "xyz"))
		return decision(base, "/oauth/authorize/consent", a.Field("transaction"), a.Cookie), err
	}},
}

// A tally is what became of many races.
type tally struct{ attempts, rounds, double, none atomic.Int64 }

func spent(s *soak) error {
	n := s.many(1_600, 250_000)
	if err := s.races("native", live.Build{}, n); err != nil {
		return err
	}
	if err := s.races("race detector on", live.Build{Race: true, Packages: []string{"./native/mcp-auth-server"}}, n); err != nil {
		return err
	}
	return s.blind()
}

// races runs n attempts for each thing.
func (s *soak) races(name string, b live.Build, n int) error {
	build := s.plain
	if b.Race {
		var err error
		if build, err = b.Into(s.dir); err != nil {
			return err
		}
	}
	for _, t := range things {
		began := time.Now()
		sum, said, err := contest(build, t, n)
		if err != nil {
			return fmt.Errorf("%s, %s: %w", t.name, name, err)
		}
		reports := strings.Count(said, "WARNING: DATA RACE")
		figure := fmt.Sprintf("%d attempts in %d rounds of %d at once, %s: %d spent twice, %d not at all", sum.attempts.Load(), sum.rounds.Load(), rivals, time.Since(began).Round(time.Second), sum.double.Load(), sum.none.Load())
		if reports > 0 {
			fmt.Println(said)
		}
		if b.Race {
			figure += fmt.Sprintf(", %d reports of a race", reports)
		}
		s.add("R-03", t.name+", "+name, figure, "0, 0", sum.double.Load() == 0 && sum.none.Load() == 0 && reports == 0 && sum.attempts.Load() >= int64(n))
	}
	return nil
}

// blind is the control: a table that replaces a record whatever it has become.
func (s *soak) blind() error {
	build, err := live.Build{Packages: []string{"./native/mcp-auth-server"}, Plants: []live.Plant{{File: "core/table/memory.go",
		Old: "return place, h.version == version && h.expires > now.UnixNano()", New: "return place, h.expires > now.UnixNano()"}}}.Into(s.dir)
	if err != nil {
		return err
	}
	for _, t := range things {
		var sum *tally
		for range 40 { // a race is a matter of luck
			if sum, _, err = contest(build, t, s.many(3_200, 8_000)); err != nil {
				return err
			}
			if sum.double.Load() > 0 {
				break
			}
		}
		s.control("R-03", t.name+", where a record is replaced whatever it has become", fmt.Sprintf("%d of %d rounds spent it twice", sum.double.Load(), sum.rounds.Load()), sum.double.Load() > 0)
	}
	return nil
}

// contest races for fresh things until n attempts were made.
func contest(build string, t thing, n int) (*tally, string, error) {
	args := []string{"--approval", "auto", "--device-lifetime", "60s", "--consent-lifetime", "60s", "--code-lifetime", "20s", "--access-lifetime", "60s", "--refresh-lifetime", "60s", "--sweep-interval", "5s",
		"--max-consents", "5000000", "--max-devices", "5000000", "--max-codes", "5000000", "--max-client-devices", "5000000"}
	if t.manual {
		args[1] = "manual"
	}
	pinned := live.Pinned
	live.Pinned = false // the server's races want both cores
	server, err := live.Start(build, args...)
	live.Pinned = pinned
	if err != nil {
		return nil, "", err
	}
	defer server.Kill()
	sum := &tally{}
	errs := make(chan error, lanes)
	var wg sync.WaitGroup
	for range lanes {
		wg.Go(func() {
			if err := lane(server.Base, t, int64(n), sum); err != nil {
				errs <- err
			}
		})
	}
	wg.Wait()
	close(errs)
	err = nil
	for e := range errs {
		err = errors.Join(err, e)
	}
	return sum, server.Said(), err
}

// lane runs rounds one after the other, over connections of its own.
func lane(base string, t thing, n int64, sum *tally) error {
	var conns [rivals + 1]*live.Conn
	for i := range conns {
		c, err := live.Dial(base, patience)
		if err != nil {
			return err
		}
		defer c.Close()
		conns[i] = c
	}
	for sum.attempts.Load() < n {
		for _, c := range conns {
			_ = c.SetDeadline(time.Now().Add(patience))
		}
		request, err := t.make(conns[rivals], base)
		if err != nil {
			return err
		}
		won, err := round(conns[:rivals], request, t.wins)
		if err != nil {
			return err
		}
		sum.attempts.Add(rivals)
		sum.rounds.Add(1)
		switch {
		case won > 1:
			sum.double.Add(1)
		case won == 0:
			sum.none.Add(1)
		}
	}
	return nil
}

// round sends all of the request but its last byte on each connection, and
// then, from behind a barrier, the last byte on all at once.
func round(conns []*live.Conn, request []byte, wins int) (won int, err error) {
	for _, c := range conns {
		if _, err := c.Write(request[:len(request)-1]); err != nil {
			return 0, err
		}
	}
	var winners atomic.Int64
	errs := make([]error, len(conns))
	barrier := make(chan struct{})
	var wg sync.WaitGroup
	for i, c := range conns {
		wg.Go(func() {
			<-barrier
			a, err := c.Do(request[len(request)-1:])
			errs[i] = err
			if err == nil && a.Status == wins && (wins != 303 || strings.Contains(a.Location, "code=")) {
				winners.Add(1)
			}
			if a.Status >= 500 {
				errs[i] = fmt.Errorf("HTTP %d: %.200s", a.Status, a.Body)
			}
		})
	}
	close(barrier)
	wg.Wait()
	return int(winners.Load()), errors.Join(errs...)
}
