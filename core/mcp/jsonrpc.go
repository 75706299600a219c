// Package mcp is the Model Context Protocol: JSON-RPC 2.0 over one POST, the
// lifecycle of each revision, tools. It knows nothing of tokens.
package mcp

import (
	"mcp-auth/core/message"
)

// JSON-RPC 2.0 error codes.
const (
	ParseError     = -32700
	InvalidRequest = -32600
	MethodNotFound = -32601
	InvalidParams  = -32602
)

// maxID is how long an id may be, in bytes.
const maxID = 1024

// A Message is what a client posted.
type Message struct {
	ID     message.Value // Missing: a notification
	Method string        // empty: a response to a request we never sent
	Params message.Value // an object, or Missing
}

// An Error is a JSON-RPC error with the HTTP status it goes out with: 400
// when there was no proper request to answer, else 200.
type Error struct {
	Status int
	Code   int
	Text   string
	ID     message.Value
	Data   message.Value // Missing: none
}

func malformed(code int, text string) *Error { return &Error{Status: 400, Code: code, Text: text} }

// Reply writes the error.
func (e *Error) Reply() message.Response {
	b := appendHead(make([]byte, 0, 160), e.ID)
	b = append(b, `"error":{"code":`...)
	b = append(b, message.Decimal(int64(e.Code))...)
	b = message.AppendString(append(b, `,"message":`...), e.Text)
	if e.Data.Kind() != message.Missing {
		b = e.Data.Append(append(b, `,"data":`...))
	}
	r := message.JSON(e.Status, append(b, '}', '}'))
	r.Note = "JSON-RPC error " + message.Decimal(int64(e.Code)) + ": " + e.Text
	return r
}

// appendHead opens the object of an answer; the id is echoed as it came.
func appendHead(b []byte, id message.Value) []byte {
	b = append(b, `{"jsonrpc":"2.0","id":`...)
	return append(id.Append(b), ',')
}

// A result is the object of a successful answer: what a tool said, where one
// was called, and members.
type result struct {
	tool    *said
	members []message.Member
}

// with is a result of members.
func with(members ...message.Member) result { return result{members: members} }

// reply writes the answer to the request of this id.
func (r result) reply(id message.Value) message.Response {
	b := appendHead(make([]byte, 0, 256), id)
	b = append(b, `"result":{`...)
	if r.tool != nil {
		if b = r.tool.append(b); len(r.members) > 0 {
			b = append(b, ',')
		}
	}
	return message.JSON(200, append(message.AppendMembers(b, r.members), '}', '}'))
}

// Read reads one message, strictly.
func Read(body []byte) (Message, *Error) {
	v, err := message.ParseJSON(body)
	if err != nil {
		return Message{}, malformed(ParseError, err.Error())
	}
	if v.Kind() == message.Array { // 2025-03-26 has batches, no other revision does
		return Message{}, malformed(InvalidRequest, "batches are not served: send one message a request")
	}
	if v.Kind() != message.Object {
		return Message{}, malformed(InvalidRequest, "one JSON-RPC object is wanted, not "+v.Kind().String())
	}
	m := Message{ID: v.Get("id"), Params: v.Get("params")}
	if version, _ := v.Get("jsonrpc").Text(); version != "2.0" {
		return m, malformed(InvalidRequest, `jsonrpc must be "2.0"`)
	}
	if !validID(m.ID) {
		m.ID = message.Value{}
		return m, malformed(InvalidRequest, "id must be a string or an integer, at most 1,024 bytes long")
	}
	return readMethod(m, v)
}

func readMethod(m Message, v message.Value) (Message, *Error) {
	if v.Get("method").Kind() == message.Missing &&
		(v.Get("result").Kind() != message.Missing || v.Get("error").Kind() != message.Missing) {
		return m, nil
	}
	method, ok := v.Get("method").Text()
	if !ok || method == "" || message.PrintableLine(method) != method {
		return m, &Error{Status: 400, Code: InvalidRequest, Text: "method must be a string without control characters", ID: m.ID}
	}
	m.Method = method
	if k := m.Params.Kind(); k != message.Missing && k != message.Object {
		return m, &Error{Status: 400, Code: InvalidParams, Text: "params must be an object, not " + k.String(), ID: m.ID}
	}
	return m, nil
}

// validID allows what MCP allows: strings and integers, never null.
func validID(id message.Value) bool {
	switch id.Kind() {
	case message.Missing:
		return true
	case message.String:
		s, _ := id.Text()
		return len(s) <= maxID
	case message.Number:
		n, _ := id.Number()
		for i := 0; i < len(n); i++ {
			if (n[i] < '0' || n[i] > '9') && !(i == 0 && n[i] == '-') {
				return false
			}
		}
		return len(n) <= maxID
	}
	return false
}
