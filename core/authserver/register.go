// RFC 7591: dynamic client registration.
package authserver

import (
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/table"
)

// Register serves POST /oauth/register.
func (s *Server) Register(now time.Time, m message.Request) message.Response {
	asked, err := exchange.ReadRegistrationRequest(m)
	if err != nil {
		return fail(err, false)
	}
	c, err := s.registrable(asked)
	if err != nil {
		return fail(err, false)
	}
	r, err := s.register(now, c)
	if err != nil {
		return fail(err, false)
	}
	reply := exchange.RegistrationReply(r)
	reply.Note = "registered a client"
	return reply
}

func (s *Server) register(now time.Time, c oauth.ClientMetadata) (oauth.Registration, error) {
	id, err := oauth.RandomText(s.cfg.Random, 18)
	if err != nil {
		return oauth.Registration{}, err
	}
	r := oauth.Registration{ClientMetadata: c, ClientID: id, ClientIDIssuedAt: now.Unix()}
	record := Client{ClientMetadata: c}
	if m := c.TokenEndpointAuthMethod; m != oauth.AuthNone && m != oauth.AuthKey {
		text, err := oauth.RandomText(s.cfg.Random, 32)
		if err != nil {
			return r, err
		}
		r.ClientSecret = "secret-" + text
		record.Secret = sha256.Sum256([]byte(r.ClientSecret))
	}
	return r, s.t.Clients.Create(now, table.KeyOf(id), record, now.Add(s.cfg.Lifetimes.Client))
}

// registrable applies the defaults of RFC 7591 section 2 and refuses what
// does not fit together. The error is an *oauth.Error.
func (s *Server) registrable(c oauth.ClientMetadata) (oauth.ClientMetadata, error) {
	if len(c.GrantTypes) == 0 {
		c.GrantTypes = []string{oauth.GrantAuthorizationCode}
	}
	if len(c.ResponseTypes) == 0 && slices.Contains(c.GrantTypes, oauth.GrantAuthorizationCode) {
		c.ResponseTypes = []string{"code"}
	}
	if c.TokenEndpointAuthMethod == "" {
		c.TokenEndpointAuthMethod = s.defaultMethod()
	}
	if c.Scope == "" {
		c.Scope = oauth.ScopeRead + " " + oauth.ScopeWrite
	}
	for _, check := range [...]func(*oauth.ClientMetadata) string{s.checkGrants, clientTexts, checkScope, s.checkKeys, s.checkBinding} {
		if fault := check(&c); fault != "" {
			return oauth.ClientMetadata{}, oauth.E(oauth.InvalidClientMetadata, fault)
		}
	}
	return c, checkRedirects(c)
}

func (s *Server) checkGrants(c *oauth.ClientMetadata) string {
	for _, g := range c.GrantTypes {
		if !slices.Contains(s.grants, g) {
			return "grant_types has a value that is not served; grant_types_supported of the metadata lists what is"
		}
	}
	code, device := slices.Contains(c.GrantTypes, oauth.GrantAuthorizationCode), slices.Contains(c.GrantTypes, oauth.GrantDeviceCode)
	method := c.TokenEndpointAuthMethod
	switch {
	case !s.serves(method):
		return "token_endpoint_auth_method must be " + strings.Join(s.cfg.TokenAuthMethods, " or ")
	case slices.Contains(c.GrantTypes, oauth.GrantRefreshToken) && !code && !device:
		return "refresh_token needs authorization_code or the device grant beside it"
	case slices.Contains(c.GrantTypes, oauth.GrantJWTBearer) && method == oauth.AuthNone:
		return "a client with jwt-bearer is confidential: ask for a secret or private_key_jwt"
	case slices.Contains(c.GrantTypes, oauth.GrantClientCredentials) && method == oauth.AuthNone:
		return "client_credentials needs a confidential client: ask for client_secret_basic or client_secret_post"
	case device && method != oauth.AuthNone:
		return "a device client is public: ask for token_endpoint_auth_method none"
	case len(c.ResponseTypes) > 1 || len(c.ResponseTypes) == 1 && (c.ResponseTypes[0] != "code" || !code):
		return "response_types must be code together with authorization_code, and empty without it"
	case !code && len(c.RedirectURIs) > 0:
		return "redirect_uris belong to authorization_code"
	}
	return ""
}

func clientTexts(c *oauth.ClientMetadata) string { return exchange.ClientTextFault(*c) }

// unasked reports whether tokens can be had with these grants that nobody
// consents to: a client's own, or those of a user that another server speaks
// for and that are bounded by what the client is registered for.
func unasked(grants []string) bool {
	return slices.Contains(grants, oauth.GrantClientCredentials) || slices.Contains(grants, oauth.GrantJWTBearer)
}

// checkScope also keeps mcp:admin from clients that nobody consents to.
func checkScope(c *oauth.ClientMetadata) string {
	scope, err := readScope(c.Scope)
	if err != nil {
		return err.Error()
	}
	for _, v := range scope {
		if !oauth.KnownScope(v) {
			return "scope has a value that is not known; scopes_supported of the metadata lists them"
		}
	}
	if scope.Has(oauth.ScopeAdmin) && unasked(c.GrantTypes) {
		return "mcp:admin cannot be registered with client_credentials or jwt-bearer, where nobody consents; dev-admin-client has it"
	}
	c.Scope = scope.String()
	return ""
}

// checkBinding refuses what would not be kept: a client that asks for bound
// tokens alone (RFC 9449 section 5.2) means it for its own protection.
func (s *Server) checkBinding(c *oauth.ClientMetadata) string {
	if c.DPoPBound && s.cfg.DPoP == DPoPOff {
		return "dpop_bound_access_tokens cannot be kept, since DPoP is off here: leave it out, or start the server with --dpop optional"
	}
	return ""
}

func checkRedirects(c oauth.ClientMetadata) error {
	if slices.Contains(c.GrantTypes, oauth.GrantAuthorizationCode) && len(c.RedirectURIs) == 0 {
		return oauth.E(oauth.InvalidRedirectURI, "redirect_uris is missing: authorization_code needs one")
	}
	if len(c.RedirectURIs) > exchange.MaxRedirects {
		return oauth.E(oauth.InvalidRedirectURI, "at most 20 redirect_uris may be registered")
	}
	for _, uri := range c.RedirectURIs {
		if err := oauth.RegistrableRedirect(uri); err != nil {
			return oauth.E(oauth.InvalidRedirectURI, strings.TrimSpace(err.Error()))
		}
	}
	return nil
}
