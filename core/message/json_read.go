// Reading JSON (RFC 8259): jsontext decides what is JSON, a walk over the
// proven text builds the tree.
package message

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// ParseJSON reads exactly one value: valid UTF-8, no lone surrogates, no name
// twice in an object, at most MaxDepth deep, at most MaxCommas long, nothing
// after it.
func ParseJSON(b []byte) (Value, error) {
	if err := tooMuch(b); err != nil {
		return Value{}, err
	}
	if !jsontext.Value(b).IsValid() {
		return Value{}, whyInvalid(b)
	}
	w := walks.Get().(*walk)
	w.text = string(b)
	v := w.value()
	w.reset()
	return v, nil
}

var (
	errDeep = errors.New("JSON nests deeper than " + strconv.Itoa(MaxDepth) + " levels")
	errMany = errors.New("JSON has more than " + strconv.Itoa(MaxCommas) + " commas")
)

// tooMuch counts brackets and commas outside strings, before anything is
// built: a value takes much more room as a tree than as text.
func tooMuch(b []byte) error {
	if len(b) <= MaxCommas && bytes.Count(b, []byte("["))+bytes.Count(b, []byte("{")) <= MaxDepth {
		return nil // not even if none of them stood in a string
	}
	depth, commas, inString := 0, 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '[' || c == '{':
			if depth++; depth > MaxDepth {
				return errDeep
			}
		case c == ']' || c == '}':
			depth--
		case c == ',':
			if commas++; commas > MaxCommas {
				return errMany
			}
		}
	}
	return nil
}

// whyInvalid reads refused text again to say where it went wrong.
func whyInvalid(b []byte) error {
	if len(bytes.TrimSpace(b)) == 0 {
		return errors.New("no JSON: the text is empty")
	}
	if bytes.HasPrefix(b, []byte("\ufeff")) {
		return errors.New("the text begins with a byte order mark, which JSON must not have (RFC 8259 section 8.1)")
	}
	d := jsontext.NewDecoder(bytes.NewReader(b))
	_, err := d.ReadValue()
	if err == nil {
		return errors.New("more than one JSON value: text follows at byte " + Decimal(d.InputOffset()))
	}
	at := int64(len(b))
	var bad *jsontext.SyntacticError
	if errors.As(err, &bad) {
		at = bad.ByteOffset // the decoder itself stands before the value still
	}
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return errors.New("an object of the JSON has the same name twice, after byte " + Decimal(at))
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the JSON ends too early, after byte " + Decimal(at))
	case !utf8.Valid(b):
		return errors.New("the text is not JSON, since it is no UTF-8 (RFC 8259 section 8.1), after byte " + Decimal(at))
	}
	return errors.New("the text is not JSON, after byte " + Decimal(at))
}

// A walk reads text that jsontext has proven, so nothing can go wrong in it.
// Names and strings are parts of text. members and elems are what the objects
// and arrays that are not closed yet have so far: each is copied out at its
// exact length.
type walk struct {
	text    string
	at      int
	members []Member
	elems   []Value
}

// walks are kept for their room. Parse a request, and most of what it costs is
// the memory it leaves.
var walks = sync.Pool{New: func() any { return &walk{members: make([]Member, 0, 16)} }}

// reset forgets the text and puts the walk back, unless it has grown large.
func (w *walk) reset() {
	if cap(w.members)+cap(w.elems) > 64 {
		return
	}
	clear(w.members[:cap(w.members)])
	clear(w.elems[:cap(w.elems)])
	w.text, w.at = "", 0
	walks.Put(w)
}

func (w *walk) value() Value {
	switch w.next() {
	case '"':
		return Value{kind: String, text: w.string()}
	case '{':
		return w.object()
	case '[':
		return w.array()
	case 'n':
		w.at += len("null")
		return Value{kind: Null}
	case 't':
		w.at += len("true")
		return Value{kind: Bool, truth: true}
	case 'f':
		w.at += len("false")
		return Value{kind: Bool}
	}
	return Value{kind: Number, text: w.number()}
}

// next skips white space and separators and returns what comes.
func (w *walk) next() byte {
	for {
		switch c := w.text[w.at]; c {
		case ' ', '\t', '\r', '\n', ',', ':':
			w.at++
		default:
			return c
		}
	}
}

func (w *walk) object() Value {
	start := len(w.members)
	for w.at++; w.next() != '}'; {
		m := Member{Name: w.string()}
		m.Value = w.value()
		w.members = append(w.members, m)
	}
	w.at++
	v := Value{kind: Object, members: append([]Member(nil), w.members[start:]...)}
	w.members = w.members[:start]
	return v
}

func (w *walk) array() Value {
	start := len(w.elems)
	for w.at++; w.next() != ']'; {
		v := w.value()
		w.elems = append(w.elems, v)
	}
	w.at++
	v := Arr(append([]Value(nil), w.elems[start:]...)...)
	w.elems = w.elems[:start]
	return v
}

func (w *walk) string() string {
	start := w.at
	escaped := false
	for w.at++; w.text[w.at] != '"'; w.at++ {
		if w.text[w.at] == '\\' {
			escaped = true
			w.at++
		}
	}
	w.at++
	if escaped {
		b, _ := jsontext.AppendUnquote(nil, w.text[start:w.at])
		return string(b)
	}
	return w.keep(w.text[start+1 : w.at-1])
}

func (w *walk) number() string {
	start := w.at
	for w.at < len(w.text) && strings.IndexByte("+-.0123456789Ee", w.text[w.at]) >= 0 {
		w.at++
	}
	return w.keep(w.text[start:w.at])
}

func (w *walk) keep(part string) string { return keep(w.text, part) }

// keep returns a part of a text for good. A part of a long text is copied, so
// that a record that holds on to it does not hold on to the whole.
func keep(text, part string) string {
	if len(text) > 4<<10 {
		return strings.Clone(part)
	}
	return part
}
