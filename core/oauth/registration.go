// RFC 7591: what a client says of itself and what registration answers.
package oauth

// ClientMetadata is what a client registers (RFC 7591 section 2).
type ClientMetadata struct {
	RedirectURIs            []string
	TokenEndpointAuthMethod string
	GrantTypes              []string
	ResponseTypes           []string
	ClientName              string
	ClientURI               string
	LogoURI                 string
	TosURI                  string
	PolicyURI               string
	JWKSURI                 string
	JWKS                    string // a JWK Set as JSON
	SectorIdentifierURI     string // OpenID Connect Registration section 5
	Scope                   string
	ApplicationType         string // OpenID Connect Registration section 2: native or web
	SoftwareID              string
	SoftwareVersion         string
	DPoPBound               bool // dpop_bound_access_tokens (RFC 9449 section 5.2)
}

// A Registration is the answer (RFC 7591 section 3.2.1), and equally a client
// that was given by hand: then only the id, secret and method are set.
type Registration struct {
	ClientMetadata
	ClientID         string
	ClientSecret     string
	ClientIDIssuedAt int64  // Unix seconds
	SecretExpiresAt  int64  // Unix seconds, 0: never
	Raw              []byte // the JSON as it came; nil when given by hand
}
