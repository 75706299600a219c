// The server's half of the stateless wire (MCP 2026-07-28): what each request
// must say of itself, that its header says the same, and the answers.
package mcp

import (
	"encoding/base64"
	"strings"

	"mcp-auth/core/message"
)

// How long a client may keep an answer, in milliseconds, and for whom: what a
// token was needed for is its bearer's alone.
const (
	keepMillis = 300_000
	keepScope  = "private"
)

// Supported are the revisions of both wires, newest first.
func Supported() []string { return append([]string{Stateless}, Handshake...) }

// Check judges what a message says of its wire, before anything is done. The
// order is: the metadata has a version, the version header agrees, the version
// is served, what it asks for is there, the other header fields agree.
func (s *Server) Check(m Message, h message.Header) *Error {
	fault := s.checkHandshake(h)
	if IsStateless(m, h) {
		fault = s.checkStateless(m, h)
	}
	if fault != nil {
		fault.ID = m.ID
	}
	return fault
}

func (s *Server) checkStateless(m Message, h message.Header) *Error {
	if m.ID.Kind() == message.Missing || m.Method == "" {
		return nil // accepted, and not looked at
	}
	meta := m.Params.Get("_meta")
	version, ok := meta.Get(MetaVersion).Text()
	switch {
	case !ok:
		return malformed(InvalidParams, "params._meta must have "+MetaVersion+", a string")
	case h.Count(VersionHeader) != 1 || h.Get(VersionHeader) != version:
		return malformed(HeaderMismatch, VersionHeader+" must say what params._meta says of the version")
	case version != Stateless:
		return unsupported(version)
	case meta.Get(MetaCapabilities).Kind() != message.Object:
		return malformed(InvalidParams, "params._meta must have "+MetaCapabilities+", an object")
	case h.Count("Mcp-Method") != 1 || h.Get("Mcp-Method") != m.Method:
		return malformed(HeaderMismatch, "Mcp-Method must be the method of the body")
	}
	if name, ok := named(m.Method, m.Params); ok && !says(h, "Mcp-Name", name) {
		return malformed(HeaderMismatch, "Mcp-Name must be the name or uri of the body's params")
	}
	return s.checkMirrored(m, h)
}

// checkMirrored holds Mcp-Param fields against the arguments they repeat.
func (s *Server) checkMirrored(m Message, h message.Header) *Error {
	name, _ := m.Params.Get("name").Text()
	t, ok := s.Tool(name)
	if m.Method != "tools/call" || !ok {
		return nil
	}
	for _, p := range t.Params {
		v := m.Params.Get("arguments").Get(p.Name)
		field := "Mcp-Param-" + p.Header
		absent := v.Kind() == message.Missing || v.Kind() == message.Null
		switch {
		case p.Header == "":
		case absent && h.Count(field) > 0:
			return malformed(HeaderMismatch, field+" repeats an argument that the body does not have")
		case !absent && !repeats(h, field, v):
			return malformed(HeaderMismatch, field+" must repeat the argument "+p.Name)
		}
	}
	return nil
}

// plainText is an argument as a header field repeats it, before encoding.
func plainText(v message.Value) string {
	if s, ok := v.Text(); ok {
		return s
	}
	if n, ok := v.Int(); ok { // 42, also where the body says 42.0
		return message.Decimal(n)
	}
	return string(v.Append(nil))
}

// repeats reports whether a field says what an argument is: an integer by its
// value, 42 as well as 42.0, all else literally.
func repeats(h message.Header, field string, v message.Value) bool {
	text, ok := fieldText(h, field)
	if n, err := message.ParseJSON([]byte(text)); err == nil && n.Kind() == message.Number && v.Kind() == message.Number {
		text = plainText(n)
	}
	return ok && text == plainText(v)
}

// says reports whether a field is there once and says text.
func says(h message.Header, field, text string) bool {
	said, ok := fieldText(h, field)
	return ok && said == text
}

// fieldText is what a field says that is there once, literally or as base64
// between marks.
func fieldText(h message.Header, field string) (text string, ok bool) {
	text = strings.Trim(h.Get(field), " \t")
	if inner, marked := strings.CutPrefix(text, base64Begin); marked && strings.HasSuffix(inner, base64End) {
		decoded, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSuffix(inner, base64End))
		return string(decoded), err == nil && h.Count(field) == 1
	}
	return text, h.Count(field) == 1
}

// unsupported lists what is served (SEP-2575).
func unsupported(version string) *Error {
	e := malformed(UnsupportedVersion, "this protocol version is not served; data.supported lists those that are")
	e.Data = message.Obj(message.M("supported", message.Strs(Supported())), message.M("requested", message.Str(version)))
	return e
}

// answerStateless answers a checked request.
func (s *Server) answerStateless(c Call, m Message) message.Response {
	var r result
	var err *Error
	switch m.Method {
	case "server/discover":
		r = s.discover()
	case "tools/list":
		r, err = s.listTools(m.Params)
	case "tools/call":
		r, err = s.callTool(c, m.Params, Stateless)
	default:
		err = &Error{Status: 404, Code: MethodNotFound, Text: "the method is not served at " + Stateless + "; server/discover, tools/list and tools/call are"}
	}
	if err != nil {
		if err.ID = m.ID; err.Code == InvalidParams {
			err.Status = 400
		}
		return err.Reply()
	}
	r.members = append(r.members, message.M("resultType", message.Str("complete")))
	if m.Method != "tools/call" {
		r.members = append(r.members, message.M("ttlMs", message.Num(keepMillis)), message.M("cacheScope", message.Str(keepScope)))
	}
	r.members = append(r.members, message.M("_meta", message.Obj(message.M(MetaServer, s.info()))))
	return r.reply(m.ID)
}

func (s *Server) discover() result {
	return with(
		message.M("supportedVersions", message.Strs(Supported())),
		message.M("capabilities", s.capabilities()),
		message.M("instructions", message.Str(s.Instructions)))
}
