package server_test

import (
	"testing"

	"mcp-auth/core/authserver"
	"mcp-auth/core/exchange"
	"mcp-auth/core/jose"
	"mcp-auth/core/message"
)

// BenchmarkSignedToken is BenchmarkClientCredentials with a JWT: what is above
// it is one signature and the claims. BenchmarkSignature is the signature.
func BenchmarkSignedToken(b *testing.B) {
	w := newBench(b, signing)
	body := []byte("grant_type=client_credentials&client_id=" + w.confp.ClientID + "&client_secret=" + w.confp.ClientSecret)
	m := message.Request{Method: "POST", URL: base + "/oauth/token", Body: body, Header: message.Header{{Name: "Content-Type", Value: message.FormType}}}
	b.ReportAllocs()
	for b.Loop() {
		w.s.Serve(w.now, m)
	}
}

func BenchmarkSignature(b *testing.B) {
	k, err := jose.FromSeed([32]byte{1})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		_, _ = k.Sign(message.Obj())
	}
}

// BenchmarkBoundCall is a call with a token that is bound to a key. Signing the
// proof is the client's work; it is counted here too.
func BenchmarkBoundCall(b *testing.B) {
	w := newServer(b, bound(authserver.DPoPOptional, false))
	k := newKey(b, jose.EdDSA)
	token := w.boundToken(k)
	b.ReportAllocs()
	for b.Loop() {
		w.show(k, token, exchange.DPoPProof{})
	}
}
