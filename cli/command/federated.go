// Logins that somebody else vouches for: a workload's platform, or the
// enterprise's identity provider.
package command

import (
	"context"
	"flag"
	"io"
	"os"
	"strings"

	"mcp-auth/cli/flagset"
	"mcp-auth/core/flow"
	"mcp-auth/native/drive"
)

// federatedFlags say who vouches.
type federatedFlags struct {
	assertionFile string
	provider      flow.IdentityProvider
	idTokenFile   string
}

func (f *federatedFlags) set(fs *flag.FlagSet) {
	fs.StringVar(&f.assertionFile, "assertion-file", "", "workload: `FILE` with the platform's JWT; - reads stdin")
	fs.StringVar(&f.provider.TokenEndpoint, "idp-token-endpoint", "", "enterprise: `URL` of the identity provider's token endpoint")
	fs.StringVar(&f.provider.ClientID, "idp-client-id", "", "enterprise: `ID` of this client at the identity provider")
	fs.Var(flagset.Secret{To: &f.provider.ClientSecret}, "idp-client-secret", "enterprise: its `SECRET` there")
	fs.StringVar(&f.idTokenFile, "id-token-file", "", "enterprise: `FILE` with the user's ID token; - reads stdin")
}

func (l *login) workloadLogin(ctx context.Context, d *drive.Driver, t flow.Target, c flow.Client, p flow.Prover) error {
	assertion, err := l.readToken("assertion-file", l.assertionFile)
	if err != nil {
		return err
	}
	f := flow.NewWorkload(t, c, l.scope, assertion)
	f.Found, f.Prover = l.found, p
	if err := l.globals.run(ctx, d, f); err != nil {
		return err
	}
	return l.save(f.Login, f.Prover)
}

func (l *login) enterpriseLogin(ctx context.Context, d *drive.Driver, t flow.Target, c flow.Client, p flow.Prover) error {
	provider := l.provider
	if provider.TokenEndpoint == "" {
		return usage("an enterprise login needs --idp-token-endpoint")
	}
	var err error
	if provider.IDToken, err = l.readToken("id-token-file", l.idTokenFile); err != nil {
		return err
	}
	f := flow.NewEnterprise(t, c, l.scope, provider)
	f.Found, f.Prover = l.found, p
	if err := l.globals.run(ctx, d, f); err != nil {
		return err
	}
	return l.save(f.Login, f.Prover)
}

// readToken reads a signed token from a file: never from the command line,
// which others can see.
func (l *login) readToken(name, path string) (string, error) {
	if path == "" {
		return "", usage("--auth-mode %s needs --%s", l.mode, name)
	}
	data, err := []byte(nil), error(nil)
	if path == "-" {
		data, err = io.ReadAll(io.LimitReader(l.In, 1<<16))
	} else {
		data, err = os.ReadFile(path)
	}
	if err != nil {
		return "", usage("--%s: %v", name, err)
	}
	text := strings.TrimSpace(string(data))
	if text == "" || strings.ContainsAny(text, " \t\r\n") {
		return "", usage("--%s: one token is wanted there, and nothing else", name)
	}
	return text, nil
}
