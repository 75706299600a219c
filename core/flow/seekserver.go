// The authorization server's metadata: does it speak for the issuer it was
// asked for, and does it lead astray (RFC 8414 section 3, OAuth 2.1 section
// 1.5)?
package flow

import (
	"slices"
	"strings"

	"mcp-auth/core/exchange"
	"mcp-auth/core/oauth"
)

// maxServers is how many authorization servers of a resource are looked at.
const maxServers = 5

// lookUp begins with the metadata of the servers, or ends when there are none.
func (s *seeker) lookUp(issuers []string) []Effect {
	if s.AuthorizationServer != "" {
		issuers = []string{s.AuthorizationServer}
	}
	s.servers, s.lost = nil, loss{}
	for _, issuer := range issuers {
		if !slices.Contains(s.servers, issuer) {
			s.servers = append(s.servers, issuer)
		}
	}
	if len(s.servers) > maxServers {
		s.servers = s.servers[:maxServers]
		s.warn("more than five authorization servers are named; the first five are looked at")
	}
	return s.nextServer()
}

func (s *seeker) nextServer() []Effect {
	if len(s.servers) == 0 {
		return s.complete()
	}
	issuer := s.servers[0]
	wellKnown := strings.Contains(issuer, "/.well-known/")
	s.asGiven = wellKnown && issuer == s.AuthorizationServer
	s.candidates, s.redirects = exchange.ServerMetadataURLs(issuer), 0
	switch {
	case s.asGiven:
		s.candidates = []candidate{{URL: issuer, Rule: "given"}}
	case wellKnown:
		s.warn("authorization_servers names " + issuer + ", a metadata URL: issuers belong there (RFC 9728 section 2)")
	}
	return s.nextMetadata()
}

func (s *seeker) nextMetadata() []Effect {
	if effects := s.fetch(FetchingServer, stepServer); effects != nil {
		return effects
	}
	issuer := s.servers[0]
	s.servers = s.servers[1:]
	if s.fallback && s.lost.broken {
		return s.fail(s.lost.fault())
	}
	if s.fallback {
		s.warn("no authorization server metadata was found; the default endpoints of MCP 2025-03-26 are taken")
		s.add(defaultEndpoints(issuer))
	} else {
		s.warn("no authorization server metadata was found for " + issuer)
	}
	return s.nextServer()
}

func (s *seeker) add(found ServerFound) {
	s.Found.Servers = append(slices.Clip(s.Found.Servers), found)
}

// defaultEndpoints are those of MCP 2025-03-26 section 2.3.3.
func defaultEndpoints(issuer string) ServerFound {
	return ServerFound{Issuer: issuer, Fallback: true, Metadata: oauth.ServerMetadata{Issuer: issuer,
		GrantTypesSupported:   []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken, oauth.GrantClientCredentials},
		AuthorizationEndpoint: issuer + "/authorize", TokenEndpoint: issuer + "/token", RegistrationEndpoint: issuer + "/register"}}
}

func (s *seeker) gotServer(ev Event) []Effect {
	r := ev.(Response).Response
	if effects, done := s.moved(r); done {
		return effects
	}
	doc, err := exchange.ReadServerMetadata(r)
	if err != nil {
		return s.unusable(r, err)
	}
	if effects := s.judge(doc); effects != nil {
		return effects
	}
	s.tried(s.sent.Step, s.candidates[0], "ok")
	if doc.AuthorizationEndpoint != "" && !slices.Contains(doc.CodeChallengeMethodsSupported, oauth.S256) {
		s.warn(doc.Issuer + " does not announce code_challenge_methods_supported with S256: clients must refuse a login with auth-code (MCP authorization, PKCE)")
	}
	s.add(ServerFound{Issuer: doc.Issuer, MetadataURL: s.candidates[0].URL, Metadata: doc})
	s.servers = s.servers[1:]
	return s.nextServer()
}

// judge refuses a document that speaks for another issuer or leads astray.
func (s *seeker) judge(doc oauth.ServerMetadata) []Effect {
	want, same := s.servers[0], doc.Issuer == s.servers[0]
	if s.asGiven { // then the place must be one where that issuer's document lies
		want = "an issuer whose metadata lies at " + s.servers[0]
		same = slices.ContainsFunc(exchange.ServerMetadataURLs(doc.Issuer), func(c candidate) bool { return c.URL == s.servers[0] })
	}
	if !s.check("issuer.equal", "MUST", want, doc.Issuer, "RFC 8414 section 3.3", same) {
		s.tried(s.sent.Step, s.candidates[0], "issuer differs")
		return s.violated("issuer "+want, doc.Issuer, "RFC 8414 section 3.3", issuerHint(want, doc.Issuer))
	}
	for _, e := range [...]struct{ name, url string }{
		{"authorization_endpoint", doc.AuthorizationEndpoint}, {"token_endpoint", doc.TokenEndpoint},
		{"registration_endpoint", doc.RegistrationEndpoint}, {"device_authorization_endpoint", doc.DeviceAuthorizationEndpoint},
		{"pushed_authorization_request_endpoint", doc.PushedAuthorizationRequestEndpoint},
		{"revocation_endpoint", doc.RevocationEndpoint}, {"introspection_endpoint", doc.IntrospectionEndpoint},
	} {
		if e.url == "" {
			continue
		}
		if why := reachable(s.ResourceURL, e.url); why != "" {
			s.check("endpoint."+e.name, "MUST", "https, or http on loopback", e.url, "OAuth 2.1 section 1.5", false)
			s.tried(s.sent.Step, s.candidates[0], e.name+" refused")
			return s.violated(e.name+" with https, or http on loopback", e.url+" ("+why+")", "OAuth 2.1 section 1.5", "the server's metadata must be mended")
		}
	}
	return nil
}

func issuerHint(want, got string) string {
	switch {
	case strings.TrimSuffix(want, "/") == strings.TrimSuffix(got, "/"):
		return "they differ by a trailing slash: issuers are compared byte for byte"
	case strings.EqualFold(want, got):
		return "they differ by case: issuers are compared byte for byte"
	case strings.TrimPrefix(want, "https") == strings.TrimPrefix(got, "http"):
		return "behind a proxy the server must know its public scheme (X-Forwarded-Proto, or an issuer setting)"
	}
	return "the document speaks for another issuer; its endpoints are not used"
}
