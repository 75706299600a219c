// The baseline: what net/http and httprouter cost by themselves.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/julienschmidt/httprouter"
)

// Constants of the size of the real answers.
const (
	bareToken = `{"access_token":"4pBohaJossqJ7vzPOo0_Z_UeOBWcCNJeO5FRCgH3AbM","token_type":"Bearer","expires_in":3600,"scope":"mcp:read","iss":"http://127.0.0.1:8765","aud":"http://127.0.0.1:8765/mcp/oauth"}`
	bareCall  = `{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"{\"pong\":true}"}],"structuredContent":{"pong":true},"isError":false}}`
	bareCode  = "http://127.0.0.1:7777/callback?code=PSwIifqh4vBZ7NrUVlWUIudP7BBfQteXtG1PD6pBXn8&state=xyz&iss=http%3A%2F%2F127.0.0.1%3A8765"
)

func serveBare(address string) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	constant := func(body string) httprouter.Handle {
		length := []string{fmt.Sprint(len(body))}
		kind, store := []string{"application/json"}, []string{"no-store"}
		return func(w http.ResponseWriter, r *http.Request, _ httprouter.Params) {
			_, _ = io.Copy(io.Discard, r.Body)
			h := w.Header()
			h["Content-Type"], h["Cache-Control"], h["Content-Length"] = kind, store, length
			_, _ = io.WriteString(w, body)
		}
	}
	router := httprouter.New()
	router.POST("/oauth/token", constant(bareToken))
	router.POST("/mcp/oauth", constant(bareCall))
	router.GET("/oauth/authorize", func(w http.ResponseWriter, r *http.Request, _ httprouter.Params) {
		w.Header()["Location"] = []string{bareCode}
		w.WriteHeader(303)
	})
	fmt.Println("bare listens on http://" + l.Addr().String())
	return http.Serve(l, router)
}
