// The handshake's wire of a call: initialize, initialized, and the session
// that may come of it (MCP lifecycle; transports, session management).
package flow

import (
	"slices"

	"mcp-auth/core/exchange"
	"mcp-auth/core/mcp"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// handshake begins the older wire.
func (f *Call) handshake() []Effect {
	f.Spoken = ""
	version := f.Protocol
	if !slices.Contains(mcp.Handshake, version) {
		version = mcp.Newest
	}
	params := mcp.InitializeParams(version, clientName, clientVersion)
	if f.Method == "initialize" {
		if len(f.Params.Members()) > 0 {
			params = f.Params
		}
		return f.post(Calling, f.ID, f.Method, params)
	}
	return f.post(Initializing, handshakeID, "initialize", params)
}

// post sends a message on the handshake's wire.
func (f *Call) post(to State, id message.Value, method string, params message.Value) []Effect {
	return f.exchange(to, id, f.withSession(f.authorized(mcp.Request(f.ResourceURL, id, method, params))))
}

// withSession adds what the handshake left.
func (f *Call) withSession(r message.Request) message.Request {
	if f.Spoken != "" {
		r.Header = r.Header.With(mcp.VersionHeader, f.Spoken)
	}
	if f.session != "" {
		r.Header = r.Header.With("Mcp-Session-Id", f.session)
	}
	return r
}

func (f *Call) initialized(ev Event) []Effect {
	r := ev.(Response).Response
	if f.movedOn(r) {
		f.Last = ""
		f.note("the server does not speak "+mcp.Newest+" any more; trying "+mcp.Stateless, "MCP 2026-07-28, transports, backward compatibility")
		return f.first()
	}
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
	f.Spoken = version
	switch s := r.Header.Get("Mcp-Session-Id"); {
	case !sendable(s):
		return f.violated("an Mcp-Session-Id of visible ASCII", "one with other characters", "MCP transports, session management", "the server must mend it: it wants to have it back with every request")
	case len(s) > longestSession:
		f.note("the Mcp-Session-Id is longer than "+message.Decimal(longestSession)+" characters and is not sent back", "MCP transports, session management")
	default:
		f.session = s
	}
	return f.post(Announcing, message.Value{}, "notifications/initialized", message.Value{})
}

// movedOn reports whether a server that spoke the older wire last has no
// initialize now, or names the stateless wire instead.
func (f *Call) movedOn(r message.Response) bool {
	return f.remembered() && f.stateless() && (r.Status == 404 && mcp.UnknownMethod(r) || slices.Contains(mcp.SupportedVersions(r), mcp.Stateless))
}

// longestSession is how long a session's name may be, in bytes.
const longestSession = 1024

// sendable keeps control characters out of a header we echo.
func sendable(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < 0x21 || s[i] > 0x7e {
			return false
		}
	}
	return true
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

// again sends the last request once more, with a new proof.
func (f *Call) again() []Effect {
	s := f.sent
	if f.Bound {
		s.Request.Header = slices.DeleteFunc(slices.Clone(s.Request.Header), func(h message.Field) bool { return h.Name == "DPoP" })
		s.Request = f.prove(s.Request, ofResource, f.Token, f.now)
	}
	return []Effect{s}
}

// refusedStatus ends the flow on a status that says nothing of OAuth.
func (f *Call) refusedStatus(r message.Response) []Effect {
	hint := ""
	if first := f.beforehand(); first != "" {
		hint = "that was the answer to " + first + ", which goes before " + message.PrintableLine(f.Method)
	}
	if _, known, why := exchange.ReadBearerChallenge(r.Header); r.Status == 403 && !known && r.Header.Count("WWW-Authenticate") > 0 {
		hint = "the challenge that came with it is not used: " + why
	}
	if r.Status >= 300 && r.Status <= 399 {
		hint = "redirects are not followed, since the token would go along; give the URL that it leads to" + leads(": ", f.ResourceURL, r)
	}
	return f.fail(&Refusal{Step: stepMCP, URL: f.ResourceURL, Status: r.Status, Hint: hint,
		Err: &oauth.Error{Code: "http_" + message.Decimal(int64(r.Status)), Description: snippet(r.Body), Status: r.Status, RetryAfter: exchange.RetryAfter(r)}})
}

// beforehand is the message under way that was not asked for, but must come
// before what was; "" for the call itself.
func (f *Call) beforehand() string {
	switch f.state {
	case Initializing:
		return "initialize"
	case Announcing:
		return "notifications/initialized"
	case Listing:
		return "tools/list"
	}
	return ""
}

func snippet(b []byte) string {
	return message.PrintableLine(string(b[:min(len(b), 300)]))
}

// unauthorized reads the challenge (RFC 6750 section 3.1). A 403 that says
// nothing of a token may come from anything in between.
func (f *Call) unauthorized(r message.Response) []Effect {
	if f.heard(r.Header, ofResource) && f.Bound && !f.resent && r.Status == 401 {
		f.resent = true
		f.note("the resource wants its nonce in the proof; sending the request again", "RFC 9449 section 9")
		return f.again()
	}
	c, known, why := exchange.ReadBearerChallenge(r.Header)
	e := &oauth.Error{Code: c.Error, Description: c.Description, Scope: c.Scope, Status: r.Status}
	hint := "Run login again."
	switch {
	case c.Error == oauth.InsufficientScope:
		hint = "log in again with more --scope; the challenge does not say which"
		if c.Scope != "" { // what it had stays asked for (MCP authorization, scope challenge handling)
			hint = "log in again with --scope '" + message.PrintableLine(union(f.Scope, c.Scope)) + "'"
		}
	case e.Code == "" && r.Status == 403:
		return f.refusedStatus(r)
	case e.Code == "":
		e.Code = oauth.InvalidToken
		if f.Token != "" && r.Header.Count("WWW-Authenticate") == 0 {
			e.Description = "that is a guess, since the answer has no WWW-Authenticate, which a 401 must have (RFC 9110 section 15.5.2)"
		} else if f.Token != "" && !known {
			e.Description = "that is a guess, since the challenge is not used: " + why
		} else if f.Token != "" {
			e.Description = "that is a guess, since the challenge names no error (RFC 6750 section 3.1)"
		}
	}
	return f.fail(&Refusal{Step: stepMCP, URL: f.ResourceURL, Status: r.Status, Err: e, Hint: hint, Challenge: c, Challenged: known || r.Status == 401})
}
