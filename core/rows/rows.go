// Package rows keeps records in an SQLite database: of a Durable Object, or in
// a file. The statements are here; the host runs them. Each is atomic by
// itself, and no call needs two of them to be right.
package rows

import (
	"bytes"
	"sync"
	"sync/atomic"
	"time"

	"mcp-auth/core/table"
)

// A Database runs one statement at a time, whole or not at all. Arguments and
// results are int64, string and []byte.
type Database interface {
	Exec(statement string, args ...any) ([][]any, error)
}

// Sweep drops what has expired of every kind, also of those that nobody opens any
// more: of sandboxes that ended while no server ran, of tenants that are gone.
// It is for a host to call now and then, and seldom.
func Sweep(db Database, now time.Time) (gone int) {
	kind := ""
	for {
		found, err := db.Exec(nextKind, kind)
		if err != nil || len(found) != 1 || len(found[0]) != 1 {
			return gone
		}
		next, ok := found[0][0].(string)
		if !ok { // NULL: there is none behind it
			return gone
		}
		kind = next
		gone += (&rows{db: db, kind: kind}).Sweep(now)
	}
}

// Opener opens tables in a database that was migrated. Kinds of one issuer are
// told from another's by the prefix.
func Opener(db Database, prefix string) table.Opener {
	return func(kind string, max int) table.Table[[]byte] {
		return &rows{db: db, kind: prefix + kind, max: int64(max)}
	}
}

// rows is one kind of record. What it remembers is only how many there are.
type rows struct {
	db   Database
	kind string
	max  int64

	mu      sync.RWMutex // for reading: while records are made or go, and so are counted
	counted bool
	count   atomic.Int64
	swept   time.Time // when Create last made room,
	next    int       // and the slice it begins with the next time
}

// Statements. Times are compared as they are stored: in microseconds.
const (
	createRow = `INSERT INTO records (kind, key, version, expires, value) VALUES (?, ?, 1, ?, ?)
ON CONFLICT (kind, key) DO UPDATE SET version = version + 1, expires = excluded.expires, value = excluded.value WHERE records.expires <= ?
RETURNING version`
	getRow   = `SELECT value, expires, version FROM records WHERE kind = ? AND key = ? AND expires > ?`
	swapRow  = `UPDATE records SET value = ?, expires = ?, version = version + 1 WHERE kind = ? AND key = ? AND version = ? AND expires > ? RETURNING version`
	takeRow  = `DELETE FROM records WHERE kind = ? AND key = ? AND version = ? AND expires > ? RETURNING version`
	findRow  = `SELECT 1 FROM records WHERE kind = ? AND key >= ? AND key < ? AND expires <= ? LIMIT 1`
	sweepRow = `DELETE FROM records WHERE kind = ? AND key >= ? AND key < ? AND expires <= ? RETURNING version`
	countRow = `SELECT COUNT(*) FROM records WHERE kind = ?`
	nextKind = `SELECT MIN(kind) FROM records WHERE kind > ?`
)

// Create implements table.Table.
func (t *rows) Create(now time.Time, k table.Key, value []byte, expires time.Time) error {
	if err := t.enter(now); err != nil {
		return err
	}
	defer t.mu.RUnlock()
	version, err := t.create(now, k, value, expires)
	if version != 1 { // none was made, or it took the place of one that had expired
		t.count.Add(-1)
	}
	return err
}

func (t *rows) create(now time.Time, k table.Key, value []byte, expires time.Time) (version int64, err error) {
	found, err := t.db.Exec(createRow, t.kind, k[:], expires.UnixMicro(), value, now.UnixMicro())
	if err == nil && len(found) == 0 {
		err = table.ErrExists
	}
	return number(found, err)
}

// enter takes a place and leaves the lock held for reading. Many make records
// at once: a host may write them together.
func (t *rows) enter(now time.Time) error {
	for {
		t.mu.RLock()
		if t.counted {
			if t.count.Add(1) <= t.max {
				return nil
			}
			t.count.Add(-1)
		}
		t.mu.RUnlock()
		if err := t.room(now); err != nil {
			return err
		}
	}
}

// room says whether there is a place. A full table is swept first, a part of it
// and at most once a second: who fills it cannot make every request sweep.
func (t *rows) room(now time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.recount(); err != nil {
		return err
	}
	if t.count.Load() >= t.max && now.Sub(t.swept).Abs() >= time.Second {
		t.swept = now
		for n, i := t.slices(), 0; i < min(n, roomSlices); i++ {
			t.next++
			t.sweep(now, t.next%n, n)
		}
	}
	if t.count.Load() >= t.max {
		return table.ErrFull
	}
	return nil
}

func (t *rows) recount() error {
	if t.counted {
		return nil
	}
	n, err := number(t.db.Exec(countRow, t.kind))
	if err == nil {
		t.count.Store(n)
		t.counted = true
	}
	return err
}

// Get implements table.Table.
func (t *rows) Get(now time.Time, k table.Key) (table.Record[[]byte], error) {
	var r table.Record[[]byte]
	found, err := t.db.Exec(getRow, t.kind, k[:], now.UnixMicro())
	if err != nil {
		return r, err
	}
	if len(found) == 0 {
		return r, table.ErrMissing
	}
	if len(found[0]) != 3 {
		return r, errAnswer
	}
	value, ok1 := found[0][0].([]byte)
	expires, ok2 := found[0][1].(int64)
	version, ok3 := found[0][2].(int64)
	if !ok1 || !ok2 || !ok3 {
		return r, errAnswer
	}
	return table.Record[[]byte]{Value: value, Expires: time.UnixMicro(expires), Version: uint32(version)}, nil
}

// Swap implements table.Table.
func (t *rows) Swap(now time.Time, k table.Key, read table.Record[[]byte], value []byte, expires time.Time) error {
	return moved(t.db.Exec(swapRow, value, expires.UnixMicro(), t.kind, k[:], int64(read.Version), now.UnixMicro()))
}

// Take implements table.Table.
func (t *rows) Take(now time.Time, k table.Key, read table.Record[[]byte]) error {
	t.mu.RLock()
	defer t.mu.RUnlock()
	err := moved(t.db.Exec(takeRow, t.kind, k[:], int64(read.Version), now.UnixMicro()))
	if err == nil && t.counted {
		t.count.Add(-1)
	}
	return err
}

// moved says whether a statement found the row as it was read.
func moved(found [][]any, err error) error {
	if err == nil && len(found) == 0 {
		return table.ErrMoved
	}
	return err
}

// A sweep goes through a table in slices of about so many records, so that no
// statement keeps others waiting for long; Create makes room in a few of them.
const (
	sliceRows  = 4096
	roomSlices = 16
	prefixes   = 1 << 16 // of keys, by their first two bytes
)

// Sweep implements table.Table.
func (t *rows) Sweep(now time.Time) (gone int) {
	t.mu.Lock()
	err := t.recount()
	n := t.slices()
	t.mu.Unlock()
	for i := 0; i < n && err == nil; i++ {
		t.mu.RLock()
		gone += t.sweep(now, i, n)
		t.mu.RUnlock()
	}
	return gone
}

func (t *rows) slices() int { return int(min(t.count.Load()/sliceRows+1, prefixes)) }

// sweep drops what has expired in one slice of n. It looks first: a statement
// that only reads keeps nobody waiting.
func (t *rows) sweep(now time.Time, slice, n int) int {
	from, to := bound(slice, n), bound(slice+1, n)
	found, err := t.db.Exec(findRow, t.kind, from, to, now.UnixMicro())
	if err != nil || len(found) == 0 {
		return 0
	}
	gone, err := t.db.Exec(sweepRow, t.kind, from, to, now.UnixMicro())
	if err != nil {
		return 0
	}
	t.count.Add(int64(-len(gone)))
	return len(gone)
}

// bound is the first key of a slice; keys are hashes, so that slices are about
// as large as each other. Behind the last slice is what no key reaches.
func bound(slice, n int) []byte {
	if slice == n {
		return bytes.Repeat([]byte{0xff}, len(table.Key{})+1)
	}
	first := slice * prefixes / n
	return []byte{byte(first >> 8), byte(first)}
}

// Len implements table.Table.
func (t *rows) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	_ = t.recount()
	return int(t.count.Load())
}
