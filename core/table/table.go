// Package table is how records are kept: one table a record type, with
// single use built in. A record's next state is computed by a pure function
// and committed by Swap or Take; the loser of a race reads again and sees the
// new state. Implementations are synchronous and safe for concurrent use.
package table

import (
	"crypto/sha256"
	"errors"
	"time"
)

// Errors of every implementation. Any other error is the storage failing.
var (
	ErrMissing = errors.New("no such record")
	ErrExists  = errors.New("record exists")
	ErrFull    = errors.New("table is full")
	ErrMoved   = errors.New("record has moved on")
)

// A Key is the first half of the SHA-256 of what names a record: tables never
// see a secret itself.
type Key [16]byte

// KeyOf returns the key of a name or secret within one kind of record.
func KeyOf(name string) Key {
	sum := sha256.Sum256([]byte(name))
	return Key(sum[:16])
}

// A Record is a value with what is needed to replace it.
type Record[R any] struct {
	Value   R
	Expires time.Time
	Version uint32
}

// A Table keeps records of one type until they expire.
type Table[R any] interface {
	// Create stores a new record. ErrExists, ErrFull.
	Create(now time.Time, k Key, value R, expires time.Time) error
	// Get returns a live record. ErrMissing: none, or expired at or before now.
	Get(now time.Time, k Key) (Record[R], error)
	// Swap replaces the record that was read, keeping the key. ErrMoved: it
	// was replaced or taken since; nothing changed.
	Swap(now time.Time, k Key, read Record[R], value R, expires time.Time) error
	// Take removes the record that was read. ErrMoved as in Swap.
	Take(now time.Time, k Key, read Record[R]) error
	// Sweep drops what has expired and returns how many records went.
	Sweep(now time.Time) int
	// Len counts the records held, expired ones not yet swept among them.
	Len() int
}
