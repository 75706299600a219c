// Sandboxes: an issuer of its own for a visitor or a CI job, with settings of
// its own, that ends by itself. It is a tenant that nobody configured.
package server

import (
	"errors"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mcp-auth/core/authserver"
	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/table"
)

// SandboxPath is where sandboxes are asked for.
const SandboxPath = "/sandbox"

// Bounds of one sandbox.
const (
	sandboxRequests = 6000 // a minute
	longestSandbox  = 30 * 24 * time.Hour
)

// sandboxLimits bound what one sandbox keeps.
var sandboxLimits = authserver.Limits{Clients: 200, Transactions: 500, Codes: 1_000, Devices: 200, ClientStarts: 100, Tokens: 20_000}

// A Sandbox is what its owner may choose. Zero members are as at the root.
type Sandbox struct {
	Approval         authserver.Approval
	Lifetimes        authserver.Lifetimes
	TokenAuthMethods []string
	RequirePushed    bool
	Life             time.Duration // of the sandbox; at most Config.SandboxLife, which is also the default
}

// sandboxCodec is how a sandbox is bytes.
var sandboxCodec = table.Codec[Sandbox]{Version: 1,
	Write: func(w *table.Writer, box Sandbox) {
		w.Text(string(box.Approval))
		for _, d := range box.durations() {
			w.Int(int64(*d))
		}
		w.Texts(box.TokenAuthMethods)
		w.Bool(box.RequirePushed)
	},
	Read: func(r *table.Reader, _ byte) (box Sandbox) {
		box.Approval = authserver.Approval(r.Text())
		for _, d := range box.durations() {
			*d = time.Duration(r.Int())
		}
		box.TokenAuthMethods, box.RequirePushed = r.Texts(), r.Bool()
		return box
	}}

func (box *Sandbox) durations() [10]*time.Duration {
	l := &box.Lifetimes
	return [...]*time.Duration{&l.Code, &l.Access, &l.Refresh, &l.Device, &l.Interval, &l.Transaction, &l.Pushed, &l.Key, &l.Client, &box.Life}
}

// sandboxes are those that live: what is kept of them, by name, and the
// servers made of it, which are made again after a restart.
type sandboxes struct {
	kept table.Table[Sandbox]
	mu   sync.RWMutex
	open map[string]*openSandbox
}

type openSandbox struct {
	*Server
	expires time.Time
	window  atomic.Uint64 // the minute and, in the lower half, its requests
}

// sandbox serves POST /sandbox.
func (s *Server) sandbox(now time.Time, m message.Request) message.Response {
	box, err := s.readSandbox(m)
	if err != nil {
		return sandboxRefused(err)
	}
	name, err := s.sandboxName()
	if err == nil {
		err = s.OpenSandbox(now, name, box)
	}
	if err != nil {
		return sandboxRefused(err)
	}
	at := s.cfg.Issuer + TenantPath + name
	reply := message.JSON(201, message.Obj(
		message.M("name", message.Str(name)),
		message.M("issuer", message.Str(at)),
		message.M("resource", message.Str(at+OAuthPath)),
		message.M("bearer_resource", message.Str(at+BearerPath)),
		message.M("metadata", message.Str(exchange.ServerMetadataURLs(at)[0].URL)),
		message.M("approval", message.Str(string(box.Approval))),
		message.M("expires_at", message.Num(now.Add(box.Life).Unix())),
		message.M("expires_in", message.Num(int64(box.Life/time.Second)))).Append(nil))
	reply.Note = "opened the sandbox " + name
	return reply
}

func sandboxRefused(err error) message.Response {
	var e *oauth.Error
	if !errors.As(err, &e) {
		e = &oauth.Error{Code: oauth.TemporarilyUnavailable, Status: 503, RetryAfter: 1, Description: "the sandbox could not be opened; send the same request again"}
	}
	return exchange.ErrorReply(e, false)
}

// sandboxName makes 16 letters and digits of 80 random bits: nobody guesses it.
func (s *Server) sandboxName() (string, error) {
	if s.cfg.SandboxName != "" {
		return s.cfg.SandboxName, nil
	}
	var b [10]byte
	if _, err := io.ReadFull(s.cfg.Random, b[:]); err != nil {
		return "", err
	}
	const letters = "abcdefghijklmnopqrstuvwxyz234567"
	var name [16]byte
	for i := range name {
		bit := i * 5
		v := uint16(b[bit/8]) << 8
		if bit/8+1 < len(b) {
			v |= uint16(b[bit/8+1])
		}
		name[i] = letters[v>>(11-bit%8)&31]
	}
	return string(name[:]), nil
}

// OpenSandbox opens a sandbox under a name that is free, until its life ends.
// The error is an *oauth.Error: as many as may be are open, or what is asked
// for cannot be.
func (s *Server) OpenSandbox(now time.Time, name string, box Sandbox) error {
	expires := now.Add(box.Life)
	t, err := s.boxed(name, box, expires)
	if err != nil {
		return oauth.E(oauth.InvalidRequest, err.Error())
	}
	b := &s.boxes
	b.mu.Lock()
	first, ended := b.sweep(now)
	if err = b.kept.Create(now, table.KeyOf(name), box, expires); err == nil {
		b.open[name] = t
	}
	b.mu.Unlock()
	forget(ended)
	switch {
	case errors.Is(err, table.ErrFull):
		return &oauth.Error{Code: oauth.TemporarilyUnavailable, Status: 503, RetryAfter: seconds(first.Sub(now)),
			Description: "as many sandboxes are open as may be; try again when one has ended"}
	case errors.Is(err, table.ErrExists):
		return oauth.E(oauth.InvalidRequest, "the name is taken")
	}
	return err
}

// boxed makes the server of a sandbox.
func (s *Server) boxed(name string, box Sandbox, expires time.Time) (*openSandbox, error) {
	cfg := s.cfg
	cfg.Approval, cfg.TokenAuthMethods, cfg.RequirePushed = box.Approval, box.TokenAuthMethods, box.RequirePushed
	cfg.Lifetimes, cfg.Limits, cfg.MintedMax = box.Lifetimes, sandboxLimits, 1_000
	t, err := s.open(name, cfg)
	if err != nil {
		return nil, err
	}
	t.ends = strings.NewReplacer("T", " ", "Z", " UTC").Replace(message.Moment(expires.Truncate(time.Second)))
	return &openSandbox{Server: t, expires: expires}, nil
}

func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// sweep lets go of those that have ended, and returns when the next one will.
func (b *sandboxes) sweep(now time.Time) (next time.Time, ended []*openSandbox) {
	next = now.Add(time.Minute) // when none is known: those of before a restart are met as they are asked for
	first := true
	for name, o := range b.open {
		switch {
		case !now.Before(o.expires):
			delete(b.open, name)
			ended = append(ended, o)
		case first || o.expires.Before(next):
			next, first = o.expires, false
		}
	}
	b.kept.Sweep(now)
	return next, ended
}

// forget drops every record of sandboxes that have ended.
func forget(ended []*openSandbox) (gone int) {
	for _, o := range ended {
		gone += 1 + o.Sweep(time.Unix(1<<33, 0))
	}
	return gone
}

// findSandbox returns a sandbox that lives.
func (s *Server) findSandbox(now time.Time, name string) *openSandbox {
	b := &s.boxes
	b.mu.RLock()
	o := b.open[name]
	b.mu.RUnlock()
	if o == nil {
		o = s.reopened(now, name)
	}
	if o == nil || !now.Before(o.expires) {
		return nil
	}
	return o
}

// reopened makes the server of a sandbox that was opened before a restart.
func (s *Server) reopened(now time.Time, name string) *openSandbox {
	b := &s.boxes
	b.mu.Lock()
	defer b.mu.Unlock()
	if o := b.open[name]; o != nil {
		return o
	}
	r, err := b.kept.Get(now, table.KeyOf(name))
	if err != nil {
		return nil
	}
	o, err := s.boxed(name, r.Value, r.Expires)
	if err != nil {
		return nil
	}
	b.open[name] = o
	return o
}

// sweepSandboxes drops what has ended, sandboxes and their records.
func (s *Server) sweepSandboxes(now time.Time) (gone int) {
	b := &s.boxes
	b.mu.Lock()
	_, ended := b.sweep(now)
	live := slices.Collect(maps.Values(b.open))
	b.mu.Unlock()
	gone = forget(ended)
	for _, o := range live {
		gone += o.Sweep(now)
	}
	return gone
}

// spend counts a request, and says whether the sandbox has had too many of
// them this minute.
func (o *openSandbox) spend(now time.Time) (spent bool) {
	minute := uint64(now.Unix()/60) << 32
	for {
		w := o.window.Load()
		next := w + 1
		if w>>32 != minute>>32 {
			next = minute + 1
		}
		if next&math.MaxUint32 > sandboxRequests {
			return true
		}
		if o.window.CompareAndSwap(w, next) {
			return false
		}
	}
}

// sandboxBusy is the answer when a sandbox has used up its minute.
func sandboxBusy(now time.Time) message.Response {
	return exchange.ErrorReply(&oauth.Error{Code: oauth.TemporarilyUnavailable, Status: 429, RetryAfter: int(60 - now.Unix()%60),
		Description: "the sandbox has had its requests for this minute"}, false)
}

// sandboxLifetimes are the lifetimes that may be chosen, in seconds.
func sandboxLifetimes(l *authserver.Lifetimes) map[string]*time.Duration {
	return map[string]*time.Duration{"code_lifetime": &l.Code, "access_lifetime": &l.Access, "refresh_lifetime": &l.Refresh, "device_lifetime": &l.Device,
		"device_interval": &l.Interval, "consent_lifetime": &l.Transaction, "par_lifetime": &l.Pushed, "client_lifetime": &l.Client}
}

const sandboxFields = "lifetime approval code_lifetime access_lifetime refresh_lifetime device_lifetime device_interval consent_lifetime par_lifetime client_lifetime token_auth_methods require_par"

// readSandbox reads what is asked for; an empty body asks for nothing special.
func (s *Server) readSandbox(m message.Request) (Sandbox, error) {
	box := Sandbox{Approval: authserver.ApprovalManual, Lifetimes: s.cfg.Lifetimes, TokenAuthMethods: s.cfg.TokenAuthMethods, RequirePushed: s.cfg.RequirePushed, Life: s.cfg.SandboxLife}
	if s.cfg.Approval != "" {
		box.Approval = s.cfg.Approval
	}
	if len(m.Body) == 0 {
		return box, nil
	}
	if message.MediaType(m.Header.Get("Content-Type")) != message.JSONType {
		return box, &oauth.Error{Code: oauth.InvalidRequest, Status: 415, Description: "the body must be " + message.JSONType + ", or empty"}
	}
	v, err := message.ParseJSON(m.Body)
	if err != nil {
		return box, oauth.E(oauth.InvalidRequest, err.Error())
	}
	if v.Kind() != message.Object {
		return box, oauth.E(oauth.InvalidRequest, "the body must be a JSON object, not "+v.Kind().String())
	}
	for _, member := range v.Members() {
		if err := box.set(member.Name, member.Value, s.cfg.SandboxLife); err != nil {
			return box, err
		}
	}
	return box, nil
}

func (box *Sandbox) set(name string, v message.Value, longest time.Duration) error {
	switch name {
	case "approval":
		word, _ := v.Text()
		if box.Approval = authserver.Approval(word); !slices.Contains([]authserver.Approval{authserver.ApprovalManual, authserver.ApprovalAuto, authserver.ApprovalDeny}, box.Approval) {
			return oauth.E(oauth.InvalidRequest, "approval must be manual, auto or deny")
		}
		return nil
	case "token_auth_methods":
		box.TokenAuthMethods = nil
		for _, e := range v.Elems() {
			word, _ := e.Text()
			box.TokenAuthMethods = append(box.TokenAuthMethods, word)
		}
		if len(box.TokenAuthMethods) == 0 {
			return oauth.E(oauth.InvalidRequest, "token_auth_methods must be an array of "+strings.Join(authserver.TokenAuthMethods(), ", "))
		}
		return nil // which there are is judged when it opens
	case "require_par":
		var ok bool
		if box.RequirePushed, ok = v.Bool(); !ok {
			return oauth.E(oauth.InvalidRequest, "require_par must be true or false")
		}
		return nil
	case "lifetime":
		return sandboxSeconds(&box.Life, v, longest)
	}
	if to := sandboxLifetimes(&box.Lifetimes)[name]; to != nil {
		return sandboxSeconds(to, v, longestSandbox)
	}
	return oauth.E(oauth.InvalidRequest, "a sandbox has the members "+sandboxFields)
}

func sandboxSeconds(to *time.Duration, v message.Value, longest time.Duration) error {
	n, ok := v.Int()
	if !ok || n < 1 || n > int64(longest/time.Second) {
		return oauth.E(oauth.InvalidRequest, "a lifetime must be whole seconds from 1 to "+message.Decimal(int64(longest/time.Second)))
	}
	*to = time.Duration(n) * time.Second
	return nil
}
