// What a ring says when storage or randomness fail, and when a key goes.
package keyring_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/keyring"
	"mcp-auth/core/table"
)

var (
	start   = time.Unix(1e9, 0)
	errDisk = errors.New("the disk is gone")
)

// broken is a table of which some calls fail.
type broken struct {
	table.Table[[]keyring.Key]
	get, write error
	tries      int
}

func (b *broken) Get(now time.Time, k table.Key) (table.Record[[]keyring.Key], error) {
	if b.get != nil {
		return table.Record[[]keyring.Key]{}, b.get
	}
	return b.Table.Get(now, k)
}

func (b *broken) Create(now time.Time, k table.Key, v []keyring.Key, until time.Time) error {
	if b.tries++; b.write != nil {
		return b.write
	}
	return b.Table.Create(now, k, v, until)
}

func TestFailuresAreTold(t *testing.T) {
	for rule, c := range map[string]struct {
		get, write error
		random     io.Reader
		want       error
	}{
		"reading":    {get: errDisk, want: errDisk},
		"writing":    {write: errDisk, want: errDisk},
		"randomness": {random: bytes.NewReader([]byte("too little")), want: io.ErrUnexpectedEOF},
		"for ever":   {write: table.ErrMoved, want: table.ErrMoved},
		"and ever":   {write: table.ErrExists, want: table.ErrMoved},
	} {
		t.Run(rule, func(t *testing.T) {
			is := is.New(t)
			keys := &broken{Table: table.NewMemory[[]keyring.Key](1), get: c.get, write: c.write}
			if c.random == nil {
				c.random = bytes.NewReader(make([]byte, 1<<20))
			}
			r := &keyring.Ring{Keys: keys, Random: c.random, Every: time.Hour, Keep: time.Hour}
			k, err := r.Signer(start)
			is.True(errors.Is(err, c.want) && k.IsZero()) // no key to sign with
			all, err := r.Public(start)
			is.True(err != nil && len(all) == 0) // none to publish
			seeds, err := r.Seeds(start)
			is.True(err != nil && len(seeds) == 0) // and no seed
			is.True(keys.tries < 1000)             // a lost race is run again, not for ever
		})
	}
}

func TestSeedsAreTheKeys(t *testing.T) {
	is := is.New(t)
	r := &keyring.Ring{Keys: table.NewMemory[[]keyring.Key](1), Random: bytes.NewReader(append(bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 320)...)), Every: time.Hour, Keep: 2 * time.Hour}
	for i, want := range []int{1, 2, 3, 3} { // a key that ended just Keep ago is gone
		seeds, err := r.Seeds(start.Add(time.Duration(i) * time.Hour))
		is.NoErr(err)
		is.Equal(len(seeds), want)              // as many as live
		is.Equal(seeds[want-1][0] == 1, i == 0) // the newest last
		public, err := r.Public(start.Add(time.Duration(i) * time.Hour))
		is.NoErr(err)
		is.Equal(len(public), want) // each has its key
	}
	before, err := r.Seeds(start.Add(4*time.Hour - 1))
	is.NoErr(err)
	again, err := r.Seeds(start.Add(4*time.Hour - 1))
	is.NoErr(err)
	is.True(len(before) > 0 && len(again) == len(before) && again[0] == before[0]) // nothing changes before its time
}
