//go:build !js

// The statements over a real database in a file: what each answer means, and
// what becomes of a call whose statement fails. native/sqlite has the races.
package rows_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/rows"
	"mcp-auth/core/table"
	"mcp-auth/native/sqlite"
)

var t0 = time.Unix(1e9, 0)

var one = []byte{1}

var errDown = errors.New("the disk is gone")

// flaky is a database whose call number at fails, or answers something else.
type flaky struct {
	rows.Database
	at, calls int
	answer    [][]any // instead of a failure
	asked     []string
}

func (f *flaky) Exec(statement string, args ...any) ([][]any, error) {
	f.asked = append(f.asked, statement)
	if f.calls++; f.calls == f.at {
		if f.answer != nil {
			return f.answer, nil
		}
		return nil, errDown
	}
	return f.Database.Exec(statement, args...)
}

func (f *flaky) fail(at int) { f.at, f.calls, f.answer = at, 0, nil }

func open(t *testing.T) *flaky {
	t.Helper()
	file, err := sqlite.Open(filepath.Join(t.TempDir(), "s.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
	return &flaky{Database: file}
}

func migrated(t *testing.T) *flaky {
	t.Helper()
	db := open(t)
	if err := rows.Migrate(db); err != nil {
		t.Fatal(err)
	}
	return db
}

func key(name string) table.Key { return table.KeyOf(name) }

func at(seconds float64) time.Time { return t0.Add(time.Duration(seconds * 1e9)) }

func TestRowsConform(t *testing.T) {
	db := migrated(t)
	number := table.Codec[int]{Version: 1, Write: func(w *table.Writer, n int) { w.Int(int64(n)) }, Read: func(r *table.Reader, _ byte) int { return int(r.Int()) }}
	for _, prefix := range []string{"a/", "b/"} { // one issuer's kinds are not another's
		if err := table.Conform(table.Open(rows.Opener(db, prefix), "k", 10, number), t0); err != nil {
			t.Fatal(err)
		}
	}
}

// As many as are allowed, counted also by a program that starts anew; what has
// expired makes room, a sweep a second.
func TestRowsAreBounded(t *testing.T) {
	is := is.New(t)
	db := migrated(t)
	m := rows.Opener(db, "t/")("k", 2)
	is.NoErr(m.Create(t0, key("a"), []byte("1"), at(10)))            // one
	is.NoErr(m.Create(t0, key("b"), []byte("2"), at(20)))            // two
	is.Equal(m.Create(t0, key("c"), one, at(10)), table.ErrFull)     // no more
	again := rows.Opener(db, "t/")("k", 2)                           // another program
	is.Equal(again.Create(t0, key("c"), one, at(10)), table.ErrFull) // finds it full
	is.Equal(again.Len(), 2)                                         // of two
	before := len(db.asked)
	is.Equal(m.Create(at(0.5), key("c"), one, at(10)), table.ErrFull) // within the same second
	is.Equal(len(db.asked), before)                                   // nobody is kept waiting by another sweep
	is.NoErr(m.Create(at(10), key("c"), one, at(20)))                 // the first has expired
	is.Equal(m.Len(), 2)
	is.NoErr(m.Create(at(20), key("b"), []byte("3"), at(30))) // a dead record gives its place
	is.Equal(m.Len(), 1)                                      // with the other one swept
	r, err := m.Get(at(20), key("b"))
	is.NoErr(err)                                                      // the new one
	is.True(string(r.Value) == "3" && r.Expires.Equal(at(30)))         // as it was made
	is.Equal(m.Create(at(29), key("b"), one, at(40)), table.ErrExists) // while it lives there is no other
	is.Equal(m.Len(), 1)                                               // nor is one counted
	fresh := rows.Opener(db, "t/")("k", 2)                             // who takes from a table
	is.NoErr(fresh.Take(at(20), key("b"), r))                          // before counting it
	is.Equal(fresh.Len(), 0)                                           // counts right afterwards
	is.NoErr(fresh.Create(at(20), key("d"), one, at(30)))              //
	is.Equal(fresh.Len(), 1)
}

// A clock that goes back does not shut a table that is full.
func TestRowsMakeRoomWhateverTheClock(t *testing.T) {
	is := is.New(t)
	m := rows.Opener(migrated(t), "t/")("k", 1)
	is.NoErr(m.Create(at(100), key("a"), one, at(110)))
	is.Equal(m.Create(at(105), key("b"), one, at(200)), table.ErrFull) // it has looked for room
	is.Equal(m.Create(at(106), key("b"), one, at(200)), table.ErrFull) // and a second later again
	is.NoErr(m.Create(at(111), key("b"), one, at(200)))
	is.Equal(m.Create(at(112), key("c"), one, at(300)), table.ErrFull)
	is.Equal(m.Create(at(50), key("c"), one, at(300)), table.ErrFull) // another time
	is.NoErr(m.Create(at(201), key("c"), one, at(300)))               // is another sweep
	is.Equal(m.Create(at(299), key("d"), one, at(400)), table.ErrFull)
	is.NoErr(m.Create(at(300), key("d"), one, at(400))) // as soon as a second has gone by
}

// a statement that fails has done nothing, and the call says so; the
// count stays right.
func TestR16_RowsWhoseStatementFails(t *testing.T) {
	is := is.New(t)
	db := migrated(t)
	m := rows.Opener(db, "t/")("k", 10)
	db.fail(1)
	is.Equal(m.Create(t0, key("a"), one, at(10)), errDown) // not counted yet
	db.fail(2)
	is.Equal(m.Create(t0, key("a"), one, at(10)), errDown) // counted, not made
	is.Equal(m.Len(), 0)
	db.fail(0)
	is.NoErr(m.Create(t0, key("a"), []byte("1"), at(10)))
	is.Equal(m.Len(), 1)
	db.fail(1)
	_, err := m.Get(t0, key("a"))
	is.Equal(err, errDown) // not: there is none
	r, err := m.Get(t0, key("a"))
	is.NoErr(err) // there is
	db.fail(1)
	is.Equal(m.Swap(t0, key("a"), r, []byte("2"), at(10)), errDown) // not: somebody else was first
	db.fail(1)
	is.Equal(m.Take(t0, key("a"), r), errDown)
	is.Equal(m.Len(), 1)
	r, err = m.Get(t0, key("a"))
	is.True(err == nil && string(r.Value) == "1") // it is as it was
	for call := 1; call <= 2; call++ {            // a sweep looks, and then drops
		db.fail(call)
		is.Equal(m.Sweep(at(10)), 0)
		is.Equal(m.Len(), 1)
	}
	fresh := rows.Opener(db, "t/")("k", 10)
	db.fail(1)
	is.Equal(fresh.Sweep(at(10)), 0) // nor without a count
	db.fail(1)
	is.Equal(rows.Sweep(db, at(10)), 0)
	db.fail(0)
	is.Equal(m.Sweep(at(10)), 1)
	is.Equal(m.Len(), 0)
}

// A database that answers something else than it was asked is a failing one.
func TestRowsOfAnotherShape(t *testing.T) {
	is := is.New(t)
	db := migrated(t)
	m := rows.Opener(db, "t/")("k", 10)
	is.NoErr(m.Create(t0, key("a"), []byte("1"), at(10)))
	for _, answer := range [][][]any{{{}}, {{[]byte("1"), int64(1)}}, {{"1", int64(1), int64(1)}}, {{[]byte("1"), "1", int64(1)}}, {{[]byte("1"), int64(1), nil}}} {
		db.fail(1)
		db.answer = answer
		r, err := m.Get(t0, key("a"))
		is.True(err != nil && !errors.Is(err, table.ErrMissing)) // no record, and not: none
		is.True(r.Value == nil && r.Version == 0)
	}
	for _, answer := range [][][]any{{}, {{}}, {{"1"}}, {{int64(1), int64(2)}}, {{int64(1)}, {int64(2)}}} {
		fresh := rows.Opener(db, "t/")("k", 10)
		db.fail(1)
		db.answer = answer
		is.True(fresh.Create(t0, key("b"), one, at(10)) != nil) // without a count nothing is made
		is.Equal(m.Len(), 1)
	}
	for _, answer := range [][][]any{{}, {{}}, {{int64(1)}}, {{"k", "l"}}} {
		db.fail(1)
		db.answer = answer
		is.Equal(rows.Sweep(db, at(10)), 0) // nothing is swept for a kind that is none
	}
}

// large is a database that says it has many rows, five of them expired in each
// slice.
type large struct {
	count         int64
	looked, swept [][2][]byte // bounds of the slices
}

func (l *large) Exec(statement string, args ...any) ([][]any, error) {
	switch {
	case strings.HasPrefix(statement, "SELECT COUNT"):
		return [][]any{{l.count}}, nil
	case strings.HasPrefix(statement, "SELECT 1"):
		l.looked = append(l.looked, [2][]byte{args[1].([]byte), args[2].([]byte)})
		return [][]any{{int64(1)}}, nil
	case strings.HasPrefix(statement, "DELETE"):
		l.swept = append(l.swept, [2][]byte{args[1].([]byte), args[2].([]byte)})
		return [][]any{{int64(1)}, {int64(1)}, {int64(1)}, {int64(1)}, {int64(1)}}, nil
	}
	return [][]any{{int64(1)}}, nil // a row is made
}

// A large table is swept in slices, which together are all keys there can be,
// each once; making room takes some of them, and goes on where it stopped.
func TestRowsAreSweptInSlices(t *testing.T) {
	is := is.New(t)
	for _, count := range []int64{0, 4095, 4096, 100_000, 1 << 40} {
		db := &large{count: count}
		m := rows.Opener(db, "t/")("k", 1<<30)
		n := int(min(count/4096+1, 1<<16))
		is.Equal(m.Sweep(t0), 5*n)                         // of slices of 4,096
		is.Equal(m.Len(), int(count)-5*n)                  // what is gone is not counted
		is.True(len(db.looked) == n && len(db.swept) == n) // each is looked at before
		key := []byte{0, 0}                                // the first key there can be
		for i, slice := range db.swept {
			is.Equal(slice, db.looked[i])
			is.Equal(slice[0], key)                        // begins where the last one ended
			is.True(bytes.Compare(slice[0], slice[1]) < 0) // and is not empty
			key = slice[1]
		}
		is.True(bytes.Compare(key, bytes.Repeat([]byte{0xff}, 16)) > 0) // behind the last key
	}
	db := &large{count: 100_000}
	m := rows.Opener(db, "t/")("k", 100_000)
	is.NoErr(m.Create(t0, key("a"), one, at(10))) // there is room
	is.Equal(len(db.swept), 16)                   // after some slices of 25
	is.Equal(m.Len(), 100_000-16*5+1)             //
	seen := map[string]bool{}
	db = &large{count: 100_000}
	again := rows.Opener(db, "t/")("k", 100)
	for second := range 2 {
		is.Equal(again.Create(at(float64(second)), key("a"), one, at(10)), table.ErrFull)
	}
	for _, slice := range db.swept {
		is.True(bytes.Compare(slice[0], slice[1]) < 0) // keys that there are
		seen[string(slice[0])] = true
	}
	is.Equal(len(seen), 25) // in two seconds all of them were looked through
}

func TestRowsOfKindsThatNobodyOpens(t *testing.T) {
	is := is.New(t)
	db := migrated(t)
	for i, kind := range []string{"a", "b", "c"} {
		m := rows.Opener(db, "t/")(kind, 10)
		for n := range i + 1 {
			is.NoErr(m.Create(t0, key(strconv.Itoa(n)), one, at(1)))
		}
		is.NoErr(m.Create(t0, key("lives"), one, at(100)))
	}
	db.fail(5)                         // after a name, a count, a look and a sweep of the first kind
	is.Equal(rows.Sweep(db, at(1)), 1) // what went before the failure is counted
	db.fail(0)
	is.Equal(rows.Sweep(db, at(1)), 2+3)
	db.asked = nil
	is.Equal(rows.Sweep(db, at(1)), 0)
	is.Equal(len(db.asked), 3*3+1) // where nothing has expired
	for _, s := range db.asked {
		is.True(strings.HasPrefix(s, "SELECT")) // nothing is written
	}
	is.Equal(rows.Sweep(db, at(100)), 3)
}

// Migrations are done once each, in order; one that was cut short is done
// again; and no program touches what a newer one has made.
func TestMigrationsThatFail(t *testing.T) {
	is := is.New(t)
	var db *flaky
	for call := 1; ; call++ {
		db = open(t)
		db.fail(call)
		err := rows.Migrate(db)
		if db.calls < call {
			is.NoErr(err)     // none has failed
			is.Equal(call, 5) // of four: the table of steps, the last of them, the one step and its note
			break
		}
		is.True(err != nil && strings.Contains(err.Error(), errDown.Error()))  // it says what,
		is.Equal(strings.HasPrefix(err.Error(), "migrations/0001_"), call > 2) // and in which step
		db.fail(0)
		is.NoErr(rows.Migrate(db)) // the next time it goes through
		is.NoErr(rows.Opener(db, "t/")("k", 1).Create(t0, key("a"), one, at(1)))
	}
	db.fail(0)
	db.asked = nil
	is.NoErr(rows.Migrate(db))
	is.Equal(len(db.asked), 2) // nothing is done twice
	_, err := db.Exec("INSERT INTO migrations (number) VALUES (1000)")
	is.NoErr(err)
	err = rows.Migrate(db)
	is.True(err != nil && strings.Contains(err.Error(), "newer program, to step 1000")) // it is left alone
	for _, answer := range [][][]any{{}, {{"1"}}} {
		other := open(t)
		other.fail(2)
		other.answer = answer
		is.True(rows.Migrate(other) != nil) // whoever cannot say where it stands is not migrated
		is.Equal(len(other.asked), 2)
	}
}
