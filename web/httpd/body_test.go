// The room that long bodies share.
package httpd_test

import (
	"bytes"
	"crypto/rand"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/message"
	"mcp-auth/core/server"
	"mcp-auth/web/httpd"
)

// A held body gives what it has, says so, and waits before its end.
type held struct {
	io.Reader
	waits chan<- struct{}
	end   <-chan struct{}
}

func (h *held) Read(p []byte) (int, error) {
	if n, err := h.Reader.Read(p); err == nil {
		return n, nil
	}
	h.waits <- struct{}{}
	<-h.end
	return 0, io.EOF
}

// strangers who send long bodies and never end them cost a bounded amount
// of memory, and short requests are served all the while.
func TestR04_LongBodiesShareTheirRoom(t *testing.T) {
	is := is.New(t)
	s, err := server.New(server.Config{Issuer: "http://127.0.0.1:8765", Seed: true, Random: rand.Reader})
	is.NoErr(err)
	var refused atomic.Int32
	h := httpd.Handler(s, time.Now, func(_ time.Duration, _ message.Request, r message.Response) {
		if r.Status == 503 {
			refused.Add(1)
		}
	})
	const long = 1 << 20
	text := strings.Repeat("x", long-1)
	post := func(body io.Reader, length int64) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", "http://127.0.0.1:8765/mcp/oauth", body)
		r.Header.Set("Content-Type", "application/json")
		r.ContentLength = length
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	before := heap()
	waits, end := make(chan struct{}), make(chan struct{})
	answers := make(chan *httptest.ResponseRecorder, 200)
	inside := 0
	for i := range 200 {
		length := int64(long)
		if i%2 == 1 {
			length = -1 // chunked
		}
		go func() { answers <- post(&held{strings.NewReader(text), waits, end}, length) }()
		select {
		case <-waits:
			inside++
		case w := <-answers:
			is.Equal(w.Code, 503)                        // told that there are too many
			is.Equal(w.Header().Get("Retry-After"), "1") // and to come back
			is.Equal(w.Header().Get("Connection"), "close")
		}
	}
	is.True(inside >= 15 && inside <= 17)                // as many as there is room for
	is.True(heap()-before < 32<<20)                      // which is not much
	is.Equal(int(refused.Load()), 200-inside)            // and the log shows who was refused
	is.Equal(post(strings.NewReader("{}"), 2).Code, 401) // others are served meanwhile
	close(end)
	for range inside {
		w := <-answers
		is.Equal(w.Code, 401) // and those inside are judged
	}
	for range 20 {
		is.Equal(post(strings.NewReader(text+"x"), long).Code, 401)     // their room is free again
		is.Equal(post(strings.NewReader(text+"xyz"), -1).Code, 413)     // also after what is too long
		is.Equal(post(strings.NewReader(text+"xyz"), long+2).Code, 413) // announced or not
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// An announced length is a promise, not memory; a body is what came, whole.
func TestBodiesOfEveryLength(t *testing.T) {
	is := is.New(t)
	s, err := server.New(server.Config{Issuer: "http://127.0.0.1:8765", Seed: true, Random: rand.Reader, Conformance: true})
	is.NoErr(err)
	var got []byte
	h := httpd.Hosting(s, time.Now, func(_ time.Duration, m message.Request, _ message.Response) { got = m.Body }, func(w http.ResponseWriter, _ *http.Request, _ message.Request, _ string) {
		w.WriteHeader(200)
	})
	for _, n := range []int{1, 100, 4 << 10, 4<<10 + 1, 16 << 10, 16<<10 + 1, 64 << 10, 100_000, 1 << 20} {
		body := bytes.Repeat([]byte("abcdefg"), n/7+1)[:n]
		for _, length := range []int64{int64(n), -1} {
			r := httptest.NewRequest("POST", "http://127.0.0.1:8765/mcp/oauth", io.MultiReader(bytes.NewReader(body[:n/2]), bytes.NewReader(body[n/2:])))
			r.Header.Set("Content-Type", "application/json")
			r.ContentLength = length
			h.ServeHTTP(httptest.NewRecorder(), r)
			is.True(bytes.Equal(got, body)) // byte for byte
		}
		r := httptest.NewRequest("POST", "http://127.0.0.1:8765/mcp/oauth", bytes.NewReader(body[:n/2]))
		r.Header.Set("Content-Type", "application/json")
		r.ContentLength = int64(n)
		h.ServeHTTP(httptest.NewRecorder(), r)
		is.True(bytes.Equal(got, body[:n/2])) // cut short: what came
	}
}
