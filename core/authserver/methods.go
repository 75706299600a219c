// RFC 7591 section 2 and RFC 8414 section 2: which ways of client
// authentication are served, and what can be granted with them.
package authserver

import (
	"errors"
	"slices"
	"strings"

	"mcp-auth/core/exchange"
	"mcp-auth/core/oauth"
)

// TokenAuthMethods lists every way of client authentication there is.
func TokenAuthMethods() []string {
	return []string{oauth.AuthNone, oauth.AuthBasic, oauth.AuthPost, oauth.AuthKey}
}

// checkMethods refuses a configuration that names another way.
func checkMethods(methods []string) error {
	for i, m := range methods {
		if !slices.Contains(TokenAuthMethods(), m) || slices.Contains(methods[:i], m) {
			return errors.New("token endpoint authentication methods are " + strings.Join(TokenAuthMethods(), ", ") + ", each once")
		}
	}
	return nil
}

func (s *Server) serves(method string) bool { return slices.Contains(s.cfg.TokenAuthMethods, method) }

// secretMethods are the ways that prove something.
func (s *Server) secretMethods() []string {
	var all []string
	for _, m := range s.cfg.TokenAuthMethods {
		if m != oauth.AuthNone {
			all = append(all, m)
		}
	}
	return all
}

// usableGrants are the grant types that some client can use: client credentials need
// a secret, devices are public.
func (s *Server) usableGrants() []string {
	all := []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken}
	if len(s.secretMethods()) > 0 {
		all = append(all, oauth.GrantClientCredentials)
	}
	if s.serves(oauth.AuthNone) {
		all = append(all, oauth.GrantDeviceCode)
	}
	if len(s.cfg.Trusted) > 0 {
		all = append(all, oauth.GrantJWTBearer)
	}
	return all
}

// usedMethod is the way a request was authenticated.
func usedMethod(a exchange.ClientAuth) string {
	switch {
	case a.Assertion:
		return oauth.AuthKey
	case a.Basic:
		return oauth.AuthBasic
	case a.ClientSecret != "":
		return oauth.AuthPost
	}
	return oauth.AuthNone
}

// defaultMethod is what a registration without one gets: client_secret_basic
// (RFC 7591 section 2), or what is served instead.
func (s *Server) defaultMethod() string {
	if s.serves(oauth.AuthBasic) {
		return oauth.AuthBasic
	}
	return s.cfg.TokenAuthMethods[0]
}
