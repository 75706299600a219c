package table_test

import (
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
	"weak"

	"github.com/matryer/is"

	"mcp-auth/core/table"
)

// A liar is a table that breaks one promise.
type liar struct {
	table.Table[int]
	create func(now time.Time, k table.Key, value int, expires time.Time) error
	get    func(now time.Time, k table.Key) (table.Record[int], error)
	swap   func(now time.Time, k table.Key, read table.Record[int], value int, expires time.Time) error
	take   func(now time.Time, k table.Key, read table.Record[int]) error
	sweep  func(now time.Time) int
	length func() int
}

func (l *liar) Create(now time.Time, k table.Key, value int, expires time.Time) error {
	return l.create(now, k, value, expires)
}
func (l *liar) Get(now time.Time, k table.Key) (table.Record[int], error) { return l.get(now, k) }
func (l *liar) Swap(now time.Time, k table.Key, read table.Record[int], value int, expires time.Time) error {
	return l.swap(now, k, read, value, expires)
}
func (l *liar) Take(now time.Time, k table.Key, read table.Record[int]) error {
	return l.take(now, k, read)
}
func (l *liar) Sweep(now time.Time) int { return l.sweep(now) }
func (l *liar) Len() int                { return l.length() }

// Conform is what hosts hold their storage to: it finds every broken promise,
// and says which.
func TestConformFindsABrokenPromise(t *testing.T) {
	for name, c := range map[string]struct {
		lie  func(l *liar, m *table.Memory[int])
		says string
	}{
		"an error of its own": {func(l *liar, m *table.Memory[int]) {
			l.get = func(time.Time, table.Key) (table.Record[int], error) { return table.Record[int]{}, table.ErrFault }
		}, `"a missing record is missing" is broken: wanted no such record, got the storage failed`},
		"it makes nothing": {func(l *liar, m *table.Memory[int]) {
			l.create = func(time.Time, table.Key, int, time.Time) error { return table.ErrFault }
		}, `"a record is made" is broken: wanted no error, got the storage failed`},
		"it writes over what lives": {func(l *liar, m *table.Memory[int]) {
			l.create = func(now time.Time, k table.Key, v int, e time.Time) error {
				if r, err := m.Get(now, k); err == nil {
					return m.Swap(now, k, r, v, e)
				}
				return m.Create(now, k, v, e)
			}
		}, `"not over a live one" is broken: wanted record exists, got no error`},
		"another value": {func(l *liar, m *table.Memory[int]) {
			l.get = func(now time.Time, k table.Key) (table.Record[int], error) {
				r, err := m.Get(now, k)
				if err == nil {
					r.Value++
				}
				return r, err
			}
		}, `"as it was made"`},
		"another expiry": {func(l *liar, m *table.Memory[int]) {
			l.get = func(now time.Time, k table.Key) (table.Record[int], error) {
				r, err := m.Get(now, k)
				r.Expires = r.Expires.Add(time.Second)
				return r, err
			}
		}, `"as it was made"`},
		"the last swap wins": {func(l *liar, m *table.Memory[int]) {
			l.swap = func(now time.Time, k table.Key, r table.Record[int], v int, e time.Time) error {
				if now, err := m.Get(now, k); err == nil {
					r = now
				}
				return m.Swap(now, k, r, v, e)
			}
		}, `"not again from an old reading"`},
		"a swap that loses writes": {func(l *liar, m *table.Memory[int]) {
			l.swap = func(now time.Time, k table.Key, r table.Record[int], v int, e time.Time) error {
				err := m.Swap(now, k, r, v, e)
				if latest, missing := m.Get(now, k); err != nil && missing == nil {
					_ = m.Swap(now, k, latest, v, e)
				}
				return err
			}
		}, `"the first swap stands"`},
		"a swap that wins loses": {func(l *liar, m *table.Memory[int]) {
			l.swap = func(time.Time, table.Key, table.Record[int], int, time.Time) error { return nil }
		}, `"not again from an old reading"`},
		"nothing is taken": {func(l *liar, m *table.Memory[int]) {
			l.take = func(now time.Time, k table.Key, r table.Record[int]) error {
				if latest, err := m.Get(now, k); err == nil && latest.Version == r.Version {
					return nil
				}
				return table.ErrMoved
			}
		}, `"once"`},
		"it counts one more": {func(l *liar, m *table.Memory[int]) { l.length = func() int { return m.Len() + 1 } }, `"both are counted"`},
		"what expires now lives": {func(l *liar, m *table.Memory[int]) {
			l.get = func(now time.Time, k table.Key) (table.Record[int], error) { return m.Get(now.Add(-1), k) }
		}, `"it is dead at the first instant of its expiry"`},
		"the dead are revived": {func(l *liar, m *table.Memory[int]) {
			l.swap = func(now time.Time, k table.Key, r table.Record[int], v int, e time.Time) error {
				return m.Swap(now.Add(-time.Second), k, r, v, e)
			}
		}, `"a dead record is not revived"`},
		"the dead give their value": {func(l *liar, m *table.Memory[int]) {
			l.create = func(now time.Time, k table.Key, v int, e time.Time) error {
				if now.After(t0) {
					v = 5
				}
				return m.Create(now, k, v, e)
			}
		}, `"as it was made anew"`},
		"the dead give their expiry": {func(l *liar, m *table.Memory[int]) {
			l.create = func(now time.Time, k table.Key, v int, e time.Time) error {
				if now.After(t0) {
					e = e.Add(-1)
				}
				return m.Create(now, k, v, e)
			}
		}, `"as it was made anew"`},
		"the dead count on": {func(l *liar, m *table.Memory[int]) {
			dead := 0
			l.create = func(now time.Time, k table.Key, v int, e time.Time) error {
				if now.After(t0) && dead == 0 {
					dead = 1
				}
				return m.Create(now, k, v, e)
			}
			l.length = func() int { return m.Len() + dead }
		}, `"each is counted once, the dead one too"`},
		"a sweep drops nothing": {func(l *liar, m *table.Memory[int]) { l.sweep = func(time.Time) int { return 0 } }, "sweep"},
		"a sweep counts double": {func(l *liar, m *table.Memory[int]) { l.sweep = func(now time.Time) int { return 2 * m.Sweep(now) } }, "sweep"},
		"a sweep drops all": {func(l *liar, m *table.Memory[int]) {
			l.sweep = func(now time.Time) int { m.Sweep(now.AddDate(9, 0, 0)); return 1 }
		}, "sweep"},
		"the last sweep leaves some": {func(l *liar, m *table.Memory[int]) {
			n := 0
			l.sweep = func(now time.Time) int {
				if n++; n == 1 {
					return m.Sweep(now)
				}
				return m.Len()
			}
		}, `"and drops what has expired"`},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			m := table.NewMemory[int](10)
			l := &liar{m, m.Create, m.Get, m.Swap, m.Take, m.Sweep, m.Len}
			c.lie(l, m)
			err := table.Conform(l, t0)
			is.True(err != nil)                                   // it is found
			is.True(strings.Contains(err.Error(), c.says))        // and named
			is.NoErr(table.Conform(table.NewMemory[int](10), t0)) // which an honest one does not get
		})
	}
}

// A Fault lets exactly the call fail that it is set to, and that call does
// nothing: sent again it goes through.
func TestAFaultIsOneCall(t *testing.T) {
	is := is.New(t)
	end := t0.Add(time.Hour)
	f := &table.Fault{}
	m := table.Faulty[int]{Table: table.NewMemory[int](1), Fault: f}
	var r table.Record[int]
	for i, do := range []func() error{
		func() error { return m.Create(t0, key("a"), 1, end) },
		func() (err error) { r, err = m.Get(t0, key("a")); return err },
		func() error { return m.Swap(t0, key("a"), r, 2, end) },
		func() (err error) { r, err = m.Get(t0, key("a")); return err },
		func() error { return m.Take(t0, key("a"), r) },
	} {
		f.Calls()
		f.At.Store(1)
		is.Equal(do(), table.ErrFault) // this one is due
		is.Equal(m.Len(), min(1, i))   // and does nothing
		is.NoErr(do())                 // the next is not
		is.Equal(f.Calls(), int64(2))  // both are counted
	}
	is.Equal(r.Value, 2) // what went through was done
	is.Equal(m.Len(), 0) // to the end
	f.At.Store(0)
	is.Equal(m.Take(t0, key("a"), r), table.ErrMoved) // the errors of the table are its own
	_, err := m.Get(t0, key("a"))
	is.Equal(err, table.ErrMissing) // all of them
}

var all = table.Codec[fields]{Version: 1,
	Write: func(w *table.Writer, f fields) {
		w.Uint(f.n)
		w.Int(f.i)
		w.Bool(f.yes)
		w.Text(f.text)
		w.Texts(f.texts)
		w.Raw(f.raw[:])
	},
	Read: func(r *table.Reader, _ byte) (f fields) {
		f = fields{n: r.Uint(), i: r.Int(), yes: r.Bool(), text: r.Text(), texts: r.Texts()}
		r.Raw(f.raw[:])
		return f
	}}

type fields struct {
	n     uint64
	i     int64
	yes   bool
	text  string
	texts []string
	raw   [3]byte
}

// Rows outlive programs: each field has one form, and what is not in it is no
// record (never half of one).
func TestTheFormOfEachField(t *testing.T) {
	is := is.New(t)
	for _, c := range []struct {
		f   fields
		row string
	}{
		{fields{}, "\x01\x00\x00\x00\x00\x00\x00\x00\x00"},
		{fields{300, -1, true, "ab", []string{"", "c"}, [3]byte{7, 8, 9}}, "\x01\xac\x02\x01\x01\x02ab\x02\x00\x01c\x07\x08\x09"},
		{fields{1<<64 - 1, -1 << 63, true, strings.Repeat("x", 200), make([]string, 3), [3]byte{}}, ""},
	} {
		row := all.Encode(c.f)
		if c.row != "" {
			is.Equal(string(row), c.row) // as it lies
		}
		got, err := all.Decode(row)
		is.NoErr(err)      // and is read,
		is.Equal(got, c.f) // whole
		for cut := range row {
			got, err := all.Decode(row[:cut])
			is.True(err != nil)     // but not when an end is missing
			is.Equal(got, fields{}) // not even in part
		}
	}
	for name, row := range map[string]string{
		"a truth that is neither":   "\x01\x00\x00\x02\x00\x00\x00\x00\x00",
		"a text longer than all":    "\x01\x00\x00\x00\xff\x7fab",
		"more texts than bytes":     "\x01\x00\x00\x00\x00\x05\x00\x00\x00\x00",
		"a number without an end":   "\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		"something behind the last": "\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00",
		"a newer version":           "\x02\x00\x00\x00\x00\x00\x00\x00\x00",
		"nothing":                   "",
	} {
		got, err := all.Decode([]byte(row))
		if err == nil || got.texts != nil || got.text != "" {
			t.Errorf("%s is read as %+v, %v", name, got, err)
		}
	}
	_, err := all.Decode([]byte{2})
	is.True(strings.Contains(err.Error(), "newer program")) // told apart, since the cure is another
	last := table.Codec[[]string]{Write: func(w *table.Writer, t []string) { w.Texts(t) }, Read: func(r *table.Reader, _ byte) []string { return r.Texts() }}
	got, err := last.Decode(last.Encode([]string{"", ""}))
	is.True(err == nil && len(got) == 2) // as many as there are bytes is not too many
	_, err = last.Decode([]byte{0, 1})
	is.True(err != nil) // and one more is
}

// Where records lie is the host's to say, and without one they lie in memory
// with the bounds that a host would be told.
func TestWhereRecordsLie(t *testing.T) {
	is := is.New(t)
	asked := ""
	rows := table.NewMemory[[]byte](10)
	open := func(kind string, max int) table.Table[[]byte] { asked = kind; return rows }
	for kind, made := range map[string]table.Table[int]{"a": table.Open(open, "a", 2, number), "b": table.OpenWeighed(open, "b", 2, 8, number)} {
		is.NoErr(made.Create(t0, key(kind), 1, t0.Add(time.Hour))) // kept
	}
	is.Equal(rows.Len(), 2)               // by the host
	is.True(asked == "a" || asked == "b") // by its name
	for _, made := range []table.Table[int]{table.Open(nil, "a", 2, number), table.OpenWeighed(nil, "b", 5, 4, number)} {
		for _, name := range []string{"a", "b"} { // each weighs two bytes
			is.NoErr(made.Create(t0, key(name), 1, t0.Add(time.Hour))) // there is room
		}
		is.Equal(made.Create(t0, key("c"), 1, t0.Add(time.Hour)), table.ErrFull) // for two
	}
}

// As many as are allowed, to the record, also while some of them are dead.
func TestMemoryIsFullExactly(t *testing.T) {
	is := is.New(t)
	m := table.NewMemory[int](2)
	a, b, c := key("a"), key("b"), key("c")
	end := t0.Add(time.Minute)
	is.NoErr(m.Create(t0, a, 1, end))                  // one
	is.NoErr(m.Create(t0, b, 2, end.Add(time.Minute))) // two
	is.Equal(m.Create(t0, c, 3, end), table.ErrFull)   // and no more
	is.Equal(m.Create(t0, a, 3, end), table.ErrFull)   // not even to look whether it is there
	r, err := m.Get(t0, a)
	is.NoErr(err)                                 // the first
	is.True(r.Value == 1 && r.Expires.Equal(end)) // as it was
	none, err := m.Get(end, a)
	is.True(err == table.ErrMissing && none == table.Record[int]{}) // nothing is told of the dead
	none, err = m.Get(t0, c)
	is.True(err == table.ErrMissing && none == table.Record[int]{}) // nor of what never was
	is.NoErr(m.Take(t0, a, r))                                      // one goes
	is.Equal(m.Len(), 1)                                            // and leaves its place
	is.NoErr(m.Create(t0, c, 3, end))                               // to another
	is.Equal(m.Len(), 2)
	is.Equal(m.Sweep(end.Add(time.Hour)), 2) // all go
	is.Equal(m.Len(), 0)                     // and nothing is counted any more
}

// What has expired makes room without a sweep from outside: each refusal has
// looked at some shards, and after all of them the place is found.
func TestTheDeadMakeRoom(t *testing.T) {
	is := is.New(t)
	m := table.NewMemory[int](1)
	for round := range 20 {
		now := t0.Add(time.Duration(round) * time.Minute)
		refused := 0
		for m.Create(now, key(strconv.Itoa(round)), round, now.Add(time.Minute)) != nil {
			refused++
			is.True(refused < 16) // four shards of 64 a time
		}
		is.Equal(m.Len(), 1) // one is kept, the living one
		_, err := m.Get(now, key(strconv.Itoa(round)))
		is.NoErr(err) // which is there
	}
	m = table.NewMemory[int](16)
	for n := range 16 { // one in every fourth shard
		k := key(strconv.Itoa(n))
		k[0] = byte(4 * n)
		is.NoErr(m.Create(t0, k, n, t0.Add(time.Minute)))
	}
	is.NoErr(m.Create(t0.Add(time.Minute), key("a"), 1, t0.Add(time.Hour))) // the first look finds one, and one is enough
	is.Equal(m.Len(), 16)
}

// A record that is gone holds nothing in memory, nor does a table that was
// large once.
func TestMemoryIsGivenBack(t *testing.T) {
	is := is.New(t)
	m := table.NewMemory[*[1 << 10]byte](300_000)
	held := func() weak.Pointer[[1 << 10]byte] {
		value := new([1 << 10]byte)
		is.NoErr(m.Create(t0, key("a"), value, t0.Add(time.Hour)))
		r, err := m.Get(t0, key("a"))
		is.NoErr(err)                     // it is there
		is.NoErr(m.Take(t0, key("a"), r)) // and taken
		return weak.Make(value)
	}()
	runtime.GC()
	is.True(held.Value() == nil) // nothing holds it any more
	heap := func() int {
		var stats runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return int(stats.HeapAlloc)
	}
	before := heap()
	for n := range 200_000 {
		is.NoErr(m.Create(t0, key(strconv.Itoa(n)), nil, t0.Add(time.Minute)))
	}
	most := heap() - before
	is.True(most > 4<<20)                                    // so much does it take
	is.Equal(m.Sweep(t0.Add(time.Hour)), 200_000)            // all have expired
	is.True(heap()-before < most/8)                          // and the room is given back
	is.NoErr(m.Create(t0, key("a"), nil, t0.Add(time.Hour))) // while the table is good for more
}

// A record's place is used again, and whoever read the one before it does not
// change the next (ABA), however often.
func TestAPlaceHasAnotherVersion(t *testing.T) {
	is := is.New(t)
	m := table.NewMemory[int](1)
	seen := map[uint32]bool{}
	for n := range 100 {
		is.NoErr(m.Create(t0, key("a"), n, t0.Add(time.Hour))) // in the only place
		r, err := m.Get(t0, key("a"))
		is.NoErr(err)             // it is there
		is.True(!seen[r.Version]) // and was not before
		seen[r.Version] = true
		is.NoErr(m.Swap(t0, key("a"), r, -n, t0.Add(time.Hour))) // replaced
		r, err = m.Get(t0, key("a"))
		is.NoErr(err)             // and there,
		is.True(!seen[r.Version]) // another again
		seen[r.Version] = true
		is.NoErr(m.Take(t0, key("a"), r))
	}
}

// Many records whose keys share a shard: each is found while others come and
// go beside it, and gone when it is gone.
func TestOneShardIsNotMixedUp(t *testing.T) {
	is := is.New(t)
	m := table.NewMemory[int](5000)
	in := func(n int) (k table.Key) { // all of shard 7
		k = table.KeyOf(strconv.Itoa(n))
		k[0] = 7
		return k
	}
	for n := range 3000 {
		is.NoErr(m.Create(t0, in(n), n, t0.Add(time.Duration(1+n%3)*time.Minute))) // made
	}
	for n := range 3000 {
		r, err := m.Get(t0, in(n))
		is.True(err == nil && r.Value == n) // each is itself
		if n%5 == 0 {
			is.NoErr(m.Take(t0, in(n), r)) // some are taken
		}
	}
	at := t0.Add(time.Minute)
	is.Equal(m.Sweep(at), 800) // of a third, four in five are left to expire
	for n := range 3000 {
		_, err := m.Get(at, in(n))
		is.Equal(err == nil, n%5 != 0 && n%3 != 0) // and the others are there
	}
	is.Equal(m.Len(), 1600)
	is.Equal(m.Sweep(t0.Add(time.Hour)), 1600) // in the end it is empty
	for n := range 100 {
		is.NoErr(m.Create(t0, in(n), n, t0.Add(time.Hour))) // and is filled anew
	}
	is.Equal(m.Len(), 100)
}
