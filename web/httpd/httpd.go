// Package httpd mounts core/server on net/http behind httprouter: it converts
// and performs, and decides nothing. The native server and the Worker use it.
package httpd

import (
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/julienschmidt/httprouter"

	"mcp-auth/core/message"
	"mcp-auth/core/server"
)

// An Observer is told of each exchange after its answer went out.
type Observer func(took time.Duration, m message.Request, r message.Response)

// A Host answers a request that the core admitted and leaves to it. The body
// has been read: m holds it. pass says who was admitted.
type Host func(w http.ResponseWriter, r *http.Request, m message.Request, pass string)

// Handler serves every route of s. now is asked once a request; observe may
// be nil, and then costs nothing.
func Handler(s *server.Server, now func() time.Time, observe Observer) http.Handler {
	return Hosting(s, now, observe, nil)
}

// Hosting is Handler for a server with routes that the host answers.
func Hosting(s *server.Server, now func() time.Time, observe Observer, host Host) http.Handler {
	h := &handler{server: s, now: now, observe: observe, host: host}
	unrouted := &mounted{h, 0}
	router := httprouter.New()
	// httprouter would answer 307 and let credentials be posted to another
	// path, and 405 without the front door's rules.
	router.RedirectTrailingSlash = false
	router.RedirectFixedPath = false
	router.HandleMethodNotAllowed = false
	router.HandleOPTIONS = false
	router.NotFound = unrouted
	router.PanicHandler = panicked
	for _, r := range s.Routes() {
		router.Handler(r.Method, pattern.Replace(r.Path), &mounted{h, int64(r.Limit)})
	}
	return router
}

// pattern writes the parts in a route's path as httprouter names them.
var pattern = strings.NewReplacer("{", ":", "}", "")

type handler struct {
	server  *server.Server
	now     func() time.Time
	observe Observer
	host    Host
	bodies  bodies
	dates   dates
}

// dates keeps the Date field of the second (RFC 9110 section 6.6.1): to write
// it for each answer costs as much as to look up a token.
type dates struct{ last atomic.Pointer[date] }

type date struct {
	second int64
	field  []string // never changed
}

func (d *dates) at(now time.Time) []string {
	last := d.last.Load()
	if second := now.Unix(); last == nil || last.second != second {
		last = &date{second, []string{now.UTC().Format(http.TimeFormat)}}
		d.last.Store(last)
	}
	return last.field
}

// A mounted handler serves one route. limit is how many bytes of a body it
// wants at most.
type mounted struct {
	*handler
	limit int64
}

func (h *mounted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := h.now()
	m := request(r)
	taken, busy := h.read(&m, r)
	if taken > 0 {
		defer h.bodies.put(taken)
	}
	if busy {
		h.refuse(w, start, m)
		return
	}
	reply := h.server.Serve(start, m)
	if reply.Pass != "" {
		reply.Status = h.hosted(w, r, m, reply)
	} else {
		w.Header()["Date"] = h.dates.at(start)
		write(w, reply)
	}
	if h.observe != nil {
		h.observe(h.now().Sub(start), m, reply)
	}
}

// hosted lets the host answer, with the core's header fields, for as long as
// its stream lasts, and returns the status it sent.
func (h *handler) hosted(w http.ResponseWriter, r *http.Request, m message.Request, reply message.Response) int {
	for _, f := range reply.Header {
		w.Header().Add(f.Name, f.Value)
	}
	if h.host == nil {
		write(w, message.JSON(501, []byte(`{"error":"server_error","error_description":"this host serves no fixtures: it was configured with Conformance, but not made with Hosting"}`)))
		return 501
	}
	sent := &status{ResponseWriter: w, code: http.StatusOK}
	h.host(sent, r, m, reply.Pass)
	return sent.code
}

// A status remembers what was sent.
type status struct {
	http.ResponseWriter
	code int
}

func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

// Unwrap lets http.ResponseController reach what is below.
func (s *status) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// request converts a request, but for its body.
func request(r *http.Request) message.Request {
	m := message.Request{Method: r.Method, URL: target(r), Header: header(r.Header), Peer: r.RemoteAddr}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		m.Peer = host
	}
	return m
}

// target is the URL as it was sent: Host and request target, byte for byte.
func target(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		return "http://" + r.Host + r.RequestURI
	}
	if u := r.URL; r.RequestURI == "" || strings.Contains(r.RequestURI, "://") { // absolute form, or no server behind it
		path := "http://" + r.Host + u.EscapedPath()
		if u.RawQuery != "" {
			path += "?" + u.RawQuery
		}
		return path
	}
	return "http://" + r.Host + "/" + r.RequestURI // "*", or what is no path at all
}

func header(in http.Header) message.Header {
	out := make(message.Header, 0, len(in))
	for name, values := range in {
		for _, v := range values {
			out = append(out, message.Field{Name: name, Value: v})
		}
	}
	slices.SortStableFunc(out, func(a, b message.Field) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func write(w http.ResponseWriter, r message.Response) {
	out := w.Header()
	n := len(r.Header)
	values := make([]string, n+1) // one allocation for all fields
	for i, f := range r.Header {
		values[i] = f.Value
		name := http.CanonicalHeaderKey(f.Name)
		if out[name] == nil {
			out[name] = values[i : i+1 : i+1]
			continue
		}
		out[name] = append(out[name], f.Value)
	}
	if len(r.Body) > 0 {
		values[n] = strconv.Itoa(len(r.Body))
		out["Content-Length"] = values[n:]
	}
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body) // a client that went away is no one's fault
}

// panicked is the last resort: the core does not panic.
func panicked(w http.ResponseWriter, _ *http.Request, _ any) {
	write(w, message.JSON(500, []byte(`{"error":"server_error","error_description":"the server met a bug of its own; please report it with the request that caused it"}`)))
}
