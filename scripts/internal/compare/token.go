// The checks of the token endpoint, of refresh and of the device grant.
package main

import (
	"net/url"
	"strings"
	"sync"
)

// stillGood wants a refusal, and the code good after it.
func stillGood(w *world, client, code string, r reply, error string) (string, bool) {
	after := w.redeem(client, code)
	return r.String() + ", then " + after.String(), r.status == 400 && r.oauth() == error && after.status == 200
}

var tokenChecks = []check{
	{"token", "a code, redeemed a second time", "TK-01", "invalid_grant", true, func(w *world) (string, bool) {
		client := w.public()
		code := w.code(client)
		w.must(w.redeem(client, code), 200)
		r := w.redeem(client, code)
		return r.String(), r.oauth() == "invalid_grant"
	}},
	{"token", "the challenge as its own verifier", "TK-05", "invalid_grant", true, func(w *world) (string, bool) {
		client := w.public()
		r := w.redeem(client, w.code(client), "code_verifier", challenge)
		return r.String(), r.oauth() == "invalid_grant"
	}},
	{"token", "20 redemptions of one code at once", "TK-03", "one token", true, func(w *world) (string, bool) {
		client := w.public()
		code := w.code(client)
		all := make([]reply, 20)
		var wg sync.WaitGroup
		for i := range all {
			wg.Go(func() { all[i] = w.redeem(client, code) })
		}
		wg.Wait()
		won := 0
		for _, r := range all {
			if r.status == 200 {
				won++
			}
		}
		return statuses(all), won == 1
	}},
	{"token", "a replayed code takes back what it issued", "TK-01", "the token lives on", false, func(w *world) (string, bool) {
		client := w.public()
		code := w.code(client)
		token := w.must(w.redeem(client, code), 200).member("access_token")
		w.must(w.call("/mcp/oauth", token, list), 200)
		w.redeem(client, code)
		r := w.call("/mcp/oauth", token, list)
		return "the first token: " + r.String(), r.status == 401
	}},
	{"token", "a verifier that is not ASCII", "TK-06", "500", false, func(w *world) (string, bool) {
		client := w.public()
		code := w.code(client)
		return stillGood(w, client, code, w.redeem(client, code, "code_verifier", strings.Repeat("é", 43)), "invalid_grant")
	}},
	{"token", "a wrong verifier leaves the code good", "TK-04", "burns the code", false, func(w *world) (string, bool) {
		client := w.public()
		code := w.code(client)
		return stillGood(w, client, code, w.redeem(client, code, "code_verifier", strings.Repeat("w", 43)), "invalid_grant")
	}},
	{"token", "a foreign client leaves the code good", "TK-07", "burns the code", false, func(w *world) (string, bool) {
		client := w.public()
		code := w.code(client)
		return stillGood(w, client, code, w.redeem(w.public(), code), "invalid_grant")
	}},
	{"token", "client credentials beyond the registered scope", "TK-24", "granted", false, func(w *world) (string, bool) {
		r := w.must(w.register(`{"grant_types":["client_credentials"],"token_endpoint_auth_method":"client_secret_post","scope":"mcp:read"}`), 201)
		got := w.machine("client_id", r.member("client_id"), "client_secret", r.member("client_secret"), "scope", "mcp:read mcp:write")
		return got.String(), got.oauth() == "invalid_scope"
	}},
	{"token", "client credentials for a foreign resource", "TK-25", "ignored", false, func(w *world) (string, bool) {
		r := w.machine("resource", "https://other.example/")
		return r.String(), r.oauth() == "invalid_target"
	}},
	{"token", "two codes in one request", "TK-16", "accepted", false, func(w *world) (string, bool) {
		client := w.public()
		code := w.code(client)
		v := url.Values{"grant_type": {"authorization_code"}, "client_id": {client}, "code": {code, "other"}, "code_verifier": {verifier}}
		return stillGood(w, client, code, w.post("/oauth/token", v), "invalid_request")
	}},
	{"token", "200 wrong secrets", "TK-29", "unlimited", false, func(w *world) (string, bool) {
		var all []reply
		for range 200 {
			all = append(all, w.machine("client_secret", "wrong"))
		}
		last := all[199]
		return statuses(all), all[29].status == 429 && last.status == 429 && last.header.Get("Retry-After") != ""
	}},
	{"token", "a token is not to be stored", "TK-26", "no such header", false, func(w *world) (string, bool) {
		h := w.must(w.machine(), 200).header.Get("Cache-Control")
		return "Cache-Control: " + h, h == "no-store"
	}},
	{"token", "a slash after the path", "TK-19", "307 to where it would be posted again", false, func(w *world) (string, bool) {
		r := w.post("/oauth/token/", url.Values{"grant_type": {"client_credentials"}})
		return r.String(), r.status == 404 && r.header.Get("Location") == ""
	}},
	{"token", "a body of 8 MiB", "TK-20", "read whole", false, func(w *world) (string, bool) {
		r := w.ask("POST", "/oauth/token", "grant_type="+strings.Repeat("x", 8<<20), "Content-Type", form)
		return r.String(), r.status == 413
	}},

	{"refresh", "each use gives a new refresh token", "RF-01", "no rotation", false, func(w *world) (string, bool) {
		client := w.public()
		first := w.must(w.redeem(client, w.code(client)), 200).member("refresh_token")
		r := w.must(w.refresh(client, first), 200)
		return "another one: " + yes(r.member("refresh_token") != first), r.member("refresh_token") != first && r.member("refresh_token") != ""
	}},
	{"refresh", "a used refresh token kills the family", "RF-02", "no reuse detection", false, func(w *world) (string, bool) {
		client := w.public()
		first := w.must(w.redeem(client, w.code(client)), 200)
		second := w.must(w.refresh(client, first.member("refresh_token")), 200)
		again := w.refresh(client, first.member("refresh_token"))
		token, next := w.call("/mcp/oauth", second.member("access_token"), list), w.refresh(client, second.member("refresh_token"))
		return "reuse " + again.String() + ", then the newest access token " + token.String() + " and refresh token " + next.String(), again.oauth() == "invalid_grant" && token.status == 401 && next.oauth() == "invalid_grant"
	}},
	{"refresh", "a refresh for more scope", "RF-05", "silently ignored", false, func(w *world) (string, bool) {
		client := w.public()
		first := w.must(w.redeem(client, w.code(client)), 200).member("refresh_token")
		r := w.refresh(client, first, "scope", "mcp:read mcp:write")
		after := w.refresh(client, first)
		return r.String() + ", then " + after.String(), r.oauth() == "invalid_scope" && after.status == 200
	}},
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

var deviceChecks = []check{
	{"device", "polls that come too fast", "DV-02", "never slow_down", false, func(w *world) (string, bool) {
		code, _ := w.device()
		first, second := w.poll("dev-public-client", code), w.poll("dev-public-client", code)
		return first.String() + ", then " + second.String(), first.oauth() == "authorization_pending" && second.oauth() == "slow_down"
	}},
	{"device", "a denial is final", "DV-04", "has no effect", false, func(w *world) (string, bool) {
		code, user := w.device()
		w.must(w.approve(w.verify(user), devicePath, "deny"), 200)
		r := w.poll("dev-public-client", code)
		return r.String(), r.oauth() == "access_denied"
	}},
	{"device", "a foreign client that polls", "DV-05", "destroys the flow", false, func(w *world) (string, bool) {
		code, user := w.device()
		w.must(w.approve(w.verify(user), devicePath, "approve"), 200)
		foreign, own := w.poll("phase-11-device-client", code), w.poll("dev-public-client", code)
		return foreign.String() + ", then the device itself " + own.String(), foreign.oauth() == "invalid_grant" && own.status == 200
	}},
	{"device", "approval posted by another site", "DV-11", "approves", false, func(w *world) (string, bool) {
		code, user := w.device()
		r := w.approve(w.verify(user), devicePath, "approve", "Origin", evil)
		poll := w.poll("dev-public-client", code)
		return r.String() + ", then " + poll.String(), r.status == 403 && poll.oauth() == "authorization_pending"
	}},
	{"device", "100 wrong user codes", "DV-07", "unlimited", false, func(w *world) (string, bool) {
		var all []reply
		for range 100 {
			all = append(all, w.verify("BBBB-BBBB"))
		}
		return statuses(all), all[9].status == 429 && all[99].status == 429
	}},
	{"device", "markup in user_code", "DV-10", "raw script in the page", false, func(w *world) (string, bool) { return unscripted(w.verify(script)) }},
}
