// What the process holds, for whoever watches it: a listener of its own, on
// loopback alone, with numbers and no secrets.
package main

import (
	"bytes"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"runtime/pprof"
	"slices"
	"time"

	"mcp-auth/core/message"
	"mcp-auth/core/server"
	"mcp-auth/native/admit"
)

// serveFigures serves the figures at an address and returns their URL; an
// empty address serves none.
func serveFigures(address string, l *admit.Listener, s *server.Server) (url string, stop func(), err error) {
	if address == "" {
		return "", func() {}, nil
	}
	at, err := net.Listen("tcp", address)
	if err != nil {
		return "", nil, explainListen("figures", address, err)
	}
	if !at.Addr().(*net.TCPAddr).IP.IsLoopback() {
		_ = at.Close()
		return "", nil, misuse{fmt.Errorf("--figures %s is no loopback address such as 127.0.0.1:0", address)}
	}
	host := at.Addr().String()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", message.JSONType)
		_, _ = w.Write(figures(l, s))
	})
	mux.HandleFunc("POST /collect", func(http.ResponseWriter, *http.Request) { debug.FreeOSMemory() })
	mux.HandleFunc("GET /goroutines", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(goroutines()) })
	web := &http.Server{Handler: onlyHost(host, mux), ReadTimeout: 10 * time.Second}
	go func() { _ = web.Serve(at) }()
	return "http://" + host + "/", func() { _ = web.Close() }, nil
}

// onlyHost keeps pages of other names away that resolve to this machine.
func onlyHost(host string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != host || r.Header.Get("Origin") != "" {
			http.Error(w, "not for pages", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func figures(l *admit.Listener, s *server.Server) []byte {
	open, refused := l.Connections()
	records := s.Records()
	var kept []message.Member
	for _, name := range slices.Sorted(maps.Keys(records)) {
		kept = append(kept, message.M(name, message.Num(int64(records[name]))))
	}
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(sample)
	return message.Obj(
		message.M("goroutines", message.Num(int64(runtime.NumGoroutine()))),
		message.M("heap_bytes", message.Num(int64(sample[0].Value.Uint64()))),
		message.M("memory_bytes", message.Num(int64(sample[1].Value.Uint64()-sample[2].Value.Uint64()))),
		message.M("descriptors", message.Num(int64(descriptors()))),
		message.M("connections", message.Num(int64(open))),
		message.M("refused_connections", message.Num(refused)),
		message.M("records", message.Obj(kept...))).Append(nil)
}

// descriptors counts the open ones; 0 where the system does not list them.
func descriptors() int {
	all, _ := os.ReadDir("/proc/self/fd")
	return max(0, len(all)-1) // one of them reads the list
}

// goroutines lists those that nothing can wake any more, where the program was
// built with GOEXPERIMENT=goroutineleakprofile, else all of them.
func goroutines() []byte {
	profile := pprof.Lookup("goroutineleak")
	if profile == nil {
		profile = pprof.Lookup("goroutine")
	}
	var b bytes.Buffer
	_ = profile.WriteTo(&b, 1)
	return b.Bytes()
}
