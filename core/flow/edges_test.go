package flow

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/trace"
)

// What an ascent does after each kind of refusal, and how often.
func TestAnAscentsMoves(t *testing.T) {
	is := is.New(t)
	refused := func(status int, code, scope string, challenged bool) error {
		return &Refusal{Status: status, Err: &oauth.Error{Code: code}, Challenge: exchange.BearerChallenge{Scope: scope}, Challenged: challenged}
	}
	a := Ascent{Scope: "a"}
	is.Equal(a.After(errors.New("no network"), true), GiveUp)                            // the world has failed
	is.Equal(a.After(refused(403, "http_403", "", false), true), GiveUp)                 // nobody asks for a token
	is.Equal(a, Ascent{Scope: "a"})                                                      // and nothing changed
	is.Equal(a.After(refused(401, oauth.InvalidToken, "", true), true), Renewal)         // a new token, without the user
	is.Equal(a.After(refused(401, oauth.InvalidToken, "", true), true), Authorize)       // once
	is.Equal(a.Scope, "a")                                                               // a token that died asks for no more scope
	is.Equal(a.ToAsk(), "")                                                              // the challenge decides
	is.Equal(a.After(refused(403, oauth.InsufficientScope, "b", true), true), Authorize) // for more scope the user is asked
	is.Equal(a.Scope, "a b")                                                             // for the union
	is.Equal(a.ToAsk(), "a b")
	is.Equal(a.After(refused(403, oauth.InsufficientScope, "\x01", true), true), Authorize)
	is.Equal(a.Scope, "a b")                                                          // what is no scope adds none
	is.Equal(a.After(refused(403, oauth.InsufficientScope, "c", true), true), GiveUp) // not for ever
	b := Ascent{}
	is.Equal(b.After(refused(403, "invalid_request", "c", true), false), GiveUp) // a token would not help
	is.Equal(b.After(refused(401, oauth.InvalidToken, "", true), false), Authorize)
	next := b.Next(Target{ResourceURL: wURL})
	is.True(next.ResourceURL == wURL && next.Challenged) // the challenge says where to begin
}

// A flow that is called wrongly says so and stays where it is.
func TestFlowsThatAreCalledWrongly(t *testing.T) {
	is := is.New(t)
	short := wAuthCode(Target{ResourceURL: wURL}, Client{ID: "given"})
	short.StateValue = strings.Repeat("s", 15)
	_, err := short.Step(wStart, Start{})
	is.True(err != nil && strings.Contains(err.Error(), "a state of at least 16 random characters") && short.State() == Idle) // a state that can be guessed
	short.StateValue += "s"
	_, err = short.Step(wStart, Start{})
	is.True(err == nil && short.State() == Probing) // is one character longer
	for _, f := range []Flow{NewDiscover(Target{ResourceURL: wURL}), NewDevice(Target{ResourceURL: wURL}, Client{}, ""), NewClientCreds(Target{ResourceURL: wURL}, Client{}, ""), NewWorkload(Target{ResourceURL: wURL}, Client{}, "", "a"),
		NewEnterprise(Target{ResourceURL: wURL}, Client{}, "", IdentityProvider{}), &Call{ResourceURL: wURL}, &Renew{}, &Revoke{}, &Bearer{}, &short} {
		effects, err := f.Step(wStart, Callback{message.Get(wRedirect)})
		is.True(err != nil && len(effects) == 0) // nobody waits for a callback
	}
	m := Bearer{ResourceURL: wURL, Token: "t"}
	rows := []Row[Bearer]{{Idle, OnStart, []State{Failed}, "a table that is wrong", func(b *Bearer, _ Event) []Effect { b.state = Finished; b.Token = "changed"; return nil }}}
	_, err = step(&m, &m.machine, rows, wStart, Start{})
	is.True(err != nil && strings.Contains(err.Error(), "the table has no way from Idle")) // what the table does not promise is an error
	is.True(m.state == "" || m.state == Idle)                                              // and has not happened
	is.Equal(m.Token, "t")
}

// A stream is enough once the reply is in it.
func TestWhatIsEnoughOfAStream(t *testing.T) {
	is := is.New(t)
	reply := []byte("data: {\"jsonrpc\":\"2.0\",\"id\":\"c\",\"result\":{}}\n\n")
	is.True(Send{Reply: message.Str("c")}.Enough(reply))      // our reply
	is.True(!Send{Reply: message.Str("d")}.Enough(reply))     // another's
	is.True(!Send{Reply: message.Str("c")}.Enough(reply[:9])) // part of it
	is.True(!Send{}.Enough(reply))                            // a request that has no reply is read to its end
	effects, err := NewDiscover(Target{ResourceURL: wURL}).Step(wStart, Start{})
	is.NoErr(err)                                                                                               // discovery begins
	is.True(effects[0].(Send).Enough([]byte("data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n: and on"))) // with a request that has one
}

func TestWhoIsWrongStandsInTheError(t *testing.T) {
	is := is.New(t)
	world := errors.New("no route")
	is.True(errors.Is(&Interrupted{URL: "u", Err: world}, world)) // the world's own error
	no := &oauth.Error{Code: oauth.InvalidGrant}
	is.True(errors.Is(&Refusal{Err: no}, error(no))) // the peer's
	o := outcome(no)
	is.True(o.Kind == trace.Refused && o.Code == oauth.InvalidGrant && o.Got == no.Error()) // also where nobody says at which message
}

// What a server lists decides which ways of logging in there are.
func TestModesOfADiscovery(t *testing.T) {
	is := is.New(t)
	is.True(!offers(oauth.ServerMetadata{TokenEndpoint: "t"}, "other"))                                          // no such way
	is.True(offers(oauth.ServerMetadata{TokenEndpoint: "t"}, ModeWorkload))                                      // servers are slow to list it
	is.True(!offers(oauth.ServerMetadata{TokenEndpoint: "t"}, ModeAuthCode))                                     // it takes two endpoints
	is.True(!offers(oauth.ServerMetadata{}, ModeEnterprise))                                                     // it takes a token endpoint
	is.True(offers(oauth.ServerMetadata{TokenEndpoint: "t", AuthorizationEndpoint: "a"}, ModeAuthCode))          // the default of RFC 8414
	is.True(!offers(oauth.ServerMetadata{TokenEndpoint: "t", GrantTypesSupported: []string{"x"}}, ModeAuthCode)) // which a list replaces
	is.Equal(modes(Discovered{}), []string{ModeBearer})                                                          // what always goes
	all := oauth.ServerMetadata{TokenEndpoint: "t", AuthorizationEndpoint: "a", DeviceAuthorizationEndpoint: "d"}
	quiet := Discovered{Servers: []ServerFound{{Issuer: "quiet", Metadata: all}}}
	is.Equal(modes(quiet), []string{ModeAuthCode}) // without a list nothing more is proposed
	for _, mode := range []string{ModeClientCreds, ModeDevice} {
		s, ok := quiet.server(mode, "")
		is.True(ok && s.Issuer == "quiet") // but what was chosen is tried
		listing := all
		listing.GrantTypesSupported = []string{oauth.GrantClientCredentials, oauth.GrantDeviceCode}
		s, _ = Discovered{Servers: append(quiet.Servers[:1:1], ServerFound{Issuer: "listing", Metadata: listing})}.server(mode, "")
		is.Equal(s.Issuer, "listing") // after who lists it
		_, ok = quiet.server(mode, "another")
		is.True(!ok) // where the client belongs
		listing.GrantTypesSupported = []string{oauth.GrantAuthorizationCode}
		_, ok = Discovered{Servers: []ServerFound{{Metadata: listing}}}.server(mode, "")
		is.True(!ok) // not against a list
	}
	_, ok := Discovered{Servers: []ServerFound{{Metadata: oauth.ServerMetadata{TokenEndpoint: "t"}}}}.server(ModeDevice, "")
	is.True(!ok) // nor without the endpoint
	guessed := NewDiscover(Target{ResourceURL: wURL, AuthorizationServer: wIssuer})
	_, err := guessed.Step(wStart, Start{})
	is.NoErr(err) // it begins
	for range 20 {
		answer := map[State]Event{Probing: discovery["challenge bare"], FetchingResource: odd["404"], FetchingServer: metadata(`{`, `{"scopes_supported":["of","the","server"],`)}[guessed.State()]
		if answer == nil {
			break
		}
		_, err := guessed.Step(wStart, answer)
		is.NoErr(err) // it is an answer
	}
	is.Equal(guessed.Found.Scopes, []string{"of", "the", "server"}) // where the resource says nothing
}

// A device that polls too soon is told to wait, and one whose code has died
// stops by itself.
func TestADevicesClock(t *testing.T) {
	is := is.New(t)
	f := NewDevice(Target{ResourceURL: wURL}, Client{ID: "given"}, "")
	f.Found = found(t, "metadata")
	for _, ev := range []Event{Start{}, devices["device"]} {
		_, err := f.Step(wStart, ev)
		is.NoErr(err) // the device has its code
	}
	effects, err := f.Step(wStart.Add(5*time.Second-1), Timer{})
	is.NoErr(err)
	is.Equal(effects, []Effect{Wait{wStart.Add(5 * time.Second)}}) // not yet
	late := *f
	effects, _ = late.Step(wStart.Add(20*time.Second), Timer{})
	fail, failed := effects[len(effects)-1].(Fail)
	var lapsed *Lapsed
	is.True(failed && errors.As(fail.Err, &lapsed) && !lapsed.Denied) // its time is over
	_, err = f.Step(wStart.Add(20*time.Second-1), Timer{})
	is.True(err == nil && f.State() == Polling) // to the last moment it asks
}

// A parent of a resource may speak for it, a sibling and a stranger may not
// (RFC 9728 section 3.3).
func TestWhatCoversAResource(t *testing.T) {
	for _, c := range []struct {
		published, asked string
		ok               bool
	}{
		{"https://a.example/mcp", "https://a.example/mcp", true}, {"https://a.example", "https://a.example/mcp", true}, {"https://a.example/", "https://a.example/mcp", true},
		{"https://a.example/mcp", "https://a.example/mcp/x", true}, {"https://a.example/mcp/", "https://a.example/mcp/x", true}, {"https://a.example/", "https://a.example", true},
		{"https://a.example/mc", "https://a.example/mcp", false}, {"https://a.example/mcp/x", "https://a.example/mcp", false}, {"https://a.example/other", "https://a.example/mcp", false}, {"https://a.example/x", "https://a.example", false},
		{"https://b.example", "https://a.example/mcp", false}, {"http://a.example", "https://a.example/mcp", false}, {"https://a.example:8443", "https://a.example/mcp", false},
		{"https://a.example?q", "https://a.example/mcp", false}, {"a.example", "https://a.example/mcp", false}, {"https://a.example", "a.example/mcp", false}, {"", "https://a.example/mcp", false},
	} {
		if covers(c.published, c.asked) != c.ok {
			t.Errorf("%s for %s: %t", c.published, c.asked, !c.ok)
		}
	}
}

func TestHintsKnowTheUsualMistakes(t *testing.T) {
	is := is.New(t)
	const bad = "a token for it would be good at another resource; the server's metadata must be mended"
	for _, c := range []struct{ published, asked, hint string }{
		{"http://localhost:1/mcp", "http://127.0.0.1:1/mcp", "use the address the server calls itself: http://localhost:1/mcp"},
		{"http://localhost:1/other", "http://127.0.0.1:1/mcp", bad}, {"https://a.example/mcp", "http://127.0.0.1:1/mcp", bad}, {"http://localhost:1/mcp", "https://a.example/mcp", bad}, {"https://b.example/mcp", "https://a.example/mcp", bad}, {"", "http://127.0.0.1:1", bad}, {"http://127.0.0.1:1", "", bad},
	} {
		is.Equal(resourceHint(c.published, c.asked), c.hint) // what to do about it
	}
	for _, c := range []struct{ want, got, hint string }{
		{"https://a.example", "https://a.example/", "they differ by a trailing slash: issuers are compared byte for byte"},
		{"https://a.example", "https://A.example", "they differ by case: issuers are compared byte for byte"},
		{"https://a.example", "http://a.example", "behind a proxy the server must know its public scheme (X-Forwarded-Proto, or an issuer setting)"},
		{"https://a.example", "https://b.example", "the document speaks for another issuer; its endpoints are not used"},
	} {
		is.Equal(issuerHint(c.want, c.got), c.hint) // what differs
	}
}

func TestWhereARedirectLeads(t *testing.T) {
	const away = "a redirect to another origin is not followed: "
	if _, why := target(wURL, "https://a.example/from", "https://b.example/x?code=the-secret"); why != away+"https://b.example/x" {
		t.Error(why)
	}
	for _, c := range []struct{ location, to, why string }{
		{"/x?y", "https://a.example/x?y", ""}, {"https://a.example/x", "https://a.example/x", ""},
		{"", "", "a redirect without a Location"}, {"//b.example/x", "", away + "//b.example/x"}, {"https://b.example/x", "", away + "https://b.example/x"},
		{"http://a.example/x", "", away + "http://a.example/x"}, {"https://a.example:444/x", "", away + "https://a.example:444/x"}, {"x", "", away + "x"}, {"javascript:x", "", away + "javascript:x"},
	} {
		if to, why := target(wURL, "https://a.example/from", c.location); to != c.to || why != c.why {
			t.Errorf("%s leads to %q, %q", c.location, to, why)
		}
	}
	if _, why := target(wURL, "http://10.0.0.1/from", "/x"); why == "" {
		t.Error("a redirect leads where no request may go")
	}
	if _, why := target(wURL, "nowhere", "https://a.example/x"); why == "" {
		t.Error("a redirect from nowhere leads somewhere")
	}
}

// A redirect is followed three times, and nothing else is one.
func TestRedirectsAreCounted(t *testing.T) {
	is := is.New(t)
	f := NewDiscover(Target{ResourceURL: wURL})
	step := func(ev Event) string {
		effects, err := f.Step(wStart, ev)
		is.NoErr(err) // it is an answer
		for _, e := range effects {
			if s, ok := e.(Send); ok {
				return s.Request.URL
			}
		}
		return ""
	}
	step(Start{})
	step(discovery["challenge"])
	for _, path := range []string{"/1", "/2", "/3"} {
		is.Equal(step(redirect(302, path)), wResource+path) // within its origin
	}
	is.Equal(step(redirect(399, "/4")), wResource+"/.well-known/oauth-protected-resource") // the next place, for three are enough
	is.Equal(step(redirect(300, "/5")), wResource+"/5")                                    // which may move as well
	is.Equal(step(redirect(399, "/6")), wResource+"/6")
	is.Equal(step(redirect(304, "/7")), "") // not modified is no way, and a place that was named is not done without
	is.Equal(f.State(), Failed)
	open := NewDiscover(Target{ResourceURL: wURL})
	for _, ev := range []Event{Start{}, redirect(300, "/elsewhere")} {
		_, err := open.Step(wStart, ev)
		is.NoErr(err)
	}
	is.True(!open.Found.Open) // a resource that sends us away has not let us in
}

// Of many servers five are looked at, and a metadata URL among them is told.
func TestManyServers(t *testing.T) {
	is := is.New(t)
	for n, warned := range map[int]bool{5: false, 6: true} {
		f := NewDiscover(Target{ResourceURL: wURL})
		var names []string
		for i := range n {
			names = append(names, `"https://as.example/`+message.Decimal(int64(i))+`/.well-known/x"`)
		}
		for _, ev := range []Event{Start{}, discovery["challenge"], jsonAnswer(200, `{"resource":"https://mcp.example/mcp","scopes_supported":["of the resource"],"authorization_servers":[`+strings.Join(names, ",")+`]}`)} {
			_, err := f.Step(wStart, ev)
			is.NoErr(err) // it is an answer
		}
		all := strings.Join(f.Found.Warnings, "\n")
		is.Equal(strings.Contains(all, "more than five"), warned)              // it is said when some are left out
		is.True(strings.Contains(all, "a metadata URL: issuers belong there")) // and what should be an issuer
		is.Equal(len(f.servers), 5)                                            // five are left
		is.Equal(f.Found.Scopes, []string{"of the resource"})
	}
}

// The methods that both sides can do (RFC 8414 section 2).
func TestAuthMethods(t *testing.T) {
	is := is.New(t)
	for _, c := range []struct {
		secret    bool
		announced []string
		want      string
	}{
		{false, []string{oauth.AuthBasic}, oauth.AuthNone}, {true, nil, oauth.AuthBasic}, {true, []string{oauth.AuthPost, oauth.AuthBasic}, oauth.AuthBasic},
		{true, []string{"tls_client_auth", oauth.AuthPost}, oauth.AuthPost}, {true, []string{"tls_client_auth"}, oauth.AuthBasic},
	} {
		is.Equal(authMethod(c.secret, c.announced), c.want) // basic, post, or nothing
	}
}

// A client that names its document is taken by it where the server takes such,
// and offline_access is asked for where it is listed and nobody chose.
func TestHowAClientIsNamed(t *testing.T) {
	is := is.New(t)
	extra := metadata(`{`, `{"client_id_metadata_document_supported":true,"scopes_supported":["mcp:read","offline_access"],`)
	f := wAuthCode(Target{ResourceURL: wURL}, Client{Document: "https://c.example/c.json", Register: true})
	for _, ev := range []Event{Start{}, discovery["challenge"], discovery["prm"], extra} {
		_, err := f.Step(wStart, ev)
		is.NoErr(err) // it is an answer
	}
	is.Equal(f.ID, "https://c.example/c.json")                  // the document's address is the identifier
	is.Equal(f.Login.RequestedScope, "mcp:read offline_access") // the challenge's scope, and more
	noted := false
	for _, ev := range f.Trace() {
		noted = noted || strings.HasPrefix(ev.Note, "the client ID is the URL of its metadata document")
	}
	is.True(noted) // and that is said
	d := wAuthCode(Target{ResourceURL: wURL}, Client{ID: "given"})
	d.Scope = "mcp:read"
	for _, ev := range []Event{Start{}, discovery["challenge"], discovery["prm"], extra} {
		_, err := d.Step(wStart, ev)
		is.NoErr(err)
	}
	is.Equal(d.Login.RequestedScope, "mcp:read") // to what the user chose nothing is added
}

// A tool is looked for on twenty pages of a list, among others on each, and
// called all the same when it is on none.
func TestAToolIsLookedForOnTwentyPages(t *testing.T) {
	is := is.New(t)
	f := Call{ResourceURL: wURL, Token: "the-token", Method: "tools/call", ID: message.Str("c"), Params: message.Obj(message.M("name", message.Str("t")), message.M("arguments", message.Obj(message.M("a", message.Str("x")))))}
	next := func(ev Event) (method, cursor string, r message.Request) {
		effects, err := f.Step(wStart, ev)
		is.NoErr(err) // it is an answer
		r = effects[len(effects)-1].(Send).Request
		v, _ := message.ParseJSON(r.Body)
		method, _ = v.Get("method").Text()
		cursor, _ = v.Get("params").Get("cursor").Text()
		return method, cursor, r
	}
	page := func(n int, tools string) Event {
		return rpc(200, "mcp-auth-tools", `"result":{"tools":[`+tools+`],"nextCursor":"`+message.Decimal(int64(n))+`"}`)
	}
	method, cursor, _ := next(Start{})
	is.True(method == "tools/list" && cursor == "") // the first page
	for n := range 19 {
		method, cursor, _ = next(page(n, `{"name":"other"}`))
		is.True(method == "tools/list" && cursor == message.Decimal(int64(n))) // page by page
	}
	found := f
	method, _, r := next(page(19, `{"name":"other"}`))
	is.True(method == "tools/call" && r.Header.Count("Mcp-Param-A") == 0) // twenty are enough
	f = found
	method, _, r = next(page(19, `{"name":"other"},{"name":"t","inputSchema":{"properties":{"a":{"type":"string","x-mcp-header":"A"}}}}`))
	is.True(method == "tools/call" && r.Header.Get("Mcp-Param-A") == "x") // it is found among others
	plain := Call{ResourceURL: wURL, Method: "tools/call", ID: message.Str("c"), Params: message.Obj(message.M("name", message.Str("t")), message.M("arguments", message.Obj()))}
	f = plain
	method, _, _ = next(Start{})
	is.Equal(method, "tools/call") // without arguments nothing has to be repeated
	plain.Method, plain.Params = "prompts/get", message.Obj(message.M("name", message.Str("t")), message.M("arguments", message.Obj(message.M("a", message.Str("x")))))
	f = plain
	method, _, _ = next(Start{})
	is.Equal(method, "prompts/get") // nor of anything but a tool
}

// What initialize says is the caller's to say when it is the caller's request.
func TestInitializeAsItIsGiven(t *testing.T) {
	is := is.New(t)
	f := Call{ResourceURL: wURL, Method: "initialize", ID: message.Str("c"), Params: message.Obj(message.M("mine", message.Boolean(true)))}
	effects, err := f.Step(wStart, Start{})
	is.NoErr(err)
	is.True(strings.Contains(string(effects[0].(Send).Request.Body), `"params":{"mine":true}`)) // params are sent as they are
}

// A server that offers to have requests pushed, and does not demand it, is
// asked by the browser alone.
func TestAPushThatIsOnlyOffered(t *testing.T) {
	is := is.New(t)
	f := wAuthCode(Target{ResourceURL: wURL}, Client{ID: "given"})
	var last []Effect
	for _, ev := range []Event{Start{}, discovery["challenge"], discovery["prm"], metadata(`{`, `{"pushed_authorization_request_endpoint":"https://as.example/par",`)} {
		effects, err := f.Step(wStart, ev)
		is.NoErr(err) // it is an answer
		last = effects
	}
	is.True(f.State() == AwaitingCallback) // nothing is pushed
	visits := 0
	for _, e := range last {
		if _, ok := e.(Visit); ok {
			visits++
		}
	}
	is.Equal(visits, 1) // the browser goes
}

// A nonce that comes with a good answer is that of the next proof.
func TestANonceOfAGoodAnswerIsKept(t *testing.T) {
	is := is.New(t)
	f := wAuthCode(Target{ResourceURL: wURL}, Client{ID: "given"})
	f.Found, f.Prover = found(t, "metadata"), wProver(true)
	for _, ev := range []Event{Start{}, callback("GET", good), jsonAnswer(200, `{"access_token":"good-token","token_type":"DPoP"}`, message.Field{Name: "DPoP-Nonce", Value: "next"})} {
		_, err := f.Step(wStart, ev)
		is.NoErr(err) // it is an answer
	}
	is.True(f.State() == Finished && f.nonce[ofServer] == "next") // for whoever goes on with this login
}

// Bound tokens are registered for where they are wanted and can be had.
func TestWhoRegistersForBoundTokens(t *testing.T) {
	is := is.New(t)
	for _, c := range []struct {
		prover Prover
		asked  bool // by the resource
		bound  bool
	}{{Prover{DPoP: true}, false, false}, {wProver(false), true, false}, {wProver(true), false, true}, {Prover{}, false, false}} {
		f := wAuthCode(Target{ResourceURL: wURL}, Client{Register: true})
		f.Found, f.Prover = found(t, "metadata"), c.prover
		f.Found.DPoP = c.asked
		effects, err := f.Step(wStart, Start{})
		is.NoErr(err)                                                                                                  // it registers
		is.Equal(strings.Contains(string(effects[0].(Send).Request.Body), `"dpop_bound_access_tokens":true`), c.bound) // RFC 9449 section 5.2
	}
}

// A document that a redirect led to lies where it led, and every endpoint of
// it is judged, whichever are missing before it.
func TestWhatADocumentSays(t *testing.T) {
	is := is.New(t)
	f := NewDiscover(Target{ResourceURL: wURL})
	for _, ev := range []Event{Start{}, discovery["challenge"], redirect(302, "/moved"), discovery["prm"]} {
		_, err := f.Step(wStart, ev)
		is.NoErr(err) // it is an answer
	}
	is.Equal(f.Found.MetadataURL, wResource+"/moved") // not where it was asked for
	for _, name := range []string{"registration_endpoint", "device_authorization_endpoint", "pushed_authorization_request_endpoint", "revocation_endpoint", "introspection_endpoint"} {
		g := *f
		_, err := g.Step(wStart, jsonAnswer(200, `{"issuer":"https://as.example","authorization_endpoint":"https://as.example/a","token_endpoint":"https://as.example/t","response_types_supported":["code"],"`+name+`":"http://10.0.0.1/x"}`))
		is.True(err == nil && g.State() == Failed) // it leads astray
	}
}

// A call goes to and fro at most once: neither two wires nor two nonces keep
// it going for ever. A walk does not see a circle, this does.
func TestACallGoesInNoCircle(t *testing.T) {
	is := is.New(t)
	at := func(f *Call, events ...Event) State {
		t.Helper()
		for _, ev := range events {
			_, err := f.Step(wStart, ev)
			is.NoErr(err) // it is an answer
		}
		return f.State()
	}
	gone := rpc(404, "mcp-auth-initialize", `"error":{"code":-32601,"message":"no"}`)
	f := Call{ResourceURL: wURL, Token: "the-token", Method: "tools/list", ID: message.Str("c"), Last: "2025-06-18"}
	is.Equal(at(&f, Start{}), Initializing)             // the wire that was spoken last
	is.Equal(at(&f, gone), Calling)                     // the newer one, for that is gone
	is.Equal(at(&f, calls["old server"]), Initializing) // the older one again
	is.True(at(&f, gone) != Calling)                    // and that is the end of it

	bound := Call{ResourceURL: wURL, Token: "the-token", Method: "tools/list", ID: message.Str("c"), Protocol: "2025-06-18", Bound: true, Prover: wProver(true)}
	is.Equal(at(&bound, Start{}, calls["resource nonce"]), Initializing) // the same once more, with the nonce
	twice := bound
	is.Equal(at(&twice, calls["resource nonce 2"]), Failed)                // and no third time
	is.Equal(at(&bound, hello(""), calls["resource nonce 2"]), Announcing) // the next request may be asked for one as well
	is.Equal(at(&bound, calls["accepted"], calls["reply, next nonce"]), Finished)
	is.Equal(bound.nonce[ofResource], "n3") // what comes with a good answer is for whoever goes on

	whole := Call{ResourceURL: wURL, Method: "tools/list", ID: message.Str("c"), Protocol: "2025-06-18"}
	stream := Response{message.Response{Status: 200, Header: message.Header{{Name: "Content-Type", Value: "text/event-stream"}}, Body: []byte("id: e1\ndata: {\"jsonrpc\":\"2.0\",\"id\":\"c\",\"result\":{}}\n\nid: e2\ndata: \n\n")}}
	is.Equal(at(&whole, Start{}, hello(""), calls["accepted"], stream), Finished) // a stream with the reply in it needs no resuming
	late := Call{ResourceURL: wURL, Method: "tools/list", ID: message.Str("c"), Protocol: "2025-06-18"}
	cut := calls["stream cut"]
	cut.Status = 500
	is.Equal(at(&late, Start{}, hello(""), calls["accepted"], cut), Failed) // nor does a refusal
	page := Call{ResourceURL: wURL, Method: "tools/list", ID: message.Str("c"), Protocol: "2025-06-18"}
	cut = Response{message.Response{Status: 200, Header: message.Header{{Name: "Content-Type", Value: "text/plain"}}, Body: cut.Body}}
	is.Equal(at(&page, Start{}, hello(""), calls["accepted"], cut), Failed) // nor what is no stream
}

// A refusal says what was not used of the answer, and where it leads.
func TestWhatARefusedCallSays(t *testing.T) {
	const noComma = `Bearer error="insufficient_scope" scope="write"`
	for _, c := range []struct {
		status     int
		name, text string
		says       string
	}{
		{401, "WWW-Authenticate", noComma, "since the challenge is not used: the challenge is malformed"},
		{401, "WWW-Authenticate", `Basic realm="x"`, "since the challenge is not used: 0 Bearer challenges"},
		{401, "WWW-Authenticate", "Bearer", "since the challenge names no error"},
		{401, "X", "", "since the answer has no WWW-Authenticate"},
		{403, "WWW-Authenticate", noComma, "the challenge that came with it is not used: the challenge is malformed"},
		{403, "WWW-Authenticate", "Bearer, Bearer", "the challenge that came with it is not used: 2 Bearer challenges"},
		{403, "WWW-Authenticate", "Bearer", ""},
		{403, "X", "", ""},
		{404, "WWW-Authenticate", noComma, ""},
		{307, "Location", "/mcp/?code=the-secret", "give the URL that it leads to: https://mcp.example/mcp/"},
		{308, "Location", "https://other.example/\u202e", `give the URL that it leads to: https://other.example/\u{202e}`},
		{302, "X", "", "give the URL that it leads to"},
	} {
		is := is.New(t)
		f := Call{ResourceURL: wURL, Token: "the-token", Method: "initialize", ID: message.Str("c"), Protocol: "2025-06-18"}
		_, err := f.Step(wStart, Start{})
		is.NoErr(err) // it asks
		_, err = f.Step(wStart, Response{message.Response{Status: c.status, Header: message.Header{{Name: c.name, Value: c.text}}}})
		is.NoErr(err) // and is refused
		events := f.Trace()
		last := events[len(events)-1].Outcome
		told := last.Hint
		if c.status == 401 {
			told = last.Got
		}
		is.True(strings.Contains(told, c.says) && (c.says != "" || told == "")) // with the reason
		is.True(!strings.Contains(told, "the-secret"))                          // and nothing secret
	}
}

// What the handshake ends with is told as the handshake's: whoever asked for
// tools would look there.
func TestARefusedHandshakeIsNamed(t *testing.T) {
	is := is.New(t)
	no := Response{message.Response{Status: 404}}
	for _, c := range []struct {
		events []Event
		says   string
	}{
		{[]Event{no}, "that was the answer to initialize, which goes before tools/list"},
		{[]Event{hello(""), no}, "that was the answer to notifications/initialized, which goes before tools/list"},
		{[]Event{hello(""), calls["accepted"], no}, ""},
		{[]Event{hello("a b")}, "the server must mend it: it wants to have it back with every request"},
		{[]Event{hello("a!~"), no}, "that was the answer to notifications/initialized, which goes before tools/list"},
		{[]Event{hello(strings.Repeat("s", longestSession+1)), no}, "that was the answer to notifications/initialized, which goes before tools/list"},
	} {
		f := Call{ResourceURL: wURL, Token: "the-token", Method: "tools/list", ID: message.Str("c"), Protocol: "2025-06-18"}
		for _, ev := range append([]Event{Start{}}, c.events...) {
			_, err := f.Step(wStart, ev)
			is.NoErr(err) // it is an answer
		}
		events := f.Trace()
		is.Equal(events[len(events)-1].Outcome.Hint, c.says)
	}
}
