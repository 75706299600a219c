// The resource's metadata: is it this resource's (RFC 9728 section 3.3), and
// which authorization servers does it name?
package flow

import (
	"strings"

	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

func (s *seeker) nextResource() []Effect {
	if effects := s.fetch(FetchingResource, stepResource); effects != nil {
		return effects
	}
	s.Found.ResourceID = s.ResourceURL
	if s.AuthorizationServer != "" {
		s.warn("no protected resource metadata was found; the given authorization server is taken")
		return s.lookUp(nil)
	}
	if s.named || s.lost.broken {
		return s.fail(s.lost.fault())
	}
	// MCP 2025-03-26 knows no resource metadata: the origin is the issuer.
	s.warn("no protected resource metadata was found; the resource's origin is taken for the authorization server, as in MCP 2025-03-26")
	s.fallback = true
	u, _ := message.ParseURL(s.ResourceURL)
	return s.lookUp([]string{u.Origin()})
}

func (s *seeker) gotResource(ev Event) []Effect {
	r := ev.(Response).Response
	if effects, done := s.moved(r); done {
		return effects
	}
	doc, err := exchange.ReadResourceMetadata(r)
	if err != nil {
		return s.unusable(r, err)
	}
	ours, outcome := covers(doc.Resource, s.ResourceURL), "ok"
	if !ours {
		outcome = "resource differs"
	}
	s.tried(s.sent.Step, s.candidates[0], outcome)
	if !s.check("resource.match", "MUST", s.ResourceURL, doc.Resource, "RFC 9728 section 3.3", ours) {
		return s.violated("resource metadata for "+s.ResourceURL, "for "+doc.Resource, "RFC 9728 section 3.3", resourceHint(doc.Resource, s.ResourceURL))
	}
	s.Found.Resource, s.Found.ResourceID, s.Found.MetadataURL = doc, doc.Resource, s.candidates[0].URL
	s.Found.Scopes = doc.ScopesSupported
	s.Found.DPoP = s.Found.DPoP || doc.DPoPRequired
	if len(doc.AuthorizationServers) == 0 && s.AuthorizationServer == "" {
		s.warn("the resource's metadata names no authorization server (MCP wants authorization_servers with at least one): its tokens come from elsewhere")
	}
	return s.lookUp(doc.AuthorizationServers)
}

// covers reports whether a published identifier is the resource itself or a
// parent of it on the same origin. An empty path is the path "/"
// (RFC 9110 section 4.2.3).
func covers(published, asked string) bool {
	if oauth.SameResource(published, asked) {
		return true
	}
	p, errP := message.ParseURL(published)
	a, errA := message.ParseURL(asked)
	if errP != nil || errA != nil || p.Origin() != a.Origin() || p.HasQuery {
		return false
	}
	parent, path := strings.TrimSuffix(p.Path, "/")+"/", a.Path
	if path == "" {
		path = "/"
	}
	return strings.HasPrefix(path, parent)
}

func resourceHint(published, asked string) string {
	p, errP := message.ParseURL(published)
	a, errA := message.ParseURL(asked)
	if errP == nil && errA == nil && p.Loopback() && a.Loopback() && p.Path == a.Path {
		return "use the address the server calls itself: " + published
	}
	if errP == nil && errA == nil && p.Origin() == a.Origin() {
		return "the server's resource is " + message.PrintableLine(published) + ": use that URL, if it was meant; else the server's metadata must be mended"
	}
	return "a token for it would be good at another resource; the server's metadata must be mended"
}
