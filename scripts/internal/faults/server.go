// Faults of the authorization server, the resource and what both stand on.
package main

import "slices"

var faults = slices.Concat(serverFaults, ruleFaults, clientFaults, storeFaults)

var serverFaults = []Fault{
	{"code-not-consumed", "a redeemed code stays good", "core/authserver/code.go", "spent.Grant = grant", "_ = grant", ofServer},
	{"code-race", "the loser of a race gets tokens too", "core/authserver/code.go", "_ = take(now, s.t.Grants, grant)\n\tif !errors.Is(err, table.ErrMoved) {", "if errors.Is(err, table.ErrMoved) {\n\t\treturn t, nil\n\t}\n\tif true {", ofServer},
	{"replay-revokes-nothing", "a valid replay leaves the tokens alive", "core/authserver/code.go", "if err := take(now, s.t.Grants, grant); err != nil {\n\t\treturn err\n\t}\n\treturn oauth.E(oauth.InvalidGrant, \"the code was used", "return oauth.E(oauth.InvalidGrant, \"the code was used", ofServer},
	{"bad-replay-revokes", "a replay by anybody kills the tokens", "core/authserver/code.go", "if err := bound(read.Value, r); err != nil {", "if read.Value.Grant != (table.Key{}) {\n\t\treturn oauth.Token{}, s.replayed(now, read.Value.Grant)\n\t}\n\tif err := bound(read.Value, r); err != nil {", ofServer},
	{"code-of-another", "any client may redeem a code", "core/authserver/code.go", "case terms.Client != r.Client.ClientID:", "case false:", ofServer},
	{"token-redirect-unchecked", "redirect_uri of the token request is not compared", "core/authserver/code.go", "case r.RedirectURI != \"\" && r.RedirectURI != code.RedirectURI:", "case false:", ofServer},
	{"token-resource-unchecked", "resource of the token request is not compared", "core/authserver/code.go", "case r.Resource != \"\" && !oauth.SameResource(r.Resource, terms.Resource):", "case false:", ofServer},
	{"verifier-unchecked", "any verifier of the right shape will do", "core/authserver/code.go", "case !oauth.VerifierMatches(r.CodeVerifier, code.Challenge):", "case false:", ofServer},
	{"pkce-optional", "code_challenge_method may be missing", "core/authserver/authorize.go", "case r.CodeChallengeMethod != oauth.S256:", "case r.CodeChallengeMethod == \"plain\":", ofServer},
	{"no-rotation", "a refresh token stays the current one", "core/authserver/refresh.go", "next.Generation++", "", ofServer},
	{"reuse-unpunished", "reuse of a refresh token kills nothing", "core/authserver/refresh.go", "if err := take(now, s.t.Grants, grant); err != nil {", "if err := error(nil); err != nil {", ofServer},
	{"refresh-race", "two refreshes at once both win", "core/authserver/refresh.go", "return oauth.Token{}, s.reused(now, old.Grant)", "return t, nil", ofServer},
	{"refresh-of-another", "any client may use a refresh token", "core/authserver/refresh.go", "if t.Client != r.Client.ClientID {", "if false {", ofServer},
	{"refresh-widens", "a refresh may ask for more scope", "core/authserver/refresh.go", "if !asked.Within(granted) {", "if !asked.Within(granted) && len(granted) == 0 {", ofServer},
	{"audience-skipped", "a token is good at every resource", "core/authserver/revoke.go", "if a.Resource != resource {", "if false {", ofServer},
	{"deny-ignored", "a denied device stays pending", "core/authserver/device.go", "case d.State == DeviceDenied:", "case false:", ofServer},
	{"device-of-another", "any client may poll for a device", "core/authserver/device.go", "if d.Terms.Client != r.Client.ClientID {", "if false {", ofServer},
	{"never-slow-down", "polls may come as fast as they like", "core/authserver/device.go", "return next, true\n}\n\nfunc (s *Server) redeemDevice", "return next, false\n}\n\nfunc (s *Server) redeemDevice", ofServer},
	{"consent-any-browser", "a consent page can be answered from any browser", "core/authserver/consent.go", "err == nil && !sameBrowser(", "err == nil && id == \"\" && !sameBrowser(", ofServer},
	{"consent-twice", "a consent page can be answered twice", "core/authserver/consent.go", "if t.Decided {", "if false {", ofServer},
	{"consent-cross-site", "other sites may answer a consent page", "core/authserver/consent.go", "if !s.ownPage(m.Header) {", "if false {", ofServer},
	{"secret-unchecked", "any client secret is right", "core/authserver/clients.go", "if subtle.ConstantTimeCompare(sum[:], c.Secret[:]) == 1 {", "if subtle.ConstantTimeCompare(sum[:], c.Secret[:]) >= 0 {", ofServer},
	{"auth-method-free", "a client may authenticate otherwise than it registered", "core/authserver/clients.go", "case !c.Seeded && a.Basic != (method == oauth.AuthBasic):", "case false:", ofServer},
	{"scope-beyond-client", "a client gets scope it did not register", "core/authserver/server.go", "if !scope.Within(registered) {", "if !scope.Within(registered) && c.Scope == \"\" {", ofServer},
	{"tool-scope-unchecked", "any token may call any tool", "core/resource/resource.go", "if !oauth.Grants(access.Scope, needed) {", "if false {", ofServer},
	{"origin-unchecked", "pages of any site may call", "core/server/door.go", "if p.who == guarded && foreign {", "if false && foreign {", ofServer},
	{"host-unchecked", "any Host is served", "core/server/door.go", "case !s.hosts.has(host):", "case false && host != \"\":", ofServer},
	{"refresh-not-bound", "what a public client gets for a proof is good without it", "core/authserver/refresh.go", "next.Terms = boundTo(next.Terms, terms.Key)", "_ = terms.Key", ofServer},
	{"pushed-proof-ignored", "a proof that comes with a pushed request binds nothing", "core/authserver/pushed.go", "if r.DPoPKey, err = s.pushedKey(now, m, r.DPoPKey); err != nil {", "if err != nil {", ofServer},
	{"statement-of-anybody", "a statement that is bound to a key is taken from anybody", "core/authserver/trusted.go", "case a.Bound && (a.Key == \"\" || a.Key != holder):", "case false:", ofServer},
	{"guesses-by-address", "each IPv6 address may guess user codes anew", "core/authserver/throttle.go", "all, bits := a.Unmap().As16(), 64", "all, bits := a.Unmap().As16(), 128", ofServer},
	{"head-spends", "HEAD does what GET does at the authorization endpoint", "core/server/door.go", "if r.Method == \"GET\" && !r.acts() {", "if r.Method == \"GET\" {", ofServer},
	{"body-unbounded", "a body may be of any size", "core/server/door.go", "if m.Oversize || len(m.Body) > route.Limit {", "if false {", ofServer},
}

// ruleFaults are in the rules that both sides use.
var ruleFaults = []Fault{
	{"redirect-prefix", "a redirect URI matches by its beginning", "core/oauth/redirect.go", "if registered == requested {", "if strings.HasPrefix(requested, registered) {", ofServer},
	{"redirect-loopback-name", "one loopback name stands for another", "core/oauth/redirect.go", "return a == b && a !=", "return a[1] == b[1] && a !=", ofServer},
	{"redirect-any-scheme", "javascript: can be registered", "core/oauth/redirect.go", "if !strings.Contains(scheme, \".\") {", "if false {", ofServer},
	{"redirect-plain-http", "http redirects to anywhere can be registered", "core/oauth/redirect.go", "if u.Scheme == \"http\" && !u.Loopback() {", "if u.Scheme == \"ftp\" && !u.Loopback() {", ofServer},
	{"pkce-plain", "the challenge itself is a verifier", "core/oauth/pkce.go", "return subtle.ConstantTimeCompare([]byte(Challenge(verifier)), []byte(challenge)) == 1", "return subtle.ConstantTimeCompare([]byte(Challenge(verifier)), []byte(challenge)) == 1 || verifier == challenge", ofServer},
	{"scope-no-hierarchy", "a broader scope does not cover a narrower", "core/oauth/scope.go", "rank > 0 && scopeRank(value) > rank", "rank < 0", ofServer},
	{"state-lost", "the answer does not carry the state", "core/exchange/authorize.go", "f.Add(\"state\", r.State)\n\tf.Add(\"iss\", r.Issuer)", "f.Add(\"iss\", r.Issuer)", ofServer},
	{"iss-lost", "the answer does not carry the issuer", "core/exchange/authorize.go", "f.Add(\"iss\", r.Issuer)", "", ofServer},
	{"two-authorizations", "the first of two Authorization fields counts", "core/exchange/bearer.go", "case n > 1:", "case n > 1 && h == nil:", ofServer},
	{"html-unescaped", "foreign text reaches a page as markup", "core/message/escape.go", "return htmlEscapes.Replace(Printable(s))", "return Printable(s)", ofServer},
	{"expiry-late", "what expires now is still good", "core/table/memory.go", "if h.expires <= now.UnixNano() {", "if h.expires < now.UnixNano() {", ofServer},
	{"swap-blind", "a record is replaced whatever it has become", "core/table/memory.go", "return place, h.version == version && h.expires > now.UnixNano()", "return place, h.expires > now.UnixNano()", ofServer},
	{"json-depth", "JSON may nest without end", "core/message/json_read.go", "if depth++; depth > MaxDepth {", "if depth++; depth > 100000 {", ofServer},
	{"redirect-307", "redirects repeat the POST", "core/message/reply.go", "status = 303", "status = 307", ofServer},
}
