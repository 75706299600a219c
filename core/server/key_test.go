// private_key_jwt at the token endpoint (RFC 7523 section 2.2).
package server_test

import (
	"crypto/rand"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"mcp-auth/core/authserver"
	"mcp-auth/core/exchange"
	"mcp-auth/core/jose"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// devKeys is a set with the public key of RFC 8037 appendix A.
const devKeys = `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`

// devKey is the published key of dev-key-client.
func devKey(t testing.TB) jose.PrivateKey {
	t.Helper()
	for _, s := range authserver.Seeds() {
		if s.Key != "" {
			return privateKey(t, s.Key)
		}
	}
	t.Fatal("no seed has a key")
	return jose.PrivateKey{}
}

func privateKey(t testing.TB, jwk string) jose.PrivateKey {
	t.Helper()
	v, err := message.ParseJSON([]byte(jwk))
	if err != nil {
		t.Fatal(err)
	}
	k, err := jose.ReadPrivate(v)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newKey(t testing.TB, alg string) jose.PrivateKey {
	t.Helper()
	k, err := jose.Generate(alg, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// signed makes a JWT of dev-key-client's claims, changed: a value of kind
// Missing removes one.
func (b *bench) signed(k jose.PrivateKey, changes map[string]message.Value, header ...message.Member) string {
	b.t.Helper()
	text, err := oauth.RandomText(rand.Reader, 16)
	b.NoErr(err)
	claims := []message.Member{message.M("iss", message.Str("dev-key-client")), message.M("sub", message.Str("dev-key-client")), message.M("aud", message.Str(base)),
		message.M("jti", message.Str(text)), message.M("iat", message.Num(b.now.Unix())), message.M("exp", message.Num(b.now.Unix()+60))}
	return sign(b.t, k, claims, changes, header...)
}

// sign makes a JWT of claims, changed.
func sign(t testing.TB, k jose.PrivateKey, claims []message.Member, changes map[string]message.Value, header ...message.Member) string {
	t.Helper()
	var kept []message.Member
	for _, m := range claims {
		if v, changed := changes[m.Name]; changed {
			m.Value = v
		}
		if m.Value.Kind() != message.Missing {
			kept = append(kept, m)
		}
	}
	text, err := k.Sign(message.Obj(kept...), header...)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func withAssertion(text string) string {
	return "client_assertion_type=" + enc(exchange.AssertionTypeJWT) + "&client_assertion=" + text
}

// asserted are the parameters that authenticate dev-key-client.
func (b *bench) asserted(changes map[string]message.Value) string {
	return withAssertion(b.signed(devKey(b.t), changes))
}

func TestTK31_ASignedAssertionIsTaken(t *testing.T) {
	b := newServer(t)
	r := b.post("/oauth/token", "grant_type=client_credentials&"+b.asserted(nil))
	b.Equal(r.Status, 200)                   // without client_id: RFC 7521 section 4.2
	b.True(b.alive(text(r, "access_token"))) // and the token is good
	r = b.post("/oauth/token", "grant_type=client_credentials&client_id=dev-key-client&"+b.asserted(map[string]message.Value{"aud": message.Strs([]string{base})}))
	b.Equal(r.Status, 200) // an array of one is one
	v, _ := message.ParseJSON(b.get("/.well-known/oauth-authorization-server").Body)
	for _, endpoint := range []string{"token", "revocation", "introspection"} {
		b.Equal(string(v.Get(endpoint+"_endpoint_auth_signing_alg_values_supported").Append(nil)), `["ES256","EdDSA","RS256"]`) // RFC 8414 section 2: REQUIRED with the method
	}
	_, v = methods(t, oauth.AuthPost)
	for _, endpoint := range []string{"token", "revocation", "introspection"} {
		b.True(v.Get(endpoint+"_endpoint_auth_signing_alg_values_supported").Kind() == message.Missing) // and nothing without it
	}
}

func TestTK31_AssertionsThatAreRefused(t *testing.T) {
	b := newServer(t)
	key, other := devKey(t), newKey(t, jose.EdDSA)
	str, num := message.Str, message.Num
	nobody := other
	nobody.ID = "nobody"
	one := func(name string, v message.Value) map[string]message.Value { return map[string]message.Value{name: v} }
	unsigned := func(alg string) string {
		parts := strings.Split(b.signed(key, nil), ".")
		return message64(`{"alg":"`+alg+`"}`) + "." + parts[1] + "." + parts[2]
	}
	for name, assertion := range map[string]string{
		"alg none":             unsigned("none"),
		"HS256":                unsigned("HS256"),
		"another key":          b.signed(other, nil),
		"unknown kid":          b.signed(nobody, nil),
		"its own key embedded": b.signed(other, nil, message.M("jwk", other.PublicKey.JWK())),
		"crit":                 b.signed(key, nil, message.M("crit", message.Strs([]string{"exp"}))),
		"wrong aud":            b.signed(key, one("aud", str("https://as.example"))),
		"two aud":              b.signed(key, one("aud", message.Strs([]string{base, "https://as.example"}))),
		"token endpoint":       b.signed(key, one("aud", str(base+"/oauth/token"))),
		"aud with a slash":     b.signed(key, one("aud", str(base+"/"))),
		"no aud":               b.signed(key, one("aud", message.Value{})),
		"expired":              b.signed(key, one("exp", num(b.now.Unix()))),
		"no exp":               b.signed(key, one("exp", message.Value{})),
		"exp in a year":        b.signed(key, one("exp", num(b.now.AddDate(1, 0, 0).Unix()))),
		"iat in the future":    b.signed(key, one("iat", num(b.now.Unix()+3600))),
		"iss of another":       b.signed(key, one("iss", str("dev-public-client"))),
		"sub of another":       b.signed(key, one("sub", str("dev-public-client"))),
		"no jti":               b.signed(key, one("jti", message.Value{})),
		"no JWT":               "x",
	} {
		r := b.post("/oauth/token", "grant_type=client_credentials&client_id=dev-key-client&"+withAssertion(assertion))
		if r.Status != 401 || text(r, "error") != "invalid_client" {
			t.Error(name, r.Status, string(r.Body))
		}
		b.True(!strings.Contains(string(r.Body), assertion)) // and it is not echoed
	}
	b.refused(b.post("/oauth/token", "grant_type=client_credentials&client_id=dev-key-client"), 401, "invalid_client")
	b.refused(b.post("/oauth/token", "grant_type=client_credentials&client_id=dev-key-client&client_secret=x"), 401, "invalid_client")
	b.refused(b.post("/oauth/token", "grant_type=client_credentials&client_id=dev-key-client&client_assertion="+b.signed(key, nil)), 401, "invalid_client")
	b.refused(b.post("/oauth/token", "grant_type=client_credentials&client_id=dev-admin-client&"+b.asserted(nil)), 401, "invalid_client")
}

// Without client_id the assertion says who the client is; where it does not,
// the refusal names what is wrong with it.
func TestTK31_AssertionsThatNameNobody(t *testing.T) {
	b := newServer(t)
	good := b.signed(devKey(t), nil)
	for form, says := range map[string]string{
		"client_assertion=" + good:                                "client_assertion_type " + exchange.AssertionTypeJWT,
		"client_assertion_type=saml&client_assertion=" + good:     "client_assertion_type " + exchange.AssertionTypeJWT,
		"client_assertion_type=" + enc(exchange.AssertionTypeJWT): "send client_assertion ",
		withAssertion("x"):                                        "no JWT whose sub",
		"":                                                        "client_id is missing",
	} {
		r := b.post("/oauth/token", "grant_type=client_credentials&"+form)
		b.refused(r, 401, "invalid_client")
		b.True(strings.Contains(text(r, "error_description"), says)) // what to send
	}
}

func TestTK31_AnAssertionIsGoodOnce(t *testing.T) {
	b := newServer(t)
	form := "grant_type=client_credentials&" + b.asserted(nil)
	won := 0
	for _, r := range parallel(20, func() message.Response { return b.post("/oauth/token", form) }) {
		if r.Status == 200 {
			won++
			continue
		}
		b.refused(r, 401, "invalid_client")
	}
	b.Equal(won, 1) // of all who send it at once, one
	b.now = b.now.Add(time.Minute)
	b.refused(b.post("/oauth/token", form), 401, "invalid_client") // nor later
}

func TestKeysAreRegistered(t *testing.T) {
	b := newServer(t)
	k := newKey(t, jose.ES256)
	k.ID = "mine"
	reply := b.postJSON("/oauth/register", `{"grant_types":["client_credentials"],"token_endpoint_auth_method":"private_key_jwt","jwks":`+string(jose.Set(k.Public()).Append(nil))+`}`)
	b.Equal(reply.Status, 201) // a client with a key
	id := text(reply, "client_id")
	b.Equal(text(reply, "client_secret"), "") // has no secret
	v, _ := message.ParseJSON(reply.Body)
	b.Equal(len(v.Get("jwks").Get("keys").Elems()), 1) // RFC 7591 section 3.2.1: all that was registered is told
	is := map[string]message.Value{"iss": message.Str(id), "sub": message.Str(id)}
	b.Equal(b.post("/oauth/token", "grant_type=client_credentials&"+withAssertion(b.signed(k, is))).Status, 200) // it proves itself
	for name, members := range map[string]string{
		"no keys":     ``,
		"by URL":      `,"jwks_uri":"https://client.example/jwks"`,
		"both":        `,"jwks_uri":"https://client.example/jwks","jwks":` + devKeys,
		"private key": `,"jwks":{"keys":[` + string(k.JWK().Append(nil)) + `]}`,
		"symmetric":   `,"jwks":{"keys":[{"kty":"oct","k":"AAAA"}]}`,
		"no set":      `,"jwks":"x"`,
	} {
		r := b.postJSON("/oauth/register", `{"grant_types":["client_credentials"],"token_endpoint_auth_method":"private_key_jwt"`+members+`}`)
		if r.Status != 400 || text(r, "error") != "invalid_client_metadata" {
			t.Error(name, r.Status, string(r.Body))
		}
	}
}

func message64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
