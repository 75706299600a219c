// The checks of the server: authorization and consent, registration.
package main

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

var serverChecks = slices.Concat(authorizeChecks, registrationChecks, tokenChecks, deviceChecks, resourceChecks, floodChecks, controlChecks)

// page wants an error page: 400, no redirect.
func page(r reply) (string, bool) {
	return r.String(), r.status == 400 && r.header.Get("Location") == ""
}

// redirectTo asks with a redirect URI that is not the registered one.
func redirectTo(uri string) func(*world) (string, bool) {
	return func(w *world) (string, bool) { return page(w.authorize(w.public(), "redirect_uri", uri)) }
}

// unscripted wants a text that would be a script nowhere in an answer.
func unscripted(r reply) (string, bool) {
	return r.String(), r.status < 500 && !strings.Contains(r.body, "<script>alert")
}

func crossSite(r reply) (string, bool) { return r.String(), r.status == 403 }

var authorizeChecks = []check{
	{"authorize", "redirect URI with a further path", "AZ-01", "error page", true, redirectTo(loopback + "/evil")},
	{"authorize", "redirect URI with a fragment", "AZ-03", "error page", true, redirectTo(loopback + "#x")},
	{"authorize", "redirect URI with another loopback name", "AZ-05", "error page", true, redirectTo("http://localhost:7777/cb")},
	{"authorize", "redirect URI with userinfo before a foreign host", "AZ-02", "error page", true, redirectTo("https://app.example@evil.example/cb")},
	{"authorize", "markup in state", "AZ-18", "raw script in the page", false, func(w *world) (string, bool) { return unscripted(w.authorize(w.public(), "state", script)) }},
	{"authorize", "markup in code_challenge", "AZ-18", "raw script in the page", false, func(w *world) (string, bool) { return unscripted(w.authorize(w.public(), "code_challenge", script)) }},
	{"authorize", "content security policy of the consent page", "AZ-23", "none", false, func(w *world) (string, bool) {
		p := w.authorize(w.public()).header.Get("Content-Security-Policy")
		return p, strings.Contains(p, "default-src 'none'") && strings.Contains(p, "frame-ancestors 'none'") && !strings.Contains(p, "unsafe-inline")
	}},
	{"authorize", "the consent page in a frame", "AZ-23", "no frame header", false, func(w *world) (string, bool) {
		h := w.authorize(w.public()).header.Get("X-Frame-Options")
		return "X-Frame-Options: " + h, h == "DENY"
	}},
	{"authorize", "consent posted by another site", "AZ-24", "gives a code", false, func(w *world) (string, bool) {
		return crossSite(w.approve(w.authorize(w.public()), consentPath, "approve", "Origin", evil))
	}},
	{"authorize", "consent posted from another browser", "AZ-24", "gives a code", false, func(w *world) (string, bool) {
		m := hidden.FindStringSubmatch(w.authorize(w.public()).body)
		return crossSite(w.post(consentPath, url.Values{"transaction": {m[1]}, "decision": {"approve"}}))
	}},
	{"authorize", "approval by a parameter of the query", "AZ-31", "a code for anyone", false, func(w *world) (string, bool) {
		r := w.get("/oauth/authorize?" + w.request(w.public(), "auto_approve", "true", "decision", "approve", "prompt", "none").Encode())
		return r.String(), !strings.Contains(r.header.Get("Location"), "code=")
	}},
	{"authorize", "two redirect URIs", "AZ-10", "accepted", false, func(w *world) (string, bool) {
		return page(w.get("/oauth/authorize?" + w.request(w.public()).Encode() + "&redirect_uri=" + url.QueryEscape(evil)))
	}},
	{"authorize", "an error is told to the client by redirect, with state and iss", "AZ-12", "no redirect", false, func(w *world) (string, bool) {
		r := w.authorize(w.public(), "response_type", "token")
		at := r.header.Get("Location")
		return r.String(), strings.HasPrefix(at, loopback+"?") && strings.Contains(at, "error=unsupported_response_type") && strings.Contains(at, "state=xyz") && strings.Contains(at, "iss=")
	}},
	{"authorize", "code_challenge of 42 characters", "AZ-15", "accepted", false, func(w *world) (string, bool) {
		r := w.authorize(w.public(), "code_challenge", challenge[1:])
		return r.String(), strings.Contains(r.header.Get("Location"), "error=invalid_request")
	}},
	{"authorize", "any port of a loopback redirect, as OAuth 2.1 demands", "AZ-04", "refused", false, func(w *world) (string, bool) {
		r := w.approve(w.authorize(w.public(), "redirect_uri", "http://127.0.0.1:51004/cb"), consentPath, "approve")
		at := r.header.Get("Location")
		return r.String(), strings.HasPrefix(at, "http://127.0.0.1:51004/cb?") && strings.Contains(at, "code=")
	}},
}

// uriRefused registers a redirect URI that must not be.
func uriRefused(uri string) func(*world) (string, bool) {
	return func(w *world) (string, bool) {
		r := w.register(`{"redirect_uris":["` + uri + `"],"token_endpoint_auth_method":"none"}`)
		return r.String(), r.status == 400 && r.oauth() == "invalid_redirect_uri"
	}
}

var registrationChecks = []check{
	{"registration", "javascript: as redirect URI", "RG-01", "201", false, uriRefused("javascript:alert(1)")},
	{"registration", "data: as redirect URI", "RG-01", "201", false, uriRefused("data:text/html,x")},
	{"registration", "http to a remote host", "RG-02", "201", false, uriRefused("http://app.example/cb")},
	{"registration", "a fragment", "RG-03", "201", false, uriRefused("https://app.example/cb#x")},
	{"registration", "a backslash and userinfo", "RG-03", "201", false, uriRefused(`https://app.example\\@evil.example/cb`)},
	{"registration", "a wildcard", "RG-03", "201", false, uriRefused("*")},
	{"registration", "an empty redirect URI", "RG-03", "201", false, uriRefused("")},
	{"registration", "a body of text/plain, which any page may send", "RG-06", "accepted", false, func(w *world) (string, bool) {
		r := w.ask("POST", "/oauth/register", `{"redirect_uris":["`+loopback+`"]}`, "Content-Type", "text/plain")
		return r.String(), r.status == 415 || r.status == 400
	}},
	{"registration", "a name of 1 MB", "RG-05", "stored", false, func(w *world) (string, bool) {
		r := w.register(`{"redirect_uris":["` + loopback + `"],"client_name":"` + strings.Repeat("x", 1_000_000) + `"}`)
		return r.String(), r.status == 413 || r.status == 400
	}},
	{"registration", "the answer with a secret is not to be stored", "RG-13", "no such header", false, func(w *world) (string, bool) {
		r := w.must(w.register(`{"redirect_uris":["`+loopback+`"],"token_endpoint_auth_method":"client_secret_post"}`), 201)
		return "Cache-Control: " + r.header.Get("Cache-Control"), r.header.Get("Cache-Control") == "no-store"
	}},
}

// statuses counts answers.
func statuses(all []reply) string {
	count := map[string]int{}
	var names []string
	for _, r := range all {
		if count[r.String()]++; count[r.String()] == 1 {
			names = append(names, r.String())
		}
	}
	for i, n := range names {
		names[i] = fmt.Sprintf("%d x %s", count[n], n)
	}
	return strings.Join(names, ", ")
}

func has(h http.Header, name, part string) bool { return strings.Contains(h.Get(name), part) }
