// RFC 6749 section 2: clients, and how they prove who they are.
package authserver

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"slices"
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/oauth"
	"mcp-auth/core/table"
)

// usedClientLifetime is how long a client lives after its last use.
const usedClientLifetime = 30 * 24 * time.Hour

// seededClients are the clients every test may count on. Their secrets are
// published test values.
func seededClients() map[string]Client {
	const all = oauth.ScopeRead + " " + oauth.ScopeWrite
	loopback := []string{"http://127.0.0.1/callback", "http://localhost/callback", "http://[::1]/callback"}
	code, refresh := oauth.GrantAuthorizationCode, oauth.GrantRefreshToken
	clients := map[string]Client{}
	add := func(id, name, secret, scope string, redirects []string, grants ...string) {
		c := Client{Seeded: true, ClientMetadata: oauth.ClientMetadata{ClientName: name, Scope: scope, RedirectURIs: redirects,
			GrantTypes: grants, TokenEndpointAuthMethod: oauth.AuthNone}}
		if secret != "" {
			c.TokenEndpointAuthMethod = oauth.AuthPost
			c.Secret = sha256.Sum256([]byte(secret))
		}
		clients[id] = c
	}
	add("dev-public-client", "Dev public client", "", all, append(loopback, "https://dev.example/callback"), code, refresh, oauth.GrantDeviceCode)
	add("dev-confidential-client", "Dev confidential client", "dev-confidential-secret", all, loopback, code, refresh, oauth.GrantClientCredentials)
	add("dev-admin-client", "Dev admin client", "dev-admin-secret", all+" "+oauth.ScopeAdmin, nil, oauth.GrantClientCredentials)
	add("phase-5-public-client", "Phase 5 public client", "", oauth.ScopeRead, []string{"https://client.example/callback"}, code, refresh)
	add("phase-6-service-client", "Phase 6 service client", "phase-6-service-secret", all, nil, oauth.GrantClientCredentials)
	add("phase-7-public-client", "Phase 7 public client", "", oauth.ScopeRead, []string{"https://client.example/oauth-v21/callback"}, code, refresh)
	add("phase-11-device-client", "Phase 11 device client", "", oauth.ScopeRead, nil, oauth.GrantDeviceCode, refresh)
	return clients
}

// client finds a client. table.ErrMissing: there is none.
func (s *Server) client(now time.Time, id string) (Client, error) {
	if c, ok := s.seeded[id]; ok {
		return c, nil
	}
	r, err := s.t.Clients.Get(now, table.KeyOf(id))
	return r.Value, err
}

// touch keeps a registered client alive because it was used. Losing a race
// against another use is no harm.
func (s *Server) touch(now time.Time, id string, c Client) {
	if c.Seeded {
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
	if a.Assertion {
		return Client{}, oauth.E(oauth.InvalidClient, "client assertions are not served; token_endpoint_auth_methods_supported of the metadata lists what is")
	}
	if a.ClientID == "" {
		return Client{}, oauth.E(oauth.InvalidClient, "client_id is missing")
	}
	c, err := s.client(now, a.ClientID)
	if errors.Is(err, table.ErrMissing) {
		return Client{}, oauth.E(oauth.InvalidClient, "no such client is registered here; register again")
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
	if full, err := s.exhausted(now, k, wrongSecrets); err != nil || full {
		return tooMany(err, "too many wrong client secrets; wait and send the right one", secretWindow)
	}
	sum := sha256.Sum256([]byte(a.ClientSecret))
	if subtle.ConstantTimeCompare(sum[:], c.Secret[:]) == 1 {
		return nil
	}
	if err := s.count(now, k, 1, secretWindow); err != nil {
		return tooMany(err, "too many wrong client secrets; wait and send the right one", secretWindow)
	}
	return oauth.E(oauth.InvalidClient, "the client secret is wrong")
}

// has reports whether the client registered a grant type.
func (c Client) has(grant string) bool { return slices.Contains(c.GrantTypes, grant) }
