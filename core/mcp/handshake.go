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

// checkHandshake judges the version header; without one it is 2025-03-26.
func (s *Server) checkHandshake(h message.Header) *Error {
	switch version := h.Get(VersionHeader); {
	case h.Count(VersionHeader) > 1:
		return malformed(HeaderMismatch, VersionHeader+" must be there once")
	case h.Count(VersionHeader) == 1 && !slices.Contains(Handshake, version):
		return unsupported(message.PrintableLine(version))
	}
	return nil
}

// Answer answers a message that passed Check, on the wire it came on.
func (s *Server) Answer(c Call, m Message, h message.Header) message.Response {
	if m.ID.Kind() == message.Missing || m.Method == "" { // a notification or a response: accepted, not answered
		return message.Response{Status: 202, Header: message.Header{{Name: "Cache-Control", Value: "no-store"}}}
	}
	if IsStateless(m, h) {
		return s.answerStateless(c, m)
	}
	r, err := s.result(c, m, h.Get(VersionHeader))
	if err != nil {
		err.ID = m.ID
		return err.Reply()
	}
	return r.reply(m.ID)
}

func (s *Server) result(c Call, m Message, version string) (result, *Error) {
	switch m.Method {
	case "initialize":
		return s.initialize(m.Params)
	case "ping":
		return result{}, nil
	case "tools/list":
		return s.listTools(m.Params)
	case "tools/call":
		return s.callTool(c, m.Params, version)
	}
	return result{}, &Error{Status: 200, Code: MethodNotFound, Text: "the method is not served; initialize, ping, tools/list and tools/call are"}
}

// initialize negotiates: the asked revision if it is known, else the newest.
func (s *Server) initialize(params message.Value) (result, *Error) {
	asked := params.Get("protocolVersion")
	version, ok := asked.Text()
	switch {
	case asked.Kind() == message.Missing:
		return result{}, invalidParams("initialize needs params: protocolVersion, capabilities and clientInfo")
	case !ok:
		return result{}, invalidParams("protocolVersion must be a string")
	}
	if !slices.Contains(Handshake, version) {
		version = Newest
	}
	return with(
		message.M("protocolVersion", message.Str(version)),
		message.M("capabilities", s.capabilities()),
		message.M("serverInfo", s.info()),
		message.M("instructions", message.Str(s.Instructions))), nil
}

// capabilities and info are the same on both wires.
func (s *Server) capabilities() message.Value {
	return message.Obj(message.M("tools", message.Obj()))
}

func (s *Server) info() message.Value {
	return message.Obj(message.M("name", message.Str(s.Name)), message.M("version", message.Str(s.Version)))
}

func invalidParams(text string) *Error { return &Error{Status: 200, Code: InvalidParams, Text: text} }
