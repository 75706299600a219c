// Serve, and the endpoints that are not the authorization server's.
package server

import (
	"errors"
	"slices"
	"time"

	"mcp-auth/core/authserver"
	"mcp-auth/core/exchange"
	"mcp-auth/core/idp"
	"mcp-auth/core/mcp"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/pages"
	"mcp-auth/core/resource"
	"mcp-auth/core/table"
)

// A Server serves every route. New makes one. It is safe for concurrent use.
//
// It is also one issuer with its resources: a tenant is a Server of its own,
// with its own records, that is reached through the door of the root's.
type Server struct {
	cfg    Config
	as     *authserver.Server
	idp    *idp.Provider // nil: there is none
	static *resource.Static
	notes  table.Table[[]resource.Note]
	oauth  resource.Resource
	bearer resource.Resource
	site   string // scheme, host and port of the issuer

	ends string // when a sandbox ends, for people

	// Of the root alone:
	hosts   doorplate
	routes  []Route
	places  map[string]*place // by path
	within  map[string]*place // of the tenants, by the path's template
	tenants map[string]*Server
	boxes   sandboxes
	spec    []byte // /openapi.json
}

// New makes a server. Its records, and those of its tenants and sandboxes, are
// where cfg.Storage says.
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s, err := issuer(cfg, cfg.Storage(""))
	if err != nil {
		return nil, err
	}
	s.hosts, s.tenants = cfg.hosts(), map[string]*Server{}
	s.boxes = sandboxes{kept: table.Open(cfg.Storage(""), "sandboxes", cfg.Sandboxes, sandboxCodec), open: map[string]*openSandbox{}}
	for _, name := range cfg.Tenants {
		if s.tenants[name], err = s.open(name, cfg); err != nil {
			return nil, err
		}
	}
	s.place()
	s.spec = s.openAPI()
	return s, nil
}

// issuer makes one authorization server with its resources, no door before it.
func issuer(cfg Config, open table.Opener) (*Server, error) {
	u, err := message.ParseURL(cfg.Issuer)
	if err != nil {
		return nil, err
	}
	t := authserver.StoredTables(cfg.Limits, open)
	s := &Server{cfg: cfg, notes: table.Open(open, "notes", 16, resource.NotesCodec), site: u.Origin()}
	trusted := cfg.Trusted
	if cfg.IdP {
		s.idp = identityProvider(cfg, t)
		trusted = append(slices.Clone(trusted), authserver.Trusted{Issuer: s.idp.Issuer, Users: true, Local: true, Keys: s.idp.Keys.Public})
	}
	s.as, err = authserver.NewWith(authserver.Config{Issuer: cfg.Issuer, Trusted: trusted, Format: cfg.Format, TokenAlg: cfg.TokenAlg, Resources: append([]string{cfg.Issuer + OAuthPath}, cfg.Resources...),
		Approval: cfg.Approval, TokenAuthMethods: cfg.TokenAuthMethods, RequirePushed: cfg.RequirePushed, DPoP: cfg.DPoP, DPoPNonce: cfg.DPoPNonce, Algorithms: cfg.Algorithms, Compat: cfg.Compat, Documents: cfg.documents, Seed: cfg.Seed, Lifetimes: cfg.Lifetimes, Limits: cfg.Limits, Random: cfg.Random}, t)
	if err != nil {
		return nil, err
	}
	s.static = &resource.Static{Token: cfg.BearerToken, Minted: table.Open(open, "minted", cfg.MintedMax, table.Names), Lifetime: cfg.Minted, Random: cfg.Random}
	s.oauth = s.resource(OAuthPath, checker{s.as}, "Protected by OAuth: get an access token from the authorization server that the resource metadata names.")
	s.oauth.DPoP, s.oauth.DPoPOnly = cfg.DPoP != authserver.DPoPOff, cfg.DPoP == authserver.DPoPRequired
	s.oauth.Algorithms = s.as.Metadata().DPoPSigningAlgsSupported
	s.bearer = s.resource(BearerPath, s.static, "Protected by a static bearer token, or one minted at "+MintPath+".")
	return s, nil
}

func (s *Server) resource(path string, tokens resource.Checker, instructions string) resource.Resource {
	id := s.cfg.Issuer + path
	book := resource.Notebook{Key: table.KeyOf(id), Notes: s.notes, Max: s.cfg.Notes, Life: 24 * time.Hour}
	return resource.Resource{Identifier: id, MetadataURL: exchange.ResourceMetadataURLs(id)[0].URL, DefaultScope: oauth.ScopeRead,
		Tokens: tokens, MCP: mcp.Server{Name: "mcp-auth-test-server", Version: s.cfg.Version, Instructions: instructions, Tools: resource.Tools(book)}}
}

// checker lets the resource ask the authorization server about tokens.
type checker struct{ as *authserver.Server }

func (c checker) Check(now time.Time, m message.Request, cred exchange.Credentials, id string) (resource.Access, error) {
	a, err := c.as.Check(now, m, cred, id)
	return resource.Access{Subject: a.Subject, ClientID: a.Client, Scope: a.Scope, ExpiresAt: a.ExpiresAt}, err
}

// Sweep drops what has expired and returns how many records went. Hosts call
// it now and then; correctness does not depend on it.
func (s *Server) Sweep(now time.Time) int {
	gone := s.as.Sweep(now) + s.static.Minted.Sweep(now) + s.notes.Sweep(now)
	if s.tenants == nil { // it is a tenant itself
		return gone
	}
	for _, t := range s.tenants {
		gone += t.Sweep(now)
	}
	gone += s.sweepSandboxes(now)
	if s.cfg.documents != nil {
		gone += s.cfg.documents.Sweep(now)
	}
	return gone
}

// Records counts what is kept, by table, for whoever watches the process. What
// has expired counts until it is swept.
func (s *Server) Records() map[string]int {
	all := s.as.Records()
	all["minted"] = s.static.Minted.Len()
	all["notes"] = s.notes.Len()
	for _, t := range s.tenants {
		for name, n := range t.Records() {
			all[name] += n
		}
	}
	return all
}

func (s *Server) oauthResource(now time.Time, m message.Request) message.Response {
	return s.protected(&s.oauth, now, m)
}

func (s *Server) bearerResource(now time.Time, m message.Request) message.Response {
	return s.protected(&s.bearer, now, m)
}

// protected lets a resource answer, or only judge where the host answers.
func (s *Server) protected(r *resource.Resource, now time.Time, m message.Request) message.Response {
	if s.cfg.Conformance {
		return r.Admit(now, m)
	}
	return r.Serve(now, m)
}

// openResource admits everybody: the front door has judged already.
func (s *Server) openResource(time.Time, message.Request) message.Response {
	return message.Response{Pass: "anyone", Note: "answered by the conformance fixtures"}
}

func (s *Server) serverMetadata(time.Time, message.Request) message.Response {
	return exchange.ServerMetadataReply(s.as.Metadata())
}

func (s *Server) oauthMetadata(time.Time, message.Request) message.Response {
	return exchange.ResourceMetadataReply(oauth.ResourceMetadata{Resource: s.oauth.Identifier, ResourceName: "mcp-auth test server",
		AuthorizationServers: []string{s.cfg.Issuer}, ScopesSupported: []string{oauth.ScopeRead, oauth.ScopeWrite},
		BearerMethodsSupported: []string{"header"}, DPoPSigningAlgs: s.oauth.Algorithms, DPoPRequired: s.oauth.DPoPOnly,
		ResourceDocumentation: s.site + "/docs"})
}

// bearerMetadata names no authorization server: nothing issues its tokens.
func (s *Server) bearerMetadata(time.Time, message.Request) message.Response {
	return exchange.ResourceMetadataReply(oauth.ResourceMetadata{Resource: s.bearer.Identifier, ResourceName: "mcp-auth test server, static bearer",
		ScopesSupported: []string{oauth.ScopeRead, oauth.ScopeWrite}, BearerMethodsSupported: []string{"header"},
		ResourceDocumentation: s.site + "/docs"})
}

func (s *Server) mint(now time.Time, _ message.Request) message.Response {
	t, err := s.static.Mint(now)
	if err != nil && !errors.Is(err, table.ErrFull) {
		return exchange.ErrorReply(authserver.Unavailable(err), false)
	}
	if err != nil {
		return exchange.ErrorReply(&oauth.Error{Code: oauth.TemporarilyUnavailable, Status: 503, RetryAfter: int(s.cfg.Minted / time.Second),
			Description: "as many minted tokens live as may; wait until some expire"}, false)
	}
	return exchange.TokenReply(t)
}

func (s *Server) health(time.Time, message.Request) message.Response {
	all := []message.Member{
		message.M("status", message.Str("ok")),
		message.M("version", message.Str(s.cfg.Version)),
		message.M("hooks", message.Strs(s.cfg.Hooks()))}
	if s.cfg.Compat != "" {
		all = append(all, message.M("compat", message.Strs([]string{s.cfg.Compat})))
	}
	return message.JSON(200, message.Obj(all...).Append(nil))
}

func (s *Server) home(time.Time, message.Request) message.Response {
	var seeds []pages.Seed
	if s.cfg.Seed {
		for _, c := range authserver.Seeds() {
			seeds = append(seeds, pages.Seed{ID: c.ID, Secret: c.Secret, Key: c.Key, Grants: c.Grants, Scope: c.Scope})
		}
	}
	metadata := exchange.ServerMetadataURLs(s.cfg.Issuer)[0].URL
	return pages.HomePage(pages.Home{Issuer: s.cfg.Issuer, Version: s.cfg.Version, Metadata: metadata, Seeds: seeds, Tenants: s.issuers(), Ends: s.ends, Sandboxes: s.tenants != nil && s.cfg.Sandboxes > 0})
}

func (s *Server) docs(time.Time, message.Request) message.Response {
	all := make([]pages.RouteDoc, len(s.routes))
	for i, r := range s.routes {
		all[i] = pages.RouteDoc{Group: r.Group, Method: r.Method, Path: r.Path, Summary: r.Summary, Details: r.Details}
	}
	return pages.DocsPage(s.cfg.Issuer, s.cfg.Version, all)
}

func (s *Server) inspector(_ time.Time, m message.Request) message.Response {
	f, err := message.ParseForm(m.Query())
	return pages.InspectorPage(f, err != nil)
}

func (s *Server) openapi(time.Time, message.Request) message.Response {
	return message.JSON(200, s.spec)
}
