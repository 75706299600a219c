// RFC 8259, strictly: values, and the one way that JSON enters the core.
package message

import (
	"strconv"
	"strings"
)

// Limits of one text: how deep arrays and objects may nest, and how many
// commas may separate values.
const (
	MaxDepth  = 64
	MaxCommas = 100_000
)

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
	text    string   // String: decoded; Number: as sent
	elems   *[]Value // Array; by its address, since most values are none and all are copied
	members []Member
}

// A Member is a name of an object with its value.
type Member struct {
	Name  string
	Value Value
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

// Int returns a number that is integral and fits: 3600, 3600.0 and 36e2. The
// digits decide, not a rounded float.
func (v Value) Int() (int64, bool) {
	if v.kind != Number {
		return 0, false
	}
	n, err := strconv.ParseInt(v.text, 10, 64)
	if err != nil {
		n, err = strconv.ParseInt(integral(v.text), 10, 64)
	}
	return n, err == nil
}

// integral rewrites a JSON number without fraction and exponent; it returns
// "" when the number has a fraction.
func integral(number string) string {
	mantissa, exponent := number, 0
	if i := strings.IndexAny(number, "eE"); i >= 0 {
		e, _ := strconv.Atoi(number[i+1:]) // what no int can hold becomes the nearest
		mantissa, exponent = number[:i], e
		if e < -MaxValue || e > MaxValue {
			exponent = MaxValue // a zero stays zero, all else is refused below
		}
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimRight(whole+fraction, "0")
	zeros := len(whole) + exponent - len(digits)
	switch {
	case strings.Trim(digits, "-") == "":
		return "0"
	case zeros < 0:
		return ""
	}
	return digits + strings.Repeat("0", zeros)
}

// Elems returns an array's elements.
func (v Value) Elems() []Value {
	if v.elems == nil {
		return nil
	}
	return *v.elems
}

// Members returns an object's members in their order.
func (v Value) Members() []Member { return v.members }

// Str is a string; invalid UTF-8 becomes U+FFFD.
func Str(s string) Value { return Value{kind: String, text: strings.ToValidUTF8(s, "\uFFFD")} }

// Num is a number.
func Num(n int64) Value { return Value{kind: Number, text: strconv.FormatInt(n, 10)} }

// Boolean is true or false.
func Boolean(b bool) Value { return Value{kind: Bool, truth: b} }

// NullValue is null.
func NullValue() Value { return Value{kind: Null} }

// Arr is an array.
func Arr(elems ...Value) Value {
	if len(elems) == 0 {
		return Value{kind: Array}
	}
	return Value{kind: Array, elems: &elems}
}

// Obj is an object; no name may be given twice.
func Obj(members ...Member) Value { return Value{kind: Object, members: members} }

// M is one member of an object.
func M(name string, v Value) Member { return Member{name, v} }

// Strs is an array of strings.
func Strs(all []string) Value {
	elems := make([]Value, len(all))
	for i, s := range all {
		elems[i] = Str(s)
	}
	return Arr(elems...)
}
