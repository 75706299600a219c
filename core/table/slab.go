// How a shard of the table in memory lies: records in chunks that never move,
// and an index of four bytes a record.
package table

import (
	"hash/maphash"
	"sync/atomic"
)

const (
	chunk = 512        // records in a chunk; the first one grows up to it
	none  = ^uint32(0) // no place
	taken = none       // as a head's next: the place holds a record

	// An entry of the index is a place, counted from 1 so that 0 is empty, and
	// above it some bits of the hash, so that few records are looked at in vain.
	placeBits = 24
	placeMask = 1<<placeBits - 1
)

// A head is what is kept of a record beside its value: apart from it, because
// the collector needs to look at values alone.
type head struct {
	key     Key
	expires int64  // Unix nanoseconds
	version uint32 // goes up whenever the place gets another value, for good
	next    uint32 // taken, or what free was when the place became free
}

// A slab holds records at numbered places. The zero value is empty.
type slab[R any] struct {
	heads  [][]head
	values [][]R
	index  []uint32 // open addressing, linear; a power of two, at most 3/4 full
	used   uint32   // places there have been
	free   uint32   // 1 + the first free place below used; 0: none
	live   uint32

	weigh  func(R) int64 // nil: records are not weighed
	weight atomic.Int64  // bytes, read without the shard's lock
}

func (s *slab[R]) head(place uint32) *head { return &s.heads[place/chunk][place%chunk] }
func (s *slab[R]) value(place uint32) *R   { return &s.values[place/chunk][place%chunk] }

// set gives a place a value.
func (s *slab[R]) set(place uint32, value R, expires int64) {
	h := s.head(place)
	h.expires, h.version = expires, h.version+1
	*s.value(place) = value
	if s.weigh != nil {
		s.weight.Add(s.weigh(value))
	}
}

// lighten takes off the weight of a value that is about to go.
func (s *slab[R]) lighten(place uint32) {
	if s.weigh != nil {
		s.weight.Add(-s.weigh(*s.value(place)))
	}
}

func (s *slab[R]) expired(place uint32, at int64) bool {
	h := s.head(place)
	return h.next == taken && h.expires <= at
}

func entry(place uint32, hash uint64) uint32 {
	return uint32(hash>>(64-32+placeBits))<<placeBits | (place + 1)
}

// find returns the place of a key.
func (s *slab[R]) find(k Key, hash uint64) (place uint32, ok bool) {
	if len(s.index) == 0 {
		return none, false
	}
	mask := uint64(len(s.index) - 1)
	mark := entry(0, hash) &^ placeMask
	for i := hash & mask; s.index[i] != 0; i = (i + 1) & mask {
		if s.index[i]&^placeMask != mark {
			continue
		}
		if place = s.index[i]&placeMask - 1; s.head(place).key == k {
			return place, true
		}
	}
	return none, false
}

// insert makes a place for a key that has none; none when the slab is full.
func (s *slab[R]) insert(k Key, hash uint64, seed maphash.Seed) (place uint32) {
	if s.free != 0 {
		place = s.free - 1
		s.free = s.head(place).next
	} else if place = s.append(); place == none {
		return none
	}
	h := s.head(place)
	h.key, h.next = k, taken
	s.live++
	if int(s.live)*4 > len(s.index)*3 {
		s.grow(seed)
	} else {
		s.enter(entry(place, hash), hash)
	}
	return place
}

// append makes one more place at the end.
func (s *slab[R]) append() uint32 {
	place := s.used
	if place >= placeMask {
		return none
	}
	c := int(place / chunk)
	switch {
	case c == len(s.heads) && c == 0:
		s.heads, s.values = [][]head{make([]head, 4)}, [][]R{make([]R, 4)}
	case c == len(s.heads):
		s.heads, s.values = append(s.heads, make([]head, chunk)), append(s.values, make([]R, chunk))
	case int(place%chunk) == len(s.heads[c]): // the first chunk, still short
		s.heads[c], s.values[c] = doubled(s.heads[c]), doubled(s.values[c])
	}
	s.used++
	return place
}

func doubled[T any](old []T) []T {
	all := make([]T, 2*len(old))
	copy(all, old)
	return all
}

// enter puts an entry into the index, which has room.
func (s *slab[R]) enter(e uint32, hash uint64) {
	mask := uint64(len(s.index) - 1)
	i := hash & mask
	for s.index[i] != 0 {
		i = (i + 1) & mask
	}
	s.index[i] = e
}

// grow doubles the index and enters every record anew.
func (s *slab[R]) grow(seed maphash.Seed) {
	s.index = make([]uint32, max(8, 2*len(s.index)))
	for place := range s.used {
		if h := s.head(place); h.next == taken {
			hash := maphash.Bytes(seed, h.key[:])
			s.enter(entry(place, hash), hash)
		}
	}
}

// remove takes the record of a place away.
func (s *slab[R]) remove(place uint32, seed maphash.Seed) {
	h := s.head(place)
	mask := uint64(len(s.index) - 1)
	i := maphash.Bytes(seed, h.key[:]) & mask
	for s.index[i]&placeMask != place+1 {
		i = (i + 1) & mask
	}
	s.close(i, mask, seed)
	s.lighten(place)
	var nothing R
	*s.value(place) = nothing
	h.next, s.free = s.free, place+1
	s.live--
}

// close empties an entry and moves up those behind it that would not be found
// any more (Knuth, volume 3, 6.4, algorithm R).
func (s *slab[R]) close(i, mask uint64, seed maphash.Seed) {
	for j := i; ; {
		s.index[i] = 0
		for {
			if j = (j + 1) & mask; s.index[j] == 0 {
				return
			}
			home := maphash.Bytes(seed, s.head(s.index[j]&placeMask - 1).key[:]) & mask
			if (j-home)&mask >= (j-i)&mask {
				break
			}
		}
		s.index[i] = s.index[j]
		i = j
	}
}

// sweep drops what has expired. A slab that is empty then gives its memory
// back.
func (s *slab[R]) sweep(at int64, seed maphash.Seed) (gone int) {
	for place := range s.used {
		if s.expired(place, at) {
			s.remove(place, seed)
			gone++
		}
	}
	if s.live == 0 {
		s.heads, s.values, s.index, s.used, s.free = nil, nil, nil, 0, 0
	}
	return gone
}
