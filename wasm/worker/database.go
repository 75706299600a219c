//go:build js && wasm

// The object's SQLite: each call is synchronous, so that nothing else runs
// between two of them unless this program lets it.
package main

import (
	"errors"
	"syscall/js"
)

// database implements rows.Database. run is a function of the glue that
// returns rows, or the text of an error: what JavaScript throws would be a
// panic here.
type database struct{ run js.Value }

// Exec implements rows.Database.
func (db database) Exec(statement string, args ...any) ([][]any, error) {
	all := make([]any, 1, len(args)+1)
	all[0] = statement
	for _, a := range args {
		if b, ok := a.([]byte); ok {
			a = bytesOut(b)
		}
		all = append(all, a)
	}
	found := db.run.Invoke(all...)
	if found.Type() == js.TypeString {
		return nil, errors.New("the object's database: " + found.String())
	}
	out := make([][]any, found.Length())
	for i := range out {
		row := found.Index(i)
		out[i] = make([]any, row.Length())
		for j := range out[i] {
			out[i][j] = column(row.Index(j))
		}
	}
	return out, nil
}

func column(v js.Value) any {
	switch v.Type() {
	case js.TypeNumber:
		return int64(v.Float())
	case js.TypeString:
		return v.String()
	}
	return bytesIn(v)
}

var uint8Array = js.Global().Get("Uint8Array")

func bytesOut(b []byte) js.Value {
	out := uint8Array.New(len(b))
	js.CopyBytesToJS(out, b)
	return out
}

// bytesIn copies a Uint8Array or an ArrayBuffer.
func bytesIn(v js.Value) []byte {
	if !v.InstanceOf(uint8Array) {
		v = uint8Array.New(v)
	}
	b := make([]byte, v.Length())
	js.CopyBytesToGo(b, v)
	return b
}
