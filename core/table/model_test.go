package table_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/matryer/is"
	"pgregory.net/rapid"

	"mcp-auth/core/table"
)

// kept is a record as the model has it.
type kept struct {
	value   int
	expires time.Time
}

// TestMemoryAgainstAModel does anything in any order, and holds the table to a
// plain map: places are used again, the index grows and closes its gaps.
func TestMemoryAgainstAModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		const names, room = 5000, 4000
		m, model, now := table.NewMemory[int](room), map[int]kept{}, t0
		read := map[int]table.Record[int]{}
		live := func(n int) bool { k, ok := model[n]; return ok && k.expires.After(now) }
		for range rapid.IntRange(1, 40).Draw(r, "rounds") {
			do, first, count := rapid.IntRange(0, 5).Draw(r, "do"), rapid.IntRange(0, names).Draw(r, "first"), rapid.IntRange(1, names/4).Draw(r, "count")
			life := time.Duration(rapid.IntRange(1, 20).Draw(r, "life")) * time.Second
			for n := first; n < first+count; n++ {
				k := key(fmt.Sprint(n))
				switch do {
				case 0, 1:
					if err := m.Create(now, k, n, now.Add(life)); live(n) != (err == table.ErrExists) && err != table.ErrFull {
						r.Fatalf("create %d: %v, live %v", n, err, live(n))
					} else if err == nil {
						model[n] = kept{value: n, expires: now.Add(life)}
					}
				case 2:
					got, err := m.Get(now, k)
					if live(n) != (err == nil) || err == nil && (got.Value != model[n].value || !got.Expires.Equal(model[n].expires)) {
						r.Fatalf("get %d: %v %v, wanted %v", n, got, err, model[n])
					}
					read[n] = got
				case 3:
					got, ok := read[n]
					if err := m.Swap(now, k, got, -n, now.Add(life)); err == nil {
						if !ok || !live(n) {
							r.Fatalf("swap of a dead %d", n)
						}
						model[n] = kept{value: -n, expires: now.Add(life)}
					}
				case 4:
					if got, err := m.Get(now, k); err == nil {
						if m.Take(now, k, got) != nil || m.Take(now, k, got) != table.ErrMoved {
							r.Fatalf("take %d: not once", n)
						}
						delete(model, n)
					}
				}
			}
			if do == 5 {
				now = now.Add(life)
				m.Sweep(now)
				maps.DeleteFunc(model, func(n int, _ kept) bool { return !live(n) })
				if m.Len() != len(model) {
					r.Fatalf("%d records after a sweep, wanted %d", m.Len(), len(model))
				}
			}
		}
		for n := range model {
			if _, err := m.Get(now, key(fmt.Sprint(n))); live(n) != (err == nil) {
				r.Fatalf("at the end %d: %v, live %v", n, err, live(n))
			}
		}
	})
}

// TestFullIsCheap: a table that is full of living records refuses with bounded
// work, however much it holds.
func TestFullIsCheap(t *testing.T) {
	is := is.New(t)
	const room = 200_000
	m := table.NewMemory[int](room)
	for i := range room {
		is.NoErr(m.Create(t0, key(fmt.Sprint(i)), i, t0.Add(time.Duration(i%2+1)*time.Minute))) // there is room
	}
	is.Equal(m.Create(t0, key("more"), 0, t0.Add(time.Hour)), table.ErrFull) // all live
	later := t0.Add(90 * time.Second)                                        // half of them are dead now
	is.NoErr(m.Create(later, key("more"), 0, later.Add(time.Hour)))          // and make room
	is.True(m.Len() > room-2000)                                             // a few at a time, not in a sweep of the whole
}
