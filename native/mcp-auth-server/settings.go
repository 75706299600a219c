// The settings: flags, then MCP_AUTH_SERVER_* variables, then a JSON file.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/peterbourgon/ff/v3"

	"mcp-auth/core/authserver"
	"mcp-auth/core/message"
	"mcp-auth/core/server"
	"mcp-auth/native/fetch"
)

type config struct {
	listen, issuer, approval, bearerToken string
	hosts, origins, resources, tenants    list
	authMethods, cimdHosts                list
	mint                                  string
	seed, remoteHooks, version            bool
	compat                                string
	dpop                                  string
	workloads, providers                  list
	idp                                   string
	tokenFormat                           string
	dpopNonce                             bool
	requirePAR, cimd, cimdLoopback        bool
	conformance                           bool
	trace, logFormat                      string
	lifetimes                             authserver.Lifetimes
	minted, sandboxLife                   time.Duration
	sandboxes                             int
	limits                                authserver.Limits
	notes, connections                    int
	figures                               string
	sweep                                 time.Duration
}

// A list is a flag that may be repeated, or hold several values with commas.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(s string) error {
	for v := range strings.SplitSeq(s, ",") {
		if v = strings.TrimSpace(v); v != "" {
			*l = append(*l, v)
		}
	}
	return nil
}

// settings reads args, environment and file. flag.ErrHelp: help is wanted.
func settings(args []string) (*config, error) {
	c := &config{}
	fs := c.flags()
	err := ff.Parse(fs, args, ff.WithEnvVarPrefix("MCP_AUTH_SERVER"), ff.WithConfigFileFlag("config"), ff.WithConfigFileParser(ff.JSONParser))
	if err != nil {
		return c, err
	}
	if fs.NArg() > 0 {
		return c, fmt.Errorf("unexpected argument %q: every setting is a flag", fs.Arg(0))
	}
	if old := os.Getenv("MCP_AUTH_TEST_SERVER_BEARER_TOKEN"); old != "" && c.bearerToken == "" {
		c.bearerToken = old // the variable of the original server
	}
	return c, c.check()
}

func (c *config) flags() *flag.FlagSet {
	fs := flag.NewFlagSet("mcp-auth-server", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&c.listen, "listen", "127.0.0.1:8765", "address and port to listen on; port 0 takes a free one")
	fs.StringVar(&c.issuer, "issuer", "", "origin that clients see (default http:// and the address bound)")
	fs.Var(&c.hosts, "allow-host", "further Host values to answer, such as test.example:8765; may be repeated")
	fs.Var(&c.origins, "allow-origin", "browser origins whose pages may call; may be repeated")
	fs.Var(&c.resources, "resource", "resource identifier of an MCP server of your own that tokens may be for; may be repeated")
	fs.Var(&c.tenants, "tenant", "name of a further issuer at /tenant/NAME, with clients and resources of its own; may be repeated; none: no tenant (default "+defaultTenant+")")
	fs.StringVar(&c.approval, "approval", "manual", "who answers the consent page: manual, auto or deny; mcp:admin is always manual")
	fs.Var(&c.authMethods, "token-auth-methods", "ways of client authentication announced and taken, such as client_secret_post; may be repeated (default "+strings.Join(authserver.TokenAuthMethods(), ",")+")")
	fs.IntVar(&c.sandboxes, "sandboxes", 0, "sandboxes that may be open at once: POST /sandbox opens an issuer of its own at /tenant/NAME, which ends by itself")
	fs.StringVar(&c.compat, "compat", "", "let clients of an older MCP in too: 2025-03-26 takes the first resource where none is asked for, and serves /authorize, /token and /register")
	fs.StringVar(&c.tokenFormat, "token-format", "opaque", "what access tokens look like: opaque, or jwt (RFC 9068) with the keys at /oauth/jwks")
	fs.StringVar(&c.dpop, "dpop", "optional", "bind tokens to keys (RFC 9449): off, optional for who sends a proof, or required")
	fs.BoolVar(&c.dpopNonce, "dpop-nonce", false, "ask for a nonce of this server in each proof, at the token endpoint and at /mcp/oauth")
	fs.BoolVar(&c.requirePAR, "require-par", false, "refuse authorization requests that were not pushed to /oauth/par first")
	fs.BoolVar(&c.cimd, "cimd", true, "take URLs as client_id and fetch the client's metadata document from there")
	fs.Var(&c.cimdHosts, "cimd-host", "take such documents from this host alone; may be repeated")
	fs.BoolVar(&c.cimdLoopback, "cimd-allow-loopback", false, "test hook: such documents may also lie on this machine, with http too")
	fs.Var(&c.workloads, "trust-workloads", "take the tokens of a platform's workloads as grants: ISSUER=FILE with its JWK Set; may be repeated")
	fs.Var(&c.providers, "trust-idp", "take the ID-JAGs of an identity provider as grants: ISSUER=FILE with its JWK Set; may be repeated")
	fs.StringVar(&c.idp, "idp", "auto", "test hook: be an identity provider too, at /idp, for enterprise-managed authorization: on, off, or auto, which is on for loopback")
	fs.StringVar(&c.mint, "mint", "auto", "serve the mint hook: on, off, or auto, which is on for loopback")
	fs.BoolVar(&c.remoteHooks, "allow-remote-hooks", false, "let test hooks be on while listening beyond loopback")
	fs.BoolVar(&c.seed, "seed", true, "have the dev-* and phase-* clients")
	fs.BoolVar(&c.conformance, "conformance", false, "serve the fixtures of the MCP conformance suite, with sessions and streams, at /mcp without a token and at both resources")
	fs.StringVar(&c.bearerToken, "bearer-token", "", "static token of /mcp/bearer-token (default "+server.DefaultBearerToken+")")
	for _, d := range c.durations() {
		fs.DurationVar(d.to, d.name, d.value, d.about)
	}
	for _, n := range c.counts() {
		fs.IntVar(n.to, n.name, n.value, n.about)
	}
	fs.StringVar(&c.trace, "trace", "", "write every exchange to this file as NDJSON, secrets as labels")
	fs.StringVar(&c.figures, "figures", "", "loopback address, port 0 takes a free one, that tells what the process holds: memory, goroutines, records, connections")
	fs.StringVar(&c.logFormat, "log-format", "text", "one line a request on stderr: text, json or off")
	fs.String("config", "", "JSON file with settings; its keys are the flag names")
	fs.BoolVar(&c.version, "version", false, "print the version")
	return fs
}

// defaultTenant is there unless others are named, so that clients meet an
// issuer with a path without further ado.
const defaultTenant = "acme"

func (c *config) tenantNames() []string {
	switch {
	case len(c.tenants) == 0:
		return []string{defaultTenant}
	case len(c.tenants) == 1 && c.tenants[0] == "none":
		return nil
	}
	return c.tenants
}

type durationFlag struct {
	to          *time.Duration
	name, about string
	value       time.Duration
}

func (c *config) durations() []durationFlag {
	l := &c.lifetimes
	return []durationFlag{
		{&l.Code, "code-lifetime", "of an authorization code", time.Minute},
		{&l.Access, "access-lifetime", "of an access token", time.Hour},
		{&l.Refresh, "refresh-lifetime", "of a refresh token", 720 * time.Hour},
		{&l.Device, "device-lifetime", "of a device code", 15 * time.Minute},
		{&l.Interval, "device-interval", "between two polls of a device", 5 * time.Second},
		{&l.Transaction, "consent-lifetime", "of a consent page", 10 * time.Minute},
		{&l.Pushed, "par-lifetime", "of a pushed authorization request", time.Minute},
		{&l.Key, "key-lifetime", "until another key signs JWT access tokens", 24 * time.Hour},
		{&l.Client, "client-lifetime", "of a registered client nobody uses", 24 * time.Hour},
		{&c.sandboxLife, "sandbox-lifetime", "of a sandbox, at most and by default", time.Hour},
		{&c.minted, "mint-lifetime", "of a minted bearer token", 5 * time.Minute},
		{&c.sweep, "sweep-interval", "between two times that expired records are dropped", 30 * time.Second},
	}
}

type countFlag struct {
	to          *int
	name, about string
	value       int
}

func (c *config) counts() []countFlag {
	m := &c.limits
	return []countFlag{
		{&m.Clients, "max-clients", "registered clients kept", 5_000},
		{&m.Transactions, "max-consents", "open consent pages kept", 20_000},
		{&m.Codes, "max-codes", "authorization codes kept", 100_000},
		{&m.Devices, "max-devices", "device authorizations kept", 10_000},
		{&m.ClientStarts, "max-client-devices", "device authorizations of one client", 1_000},
		{&m.Tokens, "max-tokens", "tokens kept of each kind", 20_000_000},
		{&m.Spent, "max-spent", "used assertions and proofs remembered while they live", 1_000_000},
		{&c.notes, "max-notes", "notes kept of each resource", 100},
		{&c.connections, "max-connections", "connections served at once; further ones get 503 with Retry-After", 2_000},
	}
}

func (c *config) check() error {
	for _, d := range c.durations() {
		if *d.to < time.Second {
			return fmt.Errorf("--%s must be at least 1s", d.name)
		}
	}
	for _, n := range c.counts() {
		if *n.to < 1 {
			return fmt.Errorf("--%s must be at least 1", n.name)
		}
	}
	if c.sandboxes < 0 {
		return errors.New("--sandboxes must be 0, which is none, or more")
	}
	if c.compat != "" && c.compat != server.Compat20250326 {
		return fmt.Errorf("--compat may be %s", server.Compat20250326)
	}
	for _, name := range c.tenantNames() {
		if err := server.CheckTenant(name); err != nil {
			return fmt.Errorf("--tenant %q: %w", name, err)
		}
	}
	for _, m := range c.authMethods {
		if !slices.Contains(authserver.TokenAuthMethods(), m) {
			return fmt.Errorf("--token-auth-methods must be some of %s", strings.Join(authserver.TokenAuthMethods(), ", "))
		}
	}
	for _, w := range [...]struct{ flag, value, words string }{
		{"approval", c.approval, "manual auto deny"}, {"dpop", c.dpop, "off optional required"}, {"token-format", c.tokenFormat, "opaque jwt"}, {"mint", c.mint, "on off auto"}, {"idp", c.idp, "on off auto"}, {"log-format", c.logFormat, "text json off"}} {
		if !strings.Contains(" "+w.words+" ", " "+w.value+" ") {
			return fmt.Errorf("--%s must be one of %s", w.flag, strings.ReplaceAll(w.words, " ", ", "))
		}
	}
	return nil
}

// server is the core's configuration for the address that was bound.
func (c *config) server(bound net.Addr, random io.Reader) (server.Config, error) {
	loopback := bound.(*net.TCPAddr).IP.IsLoopback()
	cfg := server.Config{Issuer: strings.TrimSuffix(c.issuer, "/"), Hosts: c.hosts, Origins: c.origins, Resources: c.resources, Tenants: c.tenantNames(), TokenAuthMethods: c.authMethods, RequirePushed: c.requirePAR, Format: authserver.TokenFormat(c.tokenFormat), DPoP: authserver.DPoP(c.dpop), DPoPNonce: c.dpopNonce, Compat: c.compat, Sandboxes: c.sandboxes, SandboxLife: c.sandboxLife, Approval: authserver.Approval(c.approval),
		BearerToken: c.bearerToken, Mint: c.mint == "on" || c.mint == "auto" && loopback, IdP: c.idp == "on" || c.idp == "auto" && loopback, Seed: c.seed, Lifetimes: c.lifetimes,
		Conformance: c.conformance, Minted: c.minted, Limits: c.limits, Notes: c.notes, Random: random, Version: version}
	var err error
	if cfg.Trusted, err = c.trusted(); err != nil {
		return cfg, err
	}
	if c.cimd {
		cfg.Fetcher, cfg.LocalDocuments = fetch.New(), c.cimdLoopback
		for _, h := range c.cimdHosts {
			cfg.DocumentHosts = append(cfg.DocumentHosts, strings.ToLower(h))
		}
	}
	if cfg.LocalDocuments && !loopback {
		return cfg, errors.New("--cimd-allow-loopback is for a server that listens on loopback itself")
	}
	if cfg.Issuer == "" {
		if !loopback {
			return cfg, errors.New("--issuer is needed when listening beyond loopback: it is the origin that clients see")
		}
		cfg.Issuer = "http://" + bound.String()
	}
	if hooks := cfg.Hooks(); len(hooks) > 0 && !loopback && !c.remoteHooks {
		return cfg, fmt.Errorf("test hooks (%s) are refused beyond loopback: anyone who reaches the server could use them; add --allow-remote-hooks if that is wanted", strings.Join(hooks, ", "))
	}
	for _, o := range c.origins {
		if u, err := message.ParseURL(o); err != nil || u.Origin() != o {
			return cfg, fmt.Errorf("--allow-origin %q is no origin such as http://localhost:3000", o)
		}
	}
	return cfg, nil
}
