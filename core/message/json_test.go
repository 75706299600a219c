// RFC 8259 and rule C-17: which texts are JSON, and what they say.
package message_test

import (
	"math"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/message"
)

// Texts that are JSON, with the compact form of what they say. The names are
// in the manner of the JSON Parsing Test Suite: y must be read.
var goodJSON = []struct{ rule, text, compact string }{
	{"y_object", `{"asd":"sdf", "dfg":"fgh"}`, `{"asd":"sdf","dfg":"fgh"}`},
	{"y_object_empty", "{ }", "{}"},
	{"y_object_empty_name", `{"":0}`, `{"":0}`},
	{"y_object_names_differ_in_case", `{"a":1,"A":2}`, `{"a":1,"A":2}`},
	{"y_object_same_name_at_two_levels", `{"a":{"a":{"a":1}}}`, `{"a":{"a":{"a":1}}}`},
	{"y_object_escaped_NUL_in_name", `{"foo\u0000bar":42}`, `{"foo\u0000bar":42}`},
	{"y_array_empty", "[\n]", "[]"},
	{"y_array_mixed", `[null, 1, "1", {}, [], true, false]`, `[null,1,"1",{},[],true,false]`},
	{"y_structure_white_space", " \t\r\n[\t\r\n 1 \t,\n2\r ] \n", "[1,2]"},
	{"y_structure_lonely_string", `"asd"`, `"asd"`},
	{"y_structure_lonely_number", "42", "42"},
	{"y_structure_lonely_negative", "-0.1", "-0.1"},
	{"y_structure_lonely_null", "null", "null"},
	{"y_structure_lonely_true", " true ", "true"},
	{"y_structure_lonely_false", "false", "false"},
	{"y_number_minus_zero", "[-0]", "[-0]"},
	{"y_number_exponents", "[0e+1,0E1,1e-2,123.456e78,1E22]", "[0e+1,0E1,1e-2,123.456e78,1E22]"},
	{"y_number_beyond_any_float", "[1e400,-1e400,0.4e00669999999999999999]", "[1e400,-1e400,0.4e00669999999999999999]"},
	{"y_number_long", "[100000000000000000000000.000000000000000001]", "[100000000000000000000000.000000000000000001]"},
	{"y_string_escapes", `"\"\\\/\b\f\n\r\t"`, `"\"\\/\b\f\n\r\t"`},
	{"y_string_unicode_escapes", `"\u0060\u012a\u12AB"`, "\"`\u012a\u12ab\""},
	{"y_string_surrogate_pair", `"\uD801\udc37"`, "\"\U00010437\""},
	{"y_string_escaped_escape", `"\\u0000 \\"`, `"\\u0000 \\"`},
	{"y_string_brackets_do_not_nest", `"` + strings.Repeat("[", 100) + `\"{"`, `"` + strings.Repeat("[", 100) + `\"{"`},
	{"y_string_escaped_quote_before_brackets", `["\"` + strings.Repeat("[", 100) + `","\\"]`, `["\"` + strings.Repeat("[", 100) + `","\\"]`},
	{"y_string_raw_unicode", "\"\u20ac\U0001d11e\u2028\x7f\"", "\"\u20ac\U0001d11e\u2028\x7f\""},
	{"y_string_noncharacter", "\"\uffff\"", "\"\uffff\""},
	{"y_depth_64", strings.Repeat("[", 64) + strings.Repeat("]", 64), strings.Repeat("[", 64) + strings.Repeat("]", 64)},
	{"y_depth_64_again_and_again", "[" + strings.Repeat(`{"a":[]},`, 100) + "0]", "[" + strings.Repeat(`{"a":[]},`, 100) + "0]"},
}

// Texts that are not, or not for us: n must be refused.
var badJSON = []struct{ rule, text string }{
	{"n_structure_no_data", ""},
	{"n_structure_white_space_only", " \n"},
	{"n_structure_BOM", "\xef\xbb\xbf{}"},
	{"n_structure_UTF-16", "{\x00}\x00"},
	{"n_structure_two_values", "{}{}"},
	{"n_structure_trailing_garbage", "{} x"},
	{"n_structure_trailing_bracket", "[1]]"},
	{"n_structure_trailing_NUL", "[]\x00"},
	{"n_structure_comment", "{}/**/"},
	{"n_structure_form_feed", "[\f]"},
	{"n_structure_no_break_space", "[\u00a0]"},
	{"n_structure_unclosed_array", "[1"},
	{"n_structure_unclosed_object", `{"a":1`},
	{"n_structure_wrong_bracket", "[1}"},
	{"n_structure_capital", "[True]"},
	{"n_structure_cut_literal", "[nul]"},
	{"n_structure_NaN", "[NaN]"},
	{"n_structure_infinity", "[-Infinity]"},
	{"n_array_extra_comma", "[1,]"},
	{"n_array_double_comma", "[1,,2]"},
	{"n_array_leading_comma", "[,1]"},
	{"n_array_no_comma", "[1 2]"},
	{"n_array_colon", `["a":1]`},
	{"n_object_trailing_comma", `{"a":1,}`},
	{"n_object_no_colon", `{"a" 1}`},
	{"n_object_comma_for_colon", `{"a",1}`},
	{"n_object_double_colon", `{"a"::1}`},
	{"n_object_no_value", `{"a":}`},
	{"n_object_name_no_string", "{1:1}"},
	{"n_object_name_without_quotes", "{a:1}"},
	{"n_object_single_quotes", "{'a':1}"},
	{"n_object_same_name_twice", `{"a":1,"b":2,"a":1}`},
	{"n_object_same_name_spelt_otherwise", `{"a":1,"\u0061":2}`},
	{"n_object_same_name_deep", `[{"x":{"a":1,"a":2}}]`},
	{"n_number_leading_zero", "[01]"},
	{"n_number_negative_leading_zero", "[-01]"},
	{"n_number_plus", "[+1]"},
	{"n_number_no_digit_before_point", "[.5]"},
	{"n_number_no_digit_after_point", "[1.]"},
	{"n_number_empty_exponent", "[1e+]"},
	{"n_number_hex", "[0x1]"},
	{"n_number_minus_alone", "[-]"},
	{"n_number_full_width_digit", "[\uff11]"},
	{"n_string_raw_newline", "[\"a\nb\"]"},
	{"n_string_raw_tab", "[\"\t\"]"},
	{"n_string_raw_NUL", "[\"\x00\"]"},
	{"n_string_unknown_escape", `["\a"]`},
	{"n_string_hex_escape", `["\x00"]`},
	{"n_string_short_escape", `["\u00A"]`},
	{"n_string_capital_U", `["\U0041"]`},
	{"n_string_unclosed", `["a`},
	{"n_string_ends_in_backslash", `"\`},
	{"n_string_lone_high_surrogate", `["\ud800"]`},
	{"n_string_lone_low_surrogate", `["\udc00"]`},
	{"n_string_surrogates_swapped", `["\uDd1e\uD834"]`},
	{"n_string_high_surrogate_and_letter", `["\ud800a"]`},
	{"n_string_lone_surrogate_in_name", `{"\ud800":1}`},
	{"n_string_invalid_UTF-8", "[\"\xff\"]"},
	{"n_string_overlong_UTF-8", "[\"\xc0\xaf\"]"},
	{"n_string_surrogate_in_UTF-8", "[\"\xed\xa0\x80\"]"},
	{"n_string_invalid_UTF-8_in_name", "{\"\xff\":1}"},
	{"n_depth_65", strings.Repeat("[", 65) + strings.Repeat("]", 65)},
	{"n_depth_65_behind_an_escaped_escape", `["\\",` + strings.Repeat("[", 64) + strings.Repeat("]", 65)},
	{"n_depth_65_mixed", strings.Repeat(`{"a":[`, 32) + "{" + "}" + strings.Repeat("]}", 32)},
	{"n_depth_100_(RG-05)", strings.Repeat("[", 100) + strings.Repeat("]", 100)},
}

func TestJSONRead(t *testing.T) {
	for _, c := range goodJSON {
		t.Run(c.rule, func(t *testing.T) {
			is := is.New(t)
			v, err := message.ParseJSON([]byte(c.text))
			is.NoErr(err)                              // RFC 8259 allows it
			is.Equal(string(v.Append(nil)), c.compact) // and this is what it says
		})
	}
}

func TestJSONRefused(t *testing.T) {
	for _, c := range badJSON {
		t.Run(c.rule, func(t *testing.T) {
			is := is.New(t)
			v, err := message.ParseJSON([]byte(c.text))
			is.True(err != nil)                           // it is refused
			is.Equal(v.Kind(), message.Missing)           // nothing of it is returned
			is.True(!strings.Contains(err.Error(), "\n")) // the reason is one line
		})
	}
}

func TestJSONRefusalsSayWhy(t *testing.T) {
	is := is.New(t)
	for text, want := range map[string]string{
		`{"a":1,"a":2}`:           "an object of the JSON has the same name twice, after byte 7",
		`[{"b":{"a":1,"a":2}}]`:   "an object of the JSON has the same name twice, after byte 13",
		`{"a":`:                   "the JSON ends too early, after byte 5",
		`[[1],"two`:               "the JSON ends too early, after byte 9",
		``:                        "no JSON: the text is empty",
		" \n":                     "no JSON: the text is empty",
		` x`:                      "the text is not JSON, after byte 1",
		"\ufeff{}":                "the text begins with a byte order mark, which JSON must not have (RFC 8259 section 8.1)",
		`[1,x]`:                   "the text is not JSON, after byte 3",
		"[\"caf\xe9\"]":           "the text is not JSON, since it is no UTF-8 (RFC 8259 section 8.1), after byte 5",
		`{"a":["b"],"x":tru}`:     "the text is not JSON, after byte 18",
		`{"a":{"b":01}}`:          "the text is not JSON, after byte 11",
		`{} {}`:                   "more than one JSON value: text follows at byte 2",
		strings.Repeat("[", 1000): "JSON nests deeper than 64 levels",
	} {
		_, err := message.ParseJSON([]byte(text))
		is.True(err != nil)         // it is refused
		is.Equal(err.Error(), want) // the reason fits, and says where
	}
}

// As deep as allowed is read, and not one deeper, however much stands beside it.
func TestJSONNestsAsDeepAsAllowed(t *testing.T) {
	is := is.New(t)
	for _, beside := range []string{"", "[],[],", `"[[[{",`} {
		for depth, fits := range map[int]bool{message.MaxDepth: true, message.MaxDepth + 1: false} {
			_, err := message.ParseJSON([]byte("[" + beside + strings.Repeat("[", depth-1) + strings.Repeat("]", depth)))
			is.Equal(err == nil, fits) // the limit is MaxDepth
		}
	}
}

// A million brackets or values are refused while they are counted: nothing is
// built.
func TestJSONTooMuchIsRefusedCheaply(t *testing.T) {
	is := is.New(t)
	for _, part := range []string{"[", `{"a":`, "1,", "[],"} {
		b := []byte("[" + strings.Repeat(part, 1_000_000) + "1]")
		_, err := message.ParseJSON(b)
		is.True(err != nil && strings.Contains(err.Error(), " more ") != strings.Contains(err.Error(), " deeper ")) // it is too much
		is.Equal(testing.AllocsPerRun(10, func() { _, _ = message.ParseJSON(b) }), 0.0)                             // and nothing is allocated
	}
	most := "[" + strings.Repeat("1,", message.MaxCommas) + "1]"
	v, err := message.ParseJSON([]byte(most))
	is.NoErr(err)                                 // as many as allowed
	is.Equal(len(v.Elems()), message.MaxCommas+1) // are read
	_, err = message.ParseJSON([]byte("[1," + most[1:]))
	is.True(err != nil) // one more is not
	_, err = message.ParseJSON([]byte(`"` + strings.Repeat(",", 2*message.MaxCommas) + `"`))
	is.NoErr(err) // commas in a string separate nothing
}

// A protected call is one tools/call; the whole core may make 24 allocations
// for it, so its body gets few.
func TestJSONAllocations(t *testing.T) {
	is := is.New(t)
	call := []byte(`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"message":"hello"}}}`)
	room := 5.0 // the text, the open list, three objects
	if raceDetector() {
		room = 15 // it empties pools at random, jsontext's among them
	}
	is.True(testing.AllocsPerRun(100, func() { _, _ = message.ParseJSON(call) }) <= room) // reading stays within it
	v, err := message.ParseJSON(call)
	is.NoErr(err) // the call is good
	dst := make([]byte, 0, 1024)
	is.Equal(testing.AllocsPerRun(100, func() { dst = v.Append(dst[:0]) }), 0.0) // writing into room needs none
}

func TestJSONValues(t *testing.T) {
	is := is.New(t)
	v, err := message.ParseJSON([]byte(`{"s":"","n":12,"t":true,"f":false,"z":null,"a":[1,"x"],"o":{"S":1}}`))
	is.NoErr(err) // the text is good
	kinds := map[string]message.Kind{"s": message.String, "n": message.Number, "t": message.Bool, "f": message.Bool,
		"z": message.Null, "a": message.Array, "o": message.Object, "S": message.Missing, "": message.Missing}
	for name, want := range kinds {
		got := v.Get(name)
		_, text := got.Text()
		_, truth := got.Bool()
		_, number := got.Number()
		_, integer := got.Int()
		is.Equal(got.Kind(), want)                    // names are exact, the kind is kept
		is.Equal(text, want == message.String)        // only a string is text
		is.Equal(truth, want == message.Bool)         // only a boolean is one
		is.Equal(number, want == message.Number)      // only a number is one
		is.Equal(integer, want == message.Number)     // and 12 is integral
		is.Equal(len(got.Members()) > 0, name == "o") // only an object has members
		is.Equal(len(got.Elems()) > 0, name == "a")   // only an array has elements
	}
	is.Equal(v.Get("a").Get("x").Kind(), message.Missing) // an array has no names
	truth, _ := v.Get("t").Bool()
	is.True(truth)                                 // true is true
	is.Equal(message.Missing.String(), "nothing")  // kinds have words
	is.Equal(message.Object.String(), "an object") // up to the last
}

func TestJSONIntegers(t *testing.T) {
	const no = math.MinInt64 + 1
	for text, want := range map[string]int64{
		"0": 0, "-0": 0, "0.0": 0, "-0e5": 0, "0e999999999999999999999": 0, "3600": 3600, "3600.0": 3600, "1e3": 1000,
		"36e2": 3600, "3.6e3": 3600, "36000E-1": 3600, "-1.5e1": -15, "1e18": 1e18, "100e-2": 1, "120.00e-1": 12,
		"9223372036854775807": math.MaxInt64, "-9223372036854775808": math.MinInt64, "9007199254740993.0": 9007199254740993,
		"9223372036854775808": no, "1e19": no, "1e400": no, "-1e99999999999": no, "0.5": no, "1e-1": no, "1e-400": no,
		"15e-1": no, "0.99999999999999999999999": no, "3600.0000000000000000001": no, "1e-99999999999999999999": no,
	} {
		t.Run(text, func(t *testing.T) {
			is := is.New(t)
			v, err := message.ParseJSON([]byte(text))
			is.NoErr(err) // it is a number
			got, ok := v.Int()
			is.Equal(ok, want != no)    // integral and in range, by its digits
			is.True(!ok || got == want) // and this one
		})
	}
}

func TestJSONWriting(t *testing.T) {
	is := is.New(t)
	v := message.Obj(message.M("b", message.Strs([]string{"x\n\"", "\xff"})), message.M("a", message.Arr(message.Num(-7),
		message.Boolean(true), message.Boolean(false), message.NullValue(), message.Value{})), message.M("\x1b\u202e\U000e0041", message.Str("\x7f\u009b")))
	is.Equal(string(v.Append(nil)), "{\"b\":[\"x\\n\\\"\",\"\uFFFD\"],\"a\":[-7,true,false,null,null],\"\\u001b\u202e\U000e0041\":\"\x7f\u009b\"}") // compact, order kept
	is.Equal(string(v.AppendSorted(nil, 2)), `{
  "\u001b\u202e\udb40\udc41": "\u007f\u009b",
  "a": [
    -7,
    true,
    false,
    null,
    null
  ],
  "b": [
    "x\n\"",
    "`+"\uFFFD"+`"
  ]
}`) // sorted and indented, controls shown
	deep := message.Obj(message.M("b", message.Arr(message.Arr(message.Num(1)))), message.M("a", message.Obj(message.M("c", message.NullValue()))))
	is.Equal(string(deep.AppendSorted(nil, 1)), "{\n \"a\": {\n  \"c\": null\n },\n \"b\": [\n  [\n   1\n  ]\n ]\n}")                                   // each level stands further in
	is.Equal(string(deep.AppendSorted(nil, 0)), `{"a": {"c": null},"b": [[1]]}`)                                                                        // without indent it is one line
	is.Equal(string(message.Obj(message.M("a", message.Arr()), message.M("b", message.Obj())).AppendSorted(nil, 2)), "{\n  \"a\": [],\n  \"b\": {}\n}") // empty ones stay short
	is.Equal(string(message.AppendString([]byte("x"), "a\xffb")), "x\"a\uFFFDb\"")                                                                      // what is no UTF-8 is replaced
}

func raceDetector() bool {
	b, _ := debug.ReadBuildInfo()
	return b != nil && slices.Contains(b.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

func TestNullIsAValue(t *testing.T) {
	is := is.New(t)
	is.Equal(message.NullValue().Kind(), message.Null) // null is there
	is.True(message.Value{}.Kind() != message.Null)    // what is not there is no null
	for text, want := range map[string]string{"\x01": `"\u0001"`, "\xff": "\"\uFFFD\"", `"`: `"\""`, `\`: `"\\"`, "\x7f": "\"\x7f\"", "": `""`} {
		is.Equal(string(message.AppendString(nil, text)), want) // what must be escaped is, where it stands alone as well
	}
	is.Equal(string(message.AppendString(nil, "a\xff")), "\"a\uFFFD\"") // and bytes that are no text are replaced
}
