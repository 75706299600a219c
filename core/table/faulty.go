// A storage that fails on demand, so that tests can show that no failure
// tells a lie.
package table

import (
	"errors"
	"sync/atomic"
	"time"
)

// ErrFault is what a Faulty table fails with.
var ErrFault = errors.New("the storage failed")

// A Fault lets one call among all tables that share it fail. Calls are
// counted from 1; 0 fails none.
type Fault struct {
	At    atomic.Int64
	calls atomic.Int64
}

// Calls returns how many calls have been counted, and starts again.
func (f *Fault) Calls() int64 { return f.calls.Swap(0) }

func (f *Fault) due() bool { return f.calls.Add(1) == f.At.Load() }

// Faulty wraps a table. The failing call has no effect.
type Faulty[R any] struct {
	Table[R]
	Fault *Fault
}

// Create implements Table.
func (f Faulty[R]) Create(now time.Time, k Key, value R, expires time.Time) error {
	if f.Fault.due() {
		return ErrFault
	}
	return f.Table.Create(now, k, value, expires)
}

// Get implements Table.
func (f Faulty[R]) Get(now time.Time, k Key) (Record[R], error) {
	if f.Fault.due() {
		return Record[R]{}, ErrFault
	}
	return f.Table.Get(now, k)
}

// Swap implements Table.
func (f Faulty[R]) Swap(now time.Time, k Key, read Record[R], value R, expires time.Time) error {
	if f.Fault.due() {
		return ErrFault
	}
	return f.Table.Swap(now, k, read, value, expires)
}

// Take implements Table.
func (f Faulty[R]) Take(now time.Time, k Key, read Record[R]) error {
	if f.Fault.due() {
		return ErrFault
	}
	return f.Table.Take(now, k, read)
}
