// The baseline: what net/http and httprouter cost by themselves.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/julienschmidt/httprouter"
)

// sizes are the lengths of the real answers, in bytes; the baseline's
// constants have the same.
type sizes struct{ token, call, location int }

func (s sizes) String() string { return fmt.Sprintf("%d,%d,%d", s.token, s.call, s.location) }

// serveBare serves the three places with constants.
func serveBare(lengths string) error {
	var s sizes
	if _, err := fmt.Sscanf(lengths, "%d,%d,%d", &s.token, &s.call, &s.location); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	router := httprouter.New()
	router.POST("/oauth/token", constant(padded(`{"access_token":"`, s.token, `"}`)))
	router.POST("/mcp/oauth", constant(padded(`{"jsonrpc":"2.0","id":1,"result":"`, s.call, `"}`)))
	location := []string{padded("http://127.0.0.1:7777/callback?code=", s.location, "")}
	router.GET("/oauth/authorize", func(w http.ResponseWriter, _ *http.Request, _ httprouter.Params) {
		w.Header()["Location"] = location
		w.WriteHeader(http.StatusSeeOther)
	})
	fmt.Println("bare listens on http://" + l.Addr().String())
	return http.Serve(l, router)
}

func constant(body string) httprouter.Handle {
	length, kind, store := []string{strconv.Itoa(len(body))}, []string{"application/json"}, []string{"no-store"}
	return func(w http.ResponseWriter, r *http.Request, _ httprouter.Params) {
		_, _ = io.Copy(io.Discard, r.Body)
		h := w.Header()
		h["Content-Type"], h["Cache-Control"], h["Content-Length"] = kind, store, length
		_, _ = io.WriteString(w, body)
	}
}

func padded(start string, size int, end string) string {
	return start + strings.Repeat("x", max(0, size-len(start)-len(end))) + end
}
