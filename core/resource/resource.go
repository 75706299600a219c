// Package resource is a protected MCP resource: the bearer check, the
// challenges, and the tools behind them (RFC 6750, RFC 9728).
package resource

import (
	"errors"
	"strings"
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/mcp"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// Access is what a token lets its bearer do.
type Access struct {
	Subject   string
	ClientID  string
	Scope     string
	ExpiresAt time.Time // zero: never
}

// A Checker finds what a token stands for at a resource. The error is an
// *oauth.Error.
type Checker interface {
	Check(now time.Time, m message.Request, c exchange.Credentials, resource string) (Access, error)
}

// A Resource is one MCP endpoint behind tokens.
type Resource struct {
	Identifier   string // RFC 8707; the audience of its tokens
	MetadataURL  string // RFC 9728 section 3.1
	DefaultScope string // what a challenge without a token asks for
	Tokens       Checker
	DPoP         bool     // tokens may be bound to keys (RFC 9449)
	DPoPOnly     bool     // and must be
	Algorithms   []string // of the proofs
	MCP          mcp.Server
}

// Serve serves POST on the endpoint.
func (r *Resource) Serve(now time.Time, m message.Request) message.Response {
	access, err := r.admit(now, m)
	if err != nil {
		return r.refuse(m, err)
	}
	if m.Header.Count("Content-Type") != 1 || message.MediaType(m.Header.Get("Content-Type")) != message.JSONType {
		e := &mcp.Error{Status: 415, Code: mcp.InvalidRequest, Text: "Content-Type must be " + message.JSONType}
		return e.Reply()
	}
	if bad := mcp.CheckAccept(m.Header); bad != nil {
		return bad.Reply()
	}
	msg, bad := mcp.Read(m.Body)
	if bad != nil {
		return bad.Reply()
	}
	if bad = r.MCP.Check(msg, m.Header); bad != nil {
		return bad.Reply()
	}
	needed := r.MCP.Needs(msg)
	if needed == "" {
		needed = r.DefaultScope
	}
	if !oauth.Grants(access.Scope, needed) {
		return r.refuse(m, &oauth.Error{Code: oauth.InsufficientScope, Scope: needed, Description: "the access token does not cover what this call needs"})
	}
	call := mcp.Call{Now: now, Subject: access.Subject, ClientID: access.ClientID, Scope: access.Scope,
		Audience: r.Identifier, ExpiresAt: access.ExpiresAt}
	return r.MCP.Answer(call, msg, m.Header)
}

// Admit judges a request that the host will answer: the token and the scope of
// the resource, whatever the method. Pass names subject and client.
func (r *Resource) Admit(now time.Time, m message.Request) message.Response {
	access, err := r.admit(now, m)
	if err != nil {
		return r.refuse(m, err)
	}
	if !oauth.Grants(access.Scope, r.DefaultScope) {
		return r.refuse(m, &oauth.Error{Code: oauth.InsufficientScope, Scope: r.DefaultScope, Description: "the access token does not cover what this resource needs"})
	}
	return message.Response{Pass: access.Subject + " " + access.ClientID, Note: "answered by the conformance fixtures"}
}

// errNoToken says that no credentials came: the challenge goes out without an
// error (RFC 6750 section 3.1).
var errNoToken = errors.New("no access token was sent")

func (r *Resource) admit(now time.Time, m message.Request) (Access, error) {
	c, err := exchange.ReadCredentials(m.Header, r.DPoP)
	if err != nil {
		return Access{}, err
	}
	if c.Token == "" {
		return Access{}, errNoToken
	}
	return r.Tokens.Check(now, m, c, r.Identifier)
}

// refuse writes the challenge (RFC 6750 section 3), in the scheme that was
// tried (RFC 9449 section 7.1).
func (r *Resource) refuse(m message.Request, err error) message.Response {
	tried, _ := exchange.ReadCredentials(m.Header, r.DPoP)
	c := exchange.BearerChallenge{DPoP: r.DPoPOnly || tried.DPoP, Algorithms: strings.Join(r.Algorithms, " "), ResourceMetadata: r.MetadataURL, Scope: r.DefaultScope}
	var e *oauth.Error
	if !errors.As(err, &e) {
		text := `{"error":"unauthorized","error_description":"send Authorization: Bearer and an access token; WWW-Authenticate says where to get one"}`
		if r.DPoPOnly {
			text = `{"error":"unauthorized","error_description":"send Authorization: DPoP, an access token, and a proof of its key; WWW-Authenticate says where to get one"}`
		}
		reply := message.JSON(401, []byte(text))
		reply.Note = err.Error()
		reply.Header = reply.Header.With("WWW-Authenticate", c.String())
		return reply
	}
	reply := exchange.ErrorReply(e, false)
	if e.Code == oauth.TemporarilyUnavailable {
		return reply
	}
	c.Error, c.Description = e.Code, e.Description
	if e.Bound {
		c.DPoP, reply.Status = true, 401 // RFC 9449 sections 7.1 and 9
	}
	if e.Scope != "" {
		c.Scope = e.Scope
	}
	reply.Header = reply.Header.With("WWW-Authenticate", c.String())
	return reply
}
