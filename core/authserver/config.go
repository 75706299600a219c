// Package authserver is the authorization server: authorize, consent, token,
// device, register, revoke, introspect, metadata. Each endpoint is a function
// from the time and a request to a response, safe for concurrent use.
package authserver

import (
	"errors"
	"io"
	"time"

	"mcp-auth/core/jose"
)

// Approval says who answers the consent page.
type Approval string

const (
	ApprovalManual Approval = "manual" // the page asks
	ApprovalAuto   Approval = "auto"   // test hook: approved without asking, except mcp:admin
	ApprovalDeny   Approval = "deny"   // test hook: denied without asking
)

// LongestLifetime is ten years: nothing that is issued lives longer, so that
// no moment lies beyond what can be counted in nanoseconds.
const LongestLifetime = 10 * 365 * 24 * time.Hour

// Lifetimes of what is issued, each at least a second and at most
// LongestLifetime. Zero: the default.
type Lifetimes struct {
	Code        time.Duration // 60 s
	Access      time.Duration // 3,600 s
	Refresh     time.Duration // 30 days
	Device      time.Duration // 900 s
	Interval    time.Duration // 5 s between two polls of a device
	Transaction time.Duration // 600 s for a consent page
	Pushed      time.Duration // 60 s for a pushed authorization request
	Key         time.Duration // 24 h until another key signs JWT access tokens
	Client      time.Duration // 24 h for a registered client that was never used; a used one lives 30 days from its last use
}

// check names a lifetime that is too long.
func (l Lifetimes) check() error {
	for _, d := range [...]struct {
		name  string
		value time.Duration
	}{
		{"Code", l.Code}, {"Access", l.Access}, {"Refresh", l.Refresh}, {"Device", l.Device}, {"Interval", l.Interval},
		{"Transaction", l.Transaction}, {"Pushed", l.Pushed}, {"Key", l.Key}, {"Client", l.Client},
	} {
		if err := CheckLifetime("Lifetimes."+d.name, d.value); err != nil {
			return err
		}
	}
	return nil
}

// CheckLifetime refuses a setting that is no lifetime.
func CheckLifetime(name string, d time.Duration) error {
	if d < 0 || d > LongestLifetime {
		return errors.New(name + " must be at most ten years, 87600h, and not negative")
	}
	return nil
}

// Limits bound what is kept. Zero: the default.
type Limits struct {
	Clients      int // 5,000 registered clients
	Transactions int // 20,000 open consent pages
	Codes        int // 100,000 authorization codes, and spent ones that are remembered
	Devices      int // 10,000 device authorizations
	ClientStarts int // 1,000 device authorizations of one client within their lifetime
	Tokens       int // 20,000,000 records: grants, access and refresh tokens each
	Spent        int // 1,000,000 assertions and proofs that were used and live still
}

// Config is what the server must be told.
type Config struct {
	Issuer    string   // absolute, with a path or none, no trailing slash. REQUIRED
	Resources []string // identifiers that tokens may be for; the first is the default. REQUIRED
	Approval  Approval // empty: manual
	Seed      bool     // the dev-* and phase-* clients exist

	// TokenAuthMethods are the ways of client authentication that are announced
	// and taken, of TokenAuthMethods(). Empty: all.
	TokenAuthMethods []string

	// RequirePushed refuses authorization requests that were not pushed
	// (RFC 9126 section 5).
	RequirePushed bool

	// DPoP says whether tokens are bound to keys; DPoPNonce, whether proofs must
	// carry a nonce of the server (RFC 9449). Empty: off.
	DPoP      DPoP
	DPoPNonce bool

	// Algorithms are those of proofs and client assertions that are announced
	// and taken, of jose.Algorithms. Empty: all.
	Algorithms []string

	// Format is that of access tokens, empty: opaque; TokenAlg, what signs them
	// where they are signed, of jose.Algorithms. Empty: EdDSA.
	Format   TokenFormat
	TokenAlg string

	// Trusted are those whose signed statements are grants (RFC 7523 section
	// 2.1): none, and the grant is not served.
	Trusted []Trusted

	// Compat is a revision of MCP whose clients send no resource: they get the
	// first. Empty: resource is required at the authorization endpoint.
	Compat string

	// Documents are where clients with a URL as identifier come from. nil: there
	// are none, and none are announced.
	Documents *Documents

	Lifetimes Lifetimes
	Limits    Limits
	Random    io.Reader // of cryptographic quality, safe for concurrent use. REQUIRED
}

func (c Config) withDefaults() Config {
	if c.Approval == "" {
		c.Approval = ApprovalManual
	}
	if len(c.TokenAuthMethods) == 0 {
		c.TokenAuthMethods = TokenAuthMethods()
	}
	if len(c.Algorithms) == 0 {
		c.Algorithms = jose.Algorithms
	}
	l := &c.Lifetimes
	for _, d := range [...]struct {
		to    *time.Duration
		value time.Duration
	}{
		{&l.Code, time.Minute}, {&l.Access, time.Hour}, {&l.Refresh, 30 * 24 * time.Hour},
		{&l.Device, 15 * time.Minute}, {&l.Interval, 5 * time.Second},
		{&l.Transaction, 10 * time.Minute}, {&l.Pushed, time.Minute}, {&l.Key, 24 * time.Hour}, {&l.Client, 24 * time.Hour},
	} {
		if *d.to == 0 {
			*d.to = d.value
		}
	}
	m := &c.Limits
	for _, d := range [...]struct {
		to    *int
		value int
	}{
		{&m.Clients, 5_000}, {&m.Transactions, 20_000}, {&m.Codes, 100_000},
		{&m.Devices, 10_000}, {&m.ClientStarts, 1_000}, {&m.Tokens, 20_000_000}, {&m.Spent, 1_000_000},
	} {
		if *d.to == 0 {
			*d.to = d.value
		}
	}
	return c
}
