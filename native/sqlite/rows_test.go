// core/rows over a file: the promises of core/table, races, migrations.
package sqlite_test

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/rows"
	"mcp-auth/core/table"
	"mcp-auth/native/sqlite"
)

var t0 = time.Unix(1e9, 0)

var number = table.Codec[int]{Version: 1,
	Write: func(w *table.Writer, n int) { w.Int(int64(n)) },
	Read:  func(r *table.Reader, _ byte) int { return int(r.Int()) }}

func database(t testing.TB) *sqlite.File {
	t.Helper()
	f, err := sqlite.Open(filepath.Join(t.TempDir(), "s.db"))
	if err == nil {
		err = rows.Migrate(f)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func numbers(f *sqlite.File, kind string, max int) table.Table[int] {
	return table.Open(rows.Opener(f, "t/"), kind, max, number)
}

func TestConformance(t *testing.T) {
	f := database(t)
	for _, kind := range []string{"a", "b"} { // kinds do not meet
		if err := table.Conform(numbers(f, kind, 10), t0); err != nil {
			t.Fatal(kind, err)
		}
	}
}

func TestBounded(t *testing.T) {
	is := is.New(t)
	numbers := numbers(database(t), "bounded", 100)
	var made, full atomic.Int64
	var wg sync.WaitGroup
	for g := range 20 {
		wg.Go(func() {
			for i := range 10 {
				switch err := numbers.Create(t0, table.KeyOf(fmt.Sprint(g, i)), i, t0.Add(time.Second)); {
				case err == nil:
					made.Add(1)
				case errors.Is(err, table.ErrFull):
					full.Add(1)
				default:
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	is.Equal([2]int64{made.Load(), full.Load()}, [2]int64{100, 100}) // as many as were allowed, to the record
	is.Equal(numbers.Len(), 100)                                     // and counted
	is.NoErr(numbers.Create(t0.Add(time.Minute), table.KeyOf("x"), 1, t0.Add(time.Hour)))
	is.Equal(numbers.Len(), 1) // what has expired makes room without a sweep from outside
}

// TestSweepInSlices: a table of several slices is swept whole, and what lives
// stays.
func TestSweepInSlices(t *testing.T) {
	is := is.New(t)
	f := database(t)
	const n = 20_000
	for _, kind := range []string{"t/swept", "t/beside"} {
		_, err := f.Exec(`INSERT INTO records (kind, key, version, expires, value)
WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < ?) SELECT ?, randomblob(16), 1, ? + n % 2, x'0100' FROM i`, int64(n), kind, t0.UnixMicro())
		is.NoErr(err)
	}
	edges := [][]byte{make([]byte, 16), bytes.Repeat([]byte{0xff}, 16)}
	for _, key := range edges {
		_, err := f.Exec("INSERT INTO records (kind, key, version, expires, value) VALUES ('t/swept', ?, 1, ?, x'0100')", key, t0.UnixMicro())
		is.NoErr(err)
	}
	swept, beside := numbers(f, "swept", 2*n), numbers(f, "beside", 2*n)
	is.Equal(swept.Sweep(t0.Add(-time.Microsecond)), 0) // nothing has expired
	is.Equal(swept.Sweep(t0), n/2+len(edges))           // the half that has, the first and the last key with it
	is.Equal(swept.Len(), n/2)
	is.Equal(swept.Sweep(t0), 0)
	is.Equal(swept.Sweep(t0.Add(time.Second)), n/2) // the rest
	is.Equal([2]int{swept.Len(), beside.Len()}, [2]int{0, n})
}

// TestSweepOfAll: what expired goes even where nobody opens its kind any more.
func TestSweepOfAll(t *testing.T) {
	is := is.New(t)
	f := database(t)
	for _, kind := range []string{"a", "b", "z"} {
		open := numbers(f, kind, 10)
		is.NoErr(open.Create(t0, table.KeyOf("dead"), 1, t0.Add(time.Second)))
		is.NoErr(open.Create(t0, table.KeyOf("live"), 1, t0.Add(time.Hour)))
	}
	is.Equal(rows.Sweep(f, t0), 0)
	is.Equal(rows.Sweep(f, t0.Add(time.Minute)), 3)
	is.Equal(rows.Sweep(f, t0.Add(2*time.Hour)), 3)
	is.Equal(rows.Sweep(f, t0.Add(3*time.Hour)), 0) // of an empty database too
}

// TestOneWinner: of 50 that read one state one changes it, and it stays so.
func TestOneWinner(t *testing.T) {
	is := is.New(t)
	numbers := numbers(database(t), "raced", 1000)
	for round := range 20 {
		k := table.KeyOf(fmt.Sprint(round))
		is.NoErr(numbers.Create(t0, k, 0, t0.Add(time.Hour)))
		r, err := numbers.Get(t0, k)
		is.NoErr(err)
		var winners atomic.Int64
		var wg sync.WaitGroup
		begin := make(chan struct{})
		for i := range 50 {
			wg.Go(func() {
				<-begin
				change := func() error { return numbers.Swap(t0, k, r, i+1, t0.Add(time.Hour)) }
				if i%5 == 0 {
					change = func() error { return numbers.Take(t0, k, r) }
				}
				switch err := change(); {
				case err == nil:
					winners.Add(1)
				case !errors.Is(err, table.ErrMoved):
					t.Error(err)
				}
			})
		}
		close(begin)
		wg.Wait()
		is.Equal(winners.Load(), int64(1)) // exactly one
		is.Equal(numbers.Swap(t0, k, r, 99, t0.Add(time.Hour)), table.ErrMoved)
	}
}

// TestOneMaker: of 50 that make one record one does.
func TestOneMaker(t *testing.T) {
	is := is.New(t)
	numbers := numbers(database(t), "made", 1000)
	var winners atomic.Int64
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			err := numbers.Create(t0, table.KeyOf("one"), i, t0.Add(time.Hour))
			if err == nil {
				winners.Add(1)
			} else if !errors.Is(err, table.ErrExists) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	is.Equal(winners.Load(), int64(1)) // exactly one
	is.Equal(numbers.Len(), 1)         // counted once
}

func TestMigrations(t *testing.T) {
	is := is.New(t)
	path := filepath.Join(t.TempDir(), "s.db")
	f, err := sqlite.Open(path)
	is.NoErr(err)
	is.NoErr(rows.Migrate(f)) // from nothing
	is.NoErr(numbers(f, "kept", 10).Create(t0, table.KeyOf("a"), 7, t0.Add(time.Hour)))
	is.NoErr(rows.Migrate(f)) // again, in the same process
	is.NoErr(f.Close())
	f, err = sqlite.Open(path)
	is.NoErr(err)
	is.NoErr(rows.Migrate(f)) // and in the next
	r, err := numbers(f, "kept", 10).Get(t0, table.KeyOf("a"))
	is.NoErr(err)
	is.Equal(r.Value, 7) // what was kept is kept
	_, err = f.Exec("DELETE FROM migrations")
	is.NoErr(err)
	is.NoErr(rows.Migrate(f)) // a step that was done and not noted is done again
	r, err = numbers(f, "kept", 10).Get(t0, table.KeyOf("a"))
	is.NoErr(err)
	is.Equal(r.Value, 7) // and harms nothing
	_, err = f.Exec("INSERT INTO migrations (number) VALUES (1000)")
	is.NoErr(err)
	err = rows.Migrate(f)
	is.True(err != nil && strings.Contains(err.Error(), "newer program")) // what a newer program has made is not touched
	is.NoErr(f.Close())
}
