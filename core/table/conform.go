// What every Table must do, as one walk: for the tests of this package and of
// the hosts that keep records elsewhere.
package table

import (
	"errors"
	"time"
)

// Conform walks through an empty table with room for ten records and says which
// promise of Table it breaks first. It leaves the table empty.
func Conform(t Table[int], now time.Time) error {
	a, b, c := KeyOf("a"), KeyOf("b"), KeyOf("c")
	end, late := now.Add(time.Second), now.Add(time.Hour)
	var r Record[int]
	get := func(at time.Time, k Key) (err error) { r, err = t.Get(at, k); return err }
	for _, step := range [...]struct {
		promise string
		do      func() error
		want    error
	}{
		{"a missing record is missing", func() error { return get(now, a) }, ErrMissing},
		{"a record is made", func() error { return t.Create(now, a, 1, end) }, nil},
		{"not over a live one", func() error { return t.Create(now, a, 2, end) }, ErrExists},
		{"it is there", func() error { return get(now, a) }, nil},
		{"as it was made", func() error { return is(r.Value == 1 && r.Expires.Equal(end)) }, nil},
		{"it is replaced", func() error { return t.Swap(now, a, r, 2, end) }, nil},
		{"not again from an old reading", func() error { return t.Swap(now, a, r, 3, end) }, ErrMoved},
		{"nor taken", func() error { return t.Take(now, a, r) }, ErrMoved},
		{"it is read again", func() error { return get(now, a) }, nil},
		{"the first swap stands", func() error { return is(r.Value == 2) }, nil},
		{"it is taken", func() error { return t.Take(now, a, r) }, nil},
		{"once", func() error { return t.Take(now, a, r) }, ErrMoved},
		{"it is gone", func() error { return get(now, a) }, ErrMissing},
		{"it is not replaced any more", func() error { return t.Swap(now, a, r, 3, end) }, ErrMoved},
		{"its place is free", func() error { return t.Create(now, a, 4, end) }, nil},
		{"one that was read before is another", func() error { return t.Take(now, b, r) }, ErrMoved},
		{"another is made", func() error { return t.Create(now, b, 5, end) }, nil},
		{"both are counted", func() error { return is(t.Len() == 2) }, nil},
		{"it is dead at the first instant of its expiry", func() error { return errors.Join(get(now, b), get(end, b)) }, ErrMissing},
		{"a dead record is not revived", func() error { _ = get(now, b); return t.Swap(end, b, r, 7, late) }, ErrMoved},
		{"nor taken", func() error { return t.Take(end, b, r) }, ErrMoved},
		{"but gives its place", func() error { return t.Create(end, b, 8, late) }, nil},
		{"to one that is there", func() error { return get(end, b) }, nil},
		{"as it was made anew", func() error { return is(r.Value == 8 && r.Expires.Equal(late)) }, nil},
		{"beside another", func() error { return t.Create(end, c, 9, late) }, nil},
		{"each is counted once, the dead one too", func() error { return is(t.Len() == 3) }, nil},
		{"a sweep leaves what lives", func() error { return is(t.Sweep(end) == 1 && t.Len() == 2) }, nil},
		{"and drops what has expired", func() error { return is(t.Sweep(late) == 2 && t.Len() == 0) }, nil},
	} {
		if err := step.do(); !errors.Is(err, step.want) || err != nil && step.want == nil {
			return errors.New("the promise \"" + step.promise + "\" is broken: wanted " + text(step.want) + ", got " + text(err))
		}
	}
	return nil
}

func is(so bool) error {
	if so {
		return nil
	}
	return errors.New("another value")
}

func text(err error) string {
	if err == nil {
		return "no error"
	}
	return err.Error()
}
