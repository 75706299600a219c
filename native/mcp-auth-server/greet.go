// What the server prints: the greeting, and the help.
package main

import (
	"fmt"
	"io"
	"strings"

	"mcp-auth/core/authserver"
	"mcp-auth/core/server"
	"mcp-auth/web/settings"
)

// greet prints where things are, who may come, and what to type first. The
// first line ends in the issuer.
func greet(out io.Writer, cfg server.Config, bound, figures, store string) {
	base, where := cfg.Issuer, ""
	if base != "http://"+bound {
		where = bound + ", as "
	}
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("mcp-auth-server %s listens on %s%s", cfg.Version, where, base)
	p("")
	p("  MCP behind OAuth          %s%s", base, server.OAuthPath)
	p("  MCP behind a bearer token %s%s  (token: %s)", base, server.BearerPath, shownToken(cfg.BearerToken))
	for _, name := range cfg.Tenants {
		p("  the same, as a tenant     %s%s%s%s", base, server.TenantPath, name, server.OAuthPath)
	}
	p("  Metadata                  %s/.well-known/oauth-authorization-server", base)
	if cfg.Files != nil {
		p("  Flow visualizer           %s/", base)
	}
	p("  Endpoints, for people     %s/docs", base)
	if figures != "" {
		p("  What the process holds    %s", figures)
	}
	if cfg.Seed {
		p("")
		p("Seeded clients")
		for _, s := range authserver.Seeds() {
			if !strings.HasPrefix(s.ID, "dev-") {
				continue
			}
			secret := "public"
			if s.Secret != "" {
				secret = "secret " + s.Secret
			}
			if s.Key != "" {
				secret = "key, a JWK at /about"
			}
			p("  %-24s %-32s %s", s.ID, secret, s.Scope)
		}
	}
	p("")
	if hooks := cfg.Hooks(); len(hooks) > 0 {
		p("Test hooks on: %s", strings.Join(hooks, ", "))
	} else {
		p("Test hooks on: none")
	}
	if cfg.Compat != "" {
		p("Lets in clients of MCP %s: no resource needed; /authorize, /token, /register", cfg.Compat)
	}
	p("")
	p("Try, in another terminal")
	p("  mcp-auth discover %s/mcp/oauth", base)
	p("  mcp-auth login %s/mcp/oauth --auth-mode auth-code --register", base)
	p("  mcp-auth call %s/mcp/oauth tools/list", base)
	p("")
	p("Stop with Ctrl-C. %s", outlives(store))
	io.WriteString(out, b.String())
}

// shownToken shows only the published token.
func shownToken(token string) string {
	if token == "" {
		return server.DefaultBearerToken
	}
	return "as configured"
}

// usage is the help. Its tables come from the flags themselves.
func usage() string {
	var b strings.Builder
	b.WriteString(`mcp-auth-server: a test authorization server with protected MCP resources

Usage
  mcp-auth-server [flags]

Examples
  mcp-auth-server                                    serve on http://127.0.0.1:8765
  mcp-auth-server --approval auto                    approve without asking, for CI
  mcp-auth-server --access-lifetime 5s               see a client refresh
  mcp-auth-server --store sqlite:state.db            keep clients and tokens over restarts
  mcp-auth-server --listen 127.0.0.1:0 --trace t.ndjson

`)
	c := &config{}
	fs := c.flags()
	groups := []struct{ title, names string }{
		{"Address", "listen " + settings.AddressFlags},
		{"State", "store"},
		{"Behaviour", settings.BehaviourFlags + " trust-workloads trust-idp conformance"},
		{"Lifetimes, at least 1s", names(c.Durations(), func(d settings.Duration) string { return d.Name })},
		{"Limits", names(append(c.Counts(), c.ownCounts()...), func(n settings.Count) string { return n.Name })},
		{"Output", "log-format trace figures config version"},
	}
	for _, g := range groups {
		fmt.Fprintln(&b, g.title)
		for _, name := range strings.Fields(g.names) {
			f := fs.Lookup(name)
			def := ""
			if f.DefValue != "" && f.DefValue != "false" {
				def = " (default " + f.DefValue + ")"
			}
			fmt.Fprintf(&b, "  --%-20s %s%s\n", name, f.Usage, def)
		}
		b.WriteByte('\n')
	}
	b.WriteString(`Every flag is also an environment variable: --access-lifetime is
MCP_AUTH_SERVER_ACCESS_LIFETIME. Flags win over variables, variables over the file.
`)
	return b.String()
}

func names[F any](flags []F, name func(F) string) string {
	var all []string
	for _, f := range flags {
		all = append(all, name(f))
	}
	return strings.Join(all, " ")
}
