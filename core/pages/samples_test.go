// The pages as people meet them: what the other tests of this package walk
// over, and what the golden files show.
package pages_test

import (
	"mcp-auth/core/message"
	"mcp-auth/core/pages"
)

type sample struct {
	name  string
	reply message.Response
}

const (
	issuer   = "http://127.0.0.1:8765"
	resource = issuer + "/mcp/oauth"
)

var consent = pages.Consent{
	ClientName: "MCP auth CLI", ClientID: "V_69FtfEMto3XflhRNtYcfWp", Registered: true, Resource: resource,
	Scopes: []string{"mcp:read"}, RedirectURI: "http://127.0.0.1:51004/callback", Transaction: "pVisftzledrrzXYvGtrCkwAA",
	Action: "/oauth/authorize/consent", Issuer: issuer, Minutes: 10,
}

var confirm = pages.DeviceConfirm{
	ClientName: "Terminal on the build machine", ClientID: "FDmsd5yPTQcFo4gG7Rzqp51x", Registered: true, Resource: resource,
	Scopes: []string{"mcp:read", "mcp:write"}, UserCode: "KVHK-HQZT", Transaction: "pVisftzledrrzXYvGtrCkwAA",
	Action: "/oauth/device/verify/consent", Minutes: 14,
}

var routes = []pages.RouteDoc{
	{Group: "MCP resources", Method: "POST", Path: "/mcp/oauth", Summary: "MCP behind the authorization server", Details: "JSON-RPC; tools need mcp:read, mcp:write or mcp:admin"},
	{Group: "MCP resources", Method: "POST", Path: "/mcp/bearer-token", Summary: "MCP behind a static bearer token"},
	{Group: "Discovery", Method: "GET", Path: "/.well-known/oauth-protected-resource/mcp/oauth", Summary: "Metadata of /mcp/oauth, path inserted", Details: "RFC 9728 section 3.1"},
}

var seeds = []pages.Seed{
	{ID: "dev-public-client", Grants: "authorization_code refresh_token device_code", Scope: "mcp:read mcp:write"},
	{ID: "dev-confidential-client", Secret: "dev-confidential-secret", Grants: "client_credentials", Scope: "mcp:read mcp:write"},
	{ID: "dev-key-client", Key: `{"kty":"OKP","crv":"Ed25519","kid":"dev","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`, Grants: "client_credentials", Scope: "mcp:read"},
}

func samples() []sample {
	admin := consent
	admin.ClientName, admin.ClientID, admin.Registered = "Dev admin", "dev-web-client", false
	admin.Scopes = []string{"mcp:read", "mcp:write", "mcp:admin"}
	admin.RedirectURI = "https://a-rather-long-application-name.staging.example.com/oauth/callback/with/a/long/path?tenant=1234567890-abcdefghijklmnopqrstuvwxyz"
	app := consent
	app.ClientName, app.RedirectURI = "", "com.example.app:/callback"
	document := consent
	document.ClientName, document.ClientID, document.Registered, document.Document, document.LocalOnly = "Desk", "https://desk.example/client.json", false, true, true
	hosted := document
	hosted.LocalOnly, hosted.RedirectURI = false, "https://desk.example/callback"
	described := confirm
	described.ClientName, described.ClientID, described.Registered, described.Document = "Desk", "https://desk.example/client.json", false, true
	return []sample{
		{"consent", pages.ConsentPage(consent)},
		{"consent_document", pages.ConsentPage(document)},
		{"consent_document_hosted", pages.ConsentPage(hosted)},
		{"consent_admin", pages.ConsentPage(admin)},
		{"consent_app", pages.ConsentPage(app)},
		{"device_entry", pages.DeviceEntryPage(pages.DeviceEntry{Action: "/oauth/device/verify"})},
		{"device_entry_again", pages.DeviceEntryPage(pages.DeviceEntry{Action: "/oauth/device/verify", UserCode: "kvhk-hqzz", Trouble: "No device is waiting with this code. Codes work once and for a limited time; check it, or start again on the device."})},
		{"device_confirm", pages.DeviceConfirmPage(confirm)},
		{"device_confirm_document", pages.DeviceConfirmPage(described)},
		{"device_approved", pages.DeviceOutcomePage(true)},
		{"device_denied", pages.DeviceOutcomePage(false)},
		{"error", pages.ErrorPage(400, "The redirect URI is not registered", "The application asked for an answer at a place it has not registered.", "Tell its authors; nothing was granted.")},
		{"callback_good", pages.CallbackPage(pages.CallbackOutcome{Status: 200, Title: "The server has answered", Text: "Return to the terminal: it finishes the login."})},
		{"callback_denied", pages.CallbackPage(pages.CallbackOutcome{Status: 400, Title: "Access was denied", Text: "The server said: access_denied: the user said no.", Ended: true})},
		{"callback_strange", pages.CallbackPage(pages.CallbackOutcome{Status: 400, Title: "This answer is not for this login", Text: "Its state is not the one this login sent."})},
		{"inspector", pages.InspectorPage(message.Form{{Name: "code", Value: "z3fCqkRtT9f2bYtVfPzvY6mQ4l0m8rWcD1sXk5uHn3A"}, {Name: "state", Value: "xyz"}, {Name: "iss", Value: issuer}}, false)},
		{"inspector_empty", pages.InspectorPage(nil, false)},
		{"inspector_malformed", pages.InspectorPage(nil, true)},
		{"docs", pages.DocsPage(issuer, "0.1.0", routes)},
		{"home_sandbox", pages.HomePage(pages.Home{Issuer: issuer + "/tenant/k3v7q2mzt5wxa4bd", Version: "0.1.0", Metadata: issuer + "/.well-known/oauth-authorization-server/tenant/k3v7q2mzt5wxa4bd", Seeds: seeds, Ends: "2026-11-24 13:00:00 UTC"})},
		{"home_with_sandboxes", pages.HomePage(pages.Home{Issuer: issuer, Version: "0.1.0", Metadata: issuer + "/.well-known/oauth-authorization-server", Sandboxes: true})},
		{"home", pages.HomePage(pages.Home{Issuer: issuer, Version: "0.1.0", Metadata: issuer + "/.well-known/oauth-authorization-server", Seeds: seeds, Tenants: []string{issuer + "/tenant/acme"}})},
	}
}
