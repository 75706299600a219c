// JWT access tokens (RFC 9068): the same life as opaque ones.
package server_test

import (
	"crypto/rand"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/authserver"
	"mcp-auth/core/exchange"
	"mcp-auth/core/jose"
	"mcp-auth/core/message"
	"mcp-auth/core/server"
)

func signing(c *server.Config) {
	c.Format, c.Lifetimes.Key = authserver.FormatJWT, 2*time.Hour
}

func (b *bench) keys() []jose.PublicKey {
	b.t.Helper()
	v, _ := message.ParseJSON(b.get("/.well-known/oauth-authorization-server").Body)
	uri, _ := v.Get("jwks_uri").Text()
	b.Equal(uri, base+"/oauth/jwks") // announced
	keys, err := exchange.ParseKeys(string(b.get("/oauth/jwks").Body))
	b.NoErr(err) // and there
	return keys
}

func TestRFC9068AResourceElsewhereCanReadTheToken(t *testing.T) {
	b := newBench(t, signing)
	at, _ := b.login()
	b.True(b.alive(at)) // good here
	a, err := exchange.ReadAccessToken(at, b.now, b.keys())
	b.NoErr(err) // section 4: signature, typ, times
	b.Equal(a, exchange.AccessClaims{Issuer: base, Subject: authserver.Subject, Audience: resource, ClientID: b.pub, Scope: "mcp:read", JTI: a.JTI,
		IssuedAt: time.Unix(b.now.Unix(), 0), ExpiresAt: time.Unix(b.now.Unix()+3600, 0)}) // section 2.2
	other, _ := b.login()
	two, _ := exchange.ReadAccessToken(other, b.now, b.keys())
	b.True(len(a.JTI) >= 40 && a.JTI != two.JTI) // C-11: a name nobody can guess
	_, err = exchange.ReadAccessToken(at, b.now.Add(time.Hour), b.keys())
	b.Equal(err, jose.ErrExpired) // dead at its time, everywhere
	k := newKey(t, jose.ES256)
	r := b.post("/oauth/token", credsOf, b.proof(k, exchange.DPoPProof{URL: tokenURL}))
	a, err = exchange.ReadAccessToken(text(r, "access_token"), b.now, b.keys())
	b.NoErr(err)
	b.Equal(a.Key, k.Thumbprint()) // RFC 9449 section 6.1: bound tokens say to what
}

func TestRFC9068SignedTokensDieLikeOthers(t *testing.T) {
	b := newBench(t, signing)
	at, _ := b.login()
	b.Equal(b.post("/oauth/revoke", "client_id="+b.pub+"&token="+at).Status, 200)
	b.True(!b.alive(at)) // revoked at once, though its signature is good
	at, rt := b.login()
	r := b.refresh(rt)
	b.True(b.alive(at) && b.alive(text(r, "access_token")))
	b.refused(b.refresh(rt), 400, "invalid_grant")
	b.True(!b.alive(at) && !b.alive(text(r, "access_token"))) // reuse kills the family
	at, _ = b.login()
	b.now = b.now.Add(time.Hour)
	b.True(!b.alive(at)) // expired
}

// swapped is a signature with its halves exchanged.
func swapped(signature string) string {
	half := len(signature) / 2
	return signature[half:] + signature[:half]
}

func TestRS09_JWTsThatFool(t *testing.T) {
	b := newBench(t, signing)
	at, _ := b.login()
	parts := strings.Split(at, ".")
	k := newKey(t, jose.EdDSA)
	claims := []message.Member{message.M("iss", message.Str(base)), message.M("sub", message.Str("test-user")), message.M("aud", message.Str(resource)), message.M("client_id", message.Str(b.pub)),
		message.M("scope", message.Str("mcp:admin")), message.M("jti", message.Str("x")), message.M("iat", message.Num(b.now.Unix())), message.M("exp", message.Num(b.now.Unix()+60))}
	typ := message.M("typ", message.Str("at+jwt"))
	for name, token := range map[string]string{
		"none":        message64(`{"alg":"none","typ":"at+jwt"}`) + "." + parts[1] + ".",
		"HS256":       message64(`{"alg":"HS256","typ":"at+jwt"}`) + "." + parts[1] + "." + parts[2],
		"another key": sign(t, k, claims, nil, typ),
		"jwk":         sign(t, k, claims, nil, typ, message.M("jwk", k.PublicKey.JWK())),
		"jku":         sign(t, k, claims, nil, typ, message.M("jku", message.Str("https://canary.example"))),
		"kid":         sign(t, k, claims, nil, typ, message.M("kid", message.Str("../../dev/null"))),
		"crit":        sign(t, k, claims, nil, typ, message.M("crit", message.Strs([]string{"exp"}))),
		"padded":      at + "=",
		"changed":     parts[0] + "." + parts[1] + "." + swapped(parts[2]),
	} {
		if b.mcp(token, ping).Status != 401 {
			t.Error(name, "is let in")
		}
		if _, err := exchange.ReadAccessToken(token, b.now, b.keys()); err == nil {
			t.Error(name, "is verified")
		}
	}
	b.True(b.alive(at)) // the true one
}

func TestRS05_SignedTokenForAnotherAudience(t *testing.T) {
	const other = "https://mine.example/mcp"
	b := newBench(t, signing, func(c *server.Config) { c.Resources = []string{other} })
	r := b.redeem(b.code("resource=" + enc(other)))
	a, err := exchange.ReadAccessToken(text(r, "access_token"), b.now, b.keys())
	b.NoErr(err)
	b.Equal(a.Audience, other)                                // for the other resource
	b.Equal(b.mcp(text(r, "access_token"), ping).Status, 401) // and good only there
}

func TestRS11_SignedTokenOfAnotherServer(t *testing.T) {
	one, other := newBench(t, signing), newBench(t, signing)
	at, _ := one.login()
	other.Equal(other.mcp(at, ping).Status, 401) // unknown there
	_, err := exchange.ReadAccessToken(at, one.now, other.keys())
	other.True(err != nil) // and signed by nobody
}

func TestRFC9068KeysChangeAndOldOnesStay(t *testing.T) {
	b := newBench(t, signing)
	first := b.keys()
	b.Equal(len(first), 1) // one key at first
	b.now = b.now.Add(2*time.Hour - time.Second)
	at, _ := b.login() // the last token of the first key
	b.now = b.now.Add(time.Second)
	young, _ := b.login()
	both := b.keys()
	b.Equal(len(both), 2) // another one signs, the old one stays
	for _, token := range []string{at, young} {
		_, err := exchange.ReadAccessToken(token, b.now, both)
		b.NoErr(err) // both verify
		b.True(b.alive(token))
	}
	_, err := exchange.ReadAccessToken(young, b.now, first)
	b.True(err != nil) // the young one is signed by the new key
	b.now = b.now.Add(2 * time.Hour)
	b.login()
	now := b.keys()
	b.True(now[0].ID != first[0].ID) // when its last token is dead, the first key is gone
}

// Each algorithm signs (section 2.1: RS256 MUST be supported), and the
// published keys verify; tenants and sandboxes sign as the root does.
func TestRFC9068EveryAlgorithm(t *testing.T) {
	for _, alg := range jose.Algorithms {
		t.Run(alg, func(t *testing.T) {
			b := newBench(t, signing, tenants, func(c *server.Config) { c.TokenAlg, c.Sandboxes = alg, 1 })
			box := b.open(`{}`)
			for _, at := range []string{"", "/tenant/acme", box} {
				token := text(b.post(at+"/oauth/token", "grant_type=client_credentials&client_id=dev-confidential-client&client_secret=dev-confidential-secret"), "access_token")
				header, err := base64.RawURLEncoding.DecodeString(strings.SplitN(token, ".", 2)[0])
				b.NoErr(err)
				b.True(strings.Contains(string(header), `"alg":"`+alg+`"`) && strings.Contains(string(header), `"typ":"at+jwt"`)) // section 2.1
				keys, err := exchange.ParseKeys(string(b.get(at + "/oauth/jwks").Body))
				b.NoErr(err)
				_, err = exchange.ReadAccessToken(token, b.now, keys)
				b.NoErr(err) // section 4
			}
		})
	}
	_, err := server.New(server.Config{Issuer: base, Random: rand.Reader, TokenAlg: "HS256"})
	is.New(t).True(err != nil) // nothing else signs
}

// A server that starts on the same store with another algorithm signs with it,
// and still publishes what verifies the tokens of before.
func TestRFC9068AnotherAlgorithmOverTheSameStore(t *testing.T) {
	kept := shelves{}
	with := func(alg string) func(*server.Config) {
		return func(c *server.Config) { c.TokenAlg, c.Storage = alg, kept.storage }
	}
	old := newServer(t, signing, with(jose.EdDSA))
	before := text(old.post("/oauth/token", credsOf), "access_token")
	b := newServer(t, signing, with(jose.RS256))
	after := text(b.post("/oauth/token", credsOf), "access_token")
	keys := b.keys()
	b.Equal(len(keys), 2) // the old key and the new
	for _, token := range []string{before, after} {
		_, err := exchange.ReadAccessToken(token, b.now, keys)
		b.NoErr(err) // both verify
		b.Equal(b.mcp(token, ping).Status, 200)
	}
	b.now = b.now.Add(2 * time.Hour)
	b.post("/oauth/token", credsOf)
	for _, k := range b.keys() {
		b.Equal(k.Alg, jose.RS256) // once its last token is dead, the old key goes
	}
}

func TestOpaqueTokensHaveNoKeys(t *testing.T) {
	b := newServer(t)
	b.Equal(b.get("/oauth/jwks").Status, 404)                                                            // nothing to verify
	b.True(!strings.Contains(string(b.get("/.well-known/oauth-authorization-server").Body), "jwks_uri")) // and nothing announced
}
