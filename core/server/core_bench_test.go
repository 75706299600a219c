package server_test

import (
	"testing"

	"mcp-auth/core/authserver"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// The benchmarks are the core without HTTP: what a request costs between
// adapter and answer. scripts/bench measures the programs.

func BenchmarkClientCredentials(b *testing.B) {
	w := newBench(b)
	body := []byte("grant_type=client_credentials&client_id=" + w.confp.ClientID + "&client_secret=" + w.confp.ClientSecret)
	m := message.Request{Method: "POST", URL: base + "/oauth/token", Body: body, Header: message.Header{{Name: "Content-Type", Value: message.FormType}}}
	b.ReportAllocs()
	for b.Loop() {
		w.s.Serve(w.now, m)
	}
}

func BenchmarkProtectedCall(b *testing.B) {
	w := newBench(b)
	at := text(w.clientCreds(w.confp), "access_token")
	m := message.Request{Method: "POST", URL: resource, Body: []byte(ping), Header: message.Header{{Name: "Authorization", Value: "Bearer " + at}, {Name: "Content-Type", Value: message.JSONType}}}
	b.ReportAllocs()
	for b.Loop() {
		w.s.Serve(w.now, m)
	}
}

func BenchmarkCodeFlow(b *testing.B) {
	w := newBench(b, approval(authserver.ApprovalAuto))
	m := message.Request{Method: "GET", URL: base + "/oauth/authorize?" + w.az()}
	b.ReportAllocs()
	for b.Loop() {
		location := w.s.Serve(w.now, m).Header.Get("Location")
		f, _ := message.ParseForm(message.Request{URL: location}.Query())
		code, _ := f.One("code")
		w.redeem(code)
	}
}

func BenchmarkChallenge(b *testing.B) {
	for b.Loop() {
		oauth.Challenge(verifier)
	}
}
