//go:build js && wasm

// What the library does in parts, done whole: headers that it split are
// joined, the body is there before routing, the answer goes out in one piece.
package main

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"syscall/js"

	"github.com/syumai/workers/cloudflare"
)

// bodyField names the body that the glue has read, as a number. The glue sets
// it or drops it: it never comes from outside.
const bodyField = "Mcp-Auth-Body"

// whole wraps a handler. A panic of its own is a 500, and the next request is
// fine.
func whole(h http.Handler) http.Handler {
	take := cloudflare.GetBinding("BODY")
	return http.HandlerFunc(func(to http.ResponseWriter, r *http.Request) {
		w := &writer{ResponseWriter: to, status: http.StatusOK}
		defer w.send(r.Method == http.MethodHead)
		defer func() {
			if v := recover(); v != nil {
				w.panicked()
			}
		}()
		join(r)
		r.Body, r.ContentLength = http.NoBody, 0
		if n := r.Header.Get(bodyField); n != "" {
			id, _ := strconv.Atoi(n)
			b := bytesIn(take.Invoke(id))
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
			r.Header.Del(bodyField)
		}
		h.ServeHTTP(w, r)
	})
}

// join undoes the library: it splits values at commas and keeps Host a header.
func join(r *http.Request) {
	for name, values := range r.Header {
		if len(values) > 1 {
			r.Header[name] = []string{strings.Join(values, ",")}
		}
	}
	r.Host = r.Header.Get("Host")
	r.Header.Del("Host")
	if r.Host == "" {
		r.Host = r.URL.Host
	}
	r.RemoteAddr = r.Header.Get("Cf-Connecting-Ip")
	r.TransferEncoding = nil
}

// A writer keeps the answer until it is whole. The library is then given its
// body as one piece: a stream would end the instance with the first answer.
type writer struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// Write implements http.ResponseWriter.
func (w *writer) Write(b []byte) (int, error) { return w.body.Write(b) }

// WriteHeader implements http.ResponseWriter.
func (w *writer) WriteHeader(status int) { w.status = status }

func (w *writer) panicked() {
	clear(w.Header())
	w.body.Reset()
	w.status = http.StatusInternalServerError
	w.Header().Set("Content-Type", "application/json")
	w.body.WriteString(`{"error":"server_error","error_description":"the server met a bug of its own; please report it with the request that caused it"}`)
}

func (w *writer) send(head bool) {
	w.ResponseWriter.WriteHeader(w.status)
	body := js.ValueOf("")
	if w.body.Len() > 0 && !head {
		body = bytesOut(w.body.Bytes())
	}
	w.ResponseWriter.(interface{ WriteRawJSBody(js.Value) }).WriteRawJSBody(body)
}
