// The wire of the revisions with a handshake: 2025-03-26, 2025-06-18 and
// 2025-11-25. One message a POST, JSON answers, no session.
package mcp

import (
	"slices"

	"mcp-auth/core/message"
)

// Handshake revisions, newest first.
var Handshake = []string{"2025-11-25", "2025-06-18", "2025-03-26"}

// Newest is the handshake revision that is offered to whoever asks for one
// that is not known.
const Newest = "2025-11-25"

// A Server answers MCP messages. The wires share it.
type Server struct {
	Name         string
	Version      string
	Instructions string
	Tools        []Tool
}

// Answer answers a message on the handshake wire. protocolVersion is the
// MCP-Protocol-Version field, empty when it was not sent.
func (s *Server) Answer(c Call, m Message, protocolVersion string) message.Response {
	if protocolVersion != "" && !slices.Contains(Handshake, protocolVersion) {
		return (&Error{Status: 400, Code: InvalidRequest, ID: m.ID,
			Text: "MCP-Protocol-Version is not supported; supported are 2025-11-25, 2025-06-18 and 2025-03-26"}).Reply()
	}
	if m.ID.Kind() == message.Missing || m.Method == "" { // a notification or a response: accepted, not answered
		return message.Response{Status: 202, Header: message.Header{{Name: "Cache-Control", Value: "no-store"}}}
	}
	result, err := s.result(c, m)
	if err != nil {
		err.ID = m.ID
		return err.Reply()
	}
	return Result(m.ID, result)
}

func (s *Server) result(c Call, m Message) (message.Value, *Error) {
	switch m.Method {
	case "initialize":
		return s.initialize(m.Params)
	case "ping":
		return message.Obj(), nil
	case "tools/list":
		return s.listTools(m.Params)
	case "tools/call":
		return s.callTool(c, m.Params)
	}
	return message.Value{}, &Error{Status: 200, Code: MethodNotFound, Text: "the method is not served; initialize, ping, tools/list and tools/call are"}
}

// initialize negotiates: the asked revision if it is known, else the newest.
func (s *Server) initialize(params message.Value) (message.Value, *Error) {
	asked := params.Get("protocolVersion")
	version, ok := asked.Text()
	if !ok && asked.Kind() != message.Missing {
		return message.Value{}, invalidParams("protocolVersion must be a string")
	}
	if !slices.Contains(Handshake, version) {
		version = Newest
	}
	return message.Obj(
		message.M("protocolVersion", message.Str(version)),
		message.M("capabilities", message.Obj(message.M("tools", message.Obj()))),
		message.M("serverInfo", message.Obj(message.M("name", message.Str(s.Name)), message.M("version", message.Str(s.Version)))),
		message.M("instructions", message.Str(s.Instructions))), nil
}

func invalidParams(text string) *Error { return &Error{Status: 200, Code: InvalidParams, Text: text} }
