// RFC 8414: what the server says of itself. It announces what is served and
// nothing else.
package authserver

import "mcp-auth/core/oauth"

// Metadata is the document of this server.
func (s *Server) Metadata() oauth.ServerMetadata {
	at := func(path string) string { return s.cfg.Issuer + path }
	methods := []string{oauth.AuthNone, oauth.AuthBasic, oauth.AuthPost}
	return oauth.ServerMetadata{
		Issuer:                            s.cfg.Issuer,
		AuthorizationEndpoint:             at(AuthorizePath),
		TokenEndpoint:                     at(TokenPath),
		RegistrationEndpoint:              at(RegisterPath),
		DeviceAuthorizationEndpoint:       at(DevicePath),
		RevocationEndpoint:                at(RevokePath),
		IntrospectionEndpoint:             at(IntrospectPath),
		ScopesSupported:                   []string{oauth.ScopeRead, oauth.ScopeWrite, oauth.ScopeAdmin},
		ResponseTypesSupported:            []string{"code"},
		ResponseModesSupported:            []string{"query"},
		GrantTypesSupported:               []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken, oauth.GrantClientCredentials, oauth.GrantDeviceCode},
		TokenEndpointAuthMethodsSupported: methods,
		RevocationAuthMethodsSupported:    methods,
		IntrospectionAuthMethodsSupported: methods[1:],
		CodeChallengeMethodsSupported:     []string{oauth.S256},
		AuthorizationResponseIssSupported: true,
		ServiceDocumentation:              s.origin + "/docs",
		ResourceIndicatorsSupported:       true,
	}
}
