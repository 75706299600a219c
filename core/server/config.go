// Package server is the one route table, and Serve: a request in, a response
// out. Every face mounts it: the native server, the Worker, the page.
package server

import (
	"io"
	"time"

	"mcp-auth/core/trace"
)

// Config is everything a server can be told. Zero members get defaults.
type Config struct {
	Issuer  string   // absolute origin, no trailing slash: "http://127.0.0.1:8765". REQUIRED
	Hosts   []string // further Host values to answer; the issuer's and, on loopback, the three literals with its port always are
	Origins []string // browser origins that may call the resources and the token endpoint

	Approval    Approval
	BearerToken string // the static token of /mcp/bearer-token; empty: "test-bearer-token"
	Mint        bool   // POST /test-auth/bearer-token/mint is served
	Seed        bool   // the dev-* and phase-* clients exist

	Lifetimes Lifetimes
	Limits    Limits

	Random  io.Reader // REQUIRED: at least as good as crypto/rand.Reader
	Version string    // of the program, for /health and serverInfo

	// Trace gets every event, in order, as it happens; nil costs nothing.
	// It is called from many goroutines at once.
	Trace func(trace.Event)
}

// Approval says who answers the consent page.
type Approval string

const (
	ApprovalManual Approval = "manual" // the page asks
	ApprovalAuto   Approval = "auto"   // a test hook: approved without asking, except mcp:admin
	ApprovalDeny   Approval = "deny"   // a test hook: denied without asking
)

// Lifetimes of what is issued; each at least a second.
type Lifetimes struct {
	Code        time.Duration // 60 s
	Access      time.Duration // 3,600 s
	Refresh     time.Duration // 30 days
	Device      time.Duration // 900 s
	Interval    time.Duration // 5 s between device polls
	Transaction time.Duration // 600 s for a consent page
	Minted      time.Duration // 300 s
	Client      time.Duration // 24 h for a registered client nobody has used; used ones live 30 days from their last use
}

// Limits bound what is kept and what is taken in.
type Limits struct {
	FormBody         int // 64 KiB, bytes
	RegistrationBody int // 64 KiB, bytes
	MCPBody          int // 1 MiB, bytes
	Clients          int // 5,000 records
	Transactions     int // 20,000 records
	Codes            int // 100,000 records
	Devices          int // 10,000 records, and 1,000 of one client
	Grants           int // 20,000,000 records: grants, access and refresh tokens each
	Notes            int // 1,000 records
}
