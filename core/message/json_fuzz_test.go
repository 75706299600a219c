// A second opinion on JSON: encoding/json, and a check of all that it lets pass.
package message_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"testing"
	"unicode/utf8"

	"github.com/matryer/is"

	"mcp-auth/core/message"
)

func FuzzParseJSON(f *testing.F) {
	for _, c := range goodJSON {
		f.Add([]byte(c.text))
	}
	for _, c := range badJSON {
		f.Add([]byte(c.text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		is := is.New(t)
		if bytes.Count(b, []byte(",")) > message.MaxCommas {
			return // encoding/json knows no such limit
		}
		v, err := message.ParseJSON(b)
		is.Equal(err == nil, strict(b)) // we take what a strict reading over encoding/json takes
		if err != nil {
			return
		}
		is.Equal(plain(v), decoded(t, b)) // and read the same in it
		again, err := message.ParseJSON(v.Append(nil))
		is.NoErr(err)                        // what we write we read
		is.True(reflect.DeepEqual(again, v)) // as it was
		sorted := v.AppendSorted(nil, 1)
		again, err = message.ParseJSON(sorted)
		is.NoErr(err)                                               // for people it is JSON as well
		is.Equal(plain(again), plain(v))                            // of the same value
		is.Equal(message.Printable(string(sorted)), string(sorted)) // without a control
		if n, ok := v.Int(); ok {
			digits, _ := v.Number()
			exact, ok := new(big.Rat).SetString(digits)
			is.True(n == 0 || ok && exact.Cmp(new(big.Rat).SetInt64(n)) == 0) // an integer is exactly the number
		}
	})
}

// strict is an independent judgement: encoding/json, and what it lets pass.
func strict(b []byte) bool {
	if !json.Valid(b) || !utf8.Valid(b) {
		return false
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return !loneSurrogate(b) && uniqueNames(d, 0)
}

// uniqueNames walks the tokens of one value.
func uniqueNames(d *json.Decoder, depth int) bool {
	t, err := d.Token()
	if err != nil {
		return false
	}
	if t != json.Delim('{') && t != json.Delim('[') {
		return true
	}
	if depth++; depth > message.MaxDepth {
		return false
	}
	seen := map[string]bool{}
	for d.More() {
		if t == json.Delim('{') {
			name, _ := d.Token()
			if seen[name.(string)] {
				return false
			}
			seen[name.(string)] = true
		}
		if !uniqueNames(d, depth) {
			return false
		}
	}
	_, err = d.Token()
	return err == nil
}

// loneSurrogate looks for a \ud8xx to \udfxx without its partner in valid JSON.
func loneSurrogate(b []byte) bool {
	unit := func(i int) int {
		if i+6 > len(b) || b[i] != '\\' || b[i+1] != 'u' {
			return 0
		}
		var n int
		_, _ = fmt.Sscanf(string(b[i+2:i+6]), "%04x", &n)
		return n
	}
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' {
			continue
		}
		switch u := unit(i); {
		case u >= 0xd800 && u < 0xdc00 && unit(i+6) >= 0xdc00 && unit(i+6) < 0xe000:
			i += 11
		case u >= 0xd800 && u < 0xe000:
			return true
		default:
			i++
		}
	}
	return false
}

func decoded(t *testing.T, b []byte) any {
	var v any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// plain is v as encoding/json would have it.
func plain(v message.Value) any {
	switch v.Kind() {
	case message.Bool:
		b, _ := v.Bool()
		return b
	case message.Number:
		n, _ := v.Number()
		return json.Number(n)
	case message.String:
		s, _ := v.Text()
		return s
	case message.Array:
		all := []any{}
		for _, e := range v.Elems() {
			all = append(all, plain(e))
		}
		return all
	case message.Object:
		all := map[string]any{}
		for _, m := range v.Members() {
			all[m.Name] = plain(m.Value)
		}
		return all
	}
	return nil
}
