package exchange

import (
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/jose"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
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
	a := Assertion{Type: TypeIDJAG, Issuer: "https://idp.example", Subject: "s", Audience: "https://as.example", JTI: "j", ClientID: "c", Resource: "https://mcp.example/", Scope: "a b", Bound: true, Key: k.Thumbprint(), ExpiresAt: signedAt.Add(time.Minute)}
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

// RFC 9068 sections 2 and 4: what an access token says, and what it must.
func TestAccessTokens(t *testing.T) {
	is := is.New(t)
	k := signer(t)
	keys := []jose.PublicKey{k.Public()}
	want := AccessClaims{Issuer: "i", Subject: "s", Audience: "a", ClientID: "c", Scope: "x y", JTI: "j", Key: "k", IssuedAt: signedAt, ExpiresAt: signedAt.Add(time.Hour)}
	text, err := want.Sign(k)
	is.NoErr(err) // a token
	got, err := ReadAccessToken(text, signedAt, keys)
	is.NoErr(err)       // is good
	is.Equal(got, want) // and says what was said
	for _, when := range []time.Time{signedAt.Add(time.Hour), signedAt.Add(-time.Hour)} {
		_, err = ReadAccessToken(text, when, keys)
		is.True(err != nil) // while it lives
	}
	_, err = ReadAccessToken(text, signedAt, nil)
	is.True(err != nil) // with a key that is known
	for member := range strings.FieldsSeq("iss sub aud client_id jti iat exp") {
		var left []message.Member
		for _, m := range []message.Member{message.M("iss", message.Str("i")), message.M("sub", message.Str("s")), message.M("aud", message.Str("a")), message.M("client_id", message.Str("c")),
			message.M("jti", message.Str("j")), message.M("iat", message.Num(signedAt.Unix())), message.M("exp", message.Num(signedAt.Unix()+60))} {
			if m.Name != member {
				left = append(left, m)
			}
		}
		text, err := k.Sign(message.Obj(left...), message.M("typ", message.Str("at+jwt")))
		is.NoErr(err)
		_, err = ReadAccessToken(text, signedAt, keys)
		is.True(err != nil) // each of its claims is needed
	}
	for typ, good := range map[string]bool{"at+jwt": true, "application/at+jwt": true, "JWT": false, "": false, "dpop+jwt": false} {
		text, err := k.Sign(message.Obj(message.M("iss", message.Str("i")), message.M("sub", message.Str("s")), message.M("aud", message.Str("a")), message.M("client_id", message.Str("c")),
			message.M("jti", message.Str("j")), message.M("iat", message.Num(signedAt.Unix())), message.M("exp", message.Num(signedAt.Unix()+60))), message.M("typ", message.Str(typ)))
		is.NoErr(err)
		got, err := ReadAccessToken(text, signedAt, keys)
		is.Equal(err == nil, good)      // nothing else passes for one
		is.True(!good || got.Key == "") // and one without a key is bound to none
	}
	bearer := want
	bearer.Key = ""
	text, _ = bearer.Sign(k)
	token, _ := jose.Peek(text)
	is.Equal(token.Claims.Get("cnf").Kind(), message.Missing) // nor says so
}

// RFC 7523 section 3: what an assertion must have.
func TestAssertionsRefused(t *testing.T) {
	is := is.New(t)
	k := signer(t)
	keys := []jose.PublicKey{k.Public()}
	good := Assertion{Issuer: "i", Subject: "s", Audience: "a", ExpiresAt: signedAt.Add(time.Minute)}
	for member, a := range map[string]Assertion{"iss": {Subject: "s", Audience: "a"}, "sub": {Issuer: "i", Audience: "a"}, "aud": {Issuer: "i", Subject: "s"}} {
		a.ExpiresAt = good.ExpiresAt
		text, err := a.Sign(k, signedAt)
		is.NoErr(err)
		_, err = ReadAssertion(text, signedAt, LongestAssertion, keys)
		if err == nil {
			t.Errorf("an assertion without %s is taken", member)
		}
	}
	text, err := good.Sign(k, signedAt)
	is.NoErr(err)
	token, err := jose.Peek(text)
	is.NoErr(err)
	is.Equal(token.Time("iat"), signedAt) // it says when it was made
	for _, when := range []time.Time{signedAt.Add(-time.Hour), signedAt.Add(time.Hour)} {
		_, err = ReadAssertion(text, when, LongestAssertion, keys)
		is.True(err != nil) // and is good for its time
	}
	_, err = ReadAssertion(text, signedAt, time.Second, keys)
	is.True(err != nil) // which is bounded
	for _, text := range []string{"", "x", "a.b.c"} {
		_, err := PeekAssertion(text)
		is.True(err != nil && !ForUser(text)) // text is none
	}
	var broken jose.PrivateKey
	for _, sign := range []func() (string, error){
		func() (string, error) { return good.Sign(broken, signedAt) },
		func() (string, error) { return ClientAssertion(broken, "c", "i", "j", signedAt) },
		func() (string, error) { return AccessClaims{}.Sign(broken) },
		func() (string, error) { return DPoPProof{}.Sign(broken) },
	} {
		text, err := sign()
		is.True(err != nil && text == "") // what cannot be signed is not sent
	}
	set := KeysReply(keys)
	read, err := ParseKeys(string(set.Body))
	is.NoErr(err)                                                                          // keys are read as published
	is.True(set.Status == 200 && len(read) == 1 && read[0].Thumbprint() == k.Thumbprint()) // each
	for _, text := range []string{"", "{", "[]", `{"keys":1}`, `{"keys":[{"kty":"x"}]}`} {
		read, err := ParseKeys(text)
		is.True(err != nil && len(read) == 0) // or refused
	}
}

// RFC 9449 section 4.3: each check of a proof.
func TestProofsRefused(t *testing.T) {
	const url = "https://as.example/token"
	k := signer(t)
	k.ID = "named" // the header carries the key, not its name
	good := DPoPProof{Method: "POST", URL: url, JTI: "j", IssuedAt: signedAt}
	sign := func(change func(*DPoPProof)) string {
		p := good
		change(&p)
		text, err := p.Sign(k)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	raw := func(typ string, jwk message.Value) string {
		text, _ := k.Sign(message.Obj(message.M("jti", message.Str("j")), message.M("htm", message.Str("POST")), message.M("htu", message.Str(url)), message.M("iat", message.Num(signedAt.Unix()))),
			message.M("typ", message.Str(typ)), message.M("jwk", jwk))
		return text
	}
	other, err := jose.FromSeed([32]byte{8})
	if err != nil {
		t.Fatal(err)
	}
	renamed := k.PublicKey
	renamed.ID = "renamed"
	for rule, c := range map[string]struct {
		fields []string
		good   bool
	}{
		"good":                    {[]string{sign(func(*DPoPProof) {})}, true},
		"none":                    {nil, false},
		"two":                     {[]string{sign(func(*DPoPProof) {}), sign(func(*DPoPProof) {})}, false},
		"another typ":             {[]string{raw("jwt", k.PublicKey.JWK())}, false},
		"the key of another":      {[]string{raw(proofType, other.PublicKey.JWK())}, false},
		"no key":                  {[]string{raw(proofType, message.Obj())}, false},
		"a key with its name":     {[]string{raw(proofType, k.PublicKey.JWK())}, true},
		"a key with another name": {[]string{raw(proofType, renamed.JWK())}, true},
		"no name":                 {[]string{sign(func(p *DPoPProof) { p.JTI = "" })}, false},
		"another method":          {[]string{sign(func(p *DPoPProof) { p.Method = "GET" })}, false},
		"another path":            {[]string{sign(func(p *DPoPProof) { p.URL = url + "/" })}, false},
		"another host":            {[]string{sign(func(p *DPoPProof) { p.URL = "https://evil.example/token" })}, false},
		"another scheme":          {[]string{sign(func(p *DPoPProof) { p.URL = "http://as.example/token" })}, false},
		"no URL":                  {[]string{sign(func(p *DPoPProof) { p.URL = "" })}, false},
		"the port written out":    {[]string{sign(func(p *DPoPProof) { p.URL = "https://AS.example:443/token" })}, true},
		"5 minutes old":           {[]string{sign(func(p *DPoPProof) { p.IssuedAt = signedAt.Add(-ProofLife) })}, true},
		"a second older":          {[]string{sign(func(p *DPoPProof) { p.IssuedAt = signedAt.Add(-ProofLife - time.Second) })}, false},
		"from 5 minutes ahead":    {[]string{sign(func(p *DPoPProof) { p.IssuedAt = signedAt.Add(ProofLife) })}, true},
		"from a second later yet": {[]string{sign(func(p *DPoPProof) { p.IssuedAt = signedAt.Add(ProofLife + time.Second) })}, false},
	} {
		t.Run(rule, func(t *testing.T) {
			is := is.New(t)
			m := message.Request{Method: "POST"}
			for _, f := range c.fields {
				m.Header = append(m.Header, message.Field{Name: "DPoP", Value: f})
			}
			p, err := ReadDPoPProof(m, url+"?a=b", signedAt)
			is.Equal(code(err), map[bool]string{false: oauth.InvalidDPoPProof}[c.good]) // believed, or refused by the book
			is.Equal(p.Key != "", c.good)                                               // with its key, or nothing
		})
	}
	is := is.New(t)
	text, err := k.Sign(message.Obj(message.M("jti", message.Str("j")), message.M("htm", message.Str("POST")), message.M("htu", message.Str(url+"?a=b")), message.M("iat", message.Num(signedAt.Unix()))),
		message.M("typ", message.Str(proofType)), message.M("jwk", k.PublicKey.JWK()))
	is.NoErr(err)
	_, err = ReadDPoPProof(message.Request{Method: "POST", Header: message.Header{{Name: "DPoP", Value: text}}}, url+"?a=b", signedAt)
	is.True(err != nil) // htu has no query
	token, _ := jose.Peek(sign(func(*DPoPProof) {}))
	is.True(token.Header.Get("kid").Kind() == message.Missing && token.Claims.Get("ath").Kind() == message.Missing && token.Claims.Get("nonce").Kind() == message.Missing) // a proof says nothing more than it must
	for nonce, want := range map[string]string{"n": "n", "": "", strings.Repeat("n", 512): strings.Repeat("n", 512), strings.Repeat("n", 513): "", "a\x00": ""} {
		is.Equal(WantedNonce(message.Header{{Name: "DPoP-Nonce", Value: nonce}}), want) // what could not be sent back is none
	}
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
