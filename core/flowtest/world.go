// The world of a script: one server, one user, one clock moved by hand, and
// randomness that is the same every time.
package flowtest

import (
	"crypto/sha256"
	"errors"
	"strings"
	"sync"
	"time"

	"mcp-auth/core/authserver"
	"mcp-auth/core/flow"
	"mcp-auth/core/jose"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/server"
	"mcp-auth/core/trace"
)

// Base is the issuer of every world.
const Base = "http://127.0.0.1:8765"

// Resource is its protected resource.
const Resource = Base + "/mcp/oauth"

// Algorithms are those of every world: the one that each build has, so that a
// script has the same bytes in the page as elsewhere.
var Algorithms = []string{jose.EdDSA}

// A World is what a script plays in.
type World struct {
	Server *server.Server
	now    time.Time
	cfg    server.Config

	connect func(*World) Transport
	do      Transport
	redact  *trace.Redactor
	shown   []trace.Event // of the running command
	tokens  map[string]oauth.Token
	login   flow.Login
	proofs  flow.Prover // of the last login, as it stands now
	provers int         // made so far
	later   string      // a callback that comes after the current one
}

// NewWorld makes a world whose server is not started yet.
func NewWorld() *World {
	return &World{now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC), redact: trace.NewRedactor(), tokens: map[string]oauth.Token{},
		cfg: server.Config{Issuer: Base, Seed: true, Mint: true, Algorithms: Algorithms, Version: "test", Random: NewRandom("world")}}
}

// InProcess is the transport that calls the server directly.
func InProcess(w *World) Transport {
	return func(m message.Request) (message.Response, error) { return w.Server.Serve(w.now, m), nil }
}

// Now is the world's time.
func (w *World) Now() time.Time { return w.now }

// Config is how the world's server was configured.
func (w *World) Config() server.Config { return w.cfg }

func (w *World) start() error {
	if w.Server != nil {
		return nil
	}
	s, err := server.New(w.cfg)
	if err != nil {
		return err
	}
	w.Server = s
	w.do = w.connect(w)
	return nil
}

// Do runs one command and returns what happened, as text.
//
//	server key=value ...            settings, before anything else
//	login MODE [key=value ...]      a login; user=approve|deny|nobody|mallory, key=seeded, dpop=true
//	advance DURATION                moves the clock
//	refresh [token=NAME]            renews the last login, or a named one
//	keep NAME                       names the last login's tokens
//	call METHOD [key=value ...]     an MCP request
//	register JSON                   a registration
//	tokens                          introspects the last login's tokens
func (w *World) Do(command string) (string, error) {
	words := strings.Fields(command)
	if len(words) == 0 {
		return "", errors.New("an empty command")
	}
	o := options(words[1:])
	if words[0] == "server" {
		return "", w.configure(o)
	}
	if err := w.start(); err != nil {
		return "", err
	}
	w.shown = nil
	var err error
	switch words[0] {
	case "login":
		err = w.doLogin(words[1], o)
	case "advance":
		err = w.advance(words[1])
	case "refresh":
		err = w.doRefresh(o)
	case "keep":
		w.tokens[words[1]] = w.login.Token
	case "call":
		err = w.doCall(words[1], o)
	case "register":
		_, err = w.send("register", message.PostJSON(Base+authserver.RegisterPath, []byte(strings.TrimPrefix(command, "register "))))
	case "tokens":
		err = w.introspect()
	default:
		err = errors.New("no such command")
	}
	return w.text(), err
}

func options(words []string) map[string]string {
	o := map[string]string{}
	for _, word := range words {
		name, value, _ := strings.Cut(word, "=")
		o[name] = strings.ReplaceAll(value, "+", " ")
	}
	return o
}

func (w *World) configure(o map[string]string) error {
	var err error
	for name, value := range o {
		d := time.Duration(0)
		if strings.HasSuffix(name, "-lifetime") {
			if d, err = time.ParseDuration(value); err != nil {
				return err
			}
		}
		switch name {
		case "require-par":
			w.cfg.RequirePushed = value == "true"
		case "idp":
			w.cfg.IdP = value == "true"
		case "dpop":
			w.cfg.DPoP = authserver.DPoP(value)
		case "dpop-nonce":
			w.cfg.DPoPNonce = value == "true"
		case "token-format":
			w.cfg.Format = authserver.TokenFormat(value)
		case "workloads":
			w.cfg.Trusted = []authserver.Trusted{{Issuer: Platform, Keys: PlatformKeys}}
		case "tenants":
			w.cfg.Tenants = strings.Split(value, ",")
		case "approval":
			w.cfg.Approval = authserver.Approval(value)
		case "access-lifetime":
			w.cfg.Lifetimes.Access = d
		case "device-lifetime":
			w.cfg.Lifetimes.Device = d
		case "code-lifetime":
			w.cfg.Lifetimes.Code = d
		case "refresh-lifetime":
			w.cfg.Lifetimes.Refresh = d
		default:
			return errors.New("no such setting: " + name)
		}
	}
	return nil
}

func (w *World) advance(d string) error {
	by, err := time.ParseDuration(d)
	w.now = w.now.Add(by)
	return err
}

// send performs an exchange outside of a flow, shown like the others.
func (w *World) send(step string, m message.Request) (message.Response, error) {
	w.shown = append(w.shown, trace.Event{Kind: trace.KindRequest, Step: step, Request: &m})
	r, err := w.do(m)
	if err == nil {
		w.shown = append(w.shown, trace.Event{Kind: trace.KindResponse, Step: step, Response: &r})
	}
	return r, err
}

func (w *World) introspect() error {
	for _, token := range []string{w.login.Token.AccessToken, w.login.Token.RefreshToken} {
		if token == "" {
			continue // there is none to ask about
		}
		var f message.Form
		f.Add("token", token)
		f.Add("client_id", "dev-confidential-client")
		f.Add("client_secret", "dev-confidential-secret")
		if _, err := w.send("introspect", message.PostForm(Base+authserver.IntrospectPath, f)); err != nil {
			return err
		}
	}
	return nil
}

// text renders the events of a command: what travelled and what was checked,
// secrets as labels.
func (w *World) text() string {
	var b strings.Builder
	for _, ev := range w.shown {
		if ev.Kind == trace.KindInternal || ev.Kind == trace.KindState {
			continue
		}
		ev = w.redact.Event(plain(ev))
		b.WriteString(trace.Text(ev, true))
	}
	return b.String()
}

// plain leaves out the headers that say the same everywhere, or depend on the
// transport.
func plain(ev trace.Event) trace.Event {
	keep := func(h message.Header) message.Header {
		var out message.Header
		for _, f := range h {
			switch strings.ToLower(f.Name) {
			case "authorization", "www-authenticate", "location", "retry-after", "content-type", "mcp-protocol-version":
				out = append(out, f)
			}
		}
		return out
	}
	if ev.Request != nil {
		m := *ev.Request
		m.Header = keep(m.Header)
		ev.Request = &m
	}
	if ev.Response != nil {
		r := *ev.Response
		r.Header = keep(r.Header)
		if message.MediaType(r.Header.Get("Content-Type")) == "text/html" {
			r.Body = nil
		}
		ev.Response = &r
	}
	return ev
}

// A random source that is the same every time: SHA-256 of a counter. For
// tests alone.
type random struct {
	mu   sync.Mutex
	seed string
	n    uint64
	rest []byte
}

// NewRandom makes one for a seed.
func NewRandom(seed string) *random { return &random{seed: seed} }

// Read implements io.Reader.
func (r *random) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range p {
		if len(r.rest) == 0 {
			r.n++
			sum := sha256.Sum256(append([]byte(r.seed), byte(r.n>>56), byte(r.n>>48), byte(r.n>>40), byte(r.n>>32), byte(r.n>>24), byte(r.n>>16), byte(r.n>>8), byte(r.n)))
			r.rest = sum[:]
		}
		p[i], r.rest = r.rest[0], r.rest[1:]
	}
	return len(p), nil
}
