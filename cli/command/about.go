// mcp-auth version, help and completion.
package command

import (
	"context"
	"fmt"
	"runtime"
	"sort"
	"strings"

	"github.com/peterbourgon/ff/v3/ffcli"

	"mcp-auth/cli/flagset"
	"mcp-auth/core/message"
)

func newVersion(g *globals) *ffcli.Command {
	return g.sub("version", "", "print the version", "", nil, g.version)
}

func (g *globals) version(_ context.Context, args []string) error {
	if err := arguments(args); err != nil {
		return err
	}
	if !g.document(message.Obj(message.M("version", message.Str(Version)), message.M("go", message.Str(runtime.Version())))) {
		g.Line("mcp-auth %s %s/%s", Version, runtime.GOOS, runtime.GOARCH)
	}
	return nil
}

func newCompletion(g *globals) *ffcli.Command {
	return g.sub("completion", "SHELL", "print a completion script: bash, zsh, fish or powershell", "Example\n  source <(mcp-auth completion bash)", nil,
		func(_ context.Context, args []string) error {
			if err := arguments(args, "SHELL"); err != nil {
				return err
			}
			text, err := flagset.Script(args[0], "mcp-auth")
			if err != nil {
				return usage("%v", err)
			}
			g.text(args[0], text)
			return nil
		})
}

// text prints a text of ours, or the document with it.
func (g *globals) text(name, text string) {
	if !g.document(message.Obj(message.M("name", message.Str(name)), message.M("text", message.Str(text)))) {
		fmt.Fprint(g.Out, text)
	}
}

func newHelp(g *globals) *ffcli.Command {
	return g.sub("help", "[COMMAND or TOPIC]", "explain a command or a topic: flows, exit-codes, environment, files", "", nil,
		func(_ context.Context, args []string) error {
			root := newRoot(&globals{Printer: g.Printer})
			c := root
			for _, word := range args {
				if text, ok := topics[word]; ok && len(args) == 1 {
					g.text(word, text)
					return nil
				}
				var next *ffcli.Command
				for _, s := range c.Subcommands {
					if s.Name == word {
						next = s
					}
				}
				if next == nil {
					return usage("nothing is known of %q; topics are %s", word, strings.Join(topicNames(), ", "))
				}
				c = next
			}
			g.text(c.FlagSet.Name(), flagset.Usage(c, globalNames))
			return nil
		})
}

func topicNames() []string {
	var all []string
	for name := range topics {
		all = append(all, name)
	}
	sort.Strings(all)
	return all
}

var topics = map[string]string{
	"flows": `How a login goes

auth-code     a person is there, with a browser on this machine (or reachable by
              SSH). RFC 6749 section 4.1 with PKCE (RFC 7636): the program listens on
              loopback, the browser brings a code, the code buys a token.
device        a person is there, with any browser anywhere. RFC 8628: type a short
              code on the page, the program polls until you have answered.
client-creds  nobody is there: a service with its own secret, or with a key (RFC 7523
              section 2.2). RFC 6749 section 4.4.
workload      nobody is there: the platform that runs the job vouches for it with a
              signed token, which buys the access token. RFC 7523 section 2.1.
enterprise    nobody is asked: the company's identity provider knows the user. It turns
              an ID token into a grant for this server (RFC 8693), which buys the
              access token (RFC 7523 section 2.1).
bearer        you have a token already. Nothing is asked of anybody.

Before each but the last comes discovery: the server's 401 names its
metadata (RFC 9728), that names the authorization server, whose metadata
(RFC 8414) names the endpoints. mcp-auth discover URL --verbose shows it all.
`,
	"exit-codes": `Exit codes

0    done
1    something else
2    wrong flags, arguments or JSON; or the server does not offer what they ask for
3    a login is needed, or was refused
4    no answer: network, TLS, time-out; or none for now: a busy or failing server
5    JSON-RPC error, or a tool that failed
6    the server broke the protocol, or a document breaks its rules
7    the person said no, or let the time run out
130  interrupted; nothing was stored
`,
	"environment": `Environment

Every flag is also a variable: --auth-mode is MCP_AUTH_AUTH_MODE, --cli-home is
MCP_AUTH_CLI_HOME. A flag wins over its variable, a variable over the config file.

BROWSER         commands that open a URL, separated by colons; %s stands for it
NO_COLOR        no colours; CLICOLOR_FORCE: colours although nobody looks
HTTPS_PROXY     and the other usual proxy variables
SSL_CERT_FILE   on Linux: a PEM file with the certificates to trust, in place of
                the system's; for servers under test with one of their own
`,
	"files": `Files, in ~/.config/mcp-auth or --cli-home

profiles.json   the logins, readable by you alone. It has tokens and secrets in it.
profiles.lock   held while profiles.json is changed; dies with its process
config.json     settings: {"timeout": "20s", "login": {"open-browser": true}}
`,
}
