// The client's half: requests to post, and the reply found in JSON or SSE.
package mcp

import (
	"mcp-auth/core/message"
)

// Request writes a request. id and params are sent as they are; a Missing id
// makes it a notification, Missing params are left out.
func Request(url string, id message.Value, method string, params message.Value) message.Request {
	members := []message.Member{message.M("jsonrpc", message.Str("2.0"))}
	if id.Kind() != message.Missing {
		members = append(members, message.M("id", id))
	}
	members = append(members, message.M("method", message.Str(method)))
	if params.Kind() != message.Missing {
		members = append(members, message.M("params", params))
	}
	r := message.PostJSON(url, message.Obj(members...).Append(nil))
	r.Header = message.Header{{Name: "Accept", Value: bothTypes}, {Name: "Content-Type", Value: message.JSONType}}
	return r
}

// InitializeParams are what a client says of itself in its first request.
func InitializeParams(protocolVersion, name, version string) message.Value {
	return message.Obj(
		message.M("protocolVersion", message.Str(protocolVersion)),
		message.M("capabilities", message.Obj()),
		message.M("clientInfo", message.Obj(message.M("name", message.Str(name)), message.M("version", message.Str(version)))))
}

// ReadReply finds the reply to id: the body itself, or the one of a stream's
// events that carries it. fault says what came instead.
func ReadReply(m message.Response, id message.Value) (reply message.Value, fault string) {
	switch message.MediaType(m.Header.Get("Content-Type")) {
	case message.JSONType:
		v, err := message.ParseJSON(m.Body)
		if err != nil {
			return v, err.Error()
		}
		return v, replyFault(v, id)
	case StreamType:
		for _, e := range ReadStream(m.Body).Events {
			v, err := message.ParseJSON([]byte(e))
			if err == nil && v.Get("method").Kind() == message.Missing && replyFault(v, id) == "" {
				return v, ""
			}
		}
		return message.Value{}, "a stream without the reply to our id"
	}
	return message.Value{}, "a body that is neither application/json nor text/event-stream: " + contentType(m)
}

func contentType(m message.Response) string {
	if t := message.MediaType(m.Header.Get("Content-Type")); t != "" {
		return message.PrintableLine(t)
	}
	return "it has no Content-Type, its status is " + message.Decimal(int64(m.Status))
}

// longestText is how much of an error's message is told, in bytes.
const longestText = 300

// unread is what an error without an id says: it is of a request that the
// server could not read (JSON-RPC 2.0 section 5).
func unread(v message.Value) string {
	e := v.Get("error")
	if v.Get("id").Kind() > message.Null || e.Kind() != message.Object {
		return ""
	}
	code, _ := e.Get("code").Number()
	text, _ := e.Get("message").Text()
	return ", null: error " + code + ": " + message.PrintableLine(text[:min(len(text), longestText)])
}

func replyFault(v, id message.Value) string {
	if version, _ := v.Get("jsonrpc").Text(); version != "2.0" {
		return "a body that is no JSON-RPC 2.0 message"
	}
	if string(v.Get("id").Append(nil)) != string(id.Append(nil)) {
		return "a reply to another id" + unread(v)
	}
	if (v.Get("result").Kind() == message.Missing) == (v.Get("error").Kind() == message.Missing) {
		return "a reply without exactly one of result and error"
	}
	return ""
}
