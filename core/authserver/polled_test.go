// RFC 8628 section 3.5: how often a device may ask, and what it costs to ask
// more often.
package authserver

import (
	"testing"
	"time"

	"github.com/matryer/is"
)

func TestDV_PollsTooSoon(t *testing.T) {
	const base = 5 * time.Second
	start := time.Unix(1e9, 0)
	at := func(seconds float64) int64 { return start.Add(time.Duration(seconds * 1e9)).UnixNano() }
	for rule, c := range map[string]struct {
		last, now     float64 // seconds; last below 0: never
		interval, end int64   // seconds
		slow          bool
		next          int64
	}{
		"the first poll may come at once":     {-1, 0, 5, 900, false, 5},
		"after the interval":                  {0, 5, 5, 900, false, 5},
		"just before it":                      {0, 4.999, 5, 900, true, 10},
		"before a raised one, not the first":  {0, 5, 10, 900, true, 10},
		"faster than the first again":         {0, 1, 10, 900, true, 15},
		"while twice that is left":            {0, 1, 10, 31, true, 15},
		"when less is left it stays":          {0, 1, 10, 30, true, 10},
		"and a raised one is kept to the end": {0, 15, 15, 30, false, 15},
	} {
		t.Run(rule, func(t *testing.T) {
			is := is.New(t)
			d := Device{Interval: c.interval * 1e9, ExpiresAt: at(float64(c.end))}
			if c.last >= 0 {
				d.LastPoll = at(c.last)
			}
			next, slow := polled(d, time.Unix(0, at(c.now)), base)
			is.Equal(slow, c.slow)                // too soon, or not
			is.Equal(next.Interval, c.next*1e9)   // five seconds more for good, while there is time to keep them
			is.Equal(next.LastPoll, at(c.now))    // counted from now on
			is.Equal(next.ExpiresAt, d.ExpiresAt) // it ends when it would have
		})
	}
}
