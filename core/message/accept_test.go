// RFC 9110 section 12.5.1: what somebody accepts.
package message_test

import (
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/message"
)

func TestAccepts(t *testing.T) {
	is := is.New(t)
	const json, stream = message.JSONType, "text/event-stream"
	for _, c := range []struct {
		fields       []string
		json, stream bool
	}{
		{nil, true, true},                              // no field: anything
		{[]string{""}, true, true},                     // no range: likewise
		{[]string{" , "}, true, true},                  //
		{[]string{", " + stream}, false, true},         // an empty element is none (RFC 9110 section 5.6.1)
		{[]string{json + ", " + stream}, true, true},   // as MCP wants it
		{[]string{stream + "," + json}, true, true},    //
		{[]string{json, stream}, true, true},           // in two fields
		{[]string{json}, true, false},                  //
		{[]string{stream}, false, true},                //
		{[]string{"text/html"}, false, false},          //
		{[]string{"*/*"}, true, true},                  //
		{[]string{"text/html, */*;q=0.1"}, true, true}, //
		{[]string{"application/*"}, true, false},       //
		{[]string{"Application/JSON;q=0.5 , TEXT/*"}, true, true},
		{[]string{json + ";charset=utf-8; Q=0.001"}, true, false},
		{[]string{json + ";q=0"}, false, false},
		{[]string{json + ";q=0.000, */*"}, false, true}, // the more exact range decides
		{[]string{"*/*, " + json + " ; q=0.0"}, false, true},
		{[]string{"*/*;q=0"}, false, false},
		{[]string{"text/*;q=0, " + stream + ", */*"}, true, true},
		{[]string{"*"}, false, false}, // no range
		{[]string{"application/jsonx"}, false, false},
	} {
		var h message.Header
		for _, f := range c.fields {
			h = h.With("accept", f)
		}
		t.Log(c.fields)
		is.Equal(h.Accepts(json), c.json)     // JSON is taken or not
		is.Equal(h.Accepts(stream), c.stream) // and so is a stream
	}
	h := message.Header{{Name: "Content-Type", Value: json}, {Name: "Accept", Value: json + ", " + stream + ";q=0.9"}}
	is.Equal(testing.AllocsPerRun(100, func() { _ = h.Accepts(json) && h.Accepts(stream) }), 0.0) // it is asked at every call
}
