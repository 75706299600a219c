package httpd_test

import (
	"bytes"
	"crypto/rand"
	"io"
	"net/http"
	"testing"
	"time"

	"mcp-auth/core/server"
	"mcp-auth/web/httpd"
)

// sink is a response writer that costs nothing.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
func (s *sink) WriteHeader(int)             {}

// BenchmarkAdapter is a token request from http.Request to response writer:
// what core/server's benchmark does not count is the adapter's.
func BenchmarkAdapter(b *testing.B) {
	s, err := server.New(server.Config{Issuer: "http://127.0.0.1:8765", Seed: true, Random: rand.Reader})
	if err != nil {
		b.Fatal(err)
	}
	h := httpd.Handler(s, time.Now, nil)
	body := []byte("grant_type=client_credentials&client_id=dev-confidential-client&client_secret=dev-confidential-secret")
	r, _ := http.NewRequest("POST", "http://127.0.0.1:8765/oauth/token", nil)
	r.RequestURI, r.RemoteAddr = "/oauth/token", "127.0.0.1:1"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json, text/event-stream")
	r.Header.Set("User-Agent", "bench")
	r.ContentLength = int64(len(body))
	b.ReportAllocs()
	for b.Loop() {
		r.Body = io.NopCloser(bytes.NewReader(body))
		h.ServeHTTP(&sink{http.Header{}}, r)
	}
}
