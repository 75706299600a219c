// Package profile is what a login leaves behind, and the text of the file
// that keeps it. It reads and writes no file itself.
package profile

import (
	"time"

	"mcp-auth/core/message"
)

// Auth modes, as the command line spells them.
const (
	ModeAuthCode    = "auth-code"
	ModeDevice      = "device"
	ModeClientCreds = "client-creds"
	ModeBearer      = "bearer"
	ModeWorkload    = "workload"
	ModeEnterprise  = "enterprise"
)

// A Profile is one login: the credentials for one resource at one issuer.
// Empty strings and zero times are written as null.
type Profile struct {
	ID                        string // profile_id: 32 hex digits
	Name                      string
	ResourceURL               string
	AuthMode                  string
	Issuer                    string
	ServerMetadataURL         string // authorization_server_metadata_url
	TokenEndpoint             string
	AuthorizationEndpoint     string
	DeviceEndpoint            string // device_authorization_endpoint
	RegistrationEndpoint      string
	RevocationEndpoint        string
	IntrospectionEndpoint     string
	Resource                  string // the resource identifier sent as "resource"; empty: ResourceURL
	AccessToken               string
	RefreshToken              string
	ExpiresAt                 time.Time // zero: not stated
	Scope                     string    // as granted
	RequestedScope            string
	TokenType                 string
	ClientID                  string
	ClientSecret              string
	TokenEndpointAuthMethod   string
	RedirectURI               string
	DynamicClientRegistration []byte    // raw JSON of the registration answer
	ClientKey                 []byte    // JWK of private_key_jwt, private part included
	DPoPKey                   []byte    // JWK that the tokens are bound to, private part included
	Protocol                  string    // mcp_protocol_version: the revision the resource spoke last
	ClientRefusedAt           time.Time // when the server said that it does not know the client; zero: it has not
	CreatedAt                 time.Time
	LastUsedAt                time.Time
	Unknown                   []message.Member // members of later versions, kept as they are
}

// A Store is the whole file.
type Store struct {
	Profiles []Profile
	Active   []Active         // one a resource
	Unknown  []message.Member // members of later versions
}

// Active names the profile in use for a resource.
type Active struct{ ResourceURL, ProfileID string }

// A Keeper holds a Store for several processes at once.
type Keeper interface {
	// Load reads the store. A missing file is an empty store.
	Load() (Store, error)
	// Update reads the store, lets change alter it and writes it back, all
	// under one lock. When change fails nothing is written.
	Update(change func(*Store) error) error
}
