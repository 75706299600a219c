// The server itself, and what its endpoints share.
package authserver

import (
	"errors"
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/keyring"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/table"
)

// Subject is the one user of the test server: whoever sits at the consent page.
const Subject = "test-user"

// Places of the endpoints below the issuer.
const (
	PushPath           = "/oauth/par"
	AuthorizePath      = "/oauth/authorize"
	ConsentPath        = "/oauth/authorize/consent"
	TokenPath          = "/oauth/token"
	DevicePath         = "/oauth/device/authorize"
	DeviceVerifyPath   = "/oauth/device/verify"
	DeviceDecisionPath = "/oauth/device/verify/consent"
	RegisterPath       = "/oauth/register"
	RevokePath         = "/oauth/revoke"
	IntrospectPath     = "/oauth/introspect"
	JWKSPath           = "/oauth/jwks"
)

// A Server is an authorization server. New makes one.
type Server struct {
	cfg    Config
	t      Tables
	seeded map[string]Client
	origin string // of the issuer: what a browser calls it
	base   string // the issuer's path, "" at the root
	grants []string
	ring   *keyring.Ring // nil: access tokens are opaque

	nonceRing *keyring.Ring // nil: proofs need no nonce
}

// New makes a server over its own memory tables.
func New(cfg Config) (*Server, error) { return NewWith(cfg, MemoryTables(cfg.Limits)) }

// NewWith makes a server over the given tables.
func NewWith(cfg Config, t Tables) (*Server, error) {
	cfg = cfg.withDefaults()
	if cfg.Issuer == "" || len(cfg.Resources) == 0 || cfg.Random == nil {
		return nil, errors.New("authserver: Issuer, Resources and Random are needed")
	}
	for _, r := range cfg.Resources {
		if err := oauth.CheckResource(r); err != nil {
			return nil, err
		}
	}
	if err := cfg.Lifetimes.check(); err != nil {
		return nil, err
	}
	if err := checkMethods(cfg.TokenAuthMethods); err != nil {
		return nil, err
	}
	u, err := message.ParseURL(cfg.Issuer)
	if err != nil {
		return nil, errors.New("authserver: issuer: " + err.Error())
	}
	if t.Spent == nil || t.Keys == nil || t.Guesses == nil {
		return nil, errors.New("authserver: every table is needed")
	}
	s := &Server{cfg: cfg, t: t, origin: u.Origin(), base: u.Path}
	s.grants = s.usableGrants()
	if cfg.Format == FormatJWT {
		s.ring = s.newRing()
	}
	if s.cfg.DPoP == "" {
		s.cfg.DPoP = DPoPOff
	}
	if s.cfg.DPoPNonce {
		s.nonceRing = &keyring.Ring{Name: "nonces", Keys: t.Keys, Random: cfg.Random, Every: noncePeriod, Keep: noncePeriod}
	}
	if cfg.Seed {
		s.seeded = seededClients()
	}
	return s, nil
}

// Sweep drops what has expired and returns how many records went.
func (s *Server) Sweep(now time.Time) int {
	return s.t.Clients.Sweep(now) + s.t.Transactions.Sweep(now) + s.t.Codes.Sweep(now) +
		s.t.Grants.Sweep(now) + s.t.Access.Sweep(now) + s.t.Refresh.Sweep(now) +
		s.t.Pushed.Sweep(now) + s.t.Devices.Sweep(now) + s.t.UserCodes.Sweep(now) + s.t.DevicePages.Sweep(now) +
		s.t.Throttles.Sweep(now) + s.t.Guesses.Sweep(now) + s.t.Spent.Sweep(now) + s.t.Keys.Sweep(now)
}

// Records counts what is kept, by table. What has expired counts until it is
// swept.
func (s *Server) Records() map[string]int {
	return map[string]int{"clients": s.t.Clients.Len(), "consents": s.t.Transactions.Len(), "codes": s.t.Codes.Len(), "grants": s.t.Grants.Len(),
		"access": s.t.Access.Len(), "refresh": s.t.Refresh.Len(), "pushed": s.t.Pushed.Len(), "devices": s.t.Devices.Len(), "user_codes": s.t.UserCodes.Len(),
		"device_pages": s.t.DevicePages.Len(), "throttles": s.t.Throttles.Len(), "guesses": s.t.Guesses.Len(), "spent": s.t.Spent.Len(), "keys": s.t.Keys.Len()}
}

// secret makes a secret of n random bytes and the key that finds it.
func (s *Server) secret(n int) (text string, key table.Key, err error) {
	if text, err = oauth.RandomText(s.cfg.Random, n); err != nil {
		return "", table.Key{}, err
	}
	return text, table.KeyOf(text), nil
}

// resource returns the configured identifier that the asked one means.
func (s *Server) resource(asked string) (string, bool) {
	for _, r := range s.cfg.Resources {
		if oauth.SameResource(r, asked) {
			return r, true
		}
	}
	return "", false
}

// grantable checks a scope against what the server knows and what the client
// registered. Empty asks for mcp:read.
func grantable(asked string, c Client) (string, *oauth.Error) {
	if asked == "" {
		asked = oauth.ScopeRead
	}
	if oauth.KnownScope(asked) && oauth.Grants(c.Scope, asked) { // one value, the usual case
		return asked, nil
	}
	scope, err := readScope(asked)
	if err != nil {
		return "", oauth.E(oauth.InvalidScope, err.Error())
	}
	for _, v := range scope {
		if !oauth.KnownScope(v) {
			return "", oauth.E(oauth.InvalidScope, "a scope value is not known here; scopes_supported of the metadata lists them")
		}
	}
	registered, _ := oauth.ParseScope(c.Scope)
	if !scope.Within(registered) {
		return "", oauth.E(oauth.InvalidScope, "the client is registered for less; its scope is "+c.Scope)
	}
	return scope.String(), nil
}

// readScope reads a scope that was sent, which has a value at least
// (RFC 6749 section 3.3).
func readScope(sent string) (oauth.Scope, error) {
	scope, err := oauth.ParseScope(sent)
	if err == nil && len(scope) == 0 {
		err = errors.New("scope has spaces and no value: leave it out, or send one of scopes_supported")
	}
	return scope, err
}

// Unavailable is the answer when storage or randomness failed, or a table is
// full: nothing was issued, and the same request may be sent again. What is
// signed for one request alone was looked at, and must be signed anew.
func Unavailable(err error) *oauth.Error {
	if errors.Is(err, table.ErrFull) {
		return &oauth.Error{Code: oauth.TemporarilyUnavailable, Status: 503, RetryAfter: 60,
			Description: "the server holds as many records as it may; try again when some have expired"}
	}
	return &oauth.Error{Code: oauth.TemporarilyUnavailable, Status: 503, RetryAfter: 1,
		Description: "the storage failed and nothing was issued; send the same request again, with a new assertion or DPoP proof where it carries one"}
}

// asError makes any error one that can be sent.
func asError(err error) *oauth.Error {
	var e *oauth.Error
	if errors.As(err, &e) {
		return e
	}
	return Unavailable(err)
}

func fail(err error, basic bool) message.Response { return exchange.ErrorReply(asError(err), basic) }

// take removes a record whatever its version. What is gone already is fine.
func take[R any](now time.Time, t table.Table[R], k table.Key) error {
	for range 100 {
		r, err := t.Get(now, k)
		if errors.Is(err, table.ErrMissing) {
			return nil
		}
		if err != nil {
			return err
		}
		if err = t.Take(now, k, r); !errors.Is(err, table.ErrMoved) {
			return err
		}
	}
	return table.ErrMoved
}
