// The checks of the protected resources, of floods, and the one that must
// simply work.
package main

import (
	"fmt"
	"strings"

	"mcp-auth/scripts/internal/live"
)

const wellKnown = "/.well-known/oauth-protected-resource"

func below500(r reply, want ...int) (string, bool) {
	for _, s := range want {
		if r.status == s {
			return r.String(), true
		}
	}
	return r.String(), false
}

var resourceChecks = []check{
	{"resource", "a static token where OAuth is wanted", "RS-06", "401", true, func(w *world) (string, bool) {
		return below500(w.call("/mcp/oauth", "test-bearer-token", list), 401)
	}},
	{"resource", "a token of OAuth where the static one is wanted", "RS-06", "401", true, func(w *world) (string, bool) {
		return below500(w.call("/mcp/bearer-token", w.machine().member("access_token"), list), 401)
	}},
	{"resource", "a token in the query", "RS-07", "401", true, func(w *world) (string, bool) {
		return below500(w.call("/mcp/oauth?access_token="+w.machine().member("access_token"), "", list), 401)
	}},
	{"resource", "a body that is not UTF-8", "MC-08", "400", true, func(w *world) (string, bool) {
		return below500(w.static("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/\xff\"}"), 400)
	}},
	{"resource", "a foreign Origin", "MC-01", "served", false, func(w *world) (string, bool) { return below500(w.static(list, "Origin", evil), 403) }},
	{"resource", "a foreign Host", "MC-02", "served", false, func(w *world) (string, bool) { return below500(w.static(list, "Host", "evil.example"), 403, 421) }},
	{"resource", "a foreign Host in the issuer", "RS-15, DS-01", "reflected", false, func(w *world) (string, bool) {
		r := w.get("/.well-known/oauth-authorization-server", "Host", "evil.example", "X-Forwarded-Host", "evil.example")
		return r.String(), r.status == 403 && !strings.Contains(r.body, "evil.example")
	}},
	{"resource", "a foreign Host in the challenge", "RS-15", "reflected", false, func(w *world) (string, bool) {
		r := w.call("/mcp/oauth", "", list, "Host", "evil.example")
		return r.String(), r.status == 403 && !has(r.header, "WWW-Authenticate", "evil.example")
	}},
	{"resource", "?resource= of the resource metadata", "DS-02", "reflected", false, func(w *world) (string, bool) {
		r := w.get(wellKnown + "?resource=https://evil.example/x")
		return r.String(), !strings.Contains(r.body, "evil.example")
	}},
	{"resource", "a request without credentials gets a bare challenge", "RS-01", "with an error attribute", false, func(w *world) (string, bool) {
		r := w.call("/mcp/oauth", "", list)
		h := r.header.Get("WWW-Authenticate")
		return h, r.status == 401 && strings.HasPrefix(h, "Bearer ") && strings.Contains(h, "resource_metadata=") && !strings.Contains(h, "error")
	}},
	{"resource", "a call as text/plain, which any page may send", "MC-03", "served", false, func(w *world) (string, bool) {
		return below500(w.ask("POST", "/mcp/bearer-token", list, "Content-Type", "text/plain", "Authorization", "Bearer test-bearer-token"), 415)
	}},
	{"resource", "an array in place of a message", "MC-05", "500", false, func(w *world) (string, bool) { return below500(w.static("["+list+"]"), 400) }},
	{"resource", "id null", "MC-11", "204", false, func(w *world) (string, bool) {
		return below500(w.static(strings.Replace(list, `"id":1`, `"id":null`, 1)), 400)
	}},
	{"resource", "a member named twice", "MC-09", "accepted", false, func(w *world) (string, bool) {
		return below500(w.static(`{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"}`), 400)
	}},
	{"resource", "1,000 nested arrays", "MC-07", "500", false, func(w *world) (string, bool) {
		return below500(w.static(`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"a":`+strings.Repeat("[", 1000)+strings.Repeat("]", 1000)+`}}`), 400)
	}},
	{"resource", "a body of 16 MiB", "MC-06", "accepted", false, func(w *world) (string, bool) {
		return below500(w.static(`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"a":"`+strings.Repeat("x", 16<<20)+`"}}`), 413)
	}},
	{"resource", "the mint hook, called by another site", "MC-19", "mints", false, func(w *world) (string, bool) {
		return below500(w.ask("POST", "/test-auth/bearer-token/mint", "", "Origin", evil), 403)
	}},
}

// flood sends a request many times and wants what is kept to be bounded.
func flood(n int, request []byte, table string, most int) func(*world) (string, bool) {
	return func(w *world) (string, bool) {
		before, err := w.server.Settled()
		if err != nil {
			panic(err)
		}
		c, err := live.Dial(w.base, 60e9)
		if err != nil {
			panic(err)
		}
		defer c.Close()
		request := []byte(strings.Replace(string(request), "HOST", strings.TrimPrefix(w.base, "http://"), 1))
		for range n {
			if _, err := c.Do(request); err != nil {
				panic(err)
			}
		}
		after, err := w.server.Settled()
		if err != nil {
			panic(err)
		}
		grown := after.Resident - before.Resident
		return fmt.Sprintf("%d kept, %.1f MiB more", after.Records[table], float64(grown)/(1<<20)), after.Records[table] <= most && grown < 16<<20
	}
}

const inconclusive = "about 2 MiB more, and no eviction by reading: inconclusive"

var floodChecks = []check{
	{"floods", "20,000 mints", "R-04", inconclusive, false, flood(20_000, live.Request("http://HOST", "/test-auth/bearer-token/mint", live.JSONField, "{}"), "minted", 10_000)},
	{"floods", "5,500 registrations", "RG-10, R-04", inconclusive, false, flood(5_500, live.Request("http://HOST", "/oauth/register", live.JSONField, `{"redirect_uris":["http://127.0.0.1:7777/cb"],"token_endpoint_auth_method":"none"}`), "clients", 5_000)},
}

var controlChecks = []check{
	{"control", "a login, a call and a refresh by the book", "", "works", true, func(w *world) (string, bool) {
		client := w.public()
		first := w.must(w.redeem(client, w.code(client)), 200)
		call := w.call("/mcp/oauth", first.member("access_token"), list)
		next := w.refresh(client, first.member("refresh_token"))
		return call.String() + ", " + next.String(), call.status == 200 && next.status == 200
	}},
}
