// Package settings are the settings of the test server that mean the same
// wherever it runs: flags of the native server, variables of the Worker.
package settings

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"mcp-auth/core/authserver"
	"mcp-auth/core/message"
	"mcp-auth/core/server"
)

// Prefix is what the variables begin with: --access-lifetime is
// MCP_AUTH_SERVER_ACCESS_LIFETIME.
const Prefix = "MCP_AUTH_SERVER"

// Variable is the variable of a flag.
func Variable(flag string) string {
	return Prefix + "_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// A List is a flag that may be repeated, or hold several values with commas.
type List []string

// String implements flag.Value.
func (l *List) String() string { return strings.Join(*l, ",") }

// Set implements flag.Value.
func (l *List) Set(s string) error {
	for v := range strings.SplitSeq(s, ",") {
		if v = strings.TrimSpace(v); v != "" {
			*l = append(*l, v)
		}
	}
	return nil
}

// Settings are what the flags say. Add registers them, with the defaults.
type Settings struct {
	Issuer, Approval, BearerToken                   string
	Hosts, Origins, Resources, Tenants              List
	AuthMethods, DocumentHosts                      List
	Mint, IdP, Compat, DPoP, TokenFormat, LogFormat string
	Seed, RemoteHooks, DPoPNonce, RequirePAR        bool
	Documents, LocalDocuments                       bool
	Lifetimes                                       authserver.Lifetimes
	Minted, SandboxLife, Sweep                      time.Duration
	Limits                                          authserver.Limits
	Sandboxes, Notes                                int
}

// Groups are the flags of Add, as help shows them, but for lifetimes and limits.
const (
	AddressFlags   = "issuer tenant allow-host allow-origin resource"
	BehaviourFlags = "approval token-auth-methods token-format dpop dpop-nonce compat require-par cimd cimd-host cimd-allow-loopback sandboxes mint idp allow-remote-hooks seed bearer-token"
)

// Add registers the flags.
func (s *Settings) Add(fs *flag.FlagSet) {
	fs.StringVar(&s.Issuer, "issuer", "", "origin that clients see (default http:// and the address bound)")
	fs.Var(&s.Hosts, "allow-host", "further Host values to answer, such as test.example:8765; may be repeated")
	fs.Var(&s.Origins, "allow-origin", "browser origins whose pages may call; may be repeated")
	fs.Var(&s.Resources, "resource", "resource identifier of an MCP server of your own that tokens may be for; may be repeated")
	fs.Var(&s.Tenants, "tenant", "name of a further issuer at /tenant/NAME, with clients and resources of its own; may be repeated; none: no tenant (default "+defaultTenant+")")
	fs.StringVar(&s.Approval, "approval", "manual", "who answers the consent page: manual, auto or deny; mcp:admin is always manual")
	fs.Var(&s.AuthMethods, "token-auth-methods", "ways of client authentication announced and taken, such as client_secret_post; may be repeated (default "+strings.Join(authserver.TokenAuthMethods(), ",")+")")
	fs.IntVar(&s.Sandboxes, "sandboxes", 0, "sandboxes that may be open at once: POST /sandbox opens an issuer of its own at /tenant/NAME, which ends by itself")
	fs.StringVar(&s.Compat, "compat", "", "let clients of an older MCP in too: 2025-03-26 takes the first resource where none is asked for, and serves /authorize, /token and /register")
	fs.StringVar(&s.TokenFormat, "token-format", "opaque", "what access tokens look like: opaque, or jwt (RFC 9068) with the keys at /oauth/jwks")
	fs.StringVar(&s.DPoP, "dpop", "optional", "bind tokens to keys (RFC 9449): off, optional for who sends a proof, or required")
	fs.BoolVar(&s.DPoPNonce, "dpop-nonce", false, "ask for a nonce of this server in each proof, at the token endpoint and at /mcp/oauth")
	fs.BoolVar(&s.RequirePAR, "require-par", false, "refuse authorization requests that were not pushed to /oauth/par first")
	fs.BoolVar(&s.Documents, "cimd", true, "take URLs as client_id and fetch the client's metadata document from there")
	fs.Var(&s.DocumentHosts, "cimd-host", "take such documents from this host alone; may be repeated")
	fs.BoolVar(&s.LocalDocuments, "cimd-allow-loopback", false, "test hook: such documents may also lie on this machine, with http too")
	fs.StringVar(&s.IdP, "idp", "auto", "test hook: be an identity provider too, at /idp, for enterprise-managed authorization: on, off, or auto, which is on for loopback")
	fs.StringVar(&s.Mint, "mint", "auto", "serve the mint hook: on, off, or auto, which is on for loopback")
	fs.BoolVar(&s.RemoteHooks, "allow-remote-hooks", false, "let test hooks be on while listening beyond loopback")
	fs.BoolVar(&s.Seed, "seed", true, "have the dev-* and phase-* clients")
	fs.StringVar(&s.BearerToken, "bearer-token", "", "static token of /mcp/bearer-token (default "+server.DefaultBearerToken+")")
	fs.StringVar(&s.LogFormat, "log-format", "text", "one line a request, on stderr: text, json or off")
	for _, d := range s.Durations() {
		fs.DurationVar(d.To, d.Name, d.Default, d.About)
	}
	for _, n := range s.Counts() {
		fs.IntVar(n.To, n.Name, n.Default, n.About)
	}
}

// defaultTenant is there unless others are named, so that clients meet an
// issuer with a path without further ado.
const defaultTenant = "acme"

func (s *Settings) tenants() []string {
	switch {
	case len(s.Tenants) == 0:
		return []string{defaultTenant}
	case len(s.Tenants) == 1 && s.Tenants[0] == "none":
		return nil
	}
	return s.Tenants
}

// A Duration is a flag that is a lifetime; at least a second.
type Duration struct {
	To          *time.Duration
	Name, About string
	Default     time.Duration
}

// Durations are the lifetimes.
func (s *Settings) Durations() []Duration {
	l := &s.Lifetimes
	return []Duration{
		{&l.Code, "code-lifetime", "of an authorization code", time.Minute},
		{&l.Access, "access-lifetime", "of an access token", time.Hour},
		{&l.Refresh, "refresh-lifetime", "of a refresh token", 720 * time.Hour},
		{&l.Device, "device-lifetime", "of a device code", 15 * time.Minute},
		{&l.Interval, "device-interval", "between two polls of a device", 5 * time.Second},
		{&l.Transaction, "consent-lifetime", "of a consent page", 10 * time.Minute},
		{&l.Pushed, "par-lifetime", "of a pushed authorization request", time.Minute},
		{&l.Key, "key-lifetime", "until another key signs JWT access tokens", 24 * time.Hour},
		{&l.Client, "client-lifetime", "of a registered client nobody uses", 24 * time.Hour},
		{&s.SandboxLife, "sandbox-lifetime", "of a sandbox, at most and by default", time.Hour},
		{&s.Minted, "mint-lifetime", "of a minted bearer token", 5 * time.Minute},
		{&s.Sweep, "sweep-interval", "between two times that expired records are dropped", 30 * time.Second},
	}
}

// A Count is a flag that bounds something; at least 1.
type Count struct {
	To          *int
	Name, About string
	Default     int
}

// Counts are the limits.
func (s *Settings) Counts() []Count {
	m := &s.Limits
	return []Count{
		{&m.Clients, "max-clients", "registered clients kept", 5_000},
		{&m.Transactions, "max-consents", "open consent pages kept", 20_000},
		{&m.Codes, "max-codes", "authorization codes kept", 100_000},
		{&m.Devices, "max-devices", "device authorizations kept", 10_000},
		{&m.ClientStarts, "max-client-devices", "device authorizations of one client", 1_000},
		{&m.Tokens, "max-tokens", "tokens kept of each kind", 20_000_000},
		{&m.Spent, "max-spent", "used assertions and proofs remembered while they live", 1_000_000},
		{&s.Notes, "max-notes", "notes kept of each resource", 100},
	}
}

// OneOf judges a flag that is one of some words, separated by spaces.
func OneOf(flag, value, words string) error {
	if strings.Contains(" "+words+" ", " "+value+" ") {
		return nil
	}
	return fmt.Errorf("--%s must be one of %s", flag, strings.ReplaceAll(words, " ", ", "))
}

// AtLeast judges durations, which have an upper bound as well, and counts.
func AtLeast(durations []Duration, counts []Count) error {
	for _, d := range durations {
		if *d.To < time.Second {
			return fmt.Errorf("--%s must be at least 1s", d.Name)
		}
		if *d.To > authserver.LongestLifetime {
			return fmt.Errorf("--%s must be at most ten years, 87600h", d.Name)
		}
	}
	for _, n := range counts {
		if *n.To < 1 {
			return fmt.Errorf("--%s must be at least 1", n.Name)
		}
	}
	return nil
}

// Check says what cannot be meant; the error names the flag.
func (s *Settings) Check() error {
	if err := AtLeast(s.Durations(), s.Counts()); err != nil {
		return err
	}
	if s.Sandboxes < 0 {
		return errors.New("--sandboxes must be 0, which is none, or more")
	}
	if s.Compat != "" && s.Compat != server.Compat20250326 {
		return fmt.Errorf("--compat may be %s", server.Compat20250326)
	}
	for _, name := range s.tenants() {
		if err := server.CheckTenant(name); err != nil {
			return fmt.Errorf("--tenant %q: %w", name, err)
		}
	}
	for _, m := range s.AuthMethods {
		if !slices.Contains(authserver.TokenAuthMethods(), m) {
			return fmt.Errorf("--token-auth-methods must be some of %s", strings.Join(authserver.TokenAuthMethods(), ", "))
		}
	}
	for _, o := range s.Origins {
		if u, err := message.ParseURL(o); err != nil || u.Origin() != o {
			return fmt.Errorf("--allow-origin %q is no origin such as http://localhost:3000", o)
		}
	}
	return errors.Join(OneOf("approval", s.Approval, "manual auto deny"), OneOf("dpop", s.DPoP, "off optional required"),
		OneOf("token-format", s.TokenFormat, "opaque jwt"), OneOf("mint", s.Mint, "on off auto"), OneOf("idp", s.IdP, "on off auto"), OneOf("log-format", s.LogFormat, "text json off"))
}

// A Place is where the server runs.
type Place struct {
	Loopback bool               // only this machine reaches it
	Origin   string             // the issuer when none is set; empty: one must be set
	Fetcher  authserver.Fetcher // of client documents; nil: there are none
	Random   io.Reader
	Version  string
}

// Server is the core's configuration at a place. What else it needs, the host
// adds; Guard is for when it has.
func (s *Settings) Server(at Place) (server.Config, error) {
	cfg := server.Config{Issuer: strings.TrimSuffix(s.Issuer, "/"), Hosts: s.Hosts, Origins: s.Origins, Resources: s.Resources, Tenants: s.tenants(),
		Approval: authserver.Approval(s.Approval), TokenAuthMethods: s.AuthMethods, RequirePushed: s.RequirePAR, Format: authserver.TokenFormat(s.TokenFormat),
		DPoP: authserver.DPoP(s.DPoP), DPoPNonce: s.DPoPNonce, Compat: s.Compat, Sandboxes: s.Sandboxes, SandboxLife: s.SandboxLife,
		BearerToken: s.BearerToken, Mint: s.Mint == "on" || s.Mint == "auto" && at.Loopback, IdP: s.IdP == "on" || s.IdP == "auto" && at.Loopback, Seed: s.Seed,
		Lifetimes: s.Lifetimes, Minted: s.Minted, Limits: s.Limits, Notes: s.Notes, Random: at.Random, Version: at.Version}
	if s.Documents && at.Fetcher != nil {
		cfg.Fetcher, cfg.LocalDocuments = at.Fetcher, s.LocalDocuments
		for _, h := range s.DocumentHosts {
			cfg.DocumentHosts = append(cfg.DocumentHosts, strings.ToLower(h))
		}
	}
	if cfg.LocalDocuments && !at.Loopback {
		return cfg, errors.New("--cimd-allow-loopback is for a server that listens on loopback itself")
	}
	if cfg.Issuer == "" {
		cfg.Issuer = at.Origin
	}
	if cfg.Issuer == "" {
		return cfg, errors.New("--issuer is needed when listening beyond loopback: it is the origin that clients see")
	}
	return cfg, nil
}

// Guard refuses test hooks where strangers could use them (C-26).
func (s *Settings) Guard(cfg server.Config, at Place) error {
	if hooks := cfg.Hooks(); len(hooks) > 0 && !at.Loopback && !s.RemoteHooks {
		return fmt.Errorf("test hooks (%s) are refused beyond loopback: anyone who reaches the server could use them; add --allow-remote-hooks if that is wanted", strings.Join(hooks, ", "))
	}
	return nil
}
