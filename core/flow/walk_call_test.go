package flow

import (
	"crypto/sha256"
	"slices"
	"strings"
	"testing"

	"mcp-auth/core/exchange"
	"mcp-auth/core/jose"
	"mcp-auth/core/mcp"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// wKey is one key for all walks.
var wKey = func() jose.PrivateKey {
	seed := sha256.Sum256([]byte("a key of the tests"))
	k, err := jose.Generate(jose.EdDSA, strings.NewReader(string(seed[:])))
	if err != nil {
		panic(err)
	}
	return k
}()

func wProver(dpop bool) Prover {
	return Prover{DPoPKey: wKey, ClientKey: wKey, DPoP: dpop, Seed: "a seed of the tests"}
}

func rpc(status int, id, rest string) Response {
	return jsonAnswer(status, `{"jsonrpc":"2.0","id":"`+id+`",`+rest+`}`)
}

// calls are what an MCP endpoint may answer.
var calls = map[string]Response{
	"reply":             rpc(200, "c", `"result":{"ok":true}`),
	"reply error":       rpc(200, "c", `"error":{"code":-32601,"message":"no"}`),
	"reply error 404":   rpc(404, "c", `"error":{"code":-32601,"message":"no"}`),
	"reply other":       rpc(200, "x", `"result":{}`),
	"reply both":        rpc(200, "c", `"result":{},"error":{"code":1,"message":""}`),
	"stream":            {message.Response{Status: 200, Header: message.Header{{Name: "Content-Type", Value: "text/event-stream"}}, Body: []byte("data: {\"jsonrpc\":\"2.0\",\"method\":\"n\"}\n\ndata: {\"jsonrpc\":\"2.0\",\"id\":\"c\",\"result\":{}}\n\n")}},
	"stream cut":        {message.Response{Status: 200, Header: message.Header{{Name: "Content-Type", Value: "text/event-stream"}}, Body: []byte("id: e1\nretry: 2000\ndata: \n\n")}},
	"stream lost":       {message.Response{Status: 200, Header: message.Header{{Name: "Content-Type", Value: "text/event-stream"}}, Body: []byte("data: {}\n\n")}},
	"new version":       rpc(400, "c", `"error":{"code":-32022,"message":"x","data":{"supported":["2026-07-28"]}}`),
	"hello":             rpc(200, "mcp-auth-initialize", `"result":{"protocolVersion":"2025-06-18"}`),
	"hello strange":     rpc(200, "mcp-auth-initialize", `"result":{"protocolVersion":"1999-01-01"}`),
	"hello no":          rpc(200, "mcp-auth-initialize", `"error":{"code":1,"message":"no"}`),
	"accepted":          {message.Response{Status: 202}},
	"tools":             rpc(200, "mcp-auth-tools", `"result":{"tools":[{"name":"t","inputSchema":{"properties":{"a":{"type":"string","x-mcp-header":"A"}}}}]}`),
	"tools bad":         rpc(200, "mcp-auth-tools", `"result":{"tools":[{"name":"t","inputSchema":{"properties":{"a":{"type":"number","x-mcp-header":"A"}}}}]}`),
	"tools other":       rpc(200, "mcp-auth-tools", `"result":{"tools":[{"name":"u"}]}`),
	"tools more":        rpc(200, "mcp-auth-tools", `"result":{"tools":[],"nextCursor":"n"}`),
	"old server":        rpc(400, "c", `"error":{"code":-32600,"message":"which version"}`),
	"older version":     rpc(400, "c", `"error":{"code":-32022,"message":"x","data":{"supported":["2025-11-25"]}}`),
	"header mismatch":   rpc(400, "c", `"error":{"code":-32020,"message":"x"}`),
	"unauthorized":      challenge(401, `Bearer error="invalid_token"`),
	"insufficient":      challenge(403, `Bearer error="insufficient_scope", scope="mcp:write"`),
	"forbidden":         jsonAnswer(403, `{}`),
	"resource nonce":    jsonAnswer(401, `{}`, message.Field{Name: "WWW-Authenticate", Value: `DPoP error="use_dpop_nonce"`}, message.Field{Name: "DPoP-Nonce", Value: "n1"}),
	"resource nonce 2":  jsonAnswer(401, `{}`, message.Field{Name: "WWW-Authenticate", Value: `DPoP error="use_dpop_nonce"`}, message.Field{Name: "DPoP-Nonce", Value: "n2"}),
	"reply, next nonce": jsonAnswer(200, `{"jsonrpc":"2.0","id":"c","result":{}}`, message.Field{Name: "DPoP-Nonce", Value: "n3"}),
}

func calling(state State, on Kind) map[string]Event {
	if on != OnResponse {
		return everything(state, on)
	}
	return merge(calls, odd)
}

// ofCall is what holds of a call: the token goes to the resource alone, the
// wire that is forced is the one spoken, and an answer is sent again at most
// once for its nonce.
func ofCall(k taken[Call]) {
	f := k.after
	s, sent := k.sent()
	if sent {
		version := s.Request.Header.Get(mcp.VersionHeader)
		if f.Protocol != "" && version != "" && version != f.Protocol && f.Spoken != version {
			k.fail("%s is spoken though %s is wanted", version, f.Protocol)
		}
		want := ""
		switch {
		case f.Token != "" && f.Bound:
			want = exchange.DPoPHeader(f.Token)
		case f.Token != "":
			want = exchange.BearerHeader(f.Token)
		}
		if s.Request.Header.Get("Authorization") != want || s.Request.URL != wURL || f.Bound != (s.Request.Header.Count("DPoP") == 1) {
			k.fail("%s with %+v", s.Request.URL, s.Request.Header)
		}
		nonce := f.Bound && strings.HasPrefix(k.name, "resource nonce") && !k.before.resent
		if k.from == k.to && k.from != Listing && !nonce && (k.name != "new version" || k.before.retold) {
			k.fail("the same request is sent again")
		}
		if k.to == Resuming && k.from == AwaitingRetry && (s.Request.Method != "GET" || s.Request.Header.Get("Last-Event-ID") != "e1" || k.now.Before(k.before.retryAt)) {
			k.fail("resumed by %+v", s.Request)
		}
		if f.Spoken == mcp.Stateless && (version != mcp.Stateless || s.Request.Header.Get("Mcp-Method") == "") {
			k.fail("a stateless request with %+v", s.Request.Header)
		}
	}
	if k.to == Initializing && k.from != Idle && k.from != Initializing && (f.Protocol != "" || !slices.Contains([]string{"old server", "older version", "404"}, k.name)) {
		k.fail("%s led to the older wire", k.name)
	}
	if k.from == Initializing && (k.to == Listing || k.to == Calling) && (k.before.Last == "" || f.Protocol != "" || k.name != "new version" && k.name != "reply error 404") {
		k.fail("%s led to the newer wire", k.name)
	}
	if k.from == Idle && f.Last != "" && f.Protocol == "" && sent && k.to != Initializing {
		k.fail("what was spoken last is not tried first")
	}
	if k.to == Finished && f.Reply.Kind() != message.Object {
		k.fail("finished without a reply")
	}
}

func TestWalkCall(t *testing.T) {
	t.Parallel()
	w := newWalker(t, CallRows, ofCall)
	w.alphabet, w.secrets = calling, []string{"the-token"}
	w.trusted = func(*Call, string) bool { return true }                // ofCall says where it goes
	w.stop = func(f *Call) bool { return f.pages > 2 || f.resumed > 2 } // more are like three
	arguments := message.Obj(message.M("name", message.Str("t")), message.M("arguments", message.Obj(message.M("a", message.Str("ü")))))
	for _, protocol := range []string{"", mcp.Stateless, "2025-06-18"} {
		for _, bound := range []bool{false, true} {
			f := Call{ResourceURL: wURL, Token: "the-token", Method: "tools/list", ID: message.Str("c"), Protocol: protocol, Bound: bound, Prover: wProver(bound)}
			w.walk(f)
			f.Method, f.Params = "tools/call", arguments
			w.walk(f)
			if f.Last = "2025-06-18"; bound {
				continue
			}
			w.walk(f)
			f.Method, f.Params = "tools/list", message.Value{}
			w.walk(f)
		}
	}
	w.walk(Call{ResourceURL: wURL, Method: "initialize", ID: message.Str("c")})
	w.walk(Call{ResourceURL: "http://10.0.0.1/", Method: "ping", ID: message.Str("c")})
	w.walk(Call{ResourceURL: wURL, Token: "not a token", Method: "ping", ID: message.Str("c")})
	w.honest()
}

// renewing are the answers to a renewal.
func renewing(state State, on Kind) map[string]Event {
	if on != OnResponse {
		return everything(state, on)
	}
	return merge(tokens, odd)
}

func TestWalkRenew(t *testing.T) {
	t.Parallel()
	w := newWalker(t, RenewRows, func(k taken[Renew]) {
		isGood := k.name == "token" || k.name == "token wide" || k.name == "token bare" || k.name == "token dpop" && k.before.Bound
		if k.from == Requesting && (isGood != (k.to == Finished) || isGood != (k.after.Token.AccessToken == "good-token")) {
			k.fail("%s led to %s with %+v", k.name, k.to, k.after.Token)
		}
		if isGood && k.after.Token.RefreshToken == "" && k.before.RefreshToken != "" {
			k.fail("the refresh token is lost")
		}
		if k.from == k.to && (k.before.resent || !k.before.Bound) {
			k.fail("asked again")
		}
	})
	w.alphabet, w.secrets = renewing, []string{"the-refresh-token", "s3cret-s3cret"}
	w.trusted = func(_ *Renew, url string) bool { return url == wIssuer+"/token" }
	auth := exchange.ClientAuth{Method: oauth.AuthPost, ClientID: "c", ClientSecret: "s3cret-s3cret"}
	for _, bound := range []bool{false, true} {
		for _, refresh := range []string{"the-refresh-token", ""} {
			w.walk(Renew{ResourceURL: wURL, ResourceID: wURL, TokenEndpoint: wIssuer + "/token", Client: auth, RefreshToken: refresh, Scope: "mcp:read", Bound: bound, Prover: wProver(bound)})
		}
	}
	w.walk(Renew{ResourceURL: wURL, TokenEndpoint: "http://127.0.0.1/token", RefreshToken: "the-refresh-token"})
	w.honest()
}

func TestWalkRevokeAndBearer(t *testing.T) {
	t.Parallel()
	w := newWalker(t, RevokeRows, func(k taken[Revoke]) {
		r, answered := k.ev.(Response)
		if answered && (r.Status == 200) != (k.to == Finished) {
			k.fail("%s led to %s", k.name, k.to)
		}
	})
	w.secrets = []string{"the-token"}
	w.trusted = func(_ *Revoke, url string) bool { return url == wIssuer+"/revoke" }
	w.walk(Revoke{ResourceURL: wURL, Endpoint: wIssuer + "/revoke", Token: "the-token", Client: exchange.ClientAuth{Method: oauth.AuthKey, ClientID: "c"}, Issuer: wIssuer, Prover: wProver(false)})
	w.walk(Revoke{ResourceURL: wURL, Endpoint: "http://127.0.0.1/revoke", Token: "the-token"})
	w.honest()
	b := newWalker(t, BearerRows, func(k taken[Bearer]) {
		if (k.to == Finished) != (k.after.Login.Token.AccessToken == "good-token") {
			k.fail("ended in %s", k.to)
		}
	})
	b.walk(Bearer{ResourceURL: wURL, Token: "good-token"})
	b.walk(Bearer{ResourceURL: wURL, Token: "a b"})
	b.walk(Bearer{ResourceURL: "ftp://x", Token: "good-token"})
	b.honest()
}

// ofFederated: an assertion is sent once, but for a nonce.
func ofFederated[F any](in func(*F) *loginer) func(taken[F]) {
	logins := ofLogins(in)
	return func(k taken[F]) {
		logins(k)
		if s, ok := k.sent(); ok && k.from == Requesting && (in(k.before).resent || !in(k.before).binds() || s.Step != stepToken) {
			k.fail("the assertion is sent again")
		}
	}
}

func TestWalkWorkload_MCPClient38(t *testing.T) {
	t.Parallel()
	w := newWalker(t, WorkloadRows, ofFederated(func(f *Workload) *loginer { return &f.loginer }))
	w.alphabet, w.secrets = afterDiscovery, []string{"the-assertion"}
	w.trusted = func(f *Workload, url string) bool { return url == f.Login.Server.Metadata.TokenEndpoint }
	w.stop = func(f *Workload) bool { return f.Found.Complete }
	for _, at := range targets() {
		w.walk(*NewWorkload(at, Client{}, "", "the-assertion"))
	}
	w.stop = nil
	for _, dpop := range []bool{false, true} {
		f := NewWorkload(Target{ResourceURL: wURL}, Client{}, "mcp:read", "the-assertion")
		f.Found, f.Prover = found(t, "metadata"), wProver(dpop)
		w.walk(*f)
	}
	w.honest()
}

// grants are what an identity provider may answer.
var grants = map[string]Response{
	"grant":         jsonAnswer(200, `{"access_token":"the-grant","issued_token_type":"urn:ietf:params:oauth:token-type:id-jag","token_type":"N_A","expires_in":300}`),
	"grant of type": jsonAnswer(200, `{"access_token":"the-grant","issued_token_type":"urn:ietf:params:oauth:token-type:access_token","token_type":"Bearer"}`),
	"grant empty":   jsonAnswer(200, `{"issued_token_type":"urn:ietf:params:oauth:token-type:id-jag"}`),
}

func TestWalkEnterprise_MCPClient36(t *testing.T) {
	t.Parallel()
	logins := ofFederated(func(f *Enterprise) *loginer { return &f.loginer })
	w := newWalker(t, EnterpriseRows, func(k taken[Enterprise]) {
		logins(k)
		if _, answered := k.ev.(Response); answered && k.from == Federating && (k.name == "grant") != (k.to == Requesting) {
			k.fail("%s led to %s", k.name, k.to)
		}
	})
	w.alphabet = func(s State, on Kind) map[string]Event {
		if s != Federating || on != OnResponse {
			return afterDiscovery(s, on)
		}
		return merge(grants, tokens, odd)
	}
	w.secrets = []string{"the-id-token", "the-grant", "s3cret-s3cret"}
	w.trusted = func(f *Enterprise, url string) bool {
		return url == f.Provider.TokenEndpoint || url == f.Login.Server.Metadata.TokenEndpoint
	}
	provider := IdentityProvider{TokenEndpoint: wIssuer + "/idp/token", ClientID: "us", ClientSecret: "s3cret-s3cret", IDToken: "the-id-token"}
	w.stop = func(f *Enterprise) bool { return f.Found.Complete }
	for _, at := range targets() {
		w.walk(*NewEnterprise(at, Client{ID: "given"}, "", provider))
	}
	w.stop = nil
	steered := provider
	steered.TokenEndpoint = "http://127.0.0.1/token"
	for _, p := range []IdentityProvider{provider, steered} {
		for _, c := range []Client{{ID: "given", Secret: "s3cret-s3cret"}, {}} {
			f := NewEnterprise(Target{ResourceURL: wURL}, c, "mcp:read", p)
			f.Found, f.Prover = found(t, "metadata"), wProver(true)
			w.walk(*f)
		}
	}
	w.honest()
}
