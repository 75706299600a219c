// The loopback listener of the redirect (RFC 8252 section 7.3). Every request
// that arrives goes to the machine, and its answer back.
package drive

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
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
// free one. Only the loopback literals may be bound.
func Listen(redirect string) (*Listener, error) {
	u, err := message.ParseURL(strings.Replace(redirect, ":0/", "/", 1))
	if err != nil || u.Scheme != "http" || !u.Loopback() {
		return nil, errors.New("the redirect URI must be http on 127.0.0.1, [::1] or localhost")
	}
	port := u.Port
	if port == "" {
		port = "0"
	}
	bind := u.Host
	if bind == "localhost" {
		bind = "127.0.0.1"
	}
	l, err := net.Listen("tcp", bind+":"+port)
	if err != nil {
		return nil, fmt.Errorf("cannot listen for the callback on %s:%s: %w; choose another --listen-port, or none", bind, port, err)
	}
	out := &Listener{in: make(chan arrival), done: make(chan struct{}), idle: make(chan struct{})}
	out.RedirectURI = fmt.Sprintf("http://%s:%d%s", u.Host, l.Addr().(*net.TCPAddr).Port, u.Path)
	out.server = &http.Server{Handler: out, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 32 << 10}
	go func() { _ = out.server.Serve(l) }()
	return out, nil
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
