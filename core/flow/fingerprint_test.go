package flow

import (
	"encoding/binary"
	"reflect"
	"time"
)

// appendValue writes everything a machine holds, so that two that differ in
// anything differ here. What a pointer leads to is shared by copies and never
// written to: the pointer itself is enough. fmt's %+v says the same and takes
// ten times as long, which in a walk is most of the time.
func appendValue(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.String:
		b = binary.AppendUvarint(b, uint64(v.Len()))
		return append(b, v.String()...)
	case reflect.Bool:
		if v.Bool() {
			return append(b, 1)
		}
		return append(b, 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return binary.AppendVarint(b, v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return binary.AppendUvarint(b, v.Uint())
	case reflect.Struct:
		for i := range v.NumField() {
			b = appendValue(b, v.Field(i))
		}
		return b
	case reflect.Slice:
		return appendSlice(b, v)
	case reflect.Array:
		for i := range v.Len() {
			b = appendValue(b, v.Index(i))
		}
		return b
	case reflect.Interface:
		if v.IsNil() {
			return append(b, 0)
		}
		b = append(b, v.Elem().Type().String()...)
		return appendValue(append(b, 0), v.Elem())
	case reflect.Pointer, reflect.UnsafePointer:
		return binary.AppendUvarint(b, uint64(v.Pointer()))
	}
	panic("a machine holds a " + v.Kind().String() + ", which a copy would share (core/DESIGN.md, decision 2)")
}

func appendSlice(b []byte, v reflect.Value) []byte {
	b = binary.AppendUvarint(b, uint64(v.Len()))
	if v.Type().Elem().Kind() == reflect.Uint8 {
		return append(b, v.Bytes()...)
	}
	for i := range v.Len() {
		b = appendValue(b, v.Index(i))
	}
	return b
}

// appendMoment writes a time to the second.
func appendMoment(b []byte, t time.Time) []byte { return binary.AppendVarint(b, t.Unix()) }
