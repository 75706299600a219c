// Latencies, kept as counts, so that half an hour of them takes no memory.
package main

import (
	"math"
	"sync"
	"time"
)

// A latencies counts by size, to 2 %. Its zero value is empty; it is safe for
// concurrent use.
type latencies struct {
	mu     sync.Mutex
	counts [1200]int64
	all    int64
}

var step = math.Log(1.02)

func (l *latencies) add(d time.Duration) {
	i := int(math.Log(math.Max(1, float64(d)/1000)) / step)
	l.mu.Lock()
	l.counts[min(i, len(l.counts)-1)]++
	l.all++
	l.mu.Unlock()
}

// at is the latency that a share of all stays below.
func (l *latencies) at(share float64) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	var sum int64
	for i, n := range l.counts {
		if sum += n; n > 0 && float64(sum) >= share*float64(l.all) {
			return time.Duration(math.Exp(float64(i+1)*step) * 1000)
		}
	}
	return 0
}

func (l *latencies) count() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all
}

func rounded(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }
