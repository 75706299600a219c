// The one route table. The router, the page, /docs, /openapi.json and the
// tests read it.
package server

import (
	"time"

	"mcp-auth/core/authserver"
	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
)

// Body limits, in bytes.
const (
	formLimit = 64 << 10
	mcpLimit  = 1 << 20
)

// An audience says which pages of other origins may call a route.
type audience uint8

const (
	nobody   audience = iota // no CORS; a foreign Origin is not looked at
	everyone                 // public documents: any origin may read
	listed                   // configured origins may call; others get no CORS headers
	guarded                  // configured origins may call; any other Origin is refused
)

// A Route is one place with one method.
type Route struct {
	Group   string
	Method  string
	Path    string
	Summary string
	Details string
	Body    string // media type of the request body; empty: none
	Fields  string // its members or the query's, a * after the REQUIRED ones
	Reply   string // media type of the successful answer
	Limit   int    // of the request body, in bytes; hosts read one more to tell that there was more

	who  audience
	hook bool // exists only when the mint hook is on
	do   func(*Server, time.Time, message.Request) message.Response
}

const (
	groupMCP       = "MCP resources"
	groupOAuth     = "Authorization server"
	groupDiscovery = "Discovery"
	groupTest      = "Test hooks"
	groupAbout     = "About"
	groupFallback  = "Fallbacks of MCP 2025-03-26"
	groupTenants   = "Tenants"
)

const (
	typeForm = message.FormType
	typeJSON = message.JSONType
	typeHTML = "text/html"
)

var routes = []Route{
	{groupMCP, "POST", OAuthPath, "MCP behind the authorization server", "JSON-RPC; tools need mcp:read, mcp:write or mcp:admin", typeJSON, "jsonrpc* id method* params", typeJSON, mcpLimit, guarded, false, (*Server).oauthResource},
	{groupMCP, "POST", BearerPath, "MCP behind a static bearer token", "the configured token or a minted one", typeJSON, "jsonrpc* id method* params", typeJSON, mcpLimit, guarded, false, (*Server).bearerResource},

	{groupOAuth, "GET", authserver.AuthorizePath, "Authorization endpoint: asks the user for consent", "RFC 6749 section 4.1.1, PKCE S256 only, resource required", "", "response_type* client_id* redirect_uri state scope resource* code_challenge* code_challenge_method*", typeHTML, 0, nobody, false, as((*authserver.Server).Authorize)},
	{groupOAuth, "POST", authserver.AuthorizePath, "The same with the parameters in a form", "", typeForm, "response_type* client_id* redirect_uri state scope resource* code_challenge* code_challenge_method*", typeHTML, formLimit, nobody, false, as((*authserver.Server).Authorize)},
	{groupOAuth, "POST", authserver.ConsentPath, "The consent page's answer", "only from the page, in the browser that was shown it", typeForm, "transaction* decision*", "", formLimit, nobody, false, as((*authserver.Server).Decide)},
	{groupOAuth, "POST", authserver.PushPath, "Pushed authorization request endpoint", "RFC 9126: the parameters of the authorization endpoint, with client authentication", typeForm, "response_type* client_id* client_secret redirect_uri state scope resource* code_challenge* code_challenge_method*", typeJSON, formLimit, listed, false, as((*authserver.Server).Push)},
	{groupOAuth, "POST", authserver.TokenPath, "Token endpoint", "RFC 6749 section 3.2: authorization_code, refresh_token, client_credentials, device_code", typeForm, "grant_type* code redirect_uri code_verifier refresh_token device_code scope resource client_id client_secret", typeJSON, formLimit, listed, false, as((*authserver.Server).Token)},
	{groupOAuth, "POST", authserver.DevicePath, "Device authorization endpoint", "RFC 8628 section 3.1", typeForm, "client_id* scope resource", typeJSON, formLimit, listed, false, as((*authserver.Server).DeviceAuthorization)},
	{groupOAuth, "GET", authserver.DeviceVerifyPath, "Where the user enters the device's code", "RFC 8628 section 3.3", "", "user_code", typeHTML, 0, nobody, false, as((*authserver.Server).DeviceVerify)},
	{groupOAuth, "POST", authserver.DeviceDecisionPath, "The device page's answer", "only from the page, in the browser that was shown it", typeForm, "transaction* user_code decision*", typeHTML, formLimit, nobody, false, as((*authserver.Server).DecideDevice)},
	{groupOAuth, "POST", authserver.RegisterPath, "Dynamic client registration", "RFC 7591", typeJSON, "redirect_uris grant_types response_types token_endpoint_auth_method scope client_name application_type", typeJSON, formLimit, listed, false, as((*authserver.Server).Register)},
	{groupOAuth, "POST", authserver.RevokePath, "Token revocation", "RFC 7009", typeForm, "token* token_type_hint client_id client_secret", typeJSON, formLimit, listed, false, as((*authserver.Server).Revoke)},
	{groupOAuth, "POST", authserver.IntrospectPath, "Token introspection, for confidential clients", "RFC 7662", typeForm, "token* token_type_hint client_id client_secret", typeJSON, formLimit, nobody, false, as((*authserver.Server).Introspect)},

	{groupDiscovery, "GET", exchange.WellKnownResource, "Metadata of /mcp/oauth", "RFC 9728", "", "", typeJSON, 0, everyone, false, (*Server).oauthMetadata},
	{groupDiscovery, "GET", exchange.WellKnownResource + OAuthPath, "Metadata of /mcp/oauth, path inserted", "RFC 9728 section 3.1", "", "", typeJSON, 0, everyone, false, (*Server).oauthMetadata},
	{groupDiscovery, "GET", exchange.WellKnownResource + BearerPath, "Metadata of /mcp/bearer-token, path inserted", "RFC 9728 section 3.1", "", "", typeJSON, 0, everyone, false, (*Server).bearerMetadata},
	{groupDiscovery, "GET", exchange.WellKnownServer, "Metadata of the authorization server", "RFC 8414", "", "", typeJSON, 0, everyone, false, (*Server).serverMetadata},
	{groupDiscovery, "GET", exchange.WellKnownOpenID, "The same document where OpenID Connect clients look", "OpenID Connect Discovery section 4", "", "", typeJSON, 0, everyone, false, (*Server).serverMetadata},

	{groupTest, "POST", MintPath, "Mints a bearer token for /mcp/bearer-token", "prefixed static_; only while the hook is on", "", "", typeJSON, formLimit, guarded, true, (*Server).mint},

	{groupAbout, "GET", "/", "What this is, and what to type first", "", "", "", typeHTML, 0, nobody, false, (*Server).home},
	{groupAbout, "GET", "/about", "The same, where the flow visualizer is served at /", "", "", "", typeHTML, 0, nobody, false, (*Server).home},
	{groupAbout, "GET", "/health", "Alive, which version, which test hooks are on", "", "", "", typeJSON, 0, everyone, false, (*Server).health},
	{groupAbout, "GET", "/docs", "This list", "", "", "", typeHTML, 0, nobody, false, (*Server).docs},
	{groupAbout, "GET", "/docs/oauth-callback", "Shows the redirect it received", "a redirect_uri for clients without one", "", "code state iss error", typeHTML, 0, nobody, false, (*Server).inspector},
	{groupAbout, "GET", "/openapi.json", "This list as OpenAPI 3.1", "", "", "", typeJSON, 0, everyone, false, (*Server).openapi},
}

// fallbacks are where clients of MCP 2025-03-26 look when an origin has no
// metadata for them. They serve the root's authorization server.
var fallbacks = []Route{
	{groupFallback, "GET", "/authorize", "Authorization endpoint, where 2025-03-26 falls back to", "as /oauth/authorize", "", "response_type* client_id* redirect_uri state scope resource code_challenge* code_challenge_method*", typeHTML, 0, nobody, false, as((*authserver.Server).Authorize)},
	{groupFallback, "POST", "/token", "Token endpoint, likewise", "as /oauth/token", typeForm, "grant_type* code redirect_uri code_verifier refresh_token scope resource client_id client_secret", typeJSON, formLimit, listed, false, as((*authserver.Server).Token)},
	{groupFallback, "POST", "/register", "Dynamic client registration, likewise", "as /oauth/register", typeJSON, "redirect_uris grant_types response_types token_endpoint_auth_method scope client_name application_type", typeJSON, formLimit, listed, false, as((*authserver.Server).Register)},
}

// signed is where the keys are while access tokens are JWTs.
var signed = []Route{
	{groupDiscovery, "GET", authserver.JWKSPath, "Keys that verify access tokens", "RFC 7517 section 5, RFC 9068", "", "", typeJSON, 0, everyone, false, as((*authserver.Server).JWKS)},
}

// hosted are the routes of the conformance profile: both wires with sessions
// and streams, which the host serves once the core has admitted a request.
var hosted = []Route{
	{groupMCP, "POST", OpenPath, "MCP behind nothing, for the conformance suite", "its fixtures, both wires", typeJSON, "jsonrpc* id method* params", typeJSON, mcpLimit, guarded, false, (*Server).openResource},
	{groupMCP, "GET", OpenPath, "Its event stream, of a session", "2025-11-25 and before", "", "", "text/event-stream", 0, guarded, false, (*Server).openResource},
	{groupMCP, "DELETE", OpenPath, "Ends a session", "2025-11-25 and before", "", "", "", 0, guarded, false, (*Server).openResource},
	{groupMCP, "GET", OAuthPath, "Its event stream, of a session", "2025-11-25 and before", "", "", "text/event-stream", 0, guarded, false, (*Server).oauthResource},
	{groupMCP, "DELETE", OAuthPath, "Ends a session", "2025-11-25 and before", "", "", "", 0, guarded, false, (*Server).oauthResource},
	{groupMCP, "GET", BearerPath, "Its event stream, of a session", "2025-11-25 and before", "", "", "text/event-stream", 0, guarded, false, (*Server).bearerResource},
	{groupMCP, "DELETE", BearerPath, "Ends a session", "2025-11-25 and before", "", "", "", 0, guarded, false, (*Server).bearerResource},
}

// sandboxRoutes are there when sandboxes are on.
var sandboxRoutes = []Route{
	{groupTest, "POST", SandboxPath, "Opens a sandbox: an issuer of your own, for a while", "members are optional; lifetimes are in seconds", typeJSON, sandboxFields, typeJSON, formLimit, guarded, false, (*Server).sandbox},
}

// as lifts an endpoint of the authorization server into the table.
func as(do func(*authserver.Server, time.Time, message.Request) message.Response) func(*Server, time.Time, message.Request) message.Response {
	return func(s *Server, now time.Time, m message.Request) message.Response { return do(s.as, now, m) }
}

// Places of the resources and of the mint hook below the issuer.
const (
	OpenPath   = "/mcp" // of the conformance profile alone
	OAuthPath  = "/mcp/oauth"
	BearerPath = "/mcp/bearer-token"
	MintPath   = "/test-auth/bearer-token/mint"
)

// Routes returns what this server serves, in the order of the table: first the
// root's, then each tenant's with {tenant} where its name stands.
func (s *Server) Routes() []Route { return s.routes }
