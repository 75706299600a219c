// RFC 8414 and RFC 9728: where metadata documents lie, and what they say.
package exchange

import (
	"strings"

	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// Well-known path prefixes.
const (
	WellKnownServer   = "/.well-known/oauth-authorization-server" // RFC 8414 section 3
	WellKnownOpenID   = "/.well-known/openid-configuration"       // OpenID Connect Discovery section 4
	WellKnownResource = "/.well-known/oauth-protected-resource"   // RFC 9728 section 3
)

// A Candidate is one place where a document may lie, and the rule that says so.
type Candidate struct{ URL, Rule string }

// ServerMetadataURLs lists where the metadata of an issuer may lie, in the
// order MCP asks for. Bytes of the issuer are kept as they are.
func ServerMetadataURLs(issuer string) []Candidate {
	origin, path := splitOrigin(issuer)
	path = strings.TrimSuffix(path, "/")
	all := []Candidate{{origin + WellKnownServer + path, "RFC 8414 section 3.1"}}
	if path == "" {
		return append(all, Candidate{origin + WellKnownOpenID, "OpenID Connect Discovery section 4"})
	}
	return append(all,
		Candidate{origin + WellKnownOpenID + path, "RFC 8414 section 5"},
		Candidate{origin + path + WellKnownOpenID, "OpenID Connect Discovery section 4"})
}

// ResourceMetadataURLs lists where the metadata of a resource may lie.
func ResourceMetadataURLs(resource string) []Candidate {
	const rule = "RFC 9728 section 3.1"
	origin, path := splitOrigin(resource)
	root := Candidate{origin + WellKnownResource, rule + ", root"}
	if path == "" || path == "/" {
		return []Candidate{root}
	}
	return []Candidate{{origin + WellKnownResource + path, rule + ", path inserted"}, root}
}

func splitOrigin(url string) (origin, rest string) {
	i := strings.Index(url, "://")
	if i < 0 {
		return "", url
	}
	if j := strings.IndexAny(url[i+3:], "/?"); j >= 0 {
		return url[:i+3+j], url[i+3+j:]
	}
	return url, ""
}

// ServerMetadataReply is the document of an authorization server.
func ServerMetadataReply(s oauth.ServerMetadata) message.Response {
	var m members
	m.text("issuer", s.Issuer)
	m.text("authorization_endpoint", s.AuthorizationEndpoint)
	m.text("token_endpoint", s.TokenEndpoint)
	m.text("registration_endpoint", s.RegistrationEndpoint)
	m.text("device_authorization_endpoint", s.DeviceAuthorizationEndpoint)
	m.text("revocation_endpoint", s.RevocationEndpoint)
	m.text("introspection_endpoint", s.IntrospectionEndpoint)
	m.text("pushed_authorization_request_endpoint", s.PushedAuthorizationRequestEndpoint)
	m.truth("require_pushed_authorization_requests", s.RequirePushedAuthorizationRequests)
	m.text("jwks_uri", s.JWKSURI)
	m.texts("scopes_supported", s.ScopesSupported)
	m.texts("response_types_supported", s.ResponseTypesSupported)
	m.texts("response_modes_supported", s.ResponseModesSupported)
	m.texts("grant_types_supported", s.GrantTypesSupported)
	m.texts("token_endpoint_auth_methods_supported", s.TokenEndpointAuthMethodsSupported)
	m.texts("token_endpoint_auth_signing_alg_values_supported", s.TokenAuthSigningAlgsSupported)
	m.texts("revocation_endpoint_auth_methods_supported", s.RevocationAuthMethodsSupported)
	m.texts("revocation_endpoint_auth_signing_alg_values_supported", s.RevocationAuthSigningAlgs)
	m.texts("introspection_endpoint_auth_methods_supported", s.IntrospectionAuthMethodsSupported)
	m.texts("introspection_endpoint_auth_signing_alg_values_supported", s.IntrospectionAuthSigningAlgs)
	m.texts("authorization_grant_profiles_supported", s.AuthorizationGrantProfiles)
	m.texts("dpop_signing_alg_values_supported", s.DPoPSigningAlgsSupported)
	m.texts("code_challenge_methods_supported", s.CodeChallengeMethodsSupported)
	m.truth("authorization_response_iss_parameter_supported", s.AuthorizationResponseIssSupported)
	m.truth("client_id_metadata_document_supported", s.ClientIDMetadataDocumentSupported)
	m.text("service_documentation", s.ServiceDocumentation)
	m.truth("resource_indicators_supported", s.ResourceIndicatorsSupported)
	m.texts("mcp_compatibility", s.MCPCompatibility)
	m.texts("subject_types_supported", s.SubjectTypesSupported)
	m.texts("id_token_signing_alg_values_supported", s.IDTokenSigningAlgValuesSupported)
	return public(m)
}

// public is a document that anybody may read from any page.
func public(m members) message.Response {
	return message.Response{Status: 200, Body: m.encode(), Header: message.Header{
		{Name: "Content-Type", Value: message.JSONType}, {Name: "Cache-Control", Value: "no-store"},
		{Name: "X-Content-Type-Options", Value: "nosniff"}}}
}

// ReadServerMetadata reads a document. It does not compare the issuer: only
// the flow knows which one it asked for. Errors are *ShapeError.
func ReadServerMetadata(m message.Response) (oauth.ServerMetadata, error) {
	const cite = "RFC 8414 section 2"
	v, err := document(m, cite)
	if err != nil {
		return oauth.ServerMetadata{}, err
	}
	o := &object{value: v}
	s := oauth.ServerMetadata{
		Issuer:                             o.text("issuer"),
		AuthorizationEndpoint:              o.text("authorization_endpoint"),
		TokenEndpoint:                      o.text("token_endpoint"),
		RegistrationEndpoint:               o.text("registration_endpoint"),
		DeviceAuthorizationEndpoint:        o.text("device_authorization_endpoint"),
		RevocationEndpoint:                 o.text("revocation_endpoint"),
		IntrospectionEndpoint:              o.text("introspection_endpoint"),
		JWKSURI:                            o.text("jwks_uri"),
		PushedAuthorizationRequestEndpoint: o.text("pushed_authorization_request_endpoint"),
		RequirePushedAuthorizationRequests: o.truth("require_pushed_authorization_requests"),
		ScopesSupported:                    o.texts("scopes_supported"),
		ResponseTypesSupported:             o.texts("response_types_supported"),
		ResponseModesSupported:             o.texts("response_modes_supported"),
		GrantTypesSupported:                o.texts("grant_types_supported"),
		TokenEndpointAuthMethodsSupported:  o.texts("token_endpoint_auth_methods_supported"),
		TokenAuthSigningAlgsSupported:      o.texts("token_endpoint_auth_signing_alg_values_supported"),
		RevocationAuthMethodsSupported:     o.texts("revocation_endpoint_auth_methods_supported"),
		RevocationAuthSigningAlgs:          o.texts("revocation_endpoint_auth_signing_alg_values_supported"),
		IntrospectionAuthSigningAlgs:       o.texts("introspection_endpoint_auth_signing_alg_values_supported"),
		IntrospectionAuthMethodsSupported:  o.texts("introspection_endpoint_auth_methods_supported"),
		AuthorizationGrantProfiles:         o.texts("authorization_grant_profiles_supported"),
		DPoPSigningAlgsSupported:           o.texts("dpop_signing_alg_values_supported"),
		CodeChallengeMethodsSupported:      o.texts("code_challenge_methods_supported"),
		AuthorizationResponseIssSupported:  o.truth("authorization_response_iss_parameter_supported"),
		ClientIDMetadataDocumentSupported:  o.truth("client_id_metadata_document_supported"),
		ServiceDocumentation:               o.text("service_documentation"),
		ResourceIndicatorsSupported:        o.truth("resource_indicators_supported"),
		MCPCompatibility:                   o.texts("mcp_compatibility"),
		SubjectTypesSupported:              o.texts("subject_types_supported"),
		IDTokenSigningAlgValuesSupported:   o.texts("id_token_signing_alg_values_supported"),
	}
	if o.fault == "" && s.Issuer == "" {
		o.fault = "issuer is missing"
	}
	if o.fault != "" {
		return oauth.ServerMetadata{}, &ShapeError{"authorization server metadata", o.fault, cite}
	}
	return s, nil
}

// ResourceMetadataReply is the document of a protected resource.
func ResourceMetadataReply(r oauth.ResourceMetadata) message.Response {
	var m members
	m.text("resource", r.Resource)
	m.text("resource_name", r.ResourceName)
	m.texts("authorization_servers", r.AuthorizationServers)
	m.texts("scopes_supported", r.ScopesSupported)
	m.texts("bearer_methods_supported", r.BearerMethodsSupported)
	m.texts("dpop_signing_alg_values_supported", r.DPoPSigningAlgs)
	m.truth("dpop_bound_access_tokens_required", r.DPoPRequired)
	m.text("resource_documentation", r.ResourceDocumentation)
	return public(m)
}

// ReadResourceMetadata reads a document. It does not compare the resource:
// only the flow knows which one it asked for. Errors are *ShapeError.
func ReadResourceMetadata(m message.Response) (oauth.ResourceMetadata, error) {
	const cite = "RFC 9728 section 2"
	v, err := document(m, cite)
	if err != nil {
		return oauth.ResourceMetadata{}, err
	}
	o := &object{value: v}
	r := oauth.ResourceMetadata{
		Resource:               o.text("resource"),
		AuthorizationServers:   o.texts("authorization_servers"),
		ScopesSupported:        o.texts("scopes_supported"),
		BearerMethodsSupported: o.texts("bearer_methods_supported"),
		DPoPSigningAlgs:        o.texts("dpop_signing_alg_values_supported"),
		DPoPRequired:           o.truth("dpop_bound_access_tokens_required"),
		ResourceName:           o.text("resource_name"),
		ResourceDocumentation:  o.text("resource_documentation"),
	}
	if o.fault == "" && r.Resource == "" {
		o.fault = "resource is missing"
	}
	if o.fault != "" {
		return oauth.ResourceMetadata{}, &ShapeError{"protected resource metadata", o.fault, cite}
	}
	return r, nil
}

func document(m message.Response, cite string) (message.Value, error) {
	if m.Status != 200 {
		return message.Value{}, readStatus(m, cite)
	}
	return readJSON(m, cite)
}
