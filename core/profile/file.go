// The text of the profile file: the original's, with members of ours beside.
package profile

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mcp-auth/core/message"
)

// Version of the file that is written. Files without one are the original's.
const Version = 1

// MaxFile is the longest file that is read, in bytes.
const MaxFile = 8 << 20

// A field is one member of a profile: its name and where it lies.
type field struct {
	name string
	text *string
	time *time.Time
	raw  *[]byte
	ours bool // not in the original's file: left out when empty
}

func (p *Profile) fields() []field {
	return []field{
		{name: "profile_id", text: &p.ID},
		{name: "resource_url", text: &p.ResourceURL},
		{name: "auth_mode", text: &p.AuthMode},
		{name: "issuer", text: &p.Issuer},
		{name: "authorization_server_metadata_url", text: &p.ServerMetadataURL},
		{name: "token_endpoint", text: &p.TokenEndpoint},
		{name: "authorization_endpoint", text: &p.AuthorizationEndpoint},
		{name: "device_authorization_endpoint", text: &p.DeviceEndpoint},
		{name: "registration_endpoint", text: &p.RegistrationEndpoint},
		{name: "access_token", text: &p.AccessToken},
		{name: "refresh_token", text: &p.RefreshToken},
		{name: "expires_at", time: &p.ExpiresAt},
		{name: "scope", text: &p.Scope},
		{name: "token_type", text: &p.TokenType},
		{name: "client_id", text: &p.ClientID},
		{name: "client_secret", text: &p.ClientSecret},
		{name: "token_endpoint_auth_method", text: &p.TokenEndpointAuthMethod},
		{name: "redirect_uri", text: &p.RedirectURI},
		{name: "dynamic_client_registration", raw: &p.DynamicClientRegistration},
		{name: "created_at", time: &p.CreatedAt},
		{name: "last_used_at", time: &p.LastUsedAt},
		{name: "name", text: &p.Name, ours: true},
		{name: "resource", text: &p.Resource, ours: true},
		{name: "requested_scope", text: &p.RequestedScope, ours: true},
		{name: "revocation_endpoint", text: &p.RevocationEndpoint, ours: true},
		{name: "introspection_endpoint", text: &p.IntrospectionEndpoint, ours: true},
	}
}

// timeForm is ISO 8601 with microseconds and offset, as the original writes.
const timeForm = "2006-01-02T15:04:05.000000-07:00"

func (f field) value() message.Value {
	switch {
	case f.text != nil && *f.text != "":
		return message.Str(*f.text)
	case f.time != nil && !f.time.IsZero():
		return message.Str(f.time.UTC().Format(timeForm))
	case f.raw != nil && len(*f.raw) > 0:
		if v, err := message.ParseJSON(*f.raw); err == nil {
			return v
		}
	}
	return message.NullValue()
}

func (f field) read(v message.Value) error {
	if v.Kind() <= message.Null {
		return nil
	}
	if f.raw != nil {
		*f.raw = v.Append(nil)
		return nil
	}
	s, ok := v.Text()
	if !ok {
		return fmt.Errorf("%s must be a string, not %s", f.name, v.Kind())
	}
	if f.text != nil {
		*f.text = s
		return nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return fmt.Errorf("%s is no time with an offset", f.name)
	}
	*f.time = t
	return nil
}

// Value is the profile as it stands in the file.
func (p Profile) Value() message.Value {
	var m []message.Member
	for _, f := range p.fields() {
		if v := f.value(); !f.ours || v.Kind() != message.Null {
			m = append(m, message.M(f.name, v))
		}
	}
	return message.Obj(append(m, p.Unknown...)...)
}

// Format writes a store.
func Format(s Store) []byte {
	profiles := make([]message.Value, len(s.Profiles))
	for i, p := range s.Profiles {
		profiles[i] = p.Value()
	}
	active := make([]message.Member, len(s.Active))
	for i, a := range s.Active {
		active[i] = message.M(a.ResourceURL, message.Str(a.ProfileID))
	}
	m := []message.Member{message.M("active_profiles", message.Obj(active...)), message.M("profiles", message.Arr(profiles...)),
		message.M("version", message.Num(Version))}
	return append(message.Obj(append(m, s.Unknown...)...).AppendSorted(nil, 2), '\n')
}

// Parse reads a store. Members it does not know are kept.
func Parse(data []byte) (Store, error) {
	var s Store
	if len(data) > MaxFile {
		return s, errors.New("the file is longer than 8 MiB")
	}
	v, err := message.ParseJSON(data)
	if err != nil {
		return s, err
	}
	if v.Kind() != message.Object {
		return s, errors.New("an object is wanted, not " + v.Kind().String())
	}
	if version, ok := v.Get("version").Int(); v.Get("version").Kind() != message.Missing && (!ok || version > Version) {
		return s, errors.New("the file was written by a later version of mcp-auth; update, or use another --cli-home")
	}
	for _, m := range v.Members() {
		switch m.Name {
		case "version":
		case "profiles":
			err = s.readProfiles(m.Value)
		case "active_profiles":
			err = s.readActive(m.Value)
		default:
			s.Unknown = append(s.Unknown, m)
		}
		if err != nil {
			return Store{}, err
		}
	}
	return s, nil
}

func (s *Store) readProfiles(v message.Value) error {
	if v.Kind() != message.Array {
		return errors.New("profiles must be an array, not " + v.Kind().String())
	}
	for i, e := range v.Elems() {
		p, err := readProfile(e)
		if err != nil {
			return fmt.Errorf("profile %d: %w", i+1, err)
		}
		s.Profiles = append(s.Profiles, p)
	}
	return nil
}

func readProfile(v message.Value) (Profile, error) {
	var p Profile
	if v.Kind() != message.Object {
		return p, errors.New("an object is wanted, not " + v.Kind().String())
	}
	fields := p.fields()
	for _, m := range v.Members() {
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == m.Name })
		if i < 0 {
			p.Unknown = append(p.Unknown, m)
			continue
		}
		if err := fields[i].read(m.Value); err != nil {
			return p, err
		}
	}
	if p.ID == "" || p.ResourceURL == "" {
		return p, errors.New("profile_id and resource_url are needed")
	}
	return p, nil
}

func (s *Store) readActive(v message.Value) error {
	if v.Kind() != message.Object {
		return errors.New("active_profiles must be an object, not " + v.Kind().String())
	}
	for _, m := range v.Members() {
		id, ok := m.Value.Text()
		if !ok {
			return errors.New("active_profiles must map URLs to profile ids")
		}
		s.Active = append(s.Active, Active{m.Name, id})
	}
	return nil
}

// Redacted is the profile for people: secrets show their first four
// characters and their length, in the registration answer as well.
func (p Profile) Redacted() message.Value {
	return redact(p.Value())
}

func redact(v message.Value) message.Value {
	if v.Kind() != message.Object {
		return v
	}
	var m []message.Member
	for _, e := range v.Members() {
		if s, ok := e.Value.Text(); ok && secretName(e.Name) {
			e.Value = message.Str(Mask(s))
		} else {
			e.Value = redact(e.Value)
		}
		m = append(m, e)
	}
	return message.Obj(m...)
}

func secretName(name string) bool {
	return strings.HasSuffix(name, "_token") || strings.HasSuffix(name, "_secret") || name == "client_secret"
}

// Mask shows the first four characters of a long secret, and its length.
func Mask(secret string) string {
	if len(secret) <= 8 {
		return strings.Repeat("*", len(secret))
	}
	return secret[:4] + "... (" + message.Decimal(int64(len(secret))) + " characters)"
}
