// Tests of the store's rules: which profile is meant, what a login replaces,
// what people see.
package profile_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/oauth"
	"mcp-auth/core/profile"
)

func two() profile.Store {
	return profile.Store{
		Profiles: []profile.Profile{
			{ID: "abcd1111", Name: "work", ResourceURL: "https://h.example/mcp", Issuer: "https://as.example", ClientID: "c1"},
			{ID: "abcd2222", ResourceURL: "https://h.example/other", Issuer: "https://as.example", ClientID: "c1"},
		},
		Active: []profile.Active{{ResourceURL: "https://h.example/mcp", ProfileID: "abcd1111"}},
	}
}

func TestFind(t *testing.T) {
	for _, c := range []struct{ which, id, problem string }{
		{"abcd1111", "abcd1111", ""},
		{"work", "abcd1111", ""},
		{"abcd2", "abcd2222", ""},
		{"abcd", "", "more than one profile id begins with abcd"},
		{"abc", "", "Profile not found."}, // too short to be meant
		{"wor", "", "Profile not found."}, // a name is given whole
		{"", "", "Profile not found."},
		{"zzzz", "", "Profile not found."},
	} {
		t.Run(c.which, func(t *testing.T) {
			is := is.New(t)
			p, err := two().Find(c.which)
			is.Equal(p.ID, c.id) // the profile that is meant
			if c.problem == "" {
				is.NoErr(err) // and no error with it
			} else {
				is.Equal(err.Error(), c.problem) // the reason there is none
			}
		})
	}
}

func TestActiveForComparesAsRFC3986(t *testing.T) {
	for _, c := range []struct{ url, id, near string }{
		{"https://h.example/mcp", "abcd1111", ""},
		{"HTTPS://H.Example:443/mcp", "abcd1111", ""},
		{"https://h.example/mcp/", "", "https://h.example/mcp"},
		{"https://H.example/mcp/", "", "https://h.example/mcp"},
		{"https://h.example/MCP", "", ""},
		{"https://h.example:8443/mcp", "", ""},
		{"http://h.example/mcp", "", ""},
		{"https://h.example/other", "", ""}, // a profile, but not in use
	} {
		t.Run(c.url, func(t *testing.T) {
			is := is.New(t)
			p, near, ok := two().ActiveFor(c.url)
			is.Equal(ok, c.id != "") // found or not
			is.Equal(p.ID, c.id)     // the one in use
			is.Equal(near, c.near)   // or one that a slash tells apart
		})
	}
}

// C-23: a pointer that an edit left wrong never sends a token elsewhere.
func TestAnActiveProfileOfAnotherResourceIsNotUsed(t *testing.T) {
	is := is.New(t)
	s := two()
	s.Active = append(s.Active, profile.Active{ResourceURL: "https://evil.example/mcp", ProfileID: "abcd1111"},
		profile.Active{ResourceURL: "https://gone.example/mcp", ProfileID: "none"})
	_, _, ok := s.ActiveFor("https://evil.example/mcp")
	is.True(!ok) // the profile is for another resource
	_, _, ok = s.ActiveFor("https://gone.example/mcp")
	is.True(!ok) // the profile is gone
}

func TestPutReplacesTheSameLogin(t *testing.T) {
	is := is.New(t)
	s, before := two(), two()
	snapshot := s
	id := s.Put(profile.Profile{ID: "new", ResourceURL: "https://H.example:443/mcp", Issuer: "https://as.example", ClientID: "c1", AccessToken: "t", AuthMode: profile.ModeDevice})
	is.Equal(id, "abcd1111")                           // the id stays
	is.Equal(len(s.Profiles), 2)                       // no orphan
	is.Equal(s.Profiles[0].AccessToken, "t")           // the new token is kept
	is.Equal(s.Profiles[0].Name, "work")               // so is the name
	is.Equal(len(s.Active), 1)                         // one active profile a resource
	is.Equal(snapshot.Profiles[0], before.Profiles[0]) // a copy made before is untouched
	for i, p := range []profile.Profile{               //
		{ID: "n1", ResourceURL: "https://h.example/mcp", Issuer: "https://as.example", ClientID: "c2"},
		{ID: "n2", ResourceURL: "https://h.example/mcp", Issuer: "https://other.example", ClientID: "c1"},
		{ID: "n3", ResourceURL: "https://h.example/mcp/", Issuer: "https://as.example", ClientID: "c1"},
	} {
		is.Equal(s.Put(p), p.ID)       // another client, issuer or resource is another login
		is.Equal(len(s.Profiles), 3+i) // beside the others
		q, _, _ := s.ActiveFor(p.ResourceURL)
		is.Equal(q.ID, p.ID) // and in use
	}
}

// What is of no more use gives its place to the next login of its kind.
func TestPutReplacesWhatIsOfNoUse(t *testing.T) {
	for name, c := range map[string]struct {
		old  profile.Profile
		gone bool
	}{
		"in use":                       {profile.Profile{AccessToken: "t", ClientID: "c1"}, false},
		"its client is forgotten":      {profile.Profile{AccessToken: "t", ClientID: "c1", ClientRefusedAt: time.Unix(1, 0)}, true},
		"logged out":                   {profile.Profile{}, true},
		"logged out, its client kept":  {profile.Profile{ClientID: "c1"}, false},
		"forgotten, of another mode":   {profile.Profile{ClientID: "c1", ClientRefusedAt: time.Unix(1, 0), AuthMode: profile.ModeDevice}, false},
		"forgotten, of another issuer": {profile.Profile{ClientID: "c1", ClientRefusedAt: time.Unix(1, 0), Issuer: "https://other.example"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			c.old.ID, c.old.ResourceURL, c.old.DynamicClientRegistration = "old", "https://h.example/mcp", []byte(`{"client_id":"c1"}`)
			s := profile.Store{Profiles: []profile.Profile{c.old}}
			id := s.Put(profile.Profile{ID: "new", ResourceURL: "https://h.example/mcp", ClientID: "c2"})
			is.Equal(id == "old", c.gone)                                                           // its place is taken
			is.Equal(len(s.Profiles) == 1, c.gone)                                                  // or it stays
			p, _, _ := s.ActiveFor("https://h.example/mcp")                                         //
			is.Equal(p.ClientID, "c2")                                                              // the new login is in use
			is.Equal(p.DynamicClientRegistration == nil, true)                                      // without what another client was told
			is.True(p.ClientRefusedAt.IsZero() && p.ID == id)                                       // or what was said of it
			is.Equal(len(s.Others(p)) == 1, name == "in use" || !c.gone && c.old.AccessToken != "") // who holds tokens beside it
		})
	}
}

// RFC 6750 section 3.1: a token that is refused has expired, whatever was said
// of it.
func TestStates(t *testing.T) {
	is := is.New(t)
	now := time.Unix(1_777_636_800, 0)
	p := profile.Profile{}
	is.Equal(p.State(now), profile.OutOfUse) // nothing is held
	p.AccessToken = "a"
	is.Equal(p.State(now), profile.Valid)                       // good until it is refused
	is.Equal(p.TokenRefused(now).State(now), profile.Expired)   // then a login is needed
	is.True(!p.TokenRefused(now).Fresh(now))                    //
	p.ExpiresAt = now.Add(time.Hour)                            //
	is.Equal(p.TokenRefused(now).ExpiresAt, now)                // whatever was promised
	p.ExpiresAt = now.Add(-time.Hour)                           //
	is.Equal(p.TokenRefused(now).ExpiresAt, p.ExpiresAt)        // what was over stays as it is
	p.TokenEndpoint, p.ClientID, p.RefreshToken = "t", "c", "r" //
	is.Equal(p.State(now), profile.Refreshable)                 // the next call renews it
	p.ClientRefusedAt = now                                     //
	is.Equal(p.State(now), profile.Expired)                     // but not as a client that is unknown
	is.Equal(p.Renewed(oauth.Token{AccessToken: "b"}, now).State(now), profile.Valid)
	is.True(p.Renewed(oauth.Token{AccessToken: "b"}, now).ClientRefusedAt.IsZero()) // a token says that it is known again
	text := profile.Format(profile.Store{Profiles: []profile.Profile{{ID: "1", ResourceURL: "http://h", ClientRefusedAt: now}}})
	s, err := profile.Parse(text)
	is.NoErr(err)
	is.True(s.Profiles[0].ClientRefusedAt.Equal(now)) // it is kept
}

func TestDeleteLeavesNoPointer(t *testing.T) {
	is := is.New(t)
	s := two()
	s.Delete("abcd1111")
	is.Equal(len(s.Profiles), 1)                                              // it is gone
	is.Equal(len(s.Active), 0)                                                // and nothing names it
	is.Equal(s.Replace(profile.Profile{ID: "abcd1111"}), profile.ErrNotFound) // it cannot come back by an update
}

func TestOthersAreOfTheSameResource(t *testing.T) {
	is := is.New(t)
	s := two()
	for i := range s.Profiles {
		s.Profiles[i].AccessToken = "a"
	}
	is.Equal(len(s.Others(s.Profiles[0])), 0) // another resource's is none of them
	s.Profiles = append(s.Profiles, profile.Profile{ID: "abcd3333", ResourceURL: "https://h.example/mcp", AccessToken: "a"})
	is.Equal(len(s.Others(s.Profiles[0])), 1) // nor is the profile itself
}

func TestCleared(t *testing.T) {
	is := is.New(t)
	p := profile.Profile{ID: "1", AccessToken: "a", RefreshToken: "r", TokenType: "Bearer", Scope: "s", ExpiresAt: time.Unix(1, 0), RequestedScope: "s",
		ClientID: "c", ClientSecret: "x", DynamicClientRegistration: []byte(`{"client_secret":"x","registration_access_token":"y"}`), TokenEndpointAuthMethod: "none", ClientRefusedAt: time.Unix(2, 0)}
	is.True(p.Registered())                                                   // there is a registration to keep
	is.True(!p.Cleared(false).Registered())                                   // or to drop
	is.Equal(p.Cleared(false), profile.Profile{ID: "1", RequestedScope: "s"}) // nothing secret stays
	kept := p.Cleared(true)
	is.Equal(kept.ClientSecret, "x")                 // the registration stays when asked for
	is.Equal(kept.AccessToken+kept.RefreshToken, "") // the tokens never
}

func TestFreshAndRenewable(t *testing.T) {
	is := is.New(t)
	now := time.Unix(1_777_636_800, 0)
	p := profile.Profile{AccessToken: "a"}
	is.True(p.Fresh(now)) // no expiry stated
	p.ExpiresAt = now.Add(profile.Leeway + time.Second)
	is.True(p.Fresh(now)) // good for longer than the leeway
	p.ExpiresAt = now.Add(profile.Leeway)
	is.True(!p.Fresh(now))                 // about to expire
	is.True(!profile.Profile{}.Fresh(now)) // no token
	is.True(!p.Renewable())                // no refresh token
	p.TokenEndpoint, p.ClientID, p.RefreshToken = "https://t", "c", "r"
	is.True(p.Renewable()) // by refresh token
	p.RefreshToken = ""
	is.True(!p.Renewable()) // a public client has nothing else
	p.ClientSecret, p.AuthMode = "s", profile.ModeClientCreds
	is.True(p.Renewable()) // client credentials ask again
}

func TestRenewedNeverLiesInThePast(t *testing.T) {
	is := is.New(t)
	now := time.Unix(1_777_636_800, 0)
	p := profile.Profile{ExpiresAt: now.Add(-time.Hour)}
	is.True(p.Renewed(oauth.Token{AccessToken: "a"}, now).Fresh(now)) // no expires_in: the old expiry does not stay
	for _, n := range []int64{60, math.MaxInt32, math.MaxInt64} {
		q := p.Renewed(oauth.Token{AccessToken: "a", ExpiresIn: n}, now)
		is.True(q.Fresh(now)) // however large the number
		s, err := profile.Parse(profile.Format(profile.Store{Profiles: []profile.Profile{{ID: "1", ResourceURL: "http://h", ExpiresAt: q.ExpiresAt}}}))
		is.NoErr(err)                                       // the file stays readable
		is.True(s.Profiles[0].ExpiresAt.Equal(q.ExpiresAt)) // with the same time
	}
}

// PF-10: nothing that people are shown holds a secret.
func TestPF10NoSecretIsShown(t *testing.T) {
	is := is.New(t)
	secrets := []string{"access-canary-0001", "refresh-canary-0002", "client-canary-0003", "array-canary-0006", "registration-canary-0004", "98765432101234", "password-canary-0005"}
	p := profile.Profile{ID: "1", ResourceURL: "http://h/mcp", AccessToken: secrets[0], RefreshToken: secrets[1], ClientSecret: secrets[2],
		DynamicClientRegistration: []byte(`{"client_secret":"` + secrets[2] + `","registration_access_token":"` + secrets[4] + `","client_id":"public-id",
			"registration_client_uri":"http://h/r?t=` + secrets[4] + `","x":[{"id_token":[{"raw":"` + secrets[3] + `"}]}],"admin_secret":` + secrets[5] + `,"Password":"` + secrets[6] + `"}`)}
	text := string(p.Redacted().AppendSorted(nil, 2))
	for _, s := range secrets {
		is.True(!strings.Contains(text, s)) // no secret in what is shown
	}
	is.True(strings.Contains(text, `"access_token": "acce... (18 characters)"`)) // the beginning and the length are
	is.True(strings.Contains(text, `"client_id": "public-id"`))                  // what is no secret stays readable
	is.True(strings.Contains(text, `"resource_url": "http://h/mcp"`))            // that as well
	is.Equal(profile.Mask("12345678"), "********")                               // a short one shows nothing
	is.Equal(profile.Mask("ééééééééé"), "éééé... (9 characters)")                // characters, not bytes
}
