// The table in memory: sharded, bounded, expiring.
package table

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"
)

const shards = 64

// What Create looks through for expired records when the table is full: so
// many places in each of so many shards, whatever the table holds.
const (
	lookShards = 4
	lookPlaces = 256
)

// Memory is a Table that lives as long as the process. Its zero value is not
// usable: NewMemory.
type Memory[R any] struct {
	max    int64
	most   int64        // bytes that all records may weigh together, where they are weighed
	seed   maphash.Seed // keys are hashes already, but some of names that others choose
	count  atomic.Int64
	next   atomic.Uint32 // the shard that Create looks at next when the table is full
	shards [shards]shard[R]
}

type shard[R any] struct {
	mu   sync.Mutex
	hand uint32 // the place to look at next
	slab[R]
}

// NewMemory makes a table of at most max records. An empty one is small: a
// sandbox has a dozen.
func NewMemory[R any](max int) *Memory[R] {
	return &Memory[R]{max: int64(max), seed: maphash.MakeSeed()}
}

// NewWeighed makes a table of at most max records, and of as many as weigh no
// more than most bytes together: for records that hold what anybody sends.
func NewWeighed[R any](max int, most int64, weigh func(R) int64) *Memory[R] {
	m := NewMemory[R](max)
	m.most = most
	for i := range m.shards {
		m.shards[i].weigh = weigh
	}
	return m
}

// shard locks and returns the shard of a key, with what its index goes by.
func (m *Memory[R]) shard(k Key) (*shard[R], uint64) {
	s := &m.shards[k[0]%shards]
	s.mu.Lock()
	return s, maphash.Bytes(m.seed, k[:])
}

// Create implements Table. A full table drops some of what has expired before
// it refuses.
func (m *Memory[R]) Create(now time.Time, k Key, value R, expires time.Time) error {
	if !m.room(now, value) {
		return ErrFull
	}
	s, hash := m.shard(k)
	defer s.mu.Unlock()
	place, exists := s.find(k, hash)
	if exists && s.head(place).expires > now.UnixNano() {
		m.count.Add(-1)
		return ErrExists
	}
	if exists { // an expired record gives its place
		s.lighten(place)
		m.count.Add(-1)
	} else if place = s.insert(k, hash, m.seed); place == none {
		m.count.Add(-1)
		return ErrFull
	}
	s.set(place, value, expires.UnixNano())
	return nil
}

// room takes one place, or says that there is none.
func (m *Memory[R]) room(now time.Time, value R) bool {
	if m.count.Add(1) <= m.max && !m.heavy(value) {
		return true
	}
	for range lookShards { // bounded work for one request
		s := &m.shards[m.next.Add(1)%shards]
		s.mu.Lock()
		m.count.Add(-int64(s.look(now.UnixNano(), m.seed)))
		s.mu.Unlock()
	}
	if m.count.Load() <= m.max && !m.heavy(value) {
		return true
	}
	m.count.Add(-1)
	return false
}

// heavy reports whether the records would weigh too much with another one.
// Those that come at the same moment may each be let in.
func (m *Memory[R]) heavy(value R) bool {
	weigh := m.shards[0].weigh
	if weigh == nil {
		return false
	}
	sum := weigh(value)
	for i := range m.shards {
		sum += m.shards[i].weight.Load()
	}
	return sum > m.most
}

// look drops the expired among the next few places.
func (s *shard[R]) look(at int64, seed maphash.Seed) (gone int) {
	for range min(lookPlaces, s.used) {
		if s.hand++; s.hand >= s.used {
			s.hand = 0
		}
		if s.expired(s.hand, at) {
			s.remove(s.hand, seed)
			gone++
		}
	}
	return gone
}

// Get implements Table.
func (m *Memory[R]) Get(now time.Time, k Key) (r Record[R], err error) {
	s, hash := m.shard(k)
	defer s.mu.Unlock()
	place, ok := s.find(k, hash)
	if !ok {
		return r, ErrMissing
	}
	h := s.head(place)
	if h.expires <= now.UnixNano() {
		return r, ErrMissing
	}
	return Record[R]{Value: *s.value(place), Expires: time.Unix(0, h.expires), Version: h.version}, nil
}

// read finds a record that is still what was read of it.
func (s *shard[R]) read(now time.Time, k Key, hash uint64, version uint32) (place uint32, ok bool) {
	if place, ok = s.find(k, hash); !ok {
		return none, false
	}
	h := s.head(place)
	return place, h.version == version && h.expires > now.UnixNano()
}

// Swap implements Table.
func (m *Memory[R]) Swap(now time.Time, k Key, read Record[R], value R, expires time.Time) error {
	s, hash := m.shard(k)
	defer s.mu.Unlock()
	place, ok := s.read(now, k, hash, read.Version)
	if !ok {
		return ErrMoved
	}
	s.lighten(place)
	s.set(place, value, expires.UnixNano())
	return nil
}

// Take implements Table.
func (m *Memory[R]) Take(now time.Time, k Key, read Record[R]) error {
	s, hash := m.shard(k)
	defer s.mu.Unlock()
	place, ok := s.read(now, k, hash, read.Version)
	if !ok {
		return ErrMoved
	}
	s.remove(place, m.seed)
	m.count.Add(-1)
	return nil
}

// Sweep implements Table. Only one shard is locked at a time.
func (m *Memory[R]) Sweep(now time.Time) int {
	total := 0
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		gone := s.sweep(now.UnixNano(), m.seed)
		m.count.Add(-int64(gone))
		s.mu.Unlock()
		total += gone
	}
	return total
}

// Len implements Table.
func (m *Memory[R]) Len() int { return int(m.count.Load()) }
