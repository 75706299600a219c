// mcp-auth client cimd: the document of a client whose identifier is a URL.
package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"

	"mcp-auth/core/exchange"
	"mcp-auth/core/flow"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/trace"
)

func newClient(g *globals) *ffcli.Command {
	cimd := g.sub("client cimd", "COMMAND [flags]", "client ID metadata documents: write one, check one", `A client ID metadata document is a small JSON file that you host. Its URL is
your client_id: no registration, no secret, the same identity at every
authorization server that says client_id_metadata_document_supported. Servers
fetch it when somebody logs in, and show its host on their consent page.

  1. mcp-auth client cimd create https://app.example/client.json --client-name "My app"
  2. host what it prints at exactly that URL, as application/json
  3. mcp-auth client cimd check https://app.example/client.json
  4. mcp-auth login URL --client-metadata-url https://app.example/client.json

On one machine, without hosting: serve the file on http://127.0.0.1 and start
mcp-auth-server --cimd-allow-loopback.`, nil, nil)
	cimd.Subcommands = []*ffcli.Command{newCIMDCreate(g), newCIMDCheck(g)}
	cimd.Exec = g.group(cimd)
	c := g.sub("client", "COMMAND [flags]", "describe your own client to servers", "", nil, nil)
	c.Subcommands = []*ffcli.Command{cimd}
	c.Exec = g.group(c)
	return c
}

// A values is a flag that may be repeated.
type values []string

func (v *values) String() string { return strings.Join(*v, " ") }

func (v *values) Set(s string) error {
	*v = append(*v, s)
	return nil
}

// A draft is the document that create writes.
type draft struct {
	oauth.ClientMetadata
	redirects, grants values
	write             string
}

func newCIMDCreate(g *globals) *ffcli.Command {
	d := &draft{}
	return g.sub("client cimd create", "URL [flags]", "write a document to host at URL", `URL is where the document will be: https, with a path. It is the client_id,
byte for byte, so choose it to last.

A client is public unless it says otherwise (token_endpoint_auth_method none):
there is no way to share a secret with servers it has never met. With a key of
its own it can prove itself: --jwks-uri sets private_key_jwt.

The default redirect URI is for programs on the user's machine: servers take
any port there (RFC 8252 section 7.3), and warn the user that any program could
ask in the client's name. A web application gives its https address.`,
		func(fs *flag.FlagSet) {
			fs.StringVar(&d.ClientName, "client-name", "", "`NAME` that people see; needed")
			fs.Var(&d.redirects, "redirect-uri", "`URI` that answers go to; may be repeated (default http://127.0.0.1/callback)")
			fs.Var(&d.grants, "grant-type", "`GRANT` the client uses; may be repeated (default authorization_code and refresh_token)")
			fs.StringVar(&d.Scope, "scope", "", "`SCOPE` it may ask for; default: left to each server")
			fs.StringVar(&d.ClientURI, "client-uri", "", "`URL` of the client's home page")
			fs.StringVar(&d.LogoURI, "logo-uri", "", "`URL` of its logo")
			fs.StringVar(&d.PolicyURI, "policy-uri", "", "`URL` of its privacy policy")
			fs.StringVar(&d.TosURI, "tos-uri", "", "`URL` of its terms of service")
			fs.StringVar(&d.JWKSURI, "jwks-uri", "", "`URL` of its public keys: it authenticates with private_key_jwt")
			fs.StringVar(&d.write, "write", "", "`FILE` to write, instead of stdout")
		},
		func(_ context.Context, args []string) error {
			if err := arguments(args, "URL"); err != nil {
				return err
			}
			return d.create(g, args[0])
		})
}

func (d *draft) create(g *globals, id string) error {
	if err := oauth.CheckClientIDURL(id); err != nil && oauth.CheckLocalClientIDURL(id) != nil {
		return usage("%q cannot be a client_id: %v", id, err)
	}
	if d.ClientName == "" {
		return usage("--client-name is needed: it is what people see when they are asked")
	}
	d.fill()
	body := exchange.ClientDocument(id, d.ClientMetadata)
	if _, faults := exchange.ReadClientDocument(id, asServed(body)); len(faults) > 0 {
		return usage("%s: got %s", faults[0].Text, faults[0].Got)
	}
	if d.write == "" {
		fmt.Fprint(g.Out, string(body))
	} else if err := os.WriteFile(d.write, body, 0o644); err != nil {
		return err
	}
	g.Notice("Host this at %s as application/json, then: mcp-auth client cimd check %s", id, id)
	return nil
}

// fill sets what was not given, and what follows from what was.
func (d *draft) fill() {
	d.RedirectURIs, d.GrantTypes = d.redirects, d.grants
	if len(d.GrantTypes) == 0 {
		d.GrantTypes = []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken}
	}
	if code := slices.Contains(d.GrantTypes, oauth.GrantAuthorizationCode); code {
		d.ResponseTypes = []string{"code"}
		if len(d.RedirectURIs) == 0 {
			d.RedirectURIs = []string{"http://127.0.0.1/callback"}
		}
	}
	d.ApplicationType = "web"
	for _, uri := range d.RedirectURIs {
		if u, err := message.ParseURL(uri); err != nil || u.Loopback() {
			d.ApplicationType = "native"
		}
	}
	d.TokenEndpointAuthMethod = oauth.AuthNone
	if d.JWKSURI != "" {
		d.TokenEndpointAuthMethod = "private_key_jwt"
	}
}

// asServed is a document as a good host would answer with it.
func asServed(body []byte) message.Response {
	return message.Response{Status: 200, Body: body, Header: message.Header{{Name: "Content-Type", Value: message.JSONType}}}
}

func newCIMDCheck(g *globals) *ffcli.Command {
	id := ""
	return g.sub("client cimd check", "URL|FILE [flags]", "say what is wrong with a document, by section", `Checks what an authorization server checks: the URL, how it is served (status,
type, size, no redirect), that client_id is the URL byte for byte, that there
is no secret and no private key in it, that every redirect URI may be used.
All faults are named, not the first alone. Sections are of
draft-ietf-oauth-client-id-metadata-document unless said otherwise.

A FILE is checked as if it were served at its client_id, or at --as.
Exit code 6: something is wrong with it.`,
		func(fs *flag.FlagSet) {
			fs.StringVar(&id, "as", "", "`URL` that a FILE will be served at; default: its client_id")
		},
		func(ctx context.Context, args []string) error {
			if err := arguments(args, "URL or FILE"); err != nil {
				return err
			}
			return g.checkDocument(ctx, args[0], id)
		})
}

func (g *globals) checkDocument(ctx context.Context, where, id string) error {
	var m message.Response
	var err error
	if oauth.IsClientIDURL(strings.ToLower(where)) {
		if id != "" {
			return usage("--as is for a FILE; the URL of a document is its client_id")
		}
		if id = where; oauth.CheckClientIDURL(id) == nil || oauth.CheckLocalClientIDURL(id) == nil {
			m, err = g.fetchDocument(ctx, id)
		}
	} else if m, err = readDocumentFile(where); id == "" {
		v, _ := message.ParseJSON(m.Body)
		id, _ = v.Get("client_id").Text()
	}
	if err != nil {
		return err
	}
	c, faults := exchange.ReadClientDocument(id, m)
	if err := oauth.CheckClientIDURL(id); err != nil && oauth.CheckLocalClientIDURL(id) != nil {
		identifier := exchange.Fault{Text: err.Error(), Got: id, Cite: "draft-ietf-oauth-client-id-metadata-document section 3"}
		if faults = append([]exchange.Fault{identifier}, faults...); m.Status == 0 {
			faults = faults[:1] // it was not fetched
		}
	}
	return g.tellDocument(where, id, c, faults)
}

func readDocumentFile(name string) (message.Response, error) {
	body, err := os.ReadFile(name)
	if err != nil {
		return message.Response{}, usage("%v; give the URL of a document, beginning with https://, or a file", err)
	}
	return asServed(body), nil
}

// fetchDocument gets a document as a server would: no redirect is followed.
func (g *globals) fetchDocument(ctx context.Context, url string) (message.Response, error) {
	m := message.Get(url)
	g.record([]trace.Event{{At: time.Now(), Kind: trace.KindRequest, Step: "document", From: trace.AuthorizationServer, To: trace.Client, Request: &m}})
	r, err := g.client(url).Do(ctx, m)
	if err != nil {
		return r, &flow.Interrupted{Step: "document", URL: url, Err: err}
	}
	g.record([]trace.Event{{At: time.Now(), Kind: trace.KindResponse, Step: "document", From: trace.Client, To: trace.AuthorizationServer, Response: &r}})
	return r, nil
}

// errDocument says that the document is at fault; what is wrong is printed.
var errDocument = errors.New("the document cannot be used as it is")

func (g *globals) tellDocument(where, id string, c oauth.ClientMetadata, faults []exchange.Fault) error {
	notes := documentNotes(id, c, faults)
	var all []message.Value
	for _, f := range faults {
		all = append(all, message.Obj(message.M("fault", message.Str(f.Text)), message.M("got", message.Str(f.Got)), message.M("spec", message.Str(f.Cite))))
	}
	if !g.document(message.Obj(message.M("client_id", message.Str(id)), message.M("good", message.Boolean(len(faults) == 0)), message.M("faults", message.Arr(all...)), message.M("notes", message.Strs(notes)))) {
		g.Line("%s", where)
		for _, f := range faults {
			g.Line("  wrong %s", message.PrintableLine(f.Text))
			g.Line("        got %s  [%s]", message.PrintableLine(f.Got), f.Cite)
		}
		if len(faults) == 0 {
			g.Line("  ok    %s: %s", message.PrintableLine(c.ClientName), message.PrintableLine(clientKind(c)))
		}
		for _, n := range notes {
			g.Line("  note  %s", n)
		}
	}
	if len(faults) > 0 {
		return errDocument
	}
	return nil
}

func clientKind(c oauth.ClientMetadata) string {
	kind := "a client that authenticates with " + c.TokenEndpointAuthMethod
	if c.TokenEndpointAuthMethod == oauth.AuthNone {
		kind = "a public client"
	}
	return kind + ", answers go to " + strings.Join(c.RedirectURIs, " ")
}

// documentNotes is what is no fault, but good to know.
func documentNotes(id string, c oauth.ClientMetadata, faults []exchange.Fault) (notes []string) {
	if oauth.CheckLocalClientIDURL(id) == nil {
		notes = append(notes, "it lies on this machine: only a server on this machine that allows it will fetch it")
	}
	if len(faults) > 0 {
		return notes
	}
	local := func(uri string) bool {
		u, err := message.ParseURL(uri)
		return err != nil || u.Loopback()
	}
	if !slices.ContainsFunc(c.RedirectURIs, func(uri string) bool { return !local(uri) }) && len(c.RedirectURIs) > 0 {
		notes = append(notes, "all redirect URIs are on the user's machine: servers warn that any program there can ask in its name")
	}
	if !slices.Contains(c.GrantTypes, oauth.GrantRefreshToken) {
		notes = append(notes, "grant_types has no refresh_token: when the access token expires, the user logs in again")
	}
	return notes
}
