// The one HTTP client: bounded, never redirected, and from a remote resource
// never led to this machine or its network (RFC 9728 section 7.7).
package drive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"mcp-auth/core/mcp"
	"mcp-auth/core/message"
)

// Bounds of one exchange.
const (
	maxBody   = 1 << 20  // bytes
	maxHeader = 64 << 10 // bytes
)

// A Client performs requests. NewClient makes one.
type Client struct {
	timeout time.Duration
	direct  *http.Client
	proxied *http.Client
}

// NewClient makes a client for the resource that the user chose. timeout
// bounds one exchange; 0 is 10 seconds.
func NewClient(resource string, timeout time.Duration) *Client {
	if timeout <= 0 {
		timeout = 10 * time.Second
	}
	var g guard
	u, err := message.ParseURL(resource)
	if err != nil || !u.Loopback() {
		g = refusePrivate(u.Host)
	}
	return &Client{timeout, newHTTP(g, nil), newHTTP(nil, http.ProxyFromEnvironment)}
}

// AllowPrivate lets names lead to this machine and its network.
func (c *Client) AllowPrivate() { c.direct = newHTTP(nil, nil) }

// A guard judges the address that is about to be connected to, after the name
// was resolved.
type guard = func(network, address string, _ syscall.RawConn) error

func newHTTP(g guard, proxy func(*http.Request) (*url.URL, error)) *http.Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second, Control: g}
	t := &http.Transport{DialContext: dialer.DialContext, DisableCompression: true, MaxResponseHeaderBytes: maxHeader,
		TLSHandshakeTimeout: 10 * time.Second, ForceAttemptHTTP2: true, IdleConnTimeout: 30 * time.Second, Proxy: proxy}
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// refusePrivate keeps away from this machine and its network; where the user
// chose a resource by its address there, from all but that network.
func refusePrivate(host string) guard {
	return func(_, address string, _ syscall.RawConn) error {
		a, err := netip.ParseAddrPort(address)
		if err != nil || message.PrivateAddress(a.Addr()) && !message.SameNetwork(host, a.Addr()) {
			return fmt.Errorf("a remote resource must not lead to %s: it is this machine or its network; --allow-private lets it, where that is meant", address)
		}
		return nil
	}
}

// Do performs one exchange.
func (c *Client) Do(ctx context.Context, m message.Request) (message.Response, error) {
	return c.Exchange(ctx, m, func([]byte) bool { return false })
}

// Exchange is Do for an answer that may be a stream: it is read until enough
// of it has come.
func (c *Client) Exchange(ctx context.Context, m message.Request, enough func([]byte) bool) (message.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, m.Method, m.URL, bytes.NewReader(m.Body))
	if err != nil {
		return message.Response{}, errors.New("the URL cannot be requested")
	}
	for _, f := range m.Header {
		r.Header.Add(f.Name, f.Value)
	}
	r.Header.Set("User-Agent", "mcp-auth")
	r.Header.Set("Accept-Encoding", "identity") // without it any coding would do (RFC 9110 section 12.5.3)
	client := c.direct
	proxy, err := http.ProxyFromEnvironment(r)
	if err == nil && proxy != nil { // the proxy connects, not we
		client = c.proxied
	}
	reply, err := client.Do(r)
	switch {
	case err != nil && client == c.proxied:
		return message.Response{}, &ProxyError{proxy.Host, c.explain(ctx, err)}
	case err != nil:
		return message.Response{}, c.explain(ctx, err)
	}
	defer reply.Body.Close()
	return c.read(ctx, reply, enough)
}

// An AnswerError says that an answer came that cannot be taken.
type AnswerError struct{ Text string }

func (e *AnswerError) Error() string { return e.Text }

// A ProxyError says that an exchange failed by way of a proxy, which may be
// what is in the way.
type ProxyError struct {
	Proxy string // host and port; what else its URL has may be a secret
	Err   error
}

func (e *ProxyError) Error() string { return "by way of the proxy " + e.Proxy + ": " + e.Err.Error() }
func (e *ProxyError) Unwrap() error { return e.Err }

func (c *Client) read(ctx context.Context, reply *http.Response, enough func([]byte) bool) (message.Response, error) {
	out := message.Response{Status: reply.StatusCode}
	for _, name := range slices.Sorted(maps.Keys(reply.Header)) {
		for _, v := range reply.Header[name] {
			out.Header = append(out.Header, message.Field{Name: fieldName(name), Value: v})
		}
	}
	if coding := reply.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return out, &AnswerError{"the answer is in the content coding " + message.PrintableLine(coding) + ", though none was asked for (RFC 9110 section 12.5.3)"}
	}
	if message.MediaType(reply.Header.Get("Content-Type")) != mcp.StreamType {
		enough = func([]byte) bool { return false }
	}
	body, err := readUntil(io.LimitReader(reply.Body, maxBody+1), enough)
	if err != nil {
		return out, c.explain(ctx, err)
	}
	if len(body) > maxBody {
		return out, &AnswerError{"the answer is longer than 1 MiB"}
	}
	out.Body = body
	return out, nil
}

// fieldName undoes net/http's spelling where the RFC writes a field otherwise.
func fieldName(name string) string {
	switch name {
	case "Www-Authenticate":
		return "WWW-Authenticate"
	case "Dpop-Nonce":
		return "DPoP-Nonce"
	}
	return name
}

// explain leaves out what the caller knows (method, URL), and says what a
// time-out was.
func (c *Client) explain(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("no complete answer within %s; --timeout allows more", c.timeout)
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "proxyconnect" {
		err = op.Err
		errors.As(err, &op)
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return errors.New("nothing listens there (connection refused)")
	case errors.As(err, &op) && op.Op == "dial":
		return op.Err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the connection was closed in the middle of the answer")
	case errors.Is(err, io.EOF):
		return errors.New("the connection was closed without an answer")
	}
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// readUntil reads to the end, or until enough has come.
func readUntil(r io.Reader, enough func([]byte) bool) ([]byte, error) {
	var body bytes.Buffer
	chunk := make([]byte, 16<<10)
	for {
		n, err := r.Read(chunk)
		body.Write(chunk[:n])
		switch {
		case errors.Is(err, io.EOF):
			return body.Bytes(), nil
		case err != nil:
			return body.Bytes(), err
		case enough(body.Bytes()):
			return body.Bytes(), nil
		}
	}
}
