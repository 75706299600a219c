// mcp-auth discover: what a server asks for.
package command

import (
	"context"
	"flag"
	"strings"

	"github.com/peterbourgon/ff/v3/ffcli"

	"mcp-auth/core/exchange"
	"mcp-auth/core/flow"
	"mcp-auth/core/message"
)

// targetFlags are shared by discover and login.
type targetFlags struct{ metadata, server string }

func (t *targetFlags) set(fs *flag.FlagSet) {
	fs.StringVar(&t.metadata, "resource-metadata-url", "", "`URL` of the protected resource metadata; default: ask the resource")
	fs.StringVar(&t.server, "authorization-server", "", "issuer `URL`, or a metadata URL with /.well-known/ in it; default: as the resource says")
}

// check refuses URLs that cannot be fetched before anything is sent.
func (t targetFlags) check() error {
	for _, f := range [...]struct{ flag, what, url string }{{"--resource-metadata-url", "resource metadata", t.metadata}, {"--authorization-server", "authorization server", t.server}} {
		if f.url == "" {
			continue
		}
		if _, err := message.ParseURL(f.url); err != nil {
			return usage("%s: %s URL must be absolute: %v, got %q", f.flag, f.what, err, f.url)
		}
	}
	return nil
}

func (t targetFlags) target(url string) flow.Target {
	return flow.Target{ResourceURL: url, ResourceMetadataURL: t.metadata, AuthorizationServer: t.server}
}

func newDiscover(g *globals) *ffcli.Command {
	t := &targetFlags{}
	return g.sub("discover", "URL [flags]", "show how a server wants its users to log in", `Asks the server without a token, reads its challenge, its protected resource
metadata (RFC 9728) and the metadata of its authorization servers (RFC 8414).
With --verbose every URL tried and every check is shown.

Example
  mcp-auth discover http://127.0.0.1:8765/mcp/oauth`, t.set,
		func(ctx context.Context, args []string) error {
			if err := arguments(args, "URL"); err != nil {
				return err
			}
			if err := resourceURL(args[0]); err != nil {
				return err
			}
			if err := t.check(); err != nil {
				return err
			}
			g.say("Discovering auth options for %s", args[0])
			found, err := g.discover(ctx, t.target(args[0]))
			if err != nil {
				return err
			}
			if !g.document(discoveredValue(args[0], found)) {
				g.showDiscovered(found)
			}
			return nil
		})
}

func (g *globals) discover(ctx context.Context, t flow.Target) (flow.Discovered, error) {
	f := flow.NewDiscover(t)
	err := g.run(ctx, g.driver(t.ResourceURL), f)
	return f.Found, err
}

func (g *globals) showDiscovered(d flow.Discovered) {
	g.Line("Supported auth modes: %s", strings.Join(d.Modes, ", "))
	if len(d.Scopes) > 0 {
		g.Line("Scopes: %s", strings.Join(d.Scopes, ", "))
	}
	for _, s := range d.Servers {
		m := s.Metadata
		g.Line("Authorization server: %s", s.Issuer)
		for _, row := range [...]struct{ label, value string }{{"Token endpoint", m.TokenEndpoint}, {"Authorization endpoint", m.AuthorizationEndpoint},
			{"Device authorization endpoint", m.DeviceAuthorizationEndpoint}, {"Issuer", m.Issuer}, {"Registration", registration(s)},
			{"PKCE", strings.Join(m.CodeChallengeMethodsSupported, ", ")}, {"Revocation", m.RevocationEndpoint}, {"Metadata", s.MetadataURL}} {
			if row.value != "" {
				g.Line("%s: %s", row.label, row.value)
			}
		}
	}
	for _, w := range d.Warnings {
		g.Line("Warning: %s", w)
	}
}

func registration(s flow.ServerFound) string {
	var ways []string
	if s.Metadata.ClientIDMetadataDocumentSupported {
		ways = append(ways, "cimd")
	}
	if s.Metadata.RegistrationEndpoint != "" {
		ways = append(ways, "dcr")
	}
	if len(ways) == 0 {
		return "none"
	}
	return strings.Join(ways, ", ")
}

func discoveredValue(url string, d flow.Discovered) message.Value {
	servers := []message.Value{}
	for _, s := range d.Servers {
		doc, _ := message.ParseJSON(exchange.ServerMetadataReply(s.Metadata).Body)
		servers = append(servers, message.Obj(message.M("issuer", message.Str(s.Issuer)), message.M("metadata_url", message.Str(s.MetadataURL)),
			message.M("metadata", doc)))
	}
	return message.Obj(
		message.M("resource_url", message.Str(url)),
		message.M("resource", message.Str(d.ResourceID)),
		message.M("resource_metadata_url", message.Str(d.MetadataURL)),
		message.M("auth_modes", message.Strs(d.Modes)),
		message.M("scopes", message.Strs(d.Scopes)),
		message.M("challenge_scope", message.Str(d.ChallengeScope)),
		message.M("authorization_servers", message.Arr(servers...)),
		message.M("warnings", message.Strs(d.Warnings)))
}
