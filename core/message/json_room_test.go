package message

import (
	"testing"

	"github.com/matryer/is"
)

// The reader keeps room for the next document, and nothing of this one: what
// was in it may be a secret. One that has grown large is not kept.
func TestTheReaderKeepsRoomAndNothingElse(t *testing.T) {
	for _, c := range []struct {
		members, elems int
		kept           bool
	}{{16, 0, true}, {0, 0, true}, {16, 48, true}, {16, 49, false}, {65, 0, false}, {40, 40, false}} {
		is := is.New(t)
		w := &walk{text: `{"token":"a secret"}`, at: 7}
		for range c.members {
			w.members = append(w.members, M("token", Str("a secret")))
		}
		for range c.elems {
			w.elems = append(w.elems, Str("a secret"))
		}
		w.members, w.elems = w.members[:len(w.members):len(w.members)], w.elems[:len(w.elems):len(w.elems)]
		members, elems := w.members, w.elems
		w.members, w.elems = w.members[:0], w.elems[:0] // as after a document
		w.reset()
		left := w.text != "" || w.at != 0
		for _, m := range members {
			left = left || m.Name != "" || m.Value.kind != Missing || m.Value.text != ""
		}
		for _, e := range elems {
			left = left || e.kind != Missing || e.text != ""
		}
		is.Equal(left, !c.kept) // what is kept is empty to its end, and what is large goes as it is
		if c.kept {
			is.Equal(cap(w.members)+cap(w.elems), c.members+c.elems) // with its room
			continue
		}
		for range 3 {
			other := walks.Get().(*walk)
			is.True(other != w) // and is nobody's any more
		}
	}
}
