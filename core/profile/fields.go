// The members of a profile in the file: the original's 21, always there, and
// ours, there when set.
package profile

import (
	"fmt"
	"time"

	"mcp-auth/core/message"
)

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
		{name: "mcp_protocol_version", text: &p.Protocol, ours: true},
		{name: "client_refused_at", time: &p.ClientRefusedAt, ours: true},
		{name: "client_private_key", raw: &p.ClientKey, ours: true},
		{name: "dpop_private_key", raw: &p.DPoPKey, ours: true},
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
	if year := t.UTC().Year(); err != nil || year < 1 || year > 9999 {
		return fmt.Errorf("%s must be a time with an offset, such as 2026-05-01T12:00:00+00:00", f.name)
	}
	*f.time = t
	return nil
}
