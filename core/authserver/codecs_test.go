package authserver

import (
	"encoding/hex"
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
	"unique"

	"github.com/matryer/is"

	"mcp-auth/core/jose"
	"mcp-auth/core/keyring"
	"mcp-auth/core/table"
)

// kinds are the tables of StoredTables by their field, with the bytes below.
func kinds(t *testing.T) (tables reflect.Value, rows map[string]*table.Memory[[]byte]) {
	t.Helper()
	rows = map[string]*table.Memory[[]byte]{}
	tables = reflect.ValueOf(StoredTables(Limits{}, func(kind string, max int) table.Table[[]byte] {
		if rows[kind] != nil {
			t.Errorf("StoredTables gives the kind %s to two tables: each needs its own", kind)
		}
		rows[kind] = table.NewMemory[[]byte](max)
		return rows[kind]
	}))
	return tables, rows
}

// record is the type of what a table keeps.
func record(of reflect.Type) reflect.Type {
	create, _ := of.MethodByName("Create")
	return create.Type.In(create.Type.NumIn() - 2)
}

// anything fills a value; from says with what, by the name of the field, so
// that another field beside it changes nothing.
func anything(to reflect.Value, name string, from func(name string) *rand.Rand) {
	r := from(name)
	switch to.Kind() {
	case reflect.Bool:
		to.SetBool(r.Intn(2) == 1)
	case reflect.Int32, reflect.Int64:
		to.SetInt(int64(int32(r.Uint32())))
		if to.Kind() == reflect.Int64 {
			to.SetInt(int64(r.Uint64()))
		}
	case reflect.Uint8, reflect.Uint32:
		to.SetUint(r.Uint64() >> (64 - to.Type().Bits()))
	case reflect.String:
		b := make([]byte, r.Intn(40)+1)
		r.Read(b)
		to.SetString(string(b))
	case reflect.Slice:
		to.Set(reflect.MakeSlice(to.Type(), r.Intn(3)+1, 4)) // a list without elements is a zero, and another test's
		fallthrough
	case reflect.Array:
		for i := range to.Len() {
			anything(to.Index(i), fmt.Sprint(name, i), from)
		}
	case reflect.Struct:
		if to.Type() == reflect.TypeFor[unique.Handle[Terms]]() {
			var terms Terms
			anything(reflect.ValueOf(&terms).Elem(), name, from)
			to.Set(reflect.ValueOf(unique.Make(terms)))
			return
		}
		for i := range to.NumField() {
			anything(to.Field(i), name+"."+to.Type().Field(i).Name, from)
		}
	default:
		panic("no example of a " + to.Type().String())
	}
}

// keep writes a record and reads it again, through the table of bytes.
func keep(tbl, value reflect.Value, name string) (got reflect.Value, err error) {
	now, k := reflect.ValueOf(fNow), reflect.ValueOf(table.KeyOf(name))
	if err := tbl.MethodByName("Create").Call([]reflect.Value{now, k, value, reflect.ValueOf(fNow.Add(time.Hour))})[0]; !err.IsNil() {
		return value, err.Interface().(error)
	}
	out := tbl.MethodByName("Get").Call([]reflect.Value{now, k})
	err, _ = out[1].Interface().(error)
	return out[0].FieldByName("Value"), err
}

// Every record type of Tables has a codec, which forgets no field.
func TestEveryRecordIsStored(t *testing.T) {
	tables, _ := kinds(t)
	memory := reflect.ValueOf(MemoryTables(Limits{}))
	for i := range tables.NumField() {
		name := tables.Type().Field(i).Name
		t.Run(name, func(t *testing.T) {
			if tables.Field(i).IsNil() || memory.Field(i).IsNil() {
				t.Fatalf("Tables.%s is not opened: add a line for it to StoredTables in records.go, and a codec of its records to codecs.go", name)
			}
			for n := range 200 {
				want := reflect.New(record(tables.Field(i).Type())).Elem()
				if n > 0 { // the first one is zero, as far as a record can be
					r := rand.New(rand.NewSource(int64(n)))
					anything(want, "", func(string) *rand.Rand { return r })
				} else if terms := reflect.Indirect(want); terms.Kind() == reflect.Struct && terms.FieldByName("Terms").IsValid() && terms.FieldByName("Terms").Type() == reflect.TypeFor[unique.Handle[Terms]]() {
					terms.FieldByName("Terms").Set(reflect.ValueOf(unique.Make(Terms{})))
				}
				got, err := keep(tables.Field(i).Elem(), want, fmt.Sprint(n))
				if err != nil || !reflect.DeepEqual(got.Interface(), want.Interface()) {
					t.Fatalf("the codec of Tables.%s in codecs.go does not keep every field: %v\nwrote %+v\nread  %+v", name, err, want, got)
				}
			}
		})
	}
}

const layouts = "testdata/records.txt"

var updateRecords = flag.Bool("update-records", false, "add what is written now to "+layouts)

// Rows outlive programs: what any version wrote is read for ever, and no
// layout changes under its version.
func TestLayoutsOfRecords(t *testing.T) {
	is := is.New(t)
	text, err := os.ReadFile(layouts)
	is.NoErr(err) // the layouts of all versions are there
	known := map[string]bool{}
	tables, rows := kinds(t)
	fields := map[string]int{}
	for i := range tables.NumField() {
		want := reflect.New(record(tables.Field(i).Type())).Elem()
		anything(want, "", func(name string) *rand.Rand {
			h := fnv.New64a()
			h.Write([]byte(name))
			return rand.New(rand.NewSource(int64(h.Sum64())))
		})
		_, err := keep(tables.Field(i).Elem(), want, "layout")
		is.NoErr(err) // the example is kept
		for kind, of := range rows {
			if r, err := of.Get(fNow, table.KeyOf("layout")); err == nil && !known[kind] {
				known[kind], fields[kind] = true, i
				line := fmt.Sprintf("%s %d %s\n", kind, r.Value[0], hex.EncodeToString(r.Value))
				if *updateRecords && !strings.Contains(string(text), line) {
					text = append(text, line...)
				}
				if !strings.Contains(string(text), line) {
					t.Errorf("records of %s are laid out in a new way under version %d: raise the version of the codec, read the older one as well, and run go test ./core/authserver -update-records", kind, r.Value[0])
				}
			}
		}
	}
	if *updateRecords {
		is.NoErr(os.WriteFile(layouts, text, 0o644)) // written
	}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		i, ok := fields[words[0]]
		if !ok {
			t.Errorf("%s has rows of %s, which no table reads: a kind that was stored keeps its name", layouts, words[0])
			continue
		}
		row, err := hex.DecodeString(words[2])
		is.NoErr(err)                                                                      // the line is whole
		is.NoErr(rows[words[0]].Create(fNow, table.KeyOf(line), row, fNow.Add(time.Hour))) // as any version wrote it
		out := tables.Field(i).MethodByName("Get").Call([]reflect.Value{reflect.ValueOf(fNow), reflect.ValueOf(table.KeyOf(line))})
		if !out[1].IsNil() {
			t.Errorf("the codec of %s does not read version %s any more: %v", words[0], words[1], out[1])
		}
	}
}

// Keys of version 1 were seeds of Ed25519: they stay the same keys.
func TestKeysOfVersion1(t *testing.T) {
	is := is.New(t)
	seed := [32]byte{1, 2, 3}
	row := append(append([]byte{1, 1}, seed[:]...), 14) // one key, since 7
	v, err := keysCodec.Decode(row)
	is.NoErr(err)
	is.Equal(v, []keyring.Key{{Alg: jose.EdDSA, Secret: string(seed[:]), Since: 7}})
}
