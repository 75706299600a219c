package authserver

import (
	"crypto/rand"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/exchange"
	"mcp-auth/core/jose"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// Clients: what a registration says, how long one lives, what a document is
// worth, and what a server refuses to be made of.

// RFC 7591 section 3.2.1: the answer has all that is registered, as it is.
func TestARegistrationSaysWhatIsRegistered(t *testing.T) {
	d := newDesk(t, ApprovalManual)
	register := func(body string) message.Response {
		return d.s.Register(d.now, message.Request{Method: "POST", Header: message.Header{{Name: "Content-Type", Value: message.JSONType}}, Body: []byte(body)})
	}
	v, err := message.ParseJSON(register(`{"redirect_uris":["` + redirectBack + `"],"scope":"mcp:read  mcp:read"}`).Body)
	d.NoErr(err) // JSON
	for name, want := range map[string]string{"grant_types": `["authorization_code"]`, "response_types": `["code"]`, "scope": `"mcp:read"`,
		"token_endpoint_auth_method": `"client_secret_basic"`, "redirect_uris": `["` + redirectBack + `"]`} {
		d.Equal(string(v.Get(name).Append(nil)), want) // defaults are said
	}
	uris := func(n int) string {
		return `{"redirect_uris":["https://a.example/` + strings.Join(strings.Split(strings.Repeat("x", n), ""), `","https://a.example/`) + `"]}`
	}
	d.Equal(register(uris(20)).Status, 201) // twenty redirect URIs may be registered
	d.refused(register(uris(21)), oauth.InvalidRedirectURI)
	for _, bad := range []string{
		`{"grant_types":["urn:ietf:params:oauth:grant-type:device_code"],"token_endpoint_auth_method":"none","redirect_uris":["` + redirectBack + `"]}`, // they belong to authorization_code
		`{"redirect_uris":["` + redirectBack + `"],"scope":"mcp:read \u0001"}`,                                                                          // RFC 6749 section 3.3
		`{"redirect_uris":["` + redirectBack + `"],"scope":"mcp:other"}`,
	} {
		d.refused(register(bad), oauth.InvalidClientMetadata)
	}
	d.s.cfg.Trusted = []Trusted{{Issuer: "https://other.example"}}
	d.s.grants = d.s.usableGrants()
	d.refused(register(`{"grant_types":["urn:ietf:params:oauth:grant-type:jwt-bearer"],"token_endpoint_auth_method":"none"}`), oauth.InvalidClientMetadata) // whose user would it be
	d.Equal(register(`{"grant_types":["urn:ietf:params:oauth:grant-type:jwt-bearer"]}`).Status, 201)
}

// A registered client lives 30 days from its last use, to the hour.
func TestAClientLivesByItsUse(t *testing.T) {
	d := newDesk(t, ApprovalAuto)
	id, _ := d.register(codeClient)
	day := 24 * time.Hour
	use := func(after time.Duration, known bool) {
		t.Helper()
		d.now = fNow.Add(after)
		d.Equal(withCode(d.visit(id)), known)
	}
	use(0, true)
	use(time.Hour, true)
	use(30*day+30*time.Minute, true) // from the second use
	use(50*day, true)
	use(75*day, true)
	use(105*day, false) // 30 days without one
	id, _ = d.register(codeClient)
	use(105*day+day, false) // and a day when it never was used
}

// OAuth 2.1 section 2.3.2: redirect_uri may be left out where one https URI is
// registered, and nowhere else.
func TestWhereTheAnswerGoes(t *testing.T) {
	d := newDesk(t, ApprovalAuto)
	without := func(uris string) message.Response {
		id, _ := d.register(`{"redirect_uris":[` + uris + `],"token_endpoint_auth_method":"none"}`)
		return d.s.Authorize(d.now, message.Get(fIssuer+AuthorizePath+"?"+strings.Replace(requestOf(id), "&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fcallback", "", 1)))
	}
	d.True(strings.HasPrefix(without(`"https://a.example/cb"`).Header.Get("Location"), "https://a.example/cb?code="))
	d.Equal(without(`"https://a.example/cb","https://a.example/cc"`).Status, 400)
	d.Equal(without(`"http://127.0.0.1/callback"`).Status, 400)
	id, _ := d.register(deviceClient)
	d.Equal(d.s.Authorize(d.now, message.Get(fIssuer+AuthorizePath+"?response_type=code&client_id="+id)).Status, 400) // none is registered
	r := d.s.Authorize(d.now, message.Get(fIssuer+AuthorizePath+"?client_id=%zz"))
	d.True(r.Status == 400 && strings.Contains(string(r.Body), "URL is malformed")) // no query
}

// RFC 6749 section 2.3: one way of client authentication a request.
func TestAKeyAndASecretAreTwoWays(t *testing.T) {
	d := newDesk(t, ApprovalAuto)
	v, _ := message.ParseJSON([]byte(devKey))
	key, err := jose.ReadPrivate(v)
	d.NoErr(err) // the published key
	ask := func(name, more string, fields ...message.Field) message.Response {
		jwt, err := exchange.ClientAssertion(key, "dev-key-client", fIssuer, name, fNow)
		d.NoErr(err) // signed
		return d.token("grant_type=client_credentials&client_assertion_type="+strings.ReplaceAll(exchange.AssertionTypeJWT, ":", "%3A")+"&client_assertion="+jwt+more, fields...)
	}
	d.refused(ask("a", "&client_secret=x"), oauth.InvalidClient)
	d.refused(d.token("grant_type=client_credentials", message.Field{Name: "Authorization", Value: message.BasicHeader("dev-key-client", "x")}), oauth.InvalidClient)
	d.Equal(ask("b", "").Status, 200)
}

// A proof is not looked at where tokens are not bound, and that is announced.
func TestDPoPIsOffUnlessItIsOn(t *testing.T) {
	d := newDesk(t, ApprovalAuto)
	key, _ := jose.FromSeed([32]byte{1})
	proof, _ := exchange.DPoPProof{Method: "POST", URL: fIssuer + TokenPath, JTI: "a", IssuedAt: fNow}.Sign(key)
	r := d.token(secretGrant, message.Field{Name: "DPoP", Value: proof})
	d.True(r.Status == 200 && member(r, "token_type") == "Bearer")
	d.Equal(len(d.s.Metadata().DPoPSigningAlgsSupported), 0)
}

// A shelf is where documents are fetched from, and how often that was.
type shelf struct {
	mu      sync.Mutex
	fetched int
	answer  func() (message.Response, error)
}

func (s *shelf) Fetch(DocumentRequest) (message.Response, error) {
	s.mu.Lock()
	s.fetched++
	s.mu.Unlock()
	return s.answer()
}

const documentID = "https://app.example/client.json"

func documentOf(more string, fields ...message.Field) func() (message.Response, error) {
	return func() (message.Response, error) {
		return message.Response{Status: 200, Header: append(message.Header{{Name: "Content-Type", Value: message.JSONType}}, fields...),
			Body: []byte(`{"client_id":"` + documentID + `","client_name":"App","redirect_uris":["` + redirectBack + `"]` + more + `}`)}, nil
	}
}

func newShelf(t *testing.T, more string) (*desk, *shelf) {
	d, w := newDesk(t, ApprovalAuto), &shelf{answer: documentOf(more)}
	d.s.cfg.Documents = NewDocuments(w, false)
	return d, w
}

// CM-11: one fetch for all who ask while it is under way, also when it fails;
// and a failure is nobody's after it.
func TestCM11_OneFetchForAllWhoAsk(t *testing.T) {
	for _, fails := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			is := is.New(t)
			come := make(chan struct{})
			w := &shelf{answer: func() (message.Response, error) {
				<-come
				if fails {
					return message.Response{}, errors.New("nothing listens there")
				}
				return documentOf("")()
			}}
			documents := NewDocuments(w, false)
			var names, errs [5]string
			var all sync.WaitGroup
			for i := range names {
				all.Go(func() {
					c, err := documents.find(fNow, documentID)
					names[i] = c.ClientName
					if err != nil {
						errs[i] = err.Error()
					}
				})
			}
			synctest.Wait() // until all of them wait
			close(come)
			all.Wait()
			is.Equal(w.fetched, 1) // one fetch
			for i := range names {
				is.Equal(names[i] == "App", !fails) // everybody has the client
				is.Equal(errs[i] != "", fails)      // or the reason why not
			}
			_, _ = documents.find(fNow, documentID)
			is.Equal(w.fetched, map[bool]int{false: 1, true: 2}[fails]) // what failed is not kept
		})
	}
}

// Section 4.4: what may not be kept is not, and what has expired goes.
func TestCM_HowLongADocumentIsKept(t *testing.T) {
	is := is.New(t)
	w := &shelf{answer: documentOf("", message.Field{Name: "Cache-Control", Value: "no-store"})}
	documents := NewDocuments(w, false)
	for range 2 {
		_, err := documents.find(fNow, documentID)
		is.NoErr(err) // it is there
	}
	is.True(w.fetched == 2 && documents.Len() == 0) // each time anew
	w.answer = documentOf("", message.Field{Name: "Cache-Control", Value: "max-age=60"})
	_, err := documents.find(fNow, documentID)
	is.NoErr(err)                                                       // this one is kept
	is.True(documents.Sweep(fNow.Add(time.Minute-1)) == 0)              // while it is fresh
	is.True(documents.Len() == 1)                                       //
	is.True(documents.Sweep(fNow.Add(time.Minute)) == 1)                // and no longer
	is.True(documents.Len() == 0)                                       // than that
	_, err = documents.find(fNow, "https://127.0.0.1/c.json")           // not on this network,
	is.True(err != nil && w.fetched == 3)                               // nothing is fetched for it
	is.True(!DocumentRequest{}.Admits(netip.MustParseAddr("10.0.0.1"))) // also when a public name leads there
}

// A document is written for many servers: what this one does not serve is left
// out, and what nobody consents to is not given.
func TestCM_WhatADocumentGets(t *testing.T) {
	for more, want := range map[string]struct{ scope, grants string }{
		``:                           {"mcp:read mcp:write", "authorization_code"},
		`,"scope":"mcp:admin other"`: {"mcp:admin", "authorization_code"},
		`,"scope":"other"`:           {"mcp:read", "authorization_code"},
		`,"scope":"mcp:write mcp:admin","grant_types":["authorization_code","client_credentials","urn:other"]`:              {"mcp:write", "authorization_code client_credentials"},
		`,"scope":"mcp:admin","grant_types":["authorization_code","client_credentials"]`:                                    {"mcp:read", "authorization_code client_credentials"},
		`,"scope":"mcp:write mcp:admin","grant_types":["authorization_code","urn:ietf:params:oauth:grant-type:jwt-bearer"]`: {"mcp:write", "authorization_code urn:ietf:params:oauth:grant-type:jwt-bearer"},
		`,"scope":"mcp:read \u0001"`: {"mcp:read mcp:write", "authorization_code"},
	} {
		d, _ := newShelf(t, more)
		d.s.grants = append(d.s.grants, oauth.GrantJWTBearer)
		c, err := d.s.client(d.now, documentID)
		d.NoErr(err)                                          // it makes a client
		d.Equal(c.Scope, want.scope)                          // with this scope
		d.Equal(strings.Join(c.GrantTypes, " "), want.grants) // and these grants
		d.True(c.Document && !c.Seeded)                       // which is known for what it is
	}
}

func TestCM_WhyADocumentIsNoClient(t *testing.T) {
	const grant = "grant_type=client_credentials&client_id=https%3A%2F%2Fapp.example%2Fclient.json"
	visit := func(d *desk) message.Response { return d.visit("https%3A%2F%2Fapp.example%2Fclient.json") }
	d, w := newShelf(t, "")
	w.answer = func() (message.Response, error) { return message.Response{}, errors.New("nothing listens there") }
	r := visit(d)
	d.True(r.Status == 400 && strings.Contains(string(r.Body), "could not be fetched") && strings.Contains(string(r.Body), "nothing listens there")) // people are told where it failed,
	d.refused(d.token(grant), oauth.InvalidClient)
	d.True(strings.Contains(member(d.token(grant), "error_description"), "could not be fetched") && !strings.Contains(string(d.token(grant).Body), "listens")) // clients only that it did
	w.answer = documentOf(`,"client_secret":"canary"`)
	r = visit(d)
	d.True(r.Status == 400 && strings.Contains(string(r.Body), "client_secret must not be") && !strings.Contains(string(r.Body), "canary"))
	d.refused(d.token(grant), oauth.InvalidClient)
	w.answer = documentOf(`,"token_endpoint_auth_method":"private_key_jwt","jwks_uri":"https://app.example/keys"`)
	key, _ := jose.FromSeed([32]byte{1})
	jwt, _ := exchange.ClientAssertion(key, documentID, fIssuer, "a", fNow)
	r = d.token(grant + "&client_assertion_type=" + strings.ReplaceAll(exchange.AssertionTypeJWT, ":", "%3A") + "&client_assertion=" + jwt)
	d.refused(r, oauth.InvalidClient)
	d.True(strings.Contains(member(r, "error_description"), "jwks_uri is not fetched")) // the keys must be in it
	d.s.cfg.TokenAuthMethods = []string{oauth.AuthNone}
	d.refused(d.token(grant), oauth.InvalidClient) // a way that is not served
	d.True(strings.Contains(string(visit(d).Body), "not served here"))
}

// RFC 6749 section 4.4: whoever proves nothing gets nothing in its own name,
// whatever its document says.
func TestCM_APublicDocumentHasNoNameOfItsOwn(t *testing.T) {
	d, w := newShelf(t, `,"grant_types":["authorization_code","client_credentials","urn:ietf:params:oauth:grant-type:jwt-bearer"]`)
	d.s.cfg.Trusted = []Trusted{{Issuer: "https://other.example", Users: true}}
	d.s.grants = d.s.usableGrants()
	const client = "&client_id=https%3A%2F%2Fapp.example%2Fclient.json"
	d.refused(d.token("grant_type=client_credentials"+client), oauth.UnauthorizedClient)
	key, _ := jose.FromSeed([32]byte{1})
	text, _ := exchange.Assertion{Type: exchange.TypeIDJAG, Issuer: "https://other.example", Subject: "a", Audience: fIssuer, ClientID: documentID, ExpiresAt: fNow.Add(time.Minute)}.Sign(key, fNow)
	d.refused(d.token("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="+text+client), oauth.UnauthorizedClient)
	w.answer = documentOf(`,"grant_types":["client_credentials"]`)
	d.now = d.now.Add(time.Hour)
	d.True(strings.Contains(d.visit("https%3A%2F%2Fapp.example%2Fclient.json").Header.Get("Location"), "error=unauthorized_client")) // no code for who did not ask for codes
}

// A server is made whole or not at all.
func TestWhatAServerIsMadeOf(t *testing.T) {
	good := Config{Issuer: fIssuer, Resources: []string{fResource}, Random: rand.Reader}
	for name, change := range map[string]func(*Config, *Tables){
		"no issuer":                     func(c *Config, _ *Tables) { c.Issuer = "" },
		"no resource":                   func(c *Config, _ *Tables) { c.Resources = nil },
		"no randomness":                 func(c *Config, _ *Tables) { c.Random = nil },
		"a bad resource":                func(c *Config, _ *Tables) { c.Resources = []string{fResource, "x#y"} },
		"a bad issuer":                  func(c *Config, _ *Tables) { c.Issuer = "http://[" },
		"an unknown method":             func(c *Config, _ *Tables) { c.TokenAuthMethods = []string{"tls_client_auth"} },
		"a method twice":                func(c *Config, _ *Tables) { c.TokenAuthMethods = []string{oauth.AuthNone, oauth.AuthNone} },
		"too long a life":               func(c *Config, _ *Tables) { c.Lifetimes.Refresh = LongestLifetime + 1 },
		"a life that is less than none": func(c *Config, _ *Tables) { c.Lifetimes.Access = -time.Second },
		"no table of names":             func(_ *Config, t *Tables) { t.Spent = nil },
		"no table of keys":              func(_ *Config, t *Tables) { t.Keys = nil },
		"neither of the two":            func(_ *Config, t *Tables) { t.Spent, t.Keys = nil, nil },
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			cfg, tables := good, MemoryTables(Limits{})
			change(&cfg, &tables)
			s, err := NewWith(cfg, tables)
			is.True(err != nil) // refused
			is.True(s == nil)   // and nothing is served
			if !strings.Contains(name, "table") && !strings.Contains(name, "two") {
				_, err = New(cfg)
				is.True(err != nil) // over its own tables, too
			}
		})
	}
	is := is.New(t)
	s, err := New(good)
	is.True(err == nil && s != nil) // and this is enough
}

// Metadata announces what is served: the ways of authentication decide
// (RFC 8414 section 2).
func TestWhatIsAnnouncedByTheMethods(t *testing.T) {
	is := is.New(t)
	of := func(methods []string, trusted ...Trusted) oauth.ServerMetadata {
		s, err := New(Config{Issuer: fIssuer, Resources: []string{fResource}, Random: rand.Reader, TokenAuthMethods: methods, Trusted: trusted})
		is.NoErr(err) // the server is made
		return s.Metadata()
	}
	all := of(nil)
	is.Equal(all.DeviceAuthorizationEndpoint, fIssuer+DevicePath)
	is.Equal(all.IntrospectionEndpoint, fIssuer+IntrospectPath)
	public := of([]string{oauth.AuthNone})
	is.Equal(public.IntrospectionEndpoint, "") // nobody could prove anything
	is.Equal(public.DeviceAuthorizationEndpoint, fIssuer+DevicePath)
	secret := of([]string{oauth.AuthBasic})
	is.Equal(secret.DeviceAuthorizationEndpoint, "") // devices are public
	is.Equal(secret.IntrospectionEndpoint, fIssuer+IntrospectPath)
	is.Equal(len(of(nil, Trusted{Issuer: "https://a.example"}).AuthorizationGrantProfiles), 0) // workloads bring no grants for users
	is.Equal(of(nil, Trusted{Issuer: "https://a.example"}, Trusted{Issuer: "https://b.example", Users: true}).AuthorizationGrantProfiles, []string{exchange.ProfileIDJAG})
}

// a sweep counts what it drops, of every kind.
func TestASweepCountsEveryKind(t *testing.T) {
	is := is.New(t)
	s, err := New(Config{Issuer: fIssuer, Resources: []string{fResource}, Seed: true, Random: rand.Reader, Approval: ApprovalAuto, Format: FormatJWT, DPoP: DPoPOptional})
	is.NoErr(err) // the server is made
	d := &desk{is, t, s, fNow}
	d.register(codeClient)
	d.redeem("dev-public-client", d.codeFor("dev-public-client"))
	d.s.Push(d.now, posted(PushPath, requestOf("dev-public-client")))
	d.enter(member(d.device("dev-public-client"), "user_code"))
	d.enter("BBBB-BBBB")
	key, _ := jose.FromSeed([32]byte{1})
	proof, _ := exchange.DPoPProof{Method: "POST", URL: fIssuer + TokenPath, JTI: "a", IssuedAt: fNow}.Sign(key)
	d.token(secretGrant, message.Field{Name: "DPoP", Value: proof})
	d.s.cfg.Approval = ApprovalManual
	d.visit("dev-public-client")
	all := 0
	for kind, n := range s.Records() {
		if n == 0 {
			t.Error("nothing is kept of " + kind)
		}
		all += n
	}
	is.Equal(s.Sweep(d.now), 0)                     // all of it lives
	is.Equal(s.Sweep(d.now.AddDate(10, 0, 0)), all) // and goes
	for kind, n := range s.Records() {
		if n != 0 {
			t.Error("something is left of " + kind)
		}
	}
}
