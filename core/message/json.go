// RFC 8259, strictly: the one way JSON enters and leaves the core.
package message

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxDepth is how deep arrays and objects may nest.
const MaxDepth = 64

// A Kind says what a Value is. Missing is the zero Kind.
type Kind uint8

const (
	Missing Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

var kindNames = [...]string{"nothing", "null", "a boolean", "a number", "a string", "an array", "an object"}

// String names the kind for people: "an object".
func (k Kind) String() string { return kindNames[k] }

// A Value is one JSON value. Numbers keep their digits, objects their order.
type Value struct {
	kind    Kind
	truth   bool
	text    string // String: decoded; Number: as sent
	elems   []Value
	members []Member
}

// A Member is a name of an object with its value.
type Member struct {
	Name  string
	Value Value
}

// ParseJSON reads exactly one value: valid UTF-8, no lone surrogates, no name
// twice in an object, at most MaxDepth deep, nothing after it.
func ParseJSON(b []byte) (Value, error) {
	if err := checkDepth(b); err != nil {
		return Value{}, err
	}
	d := jsontext.NewDecoder(bytes.NewReader(b))
	v, err := readValue(d)
	if err != nil {
		return Value{}, fmt.Errorf("not valid JSON near byte %d", d.InputOffset())
	}
	if _, err := d.ReadToken(); err == nil || !isEnd(err) {
		return Value{}, fmt.Errorf("more than one JSON value: text follows at byte %d", d.InputOffset())
	}
	return v, nil
}

func isEnd(err error) bool { return err.Error() == "EOF" }

var errDeep = errors.New("JSON nests deeper than " + strconv.Itoa(MaxDepth) + " levels")

// checkDepth counts brackets outside strings, before anything is built.
func checkDepth(b []byte) error {
	depth, inString := 0, false
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
		}
	}
	return nil
}

func readValue(d *jsontext.Decoder) (Value, error) {
	t, err := d.ReadToken()
	if err != nil {
		return Value{}, err
	}
	switch t.Kind() {
	case 'n':
		return Value{kind: Null}, nil
	case 't', 'f':
		return Value{kind: Bool, truth: t.Bool()}, nil
	case '"':
		return Value{kind: String, text: t.String()}, nil
	case '0':
		return Value{kind: Number, text: t.String()}, nil
	case '[':
		return readArray(d)
	default:
		return readObject(d)
	}
}

func readArray(d *jsontext.Decoder) (Value, error) {
	v := Value{kind: Array}
	for d.PeekKind() != ']' {
		e, err := readValue(d)
		if err != nil {
			return Value{}, err
		}
		v.elems = append(v.elems, e)
	}
	_, err := d.ReadToken()
	return v, err
}

func readObject(d *jsontext.Decoder) (Value, error) {
	v := Value{kind: Object}
	for d.PeekKind() != '}' {
		t, err := d.ReadToken()
		if err != nil {
			return Value{}, err
		}
		name := t.String()
		m, err := readValue(d)
		if err != nil {
			return Value{}, err
		}
		v.members = append(v.members, Member{name, m})
	}
	_, err := d.ReadToken()
	return v, err
}

// Kind returns what v is.
func (v Value) Kind() Kind { return v.kind }

// Get returns the member called name, byte for byte, or a Missing value.
func (v Value) Get(name string) Value {
	for i := range v.members {
		if v.members[i].Name == name {
			return v.members[i].Value
		}
	}
	return Value{}
}

// Text returns a string's text; ok is false for any other kind.
func (v Value) Text() (text string, ok bool) {
	if v.kind != String {
		return "", false
	}
	return v.text, true
}

// Bool returns a boolean; ok is false for any other kind.
func (v Value) Bool() (value, ok bool) { return v.truth, v.kind == Bool }

// Number returns a number's digits as they were sent.
func (v Value) Number() (digits string, ok bool) {
	if v.kind != Number {
		return "", false
	}
	return v.text, true
}

// Int returns a number that is integral and in range: 3600, 3600.0 and 36e2.
func (v Value) Int() (int64, bool) {
	if v.kind != Number {
		return 0, false
	}
	if n, err := strconv.ParseInt(v.text, 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(v.text, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// Elems returns an array's elements.
func (v Value) Elems() []Value { return v.elems }

// Members returns an object's members in their order.
func (v Value) Members() []Member { return v.members }

// Str, Num, Boolean, NullValue, Arr, Obj, M and Strs build values.
func Str(s string) Value          { return Value{kind: String, text: strings.ToValidUTF8(s, "\uFFFD")} }
func Num(n int64) Value           { return Value{kind: Number, text: strconv.FormatInt(n, 10)} }
func Boolean(b bool) Value        { return Value{kind: Bool, truth: b} }
func NullValue() Value            { return Value{kind: Null} }
func Arr(elems ...Value) Value    { return Value{kind: Array, elems: elems} }
func Obj(members ...Member) Value { return Value{kind: Object, members: members} }

// M is one member of an object.
func M(name string, v Value) Member { return Member{name, v} }

// Strs is an array of strings.
func Strs(all []string) Value {
	v := Value{kind: Array, elems: make([]Value, len(all))}
	for i, s := range all {
		v.elems[i] = Str(s)
	}
	return v
}

// Raw reads a value that somebody else wrote.
func Raw(json []byte) (Value, error) { return ParseJSON(json) }
