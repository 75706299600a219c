package server_test

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mcp-auth/core/authserver"
	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/server"
)

const (
	documentURL = "https://app.example/client.json"
	appRedirect = "https://app.example/cb"
)

// A web is what the fetcher of a test finds, and what it was asked for.
type web struct {
	mu    sync.Mutex
	pages map[string]message.Response
	asked []authserver.DocumentRequest
	hold  chan struct{} // when set, answers wait for it
}

func (w *web) Fetch(r authserver.DocumentRequest) (message.Response, error) {
	w.mu.Lock()
	w.asked = append(w.asked, r)
	page, ok := w.pages[r.URL]
	w.mu.Unlock()
	if w.hold != nil {
		<-w.hold
	}
	if !ok {
		return message.Response{}, errors.New("nothing listens there")
	}
	return page, nil
}

func (w *web) fetches() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.asked)
}

func page(body string, fields ...string) message.Response {
	return message.Response{Status: 200, Body: []byte(body), Header: append(message.Header{{Name: "Content-Type", Value: message.JSONType}}, header(fields)...)}
}

// document is a good document with further members.
func document(id string, more ...string) string {
	return `{"client_id":"` + id + `","client_name":"The App","redirect_uris":["` + appRedirect + `"],"grant_types":["authorization_code","refresh_token"]` + strings.Join(append([]string{""}, more...), ",") + `}`
}

// cimd is a server before a web with one document.
func cimd(t *testing.T, change ...func(*server.Config)) (*bench, *web) {
	w := &web{pages: map[string]message.Response{documentURL: page(document(documentURL))}}
	b := newServer(t, append([]func(*server.Config){func(c *server.Config) { c.Fetcher = w }}, change...)...)
	b.pub = documentURL
	return b, w
}

// documented asks with the document's client.
func (b *bench) documented(changes ...string) message.Response {
	b.t.Helper()
	return b.authorize(append([]string{"client_id=" + enc(b.pub), "redirect_uri=" + enc(appRedirect)}, changes...)...)
}

func TestCIMDIsAnnouncedExactlyWhenOn(t *testing.T) {
	on, _ := cimd(t)
	off := newServer(t)
	announced := func(b *bench) bool {
		v, _ := message.ParseJSON(b.get("/.well-known/oauth-authorization-server").Body)
		yes, _ := v.Get("client_id_metadata_document_supported").Bool()
		return yes
	}
	on.True(announced(on))    // on
	off.True(!announced(off)) // off
	off.errorPage(off.authorize("client_id="+enc(documentURL), "redirect_uri="+enc(appRedirect)))
}

func TestCIMDLogin(t *testing.T) {
	b, w := cimd(t)
	u := b.browser()
	at, err := u.Visit(base + "/oauth/authorize?" + b.az("client_id="+enc(documentURL), "redirect_uri="+enc(appRedirect)))
	b.NoErr(err) // the page opens
	at, err = u.Press(at, "decision", "approve")
	b.NoErr(err)                                             // it is answered
	b.True(strings.HasPrefix(at.Left, appRedirect+"?code=")) // at the document's redirect URI
	code, _ := location(message.Response{Header: message.Header{{Name: "Location", Value: at.Left}}}).One("code")
	r := b.post("/oauth/token", "grant_type=authorization_code&client_id="+enc(documentURL)+"&code="+code+"&code_verifier="+verifier)
	b.Equal(r.Status, 200)                   // the code is redeemed with the URL as client_id
	b.True(b.alive(text(r, "access_token"))) // the token is good
	b.True(text(r, "refresh_token") != "")   // the document asked for one
	b.Equal(w.fetches(), 1)                  // all of it from one fetch
	r = b.post("/oauth/token", "grant_type=authorization_code&client_id="+enc("https://other.example/c.json")+"&code=x")
	b.refused(r, 401, "invalid_client")                        // what cannot be fetched is no client
	b.True(!strings.Contains(string(r.Body), "other.example")) // nothing sent is copied into an error
}

func TestCM01_IdentifiersThatAreNone(t *testing.T) {
	b, w := cimd(t, func(c *server.Config) { c.LocalDocuments = true })
	for _, id := range []string{"http://app.example/client.json", "https://app.example", "https://app.example/", "https://app.example?x", "https://app.example/./c", "https://app.example/a/../c",
		"https://app.example/%2e%2e/c", "https://app.example/%2E/c", "https://app.example/a%2f..%2fc", documentURL + "#x", "https://me@app.example/c", "https://me:pw@app.example/c", "https:///c", "https://app.example:0/c",
		"https://app.example/ c", "https://app.example/" + strings.Repeat("a", 2100), "HTTPS://app.example/c", "https:app.example/c", "http://127.0.0.1", "http://127.0.0.2/c"} {
		b.errorPage(b.documented("client_id=" + enc(id)))
	}
	b.Equal(w.fetches(), 0) // nothing was asked for
}

var privateHosts = strings.Fields("127.0.0.1 10.0.0.1 172.16.0.1 192.168.0.1 169.254.169.254 0.0.0.0 100.64.0.1 224.0.0.1 240.0.0.1 [::1] [::] [fd00::1] [fe80::1] [::ffff:127.0.0.1] [64:ff9b::a00:1] [2002:a00:1::] localhost a.localhost localhost. 127.1 0x7f.1 2130706433")

func TestCM02_AddressesOfThisMachineAndItsNetwork(t *testing.T) {
	b, w := cimd(t)
	for _, host := range privateHosts {
		b.errorPage(b.documented("client_id=" + enc("https://"+host+"/client.json")))
	}
	b.Equal(w.fetches(), 0) // not even tried
	_, err := server.New(server.Config{Issuer: "https://as.example", Random: strings.NewReader(""), Fetcher: w, LocalDocuments: true})
	b.True(err != nil) // the flag is for a server on loopback itself
}

func TestCM02_LoopbackByFlag(t *testing.T) {
	const local = "http://127.0.0.1:9999/client.json"
	b, w := cimd(t, func(c *server.Config) { c.LocalDocuments = true })
	w.pages[local] = page(document(local))
	b.Equal(b.documented("client_id="+enc(local)).Status, 200)                                                              // a test may serve its document itself
	b.True(strings.Contains(string(b.get("/health").Body), "cimd-loopback"))                                                // and that is announced
	b.errorPage(b.documented("client_id=" + enc("https://10.0.0.1/client.json")))                                           // its network stays closed
	b.True(w.asked[0].Admits(netip.MustParseAddr("127.0.0.1")) && w.asked[0].Admits(netip.MustParseAddr("::1")))            // the request may go to loopback
	b.True(!w.asked[0].Admits(netip.MustParseAddr("10.0.0.1")) && !w.asked[0].Admits(netip.MustParseAddr("93.184.216.34"))) // and nowhere else
}

func TestCM03_TheAddressThatIsDialledDecides(t *testing.T) {
	b, w := cimd(t, func(c *server.Config) { c.LocalDocuments = true })
	b.documented()
	for _, a := range strings.Fields("127.0.0.1 10.0.0.1 169.254.169.254 100.64.0.1 ::1 fd00::1 fe80::1 ::ffff:10.0.0.1 64:ff9b::7f00:1 2002:7f00:1::") {
		b.True(!w.asked[0].Admits(netip.MustParseAddr(a))) // whatever the name was, flag or not
	}
	b.True(w.asked[0].Admits(netip.MustParseAddr("93.184.216.34"))) // a public one is fine
}

func TestCM04_Redirects(t *testing.T) {
	b, w := cimd(t)
	for _, status := range []int{301, 302, 303, 307, 308} {
		w.pages[documentURL] = message.Response{Status: status, Header: header([]string{"Location: https://canary.example/c.json", "Content-Type: application/json"}), Body: []byte(document(documentURL))}
		b.errorPage(b.documented())
	}
	b.True(!slices.ContainsFunc(w.asked, func(r authserver.DocumentRequest) bool { return r.URL != documentURL })) // the target is not asked
}

func TestCM05_LongDocuments(t *testing.T) {
	b, w := cimd(t)
	long := func(n int) string {
		body := document(documentURL)
		return body + strings.Repeat(" ", n-len(body))
	}
	w.pages[documentURL] = page(long(exchange.MaxClientDocument+1), "Cache-Control: no-store")
	b.errorPage(b.documented())
	w.pages[documentURL] = page(long(exchange.MaxClientDocument))
	b.Equal(b.documented().Status, 200) // 5 KiB are fine
}

func TestCM06_TheDocumentNamesItself(t *testing.T) {
	b, w := cimd(t)
	for _, id := range []string{documentURL + "/", "https://app.example/Client.json", "https://app.example:443/client.json", "https://APP.example/client.json", "https://app.example/client.json?", "https://app.example/%63lient.json", ""} {
		w.pages[documentURL] = page(document(id))
		b.errorPage(b.documented())
	}
	w.pages[documentURL] = page(strings.Replace(document(documentURL), `"client_id"`, `"Client_ID"`, 1))
	b.errorPage(b.documented()) // the member's name too is exact
}

func TestCM07_FailuresAreNotKept(t *testing.T) {
	b, w := cimd(t)
	good := w.pages[documentURL]
	for _, bad := range []message.Response{{Status: 204}, {Status: 206, Header: good.Header, Body: good.Body}, {Status: 404}, {Status: 500, Header: good.Header, Body: good.Body},
		{Status: 200, Header: header([]string{"Content-Type: text/html"}), Body: good.Body}, {Status: 200, Body: good.Body}, page("{"), page("[]"), page("null"), page(""),
		page(`{"client_id":7}`), page(document(documentURL, `"client_id":"x"`)), page(document(documentURL) + "x")} {
		w.pages[documentURL] = bad
		b.errorPage(b.documented())
		w.pages[documentURL] = good
		before := w.fetches()
		b.Equal(b.documented().Status, 200) // mended, it is used at once
		b.Equal(w.fetches(), before+1)      // after a new fetch
		b.now = b.now.Add(time.Hour)        // what is kept from that is forgotten
	}
}

func TestCM08_SecretsInADocument(t *testing.T) {
	b, w := cimd(t)
	for _, member := range []string{`"client_secret":"s"`, `"client_secret":null`, `"client_secret_expires_at":0`, `"token_endpoint_auth_method":"client_secret_basic"`, `"token_endpoint_auth_method":"client_secret_post"`,
		`"token_endpoint_auth_method":"client_secret_jwt"`, `"jwks":{"keys":[{"kty":"EC","crv":"P-256","x":"x","y":"y","d":"d"}]}`, `"jwks":{"keys":[{"kty":"RSA","n":"n","e":"AQAB"},{"kty":"RSA","p":"p"}]}`,
		`"jwks":{"keys":[{"kty":"oct"}]}`, `"jwks":{"keys":[{"k":"x"}]}`, `"token_endpoint_auth_method":"private_key_jwt"`, `"token_endpoint_auth_method":"tls_client_auth"`} {
		w.pages[documentURL] = page(document(documentURL, member))
		b.errorPage(b.documented())
	}
}

func TestCM09_RedirectsNotInTheDocument(t *testing.T) {
	b, w := cimd(t)
	for _, uri := range []string{"https://evil.example/cb", appRedirect + "/", appRedirect + "?x", "http://127.0.0.1:1/cb", "https://app.example/CB"} {
		b.errorPage(b.documented("redirect_uri=" + enc(uri)))
	}
	for _, uri := range []string{"javascript:alert(1)", "http://app.example/cb", "https://*.example/cb", "https://app.example/cb#x", ""} {
		w.pages["https://bad.example/c"] = page(strings.Replace(document("https://bad.example/c"), appRedirect, uri, 1))
		b.errorPage(b.documented("client_id="+enc("https://bad.example/c"), "redirect_uri="+enc(uri)))
	}
	w.pages["https://bad.example/c"] = page(`{"client_id":"https://bad.example/c","client_name":"x"}`)
	b.errorPage(b.documented("client_id=" + enc("https://bad.example/c"))) // without any it cannot ask
}

func TestCM10_Caching(t *testing.T) {
	b, w := cimd(t)
	// fetched counts the fetches of two requests with some time between them.
	fetched := func(pause time.Duration, fields ...string) int {
		w.pages[documentURL] = page(document(documentURL), fields...)
		b.now = b.now.Add(48 * time.Hour)
		before := w.fetches()
		b.Equal(b.documented().Status, 200)
		b.now = b.now.Add(pause)
		b.Equal(b.documented().Status, 200)
		return w.fetches() - before
	}
	b.Equal(fetched(999*time.Millisecond, "Cache-Control: max-age=1"), 1)                     // within a second it is kept
	b.Equal(fetched(time.Second, "Cache-Control: max-age=1"), 2)                              // and no longer
	b.Equal(fetched(0, "Cache-Control: no-store"), 2)                                         // not kept at all
	b.Equal(fetched(0, "Cache-Control: max-age=100, no-cache"), 2)                            // the careful directive counts
	b.Equal(fetched(0, "Cache-Control: max-age=0"), 2)                                        // stale at once
	b.Equal(fetched(0, "Expires: 0"), 2)                                                      // as the older field says it
	b.Equal(fetched(99*time.Second, "Expires: 0", "Cache-Control: max-age=100"), 1)           // which max-age overrides
	b.Equal(fetched(0, "Cache-Control: max-age=soon"), 2)                                     // what is not understood is stale
	b.Equal(fetched(59*time.Second, "Cache-Control: max-age=100", "Age: 40"), 1)              // it was old when it came
	b.Equal(fetched(60*time.Second, "Cache-Control: max-age=100", "Age: 40"), 2)              // so it ends sooner
	b.Equal(fetched(24*time.Hour-time.Second, "Cache-Control: public, max-age=315360000"), 1) // ten years
	b.Equal(fetched(24*time.Hour, "Cache-Control: public, max-age=315360000"), 2)             // are cut to a day
	b.Equal(fetched(24*time.Hour, "Cache-Control: max-age=99999999999999999999999"), 2)       // however many
	b.Equal(fetched(5*time.Minute-time.Second), 1)                                            // when nothing is said
	b.Equal(fetched(5*time.Minute), 2)                                                        // five minutes
}

func TestCM10_TheCacheIsBounded(t *testing.T) {
	b, w := cimd(t)
	d := authserver.NewDocuments(w, false)
	s, err := authserver.New(authserver.Config{Issuer: base, Resources: []string{resource}, Random: strings.NewReader(""), Documents: d})
	b.NoErr(err) // a server whose cache can be looked into
	for i := range 1000 {
		id := "https://app.example/" + message.Decimal(int64(i))
		w.pages[id] = page(document(id))
		r := s.Authorize(b.now, message.Get(base+"/oauth/authorize?client_id="+enc(id)+"&redirect_uri="+enc(appRedirect)))
		b.True(r.Status == 303) // the client was found
	}
	b.Equal(d.Len(), 256)                       // no more than these are kept
	b.Equal(d.Sweep(b.now.Add(time.Hour)), 256) // and they go when they expire
}

func TestCM11_ManyAtOnceFetchOnce(t *testing.T) {
	b, w := cimd(t)
	w.hold = make(chan struct{})
	var done sync.WaitGroup
	answers := make([]int, 50)
	for i := range answers {
		done.Go(func() {
			answers[i] = b.s.Serve(b.now, message.Get(base+"/oauth/authorize?"+b.az("client_id="+enc(documentURL), "redirect_uri="+enc(appRedirect)))).Status
		})
	}
	close(w.hold)
	done.Wait()
	b.Equal(w.fetches(), 1)                      // one fetch for all, during it and after
	b.Equal(slices.Compact(answers), []int{200}) // and all are served
	delete(w.pages, documentURL)
	b.now = b.now.Add(time.Hour)
	b.errorPage(b.documented()) // a failure is nobody's after it
	b.Equal(w.fetches(), 2)
}

func TestCM12_NothingElseIsFetched(t *testing.T) {
	b, w := cimd(t)
	w.pages[documentURL] = page(document(documentURL, `"logo_uri":"https://canary.example/logo.png"`, `"client_uri":"https://canary.example/"`, `"tos_uri":"https://canary.example/tos"`,
		`"policy_uri":"https://canary.example/p"`, `"jwks_uri":"https://canary.example/jwks"`))
	r := b.documented()
	b.Equal(r.Status, 200)                                                                           // the page is shown
	b.True(!strings.Contains(string(r.Body), "canary") && !strings.Contains(string(r.Body), "<img")) // without foreign images or links
	b.True(strings.Contains(r.Header.Get("Content-Security-Policy"), "default-src 'none'"))          // which the policy forbids too
	b.Equal(w.fetches(), 1)                                                                          // the document alone
	w.pages["https://bad.example/c"] = page(document("https://bad.example/c", `"logo_uri":"javascript:alert(1)"`))
	b.errorPage(b.documented("client_id=" + enc("https://bad.example/c")))
}

func TestCM13_WhatTheConsentPageSays(t *testing.T) {
	b, w := cimd(t)
	body := string(b.documented().Body)
	b.True(strings.Contains(body, "<strong>app.example</strong>"))      // the host of client_id and of the redirect
	b.True(strings.Contains(body, "Name not verified"))                 // the name is the document's own
	b.True(!strings.Contains(body, "Any program on this computer can")) // it has an address of its own
	w.pages["https://cli.example/c"] = page(`{"client_id":"https://cli.example/c","client_name":"<b>CLI</b>","redirect_uris":["http://localhost:1/cb","http://127.0.0.1/cb"]}`)
	body = string(b.documented("client_id="+enc("https://cli.example/c"), "redirect_uri="+enc("http://localhost:51004/cb")).Body)
	b.True(strings.Contains(body, "<strong>cli.example</strong>") && strings.Contains(body, "<strong>localhost</strong>")) // both hosts
	b.True(strings.Contains(body, "Any program on this computer can ask in the name of cli.example"))                      // with the warning
	b.True(!strings.Contains(body, "<b>CLI"))                                                                              // escaped
}

func TestDocumentsForManyServers(t *testing.T) {
	b, w := cimd(t, approval(authserver.ApprovalAuto))
	w.pages[documentURL] = page(document(documentURL, `"scope":"openid mcp:read calendar"`, `"x_unknown":{"a":1}`, `"grant_types2":[]`))
	b.Equal(len(location(b.documented()).All("code")), 1)                                        // scopes and members it does not know are no fault
	b.Equal(location(b.documented("scope=mcp%3Awrite")).All("error"), []string{"invalid_scope"}) // and what it did not ask for it does not get
	w.pages["https://grants.example/c"] = page(`{"client_id":"https://grants.example/c","client_name":"x","redirect_uris":["` + appRedirect + `"],"grant_types":["authorization_code","urn:x:unknown"],"token_endpoint_auth_method":"none"}`)
	b.Equal(len(location(b.documented("client_id="+enc("https://grants.example/c"))).All("code")), 1) // nor are grants
	b.refused(b.post("/oauth/token", "grant_type="+enc(oauth.GrantDeviceCode)+"&device_code=x&client_id="+enc(documentURL)), 400, "unauthorized_client")
}

func TestTenantsShareTheCache(t *testing.T) {
	b, w := cimd(t, tenants)
	for _, at := range []string{"", "/tenant/acme", "/tenant/other-1"} {
		b.Equal(b.get(at+"/oauth/authorize?"+b.az("client_id="+enc(documentURL), "redirect_uri="+enc(appRedirect), "resource="+enc(base+at+"/mcp/oauth"))).Status, 200) // a document is a client everywhere
	}
	b.Equal(w.fetches(), 1) // fetched once
}

func TestDocumentsFromListedHostsAlone(t *testing.T) {
	b, w := cimd(t, func(c *server.Config) { c.DocumentHosts = []string{"app.example"} })
	b.Equal(b.documented().Status, 200) // a listed host
	for _, host := range []string{"evil.example", "app.example.evil.example", "x.app.example", "app.example."} {
		w.pages["https://"+host+"/c"] = page(document("https://" + host + "/c"))
		b.errorPage(b.documented("client_id=" + enc("https://"+host+"/c")))
	}
	b.Equal(w.fetches(), 1) // no other is asked
}

// Whatever brings a browser here is told the same about a document that has
// gone: not that the server failed.
func TestCIMDADocumentThatIsGone(t *testing.T) {
	b, w := cimd(t)
	gone := func(m message.Response) {
		b.Equal(m.Status, 400) // the client is at fault
		b.True(strings.Contains(string(m.Body), "could not be fetched") && !strings.Contains(string(m.Body), "storage failed"))
	}
	w.pages[documentURL] = page(document(documentURL), "Cache-Control: no-store")
	pushed := b.post("/oauth/par", b.az("client_id="+enc(documentURL), "redirect_uri="+enc(appRedirect)))
	b.Equal(pushed.Status, 201)
	delete(w.pages, documentURL)
	gone(b.visitPushed(documentURL, text(pushed, "request_uri")))
	w.pages[documentURL] = page(document(documentURL), "Cache-Control: no-store")
	b.Equal(b.visitPushed(documentURL, text(pushed, "request_uri")).Status, 200) // which spent nothing

	w.pages[documentURL] = page(strings.Replace(document(documentURL), `"grant_types":[`, `"grant_types":["`+oauth.GrantDeviceCode+`",`, 1), "Cache-Control: no-store")
	d := b.post("/oauth/device/authorize", "client_id="+enc(documentURL))
	b.Equal(d.Status, 200)
	delete(w.pages, documentURL)
	gone(b.get("/oauth/device/verify?user_code=" + text(d, "user_code")))
}
