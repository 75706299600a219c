package server_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"mcp-auth/core/authserver"
	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/server"
)

// methods starts a server that takes only some ways of authentication.
func methods(t *testing.T, all ...string) (*bench, message.Value) {
	s := newServer(t, func(c *server.Config) { c.TokenAuthMethods, c.Approval = all, authserver.ApprovalAuto })
	v, _ := message.ParseJSON(s.get("/.well-known/oauth-authorization-server").Body)
	return s, v
}

func TestOnlyTheAnnouncedAuthenticationIsTaken(t *testing.T) {
	requests := map[string]func(b *bench) message.Response{
		oauth.AuthNone: func(b *bench) message.Response {
			return b.post("/oauth/revoke", "token=x&client_id=dev-public-client")
		},
		oauth.AuthPost: func(b *bench) message.Response {
			return b.post("/oauth/revoke", "token=x&client_id=dev-confidential-client&client_secret=dev-confidential-secret")
		},
		oauth.AuthBasic: func(b *bench) message.Response {
			return b.post("/oauth/revoke", "token=x", basic(oauth.Registration{ClientID: "dev-confidential-client", ClientSecret: "dev-confidential-secret"}))
		},
	}
	requests[oauth.AuthKey] = func(b *bench) message.Response { return b.post("/oauth/revoke", "token=x&"+b.asserted(nil)) }
	for _, only := range authserver.TokenAuthMethods() {
		b, v := methods(t, only)
		b.Equal(string(v.Get("token_endpoint_auth_methods_supported").Append(nil)), `["`+only+`"]`) // announced alone
		for method, send := range requests {
			if r := send(b); method == only {
				b.Equal(r.Status, 200) // it is taken
			} else {
				b.refused(r, 401, "invalid_client") // and no other
			}
		}
		for _, method := range authserver.TokenAuthMethods() {
			r := b.postJSON("/oauth/register", `{"redirect_uris":["`+redirect+`"],"token_endpoint_auth_method":"`+method+`","jwks":`+devKeys+`}`)
			b.Equal(r.Status == 201, method == only) // nobody registers for what is not served
		}
		r := b.postJSON("/oauth/register", `{"redirect_uris":["`+redirect+`"],"jwks":`+devKeys+`}`)
		b.Equal(text(r, "token_endpoint_auth_method"), only) // RFC 7591 section 3.2.1: the server says what it chose
	}
}

func TestGrantsThatNobodyCanUseAreNotServed(t *testing.T) {
	b, v := methods(t, oauth.AuthNone)
	b.True(!strings.Contains(string(v.Get("grant_types_supported").Append(nil)), "client_credentials")) // a secret is needed
	b.True(v.Get("introspection_endpoint").Kind() == message.Missing)                                   // here too
	b.refused(b.post("/oauth/token", "grant_type=client_credentials&client_id=dev-public-client"), 400, "unsupported_grant_type")
	b, v = methods(t, oauth.AuthPost)
	b.True(!strings.Contains(string(v.Get("grant_types_supported").Append(nil)), "device_code")) // devices are public
	b.True(v.Get("device_authorization_endpoint").Kind() == message.Missing)                     // so they have no endpoint
	b.refused(b.post("/oauth/token", "grant_type="+enc(oauth.GrantDeviceCode)+"&device_code=x"), 400, "unsupported_grant_type")
}

// The seeded confidential client logs in by code, for the official suite's
// authorization mode.
func TestCodeFlowOfAConfidentialClient(t *testing.T) {
	for _, method := range []string{oauth.AuthPost, oauth.AuthBasic} {
		b, _ := methods(t, method)
		r := b.authorize("client_id=dev-confidential-client", "redirect_uri="+enc("http://127.0.0.1:3000/callback"))
		code, _ := location(r).One("code")
		m := exchange.TokenRequest{GrantType: oauth.GrantAuthorizationCode, Code: code, CodeVerifier: verifier, RedirectURI: "http://127.0.0.1:3000/callback",
			Client: exchange.ClientAuth{Method: method, ClientID: "dev-confidential-client", ClientSecret: "dev-confidential-secret"}}.Message(base + "/oauth/token")
		b.Equal(b.serve(m).Status, 200) // the code is redeemed with the secret
	}
}

func TestUnknownAuthenticationMethodsAreRefused(t *testing.T) {
	b := newBench(t)
	for _, all := range [][]string{{"tls_client_auth"}, {"none", "none"}, {""}} {
		_, err := server.New(server.Config{Issuer: base, TokenAuthMethods: all, Random: strings.NewReader("")})
		b.True(err != nil) // the server does not start
	}
}

// RFC 9110 section 9.3.2: HEAD is GET without a body, and must do no more. What
// issues codes and spends references has none.
func TestRFC9110_9_3_2_NothingIsSpentByHEAD(t *testing.T) {
	b := newBench(t, approval(authserver.ApprovalAuto), tenants, func(c *server.Config) { c.Compat = server.Compat20250326 })
	url := exchange.PushedURL(base+"/oauth/authorize", b.pub, text(b.push(), "request_uri"))
	for _, at := range []string{url, base + "/oauth/authorize?" + b.az(), base + "/authorize?" + b.az(), base + "/tenant/acme/oauth/authorize"} {
		r := b.serve(message.Request{Method: "HEAD", URL: at})
		b.Equal(r.Status, 405)                                           // it is not served,
		b.True(!strings.Contains(r.Header.Get("Allow"), "HEAD"))         // which is said
		b.True(strings.HasPrefix(r.Header.Get("Allow"), "GET, OPTIONS")) // with what is
		b.True(!strings.Contains(r.Header.Get("Location"), "code="))     // and no code is made
	}
	b.Equal(b.serve(message.Request{Method: "GET", URL: url}).Status, 303)               // the reference is good yet
	b.Equal(b.serve(message.Request{Method: "HEAD", URL: base + "/health"}).Status, 200) // where nothing is done there is HEAD
}

// A lifetime that cannot be counted in nanoseconds from now would be over at
// once: the server does not start with it.
func TestLifetimesHaveAnEnd(t *testing.T) {
	b := newServer(t)
	for name, change := range map[string]func(*server.Config){
		"Lifetimes.Refresh": func(c *server.Config) { c.Lifetimes.Refresh = 251 * 365 * 24 * time.Hour },
		"Lifetimes.Device":  func(c *server.Config) { c.Lifetimes.Device = authserver.LongestLifetime + 1 },
		"Minted":            func(c *server.Config) { c.Minted = authserver.LongestLifetime + 1 },
		"SandboxLife":       func(c *server.Config) { c.SandboxLife = -1 },
	} {
		c := server.Config{Issuer: base, Random: rand.Reader}
		change(&c)
		_, err := server.New(c)
		b.True(err != nil && strings.HasPrefix(err.Error(), name+" must be at most ten years")) // and says with which
	}
	l := newBench(t, func(c *server.Config) { c.Lifetimes.Access = authserver.LongestLifetime })
	access, _ := l.login()
	l.now = l.now.Add(authserver.LongestLifetime - time.Second)
	l.True(l.alive(access)) // the longest is kept to its end
}
