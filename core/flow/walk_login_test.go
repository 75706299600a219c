package flow

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"mcp-auth/core/oauth"
)

func wAuthCode(t Target, c Client) AuthCode {
	f := NewAuthCode(t, c, "")
	f.RedirectURI, f.StateValue, f.Verifier = wRedirect, wState, wVerifier
	return *f
}

// found is what discovery finds when the resource and its server answer so;
// without a metadata answer there is none: the endpoints are guessed.
func found(t *testing.T, metadata string) Discovered {
	t.Helper()
	f := NewDiscover(Target{ResourceURL: wURL})
	answers := []Event{Start{}, discovery["challenge"], discovery["prm"], discovery[metadata]}
	if metadata == "" {
		answers = []Event{Start{}, discovery["challenge bare"], odd["404"], odd["404"], odd["404"], odd["404"]}
	}
	for _, ev := range answers {
		if _, err := f.Step(wStart, ev); err != nil {
			t.Fatal(err)
		}
	}
	if f.State() != Finished {
		t.Fatal(f.State())
	}
	return f.Found
}

// metadatas are what a server may say of itself that decides a login: what
// comes after discovery is walked from each, to its end.
var metadatas = [...]string{"metadata", "metadata quiet", "metadata secret only", "metadata closed", "metadata no S256", ""}

// targets are the ways to name a resource. The last two name nothing usable.
func targets() []Target {
	return []Target{{ResourceURL: wURL}, {ResourceURL: wURL, ResourceMetadataURL: "https://mcp.example/prm"}, {ResourceURL: wURL, AuthorizationServer: wIssuer},
		{ResourceURL: wURL, AuthorizationServer: wIssuer + "/.well-known/oauth-authorization-server"},
		{ResourceURL: "http://10.0.0.1/"}, {ResourceURL: wURL, AuthorizationServer: "http://10.0.0.1"}}
}

// ofLogins is what holds of every flow that gets a token: nothing is sent
// before discovery is complete, a registration and a token count only when they
// are good, and a login that failed holds no token.
func ofLogins[F any](in func(*F) *loginer, goodRegistrations ...string) func(taken[F]) {
	return func(k taken[F]) {
		before, after := in(k.before), in(k.after)
		if s, ok := k.sent(); ok && !after.Found.Complete && s.Request.Method != "GET" && s.Step != stepProbe {
			k.fail("%s %s while discovering", s.Request.Method, s.Request.URL)
		}
		if i := after.Login.Server.Issuer; i != "" && i != wIssuer && i != wIssuer+"/tenant" && (i != wResource || !after.Login.Server.Fallback) {
			k.fail("the server is %q, which nobody named", i)
		}
		if before.ID == "other-client" && after.Login.Server.Issuer == wIssuer {
			k.fail("a client of another issuer is used")
		}
		if _, answered := k.ev.(Response); !answered {
			return
		}
		switch k.from {
		case Registering:
			if slices.Contains(goodRegistrations, k.name) == (k.to == Failed) {
				k.fail("%s led to %s", k.name, k.to)
			}
		case Exchanging, Requesting, Polling:
			isGood := k.name == "token" || k.name == "token wide" || k.name == "token bare" || k.name == "token dpop" && before.binds()
			if isGood != (k.to == Finished) || isGood != (after.Login.Token.AccessToken == "good-token") {
				k.fail("%s led to %s with %+v", k.name, k.to, after.Login.Token)
			}
			told := slices.ContainsFunc(k.effects, func(e Effect) bool { n, ok := e.(Notice); return ok && strings.Contains(n.Text, "granted") })
			if differs := isGood && k.name != "token bare" && k.name != "token dpop" && before.Login.RequestedScope != "" && !(k.name == "token" && before.Login.RequestedScope == "mcp:read"); told != differs {
				k.fail("asked for %q, granted by %s, told: %v", before.Login.RequestedScope, k.name, told)
			}
		default:
			if k.to == Finished {
				k.fail("finished without asking for a token")
			}
		}
		if k.to == Failed && after.Login.Token != (oauth.Token{}) {
			k.fail("failed with a token")
		}
	}
}

// cameBack judges a callback a second time, by other means.
func cameBack(cb Callback, redirectURI, state, issuer string, announced bool) string {
	u, err := url.Parse(cb.URL)
	want, _ := url.Parse(redirectURI)
	if err != nil || !strings.EqualFold(u.Host, want.Host) || u.EscapedPath() != want.Path || cb.Method != "GET" {
		return "elsewhere"
	}
	if o := cb.Header.Values("Origin"); len(o) > 0 && o[0] != want.Scheme+"://"+want.Host {
		return "elsewhere"
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil || len(q["state"]) != 1 || q["state"][0] != state {
		return "not ours"
	}
	iss := q["iss"]
	switch {
	case len(iss) > 1, len(iss) == 1 && iss[0] != "" && iss[0] != issuer, announced && q.Get("iss") == "":
		return "bad"
	case len(q["code"]) != 1 || q.Get("code") == "" || q.Get("error") != "":
		return "bad"
	}
	return "code"
}

// ofAuthCode is what holds of the code flow: a code is sent once, when the
// callback that carried it was ours and came from the server we asked, and
// what was not ours ended nothing.
func ofAuthCode(k taken[AuthCode]) {
	f := k.after
	s, sent := k.sent()
	if cb, ok := k.ev.(Callback); ok {
		server := k.before.Login.Server
		what := cameBack(cb, wRedirect, wState, server.Issuer, server.Metadata.AuthorizationResponseIssSupported)
		reply, answered := k.effects[0].(Answer)
		switch {
		case !answered || (reply.Status == 200) != (what == "code"):
			k.fail("%s: the browser got %+v", what, k.effects[0])
		case what == "code" && k.to != Exchanging, what == "bad" && k.to != Failed, (what == "elsewhere" || what == "not ours") && (k.to != AwaitingCallback || sent):
			k.fail("%s led to %s", what, k.to)
		}
		if sent {
			checkCodeRequest(k, s)
		}
	} else if sent && s.Step == stepToken && k.from != Exchanging {
		k.fail("a token request that no callback led to")
	}
	if sent && s.Step == stepPush {
		checkPush(k, s)
	}
	if k.from == Exchanging && k.to != Finished && k.to != Failed && (k.before.resent || !f.binds() || !strings.HasPrefix(k.name, "nonce")) {
		k.fail("a code may be used again")
	}
	for _, e := range k.effects {
		if v, ok := e.(Visit); ok {
			checkVisit(k, v.URL)
		}
	}
	if k.to == AwaitingCallback && !f.Login.Server.Fallback && !slices.Contains(f.Login.Server.Metadata.CodeChallengeMethodsSupported, "S256") {
		k.fail("the server does not announce S256")
	}
}

func checkCodeRequest(k taken[AuthCode], s Send) {
	q, err := url.ParseQuery(string(s.Request.Body))
	resource := k.after.Found.ResourceID
	if k.after.Login.Server.Fallback {
		resource = ""
	}
	if err != nil || s.Step != stepToken || s.Request.Method != "POST" || s.Request.URL != k.after.Login.Server.Metadata.TokenEndpoint || q.Get("grant_type") != "authorization_code" ||
		q.Get("code") != "the-code" || q.Get("code_verifier") != wVerifier || q.Get("redirect_uri") != wRedirect || q.Get("resource") != resource {
		k.fail("%s %s %s", s.Request.Method, s.Request.URL, s.Request.Body)
	}
}

func checkPush(k taken[AuthCode], s Send) {
	q, err := url.ParseQuery(string(s.Request.Body))
	if err != nil || s.Request.Method != "POST" || s.Request.URL != "https://as.example/par" || q.Get("state") != wState || q.Get("code_challenge") != oauth.Challenge(wVerifier) || q.Get("redirect_uri") != wRedirect ||
		q.Get("resource") != k.after.Found.ResourceID || q.Get("client_id") == "" && s.Request.Header.Get("Authorization") == "" {
		k.fail("%s %s %s", s.Request.Method, s.Request.URL, s.Request.Body)
	}
}

func checkVisit(k taken[AuthCode], visited string) {
	u, err := url.Parse(visited)
	if err != nil {
		k.fail("%v", err)
	}
	q := u.Query()
	if f := k.after; f.Login.Server.Metadata.RequirePushedAuthorizationRequests {
		if k.from != Pushing || k.name != "pushed" || len(q) != 2 || q.Get("client_id") != f.ID || q.Get("request_uri") != "urn:ietf:params:oauth:request_uri:the-pushed-request" {
			k.fail("the browser is sent to %s with more or less than the reference", visited)
		}
		return
	}
	if q.Get("state") != wState || q.Get("code_challenge") != oauth.Challenge(wVerifier) || q.Get("code_challenge_method") != "S256" || q.Get("redirect_uri") != wRedirect ||
		q.Get("response_type") != "code" || q.Get("client_id") != k.after.ID || q.Get("client_id") == "" || strings.Contains(visited, wVerifier) {
		k.fail("the browser is sent to %s", visited)
	}
}

func TestWalkAuthCode(t *testing.T) {
	t.Parallel()
	logins := ofLogins(func(f *AuthCode) *loginer { return &f.loginer }, "registration", "registration secret", "registration basic", "registration public")
	w := newWalker(t, AuthCodeRows, func(k taken[AuthCode]) { logins(k); ofAuthCode(k) })
	w.alphabet, w.secrets = afterDiscovery, []string{wVerifier, "the-code", "s3cret-s3cret", "good-token"}
	w.trusted = func(f *AuthCode, url string) bool {
		return url == f.Login.Server.Metadata.TokenEndpoint || url == f.Login.Server.Metadata.PushedAuthorizationRequestEndpoint
	}
	w.stop = func(f *AuthCode) bool { return f.Found.Complete }
	for _, at := range targets() {
		w.walk(wAuthCode(at, Client{Register: true}))
	}
	for _, c := range []Client{{}, {ID: "given"}, {ID: "other-client", Issuer: "https://other.example"}} {
		w.walk(wAuthCode(Target{ResourceURL: wURL}, c))
	}
	w.stop = nil
	for _, c := range []Client{{Register: true}, {ID: "given"}, {ID: "given", Secret: "s3cret-s3cret"}, {ID: "given", Issuer: wIssuer}} {
		for _, metadata := range append(metadatas[:], "metadata push") {
			f := wAuthCode(Target{ResourceURL: wURL}, c)
			f.Found, f.Scope, f.Patience, f.Prover = found(t, metadata), "mcp:read", time.Second, wProver(metadata == "metadata quiet")
			w.walk(f)
		}
	}
	w.honest()
}

func TestWalkDevice(t *testing.T) {
	t.Parallel()
	logins := ofLogins(func(f *Device) *loginer { return &f.loginer }, "registration", "registration secret", "registration basic", "registration public", "registration silent", "registration moved")
	w := newWalker(t, DeviceRows, func(k taken[Device]) { logins(k); ofDevice(k) })
	w.alphabet, w.secrets = afterDiscovery, []string{"the-device-code", "s3cret-s3cret", "good-token"}
	w.trusted = func(f *Device, url string) bool {
		m := f.Login.Server.Metadata
		return url == m.TokenEndpoint || url == m.DeviceAuthorizationEndpoint
	}
	w.stop = func(f *Device) bool { return f.Found.Complete }
	for _, at := range targets() {
		w.walk(*NewDevice(at, Client{Register: true}, ""))
	}
	w.walk(*NewDevice(Target{ResourceURL: wURL}, Client{ID: "given"}, ""))
	w.stop = nil
	for _, c := range []Client{{Register: true}, {ID: "given"}, {ID: "given", Secret: "s3cret-s3cret"}, {}} {
		for _, metadata := range [...]string{"metadata", "metadata secret only", ""} {
			f := NewDevice(Target{ResourceURL: wURL}, c, "mcp:read")
			f.Found, f.Prover = found(t, metadata), wProver(metadata == "metadata secret only")
			w.walk(*f)
		}
	}
	w.honest()
}

// ofDevice is what holds of the device flow: no poll before its time or after
// the end, the interval within its bounds and never shorter than it was.
func ofDevice(k taken[Device]) {
	before, f := k.before, k.after
	if s, ok := k.sent(); ok && s.Step == stepToken && (k.from != AwaitingPoll && !strings.HasPrefix(k.name, "nonce") || k.now.Before(before.next) || !k.now.Before(before.expires)) {
		k.fail("a poll at %s, the next was due at %s", k.now, before.next)
	}
	if k.to == AwaitingPoll && (f.interval < time.Second || f.interval > time.Minute || f.next.After(f.expires) || f.interval < before.interval) {
		k.fail("polls every %s, next at %s, until %s", f.interval, f.next, f.expires)
	}
	if k.from == StartingDevice {
		_, shown := k.effects[0].(Show)
		isGood := slices.Contains([]string{"device", "device huge", "device text", "device negative"}, k.name)
		if shown != isGood || isGood != (k.to == AwaitingPoll) {
			k.fail("%s led to %s", k.name, k.to)
		}
	}
	if k.from != Polling {
		return
	}
	grows := map[string]time.Duration{"pending": before.interval, "slow_down": before.interval + 5*time.Second, "slow_down 429": before.interval + 5*time.Second,
		"429": 2 * before.interval, "500": 2 * before.interval, "trouble": 2 * before.interval}
	want, again := grows[k.name]
	if again != (k.to == AwaitingPoll) || again && f.interval != min(want, time.Minute) {
		k.fail("%s led to %s, every %s", k.name, k.to, f.interval)
	}
}

func TestWalkClientCreds(t *testing.T) {
	t.Parallel()
	logins := ofLogins(func(f *ClientCreds) *loginer { return &f.loginer }, "registration secret", "registration basic")
	w := newWalker(t, ClientCredsRows, logins)
	w.alphabet, w.secrets = afterDiscovery, []string{"s3cret-s3cret", "good-token"}
	w.trusted = func(f *ClientCreds, url string) bool { return url == f.Login.Server.Metadata.TokenEndpoint }
	w.stop = func(f *ClientCreds) bool { return f.Found.Complete }
	for _, at := range targets() {
		w.walk(*NewClientCreds(at, Client{Register: true}, ""))
		w.walk(*NewClientCreds(at, Client{ID: "given", Secret: "s3cret-s3cret"}, ""))
		w.walk(*NewClientCreds(at, Client{ID: "other-client", Secret: "s3cret-s3cret", Issuer: "https://other.example"}, ""))
	}
	w.stop = nil
	for _, c := range []Client{{Register: true}, {ID: "given", Secret: "s3cret-s3cret"}, {}} {
		for _, metadata := range metadatas {
			f := NewClientCreds(Target{ResourceURL: wURL}, c, "mcp:write")
			f.Found, f.Prover = found(t, metadata), wProver(metadata == "metadata quiet")
			w.walk(*f)
		}
	}
	w.honest()
}

func TestWalkDiscover(t *testing.T) {
	t.Parallel()
	w := newWalker(t, DiscoverRows, func(k taken[Discover]) {
		f := k.after
		for _, s := range f.Found.Servers {
			atGiven := s.Issuer == wIssuer+"/" && strings.Contains(f.AuthorizationServer, "/.well-known/") // its document lies there too
			if s.Issuer != wIssuer && s.Issuer != wIssuer+"/tenant" && (s.Issuer != wResource || !s.Fallback) && !atGiven {
				k.fail("a server %q that nobody named", s.Issuer)
			}
			if s.Fallback && (f.AuthorizationServer != "" || f.Found.MetadataURL != "") {
				k.fail("endpoints were guessed though the server was named")
			}
		}
		if r := f.Found.Resource.Resource; r != "" && r != wURL && r != wResource {
			k.fail("metadata of the resource %q", r)
		}
		if f.Found.Complete != (k.to == Finished) {
			k.fail("complete: %v", f.Found.Complete)
		}
		if s, ok := k.sent(); ok && s.Request.Method != "GET" && s.Step != stepProbe {
			k.fail("a %s", s.Request.Method)
		}
		if f.redirects > maxRedirects+1 {
			k.fail("%d redirects", f.redirects)
		}
	})
	for _, at := range targets() {
		w.walk(*NewDiscover(at))
	}
	preset := NewDiscover(Target{ResourceURL: wURL})
	preset.Found = found(t, "metadata")
	w.rule = func(taken[Discover]) {}
	w.walk(*preset)
	w.honest()
}
