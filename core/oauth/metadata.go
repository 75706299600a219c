// RFC 8414 and RFC 9728: what an authorization server and a protected
// resource publish about themselves.
package oauth

// ServerMetadata is an authorization server's document (RFC 8414 section 2).
// Empty members are not sent.
type ServerMetadata struct {
	Issuer                             string // REQUIRED
	AuthorizationEndpoint              string // REQUIRED with the code grant
	TokenEndpoint                      string // REQUIRED
	RegistrationEndpoint               string // RFC 7591
	DeviceAuthorizationEndpoint        string // RFC 8628 section 4
	RevocationEndpoint                 string // RFC 7009
	PushedAuthorizationRequestEndpoint string // RFC 9126 section 5
	RequirePushedAuthorizationRequests bool   // RFC 9126 section 5
	IntrospectionEndpoint              string // RFC 7662
	JWKSURI                            string
	ScopesSupported                    []string // RECOMMENDED
	ResponseTypesSupported             []string // REQUIRED
	ResponseModesSupported             []string
	GrantTypesSupported                []string
	TokenEndpointAuthMethodsSupported  []string
	RevocationAuthMethodsSupported     []string
	IntrospectionAuthMethodsSupported  []string
	TokenAuthSigningAlgsSupported      []string // with private_key_jwt: REQUIRED
	RevocationAuthSigningAlgs          []string // likewise
	IntrospectionAuthSigningAlgs       []string // likewise
	DPoPSigningAlgsSupported           []string // RFC 9449 section 5.1
	AuthorizationGrantProfiles         []string // authorization_grant_profiles_supported
	CodeChallengeMethodsSupported      []string // MCP: REQUIRED
	AuthorizationResponseIssSupported  bool     // RFC 9207 section 3
	ClientIDMetadataDocumentSupported  bool
	ServiceDocumentation               string
	ResourceIndicatorsSupported        bool     // not registered; the original server sends it
	MCPCompatibility                   []string // not registered: revisions of MCP whose clients need send no resource
	SubjectTypesSupported              []string // OpenID Connect Discovery only
	IDTokenSigningAlgValuesSupported   []string // OpenID Connect Discovery only
}

// ResourceMetadata is a protected resource's document (RFC 9728 section 2).
type ResourceMetadata struct {
	Resource               string   // REQUIRED, byte for byte the resource identifier
	AuthorizationServers   []string // issuer identifiers, never metadata URLs
	ScopesSupported        []string
	BearerMethodsSupported []string
	DPoPSigningAlgs        []string // dpop_signing_alg_values_supported
	DPoPRequired           bool     // dpop_bound_access_tokens_required
	ResourceName           string
	ResourceDocumentation  string
}

// Grant types (RFC 7591 section 2, RFC 8628 section 3.4).
const (
	GrantAuthorizationCode = "authorization_code"
	GrantRefreshToken      = "refresh_token"
	GrantClientCredentials = "client_credentials"
	GrantDeviceCode        = "urn:ietf:params:oauth:grant-type:device_code"
	GrantJWTBearer         = "urn:ietf:params:oauth:grant-type:jwt-bearer"     // RFC 7523 section 2.1
	GrantTokenExchange     = "urn:ietf:params:oauth:grant-type:token-exchange" // RFC 8693 section 2.1
)

// Client authentication methods (RFC 7591 section 2).
const (
	AuthNone  = "none"
	AuthBasic = "client_secret_basic"
	AuthPost  = "client_secret_post"
	AuthKey   = "private_key_jwt" // RFC 7523 section 2.2
)
