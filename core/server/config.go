// Package server is the one route table, and Serve: a request in, a response
// out. Every face mounts it: the native server, the Worker, the page.
package server

import (
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"mcp-auth/core/authserver"
	"mcp-auth/core/jose"
	"mcp-auth/core/message"
	"mcp-auth/core/table"
	"mcp-auth/core/trace"
)

// Config is everything a server can be told. Zero members get defaults.
type Config struct {
	Issuer  string   // absolute origin, no trailing slash: "http://127.0.0.1:8765". REQUIRED
	Hosts   []string // further Host values to answer, a name alone with any port; the issuer's, and on loopback the three literals with its port, always are
	Origins []string // browser origins that may call the resources and the token endpoints

	// Resources are further resource identifiers that tokens may be for: MCP
	// servers of your own that trust this issuer (and ask /oauth/introspect).
	Resources []string

	// Tenants are the names of further issuers, at /tenant/NAME below the
	// root's: each has its own clients, records and resources.
	Tenants []string

	// Storage says where the records of one issuer are kept, whose kinds begin
	// with prefix: "" for the root, "NAME/" for a tenant. nil: in memory.
	Storage func(prefix string) table.Opener

	Approval authserver.Approval

	// TokenAuthMethods are the ways of client authentication announced and
	// taken: none, client_secret_basic, client_secret_post. Empty: all.
	TokenAuthMethods []string

	// Fetcher gets the documents of clients whose identifier is a URL; nil: there
	// are no such clients. LocalDocuments lets documents lie on this machine's
	// loopback: a test hook, for an issuer on loopback alone.
	// With DocumentHosts, other documents come from these hosts alone, in lower
	// case: where the address of a connection cannot be judged they are needed.
	Fetcher        authserver.Fetcher
	LocalDocuments bool
	DocumentHosts  []string

	// Sandboxes is how many sandboxes may be open at once; 0: there are none.
	// SandboxLife is how long one lives at most, and by default; 1 h.
	// SandboxName is the name of the one sandbox that is opened here, where each
	// lives in a place of its own; empty: each gets a name that nobody guesses.
	Sandboxes   int
	SandboxLife time.Duration
	SandboxName string

	// Compat is a revision of MCP whose clients are let in as well: Compat20250326,
	// or empty. They know no protected resource metadata and send no resource.
	Compat string

	Format   authserver.TokenFormat // of access tokens; empty: opaque
	TokenAlg string                 // what signs them where they are JWTs, of jose.Algorithms; empty: EdDSA

	// Trusted are those whose signed statements are grants. IdP is a test hook:
	// an identity provider of this server's own, which vouches for its one user.
	Trusted []authserver.Trusted
	IdP     bool

	// DPoP says whether tokens of /mcp/oauth are bound to keys: off, optional or
	// required; DPoPNonce, whether proofs need a nonce of this server (RFC 9449).
	// Empty: optional.
	DPoP      authserver.DPoP
	DPoPNonce bool

	// Algorithms are those of proofs and client assertions that are announced
	// and taken: ES256, EdDSA, RS256. Empty: all of them.
	Algorithms []string

	RequirePushed bool // authorization requests must be pushed (RFC 9126)

	BearerToken string // the static token of /mcp/bearer-token; empty: DefaultBearerToken
	Mint        bool   // test hook: POST /test-auth/bearer-token/mint is served
	Conformance bool   // test hook: OpenPath is there, and the host answers whatever is admitted to it and to the resources
	Seed        bool   // the dev-* and phase-* clients exist

	Lifetimes authserver.Lifetimes
	Minted    time.Duration // lifetime of a minted token; 300 s
	Limits    authserver.Limits
	Notes     int // notes of one resource; 100
	MintedMax int // minted tokens alive at once; 10,000

	Random  io.Reader // of cryptographic quality, safe for concurrent use. REQUIRED
	Version string    // of the program, for /health and serverInfo

	// Files are served as they are, by path, to whoever passes the front door:
	// the flow visualizer. One at / stands before the home page, which is at
	// /about as well. They are not traced.
	Files map[string]message.Response

	// Trace gets the events of each exchange as it ends; nil costs nothing.
	// It is called from many goroutines at once.
	Trace func([]trace.Event)

	documents *authserver.Documents // shared by all issuers
}

// DefaultBearerToken is the published static token.
const DefaultBearerToken = "test-bearer-token"

// Compat20250326 takes the first resource where none is asked for, and serves
// /authorize, /token and /register at the origin.
const Compat20250326 = "2025-03-26"

func (c Config) withDefaults() (Config, error) {
	if err := CheckIssuer(c.Issuer); err != nil {
		return c, errors.New("issuer: " + err.Error())
	}
	for _, h := range c.Hosts {
		if err := CheckHost(h); err != nil {
			return c, errors.New("host " + h + ": " + err.Error())
		}
	}
	u, _ := message.ParseURL(c.Issuer)
	if c.LocalDocuments && !u.Loopback() {
		return c, errors.New("client documents on loopback are for an issuer on loopback")
	}
	if c.Fetcher != nil {
		c.documents = authserver.NewDocuments(c.Fetcher, c.LocalDocuments, c.DocumentHosts...)
	}
	if c.Compat != "" && c.Compat != Compat20250326 {
		return c, errors.New("compat must be " + Compat20250326 + ", or empty")
	}
	if c.Format != "" && c.Format != authserver.FormatOpaque && c.Format != authserver.FormatJWT {
		return c, errors.New("the token format must be opaque or jwt")
	}
	if c.TokenAlg != "" && !slices.Contains(jose.Algorithms, c.TokenAlg) {
		return c, errors.New("there are no keys of " + c.TokenAlg + " in this build")
	}
	switch c.DPoP {
	case "":
		c.DPoP = authserver.DPoPOptional
	case authserver.DPoPOff, authserver.DPoPOptional, authserver.DPoPRequired:
	default:
		return c, errors.New("dpop must be off, optional or required")
	}
	if c.DPoPNonce && c.DPoP == authserver.DPoPOff {
		return c, errors.New("nonces are for proofs: dpop must not be off")
	}
	if c.Random == nil {
		return c, errors.New("server: Random is needed")
	}
	if c.BearerToken == "" {
		c.BearerToken = DefaultBearerToken
	}
	if !message.IsToken68(c.BearerToken) {
		return c, errors.New("the bearer token must have the form of a token: letters, digits and - . _ ~ + /")
	}
	if c.Minted == 0 {
		c.Minted = 5 * time.Minute
	}
	if c.SandboxLife == 0 {
		c.SandboxLife = time.Hour
	}
	if err := errors.Join(authserver.CheckLifetime("Minted", c.Minted), authserver.CheckLifetime("SandboxLife", c.SandboxLife)); err != nil {
		return c, err
	}
	if c.Notes == 0 {
		c.Notes = 100
	}
	if c.MintedMax == 0 {
		c.MintedMax = 10_000
	}
	if c.Storage == nil {
		c.Storage = func(string) table.Opener { return nil }
	}
	if c.Version == "" {
		c.Version = "dev"
	}
	return c, nil
}

// CheckIssuer says why a text cannot be the issuer of a server.
func CheckIssuer(issuer string) error {
	u, err := message.ParseURL(issuer)
	if err != nil {
		return err
	}
	if u.Origin() != issuer {
		return errors.New("it must be an origin such as http://127.0.0.1:8765, without path, query or default port")
	}
	return nil
}

// CheckHost says why a text cannot be one of Config.Hosts.
func CheckHost(host string) error {
	if _, err := message.ParseURL("http://" + host); err != nil || strings.ContainsAny(host, "/?#@") {
		return errors.New("wanted a name, or a name with a port, such as test.example:8765")
	}
	return nil
}

// A doorplate is the Host values that are answered. Who names a host trusts
// the name's owner, who alone could point it elsewhere (DNS rebinding), and a
// port protects from nobody: a page reaches this server at its port anyway. So
// a configured name without a port stands for all of its ports.
type doorplate struct {
	exact   map[string]bool
	anyPort map[string]bool
}

func (d doorplate) has(host string) bool {
	host = strings.ToLower(host)
	if d.exact[host] {
		return true
	}
	name, port := cutPort(host)
	return d.anyPort[name] && port != "" && strings.Trim(port, "0123456789") == ""
}

// cutPort divides a Host value; the colons of an IPv6 address are not the port's.
func cutPort(host string) (name, port string) {
	i := strings.LastIndexByte(host, ':')
	if i < 0 || strings.HasSuffix(host, "]") {
		return host, ""
	}
	return host[:i], host[i+1:]
}

// defaultPorts are those that a Host need not name, and may.
var defaultPorts = map[string]string{"http": ":80", "https": ":443"}

// hosts are the Host values that are answered.
func (c Config) hosts() doorplate {
	u, _ := message.ParseURL(c.Issuer)
	ports := []string{":" + u.Port}
	if u.Port == "" {
		ports = []string{"", defaultPorts[u.Scheme]}
	}
	names := []string{strings.ToLower(u.Host)}
	if u.Loopback() {
		names = []string{"127.0.0.1", "localhost", "[::1]"}
	}
	d := doorplate{map[string]bool{}, map[string]bool{}}
	for _, name := range names {
		for _, port := range ports {
			d.exact[name+port] = true
		}
	}
	for _, h := range c.Hosts {
		h = strings.ToLower(h)
		d.exact[h] = true
		if _, port := cutPort(h); port == "" {
			d.anyPort[h] = true
		}
	}
	return d
}

// Hooks lists the test hooks that are on.
func (c Config) Hooks() []string {
	var on []string
	if c.Approval == authserver.ApprovalAuto || c.Approval == authserver.ApprovalDeny {
		on = append(on, "approval="+string(c.Approval))
	}
	if c.Mint {
		on = append(on, "mint")
	}
	if c.IdP {
		on = append(on, "idp")
	}
	if c.LocalDocuments {
		on = append(on, "cimd-loopback")
	}
	if c.Sandboxes > 0 {
		on = append(on, "sandboxes")
	}
	if c.Conformance {
		on = append(on, "conformance")
	}
	return on
}
