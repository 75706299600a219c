// Package fetch gets client ID metadata documents for the server: the one
// connection it opens, bounded in every way (draft-ietf-oauth-client-id-
// metadata-document sections 4, 6.5 and 6.6). What may be reached and what a
// document must be is the core's to say.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"mcp-auth/core/authserver"
	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
)

// Bounds of what is under way.
const (
	timeout  = 5 * time.Second // of one fetch, waiting for its turn included
	together = 8               // fetches at a time
)

// A Fetcher implements authserver.Fetcher over net/http. New makes one.
type Fetcher struct {
	timeout  time.Duration
	turns    chan struct{}
	resolver *net.Resolver // nil: the system's
}

// New makes a fetcher.
func New() *Fetcher { return &Fetcher{timeout: timeout, turns: make(chan struct{}, together)} }

// Fetch implements authserver.Fetcher.
func (f *Fetcher) Fetch(r authserver.DocumentRequest) (message.Response, error) {
	ctx, cancel := context.WithTimeout(context.Background(), f.timeout)
	defer cancel()
	select {
	case f.turns <- struct{}{}:
		defer func() { <-f.turns }()
	case <-ctx.Done():
		return message.Response{}, errors.New("too many documents are being fetched; try again")
	}
	get, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL, nil)
	if err != nil {
		return message.Response{}, errors.New("the URL cannot be requested")
	}
	get.Header.Set("Accept", message.JSONType)
	get.Header.Set("User-Agent", "mcp-auth-server")
	client := f.client(r)
	defer client.CloseIdleConnections()
	reply, err := client.Do(get)
	if err != nil {
		return message.Response{}, f.explain(err)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(io.LimitReader(reply.Body, exchange.MaxClientDocument+1))
	if err != nil {
		return message.Response{}, f.explain(err)
	}
	return message.Response{Status: reply.StatusCode, Header: header(reply.Header), Body: body}, nil
}

// errAddress is the core's refusal of the address a name led to.
var errAddress = errors.New("the host is an address of this machine or a private network")

// client makes a client for one fetch: no proxy, since a proxy would connect
// to addresses nobody here has judged, and no connection kept for another.
func (f *Fetcher) client(r authserver.DocumentRequest) *http.Client {
	dialer := &net.Dialer{Resolver: f.resolver, Control: func(_, address string, _ syscall.RawConn) error {
		a, err := netip.ParseAddrPort(address)
		if err != nil || !r.Admits(a.Addr()) {
			return errAddress
		}
		return nil
	}}
	t := &http.Transport{DialContext: dialer.DialContext, MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true, DisableKeepAlives: true}
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func header(in http.Header) message.Header {
	var out message.Header
	for _, name := range []string{"Content-Type", "Cache-Control", "Age", "Expires"} { // what the core reads
		for _, v := range in.Values(name) {
			out = append(out, message.Field{Name: name, Value: v})
		}
	}
	return out
}

// explain says where it failed, without names and addresses.
func (f *Fetcher) explain(err error) error {
	var dns *net.DNSError
	switch {
	case errors.Is(err, errAddress):
		return errAddress
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("there was no complete answer within %s", f.timeout)
	case errors.As(err, &dns):
		return errors.New("the host's name does not resolve")
	case errors.Is(err, syscall.ECONNREFUSED):
		return errors.New("nothing listens there")
	}
	return errors.New("the connection failed")
}
