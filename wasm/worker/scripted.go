//go:build js && wasm && scripted

// The server as the tests build it: each world of a script or case is an
// object of its own, which is told its configuration and its time with each
// request. It is never deployed.
package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/syumai/workers/cloudflare"

	"mcp-auth/core/authserver"
	"mcp-auth/core/flowtest"
	"mcp-auth/core/server"
	"mcp-auth/web/httpd"
)

const sweepEvery = time.Duration(0) // no alarm: hundreds of worlds would ring at once

// clock is the world's time, in Unix nanoseconds.
var clock atomic.Int64

func now() time.Time { return time.Unix(0, clock.Load()).UTC() }

// config is what the test has written.
func config() (server.Config, error) {
	var world struct {
		server.Config
		Workloads bool // the workloads of flowtest.Platform are trusted
	}
	err := json.Unmarshal([]byte(cloudflare.Getenv("WORLD")), &world)
	world.Random = drawn()
	if world.Workloads {
		world.Trusted = []authserver.Trusted{{Issuer: flowtest.Platform, Keys: flowtest.PlatformKeys}}
	}
	return world.Config, err
}

// A drawing is the world's randomness. How much was drawn is told to the
// object, so that the next Go program goes on from there.
type drawing struct {
	from io.Reader
	n    int
}

func drawn() *drawing {
	d := &drawing{from: flowtest.NewRandom("world")}
	n, _ := strconv.Atoi(cloudflare.Getenv("DRAWN"))
	_, _ = io.CopyN(io.Discard, d.from, int64(n))
	d.n = n
	return d
}

// Read implements io.Reader.
func (d *drawing) Read(p []byte) (int, error) {
	d.n += len(p)
	cloudflare.GetBinding("OBJECT").Set("drawn", d.n)
	return d.from.Read(p)
}

// mount obeys the fields of a test.
func mount(s *server.Server) http.Handler {
	h := httpd.Handler(s, now, nil)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at, err := strconv.ParseInt(r.Header.Get("X-World-Now"), 10, 64)
		if err != nil {
			at = time.Now().UnixNano()
		}
		clock.Store(at)
		switch r.Header.Get("X-World-Panic") {
		case "handler":
			panic("a handler's panic, with a secret in it")
		case "goroutine":
			go panic("a panic that ends the program")
			select {}
		}
		for _, name := range []string{"X-World", "X-World-Now", "X-World-Config", "X-World-Fresh", "X-World-Panic"} {
			r.Header.Del(name)
		}
		h.ServeHTTP(w, r)
	})
}
