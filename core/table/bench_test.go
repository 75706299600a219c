package table_test

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"mcp-auth/core/table"
)

// A record is what an access token takes.
type record struct {
	terms *string
	_     table.Key // the grant
}

// numbered is the key of a number: as spread out as a hash, and cheap.
func numbered(n int) (k table.Key) {
	x := uint64(n+1) * 0x9e3779b97f4a7c15
	binary.LittleEndian.PutUint64(k[:], x^x>>29)
	binary.LittleEndian.PutUint64(k[8:], x*0xbf58476d1ce4e5b9)
	return k
}

func filled(b *testing.B, n int) *table.Memory[record] {
	m, terms := table.NewMemory[record](2*n), new(string)
	for i := range n {
		if err := m.Create(t0, numbered(i), record{terms: terms}, t0.Add(time.Hour)); err != nil {
			b.Fatal(err)
		}
	}
	return m
}

func BenchmarkMemory(b *testing.B) {
	for _, n := range [...]int{1_000, 100_000, 1_000_000} {
		m := filled(b, n)
		b.Run(fmt.Sprintf("Get/%d", n), func(b *testing.B) {
			i := 0
			for b.Loop() {
				i = (i*5 + 1) % n
				if _, err := m.Get(t0, numbered(i)); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("CreateTake/%d", n), func(b *testing.B) {
			for i := n; b.Loop(); i++ {
				_ = m.Create(t0, numbered(i), record{}, t0.Add(time.Hour))
				_ = m.Take(t0, numbered(i), table.Record[record]{Version: version(b, m, i)})
			}
		})
	}
}

func version(b *testing.B, m *table.Memory[record], i int) uint32 {
	r, err := m.Get(t0, numbered(i))
	if err != nil {
		b.Fatal(err)
	}
	return r.Version
}

// BenchmarkSweep is a million records: all alive, and all dead.
func BenchmarkSweep(b *testing.B) {
	const n = 1_000_000
	b.Run("Living", func(b *testing.B) {
		m := filled(b, n)
		for b.Loop() {
			m.Sweep(t0)
		}
	})
	b.Run("Dead", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			m := filled(b, n)
			b.StartTimer()
			m.Sweep(t0.Add(2 * time.Hour))
		}
	})
}
