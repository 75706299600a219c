// The fields of a record as bytes: what a codec is written with.
package table

import (
	"encoding/binary"
	"errors"
)

// A Writer appends the fields of a record, one after the other.
type Writer struct{ b []byte }

// Uint writes a number.
func (w *Writer) Uint(n uint64) { w.b = binary.AppendUvarint(w.b, n) }

// Int writes a number that may be negative.
func (w *Writer) Int(n int64) { w.b = binary.AppendVarint(w.b, n) }

// Bool writes a truth value.
func (w *Writer) Bool(v bool) {
	if v {
		w.Uint(1)
		return
	}
	w.Uint(0)
}

// Text writes a string with its length.
func (w *Writer) Text(s string) {
	w.Uint(uint64(len(s)))
	w.b = append(w.b, s...)
}

// Texts writes a list of strings.
func (w *Writer) Texts(all []string) {
	w.Uint(uint64(len(all)))
	for _, s := range all {
		w.Text(s)
	}
}

// Raw writes bytes whose number the reader knows: a key, a hash.
func (w *Writer) Raw(b []byte) { w.b = append(w.b, b...) }

// A Reader takes the fields out again, in the same order. After the first
// fault everything that is read is zero.
type Reader struct {
	b     []byte
	fault error
}

var errFields = errors.New("a stored record is not as it was written")

// Uint reads a number.
func (r *Reader) Uint() uint64 {
	n, size := binary.Uvarint(r.b)
	r.skip(size)
	if r.fault != nil {
		return 0
	}
	return n
}

// Int reads a number that may be negative.
func (r *Reader) Int() int64 {
	n, size := binary.Varint(r.b)
	r.skip(size)
	if r.fault != nil {
		return 0
	}
	return n
}

func (r *Reader) skip(size int) {
	if size <= 0 || r.fault != nil {
		r.fault = errFields
		return
	}
	r.b = r.b[size:]
}

// Bool reads a truth value.
func (r *Reader) Bool() bool {
	n := r.Uint()
	if n > 1 {
		r.fault = errFields
	}
	return n == 1
}

// Text reads a string.
func (r *Reader) Text() string { return string(r.take(r.Uint())) }

// Texts reads a list of strings; an empty one is nil.
func (r *Reader) Texts() (all []string) {
	for range r.Count() {
		all = append(all, r.Text())
	}
	return all
}

// Count reads how many elements follow. Each takes a byte at least, so that a
// damaged count costs nothing.
func (r *Reader) Count() int {
	n := r.Uint()
	if n > uint64(len(r.b)) {
		r.fault = errFields
		return 0
	}
	return int(n)
}

// Raw fills to.
func (r *Reader) Raw(to []byte) { copy(to, r.take(uint64(len(to)))) }

func (r *Reader) take(n uint64) []byte {
	if r.fault != nil || n > uint64(len(r.b)) {
		r.fault = errFields
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}
