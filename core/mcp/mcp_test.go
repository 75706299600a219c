package mcp_test

import (
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/mcp"
	"mcp-auth/core/message"
)

const url = "https://r.example/mcp"

func TestRequestIsReadAsWritten(t *testing.T) {
	is := is.New(t)
	params := message.Obj(message.M("name", message.Str("echo")))
	for _, id := range []message.Value{message.Str("a"), message.Num(7), {}} {
		m, err := mcp.Read(mcp.Request(url, id, "tools/call", params).Body)
		is.Equal(err, nil)                                                     // it is well-formed
		is.Equal(string(m.ID.Append(nil)), string(id.Append(nil)))             // the same id, or none
		is.Equal(m.Method, "tools/call")                                       // the same method
		is.Equal(string(m.Params.Append(nil)), `{"name":"echo"}`)              // the same params
		is.Equal(m.ID.Kind() == message.Missing, id.Kind() == message.Missing) // a notification stays one
	}
}

func TestReadRefusesWithTheRightCode(t *testing.T) {
	is := is.New(t)
	for _, c := range []struct {
		body string
		code int
	}{
		{`{`, mcp.ParseError},
		{`{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}`, mcp.ParseError}, // which id would be answered?
		{`[{"jsonrpc":"2.0","id":1,"method":"ping"}]`, mcp.InvalidRequest},  // no batches
		{`{"jsonrpc":"1.0","id":1,"method":"ping"}`, mcp.InvalidRequest},
		{`{"jsonrpc":"2.0","id":null,"method":"ping"}`, mcp.InvalidRequest},
		{`{"jsonrpc":"2.0","id":1.5,"method":"ping"}`, mcp.InvalidRequest},
		{`{"jsonrpc":"2.0","id":"` + strings.Repeat("x", 1025) + `","method":"ping"}`, mcp.InvalidRequest},
		{`{"jsonrpc":"2.0","id":1,"METHOD":"ping"}`, mcp.InvalidRequest}, // names have one spelling
		{`{"jsonrpc":"2.0","id":1,"method":"pi\u001bng"}`, mcp.InvalidRequest},
		{`{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}`, mcp.InvalidParams},
	} {
		_, err := mcp.Read([]byte(c.body))
		if err == nil {
			t.Fatalf("%s was read", c.body)
		}
		is.Equal(err.Code, c.code) // the code of JSON-RPC 2.0 section 5.1
		is.Equal(err.Status, 400)  // there was no proper request to answer
	}
}

func TestReplyIsFoundInAStream(t *testing.T) {
	is := is.New(t)
	stream := func(body string) (message.Value, string) {
		return mcp.ReadReply(message.Response{Status: 200, Header: message.Header{{Name: "Content-Type", Value: "text/event-stream"}}, Body: []byte(body)}, message.Num(1))
	}
	ours := `{"jsonrpc":"2.0","id":1,"result":{}}`
	for _, body := range []string{
		"data: " + ours + "\n\n",
		"event: message\r\nid: 4\r\ndata: " + ours + "\r\n\r\n",
		"data: " + ours, // the last event needs no empty line
		": a comment\n\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\ndata: " + ours + "\n\n",
		"data: {\"jsonrpc\":\"2.0\",\ndata: \"id\":1,\"result\":{}}\n\n", // one event of two lines
		"data: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}\n\ndata: " + ours + "\n\n",
	} {
		reply, fault := stream(body)
		is.Equal(fault, "")                       // the reply is there
		is.Equal(string(reply.Append(nil)), ours) // and is ours
	}
	for _, body := range []string{"", "data: {}\n\n", "data: {\"jsonrpc\":\"2.0\",\"id\":\"1\",\"result\":{}}\n\n", "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{},\"error\":{}}\n\n"} {
		_, fault := stream(body)
		is.True(fault != "") // no reply to our id, of the same type, with exactly one outcome
	}
}

func FuzzRead(f *testing.F) {
	for _, body := range []string{`{"jsonrpc":"2.0","id":1,"method":"ping"}`, `{"jsonrpc":"2.0","method":"notifications/initialized"}`,
		`{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"echo"}}`, `{"jsonrpc":"2.0","id":1,"result":{}}`, `[]`, `null`, "\xff"} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		m, err := mcp.Read([]byte(body))
		if err != nil {
			if _, fault := message.ParseJSON(err.Reply().Body); fault != nil || err.Status != 400 {
				t.Fatalf("an error that cannot be sent: %d %v", err.Status, fault)
			}
			return
		}
		if m.Method == "" {
			return // a response
		}
		again, err := mcp.Read(mcp.Request(url, m.ID, m.Method, m.Params).Body)
		if err != nil || again.Method != m.Method || string(again.ID.Append(nil)) != string(m.ID.Append(nil)) {
			t.Fatalf("not read as written: %v", err)
		}
	})
}

func FuzzReadReply(f *testing.F) {
	f.Add("application/json", `{"jsonrpc":"2.0","id":1,"result":{}}`)
	f.Add("application/json", `{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"x"}}`)
	f.Add("text/event-stream", "event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n")
	f.Add("text/event-stream", "\ufeffdata\ndata:\r\n\r")
	f.Add("text/html", "<html>")
	f.Fuzz(func(t *testing.T, kind, body string) {
		m := message.Response{Status: 200, Header: message.Header{{Name: "Content-Type", Value: kind}}, Body: []byte(body)}
		reply, fault := mcp.ReadReply(m, message.Num(1))
		if id, _ := reply.Get("id").Number(); fault == "" && id != "1" {
			t.Fatalf("a reply to another id: %s", id)
		}
	})
}

func TestStreamSaysWhereToGoOn(t *testing.T) {
	is := is.New(t)
	s := mcp.ReadStream([]byte("id: a\nretry: 500\ndata: \n\nid: b\ndata: x\n\nid: c\x1b\nretry: soon\n\n"))
	is.Equal(s.LastID, "b")                 // the last one that can be a header value
	is.Equal(s.Retry, 500*time.Millisecond) // in milliseconds
	is.Equal(s.Events, []string{"", "x"})   // an event with empty data is one
	is.Equal(mcp.ReadStream(nil).Retry, time.Second)
	is.Equal(mcp.ReadStream([]byte("retry: 99999999")).Retry, 30*time.Second) // nobody waits for ever
	is.True(mcp.Replied([]byte("data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\ndata: {"), message.Num(1)))
	is.True(!mcp.Replied([]byte("data: {\"jsonrpc\":\"2.0\",\"id\":1,\"res"), message.Num(1)))
}

func TestMirroredHeaders(t *testing.T) {
	is := is.New(t)
	for text, want := range map[string]string{"us-west1": "us-west1", "a b": "a b", "": "", " a": "=?base64?IGE=?=", "ü": "=?base64?w7w=?=", "a\nb": "=?base64?YQpi?=", "=?base64?x?=": "=?base64?PT9iYXNlNjQ/eD89?="} {
		is.Equal(mcp.HeaderText(text), want) // visible ASCII as it is, all else between marks
	}
}
