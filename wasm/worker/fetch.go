//go:build js && wasm

// The one outbound request of the server: a client's metadata document, by the
// platform's fetch, from named hosts alone (WK-08).
package main

import (
	"errors"
	"syscall/js"
	"time"

	"github.com/syumai/workers/cloudflare"

	"mcp-auth/core/authserver"
	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
)

const fetchTimeout = 5 * time.Second

// fetcher implements authserver.Fetcher. The platform connects to public
// addresses alone and cannot be asked which: the core takes documents from
// the hosts it was told of.
type fetcher struct{}

// Fetch implements authserver.Fetcher. The glue's function never rejects.
func (fetcher) Fetch(r authserver.DocumentRequest) (message.Response, error) {
	done := make(chan js.Value, 1)
	then := js.FuncOf(func(_ js.Value, args []js.Value) any {
		done <- args[0]
		return nil
	})
	defer then.Release()
	cloudflare.GetBinding("DOCUMENT").Invoke(r.URL, exchange.MaxClientDocument+1, fetchTimeout.Milliseconds()).Call("then", then)
	v := <-done
	if v.Type() == js.TypeString {
		return message.Response{}, errors.New(v.String())
	}
	out := message.Response{Status: v.Get("status").Int(), Body: bytesIn(v.Get("body"))}
	for _, name := range []string{"Content-Type", "Cache-Control", "Age", "Expires"} { // what the core reads
		if f := v.Get("headers").Call("get", name); f.Type() == js.TypeString {
			out.Header = append(out.Header, message.Field{Name: name, Value: f.String()})
		}
	}
	return out, nil
}
