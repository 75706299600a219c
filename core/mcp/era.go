// The two wires on one URL: which one a message is on (MCP 2026-07-28,
// transports, backward compatibility).
package mcp

import "mcp-auth/core/message"

// Stateless is the revision without handshake and session: each request
// carries its version and the client's capabilities.
const Stateless = "2026-07-28"

// VersionHeader names the revision of a message's wire.
const VersionHeader = "MCP-Protocol-Version"

// Members of params._meta on the stateless wire.
const (
	MetaVersion      = "io.modelcontextprotocol/protocolVersion"
	MetaClient       = "io.modelcontextprotocol/clientInfo"
	MetaCapabilities = "io.modelcontextprotocol/clientCapabilities"
	MetaServer       = "io.modelcontextprotocol/serverInfo"
)

// IsStateless reports whether a message is on the stateless wire: it says a
// version in its metadata, whichever, or names the stateless one in its
// header. All else is the handshake's.
func IsStateless(m Message, h message.Header) bool {
	return m.Params.Get("_meta").Get(MetaVersion).Kind() != message.Missing || h.Get(VersionHeader) == Stateless
}

// CheckAccept asks for what each POST must take as an answer, whichever it
// gets (MCP transports, sending messages to the server). Who says nothing
// takes anything.
func CheckAccept(h message.Header) *Error {
	if h.Accepts(message.JSONType) && h.Accepts(StreamType) {
		return nil
	}
	return &Error{Status: 406, Code: InvalidRequest, Text: "Accept must list both: send Accept: " + bothTypes}
}

const bothTypes = message.JSONType + ", " + StreamType
