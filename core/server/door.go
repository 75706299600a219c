// The front door: the rules that hold for every route, in one place, so that
// no endpoint can forget them.
package server

import (
	"slices"
	"strings"
	"time"

	"mcp-auth/core/authserver"
	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/trace"
)

// maxTarget is how long a URL may be, in bytes.
const maxTarget = 64 << 10

// A place is one path with its routes by method.
type place struct {
	routes map[string]*Route
	allow  string
	who    audience
}

// place indexes the routes that this server serves, and those of its tenants.
func (s *Server) place() {
	for _, r := range routes {
		if r.hook && !s.cfg.Mint {
			continue
		}
		s.routes = append(s.routes, r)
	}
	if s.cfg.Compat != "" {
		s.routes = append(s.routes, fallbacks...)
	}
	if s.cfg.Format == authserver.FormatJWT {
		s.routes = append(s.routes, signed...)
	}
	if s.cfg.IdP {
		s.routes = append(s.routes, identity...)
	}
	if s.cfg.Conformance {
		s.routes = append(s.routes, hosted...)
	}
	if s.cfg.Sandboxes > 0 {
		s.routes = append(s.routes, sandboxRoutes...)
	}
	s.places = placed(s.routes)
	if len(s.tenants) == 0 && s.cfg.Sandboxes == 0 {
		return
	}
	var below []Route
	for _, r := range s.routes {
		for _, path := range r.templates() {
			r.Path, r.Group = path, groupTenants
			below = append(below, r)
		}
	}
	s.within = placed(below)
	s.routes = append(s.routes, below...)
}

// acts reports whether a GET does what is done once: the authorization
// endpoint issues codes and spends references. Such a GET has no HEAD: that is
// sent by whatever looks at a link before a person does.
func (r *Route) acts() bool { return r.Method == "GET" && strings.HasSuffix(r.Path, "/authorize") }

func placed(routes []Route) map[string]*place {
	places := map[string]*place{}
	for i := range routes {
		r := &routes[i]
		p := places[r.Path]
		if p == nil {
			p = &place{routes: map[string]*Route{}, who: r.who}
			places[r.Path] = p
		}
		p.routes[r.Method] = r
		if r.Method == "GET" && !r.acts() {
			p.routes["HEAD"] = r
		}
	}
	for _, p := range places {
		methods := []string{"OPTIONS"}
		for m := range p.routes {
			methods = append(methods, m)
		}
		slices.Sort(methods)
		p.allow = strings.Join(methods, ", ")
	}
	return places
}

// Serve answers one request. It never panics and never answers 5xx for what
// was sent.
func (s *Server) Serve(now time.Time, m message.Request) message.Response {
	host, path := m.Target()
	var r message.Response
	switch file, is := s.cfg.Files[path]; {
	case len(m.URL) > maxTarget:
		r = refused(414, oauth.InvalidRequest, "the URL is longer than 64 KiB")
	case !s.hosts.has(host):
		r = refused(403, "forbidden_host", "this Host is not served; use the issuer's address, or allow it with --allow-host (MCP_AUTH_SERVER_ALLOW_HOST)")
	case is && (m.Method == "GET" || m.Method == "HEAD"):
		return file // as it is, and not traced
	default:
		r = s.serve(now, m, path)
	}
	if s.cfg.Trace != nil {
		s.cfg.Trace(exchanged(now, m, r))
	}
	return r
}

// serve answers at a path of a Host that is served.
func (s *Server) serve(now time.Time, m message.Request, path string) message.Response {
	to, p := s, s.places[path]
	if p == nil {
		var box *openSandbox
		if to, p, box = s.tenant(now, path); to == nil || p == nil {
			return refused(404, "not_found", "no such path; /docs lists what is served, and a sandbox ends by itself")
		}
		if box != nil && box.spend(now) {
			return sandboxBusy(now)
		}
	}
	origin, foreign := s.origin(m.Header)
	if p.who == guarded && foreign {
		return refused(403, "forbidden_origin", "pages of this Origin may not call; --allow-origin (MCP_AUTH_SERVER_ALLOW_ORIGIN) lets them")
	}
	route := p.routes[m.Method]
	if m.Method == "OPTIONS" {
		return s.preflight(p, origin, m.Header.Get("Access-Control-Request-Headers"))
	}
	if route == nil {
		r := refused(405, "method_not_allowed", "the method is not served here; Allow lists what is")
		r.Header = r.Header.With("Allow", p.allow)
		return s.crossOrigin(p, origin, r)
	}
	if m.Oversize || len(m.Body) > route.Limit {
		return s.crossOrigin(p, origin, refused(413, oauth.InvalidRequest, "the body is longer than "+message.Decimal(int64(route.Limit))+" bytes"))
	}
	return s.crossOrigin(p, origin, route.do(to, now, m))
}

// Busy is the answer to whoever the host has no place for: nothing was read,
// and the same request may be sent again.
func Busy() message.Response {
	return exchange.ErrorReply(&oauth.Error{Code: oauth.TemporarilyUnavailable, Status: 503, RetryAfter: 1,
		Description: "as many connections are open as may be; try again"}, false)
}

// refused is an answer of the door itself.
func refused(status int, code, text string) message.Response {
	return exchange.ErrorReply(&oauth.Error{Code: code, Status: status, Description: text}, false)
}

// origin returns the Origin that was sent, and whether it is not one of ours.
func (s *Server) origin(h message.Header) (origin string, foreign bool) {
	n := h.Count("Origin")
	if n == 0 {
		return "", false
	}
	origin = h.Get("Origin")
	return origin, n > 1 || origin != s.cfg.Issuer && !slices.Contains(s.cfg.Origins, origin)
}

// Headers that pages may send and read (MCP streamable HTTP).
const (
	allowHeaders  = "Authorization, Content-Type, DPoP, MCP-Protocol-Version, Mcp-Method, Mcp-Name, Mcp-Session-Id, Last-Event-ID"
	exposeHeaders = "WWW-Authenticate, DPoP-Nonce, Mcp-Session-Id, Retry-After"
)

// mirrored are the Mcp-Param fields among those that a page asks to send.
func mirrored(asked string) (all string) {
	for name := range strings.SplitSeq(asked, ",") {
		if name = strings.TrimSpace(name); strings.HasPrefix(strings.ToLower(name), "mcp-param-") && message.IsToken(name) {
			all += ", " + name
		}
	}
	return all
}

func (s *Server) preflight(p *place, origin, asked string) message.Response {
	r := message.Response{Status: 204, Header: message.Header{{Name: "Allow", Value: p.allow}}}
	if s.admits(p, origin) {
		r.Header = r.Header.With("Access-Control-Allow-Methods", p.allow)
		r.Header = r.Header.With("Access-Control-Allow-Headers", allowHeaders+mirrored(asked))
		r.Header = r.Header.With("Access-Control-Max-Age", "600")
	}
	return s.crossOrigin(p, origin, r)
}

// admits reports whether pages of the origin may read answers of the place.
func (s *Server) admits(p *place, origin string) bool {
	switch {
	case origin == "" || p.who == nobody:
		return false
	case p.who == everyone:
		return true
	}
	return slices.Contains(s.cfg.Origins, origin)
}

// crossOrigin adds what lets a page read the answer, errors included. Never
// with credentials.
func (s *Server) crossOrigin(p *place, origin string, r message.Response) message.Response {
	if p.who == listed || p.who == guarded {
		if len(s.cfg.Origins) > 0 {
			r.Header = r.Header.With("Vary", "Origin")
		}
	}
	if !s.admits(p, origin) {
		return r
	}
	allowed := origin
	if p.who == everyone {
		allowed = "*"
	}
	r.Header = r.Header.With("Access-Control-Allow-Origin", allowed)
	r.Header = r.Header.With("Access-Control-Expose-Headers", exposeHeaders)
	return r
}

// ofResource reports whether a path is an MCP endpoint, the root's or a
// tenant's.
func ofResource(path string) bool {
	if of, is := strings.CutPrefix(path, TenantPath); is {
		_, below, _ := strings.Cut(of, "/")
		path = "/" + below
	}
	return path == OpenPath || strings.HasPrefix(path, OpenPath+"/")
}

// exchanged are the events of one exchange as the server saw it.
func exchanged(now time.Time, m message.Request, r message.Response) []trace.Event {
	party := trace.AuthorizationServer
	if ofResource(m.Path()) {
		party = trace.Resource
	}
	step := "serve " + m.Path()
	return []trace.Event{
		{At: now, Kind: trace.KindRequest, Step: step, From: trace.Client, To: party, Request: &m},
		{At: now, Kind: trace.KindResponse, Step: step, From: party, To: trace.Client, Response: &r, Note: r.Note},
	}
}
