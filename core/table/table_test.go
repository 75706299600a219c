package table_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/table"
)

var t0 = time.Unix(1e9, 0)

func key(name string) table.Key { return table.KeyOf(name) }

// conformance is what every implementation of Table must do.
func conformance(t *testing.T, t1 table.Table[int]) {
	t.Helper()
	if err := table.Conform(t1, t0); err != nil {
		t.Fatal(err)
	}
}

func TestMemory(t *testing.T) { conformance(t, table.NewMemory[int](10)) }

func TestMemoryIsBounded(t *testing.T) {
	is := is.New(t)
	m := table.NewMemory[int](100)
	made := 0
	for i := range 1000 {
		if err := m.Create(t0, key(string(rune(i))), i, t0.Add(time.Second)); err == nil {
			made++
		} else {
			is.Equal(err, table.ErrFull) // full says so
		}
	}
	is.Equal(made, 100)    // as many as were allowed
	is.Equal(m.Len(), 100) // and no more are kept
	later := t0.Add(time.Minute)
	again := 0
	for i := range 100 {
		if m.Create(later, key("later"+string(rune(i))), i, later.Add(time.Second)) == nil {
			again++
		}
	}
	is.True(again > 50) // expired records make room without a sweep from outside
}

// records that hold what anybody sends are bounded by their size as well.
func TestR04_MemoryIsBoundedByWeight(t *testing.T) {
	is := is.New(t)
	m := table.NewWeighed(1000, 100, func(s string) int64 { return int64(len(s)) })
	end := t0.Add(time.Second)
	is.NoErr(m.Create(t0, key("a"), strings.Repeat("a", 60), end))                // there is room
	is.Equal(m.Create(t0, key("b"), strings.Repeat("b", 60), end), table.ErrFull) // and then there is not
	is.NoErr(m.Create(t0, key("c"), strings.Repeat("c", 40), end))                // but for a smaller one
	is.Equal(m.Create(t0, key("a"), "", end), table.ErrExists)                    // what is refused weighs nothing
	r, err := m.Get(t0, key("c"))
	is.NoErr(err)                                                  // the smaller one
	is.NoErr(m.Swap(t0, key("c"), r, "c", end))                    // becomes smaller yet
	is.NoErr(m.Create(t0, key("d"), strings.Repeat("d", 39), end)) // which makes room
	r, err = m.Get(t0, key("a"))
	is.NoErr(err)                                                                   // the large one
	is.NoErr(m.Take(t0, key("a"), r))                                               // goes
	is.NoErr(m.Create(t0, key("e"), strings.Repeat("e", 60), end))                  // which makes room, too
	is.NoErr(m.Create(end, key("e"), "", end.Add(time.Second)))                     // what has expired gives its place and its weight
	is.Equal(m.Sweep(end.Add(time.Minute)), 3)                                      // all are swept
	is.NoErr(m.Create(end, key("g"), strings.Repeat("g", 100), end.Add(time.Hour))) // and all the room is there again
	is.Equal(m.Create(end, key("h"), "h", end.Add(time.Hour)), table.ErrFull)       // and no more than that
}

// A sweep that empties a table runs beside those that fill it.
func TestSweepBesideCreate(t *testing.T) {
	is := is.New(t)
	m := table.NewWeighed(1000, 1<<20, func(n int) int64 { return int64(n) })
	var filling sync.WaitGroup
	for worker := range 4 {
		filling.Go(func() {
			for i := range 500 {
				if err := m.Create(t0, key(fmt.Sprint(worker, i)), 1, t0.Add(time.Second)); err != nil {
					t.Error(err)
				}
				m.Sweep(t0.Add(time.Minute)) // later than all
			}
		})
	}
	filling.Wait()
	m.Sweep(t0.Add(time.Minute))
	is.Equal(m.Len(), 0) // nothing is left
}

func TestOneWinner(t *testing.T) {
	is := is.New(t)
	m := table.NewMemory[int](10)
	for range 200 {
		is.NoErr(m.Create(t0, key("x"), 0, t0.Add(time.Hour)))
		r, _ := m.Get(t0, key("x"))
		var won atomic.Int32
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				var err error
				if i%2 == 0 {
					err = m.Swap(t0, key("x"), r, i, t0.Add(time.Hour))
				} else {
					err = m.Take(t0, key("x"), r)
				}
				if err == nil {
					won.Add(1)
				} else if !errors.Is(err, table.ErrMoved) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		is.Equal(won.Load(), int32(1)) // of all that read one state, one changes it
		if r, err := m.Get(t0, key("x")); err == nil {
			is.NoErr(m.Take(t0, key("x"), r))
		}
	}
}
