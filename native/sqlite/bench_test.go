// What a record costs: go test ./native/sqlite -run=^$ -bench .
package sqlite_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"mcp-auth/core/rows"
	"mcp-auth/core/table"
)

func BenchmarkCreate(b *testing.B) {
	t := rows.Opener(database(b), "")("made", 1<<30)
	n, value := 0, make([]byte, 120)
	for b.Loop() {
		n++
		if err := t.Create(t0, table.KeyOf(fmt.Sprint(n)), value, t0.Add(time.Hour)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCreateBeside15(b *testing.B) {
	t := rows.Opener(database(b), "")("made", 1<<30)
	var n atomic.Int64
	value := make([]byte, 120)
	b.SetParallelism(8)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if err := t.Create(t0, table.KeyOf(fmt.Sprint(n.Add(1))), value, t0.Add(time.Hour)); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkGet(b *testing.B) {
	t := rows.Opener(database(b), "")("made", 1<<30)
	if err := t.Create(t0, table.KeyOf("a"), make([]byte, 120), t0.Add(time.Hour)); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := t.Get(t0, table.KeyOf("a")); err != nil {
			b.Fatal(err)
		}
	}
}
