//go:build js && wasm

// Command worker is the test server as one long-lived Go instance inside a
// Durable Object. The glue in object.mjs starts it, hands it requests, and
// starts it anew when it has died or grown; all that it keeps lies in the
// object's own SQLite.
package main

import (
	"net/http"
	"strings"
	"syscall/js"

	"github.com/syumai/workers"
	"github.com/syumai/workers/cloudflare"

	"mcp-auth/core/rows"
	"mcp-auth/core/server"
	"mcp-auth/core/table"
)

// version is set by the linker: -ldflags "-X main.version=1.2.3".
var version = "dev"

func main() {
	h, sweep, err := start()
	if err != nil {
		h, sweep = refusal(err), func() {}
	}
	object := cloudflare.GetBinding("OBJECT")
	object.Set("every", sweepEvery.Milliseconds())
	object.Set("sweep", js.FuncOf(func(js.Value, []js.Value) any {
		sweep()
		return nil
	}))
	workers.ServeNonBlock(whole(h))
	workers.Ready()
	select {}
}

// start makes the server over the object's database.
func start() (http.Handler, func(), error) {
	db := database{cloudflare.GetBinding("SQL")}
	if err := rows.Migrate(db); err != nil {
		return nil, nil, err
	}
	cfg, err := config()
	if err != nil {
		return nil, nil, err
	}
	cfg.Storage = func(prefix string) table.Opener { return rows.Opener(db, prefix) }
	cfg.SandboxName = cloudflare.Getenv("SANDBOX")
	s, err := server.New(cfg)
	if err != nil {
		return nil, nil, err
	}
	return mount(s), func() {
		at := now() // one for both: what only the second finds is counted by no open table
		s.Sweep(at)
		rows.Sweep(db, at)
	}, nil
}

// refusal answers everything with why the server does not start (C-25).
func refusal(err error) http.Handler {
	text := strings.NewReplacer(`"`, "'", `\`, "/").Replace("the server does not start: " + err.Error() + "; settings are variables of the Worker")
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(`{"error":"server_error","error_description":"` + text + `"}`))
	})
}
