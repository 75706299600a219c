// mcp-auth call: one MCP request with the stored login.
package command

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"flag"
	"io"
	"os"
	"strings"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"

	"mcp-auth/cli/flagset"
	"mcp-auth/core/flow"
	"mcp-auth/core/mcp"
	"mcp-auth/core/message"
	"mcp-auth/core/profile"
)

type callFlags struct {
	clientFlags
	browserFlags
	params, tool, arguments, id, profileID string
	protocol                               string
	stepUp                                 string
}

// protocols are the revisions that can be spoken.
var protocols = append([]string{"auto", mcp.Stateless}, mcp.Handshake...)

func newCall(g *globals) *ffcli.Command {
	c := &callFlags{}
	return g.sub("call", "URL METHOD [flags]", "send one MCP request with the stored login", `The whole JSON-RPC response goes to stdout, names sorted; where the server sends
the access token back, a label stands for it. An expired token is refreshed
first, by one process at a time. Exit code 5: the server answered with a
JSON-RPC error, or the tool failed.

Where the server wants a login, or more scope than the token has, --step-up
says what happens: ask at a terminal, auto logs in, never ends with code 3. The
new login asks for all that was asked for before and what is missing; after
three logins the call gives up.

The newest revision that the server speaks is spoken: the stateless wire of
2026-07-28 is tried first, then the one with a handshake. The profile keeps what
the server spoke, which is tried first the next time; a new login forgets it.

Examples
  mcp-auth call http://127.0.0.1:8765/mcp/oauth tools/list
  mcp-auth call http://127.0.0.1:8765/mcp/oauth tools/call --tool-name echo --tool-arguments '{"message":"hello"}'`,
		func(fs *flag.FlagSet) {
			fs.StringVar(&c.params, "params", "", "`JSON` object of params; @FILE or - reads it from there")
			fs.StringVar(&c.tool, "tool-name", "", "`NAME` of the tool of tools/call")
			fs.StringVar(&c.arguments, "tool-arguments", "", "`JSON` object of its arguments; @FILE or - reads it from there")
			fs.StringVar(&c.id, "request-id", "", "`ID` of the request; default: a random one")
			fs.StringVar(&c.profileID, "profile-id", "", "`ID` of the profile to use; default: the active one")
			c.protocol, c.stepUp = "auto", "ask"
			fs.Var(flagset.Enum{To: &c.protocol, Words: protocols}, "protocol-version", "`REVISION` of MCP to speak; auto: the newest that the server does")
			fs.Var(flagset.Enum{To: &c.stepUp, Words: stepUps}, "step-up", "`WHEN` to log in where a login or more scope is needed: ask, auto or never")
			c.clientFlags.set(fs)
			c.browserFlags.set(fs)
		},
		func(ctx context.Context, args []string) error {
			if err := arguments(args, "URL", "METHOD"); err != nil {
				return err
			}
			if err := resourceURL(args[0]); err != nil {
				return err
			}
			if err := (&loginFlags{clientFlags: c.clientFlags, browserFlags: c.browserFlags}).check(); err != nil {
				return err
			}
			if err := g.readSecrets(secretFlag{"client-secret", &c.clientSecret}); err != nil {
				return err
			}
			return g.call(ctx, args[0], args[1], c)
		})
}

func (g *globals) call(ctx context.Context, url, method string, c *callFlags) error {
	f := flow.Call{ResourceURL: url, Method: method}
	if c.protocol != "auto" {
		f.Protocol = c.protocol
	}
	var err error
	if f.Params, err = c.build(g, method); err != nil {
		return err
	}
	if f.ID, err = c.requestID(); err != nil {
		return err
	}
	e := &errand{globals: g, callFlags: c, url: url}
	if e.keeper, err = g.keeper(); err != nil {
		return err
	}
	if e.profile, err = g.choose(e.keeper, url, c.profileID); err != nil && !e.noneYet(err) {
		return err
	}
	reply, err := e.run(ctx, f)
	if err != nil {
		return err
	}
	noteUse(e.keeper, e.profile.ID, e.spoken, time.Now())
	g.JSON(reply)
	return replyError(reply)
}

// noteUse keeps when a login was used last, to the minute, and what was spoken,
// so that most calls write nothing. It is no reason for a call to fail.
func noteUse(k profile.Keeper, id, spoken string, now time.Time) {
	p, err := find(k, id)
	if err != nil || now.Sub(p.LastUsedAt) < time.Minute && (spoken == "" || spoken == p.Protocol) {
		return
	}
	_ = k.Update(func(s *profile.Store) error {
		p, err := s.Find(id)
		if err != nil {
			return err
		}
		p.LastUsedAt = now
		if spoken != "" {
			p.Protocol = spoken
		}
		return s.Replace(p)
	})
}

// noneYet reports whether a missing profile is one that a login may bring.
func (e *errand) noneYet(err error) bool {
	var none *loginNeeded
	return errors.As(err, &none) && e.stepUp == "auto"
}

// withoutToken takes our token out of the texts of a reply that echoes it: out
// of strings, and out of names where it cannot be a word. Numbers are the
// server's own.
func withoutToken(v message.Value, token string) message.Value {
	switch v.Kind() {
	case message.String:
		s, _ := v.Text()
		return message.Str(textWithoutToken(s, token))
	case message.Array:
		elems := make([]message.Value, len(v.Elems()))
		for i, e := range v.Elems() {
			elems[i] = withoutToken(e, token)
		}
		return message.Arr(elems...)
	case message.Object:
		members := make([]message.Member, len(v.Members()))
		for i, m := range v.Members() {
			members[i] = message.M(m.Name, withoutToken(m.Value, token))
			if len(token) >= wordLength {
				members[i].Name = textWithoutToken(m.Name, token)
			}
		}
		return message.Obj(members...)
	}
	return v
}

// wordLength is the length below which a token may be a word of the answer by
// chance: it is then an echo only where nothing else stands beside it.
const wordLength = 16

func textWithoutToken(s, token string) string {
	const label = "<the access token>"
	if token == "" {
		return s
	}
	if len(token) >= wordLength {
		return strings.ReplaceAll(s, token, label)
	}
	scheme, value, spaced := strings.Cut(s, " ")
	switch {
	case s == token:
		return label
	case spaced && value == token && (strings.EqualFold(scheme, "Bearer") || strings.EqualFold(scheme, "DPoP")):
		return scheme + " " + label
	}
	return s
}

// choose finds the profile. One for another resource is never used: its token
// would go where it does not belong.
func (g *globals) choose(k profile.Keeper, url, id string) (profile.Profile, error) {
	if id == "" {
		return g.active(k, url)
	}
	s, err := k.Load()
	if err != nil {
		return profile.Profile{}, err
	}
	p, err := s.Find(id)
	if err == nil && !profile.SameURL(p.ResourceURL, url) {
		return p, usage("profile %s is for %s; its token is not sent to %s", p.ID, p.ResourceURL, url)
	}
	return p, err
}

// build makes the params of the request.
func (c *callFlags) build(g *globals, method string) (message.Value, error) {
	params, err := g.object("--params", c.params)
	if err != nil {
		return params, err
	}
	if method != "tools/call" {
		if c.tool != "" || c.arguments != "" {
			return params, usage("--tool-name and --tool-arguments belong to tools/call")
		}
		if params.Kind() == message.Missing {
			params = message.Obj()
		}
		return params, nil
	}
	args, err := g.object("--tool-arguments", c.arguments)
	if err != nil {
		return params, err
	}
	if c.tool == "" && params.Get("name").Kind() == message.Missing {
		return params, usage("--tool-name is required for tools/call")
	}
	members := params.Members()
	if c.tool != "" {
		members = append(members, message.M("name", message.Str(c.tool)))
		if args.Kind() == message.Missing {
			args = message.Obj()
		}
	}
	if args.Kind() != message.Missing {
		members = append(members, message.M("arguments", args))
	}
	return message.ParseJSON(message.Obj(members...).Append(nil)) // refuses a name given twice
}

// object reads a JSON object from a flag, a file or stdin.
func (g *globals) object(flagName, text string) (message.Value, error) {
	data := []byte(text)
	var err error
	switch {
	case text == "":
		return message.Value{}, nil
	case text == "-":
		flagName += " from stdin"
		data, err = io.ReadAll(io.LimitReader(g.In, 1<<20))
	case text[0] == '@':
		flagName += " " + text
		data, err = os.ReadFile(text[1:])
	}
	if err != nil {
		return message.Value{}, usage("%s: %v", flagName, err)
	}
	v, err := message.ParseJSON(data)
	if err != nil {
		return v, usage("%s must be valid JSON: %v", flagName, err)
	}
	if v.Kind() != message.Object {
		return v, usage("%s must decode to a JSON object.", flagName)
	}
	return v, nil
}

func (c *callFlags) requestID() (message.Value, error) {
	if c.id != "" {
		return message.Str(c.id), nil
	}
	b := make([]byte, 16)
	_, err := rand.Read(b)
	return message.Str(hex.EncodeToString(b)), err
}

// replyError is the error a reply carries, if any.
func replyError(reply message.Value) error {
	if e := reply.Get("error"); e.Kind() != message.Missing {
		code, ok := e.Get("code").Number()
		text, _ := e.Get("message").Text()
		if !ok {
			return &rpcError{"a JSON-RPC error without a code: it must be an object with code and message (JSON-RPC 2.0 section 5.1)"}
		}
		return &rpcError{"JSON-RPC error " + code + ": " + text}
	}
	if failed, _ := reply.Get("result").Get("isError").Bool(); failed {
		return &rpcError{"the tool failed; its answer says why"}
	}
	return nil
}
