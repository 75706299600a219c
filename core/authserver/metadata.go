// RFC 8414: what the server says of itself. It announces what is served and
// nothing else.
package authserver

import (
	"slices"

	"mcp-auth/core/exchange"
	"mcp-auth/core/oauth"
)

// Metadata is the document of this server.
func (s *Server) Metadata() oauth.ServerMetadata {
	at := func(path string) string { return s.cfg.Issuer + path }
	methods := s.cfg.TokenAuthMethods
	m := oauth.ServerMetadata{
		Issuer:                             s.cfg.Issuer,
		AuthorizationEndpoint:              at(AuthorizePath),
		TokenEndpoint:                      at(TokenPath),
		PushedAuthorizationRequestEndpoint: at(PushPath),
		RequirePushedAuthorizationRequests: s.cfg.RequirePushed,
		RegistrationEndpoint:               at(RegisterPath),
		RevocationEndpoint:                 at(RevokePath),
		ScopesSupported:                    []string{oauth.ScopeRead, oauth.ScopeWrite, oauth.ScopeAdmin},
		ResponseTypesSupported:             []string{"code"},
		ResponseModesSupported:             []string{"query"},
		GrantTypesSupported:                s.grants,
		TokenEndpointAuthMethodsSupported:  methods,
		RevocationAuthMethodsSupported:     methods,
		CodeChallengeMethodsSupported:      []string{oauth.S256},
		AuthorizationResponseIssSupported:  true,
		ClientIDMetadataDocumentSupported:  s.cfg.Documents != nil,
		ServiceDocumentation:               s.origin + "/docs",
		ResourceIndicatorsSupported:        true,
	}
	if s.ring != nil {
		m.JWKSURI = at(JWKSPath)
	}
	if s.cfg.DPoP != DPoPOff {
		m.DPoPSigningAlgsSupported = s.cfg.Algorithms
	}
	if slices.ContainsFunc(s.cfg.Trusted, func(t Trusted) bool { return t.Users }) {
		m.AuthorizationGrantProfiles = []string{exchange.ProfileIDJAG}
	}
	if s.serves(oauth.AuthKey) {
		m.TokenAuthSigningAlgsSupported, m.RevocationAuthSigningAlgs, m.IntrospectionAuthSigningAlgs = s.cfg.Algorithms, s.cfg.Algorithms, s.cfg.Algorithms
	}
	if s.cfg.Compat != "" {
		m.MCPCompatibility = []string{s.cfg.Compat}
	}
	if slices.Contains(m.GrantTypesSupported, oauth.GrantDeviceCode) {
		m.DeviceAuthorizationEndpoint = at(DevicePath)
	}
	if m.IntrospectionAuthMethodsSupported = s.secretMethods(); len(m.IntrospectionAuthMethodsSupported) > 0 {
		m.IntrospectionEndpoint = at(IntrospectPath)
	}
	return m
}
