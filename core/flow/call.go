// One MCP request with a token: on the stateless wire it is sent as it is, on
// the handshake's wire after initialize and initialized (MCP lifecycle). Which
// of the two a server speaks is tried, the newer first.
package flow

import (
	"slices"
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/mcp"
	"mcp-auth/core/message"
)

// Call calls a method. Its outcome is Reply, the whole JSON-RPC response, and
// Spoken, the revision it came in.
type Call struct {
	machine
	Prover
	Bound       bool // Token is bound to DPoPKey
	ResourceURL string
	Token       string // empty: none is sent
	Scope       string // Token's, for the advice to ask for more
	Method      string
	Params      message.Value // Missing: none
	ID          message.Value
	Protocol    string // the revision to speak; empty: the newest that the server speaks
	Last        string // the revision this server spoke last; tried first, where Protocol leaves the choice
	Reply       message.Value
	Spoken      string

	session  string
	mirrored message.Header // of a tool call on the stateless wire
	cursor   string         // of the tool list
	pages    int
	resent   bool // the request that is under way was sent again with a nonce
	retold   bool // it was sent again because the server asked for the version it has
	lastID   string
	retryAt  time.Time
	resumed  int
}

// CallRows is the table of Call.
var CallRows = []Row[Call]{
	{Idle, OnStart, []State{Initializing, Listing, Calling, Failed}, "MCP transports", (*Call).begin},
	{Listing, OnResponse, []State{Listing, Calling, Initializing, Failed}, "MCP 2026-07-28, transports, request headers", (*Call).listed},
	{Listing, OnTrouble, []State{Failed}, "", troubled[Call]},
	{Initializing, OnResponse, []State{Initializing, Announcing, Listing, Calling, Finished, Failed}, "MCP lifecycle, initialization", (*Call).initialized},
	{Initializing, OnTrouble, []State{Failed}, "", troubled[Call]},
	{Announcing, OnResponse, []State{Announcing, Calling, Failed}, "MCP lifecycle, initialization", (*Call).announced},
	{Announcing, OnTrouble, []State{Failed}, "", troubled[Call]},
	{Calling, OnResponse, []State{Initializing, Calling, AwaitingRetry, Finished, Failed}, "JSON-RPC 2.0 section 5", (*Call).called},
	{Calling, OnTrouble, []State{Failed}, "", troubled[Call]},
	{AwaitingRetry, OnTimer, []State{AwaitingRetry, Resuming}, "MCP transports, resumability", (*Call).resume},
	{Resuming, OnResponse, []State{Resuming, AwaitingRetry, Finished, Failed}, "MCP transports, resumability", (*Call).called},
	{Resuming, OnTrouble, []State{Failed}, "", troubled[Call]},
}

// Step implements Flow.
func (f *Call) Step(now time.Time, ev Event) ([]Effect, error) {
	return step(f, &f.machine, CallRows, now, ev)
}

// Who we say we are.
const (
	clientName    = "mcp-auth"
	clientVersion = "1"
)

var (
	handshakeID = message.Str("mcp-auth-initialize")
	listID      = message.Str("mcp-auth-tools")
)

func (f *Call) begin(Event) []Effect {
	if why := reachable(f.ResourceURL, f.ResourceURL); why != "" {
		return f.fail(&Violation{Chosen: true, Step: stepMCP, URL: f.ResourceURL, Want: "a resource URL with https, or http on loopback", Got: why, Cite: "RFC 6750 section 5.3"})
	}
	if f.Token != "" && !message.IsToken68(f.Token) {
		return f.fail(&Violation{Step: stepMCP, URL: f.ResourceURL, Want: "a bearer token of letters, digits and - . _ ~ + /", Got: "other characters", Cite: "RFC 6750 section 2.1", Hint: "Run login again."})
	}
	if !f.stateless() || f.remembered() {
		return f.handshake()
	}
	return f.first()
}

// first begins the stateless wire.
func (f *Call) first() []Effect {
	if f.mirrors() {
		return f.list()
	}
	return f.ask(Calling, f.ID, f.Method, f.Params)
}

// remembered reports whether the older wire is to be tried first, since the
// server spoke it last.
func (f *Call) remembered() bool {
	return f.Protocol == "" && slices.Contains(mcp.Handshake, f.Last)
}

// Learned is the revision to try first the next time; "" where the call was
// not free to choose.
func (f *Call) Learned() string {
	if f.Protocol == "" && f.stateless() {
		return f.Spoken
	}
	return ""
}

// stateless reports whether the stateless wire is to be tried: it has no
// methods of the handshake's lifecycle.
func (f *Call) stateless() bool {
	if f.Protocol != "" {
		return f.Protocol == mcp.Stateless
	}
	return !slices.Contains([]string{"initialize", "notifications/initialized", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe"}, f.Method)
}

// mirrors reports whether arguments may have to be repeated in the header, for
// which the tool's definition must be known.
func (f *Call) mirrors() bool {
	return f.Method == "tools/call" && len(f.Params.Get("arguments").Members()) > 0
}

// ask sends a request on the stateless wire.
func (f *Call) ask(to State, id message.Value, method string, params message.Value) []Effect {
	f.Spoken = mcp.Stateless
	var mirrored message.Header
	if to == Calling {
		mirrored = f.mirrored
	}
	return f.exchange(to, id, f.authorized(mcp.StatelessRequest(f.ResourceURL, id, method, params, clientName, clientVersion, mirrored)))
}

// exchange sends a message whose answer may be a stream with the reply in it.
func (f *Call) exchange(to State, id message.Value, r message.Request) []Effect {
	f.state = to
	return []Effect{Send{Request: r, Step: stepMCP, Reply: id}}
}

// authorized adds the token, in the header and nowhere else (RFC 6750 section
// 2.1).
func (f *Call) authorized(r message.Request) message.Request {
	f.resent = false
	switch {
	case f.Token != "" && f.Bound:
		r.Header = r.Header.With("Authorization", exchange.DPoPHeader(f.Token))
		return f.prove(r, ofResource, f.Token, f.now)
	case f.Token != "":
		r.Header = r.Header.With("Authorization", exchange.BearerHeader(f.Token))
	}
	return r
}

// maxPages is how much of a tool list is read to find one tool.
const maxPages = 20

// list asks for the tool's definition.
func (f *Call) list() []Effect {
	params := message.Obj()
	if f.cursor != "" {
		params = message.Obj(message.M("cursor", message.Str(f.cursor)))
	}
	f.pages++
	return f.ask(Listing, listID, "tools/list", params)
}

// listed finds the tool; one that is not listed is called all the same.
func (f *Call) listed(ev Event) []Effect {
	r := ev.(Response).Response
	if effects := f.otherVersion(r); effects != nil {
		return effects
	}
	reply, effects := f.read(r, listID)
	if effects != nil {
		return effects
	}
	name, _ := f.Params.Get("name").Text()
	for _, tool := range reply.Get("result").Get("tools").Elems() {
		if n, _ := tool.Get("name").Text(); n != name {
			continue
		}
		fields, fault := mcp.Mirrored(tool, f.Params.Get("arguments"))
		if fault != "" {
			return f.violated("a tool whose parameters can be sent", message.PrintableLine(fault), "MCP 2026-07-28, transports, x-mcp-header", "the server must mend the tool's inputSchema")
		}
		f.mirrored = fields
		return f.ask(Calling, f.ID, f.Method, f.Params)
	}
	if next, _ := reply.Get("result").Get("nextCursor").Text(); next != "" && f.pages < maxPages {
		f.cursor = next
		return f.list()
	}
	return f.ask(Calling, f.ID, f.Method, f.Params)
}

// otherVersion goes on in another version, where the server asks for one.
func (f *Call) otherVersion(r message.Response) []Effect {
	switch {
	case f.Spoken == mcp.Stateless && !f.retold && r.Status == 400 && slices.Contains(mcp.SupportedVersions(r), mcp.Stateless):
		f.retold = true
		f.note("the server names "+mcp.Stateless+" as the version it has; sending the request again", "MCP 2026-07-28, transports, protocol version header")
		return f.again()
	case f.fallsBack(r):
		return f.handshake()
	}
	return nil
}

// fallsBack reports whether the answer to a stateless request says that the
// server does not know that wire, and whether the older one may be spoken.
func (f *Call) fallsBack(r message.Response) bool {
	if f.Spoken != mcp.Stateless || f.Protocol != "" || r.Status == 401 || r.Status == 403 || mcp.SpeaksStateless(r) {
		return false
	}
	f.note("the server does not speak "+mcp.Stateless+"; trying the wire with a handshake", "MCP 2026-07-28, transports, backward compatibility")
	return true
}

func (f *Call) called(ev Event) []Effect {
	r := ev.(Response).Response
	if effects := f.otherVersion(r); effects != nil {
		return effects
	}
	if effects := f.interruptedStream(r); effects != nil {
		return effects
	}
	reply, effects := f.read(r, f.ID)
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
	f.heard(r.Header, ofResource)
	reply, fault := mcp.ReadReply(r, id)
	if fault != "" {
		return reply, f.violated("the JSON-RPC reply to our request", fault, "JSON-RPC 2.0 section 5", "")
	}
	return reply, nil
}
