// The baseline: what net/http and httprouter cost by themselves.
package main

import (
	"crypto/ed25519"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/julienschmidt/httprouter"
)

// sizes are the lengths of the real answers, in bytes; the baseline's
// constants have the same. signed is how much of a JWT is signed.
type sizes struct{ token, call, location, signed int }

func (s sizes) String() string {
	return fmt.Sprintf("%d,%d,%d,%d", s.token, s.call, s.location, s.signed)
}

// serveBare serves the three places with constants.
func serveBare(lengths string) error {
	var s sizes
	if _, err := fmt.Sscanf(lengths, "%d,%d,%d,%d", &s.token, &s.call, &s.location, &s.signed); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	router := httprouter.New()
	token := constant(padded(`{"access_token":"`, s.token, `"}`))
	if *bareSigns {
		token = signing(token, s.signed)
	}
	router.POST("/oauth/token", token)
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

// signing adds one Ed25519 signature over so many bytes.
func signing(next httprouter.Handle, size int) httprouter.Handle {
	key, claims := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)), make([]byte, size)
	return func(w http.ResponseWriter, r *http.Request, p httprouter.Params) {
		_ = ed25519.Sign(key, claims)
		next(w, r, p)
	}
}

func padded(start string, size int, end string) string {
	return start + strings.Repeat("x", max(0, size-len(start)-len(end))) + end
}
