// Package world lets tests play in the Worker as it was built for them: each
// world is a Durable Object of its own, with a configuration and a clock that
// travel with each request. See scripted.go beside it.
package world

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	"mcp-auth/core/flowtest"
	"mcp-auth/core/message"
	"mcp-auth/core/server"
)

// Address is where the Worker listens, from the environment; empty: there is
// none to test.
func Address() string { return os.Getenv("MCP_AUTH_TEST_WORKER") }

// A World is one object. It is safe for concurrent use.
type World struct {
	Fresh bool // each request gets a new Go program

	name, config, address string
	client                *http.Client
	routes                []server.Route
}

// ErrClosure says that a configuration has what cannot travel: a function or
// an object of the test's own.
var ErrClosure = errors.New("the configuration has what cannot travel to the Worker")

// New makes a world that nobody has been in.
func New(cfg server.Config) (*World, error) {
	text, err := portable(cfg)
	if err != nil {
		return nil, err
	}
	here, err := server.New(cfg)
	if err != nil {
		return nil, err
	}
	var b [12]byte
	_, _ = rand.Read(b[:])
	w := &World{name: "world " + base32(b[:]), config: text, address: Address(), routes: here.Routes()}
	w.client = &http.Client{Timeout: time.Minute,
		Transport:     &http.Transport{DialContext: w.dial, MaxIdleConnsPerHost: 64, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return w, nil
}

func base32(b []byte) string {
	const letters = "abcdefghijklmnopqrstuvwxyz234567"
	out := make([]byte, len(b))
	for i, v := range b {
		out[i] = letters[v&31]
	}
	return string(out)
}

func (w *World) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "tcp", w.address)
}

// portable writes the members of a configuration that are plain values.
func portable(cfg server.Config) (string, error) {
	out := map[string]any{}
	v := reflect.ValueOf(cfg)
	for i := range v.NumField() {
		f, name := v.Field(i), v.Type().Field(i).Name
		switch {
		case !v.Type().Field(i).IsExported() || f.IsZero() || name == "Random":
		case name == "Trusted" && len(cfg.Trusted) == 1 && cfg.Trusted[0].Issuer == flowtest.Platform && !cfg.Trusted[0].Users:
			out["Workloads"] = true
		case name == "Trusted", f.Kind() == reflect.Func, f.Kind() == reflect.Interface, f.Kind() == reflect.Map:
			return "", ErrClosure
		default:
			out[name] = f.Interface()
		}
	}
	b, err := json.Marshal(out)
	return string(b), err
}

// Do performs one exchange at a time of the world's clock. fields are further
// header fields, as pairs: those of scripted.go.
func (w *World) Do(now time.Time, m message.Request, fields ...string) (message.Response, error) {
	_, target, _ := strings.Cut(strings.TrimPrefix(m.URL, "http://"), "/")
	r, err := http.NewRequest(m.Method, "http://"+w.address+"/"+target, bytes.NewReader(m.Body))
	if err != nil {
		return message.Response{}, err
	}
	r.Host = strings.TrimSuffix(strings.TrimPrefix(m.URL, "http://"), "/"+target)
	for _, f := range m.Header {
		r.Header.Add(f.Name, f.Value)
	}
	if m.Peer != "" {
		r.Header.Set("Cf-Connecting-Ip", m.Peer)
	}
	r.Header.Set("X-World", w.name)
	r.Header.Set("X-World-Config", w.config)
	r.Header.Set("X-World-Now", strconv.FormatInt(now.UnixNano(), 10))
	if w.Fresh {
		r.Header.Set("X-World-Fresh", "1")
	}
	for i := 0; i+1 < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
	}
	reply, err := w.client.Do(r)
	if err != nil {
		return message.Response{}, err
	}
	defer reply.Body.Close()
	out := message.Response{Status: reply.StatusCode}
	// In the order the server wrote them, which a map forgets.
	for _, name := range []string{"Content-Type", "Location", "Www-Authenticate", "Retry-After", "Set-Cookie", "Dpop-Nonce"} {
		for _, v := range reply.Header[name] {
			out.Header = append(out.Header, message.Field{Name: strings.Replace(name, "Www", "WWW", 1), Value: v})
		}
		reply.Header.Del(name)
	}
	for name, values := range reply.Header {
		for _, v := range values {
			out.Header = append(out.Header, message.Field{Name: name, Value: v})
		}
	}
	out.Body, err = io.ReadAll(reply.Body)
	return out, err
}

// Serve is Do for tests of a server.Server. An exchange that fails has status
// 599, and its body says why.
func (w *World) Serve(now time.Time, m message.Request) message.Response {
	r, err := w.Do(now, m)
	if err != nil {
		return message.Response{Status: 599, Body: []byte(err.Error())}
	}
	return r
}

// Routes are those that the configuration gives.
func (w *World) Routes() []server.Route { return w.routes }

// Sweep does nothing: objects sweep by their alarm.
func (w *World) Sweep(time.Time) int { return 1 }
