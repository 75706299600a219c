// The list of events as a value: a copy is a snapshot.
package trace

import (
	"sync/atomic"
	"time"
)

// A Log is an append-only list of events. A copy of it is independent.
type Log struct {
	events []Event
	end    *atomic.Int64 // how many places of the array are used, by this Log or by a copy
}

// Add appends ev with its number and time. Copies share an array for as long as
// only one of them adds to it: its next place is the first one's that asks, and
// whoever comes later takes the events to an array of its own.
func (l *Log) Add(now time.Time, ev Event) {
	n := len(l.events)
	ev.N, ev.At = n+1, now
	if n == cap(l.events) {
		l.move(2*n + spare)
	} else if !l.end.CompareAndSwap(int64(n), int64(n+1)) {
		l.move(n + spare)
	}
	l.events = append(l.events, ev)
}

// spare is the room for a few more events: a copy is often made for one step.
const spare = 4

// move takes the events to a new array whose next place is taken.
func (l *Log) move(room int) {
	l.events, l.end = append(make([]Event, 0, room), l.events...), new(atomic.Int64)
	l.end.Store(int64(len(l.events) + 1))
}

// Events returns the events, the oldest first. They must not be changed.
func (l Log) Events() []Event { return l.events[:len(l.events):len(l.events)] }
