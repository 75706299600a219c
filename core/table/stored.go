// Records as bytes: a table of bytes, which a host keeps where it likes, seen
// as a table of records.
package table

import (
	"errors"
	"time"
)

// An Opener opens a table of bytes that holds one kind of record, at most max
// of them. It is what a host implements, with Table's rules: synchronous, safe
// for concurrent use, each call done whole or not at all.
type Opener func(kind string, max int) Table[[]byte]

// A Codec says how records of one type are bytes. Version goes before the
// fields: who changes them raises it, and reads rows of the versions before as
// well, since rows outlive the program that wrote them.
type Codec[R any] struct {
	Version byte
	Write   func(w *Writer, record R)
	Read    func(r *Reader, version byte) R
}

// Encode writes a record.
func (c Codec[R]) Encode(record R) []byte {
	w := Writer{b: make([]byte, 0, 128)}
	w.b = append(w.b, c.Version)
	c.Write(&w, record)
	return w.b
}

var errVersion = errors.New("a stored record was written by a newer program")

// Decode reads a record. A row that is not understood, in part or whole, is a
// failure of the storage and never a record.
func (c Codec[R]) Decode(b []byte) (record R, err error) {
	r, version, err := opened(b, c.Version)
	if err != nil {
		return record, err
	}
	read := c.Read(&r, version)
	if err := r.end(); err != nil {
		return record, err
	}
	return read, nil
}

// opened takes the version off a row.
func opened(b []byte, newest byte) (r Reader, version byte, err error) {
	switch {
	case len(b) == 0:
		return r, 0, errFields
	case b[0] > newest:
		return r, 0, errVersion
	}
	return Reader{b: b[1:]}, b[0], nil
}

// end says what was wrong with a row, now that all of it should be read.
func (r *Reader) end() error {
	if r.fault == nil && len(r.b) > 0 {
		r.fault = errFields
	}
	return r.fault
}

// Stored is a Table over one of bytes.
type Stored[R any] struct {
	Bytes Table[[]byte]
	Codec Codec[R]
}

// Open makes the table of one kind of record; in memory when open is nil.
func Open[R any](open Opener, kind string, max int, c Codec[R]) Table[R] {
	if open == nil {
		return inMemory(max, c)
	}
	return &Stored[R]{open(kind, max), c}
}

// OpenWeighed is Open for records that hold what anybody sends. In memory they
// may weigh no more than most bytes together, each as much as it has as bytes.
func OpenWeighed[R any](open Opener, kind string, max int, most int64, c Codec[R]) Table[R] {
	if open == nil {
		return inMemoryWeighed(max, most, c)
	}
	return Open(open, kind, max, c)
}

// Names is of records that only say that something is so.
var Names = Codec[struct{}]{Version: 1,
	Write: func(*Writer, struct{}) {},
	Read:  func(*Reader, byte) struct{} { return struct{}{} }}

// Create implements Table.
func (s *Stored[R]) Create(now time.Time, k Key, value R, expires time.Time) error {
	return s.Bytes.Create(now, k, s.Codec.Encode(value), expires)
}

// Get implements Table.
func (s *Stored[R]) Get(now time.Time, k Key) (Record[R], error) {
	r, err := s.Bytes.Get(now, k)
	if err != nil {
		return Record[R]{}, err
	}
	v, err := s.Codec.Decode(r.Value)
	return Record[R]{Value: v, Expires: r.Expires, Version: r.Version}, err
}

// Swap implements Table.
func (s *Stored[R]) Swap(now time.Time, k Key, read Record[R], value R, expires time.Time) error {
	return s.Bytes.Swap(now, k, Record[[]byte]{Version: read.Version}, s.Codec.Encode(value), expires)
}

// Take implements Table.
func (s *Stored[R]) Take(now time.Time, k Key, read Record[R]) error {
	return s.Bytes.Take(now, k, Record[[]byte]{Version: read.Version})
}

// Sweep implements Table.
func (s *Stored[R]) Sweep(now time.Time) int { return s.Bytes.Sweep(now) }

// Len implements Table.
func (s *Stored[R]) Len() int { return s.Bytes.Len() }
