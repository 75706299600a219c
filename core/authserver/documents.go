// draft-ietf-oauth-client-id-metadata-document sections 4 and 6: clients whose
// identifier is the URL of a document. Rules and cache are here; the fetch
// comes from outside.
package authserver

import (
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// A Fetcher performs the one outbound request of the server: GET, no redirect
// followed, no cookie, at most 5 s, at most exchange.MaxClientDocument+1 bytes
// of body after decoding. It asks Admits about the address of the connection,
// after the name was resolved. Its errors are shown to the person at the
// browser and must not tell more than where it failed.
type Fetcher interface {
	Fetch(r DocumentRequest) (message.Response, error)
}

// A DocumentRequest is what to fetch.
type DocumentRequest struct {
	URL   string
	local bool
}

// Admits reports whether the request may go to an address: public ones, and
// for a document on this machine its loopback alone (section 6.5).
func (r DocumentRequest) Admits(a netip.Addr) bool {
	if r.local {
		return a.Unmap().IsLoopback()
	}
	return !message.PrivateAddress(a)
}

// Bounds of the cache (section 4.4).
const (
	maxDocuments    = 256
	documentDefault = 5 * time.Minute // when the answer says nothing
	documentLongest = 24 * time.Hour
)

// Documents are the client documents that were fetched. Several issuers may
// share them. NewDocuments makes one.
type Documents struct {
	fetcher Fetcher
	local   bool
	hosts   []string

	mu     sync.Mutex
	kept   map[string]keptDocument
	flying map[string]*documentFlight
}

type keptDocument struct {
	client  oauth.ClientMetadata
	expires time.Time
}

// A documentFlight is one fetch that several requests wait for.
type documentFlight struct {
	done   sync.WaitGroup
	client oauth.ClientMetadata
	err    error
}

// NewDocuments makes an empty cache before a fetcher. local lets documents lie
// on the loopback of this machine, also with http: for tests, and only where
// the server itself is on loopback. With hosts, other documents are taken from
// these hosts alone: for a server on the public internet, and for a host that
// cannot judge the address it connects to.
func NewDocuments(f Fetcher, local bool, hosts ...string) *Documents {
	return &Documents{fetcher: f, local: local, hosts: hosts, kept: map[string]keptDocument{}, flying: map[string]*documentFlight{}}
}

// A documentError says why a document gives no client. Detail may hold what
// came from outside: it is for the person, not for the error document.
type documentError struct{ text, detail string }

func (e *documentError) Error() string { return e.text }

// request judges an identifier before anything is sent (section 3).
func (d *Documents) request(id string) (DocumentRequest, error) {
	if d.local && oauth.CheckLocalClientIDURL(id) == nil {
		return DocumentRequest{id, true}, nil
	}
	if err := oauth.CheckClientIDURL(id); err != nil {
		return DocumentRequest{}, &documentError{err.Error(), ""}
	}
	u, _ := message.ParseURL(id)
	switch {
	case message.PrivateHost(u.Host):
		return DocumentRequest{}, &documentError{"the document is on this machine or its network", ""}
	case len(d.hosts) > 0 && !slices.Contains(d.hosts, strings.ToLower(u.Host)):
		return DocumentRequest{}, &documentError{"the document is on a host that this server does not take documents from", ""}
	}
	return DocumentRequest{URL: id}, nil
}

// find returns the metadata of a document: a kept one, or one fetched now, once
// for all who ask at the same time. What failed is not kept.
func (d *Documents) find(now time.Time, id string) (oauth.ClientMetadata, error) {
	r, err := d.request(id)
	if err != nil {
		return oauth.ClientMetadata{}, err
	}
	d.mu.Lock()
	if k, ok := d.kept[id]; ok && now.Before(k.expires) {
		d.mu.Unlock()
		return k.client, nil
	}
	if f := d.flying[id]; f != nil {
		d.mu.Unlock()
		f.done.Wait()
		return f.client, f.err
	}
	f := &documentFlight{}
	f.done.Add(1)
	d.flying[id] = f
	d.mu.Unlock()

	var expires time.Time
	f.client, expires, f.err = d.fetch(now, r)
	d.mu.Lock()
	delete(d.flying, id)
	if f.err == nil && now.Before(expires) {
		d.keep(now, id, keptDocument{f.client, expires})
	}
	d.mu.Unlock()
	f.done.Done()
	return f.client, f.err
}

func (d *Documents) fetch(now time.Time, r DocumentRequest) (oauth.ClientMetadata, time.Time, error) {
	m, err := d.fetcher.Fetch(r)
	if err != nil {
		return oauth.ClientMetadata{}, now, &documentError{"the document could not be fetched", err.Error()}
	}
	c, faults := exchange.ReadClientDocument(r.URL, m)
	if len(faults) > 0 {
		return c, now, &documentError{faults[0].Text, "It says: " + message.PrintableLine(faults[0].Got) + " (" + faults[0].Cite + ")."}
	}
	return c, now.Add(freshness(m.Header)), nil
}

// keep makes room by dropping the document that expires first.
func (d *Documents) keep(now time.Time, id string, k keptDocument) {
	if _, known := d.kept[id]; !known && len(d.kept) >= maxDocuments {
		first := ""
		for other, o := range d.kept {
			if first == "" || o.expires.Before(d.kept[first].expires) {
				first = other
			}
		}
		delete(d.kept, first)
	}
	d.kept[id] = k
}

// Sweep drops expired documents and returns how many went.
func (d *Documents) Sweep(now time.Time) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	gone := 0
	for id, k := range d.kept {
		if !now.Before(k.expires) {
			delete(d.kept, id)
			gone++
		}
	}
	return gone
}

// Len counts the documents kept.
func (d *Documents) Len() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.kept)
}

// freshness is for how long an answer may be kept (RFC 9111 section 4.2). Of
// several directives the most careful one counts. A date in Expires, which
// counts only without max-age, is not read: the answer is stale.
func freshness(h message.Header) time.Duration {
	life := documentDefault
	if h.Count("Expires") > 0 {
		life = 0
	}
	for _, field := range h.Values("Cache-Control") {
		for part := range strings.SplitSeq(field, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(strings.ToLower(part)), "=")
			switch name {
			case "no-store", "no-cache":
				return 0
			case "max-age":
				n, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 32)
				if err != nil && !errors.Is(err, strconv.ErrRange) {
					return 0 // not understood: stale (RFC 9111 section 4.2.1)
				}
				life = time.Duration(n) * time.Second
			}
		}
	}
	if age, err := strconv.ParseUint(h.Get("Age"), 10, 32); err == nil {
		life -= time.Duration(age) * time.Second
	}
	return max(0, min(life, documentLongest))
}

// documented is the client of a document, as far as this server serves what
// the document asks for: it is written for many servers.
func (s *Server) documented(now time.Time, id string) (Client, error) {
	c, err := s.cfg.Documents.find(now, id)
	if err != nil {
		return Client{}, err
	}
	if !s.serves(c.TokenEndpointAuthMethod) {
		return Client{}, &documentError{"token_endpoint_auth_method of the document is not served here; token_endpoint_auth_methods_supported of the metadata lists what is", ""}
	}
	c.GrantTypes = slices.DeleteFunc(slices.Clone(c.GrantTypes), func(g string) bool { return !slices.Contains(s.grants, g) })
	c.Scope = documentScope(c)
	return Client{ClientMetadata: c, Document: true}, nil
}

// documentScope is what the document asks for of what is known here, and by
// default what a registration gets; mcp:admin never where nobody consents.
func documentScope(c oauth.ClientMetadata) string {
	asked, err := oauth.ParseScope(c.Scope)
	if err != nil || c.Scope == "" {
		return oauth.ScopeRead + " " + oauth.ScopeWrite
	}
	alone := unasked(c.GrantTypes)
	known := slices.DeleteFunc(asked, func(v string) bool { return !oauth.KnownScope(v) || alone && v == oauth.ScopeAdmin })
	if len(known) == 0 {
		return oauth.ScopeRead
	}
	return known.String()
}

// localOnly reports whether every answer to the client goes to the user's own
// machine, where nobody can tell which program asked.
func (c Client) localOnly() bool {
	return len(c.RedirectURIs) > 0 && !slices.ContainsFunc(c.RedirectURIs, func(uri string) bool {
		u, err := message.ParseURL(uri)
		return err == nil && !u.Loopback()
	})
}
