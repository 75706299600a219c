// One MCP request with a token, on the wire with a handshake: initialize,
// initialized, then the request itself (MCP lifecycle).
package flow

import (
	"slices"
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/mcp"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// Call calls a method. Its outcome is Reply, the whole JSON-RPC response.
type Call struct {
	machine
	ResourceURL string
	Token       string // empty: none is sent
	Method      string
	Params      message.Value // Missing: none
	ID          message.Value
	Reply       message.Value

	version string
	session string
}

// CallRows is the table of Call.
var CallRows = []Row[Call]{
	{Idle, OnStart, []State{Initializing, Calling, Failed}, "MCP lifecycle", (*Call).begin},
	{Initializing, OnResponse, []State{Announcing, Finished, Failed}, "MCP lifecycle, initialization", (*Call).initialized},
	{Initializing, OnTrouble, []State{Failed}, "", troubled[Call]},
	{Announcing, OnResponse, []State{Calling, Failed}, "MCP lifecycle, initialization", (*Call).announced},
	{Announcing, OnTrouble, []State{Failed}, "", troubled[Call]},
	{Calling, OnResponse, []State{Finished, Failed}, "JSON-RPC 2.0 section 5", (*Call).called},
	{Calling, OnTrouble, []State{Failed}, "", troubled[Call]},
}

// Step implements Flow.
func (f *Call) Step(now time.Time, ev Event) ([]Effect, error) {
	return step(f, &f.machine, CallRows, now, ev)
}

var handshakeID = message.Str("mcp-auth-initialize")

func (f *Call) begin(Event) []Effect {
	if why := reachable(f.ResourceURL, f.ResourceURL); why != "" {
		return f.fail(&Violation{Step: stepMCP, URL: f.ResourceURL, Want: "a resource URL with https, or http on loopback", Got: why, Cite: "RFC 6750 section 5.3"})
	}
	if f.Token != "" && !message.IsToken68(f.Token) {
		return f.fail(&Violation{Step: stepMCP, URL: f.ResourceURL, Want: "a bearer token of letters, digits and - . _ ~ + /", Got: "other characters", Cite: "RFC 6750 section 2.1", Hint: "Run login again."})
	}
	params := mcp.InitializeParams(mcp.Newest, "mcp-auth", "1")
	if f.Method == "initialize" {
		if len(f.Params.Members()) > 0 {
			params = f.Params
		}
		return f.post(Calling, f.ID, f.Method, params)
	}
	return f.post(Initializing, handshakeID, "initialize", params)
}

// post sends a message with the token in the header and nowhere else
// (RFC 6750 section 2.1).
func (f *Call) post(to State, id message.Value, method string, params message.Value) []Effect {
	r := mcp.Request(f.ResourceURL, id, method, params)
	if f.Token != "" {
		r.Header = r.Header.With("Authorization", exchange.BearerHeader(f.Token))
	}
	if f.version != "" {
		r.Header = r.Header.With("MCP-Protocol-Version", f.version)
	}
	if f.session != "" {
		r.Header = r.Header.With("Mcp-Session-Id", f.session)
	}
	return f.send(to, stepMCP, r)
}

func (f *Call) initialized(ev Event) []Effect {
	r := ev.(Response).Response
	reply, effects := f.read(r, handshakeID)
	if effects != nil {
		return effects
	}
	if reply.Get("error").Kind() != message.Missing {
		f.Reply = reply
		return f.finish()
	}
	version, ok := reply.Get("result").Get("protocolVersion").Text()
	if !ok || !slices.Contains(mcp.Handshake, version) {
		return f.violated("protocolVersion 2025-11-25, 2025-06-18 or 2025-03-26", message.PrintableLine(version), "MCP lifecycle, version negotiation", "")
	}
	f.version = version
	if s := r.Header.Get("Mcp-Session-Id"); sendable(s) {
		f.session = s
	}
	return f.post(Announcing, message.Value{}, "notifications/initialized", message.Value{})
}

// sendable keeps control characters out of a header we echo.
func sendable(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < 0x21 || s[i] > 0x7e {
			return false
		}
	}
	return len(s) <= 1024
}

func (f *Call) announced(ev Event) []Effect {
	switch r := ev.(Response).Response; {
	case r.Status == 401 || r.Status == 403:
		return f.unauthorized(r)
	case r.Status < 200 || r.Status > 299:
		return f.refusedStatus(r)
	}
	return f.post(Calling, f.ID, f.Method, f.Params)
}

func (f *Call) called(ev Event) []Effect {
	reply, effects := f.read(ev.(Response).Response, f.ID)
	if effects != nil {
		return effects
	}
	f.Reply = reply
	return f.finish()
}

// read finds the reply, or ends the flow.
func (f *Call) read(r message.Response, id message.Value) (message.Value, []Effect) {
	switch {
	case r.Status == 401 || r.Status == 403:
		return message.Value{}, f.unauthorized(r)
	case r.Status < 200 || r.Status > 299:
		if reply, fault := mcp.ReadReply(r, id); fault == "" { // a JSON-RPC error with an HTTP error status
			return reply, nil
		}
		return message.Value{}, f.refusedStatus(r)
	}
	reply, fault := mcp.ReadReply(r, id)
	if fault != "" {
		return reply, f.violated("the JSON-RPC reply to our request", fault, "JSON-RPC 2.0 section 5", "")
	}
	return reply, nil
}

// refusedStatus ends the flow on a status that says nothing of OAuth.
func (f *Call) refusedStatus(r message.Response) []Effect {
	return f.fail(&Refusal{Step: stepMCP, URL: f.ResourceURL, Status: r.Status,
		Err: &oauth.Error{Code: "http_" + message.Decimal(int64(r.Status)), Description: snippet(r.Body), Status: r.Status}})
}

func snippet(b []byte) string {
	return message.PrintableLine(string(b[:min(len(b), 300)]))
}

// unauthorized reads the challenge (RFC 6750 section 3.1). A 403 that says
// nothing of a token may come from anything in between.
func (f *Call) unauthorized(r message.Response) []Effect {
	c, _, _ := exchange.ReadBearerChallenge(r.Header)
	e := &oauth.Error{Code: c.Error, Description: c.Description, Scope: c.Scope, Status: r.Status}
	hint := "Run login again."
	switch {
	case c.Error == oauth.InsufficientScope:
		hint = "log in again with --scope"
		if c.Scope != "" {
			hint += " '" + message.PrintableLine(c.Scope) + "'"
		}
	case e.Code == "" && r.Status == 403:
		return f.refusedStatus(r)
	case e.Code == "":
		e.Code = oauth.InvalidToken
	}
	return f.fail(&Refusal{Step: stepMCP, URL: f.ResourceURL, Status: r.Status, Err: e, Hint: hint})
}
