// mcp-auth login: get a token, and keep it.
package command

import (
	"context"
	"flag"
	"os"
	"strings"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"

	"mcp-auth/cli/flagset"
	"mcp-auth/core/flow"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

type loginFlags struct {
	targetFlags
	clientFlags
	browserFlags
	federatedFlags
	mode   string
	scope  string
	bearer string
	force  bool
}

// clientFlags say as which client.
type clientFlags struct {
	register               bool
	clientID, clientSecret string
	clientDocument         string
	authMethod, clientKey  string
	dpop                   bool
}

func (c *clientFlags) set(fs *flag.FlagSet) {
	fs.BoolVar(&c.register, "register", false, "register a client dynamically (RFC 7591)")
	fs.StringVar(&c.clientID, "client-id", "", "`ID` of a client that is registered already")
	fs.Var(flagset.Secret{To: &c.clientSecret}, "client-secret", "its `SECRET`; - reads it from stdin")
	fs.StringVar(&c.clientDocument, "client-metadata-url", "", "`URL` of a client ID metadata document: the client ID wherever a server takes such")
	c.authMethod = "auto"
	fs.Var(flagset.Enum{To: &c.authMethod, Words: clientAuths}, "client-auth", "`METHOD` to say who the client is; auto: what server and client both can")
	fs.StringVar(&c.clientKey, "client-key", "", "`FILE` with the client's private key, PEM or JWK, for private_key_jwt (RFC 7523)")
	fs.BoolVar(&c.dpop, "dpop", false, "bind the tokens to a key of this login (RFC 9449); done anyway where the resource takes no others")
}

// browserFlags say how the browser comes in.
type browserFlags struct {
	redirect string
	port     int
	open     bool
	wait     time.Duration
}

func (b *browserFlags) set(fs *flag.FlagSet) {
	fs.StringVar(&b.redirect, "redirect-uri", "", "redirect `URI`; one that is not on loopback is pasted by hand")
	fs.IntVar(&b.port, "listen-port", 0, "`PORT` of the callback listener; 0 takes a free one")
	fs.BoolVar(&b.open, "open-browser", false, "open the authorization URL in the browser")
	b.wait = 5 * time.Minute
	fs.Var(flagset.Duration{To: &b.wait}, "wait", "`TIME` to wait for the browser")
}

// flowNames are what people call the modes that need a client, and
// exchangeNames their requests for a token.
var (
	flowNames     = map[string]string{flow.ModeAuthCode: "Authorization code flow", flow.ModeDevice: "Device flow", flow.ModeClientCreds: "Client credentials flow"}
	exchangeNames = map[string]string{flow.ModeAuthCode: "Authorization code token exchange", flow.ModeDevice: "Device token request", flow.ModeClientCreds: "Client credentials login"}
)

var authModes = []string{flow.ModeAuthCode, flow.ModeDevice, flow.ModeClientCreds, flow.ModeBearer, flow.ModeWorkload, flow.ModeEnterprise}

func (l *loginFlags) set(fs *flag.FlagSet) {
	l.targetFlags.set(fs)
	fs.Var(flagset.Enum{To: &l.mode, Words: authModes}, "auth-mode", "`MODE`: auth-code, device, client-creds, bearer, workload or enterprise; default: what fits")
	l.clientFlags.set(fs)
	fs.StringVar(&l.scope, "scope", "", "`SCOPE` to ask for; default: what the server says is needed")
	l.browserFlags.set(fs)
	fs.Var(flagset.Secret{To: &l.bearer}, "bearer-token", "`TOKEN` to keep as it is; - reads it from stdin")
	l.federatedFlags.set(fs)
	fs.BoolVar(&l.force, "force", false, "log in even if the stored login still works")
}

func newLogin(g *globals) *ffcli.Command {
	l := &loginFlags{}
	return g.sub("login", "URL [flags]", "log in to a server and keep the token", `Modes
  auth-code     a person approves in a browser (PKCE, RFC 7636)
  device        a person approves on another screen (RFC 8628)
  client-creds  the client itself, with its secret or its key (--client-key)
  bearer        a token you already have
  workload      a job whose platform vouches for it with a signed token
  enterprise    a user whom the company's identity provider vouches for: its ID
                token is turned into a grant for this server, nobody is asked

Which client: --client-id, else the metadata document of --client-metadata-url
where the server takes such, else with --register a new one, each time, else the
client registered here before for the same server, which is registered again
where the server has forgotten it.

Examples
  mcp-auth login http://127.0.0.1:8765/mcp/oauth --auth-mode auth-code --register
  mcp-auth login http://127.0.0.1:8765/mcp/oauth --auth-mode device --client-id dev-public-client
  mcp-auth login http://127.0.0.1:8765/mcp/oauth --auth-mode client-creds \
      --client-id dev-confidential-client --client-secret dev-confidential-secret
  mcp-auth login URL --auth-mode client-creds --client-id ID --client-key key.pem
  mcp-auth login URL --auth-mode workload --assertion-file /var/run/secrets/token
  mcp-auth login URL --auth-mode enterprise --client-id ID \
      --idp-token-endpoint https://idp.example/token --idp-client-id ID --id-token-file id.jwt`,
		l.set,
		func(ctx context.Context, args []string) error {
			if err := arguments(args, "URL"); err != nil {
				return err
			}
			if err := resourceURL(args[0]); err != nil {
				return err
			}
			if err := l.check(); err != nil {
				return err
			}
			if err := g.readSecrets(secretFlag{"client-secret", &l.clientSecret}, secretFlag{"bearer-token", &l.bearer}); err != nil {
				return err
			}
			if err := checkBearer(l.bearer); err != nil {
				return err
			}
			return (&login{globals: g, loginFlags: l, url: args[0]}).run(ctx)
		})
}

// check refuses what cannot work before anything is sent.
func (l *loginFlags) check() error {
	if err := l.targetFlags.check(); err != nil {
		return err
	}
	if l.clientDocument != "" {
		if err := oauth.CheckClientIDURL(l.clientDocument); err != nil && oauth.CheckLocalClientIDURL(l.clientDocument) != nil {
			return usage("--client-metadata-url: %v", err)
		}
	}
	if l.port < 0 || l.port > 65535 {
		return usage("--listen-port must be 0 to 65535, got %d", l.port)
	}
	if l.redirect == "" {
		return nil
	}
	uri := anyPort(l.redirect)
	if err := oauth.RegistrableRedirect(uri); err != nil {
		return usage("--redirect-uri: %v", err)
	}
	if u, err := message.ParseURL(uri); err == nil && u.Scheme == "http" && u.Port == "" && uri == l.redirect {
		return usage("--redirect-uri on loopback must carry a port: it is where the callback listener waits")
	}
	return nil
}

// checkBearer refuses a token of the user's that no header could carry. It
// says where, not what: the token is a secret.
func checkBearer(token string) error {
	if token == "" || message.IsToken68(token) {
		return nil
	}
	const may = "a bearer token has letters, digits and - . _ ~ + / alone, and = at its end (RFC 6750 section 2.1)"
	if rest, ok := strings.CutPrefix(strings.ToLower(token), "bearer "); ok && message.IsToken68(rest) {
		return usage("--bearer-token: %s: give it without the word Bearer", may)
	}
	at := strings.IndexFunc(token, func(r rune) bool { return !message.IsToken68(string(r)) }) + 1
	return usage("--bearer-token: %s: look at character %d of what was given", may, at)
}

// anyPort leaves out port 0, which stands for a free one.
func anyPort(uri string) string { return strings.Replace(uri, ":0/", "/", 1) }

// A secretFlag is a flag whose value is a secret.
type secretFlag struct {
	name string
	to   *string
}

// readSecrets reads what - stands for, and warns of secrets that other users
// of the machine can see.
func (g *globals) readSecrets(secrets ...secretFlag) error {
	for _, s := range secrets {
		if *s.to == "-" {
			line, err := g.ReadLine()
			if err != nil {
				return usage("--%s -: %v", s.name, err)
			}
			*s.to = line
		} else if *s.to != "" && os.Getenv(flagset.Variable(s.name)) != *s.to {
			g.Notice("note: --%s can be seen by other users of this machine; - reads it from stdin, %s from the environment", s.name, flagset.Variable(s.name))
		}
	}
	return nil
}
