// What MCP's authorization extensions demand of a client, beside the walks of
// Enterprise and Workload.
package flow

import (
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/exchange"
	"mcp-auth/core/jose"
	"mcp-auth/core/mcp"
	"mcp-auth/core/message"
)

// verified is what a token says, signed by the tests' key.
func verified(t *testing.T, token string) (header, claims func(string) string) {
	t.Helper()
	v, err := jose.Verify(token, wKey.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	text := func(from message.Value) func(string) string {
		return func(name string) string { s, _ := from.Get(name).Text(); return s }
	}
	return text(v.Header), text(v.Claims)
}

func TestMCPClient35_ClientCredentialsWithAKey(t *testing.T) {
	is := is.New(t)
	p := honest(map[string]Response{"GET " + wASPlace: metadata(`{`, `{"token_endpoint_auth_methods_supported":["private_key_jwt"],`)})
	f := NewClientCreds(Target{ResourceURL: wURL}, Client{ID: "given"}, "")
	f.Prover = wProver(false)
	is.NoErr(p.play(t, f)) // the login goes through
	q := p.form(t)
	is.Equal(q.Get("grant_type"), "client_credentials")                 //
	is.Equal(q.Get("client_assertion_type"), exchange.AssertionTypeJWT) //
	_, claims := verified(t, q.Get("client_assertion"))                 // signed by the client's key
	is.True(claims("iss") == "given" && claims("sub") == "given")       // it speaks for itself
	is.Equal(claims("aud"), wIssuer)                                    // to the issuer
	is.Equal(p.posted(wRegister), "")                                   // which knows it already
	is.True(!q.Has("client_secret") && q.Get("resource") == wURL)       // nothing secret is sent, and for whom is said
}

func TestMCPClient37_ProofsAreFresh(t *testing.T) {
	is := is.New(t)
	wants := jsonAnswer(400, `{"error":"use_dpop_nonce"}`, message.Field{Name: "DPoP-Nonce", Value: "n1"})
	p := honest(map[string]Response{"POST " + wToken: wants})
	f := NewClientCreds(Target{ResourceURL: wURL}, Client{ID: "given", Secret: "s3cret-s3cret"}, "")
	f.Prover = wProver(true)
	is.True(p.play(t, f) != nil) // a server that is never content is asked twice, not for ever
	last := len(p.sent) - 1
	is.True(p.sent[last].Request.URL == wToken && p.sent[last-1].Request.URL == wToken && p.sent[last-2].Request.URL != wToken)
	header, first := verified(t, p.sent[last-1].Request.Header.Get("DPoP"))
	_, second := verified(t, p.sent[last].Request.Header.Get("DPoP"))
	is.Equal(header("typ"), "dpop+jwt")                       //
	is.True(first("htm") == "POST" && first("htu") == wToken) // it is for this request
	is.True(first("nonce") == "" && second("nonce") == "n1")  // with the server's nonce once it is known
	is.True(first("jti") != second("jti"))                    // and unlike any other

	c := &Call{Prover: wProver(true), Bound: true, ResourceURL: wURL + "?q=1", Token: "good-token", Method: "tools/list", ID: message.Num(1), Protocol: mcp.Stateless}
	effects, err := c.Step(wStart, Start{})
	is.NoErr(err) //
	r := effects[0].(Send).Request
	_, claims := verified(t, r.Header.Get("DPoP"))
	is.Equal(r.Header.Get("Authorization"), "DPoP good-token")             // not as a bearer token
	is.Equal(claims("ath"), "RhyqgKUhBENuNABhiUMNE6uhA7LENE1EbqPZMksN4cA") // the proof is of this token
	is.Equal(claims("htu"), wURL)                                          // without the query
	effects, err = c.Step(wStart, jsonAnswer(401, "{}", message.Field{Name: "WWW-Authenticate", Value: `DPoP error="use_dpop_nonce"`}, message.Field{Name: "DPoP-Nonce", Value: "n2"}))
	is.NoErr(err) //
	_, again := verified(t, effects[0].(Send).Request.Header.Get("DPoP"))
	is.True(again("nonce") == "n2" && again("jti") != claims("jti")) // the resource's nonce, in a new proof
}

// A device login polls for longer than a nonce lives: each poll may be told a
// new one (RFC 9449 section 8.2).
func TestMCPClient37_NoncesChangeWhileADevicePolls(t *testing.T) {
	is := is.New(t)
	f := NewDevice(Target{ResourceURL: wURL}, Client{ID: "given"}, "")
	f.Prover = wProver(true)
	p := honest(map[string]Response{"POST " + wIssuer + "/device": devices["device huge"]})
	is.Equal(p.play(t, f), errWaits) // for the user
	now := wStart
	for _, nonce := range []string{"n1", "n2", "n3"} {
		now = now.Add(time.Minute)
		_, err := f.Step(now, Timer{})
		is.NoErr(err)
		effects, err := f.Step(now, jsonAnswer(400, `{"error":"use_dpop_nonce"}`, message.Field{Name: "DPoP-Nonce", Value: nonce}))
		is.NoErr(err)
		_, claims := verified(t, effects[0].(Send).Request.Header.Get("DPoP"))
		is.Equal(claims("nonce"), nonce) // it is sent again with the new one
		_, err = f.Step(now, jsonAnswer(400, `{"error":"authorization_pending"}`))
		is.NoErr(err)
		is.Equal(f.State(), AwaitingPoll)
	}
}
