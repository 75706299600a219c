package server_test

import (
	"strings"
	"testing"
	"time"

	"mcp-auth/core/message"
	"mcp-auth/core/server"
)

const mcpMetadata = base + "/.well-known/oauth-protected-resource/mcp/oauth"

func TestRS01_NoToken(t *testing.T) {
	b := newBench(t)
	r := b.postJSON("/mcp/oauth", ping)
	b.Equal(r.Status, 401)                                                                                    // not without a token
	b.Equal(r.Header.Get("WWW-Authenticate"), `Bearer scope="mcp:read", resource_metadata="`+mcpMetadata+`"`) // bare: no error
}

func TestRS02_CredentialsThatAreNoToken(t *testing.T) {
	b := newBench(t)
	for _, value := range []string{"Bearer", "Bearer ", "Bearer a b", "Bearer a,b", `Bearer "a"`, "Basic x", "Digest x", "x"} {
		r := b.postJSON("/mcp/oauth", ping, "Authorization: "+value)
		b.True(r.Status == 400 || r.Status == 401)      // never let in
		b.True(r.Header.Count("WWW-Authenticate") == 1) // always challenged
	}
}

func TestRS03_SchemeHasNoCase(t *testing.T) {
	b := newBench(t)
	at, _ := b.login()
	for _, scheme := range []string{"bearer ", "BEARER ", "Bearer  "} {
		b.Equal(b.postJSON("/mcp/oauth", ping, "Authorization: "+scheme+at).Status, 200) // RFC 9110 section 11.1
	}
}

func TestRS04_DeadTokens(t *testing.T) {
	b := newBench(t)
	at, _ := b.login()
	r := b.mcp("random", ping)
	b.Equal(r.Status, 401)                                                              // unknown
	b.True(strings.Contains(r.Header.Get("WWW-Authenticate"), `error="invalid_token"`)) // and it says so
	b.Equal(b.post("/oauth/revoke", "client_id="+b.pub+"&token="+at).Status, 200)       // RFC 7009
	b.Equal(b.mcp(at, ping).Status, 401)                                                // revoked
	at, _ = b.login()
	b.now = b.now.Add(time.Hour - time.Nanosecond)
	b.True(b.alive(at)) // to the last instant
	b.now = b.now.Add(time.Nanosecond)
	b.Equal(b.mcp(at, ping).Status, 401) // expired at the first one
}

func TestRS05_TokenForAnotherAudience(t *testing.T) {
	const other = "https://mine.example/mcp"
	b := newBench(t, func(c *server.Config) { c.Resources = []string{other} })
	r := b.redeem(b.code("resource=" + enc(other)))
	b.Equal(text(r, "aud"), other)                            // issued for the other resource
	b.Equal(b.mcp(text(r, "access_token"), ping).Status, 401) // and good only there
}

func TestRS06_KindsOfTokensDoNotCross(t *testing.T) {
	b := newBench(t)
	at, _ := b.login()
	minted := text(b.post("/test-auth/bearer-token/mint", ""), "access_token")
	b.True(strings.HasPrefix(minted, "static_")) // as the original's
	for _, static := range []string{"test-bearer-token", minted} {
		b.Equal(b.mcp(static, ping).Status, 401)                                                    // no static token at /mcp/oauth
		b.Equal(b.postJSON("/mcp/bearer-token", ping, "Authorization: Bearer "+static).Status, 200) // only at its own place
	}
	b.Equal(b.postJSON("/mcp/bearer-token", ping, "Authorization: Bearer "+at).Status, 401) // no OAuth token there
	b.wait(300)
	b.Equal(b.postJSON("/mcp/bearer-token", ping, "Authorization: Bearer "+minted).Status, 401) // a minted one lives 300 s
}

func TestRS07_TokensOutsideTheHeader(t *testing.T) {
	b := newBench(t)
	at, _ := b.login()
	r := b.postJSON("/mcp/oauth?access_token="+at, ping)
	b.Equal(r.Status, 401)                                                                          // not read
	b.True(!strings.Contains(r.Header.Get("WWW-Authenticate"), "error="))                           // as if none was sent
	b.Equal(b.post("/mcp/oauth", "access_token="+at).Status, 401)                                   // nor from a form
	b.Equal(b.postJSON("/mcp/oauth?access_token=x", ping, "Authorization: Bearer "+at).Status, 200) // nor does it disturb
}

func TestRS08_TwoAuthorizationFields(t *testing.T) {
	b := newBench(t)
	at, _ := b.login()
	for _, two := range [][]string{{"Authorization: Bearer " + at, "Authorization: Bearer x"}, {"Authorization: Bearer x", "Authorization: Bearer " + at}} {
		b.Equal(b.postJSON("/mcp/oauth", ping, two...).Status, 400) // none is chosen
	}
}

func TestRS09_JWTShapes(t *testing.T) {
	b := newBench(t)
	for _, token := range []string{"eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.", "eyJhbGciOiJIUzI1NiIsImtpZCI6Ii4uLy4uIn0.eyJzdWIiOiJhIn0.AAAA", "eyJqa3UiOiJodHRwczovL2NhbmFyeS5leGFtcGxlIn0.e30.AAAA"} {
		b.Equal(b.mcp(token, ping).Status, 401) // tokens are opaque here: nothing in them is believed or fetched
	}
}

func TestRS10_HugeTokens(t *testing.T) {
	b := newBench(t)
	b.Equal(b.mcp(strings.Repeat(".", 60<<10), ping).Status, 401) // looked up, not split
}

func TestRS11_TokenOfAnotherServer(t *testing.T) {
	one, other := newBench(t), newBench(t)
	at, _ := one.login()
	other.Equal(other.mcp(at, ping).Status, 401) // unknown there
}

func TestRS12_TooLittleScope(t *testing.T) {
	b := newBench(t)
	at, _ := b.login()
	for tool, scope := range map[string]string{"write_note": "mcp:write", "delete_notes": "mcp:admin"} {
		r := b.mcp(at, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"`+tool+`","arguments":{"name":"a","content":"b"}}}`)
		b.Equal(r.Status, 403) // not with mcp:read
		challenge := r.Header.Get("WWW-Authenticate")
		b.True(strings.Contains(challenge, `error="insufficient_scope"`) && strings.Contains(challenge, `scope="`+scope+`"`) && strings.Contains(challenge, mcpMetadata)) // and what is needed
	}
}

func TestRS13_OtherSecretsAsBearer(t *testing.T) {
	b := newBench(t)
	_, rt := b.login()
	for _, secret := range []string{b.code(), text(b.device(), "device_code"), rt, b.conf.ClientSecret} {
		b.Equal(b.mcp(secret, ping).Status, 401) // each kind is good for one thing
	}
}

func TestRS14_BodiesOfRefusals(t *testing.T) {
	b := newBench(t)
	at, _ := b.login()
	for _, r := range []message.Response{b.mcp("secret-token-value", ping), b.mcp(at, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"delete_notes"}}`)} {
		b.True(!strings.Contains(string(r.Body), "secret-token-value") && !strings.Contains(string(r.Body), at)) // no echo
		b.True(!strings.Contains(string(r.Body), "goroutine"))                                                   // no stack
		b.True(text(r, "error") != "")                                                                           // but what is wrong
	}
}

func TestRS15_ForeignHostInChallenges(t *testing.T) {
	b := newBench(t)
	r := b.serve(message.Request{Method: "POST", URL: "http://evil.example/mcp/oauth", Body: []byte(ping)})
	b.Equal(r.Status, 403)                                                             // not served
	b.True(!strings.Contains(string(r.Body)+r.Header.Get("WWW-Authenticate"), "evil")) // and not reflected
}

// MCP authorization, resource server 8: a broader scope covers the narrower.
func TestRS12_ABroaderScopeIsEnough(t *testing.T) {
	b := newBench(t)
	c := b.register(`"grant_types":["client_credentials"],"token_endpoint_auth_method":"client_secret_basic","scope":"mcp:write"`)
	r := b.post("/oauth/token", "grant_type=client_credentials&scope=mcp%3Awrite", basic(c))
	b.Equal(text(r, "scope"), "mcp:write")   // write alone
	b.True(b.alive(text(r, "access_token"))) // is enough to read
}
