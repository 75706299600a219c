// The rules of the store: which profile is meant, which one a login replaces.
package profile

import (
	"errors"
	"slices"
	"strings"
	"time"

	"mcp-auth/core/oauth"
)

// ErrNotFound says that no profile is meant.
var ErrNotFound error = notFound{}

// notFound keeps the sentence of the original program.
type notFound struct{}

func (notFound) Error() string { return "Profile not found." }

// Find finds a profile by id, name, or the unique beginning of an id.
func (s Store) Find(which string) (Profile, error) {
	var begins []Profile
	for _, p := range s.Profiles {
		if p.ID == which || p.Name != "" && p.Name == which {
			return p, nil
		}
		if len(which) >= 4 && strings.HasPrefix(p.ID, which) {
			begins = append(begins, p)
		}
	}
	if len(begins) == 1 {
		return begins[0], nil
	}
	if len(begins) > 1 {
		return Profile{}, errors.New("more than one profile id begins with " + which)
	}
	return Profile{}, ErrNotFound
}

// SameURL compares resource URLs: scheme and host without case, a default
// port left out, all else byte for byte.
func SameURL(a, b string) bool { return oauth.SameResource(a, b) }

// ActiveFor finds the profile in use for a resource. near is a URL that has
// one and differs by a slash alone.
func (s Store) ActiveFor(resourceURL string) (p Profile, near string, ok bool) {
	for _, a := range s.Active {
		if SameURL(a.ResourceURL, resourceURL) {
			i := slices.IndexFunc(s.Profiles, func(p Profile) bool { return p.ID == a.ProfileID })
			if i >= 0 && SameURL(s.Profiles[i].ResourceURL, resourceURL) {
				return s.Profiles[i], "", true
			}
		}
		if SameURL(strings.TrimSuffix(a.ResourceURL, "/"), strings.TrimSuffix(resourceURL, "/")) {
			near = a.ResourceURL
		}
	}
	return Profile{}, near, false
}

// Put stores a login and makes it the active one. It takes the place of the
// profile for the same resource, issuer and client, else of one that is of no
// more use there, keeping that one's id, so that no login is left behind that
// nothing points to. It returns the id.
func (s *Store) Put(p Profile) string {
	at := func(o Profile) bool { return SameURL(o.ResourceURL, p.ResourceURL) && o.Issuer == p.Issuer }
	i := slices.IndexFunc(s.Profiles, func(o Profile) bool { return at(o) && o.ClientID == p.ClientID })
	if i < 0 {
		i = slices.IndexFunc(s.Profiles, func(o Profile) bool { return at(o) && o.AuthMode == p.AuthMode && o.useless() })
	}
	if i < 0 {
		s.Profiles = append(slices.Clone(s.Profiles), p)
	} else {
		p = p.inPlaceOf(s.Profiles[i])
		s.Profiles = slices.Clone(s.Profiles)
		s.Profiles[i] = p
	}
	s.Activate(p.ResourceURL, p.ID)
	return p.ID
}

func (p Profile) inPlaceOf(old Profile) Profile {
	p.ID, p.CreatedAt, p.Unknown = old.ID, old.CreatedAt, old.Unknown
	if p.Name == "" {
		p.Name = old.Name
	}
	if p.DynamicClientRegistration == nil && p.ClientID == old.ClientID {
		p.DynamicClientRegistration = old.DynamicClientRegistration
	}
	return p
}

// useless reports whether nothing can come of a profile any more: the server
// has forgotten its client, or a logout has taken all it had.
func (p Profile) useless() bool {
	return !p.ClientRefusedAt.IsZero() || p.LoggedOut() && p.ClientID == ""
}

// Others returns the other profiles of a profile's resource that hold tokens.
func (s Store) Others(p Profile) (all []Profile) {
	for _, o := range s.Profiles {
		if o.ID != p.ID && SameURL(o.ResourceURL, p.ResourceURL) && !o.LoggedOut() {
			all = append(all, o)
		}
	}
	return all
}

// Replace writes a profile back where it was.
func (s *Store) Replace(p Profile) error {
	i := slices.IndexFunc(s.Profiles, func(o Profile) bool { return o.ID == p.ID })
	if i < 0 {
		return ErrNotFound
	}
	s.Profiles = slices.Clone(s.Profiles)
	s.Profiles[i] = p
	return nil
}

// Activate makes a profile the one in use for a resource.
func (s *Store) Activate(resourceURL, id string) {
	s.Active = slices.DeleteFunc(slices.Clone(s.Active), func(a Active) bool { return SameURL(a.ResourceURL, resourceURL) })
	s.Active = append(s.Active, Active{resourceURL, id})
}

// Delete removes a profile and whatever points to it.
func (s *Store) Delete(id string) {
	s.Profiles = slices.DeleteFunc(slices.Clone(s.Profiles), func(p Profile) bool { return p.ID == id })
	s.Active = slices.DeleteFunc(slices.Clone(s.Active), func(a Active) bool { return a.ProfileID == id })
}

// Cleared is the profile without what a logout takes away; keepClient leaves
// the client's registration.
func (p Profile) Cleared(keepClient bool) Profile {
	p.AccessToken, p.RefreshToken, p.TokenType, p.Scope, p.ExpiresAt, p.DPoPKey = "", "", "", "", time.Time{}, nil
	if !keepClient {
		p.ClientRefusedAt = time.Time{}
		p.ClientID, p.ClientSecret, p.DynamicClientRegistration, p.TokenEndpointAuthMethod, p.ClientKey = "", "", nil, "", nil
	}
	return p
}

// Leeway is how long before its expiry a token is no longer used.
const Leeway = 30 * time.Second

// Fresh reports whether the access token can be used at now.
func (p Profile) Fresh(now time.Time) bool {
	return p.AccessToken != "" && (p.ExpiresAt.IsZero() || p.ExpiresAt.After(now.Add(Leeway)))
}

// TokenRefused is the profile after the resource would not take the token,
// whatever its expiry says: it has expired (RFC 6750 section 3.1).
func (p Profile) TokenRefused(now time.Time) Profile {
	if p.ExpiresAt.IsZero() || p.ExpiresAt.After(now) {
		p.ExpiresAt = now
	}
	return p
}

// Registered reports whether the client was registered dynamically.
func (p Profile) Registered() bool { return len(p.DynamicClientRegistration) > 0 }

// LoggedOut reports whether the profile holds no token.
func (p Profile) LoggedOut() bool { return p.AccessToken == "" && p.RefreshToken == "" }

// States of a profile, in one word.
const (
	Valid       = "valid"       // its token can be used
	Refreshable = "refreshable" // its token has expired; a new one can be had without the user
	Expired     = "expired"     // only a login helps
	OutOfUse    = "logged-out"  // it holds no token
)

// State is what a profile is good for at now, by what is stored.
func (p Profile) State(now time.Time) string {
	switch {
	case p.LoggedOut():
		return OutOfUse
	case p.Fresh(now):
		return Valid
	case p.Renewable() && p.ClientRefusedAt.IsZero():
		return Refreshable
	}
	return Expired
}

// Renewable reports whether a new access token can be had without the user.
func (p Profile) Renewable() bool {
	return p.TokenEndpoint != "" && (p.RefreshToken != "" && p.ClientID != "" ||
		p.AuthMode == ModeClientCreds && p.ClientID != "" && (p.ClientSecret != "" || len(p.ClientKey) > 0))
}

// longest is how far ahead an expiry is believed: a server may send any
// number, and a time beyond a Duration would lie in the past.
const longest = 100 * 365 * 24 * time.Hour

// Renewed is the profile with a new token that came at now.
func (p Profile) Renewed(t oauth.Token, now time.Time) Profile {
	p.AccessToken, p.RefreshToken, p.TokenType, p.Scope = t.AccessToken, t.RefreshToken, t.TokenType, t.Scope
	p.ExpiresAt, p.ClientRefusedAt = time.Time{}, time.Time{}
	if t.ExpiresIn > 0 {
		p.ExpiresAt = now.Add(time.Duration(min(t.ExpiresIn, int64(longest/time.Second))) * time.Second)
	}
	p.LastUsedAt = now
	return p
}

// ResourceToSend is the resource identifier of token requests; "" towards a
// server without metadata, one of MCP 2025-03-26, which knows no resource
// parameter. The original program keeps no identifier.
func (p Profile) ResourceToSend() string {
	switch {
	case p.Resource == "":
		return p.ResourceURL
	case p.ServerMetadataURL == "":
		return ""
	}
	return p.Resource
}
