package profile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/profile"
)

// PF-10: how a secret is shown, wherever a server put it, and a copy of it.
func TestPF10HowASecretIsShown(t *testing.T) {
	is := is.New(t)
	p := profile.Profile{ID: "1", ResourceURL: "http://h/mcp", AccessToken: "12345678", RefreshToken: "12345678-and-more",
		DynamicClientRegistration: []byte(`{"admin_secret":98765432101234,"plain":[1,true,null,"x"],"list":[{"initial_token":"long-in-a-list"}],"copies":["12345678-and-more","a 12345678 b","see long-in-a-list"],"port":12345678}`)}
	v := p.Redacted()
	r := v.Get("dynamic_client_registration")
	is.Equal(string(r.Get("admin_secret").Append(nil)), `"9876... (14 characters)"`) // a number is one, too
	is.Equal(string(r.Get("plain").Append(nil)), `[1,true,null,"x"]`)                // what is none stays as it is
	is.Equal(string(r.Get("port").Append(nil)), "12345678")                          // a number is no copy of a text
	is.Equal(string(r.Get("copies").Append(nil)), `["1234... (17 characters)","a ******** b","see long... (14 characters)"]`)
}

func TestARenewalIsWrittenWhereItWas(t *testing.T) {
	is := is.New(t)
	s := two()
	before := s
	now := time.Unix(1_777_636_800, 0)
	for i, p := range s.Profiles {
		q := p.Renewed(oauth.Token{AccessToken: "a", RefreshToken: "r", TokenType: "DPoP", Scope: "s", ExpiresIn: 60}, now)
		is.True(q.ExpiresAt.Equal(now.Add(time.Minute)) && q.LastUsedAt.Equal(now)) // as long as the server said
		is.Equal([4]string{q.AccessToken, q.RefreshToken, q.TokenType, q.Scope}, [4]string{"a", "r", "DPoP", "s"})
		is.NoErr(s.Replace(q))                       // each of them, the first one too
		is.Equal(s.Profiles[i], q)                   // is in its place
		is.Equal(before.Profiles[i].AccessToken, "") // and a copy made before is untouched
	}
	is.Equal(len(s.Profiles), 2)
}

// A login with the same client keeps what is known of the client.
func TestPutKeepsTheClient(t *testing.T) {
	is := is.New(t)
	s := two()
	s.Profiles[0].DynamicClientRegistration = []byte(`{"client_id":"c1"}`)
	again := profile.Profile{ID: "new", ResourceURL: "https://h.example/mcp", Issuer: "https://as.example", ClientID: "c1"}
	s.Put(again)
	is.Equal(string(s.Profiles[0].DynamicClientRegistration), `{"client_id":"c1"}`) // its registration
	again.DynamicClientRegistration, again.Name = []byte(`{"client_id":"c1","new":1}`), "home"
	s.Put(again)
	is.Equal(string(s.Profiles[0].DynamicClientRegistration), `{"client_id":"c1","new":1}`) // unless it is said anew
	is.Equal(s.Profiles[0].Name, "home")
}

// What renews a login without the user: a refresh token, or a service's own
// credentials, whole.
func TestWhatIsRenewable(t *testing.T) {
	for name, c := range map[string]struct {
		p    profile.Profile
		want bool
	}{
		"refresh token":               {profile.Profile{TokenEndpoint: "t", ClientID: "c", RefreshToken: "r"}, true},
		"no token endpoint":           {profile.Profile{ClientID: "c", RefreshToken: "r"}, false},
		"no client":                   {profile.Profile{TokenEndpoint: "t", RefreshToken: "r"}, false},
		"service with a secret":       {profile.Profile{TokenEndpoint: "t", ClientID: "c", ClientSecret: "s", AuthMode: profile.ModeClientCreds}, true},
		"service with a key":          {profile.Profile{TokenEndpoint: "t", ClientID: "c", ClientKey: []byte("{}"), AuthMode: profile.ModeClientCreds}, true},
		"service without either":      {profile.Profile{TokenEndpoint: "t", ClientID: "c", AuthMode: profile.ModeClientCreds}, false},
		"service without a name":      {profile.Profile{TokenEndpoint: "t", ClientSecret: "s", AuthMode: profile.ModeClientCreds}, false},
		"user's client with a secret": {profile.Profile{TokenEndpoint: "t", ClientID: "c", ClientSecret: "s", AuthMode: profile.ModeAuthCode}, false},
		"user's client with a key":    {profile.Profile{TokenEndpoint: "t", ClientID: "c", ClientKey: []byte("{}"), AuthMode: profile.ModeAuthCode}, false},
	} {
		t.Run(name, func(t *testing.T) { is.New(t).Equal(c.p.Renewable(), c.want) })
	}
}

// RFC 8707 section 2: the identifier that the resource gave itself is sent;
// where the original program kept none, the URL that was asked for. A server
// without metadata is one of MCP 2025-03-26: it is sent none.
func TestWhichResourceIsSent(t *testing.T) {
	is := is.New(t)
	is.Equal(profile.Profile{ResourceURL: "https://h/mcp"}.ResourceToSend(), "https://h/mcp")
	is.Equal(profile.Profile{ResourceURL: "https://h/mcp", Resource: "https://h", ServerMetadataURL: "https://as/m"}.ResourceToSend(), "https://h")
	is.Equal(profile.Profile{ResourceURL: "https://h/mcp", Resource: "https://h/mcp"}.ResourceToSend(), "")
}

// The bounds of the file: 8 MiB, and the years that its times can be written
// in.
func TestTheBoundsOfTheFile(t *testing.T) {
	is := is.New(t)
	fill := func(n int) []byte { return []byte("{}" + strings.Repeat(" ", n-2)) }
	_, err := profile.Parse(fill(profile.MaxFile))
	is.NoErr(err) // as long as it may be
	_, err = profile.Parse(fill(profile.MaxFile + 1))
	is.True(err != nil) // and no longer
	for at, good := range map[string]bool{"0001-01-01T00:00:00Z": true, "0000-12-31T23:59:59Z": false, "9999-12-31T23:59:59.999999Z": true, "9999-12-31T23:59:59-01:00": false} {
		s, err := profile.Parse([]byte(`{"profiles":[{"profile_id":"1","resource_url":"http://h","created_at":"` + at + `"}]}`))
		is.Equal(err == nil, good) // a year of four digits, in UTC
		if good {
			again, err := profile.Parse(profile.Format(s))
			is.True(err == nil && again.Profiles[0].CreatedAt.Equal(s.Profiles[0].CreatedAt)) // which reads as it was
		}
	}
	text := profile.Format(profile.Store{Profiles: []profile.Profile{{ID: "1", ResourceURL: "http://h", ClientKey: []byte{}, DynamicClientRegistration: []byte("no JSON")}}})
	v, err := message.ParseJSON(text)
	is.NoErr(err)                                                                                  // whatever is kept, the file is JSON
	is.Equal(v.Get("profiles").Elems()[0].Get("dynamic_client_registration").Kind(), message.Null) // what is none is left out
	_, err = two().Find("abcd1")
	is.NoErr(err) // the beginning of one id
}
