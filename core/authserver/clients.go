// RFC 6749 section 2: clients, and how they prove who they are.
package authserver

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"slices"
	"strings"
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/oauth"
	"mcp-auth/core/table"
)

// usedClientLifetime is how long a client lives after its last use.
const usedClientLifetime = 30 * 24 * time.Hour

// A Seed is a client that every test may count on. Secrets are published
// test values.
type Seed struct {
	ID, Name, Secret, Grants, Scope string
	Key                             string // its private key as a JWK, for private_key_jwt
	redirects                       []string
}

// Seeds lists the seeded clients; Grants are separated by spaces.
func Seeds() []Seed {
	const (
		readWrite   = oauth.ScopeRead + " " + oauth.ScopeWrite
		admin       = readWrite + " " + oauth.ScopeAdmin
		codeRefresh = oauth.GrantAuthorizationCode + " " + oauth.GrantRefreshToken
	)
	loopback := []string{"http://127.0.0.1/callback", "http://localhost/callback", "http://[::1]/callback"}
	return []Seed{
		{"dev-public-client", "Dev public client", "", codeRefresh + " " + oauth.GrantDeviceCode, readWrite, "", append(loopback, "https://dev.example/callback")},
		{"dev-confidential-client", "Dev confidential client", "dev-confidential-secret", codeRefresh + " " + oauth.GrantClientCredentials, readWrite, "", loopback},
		{"dev-admin-client", "Dev admin client", "dev-admin-secret", oauth.GrantClientCredentials, admin, "", nil},
		{"dev-key-client", "Dev key client", "", codeRefresh + " " + oauth.GrantClientCredentials, readWrite, devKey, loopback},
		{"dev-enterprise-client", "Dev enterprise client", "dev-enterprise-secret", oauth.GrantJWTBearer, readWrite, "", nil},
		{"phase-5-public-client", "Phase 5 public client", "", codeRefresh, oauth.ScopeRead, "", []string{"https://client.example/callback"}},
		{"phase-6-service-client", "Phase 6 service client", "phase-6-service-secret", oauth.GrantClientCredentials, readWrite, "", nil},
		{"phase-7-public-client", "Phase 7 public client", "", codeRefresh, oauth.ScopeRead, "", []string{"https://client.example/oauth-v21/callback"}},
		{"phase-11-device-client", "Phase 11 device client", "", oauth.GrantDeviceCode + " " + oauth.GrantRefreshToken, oauth.ScopeRead, "", nil},
	}
}

func seededClients() map[string]Client {
	clients := map[string]Client{}
	for _, seed := range Seeds() {
		c := Client{Seeded: true, ClientMetadata: oauth.ClientMetadata{ClientName: seed.Name, Scope: seed.Scope, RedirectURIs: seed.redirects,
			GrantTypes: strings.Fields(seed.Grants), TokenEndpointAuthMethod: oauth.AuthNone}}
		if seed.Secret != "" {
			c.TokenEndpointAuthMethod = oauth.AuthPost
			c.Secret = sha256.Sum256([]byte(seed.Secret))
		}
		if seed.Key != "" {
			c.TokenEndpointAuthMethod, c.JWKS = oauth.AuthKey, publicKeys(seed.Key)
		}
		clients[seed.ID] = c
	}
	return clients
}

// client finds a client. table.ErrMissing: there is none; *documentError: its
// document makes none.
func (s *Server) client(now time.Time, id string) (Client, error) {
	if c, ok := s.seeded[id]; ok {
		return c, nil
	}
	if s.cfg.Documents != nil && oauth.IsClientIDURL(id) {
		return s.documented(now, id)
	}
	r, err := s.t.Clients.Get(now, table.KeyOf(id))
	return r.Value, err
}

// touch keeps a registered client alive because it was used. Losing a race
// against another use is no harm.
func (s *Server) touch(now time.Time, id string, c Client) {
	if c.Seeded || c.Document {
		return
	}
	k := table.KeyOf(id)
	r, err := s.t.Clients.Get(now, k)
	until := now.Add(usedClientLifetime)
	if err != nil || r.Value.Used && until.Sub(r.Expires) < time.Hour {
		return
	}
	c = r.Value
	c.Used = true
	_ = s.t.Clients.Swap(now, k, r, c, until)
}

// Wrong secrets one client may send within secretWindow.
const (
	wrongSecrets = 20
	secretWindow = 30 * time.Second
)

// authenticate finds the client of a request and checks its proof. The error
// is an *oauth.Error.
func (s *Server) authenticate(now time.Time, a exchange.ClientAuth) (Client, error) {
	switch {
	case a.ClientID == "" && a.Assertion && a.JWT == "":
		return Client{}, oauth.E(oauth.InvalidClient, "send client_assertion with client_assertion_type "+exchange.AssertionTypeJWT+": no other type is taken")
	case a.ClientID == "" && a.Assertion:
		return Client{}, oauth.E(oauth.InvalidClient, "client_id is missing, and client_assertion is no JWT whose sub says it")
	case a.ClientID == "":
		return Client{}, oauth.E(oauth.InvalidClient, "client_id is missing")
	}
	c, err := s.client(now, a.ClientID)
	if errors.Is(err, table.ErrMissing) {
		return Client{}, oauth.E(oauth.InvalidClient, "no such client is registered here; register again")
	}
	var bad *documentError
	if errors.As(err, &bad) {
		return Client{}, oauth.E(oauth.InvalidClient, bad.text)
	}
	if err != nil {
		return Client{}, err
	}
	if err := s.prove(now, a, c); err != nil {
		return Client{}, err
	}
	s.touch(now, a.ClientID, c)
	return c, nil
}

func (s *Server) prove(now time.Time, a exchange.ClientAuth, c Client) error {
	method := c.TokenEndpointAuthMethod
	switch {
	case !s.serves(usedMethod(a)):
		return oauth.E(oauth.InvalidClient, "the way of client authentication is not served; token_endpoint_auth_methods_supported of the metadata lists what is")
	case a.Assertion || method == oauth.AuthKey:
		return s.proveKey(now, a, c)
	case method == oauth.AuthNone && (a.Basic || a.ClientSecret != ""):
		return oauth.E(oauth.InvalidClient, "the client is public: send client_id in the body and no secret")
	case method == oauth.AuthNone:
		return nil
	case a.ClientSecret == "":
		return oauth.E(oauth.InvalidClient, "the client is confidential: authenticate with "+method)
	case !c.Seeded && a.Basic != (method == oauth.AuthBasic):
		return oauth.E(oauth.InvalidClient, "the client is registered for "+method)
	}
	return s.checkSecret(now, a, c)
}

func (s *Server) checkSecret(now time.Time, a exchange.ClientAuth, c Client) error {
	k := table.KeyOf("secret " + a.ClientID)
	if full, err := exhausted(now, s.t.Throttles, k, wrongSecrets); err != nil || full {
		return tooMany(err, "too many wrong client secrets; wait and send the right one", secretWindow)
	}
	sum := sha256.Sum256([]byte(a.ClientSecret))
	if subtle.ConstantTimeCompare(sum[:], c.Secret[:]) == 1 {
		return nil
	}
	if err := count(now, s.t.Throttles, k, 1, secretWindow); err != nil {
		return tooMany(err, "too many wrong client secrets; wait and send the right one", secretWindow)
	}
	return oauth.E(oauth.InvalidClient, "the client secret is wrong")
}

// has reports whether the client registered a grant type.
func (c Client) has(grant string) bool { return slices.Contains(c.GrantTypes, grant) }
