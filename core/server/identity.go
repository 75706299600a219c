// The test identity provider of each issuer, and its routes.
package server

import (
	"time"

	"mcp-auth/core/authserver"
	"mcp-auth/core/idp"
	"mcp-auth/core/keyring"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// keysEvery is how long one key signs.
const keysEvery = 24 * time.Hour

// identity are the routes that exist while the hook is on.
var identity = []Route{
	{groupTest, "GET", idp.MetadataPath, "Metadata of the test identity provider", "OpenID Connect Discovery section 4", "", "", typeJSON, 0, everyone, false, (*Server).idpMetadata},
	{groupTest, "GET", idp.KeysPath, "Its keys", "RFC 7517 section 5", "", "", typeJSON, 0, everyone, false, (*Server).idpKeys},
	{groupTest, "POST", idp.TokenPath, "Turns an ID token into a grant for this server", "RFC 8693 section 2, Identity Assertion Authorization Grant", typeForm, "grant_type* requested_token_type* subject_token* subject_token_type* audience* resource* scope client_id client_secret", typeJSON, formLimit, listed, false, (*Server).idpToken},
	{groupTest, "POST", idp.IDTokenPath, "Hands a client the ID token of the test user", "only while the hook is on", typeForm, "client_id*", typeJSON, formLimit, guarded, false, (*Server).idpIDToken},
}

// identityProvider makes the provider of one issuer. Its clients are those
// seeded ones that have a secret and the grant, under the same ids.
func identityProvider(cfg Config, t authserver.Tables) *idp.Provider {
	p := &idp.Provider{Issuer: cfg.Issuer + idp.Path, Server: cfg.Issuer, User: authserver.Subject, Random: cfg.Random,
		Keys: &keyring.Ring{Name: "idp", Keys: t.Keys, Random: cfg.Random, Every: keysEvery, Keep: idp.IDTokenLife}}
	if !cfg.Seed {
		return p
	}
	for _, s := range authserver.Seeds() {
		if s.Secret != "" && s.Grants == oauth.GrantJWTBearer {
			p.Clients = append(p.Clients, idp.Client{ID: s.ID, Secret: s.Secret})
		}
	}
	return p
}

func (s *Server) idpMetadata(time.Time, message.Request) message.Response { return s.idp.Metadata() }

func (s *Server) idpKeys(now time.Time, _ message.Request) message.Response { return s.idp.JWKS(now) }

func (s *Server) idpToken(now time.Time, m message.Request) message.Response {
	return s.idp.Token(now, m)
}

func (s *Server) idpIDToken(now time.Time, m message.Request) message.Response {
	return s.idp.IDToken(now, m)
}
