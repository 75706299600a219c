// Discovery: challenge, resource metadata, server metadata (RFC 9728 section
// 5, RFC 8414 section 3, MCP authorization). Every login flow begins with it.
package flow

import (
	"slices"
	"strings"

	"mcp-auth/core/exchange"
	"mcp-auth/core/mcp"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// maxRedirects is how many redirects one document may take, within its origin.
const maxRedirects = 3

// seeker is the discovering part of a flow.
type seeker struct {
	machine
	Target
	Found Discovered // preset and Complete: discovery is skipped

	candidates []candidate // yet to try, the current one first
	redirects  int
	servers    []string // issuers yet to look up, the current one first
	asGiven    bool     // the current server was given as a metadata URL
	fallback   bool     // no resource metadata: the origin is the issuer
}

// seeking are the rows of discovery for a flow F. after goes on when it is
// complete: it leaves the machine in one of next, or in one of alone when the
// resource names no authorization server.
func seeking[F any](in func(*F) *seeker, after func(*F) []Effect, alone []State, next ...State) []Row[F] {
	row := func(from State, on Kind, ruled string, do func(*seeker, Event) []Effect, to ...State) Row[F] {
		return Row[F]{from, on, to, ruled, func(f *F, ev Event) []Effect {
			s := in(f)
			if effects := do(s, ev); effects != nil {
				return effects
			}
			return after(f)
		}}
	}
	or := func(to []State, more ...State) []State { return append(slices.Clone(to), more...) }
	return []Row[F]{
		row(Idle, OnStart, "MCP authorization", (*seeker).begin, or(next, Probing, FetchingResource, Failed)...),
		row(Probing, OnResponse, "RFC 9728 section 5.1", (*seeker).challenged, FetchingResource),
		row(Probing, OnTrouble, "", (*seeker).unreachable, Failed),
		row(FetchingResource, OnResponse, "RFC 9728 section 3.3", (*seeker).gotResource, or(alone, FetchingResource, FetchingServer, Failed)...),
		row(FetchingResource, OnTrouble, "", (*seeker).unreachable, FetchingResource, FetchingServer),
		row(FetchingServer, OnResponse, "RFC 8414 section 3.3", (*seeker).gotServer, or(next, FetchingServer, Failed)...),
		row(FetchingServer, OnTrouble, "", (*seeker).unreachable, or(next, FetchingServer, Failed)...),
	}
}

// begin asks the resource without a token; nil means that nothing is to be
// discovered.
func (s *seeker) begin(Event) []Effect {
	if s.Found.Complete {
		return nil
	}
	if why := reachable(s.ResourceURL, s.ResourceURL); why != "" {
		return s.fail(&Violation{Step: stepProbe, URL: s.ResourceURL, Want: "a resource URL with https, or http on loopback", Got: why, Cite: "RFC 8707 section 2"})
	}
	if s.ResourceMetadataURL != "" {
		if why := reachable(s.ResourceURL, s.ResourceMetadataURL); why != "" {
			return s.fail(&Violation{Step: stepResource, URL: s.ResourceMetadataURL, Want: "a metadata URL with https, or http on loopback", Got: why, Cite: "RFC 9728 section 3"})
		}
		s.candidates = []candidate{{URL: s.ResourceMetadataURL, Rule: "given"}}
		return s.nextResource()
	}
	params := mcp.InitializeParams(mcp.Newest, "mcp-auth", "1")
	return s.send(Probing, stepProbe, mcp.Request(s.ResourceURL, message.Num(1), "initialize", params))
}

// challenged reads what the resource says to a caller without a token.
func (s *seeker) challenged(ev Event) []Effect {
	r := ev.(Response).Response
	switch {
	case r.Status == 401:
		s.readChallenge(r)
	case r.Status >= 200 && r.Status < 300:
		s.Found.Open = true
		s.warn("the resource answered without a token: it may not be protected")
	default:
		s.warn("the resource answered " + message.Decimal(int64(r.Status)) + " instead of 401 to a request without a token")
	}
	s.candidates = append(s.candidates, exchange.ResourceMetadataURLs(s.ResourceURL)...)
	return s.nextResource()
}

func (s *seeker) readChallenge(r message.Response) {
	c, ok, why := exchange.ReadBearerChallenge(r.Header)
	if !ok {
		s.warn("the challenge is not used: " + why)
		return
	}
	s.Found.ChallengeScope = c.Scope
	if c.ResourceMetadata == "" {
		s.warn("the challenge has no resource_metadata")
		return
	}
	s.candidates = []candidate{{URL: c.ResourceMetadata, Rule: "resource_metadata of the challenge, RFC 9728 section 5.1"}}
}

func (s *seeker) warn(text string) {
	s.Found.Warnings = append(s.Found.Warnings[:len(s.Found.Warnings):len(s.Found.Warnings)], text)
	s.note(text, "")
}

// unreachable: a document that cannot be had is a candidate less; the
// resource itself must be there.
func (s *seeker) unreachable(ev Event) []Effect {
	if s.State() == Probing {
		return s.interrupted(ev)
	}
	s.tried(s.candidates[0], "no answer")
	if s.lastChance() {
		return s.interrupted(ev)
	}
	return s.dropped()
}

// lastChance reports whether nothing is left to try after this candidate and
// nothing was found.
func (s *seeker) lastChance() bool {
	return len(s.candidates) == 1 && s.State() == FetchingServer && len(s.servers) == 1 && len(s.Found.Servers) == 0
}

// dropped leaves the current candidate behind.
func (s *seeker) dropped() []Effect {
	s.candidates, s.redirects = s.candidates[1:], 0
	if s.State() == FetchingResource {
		return s.nextResource()
	}
	return s.nextMetadata()
}

// fetch asks for the current candidate, or says why it is not asked for.
func (s *seeker) fetch(to State, step string) []Effect {
	for len(s.candidates) > 0 {
		if why := reachable(s.ResourceURL, s.candidates[0].URL); why == "" {
			return s.send(to, step, message.Get(s.candidates[0].URL))
		} else {
			s.tried(s.candidates[0], "refused: "+why)
			s.warn("not fetched: " + s.candidates[0].URL + ": " + why)
		}
		s.candidates = s.candidates[1:]
	}
	return nil
}

func (s *seeker) nextResource() []Effect {
	if effects := s.fetch(FetchingResource, stepResource); effects != nil {
		return effects
	}
	// MCP 2025-03-26 knows no resource metadata: the origin is the issuer.
	s.warn("no protected resource metadata was found; the resource's origin is taken for the authorization server, as in MCP 2025-03-26")
	s.fallback = true
	s.Found.ResourceID = s.ResourceURL
	u, _ := message.ParseURL(s.ResourceURL)
	return s.lookUp([]string{u.Origin()})
}

// redirected follows a redirect within the origin.
func (s *seeker) redirected(r message.Response) (effects []Effect, outcome string) {
	location := r.Header.Get("Location")
	current := message.Request{URL: s.candidates[0].URL}
	if strings.HasPrefix(location, "/") && !strings.HasPrefix(location, "//") {
		location = current.Origin() + location
	}
	if (message.Request{URL: location}).Origin() != current.Origin() {
		return nil, "a redirect to another origin is not followed"
	}
	if s.redirects++; s.redirects > maxRedirects {
		return nil, "more than 3 redirects"
	}
	s.candidates = append([]candidate{{URL: location, Rule: "redirect"}}, s.candidates[1:]...)
	return s.send(s.State(), s.sent.Step, message.Get(location)), ""
}

func isRedirect(status int) bool { return status >= 300 && status < 400 && status != 304 }

func (s *seeker) gotResource(ev Event) []Effect {
	r := ev.(Response).Response
	if isRedirect(r.Status) {
		effects, outcome := s.redirected(r)
		if effects != nil {
			return effects
		}
		s.tried(s.candidates[0], outcome)
		return s.dropped()
	}
	doc, err := exchange.ReadResourceMetadata(r)
	if err != nil {
		s.tried(s.candidates[0], err.Error())
		return s.dropped()
	}
	s.tried(s.candidates[0], "ok")
	if !s.check("resource.match", "MUST", s.ResourceURL, doc.Resource, "RFC 9728 section 3.3", covers(doc.Resource, s.ResourceURL)) {
		return s.violated("resource metadata for "+s.ResourceURL, "for "+doc.Resource, "RFC 9728 section 3.3", resourceHint(doc.Resource, s.ResourceURL))
	}
	s.Found.Resource, s.Found.ResourceID, s.Found.MetadataURL = doc, doc.Resource, s.candidates[0].URL
	s.Found.Scopes = doc.ScopesSupported
	return s.lookUp(doc.AuthorizationServers)
}

// covers reports whether a published identifier is the resource itself or a
// parent of it on the same origin.
func covers(published, asked string) bool {
	if oauth.SameResource(published, asked) {
		return true
	}
	p, errP := message.ParseURL(published)
	a, errA := message.ParseURL(asked)
	if errP != nil || errA != nil || p.Origin() != a.Origin() || p.HasQuery {
		return false
	}
	return strings.HasPrefix(a.Path, strings.TrimSuffix(p.Path, "/")+"/")
}

func resourceHint(published, asked string) string {
	p, errP := message.ParseURL(published)
	a, errA := message.ParseURL(asked)
	if errP == nil && errA == nil && p.Loopback() && a.Loopback() && p.Path == a.Path {
		return "use the address the server calls itself: " + published
	}
	return "a token for it would be good at another resource; the server's metadata must be mended"
}

// lookUp begins with the metadata of the servers, or ends when there are none.
func (s *seeker) lookUp(issuers []string) []Effect {
	if s.AuthorizationServer != "" {
		issuers = []string{s.AuthorizationServer}
	}
	if len(issuers) > 5 {
		issuers = issuers[:5]
		s.warn("more than five authorization servers are named; the first five are looked at")
	}
	s.servers = append([]string(nil), issuers...)
	return s.nextServer()
}

func (s *seeker) nextServer() []Effect {
	if len(s.servers) == 0 {
		return s.complete()
	}
	issuer := s.servers[0]
	s.asGiven = strings.Contains(issuer, "/.well-known/") && issuer == s.AuthorizationServer
	s.candidates, s.redirects = exchange.ServerMetadataURLs(issuer), 0
	if s.asGiven {
		s.candidates = []candidate{{URL: issuer, Rule: "given"}}
	}
	return s.nextMetadata()
}

func (s *seeker) nextMetadata() []Effect {
	if effects := s.fetch(FetchingServer, stepServer); effects != nil {
		return effects
	}
	issuer := s.servers[0]
	s.servers = s.servers[1:]
	if s.fallback {
		s.warn("no authorization server metadata was found; the default endpoints of MCP 2025-03-26 are taken")
		s.Found.Servers = append(s.Found.Servers, defaultEndpoints(issuer))
	} else {
		s.warn("no authorization server metadata was found for " + issuer)
	}
	return s.nextServer()
}

// defaultEndpoints are those of MCP 2025-03-26 section 2.3.3.
func defaultEndpoints(issuer string) ServerFound {
	return ServerFound{Issuer: issuer, Fallback: true, Metadata: oauth.ServerMetadata{Issuer: issuer,
		GrantTypesSupported:   []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken, oauth.GrantClientCredentials},
		AuthorizationEndpoint: issuer + "/authorize", TokenEndpoint: issuer + "/token", RegistrationEndpoint: issuer + "/register",
		CodeChallengeMethodsSupported: []string{oauth.S256}}}
}

func (s *seeker) gotServer(ev Event) []Effect {
	r := ev.(Response).Response
	if isRedirect(r.Status) {
		effects, outcome := s.redirected(r)
		if effects != nil {
			return effects
		}
		s.tried(s.candidates[0], outcome)
		return s.dropped()
	}
	doc, err := exchange.ReadServerMetadata(r)
	if err != nil {
		s.tried(s.candidates[0], err.Error())
		return s.dropped()
	}
	if effects := s.judge(doc); effects != nil {
		return effects
	}
	s.tried(s.candidates[0], "ok")
	s.Found.Servers = append(s.Found.Servers[:len(s.Found.Servers):len(s.Found.Servers)],
		ServerFound{Issuer: doc.Issuer, MetadataURL: s.candidates[0].URL, Metadata: doc})
	s.servers = s.servers[1:]
	return s.nextServer()
}

// judge refuses a document that speaks for another issuer or leads astray.
func (s *seeker) judge(doc oauth.ServerMetadata) []Effect {
	want, same := s.servers[0], doc.Issuer == s.servers[0]
	if s.asGiven { // then the place must be one where that issuer's document lies
		want = "an issuer whose metadata lies at " + s.candidates[0].URL
		for _, c := range exchange.ServerMetadataURLs(doc.Issuer) {
			same = same || c.URL == s.candidates[0].URL
		}
	}
	if !s.check("issuer.equal", "MUST", want, doc.Issuer, "RFC 8414 section 3.3", same) {
		s.tried(s.candidates[0], "issuer differs")
		return s.violated("issuer "+want, doc.Issuer, "RFC 8414 section 3.3", issuerHint(want, doc.Issuer))
	}
	for _, e := range [...]struct{ name, url string }{
		{"authorization_endpoint", doc.AuthorizationEndpoint}, {"token_endpoint", doc.TokenEndpoint},
		{"registration_endpoint", doc.RegistrationEndpoint}, {"device_authorization_endpoint", doc.DeviceAuthorizationEndpoint},
		{"revocation_endpoint", doc.RevocationEndpoint}, {"introspection_endpoint", doc.IntrospectionEndpoint},
	} {
		if e.url == "" {
			continue
		}
		if why := reachable(s.ResourceURL, e.url); why != "" {
			s.check("endpoint."+e.name, "MUST", "https, or http on loopback", e.url, "OAuth 2.1 section 1.5", false)
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

// complete ends discovery; nil hands over to the flow.
func (s *seeker) complete() []Effect {
	s.Found.Complete = true
	s.Found.Modes = modes(s.Found)
	if len(s.Found.Scopes) == 0 && len(s.Found.Servers) > 0 && s.fallback {
		s.Found.Scopes = s.Found.Servers[0].Metadata.ScopesSupported
	}
	return nil
}

func modes(d Discovered) []string {
	var all []string
	for _, m := range d.Resource.BearerMethodsSupported {
		if m == "header" {
			all = append(all, ModeBearer)
			break
		}
	}
	for _, mode := range [...]string{ModeClientCreds, ModeDevice, ModeAuthCode} {
		for _, s := range d.Servers {
			if offers(s.Metadata, mode) {
				all = append(all, mode)
				break
			}
		}
	}
	if len(all) == 0 {
		all = []string{ModeBearer}
	}
	return all
}

// offers reports whether a server lists the grant and has its endpoints.
func offers(m oauth.ServerMetadata, mode string) bool {
	grants := m.GrantTypesSupported
	if len(grants) == 0 { // RFC 8414 section 2
		grants = []string{oauth.GrantAuthorizationCode}
	}
	has := func(grant string) bool {
		for _, g := range grants {
			if g == grant {
				return true
			}
		}
		return false
	}
	switch mode {
	case ModeClientCreds:
		return has(oauth.GrantClientCredentials) && m.TokenEndpoint != ""
	case ModeDevice:
		return has(oauth.GrantDeviceCode) && m.TokenEndpoint != "" && m.DeviceAuthorizationEndpoint != ""
	case ModeAuthCode:
		return has(oauth.GrantAuthorizationCode) && m.TokenEndpoint != "" && m.AuthorizationEndpoint != ""
	}
	return false
}

// server picks the first server that offers the mode, else the first.
func (d Discovered) server(mode string) (ServerFound, bool) {
	for _, s := range d.Servers {
		if offers(s.Metadata, mode) {
			return s, true
		}
	}
	if len(d.Servers) > 0 {
		return d.Servers[0], true
	}
	return ServerFound{}, false
}

// scope is what to ask for: given, else the challenge's, else what the
// resource supports, else nothing (MCP authorization, scope selection).
func (d Discovered) scope(given string) string {
	switch {
	case given != "":
		return given
	case d.ChallengeScope != "":
		return d.ChallengeScope
	}
	return strings.Join(d.Scopes, " ")
}
