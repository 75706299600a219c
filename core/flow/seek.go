// Discovery: what the resource says to a caller without a token, and how
// documents are fetched (RFC 9728 section 5, MCP authorization). Every login
// flow begins with it.
package flow

import (
	"errors"
	"slices"
	"strings"

	"mcp-auth/core/exchange"
	"mcp-auth/core/mcp"
	"mcp-auth/core/message"
)

const htmlType = "text/html"

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
	named      bool     // the place of the resource's metadata is named: nothing is taken in its stead
	lost       loss     // the first document that was not to be had, a broken one before all others
}

// A loss is a document that was not to be had. It is a value, as machines are.
type loss struct {
	Violation       // what is wrong with it
	status    int   // or the status that came instead
	err       error // or why nothing came
	broken    bool  // it is more than that nothing lies there
}

// fault is the error to end with; nil where nothing was lost.
func (l loss) fault() error {
	switch v := l.Violation; {
	case l.URL == "":
		return nil
	case l.err != nil:
		return &Interrupted{Step: l.Step, URL: l.URL, Err: l.err}
	case l.status != 0:
		return &Interrupted{Step: l.Step, URL: l.URL, Err: errors.New("HTTP " + message.Decimal(int64(l.status)) + " instead of the document")}
	default:
		return &v
	}
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
		row(FetchingResource, OnTrouble, "", (*seeker).unreachable, FetchingResource, FetchingServer, Failed),
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
	for _, given := range [...]struct{ step, what, url, cite string }{
		{stepProbe, "a resource URL", s.ResourceURL, "RFC 8707 section 2"},
		{stepResource, "a metadata URL", s.ResourceMetadataURL, "RFC 9728 section 3"},
		{stepServer, "an authorization server", s.AuthorizationServer, "RFC 8414 section 2"},
	} {
		if why := reachable(s.ResourceURL, given.url); why != "" && (given.url != "" || given.step == stepProbe) {
			return s.fail(&Violation{Chosen: true, Step: given.step, URL: given.url, Want: given.what + " with https, or http on loopback", Got: why, Cite: given.cite})
		}
	}
	if s.ResourceMetadataURL != "" {
		s.candidates, s.named = []candidate{{URL: s.ResourceMetadataURL, Rule: "given"}}, true
		return s.nextResource()
	}
	if s.Challenged {
		s.useChallenge(s.Challenge)
		return s.seekResource()
	}
	id := message.Num(1)
	s.state = Probing
	return []Effect{Send{Step: stepProbe, Reply: id, // a resource without protection may leave its stream open
		Request: mcp.Request(s.ResourceURL, id, "initialize", mcp.InitializeParams(mcp.Newest, clientName, clientVersion))}}
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
		s.warn("the resource answered " + message.Decimal(int64(r.Status)) + " instead of 401 to a request without a token" + leads("; it redirects to ", s.ResourceURL, r))
	}
	return s.seekResource()
}

// seekResource looks where the challenge says, then at the well-known places.
func (s *seeker) seekResource() []Effect {
	for _, c := range exchange.ResourceMetadataURLs(s.ResourceURL) {
		if !slices.ContainsFunc(s.candidates, func(named candidate) bool { return named.URL == c.URL }) {
			s.candidates = append(s.candidates, c)
		}
	}
	return s.nextResource()
}

func (s *seeker) readChallenge(r message.Response) {
	c, ok, why := exchange.ReadBearerChallenge(r.Header)
	if !ok {
		s.warn("the challenge is not used: " + why)
		return
	}
	s.useChallenge(c)
}

func (s *seeker) useChallenge(c exchange.BearerChallenge) {
	s.Found.ChallengeScope, s.Found.DPoP = c.Scope, c.DPoP
	if c.ResourceMetadata == "" {
		s.warn("the challenge has no resource_metadata")
		return
	}
	s.candidates, s.named = []candidate{{URL: c.ResourceMetadata, Rule: "resource_metadata of the challenge, RFC 9728 section 5.1"}}, true
}

func (s *seeker) warn(text string) {
	s.Found.Warnings = append(slices.Clip(s.Found.Warnings), text)
	s.note(text, "")
}

// unreachable: a document that cannot be had is a candidate less; the
// resource itself must be there.
func (s *seeker) unreachable(ev Event) []Effect {
	if s.State() == Probing {
		return s.interrupted(ev)
	}
	s.tried(s.sent.Step, s.candidates[0], "no answer")
	s.lose(loss{Violation: s.about(Violation{}), err: ev.(Trouble).Err, broken: true})
	return s.dropped()
}

// about fills in which document an error is about.
func (s *seeker) about(v Violation) Violation {
	v.Step, v.URL = s.sent.Step, s.candidates[0].URL
	return v
}

// unusable leaves a document behind that cannot be used. That nothing lies
// there says little: nothing, or the page that a site shows for everything.
func (s *seeker) unusable(r message.Response, err error) []Effect {
	s.tried(s.sent.Step, s.candidates[0], err.Error())
	var shape *exchange.ShapeError
	if r.Status >= 500 || r.Status == 429 || !errors.As(err, &shape) {
		s.lose(loss{Violation: s.about(Violation{}), status: r.Status, broken: true})
		return s.dropped()
	}
	v := s.about(Violation{Want: shape.Want, Got: shape.Got, Cite: shape.Cite, Hint: "the server's metadata must be mended"})
	absent := r.Status >= 400 || r.Status == 200 && message.MediaType(r.Header.Get("Content-Type")) == htmlType
	if absent && s.named && s.State() == FetchingResource {
		v.Hint = "the document must lie where the challenge of the resource, or --resource-metadata-url, says"
	}
	s.lose(loss{Violation: v, broken: !absent})
	return s.dropped()
}

// lose remembers a document that was not to be had.
func (s *seeker) lose(l loss) {
	if l.broken {
		s.warn(l.URL + " was not used: " + reason(l.fault()))
	}
	if s.lost.URL == "" || l.broken && !s.lost.broken {
		s.lost = l
	}
}

// reason is an error without the URL it is about.
func reason(err error) string {
	if i, ok := err.(*Interrupted); ok {
		return i.Err.Error()
	}
	return err.Error()
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
		c := s.candidates[0]
		why := reachable(s.ResourceURL, c.URL)
		if why == "" {
			return s.send(to, step, s.get(c.URL))
		}
		s.tried(step, c, "refused: "+why)
		s.lose(loss{Violation: Violation{Step: step, URL: c.URL, Want: "a metadata URL with https, or http on loopback", Got: why, Cite: "OAuth 2.1 section 1.5"}, broken: true})
		s.candidates = s.candidates[1:]
	}
	return nil
}

// get asks for a document. A server of MCP 2025-03-26 may choose by the
// revision what it says of itself; the others have one document for all.
func (s *seeker) get(url string) message.Request {
	r := message.Get(url)
	if s.fallback {
		r.Header = r.Header.With(mcp.VersionHeader, mcp.Handshake[len(mcp.Handshake)-1])
	}
	return r
}

// moved follows a redirect, or drops its candidate; done: the answer was one.
func (s *seeker) moved(r message.Response) (effects []Effect, done bool) {
	if r.Status < 300 || r.Status > 399 || r.Status == 304 {
		return nil, false
	}
	from := s.candidates[0]
	to, why := target(s.ResourceURL, from.URL, r.Header.Get("Location"))
	if s.redirects++; why == "" && s.redirects > maxRedirects {
		why = "more than 3 redirects"
	}
	if why != "" {
		s.tried(s.sent.Step, from, why)
		s.lose(loss{Violation: s.about(Violation{Want: "the document, or a redirect within its origin", Got: why, Cite: "RFC 9728 section 7.7"}), broken: s.named})
		return s.dropped(), true
	}
	s.tried(s.sent.Step, from, "redirects to "+to)
	s.candidates = append([]candidate{{URL: to, Rule: "redirect"}}, s.candidates[1:]...)
	return s.send(s.State(), s.sent.Step, s.get(to)), true
}

// target is where a redirect leads: within its origin, or nowhere.
func target(resource, from, location string) (to, why string) {
	to = located(from, location)
	a, err := message.ParseURL(from)
	b, fault := message.ParseURL(to)
	switch {
	case location == "":
		return "", "a redirect without a Location"
	case err != nil || fault != nil || a.Origin() != b.Origin():
		return "", "a redirect to another origin is not followed: " + place(to)
	}
	return to, reachable(resource, to)
}

// located is a Location as a whole URL, where it has no host.
func located(from, location string) string {
	if strings.HasPrefix(location, "/") && !strings.HasPrefix(location, "//") {
		return message.Request{URL: from}.Origin() + location
	}
	return location
}

// leads says where a redirect leads, for people; "" for what is none.
func leads(word, from string, r message.Response) string {
	if to := r.Header.Get("Location"); to != "" && r.Status >= 300 && r.Status <= 399 {
		return word + place(located(from, to))
	}
	return ""
}

// place is a URL for people: its query may hold secrets of somebody's login.
func place(url string) string {
	if at := strings.IndexAny(url, "?#"); at >= 0 {
		url = url[:at]
	}
	return message.PrintableLine(url)
}
