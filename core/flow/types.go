// What goes into a flow, and what comes out.
package flow

import (
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/oauth"
)

type candidate = exchange.Candidate

// A Target is the resource, with what is known of it beforehand.
type Target struct {
	ResourceURL         string
	ResourceMetadataURL string // where its metadata lies; empty: ask it
	AuthorizationServer string // issuer, or a metadata URL with /.well-known/ in it; empty: as the resource says

	Challenge  exchange.BearerChallenge // what the resource said already
	Challenged bool                     // it did: it is not asked again
}

// A Client is who asks for tokens: given, or to be registered.
type Client struct {
	ID         string
	Secret     string
	AuthMethod string // empty: what the server announces and the client can do
	Document   string // URL of a client ID metadata document: the ID where the server takes such
	Register   bool   // register dynamically (RFC 7591) when there is no other ID
	Name       string // client_name to register; empty: mcp-auth
	Issuer     string // who registered ID: no other server is told of it; empty: the user says it fits
}

// A ServerFound is an authorization server of the resource.
type ServerFound struct {
	Issuer      string
	MetadataURL string
	Metadata    oauth.ServerMetadata
	Fallback    bool // no metadata was found: the default endpoints of MCP 2025-03-26
}

// Discovered is what discovery found.
type Discovered struct {
	Complete       bool
	Resource       oauth.ResourceMetadata
	ResourceID     string // to send as resource, byte for byte as published
	MetadataURL    string // of the resource
	Servers        []ServerFound
	Modes          []string // bearer, client-creds, device, auth-code
	Scopes         []string // scopes_supported of the resource, else of the servers
	ChallengeScope string
	Open           bool // the resource answered without a token
	DPoP           bool // it takes bound tokens alone (RFC 9449)
	Warnings       []string
}

// A Login is what a login flow ends with.
type Login struct {
	ResourceURL    string
	ResourceID     string
	Server         ServerFound
	Client         oauth.Registration
	AuthMethod     string // of the client at the token endpoint
	Token          oauth.Token
	At             time.Time // when the token came
	RequestedScope string
	RedirectURI    string
}

// Modes as the command line spells them.
const (
	ModeBearer      = "bearer"
	ModeClientCreds = "client-creds"
	ModeDevice      = "device"
	ModeAuthCode    = "auth-code"
	ModeWorkload    = "workload"
	ModeEnterprise  = "enterprise"
)

// clientAuth is how the client authenticates at this server.
func clientAuth(c Client, s oauth.ServerMetadata, key bool) exchange.ClientAuth {
	a := exchange.ClientAuth{Method: c.AuthMethod, ClientID: c.ID, ClientSecret: c.Secret}
	switch {
	case a.Method != "":
	case key && c.Secret == "":
		a.Method = oauth.AuthKey
	default:
		a.Method = authMethod(c.Secret != "", s.TokenEndpointAuthMethodsSupported)
	}
	return a
}

// authMethod picks what both sides can do. A server that announces nothing
// takes client_secret_basic (RFC 8414 section 2).
func authMethod(secret bool, announced []string) string {
	if !secret {
		return oauth.AuthNone
	}
	for _, m := range announced {
		if m == oauth.AuthBasic {
			return m
		}
	}
	for _, m := range announced {
		if m == oauth.AuthPost {
			return m
		}
	}
	return oauth.AuthBasic
}
