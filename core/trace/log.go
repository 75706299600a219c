// The list of events as a value: a copy is a snapshot.
package trace

import "time"

// A Log is an append-only list of events. A copy of it is independent.
type Log struct{ events []Event }

// Add appends ev with its number and time.
func (l *Log) Add(now time.Time, ev Event) {
	ev.N, ev.At = len(l.events)+1, now
	// The capacity is cut so that a copy of the Log never shares what follows.
	l.events = append(l.events[:len(l.events):len(l.events)], ev)
}

// Events returns the events, the oldest first. They must not be changed.
func (l Log) Events() []Event { return l.events }
