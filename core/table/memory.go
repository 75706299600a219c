// The table in memory: sharded, bounded, expiring.
package table

import (
	"sync"
	"sync/atomic"
	"time"
)

const shards = 64

// Memory is a Table that lives as long as the process. Its zero value is not
// usable: NewMemory.
type Memory[R any] struct {
	max    int64
	count  atomic.Int64
	next   atomic.Uint32 // the shard that Create sweeps when the table is full
	shards [shards]shard[R]
}

type shard[R any] struct {
	mu      sync.Mutex
	records map[Key]entry[R] // nil: none yet
}

type entry[R any] struct {
	value   R
	expires int64 // Unix nanoseconds
	version uint32
}

// NewMemory makes a table of at most max records. An empty one is small: a
// sandbox has a dozen.
func NewMemory[R any](max int) *Memory[R] {
	return &Memory[R]{max: int64(max)}
}

func (m *Memory[R]) shard(k Key) *shard[R] { return &m.shards[k[0]%shards] }

// Create implements Table. A full table drops what has expired, a shard at a
// time, before it refuses.
func (m *Memory[R]) Create(now time.Time, k Key, value R, expires time.Time) error {
	if !m.room(now) {
		return ErrFull
	}
	s := m.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	old, exists := s.records[k]
	if exists && old.expires > now.UnixNano() {
		m.count.Add(-1)
		return ErrExists
	}
	if exists { // an expired record gives its place
		m.count.Add(-1)
	}
	if s.records == nil {
		s.records = map[Key]entry[R]{}
	}
	s.records[k] = entry[R]{value: value, expires: expires.UnixNano(), version: old.version + 1}
	return nil
}

// room takes one place, or says that there is none.
func (m *Memory[R]) room(now time.Time) bool {
	if m.count.Add(1) <= m.max {
		return true
	}
	for range 4 { // bounded work for one request
		m.sweepShard(now, &m.shards[m.next.Add(1)%shards])
	}
	if m.count.Load() <= m.max {
		return true
	}
	m.count.Add(-1)
	return false
}

// Get implements Table.
func (m *Memory[R]) Get(now time.Time, k Key) (Record[R], error) {
	s := m.shard(k)
	s.mu.Lock()
	e, ok := s.records[k]
	s.mu.Unlock()
	if !ok || e.expires <= now.UnixNano() {
		return Record[R]{}, ErrMissing
	}
	return Record[R]{Value: e.value, Expires: time.Unix(0, e.expires), Version: e.version}, nil
}

// Swap implements Table.
func (m *Memory[R]) Swap(now time.Time, k Key, read Record[R], value R, expires time.Time) error {
	s := m.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.records[k]
	if !ok || e.version != read.Version || e.expires <= now.UnixNano() {
		return ErrMoved
	}
	s.records[k] = entry[R]{value: value, expires: expires.UnixNano(), version: e.version + 1}
	return nil
}

// Take implements Table.
func (m *Memory[R]) Take(now time.Time, k Key, read Record[R]) error {
	s := m.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.records[k]
	if !ok || e.version != read.Version || e.expires <= now.UnixNano() {
		return ErrMoved
	}
	delete(s.records, k)
	m.count.Add(-1)
	return nil
}

// Sweep implements Table. Only one shard is locked at a time.
func (m *Memory[R]) Sweep(now time.Time) int {
	gone := 0
	for i := range m.shards {
		gone += m.sweepShard(now, &m.shards[i])
	}
	return gone
}

func (m *Memory[R]) sweepShard(now time.Time, s *shard[R]) int {
	at, gone := now.UnixNano(), 0
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, e := range s.records {
		if e.expires <= at {
			delete(s.records, k)
			gone++
		}
	}
	m.count.Add(int64(-gone))
	return gone
}

// Len implements Table.
func (m *Memory[R]) Len() int { return int(m.count.Load()) }
