// The client's own site: where it publishes the metadata document whose URL is
// its identifier (draft-ietf-oauth-client-id-metadata-document).
package stage

import (
	"mcp-auth/core/authserver"
	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/trace"
)

// document is the client's identifier, and where its document lies.
const document = "https://client.example/mcp-client.json"

// site answers the authorization server's fetches, and records them.
type site struct{ stage *Stage }

// Fetch implements authserver.Fetcher.
func (x site) Fetch(r authserver.DocumentRequest) (message.Response, error) {
	s := x.stage
	q := message.Get(r.URL)
	s.add(trace.Event{Kind: trace.KindRequest, Step: "document", From: trace.AuthorizationServer, To: trace.ClientSite, Request: &q})
	a := message.JSON(404, []byte(`{}`))
	if r.URL == document {
		a = message.JSON(200, exchange.ClientDocument(document, oauth.ClientMetadata{ClientName: "Flow visualizer", RedirectURIs: []string{redirect},
			GrantTypes: []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken, oauth.GrantDeviceCode}, ResponseTypes: []string{"code"}, TokenEndpointAuthMethod: oauth.AuthNone}))
	}
	a = s.fault.Reply("document", a)
	s.add(trace.Event{Kind: trace.KindResponse, Step: "document", From: trace.ClientSite, To: trace.AuthorizationServer, Response: &a})
	return a, nil
}
