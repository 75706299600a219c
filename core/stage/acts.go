// The plays: what happens one after the other in each flow. Every act is one
// of the client's machines; an act may be due to fail.
package stage

import (
	"slices"
	"strings"
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/explain"
	"mcp-auth/core/flow"
	"mcp-auth/core/mcp"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/server"
	"mcp-auth/core/trace"
)

// An act makes a flow; nil when it only changes something.
type act struct {
	make    func(*Stage) flow.Flow
	due     string // the OAuth error that must come
	virtual bool   // not of a live run: it needs a clock that can be moved, or rules that are this server's own
}

// real are the acts that a live run has too.
func real(all []act) []act {
	return slices.DeleteFunc(slices.Clone(all), func(a act) bool { return a.virtual })
}

// keeps is what the client keeps between acts.
type keeps struct {
	login  flow.Login
	old    oauth.Token // before the last refresh
	ascent flow.Ascent // after a refusal for scope
}

// scripts are the plays by flow.
var scripts = map[string][]act{
	"auth-code":    {{make: authCode}, {make: callTool("whoami")}},
	"device":       {{make: device}, {make: callTool("whoami")}},
	"client-creds": {{make: clientCreds}, {make: callTool("whoami")}},
	"bearer":       {{make: discover}, {make: bearer}, {make: callTool("whoami")}},
	"refresh": {{make: authCode}, {make: callTool("whoami")}, {make: later(time.Hour), virtual: true}, {make: callTool("whoami"), due: oauth.InvalidToken, virtual: true},
		{make: renew(false)}, {make: callTool("whoami")}, {make: renew(true), due: oauth.InvalidGrant}, {make: callTool("whoami"), due: oauth.InvalidToken, virtual: true}},
	"step-up": {{make: authCode}, {make: callTool("read_note")}, {make: callTool("write_note"), due: oauth.InsufficientScope}, {make: authCode}, {make: callTool("write_note")}},
}

// Flows lists the plays.
func Flows() []string {
	return []string{"auth-code", "device", "client-creds", "bearer", "refresh", "step-up"}
}

// act begins the current act.
func (s *Stage) act() error {
	for len(s.acts) > 0 {
		s.seen, s.page, s.device = 0, nil, nil
		if s.flow = s.acts[0].make(s); s.flow != nil {
			return s.tell(flow.Start{})
		}
		s.acts = s.acts[1:]
	}
	s.over = true
	return nil
}

// ended judges how the current act ended, keeps what it brought, and begins
// the next one; a failure that was not due ends the run.
func (s *Stage) ended(err error) error {
	due := s.acts[0].due
	s.acts = s.acts[1:]
	last := &s.events[len(s.events)-1]
	got := ""
	if last.Outcome != nil {
		got = last.Outcome.Code
	}
	switch {
	case due != "" && got == due:
		last.Outcome.Due = true
		s.kept.ascent.Scope = s.kept.login.RequestedScope
		s.kept.ascent.After(err, false)
	case due != "" && err == nil:
		last.Outcome = &trace.Outcome{Kind: trace.Violated, Step: "token", Want: due, Got: explain.Success}
		s.acts = nil
	case err != nil:
		s.acts = nil
	default:
		s.keep()
	}
	return s.act()
}

func (s *Stage) keep() {
	switch f := s.flow.(type) {
	case *flow.AuthCode:
		s.kept.login = f.Login
	case *flow.Device:
		s.kept.login = f.Login
	case *flow.ClientCreds:
		s.kept.login = f.Login
	case *flow.Bearer:
		s.kept.login = f.Login
	case *flow.Renew:
		if f.Token.AccessToken != "" {
			s.kept.old, s.kept.login.Token = s.kept.login.Token, f.Token
		}
	}
}

// scope to ask for: a play that steps up begins with the least.
func (s *Stage) scope() string {
	if s.cfg.Flow == "step-up" && !s.climbing() {
		return oauth.ScopeRead
	}
	return s.kept.ascent.Scope
}

// climbing reports whether a call was refused for its scope.
func (s *Stage) climbing() bool { return s.cfg.Flow == "step-up" && s.kept.ascent.Scope != "" }

func (s *Stage) target() flow.Target {
	t := flow.Target{ResourceURL: s.resource()}
	if s.climbing() {
		return s.kept.ascent.Next(t)
	}
	return t
}

func (s *Stage) resource() string {
	switch {
	case s.cfg.Live != "":
		return s.cfg.Live
	case s.cfg.Flow == "bearer":
		return issuer + server.BearerPath
	}
	return issuer + server.OAuthPath
}

// client is who logs in: known beforehand, or new. For more scope it registers
// again.
func (s *Stage) client() flow.Client {
	switch {
	case s.cfg.Registration == "cimd" && s.cfg.Flow != "client-creds": // a document has no secret to share
		return flow.Client{Document: document, Register: true, Name: "Flow visualizer"}
	case s.cfg.Registration != "pre":
		return flow.Client{Register: true, Name: "Flow visualizer"}
	case s.cfg.Flow == "client-creds":
		return flow.Client{ID: "dev-confidential-client", Secret: "dev-confidential-secret"}
	}
	return flow.Client{ID: "dev-public-client"}
}

func authCode(s *Stage) flow.Flow {
	f := flow.NewAuthCode(s.target(), s.client(), s.scope())
	f.RedirectURI, f.StateValue, f.Verifier = redirect, s.secret(16), s.secret(32)
	if s.cfg.Redirect != "" {
		f.RedirectURI = s.cfg.Redirect
	}
	return f
}

func device(s *Stage) flow.Flow { return flow.NewDevice(s.target(), s.client(), s.scope()) }

func clientCreds(s *Stage) flow.Flow { return flow.NewClientCreds(s.target(), s.client(), s.scope()) }

func discover(s *Stage) flow.Flow { return flow.NewDiscover(s.target()) }

func bearer(s *Stage) flow.Flow {
	return &flow.Bearer{ResourceURL: s.resource(), Token: server.DefaultBearerToken}
}

func later(d time.Duration) func(*Stage) flow.Flow {
	return func(s *Stage) flow.Flow {
		s.now = s.now.Add(d + time.Second)
		s.note("an hour passes: the access token dies", "RFC 6749 section 5.1")
		return nil
	}
}

// renew refreshes; reused says that the token of before the last refresh is
// taken, as a thief would.
func renew(reused bool) func(*Stage) flow.Flow {
	return func(s *Stage) flow.Flow {
		l := s.kept.login
		t := l.Token
		if reused {
			t = s.kept.old
		}
		return &flow.Renew{ResourceURL: s.resource(), ResourceID: l.ResourceID, TokenEndpoint: l.Server.Metadata.TokenEndpoint, RefreshToken: t.RefreshToken, Scope: t.Scope,
			Client: exchange.ClientAuth{Method: l.AuthMethod, ClientID: l.Client.ClientID, ClientSecret: l.Client.ClientSecret}}
	}
}

// callTool calls a tool with the token that is kept.
func callTool(name string) func(*Stage) flow.Flow {
	arguments := message.Obj()
	if name == "write_note" {
		arguments = message.Obj(message.M("name", message.Str("first")), message.M("content", message.Str("written after stepping up")))
	}
	return func(s *Stage) flow.Flow {
		return &flow.Call{ResourceURL: s.resource(), Token: s.kept.login.Token.AccessToken, Method: "tools/call", ID: message.Num(1), Protocol: s.revision(),
			Params: message.Obj(message.M("name", message.Str(name)), message.M("arguments", arguments))}
	}
}

// revision is the one that is played.
func (s *Stage) revision() string {
	if s.cfg.Revision == "" {
		return mcp.Stateless
	}
	return s.cfg.Revision
}

// Revisions that can be played, newest first.
func Revisions() []string { return append([]string{mcp.Stateless}, mcp.Handshake...) }

// spoken is a request in the revision that is played.
func (s *Stage) spoken(m message.Request) message.Request {
	if slices.Contains(mcp.Handshake, s.cfg.Revision) {
		m.Body = []byte(strings.Replace(string(m.Body), `"protocolVersion":"`+mcp.Newest+`"`, `"protocolVersion":"`+s.cfg.Revision+`"`, 1))
	}
	return m
}

// dialect is an answer as a server of the revision gives it: 2025-03-26 knows
// no resource metadata, 2025-06-18 no scope in the challenge.
func (s *Stage) dialect(step string, r message.Response) message.Response {
	switch {
	case s.cfg.Revision == "2025-03-26" && step == "discover.resource":
		return message.JSON(404, []byte(`{"error":"not_found"}`))
	case s.cfg.Revision == "2025-03-26" && step == "probe":
		return challenge(r, "Bearer")
	case s.cfg.Revision == "2025-03-26" && step == "mcp" && r.Status == 403:
		c, _, _ := exchange.ReadBearerChallenge(r.Header)
		return challenge(r, `Bearer error="`+c.Error+`", scope="`+c.Scope+`"`)
	case s.cfg.Revision == "2025-06-18" && step == "probe":
		c, _, _ := exchange.ReadBearerChallenge(r.Header)
		return challenge(r, `Bearer resource_metadata="`+c.ResourceMetadata+`"`)
	}
	return r
}

func challenge(r message.Response, value string) message.Response {
	h := slices.Clone(r.Header)
	for i, f := range h {
		if f.Name == "WWW-Authenticate" {
			h[i].Value = value
		}
	}
	r.Header = h
	return r
}
