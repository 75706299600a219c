package table_test

import (
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/table"
)

var number = table.Codec[int]{Version: 2,
	Write: func(w *table.Writer, n int) { w.Int(int64(n)) },
	Read: func(r *table.Reader, version byte) int {
		if version == 1 { // it was a text once
			return len(r.Text())
		}
		return int(r.Int())
	}}

func TestStored(t *testing.T) {
	conformance(t, table.Open(func(_ string, max int) table.Table[[]byte] { return table.NewMemory[[]byte](max) }, "numbers", 10, number))
}

func TestRowsOfOtherVersions(t *testing.T) {
	is := is.New(t)
	rows := table.NewMemory[[]byte](10)
	numbers := table.Stored[int]{Bytes: rows, Codec: number}
	put := func(name string, row ...byte) { is.NoErr(rows.Create(t0, key(name), row, t0.Add(time.Hour))) }
	put("old", 1, 3, 'a', 'b', 'c')
	r, err := numbers.Get(t0, key("old"))
	is.NoErr(err)                                                   // rows of the version before are read
	is.Equal(r.Value, 3)                                            // and understood
	is.NoErr(numbers.Swap(t0, key("old"), r, 4, t0.Add(time.Hour))) // and replaced
	r, err = numbers.Get(t0, key("old"))
	is.True(err == nil && r.Value == 4) // by what this version writes
	for name, row := range map[string][]byte{"newer": {3, 1}, "empty": {}, "cut": {1, 3, 'a'}, "more": {2, 2, 0}, "nothing": {2}} {
		put(name, row...)
		r, err = numbers.Get(t0, key(name))
		is.True(err != nil && err != table.ErrMissing) // the storage has failed; the record is not missing
		is.Equal(r.Value, 0)                           // and no half of it is used
	}
}

// FuzzReader: no row makes a reader panic, or want more than there is.
func FuzzReader(f *testing.F) {
	f.Add([]byte{2, 'a', 'b', 1, 200, 200, 200, 200, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		c := table.Codec[[]string]{Write: func(w *table.Writer, all []string) { w.Texts(all) }, Read: func(r *table.Reader, _ byte) []string { return r.Texts() }}
		all, err := c.Decode(append([]byte{0}, b...))
		if err != nil {
			return
		}
		again, err := c.Decode(c.Encode(all))
		if err != nil || len(again) != len(all) {
			t.Fatal("what was read is not what is written")
		}
	})
}
