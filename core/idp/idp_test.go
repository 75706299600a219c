package idp_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/exchange"
	"mcp-auth/core/idp"
	"mcp-auth/core/jose"
	"mcp-auth/core/keyring"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/table"
)

const (
	server   = "https://as.example"
	issuer   = server + idp.Path
	resource = "https://mcp.example/mcp"
	client   = "&client_id=c&client_secret=s"
)

var now = time.Unix(1e9, 0)

// dry is randomness that fails at one read, counted from 1.
type dry struct{ at, reads int }

func (r *dry) Read(b []byte) (int, error) {
	if r.reads++; r.reads == r.at {
		return 0, errors.New("no randomness")
	}
	return rand.Read(b)
}

func provider() (*idp.Provider, *table.Fault, *dry) {
	f, r := &table.Fault{}, &dry{}
	keys := table.Faulty[[]keyring.Key]{Table: table.NewMemory[[]keyring.Key](10), Fault: f}
	return &idp.Provider{Issuer: issuer, Server: server, User: "u", Clients: []idp.Client{{ID: "other", Secret: "o"}, {ID: "c", Secret: "s"}},
		Keys: &keyring.Ring{Name: "idp", Keys: keys, Random: r, Every: 24 * time.Hour, Keep: idp.IDTokenLife}, Random: r}, f, r
}

func post(body string) message.Request {
	return message.Request{Method: "POST", Body: []byte(body), Header: message.Header{{Name: "Content-Type", Value: message.FormType}}}
}

func text(r message.Response, name string) string {
	v, _ := message.ParseJSON(r.Body)
	s, _ := v.Get(name).Text()
	return s
}

// swap is an exchange of an ID token for a grant; changes replace parameters.
func swap(token string, changes ...string) message.Request {
	all := map[string]string{"grant_type": oauth.GrantTokenExchange, "requested_token_type": exchange.TokenTypeIDJAG, "subject_token_type": exchange.TokenTypeIDToken,
		"subject_token": token, "audience": server, "resource": resource, "scope": "mcp:read", "client_id": "c", "client_secret": "s"}
	for i := 0; i < len(changes); i += 2 {
		all[changes[i]] = changes[i+1]
	}
	var f message.Form
	for name, value := range all {
		if value != "" {
			f.Add(name, value)
		}
	}
	return post(f.Encode())
}

func keys(t *testing.T, p *idp.Provider) []jose.PublicKey {
	t.Helper()
	all, err := exchange.ParseKeys(string(p.JWKS(now).Body))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// The ID token and the grant say what their specifications want, of this
// provider, for one client and one authorization server.
func TestWhatIsSigned(t *testing.T) {
	is := is.New(t)
	p, _, _ := provider()
	r := p.IDToken(now, post("client_id=c"))
	is.Equal(r.Status, 200) // the user is signed in
	id, err := exchange.ReadAssertion(text(r, "id_token"), now, idp.IDTokenLife, keys(t, p))
	is.NoErr(err)                                                   // OpenID Connect Core section 2
	is.True(id.Issuer == issuer && id.Audience == "c")              // for this client
	is.True(id.Subject == "u" && id.JTI != "")                      // of the user
	is.True(id.ExpiresAt.Equal(now.Add(idp.IDTokenLife)))           // for an hour
	r = p.Token(now, swap(text(r, "id_token")))                     //
	is.Equal(r.Status, 200)                                         // RFC 8693 section 2.2.1
	is.Equal(text(r, "issued_token_type"), exchange.TokenTypeIDJAG) // a grant
	is.Equal(text(r, "token_type"), "N_A")                          // and no access token
	is.Equal(text(r, "scope"), "mcp:read")                          //
	v, _ := message.ParseJSON(r.Body)
	life, _ := v.Get("expires_in").Number()
	is.Equal(life, "300") // seconds
	g, err := exchange.ReadAssertion(text(r, "access_token"), now, idp.GrantLife, keys(t, p))
	is.NoErr(err)                                                                                     // signed
	is.True(g.Type == exchange.TypeIDJAG && g.Issuer == issuer && g.Audience == server)               // for the authorization server alone
	is.True(g.Subject == "u" && g.ClientID == "c" && g.Resource == resource && g.Scope == "mcp:read") // of what was asked
	is.True(g.JTI != "" && g.JTI != id.JTI)                                                           // and once
	is.True(g.ExpiresAt.Equal(now.Add(idp.GrantLife)))
	m := p.Metadata()
	is.Equal(text(m, "issuer"), issuer)
	is.Equal(text(m, "token_endpoint"), server+idp.TokenPath)
	is.Equal(text(m, "jwks_uri"), server+idp.KeysPath)
}

// Nothing is exchanged for what is not this provider's ID token for this
// client, and each refusal has the code of its RFC.
func TestWhatIsRefused(t *testing.T) {
	p, _, _ := provider()
	id := text(p.IDToken(now, post("client_id=c")), "id_token")
	others := text(p.IDToken(now, post("client_id=other")), "id_token")
	grant := text(p.Token(now, swap(id)), "access_token")
	twin, _, _ := provider()
	twin.Issuer, twin.Keys = "https://idp.example", p.Keys
	foreign := text(twin.IDToken(now, post("client_id=c")), "id_token") // signed with the same keys
	twin.Issuer = issuer
	for name, c := range map[string]struct {
		m      message.Request
		status int
		code   string
	}{
		"no grant type":             {swap(id, "grant_type", ""), 400, oauth.InvalidRequest},
		"another grant type":        {swap(id, "grant_type", oauth.GrantRefreshToken), 400, oauth.UnsupportedGrantType},
		"another token wanted":      {swap(id, "requested_token_type", exchange.TokenTypeIDToken), 400, oauth.InvalidRequest},
		"another token shown":       {swap(id, "subject_token_type", exchange.TokenTypeIDJAG), 400, oauth.InvalidRequest},
		"another server":            {swap(id, "audience", "https://other.example"), 400, oauth.InvalidTarget},
		"no server":                 {swap(id, "audience", ""), 400, oauth.InvalidTarget},
		"no resource":               {swap(id, "resource", ""), 400, oauth.InvalidTarget},
		"a resource with fragment":  {swap(id, "resource", resource+"#x"), 400, oauth.InvalidTarget},
		"no token":                  {swap("x"), 400, oauth.InvalidRequest},
		"another client's token":    {swap(others), 400, oauth.InvalidRequest},
		"another provider's token":  {swap(foreign), 400, oauth.InvalidRequest},
		"a grant for an ID token":   {swap(grant), 400, oauth.InvalidRequest},
		"a wrong secret":            {swap(id, "client_secret", "x"), 401, oauth.InvalidClient},
		"another client's secret":   {swap(id, "client_secret", "o"), 401, oauth.InvalidClient},
		"no secret":                 {swap(id, "client_secret", ""), 401, oauth.InvalidClient},
		"an unknown client":         {swap(id, "client_id", "x"), 401, oauth.InvalidClient},
		"no form":                   {message.Request{Method: "POST", Body: []byte("{}"), Header: message.Header{{Name: "Content-Type", Value: message.JSONType}}}, 415, oauth.InvalidRequest},
		"a parameter that is twice": {post(string(swap(id).Body) + "&audience=x"), 400, oauth.InvalidRequest},
	} {
		r := p.Token(now, c.m)
		if r.Status != c.status || text(r, "error") != c.code || text(r, "access_token") != "" {
			t.Errorf("%s: %d %s", name, r.Status, r.Body)
		}
	}
	is := is.New(t)
	wrong := p.Token(now, message.Request{Method: "POST", Body: []byte("grant_type=x"), Header: message.Header{{Name: "Content-Type", Value: message.FormType}, {Name: "Authorization", Value: message.BasicHeader("c", "x")}}})
	is.True(wrong.Status == 401 && strings.HasPrefix(wrong.Header.Get("WWW-Authenticate"), "Basic")) // RFC 6749 section 5.2
	is.Equal(p.Token(now.Add(idp.IDTokenLife), swap(id)).Status, 400)                                // the ID token is over
	r := p.IDToken(now, post("client_id=x"))
	is.True(text(r, "error") == oauth.InvalidClient && text(r, "id_token") == "") // no token for who is unknown
	is.True(p.IDToken(now, post("")).Status >= 400)                               // or says nothing
}

// A client that a key proves elsewhere is not proven here: the provider takes
// secrets alone, as its metadata says.
func TestAnAssertionProvesNobodyHere(t *testing.T) {
	is := is.New(t)
	p, _, _ := provider()
	p.Clients[1].Secret = ""
	id := text(p.IDToken(now, post("client_id=c")), "id_token")
	r := p.Token(now, swap(id, "client_secret", "", "client_assertion_type", exchange.AssertionTypeJWT, "client_assertion", "x.y.z"))
	is.Equal(text(r, "error"), oauth.InvalidClient)
}

// whatever fails, nothing is issued, the answer says to come again, and
// then it works.
func TestR16_FaultsOfTheProvider(t *testing.T) {
	for name, send := range map[string]func(p *idp.Provider, id string) message.Response{
		"keys":     func(p *idp.Provider, _ string) message.Response { return p.JWKS(now) },
		"ID token": func(p *idp.Provider, _ string) message.Response { return p.IDToken(now, post("client_id=c")) },
		"grant":    func(p *idp.Provider, id string) message.Response { return p.Token(now, swap(id)) },
	} {
		for at := 1; ; at++ {
			p, f, _ := provider()
			id := ""
			if name == "grant" {
				id = text(p.IDToken(now, post("client_id=c")), "id_token")
			}
			f.Calls()
			f.At.Store(int64(at))
			r := send(p, id)
			f.At.Store(0)
			if f.Calls() < int64(at) {
				if at < 2 {
					t.Fatal(name, ": the storage was not asked")
				}
				break
			}
			told(t, name, r)
			if again := send(p, id); again.Status != 200 {
				t.Fatalf("%s: storage call %d failed, and then: %d %s", name, at, again.Status, again.Body)
			}
		}
		for at := 1; ; at++ {
			p, _, random := provider()
			id := ""
			if name == "grant" {
				id = text(p.IDToken(now, post("client_id=c")), "id_token")
			}
			random.reads, random.at = 0, at
			r := send(p, id)
			if random.reads < at {
				break
			}
			told(t, name, r)
			if again := send(p, id); again.Status != 200 {
				t.Fatalf("%s: randomness %d failed, and then: %d %s", name, at, again.Status, again.Body)
			}
		}
	}
}

func told(t *testing.T, name string, r message.Response) {
	t.Helper()
	if r.Status != 503 || text(r, "error") != oauth.TemporarilyUnavailable || r.Header.Get("Retry-After") != "1" || text(r, "access_token")+text(r, "id_token") != "" {
		t.Fatalf("%s: something failed, and the answer is %d %s", name, r.Status, r.Body)
	}
}
