package exchange

import (
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/jose"
	"mcp-auth/core/message"
)

var signedAt = time.Unix(1_000_000_000, 0)

func signer(t testing.TB) jose.PrivateKey {
	t.Helper()
	k, err := jose.FromSeed([32]byte{7})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// What is signed on one side is read on the other.
func TestSignedStatementsAreReadAsTheyWereMade(t *testing.T) {
	is := is.New(t)
	k := signer(t)
	const url = "https://as.example/token"
	text, err := DPoPProof{Method: "POST", URL: url + "?a=b", Nonce: "n", Token: "t", JTI: "j", IssuedAt: signedAt}.Sign(k)
	is.NoErr(err)
	p, err := ReadDPoPProof(message.Request{Method: "POST", Header: message.Header{{Name: "DPoP", Value: text}}}, url, signedAt)
	is.NoErr(err)                                                                                             // RFC 9449 section 4.3
	is.True(p.Nonce == "n" && p.JTI == "j" && p.Key == k.Thumbprint() && p.GoesWith("t") && !p.GoesWith("u")) // says what was said
	a := Assertion{Type: TypeIDJAG, Issuer: "https://idp.example", Subject: "s", Audience: "https://as.example", JTI: "j", ClientID: "c", Resource: "https://mcp.example/", Scope: "a b", ExpiresAt: signedAt.Add(time.Minute)}
	text, err = a.Sign(k, signedAt)
	is.NoErr(err)
	got, err := ReadAssertion(text, signedAt, LongestAssertion, []jose.PublicKey{k.Public()})
	is.NoErr(err)
	got.token = jose.Token{}
	is.Equal(got, a)          // the same statement
	is.True(ForUser(text))    // which calls itself an ID-JAG
	is.True(!ForUser("text")) // as other text does not
	grant, err := ReadGrantReply(GrantReply(text, TokenTypeIDJAG, "a b", 60), TokenTypeIDJAG)
	is.NoErr(err)
	is.Equal(grant, text) // and travels as it is
}

// A proof is believed only when its key signed it, for this method and place.
func FuzzReadDPoPProof(f *testing.F) {
	k := signer(f)
	const url = "https://as.example/token"
	good, _ := DPoPProof{Method: "POST", URL: url, JTI: "j", IssuedAt: signedAt}.Sign(k)
	other, _ := k.Sign(message.Obj(), message.M("typ", message.Str(proofType)), message.M("jwk", message.Obj()))
	for _, s := range []string{good, other, "", "..", good + "."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ReadDPoPProof(message.Request{Method: "POST", Header: message.Header{{Name: "DPoP", Value: s}}}, url, signedAt)
		if err == nil && (s != good || p.Key != k.Thumbprint()) {
			t.Fatalf("%q is believed: %+v", s, p)
		}
		_, _ = PeekAssertion(s)
		if _, err := ReadAssertion(s, signedAt, LongestAssertion, []jose.PublicKey{k.Public()}); err == nil {
			t.Fatalf("%q is an assertion", s)
		}
	})
}
