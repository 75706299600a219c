// The loopback listener of the redirect (RFC 8252 section 7.3). Every request
// that arrives goes to the machine, and its answer back.
package drive

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"mcp-auth/core/message"
)

// A Listener waits for redirects. Listen makes one, bound already.
type Listener struct {
	RedirectURI string

	server *http.Server
	in     chan arrival
	done   chan struct{}
	idle   chan struct{} // closed when the last answer is out
	once   sync.Once
}

// An arrival is a request with the place for its answer.
type arrival struct {
	request message.Request
	reply   chan message.Response
}

// Listen binds the host and port of a redirect URI; port 0 or none takes a
// free one. Only the loopback literals may be bound; localhost is both of
// them, since a browser may take either.
func Listen(redirect string) (*Listener, error) {
	u, err := message.ParseURL(strings.Replace(redirect, ":0/", "/", 1))
	if err != nil || u.Scheme != "http" || !u.Loopback() {
		return nil, errors.New("the redirect URI must be http on 127.0.0.1, [::1] or localhost")
	}
	port := u.Port
	if port == "" {
		port = "0"
	}
	bound, err := bind(u.Host, port)
	if err != nil {
		return nil, fmt.Errorf("cannot listen for the callback on %s:%s: %w; choose another --listen-port, or none", u.Host, port, err)
	}
	out := &Listener{in: make(chan arrival), done: make(chan struct{}), idle: make(chan struct{})}
	out.RedirectURI = fmt.Sprintf("http://%s:%d%s", u.Host, portOf(bound[0]), u.Path)
	out.server = &http.Server{Handler: out, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 32 << 10}
	for _, l := range bound {
		go func() { _ = out.server.Serve(l) }()
	}
	return out, nil
}

func portOf(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

// bind binds a host; for localhost both addresses, on one port that is free
// on both, so that nobody else gets what the browser brings.
func bind(host, port string) ([]net.Listener, error) {
	if host != "localhost" {
		l, err := net.Listen("tcp", host+":"+port)
		return []net.Listener{l}, err
	}
	for tries := 10; ; tries-- {
		four, err := net.Listen("tcp4", "127.0.0.1:"+port)
		if err != nil {
			return nil, err
		}
		six, err := net.Listen("tcp6", net.JoinHostPort("::1", strconv.Itoa(portOf(four))))
		switch {
		case err == nil:
			return []net.Listener{four, six}, nil
		case !errors.Is(err, syscall.EADDRINUSE): // no IPv6 here
			return []net.Listener{four}, nil
		}
		_ = four.Close()
		if port != "0" || tries == 0 {
			return nil, err
		}
	}
}

// ServeHTTP hands a request to the flow and waits for its answer.
func (l *Listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m := message.Request{Method: r.Method, URL: "http://" + r.Host + r.RequestURI}
	for _, origin := range r.Header["Origin"] {
		m.Header = append(m.Header, message.Field{Name: "Origin", Value: origin})
	}
	w.Header().Set("Connection", "close")
	a := arrival{m, make(chan message.Response, 1)}
	select {
	case l.in <- a:
	case <-l.done:
		return
	case <-r.Context().Done():
		return
	}
	select {
	case reply := <-a.reply:
		for _, f := range reply.Header {
			w.Header().Add(f.Name, f.Value)
		}
		w.WriteHeader(reply.Status)
		_, _ = w.Write(reply.Body)
	case <-r.Context().Done():
	}
}

// arrivals is where the flow finds what arrived.
func (l *Listener) arrivals() <-chan arrival {
	if l == nil {
		return nil
	}
	return l.in
}

// Close stops listening at once; an answer on its way is finished, for a
// second at most.
func (l *Listener) Close() {
	if l == nil {
		return
	}
	l.once.Do(func() {
		close(l.done)
		go func() {
			defer close(l.idle)
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			if l.server.Shutdown(ctx) != nil {
				_ = l.server.Close()
			}
		}()
	})
}

// Wait waits until a closed listener's last answer is out.
func (l *Listener) Wait() {
	if l != nil {
		l.Close()
		<-l.idle
	}
}
