// What a login leaves behind.
package command

import (
	"crypto/rand"
	"encoding/hex"
	"strings"

	"mcp-auth/core/flow"
	"mcp-auth/core/message"
	"mcp-auth/core/profile"
)

// announce prints the registered client, once.
func (l *login) announce(r *flow.Login) {
	if l.announced || r.Client.Raw == nil {
		return
	}
	l.announced = true
	kind := map[string]string{flow.ModeAuthCode: "public", flow.ModeDevice: "device", flow.ModeClientCreds: "confidential"}[l.mode]
	l.say("Registered %s client %s", kind, r.Client.ClientID)
}

// save keeps the login as the active profile of the resource.
func (l *login) save(r flow.Login, used flow.Prover) error {
	id, err := newID()
	if err != nil {
		return err
	}
	p := l.profile(id, r)
	keepKeys(&p, used, strings.EqualFold(r.Token.TokenType, "DPoP"))
	if err := l.keeper.Update(func(s *profile.Store) error { id = s.Put(p); return nil }); err != nil {
		return err
	}
	p.ID = id
	if !l.document(l.outcome(p)) {
		l.say("Saved active profile %s for %s", id, l.url)
	}
	return nil
}

// outcome is the login for programs.
func (l *login) outcome(p profile.Profile) message.Value {
	return message.Obj(message.M("profile_id", message.Str(p.ID)), message.M("resource_url", message.Str(l.url)), message.M("auth_mode", message.Str(l.mode)),
		message.M("issuer", message.Str(p.Issuer)), message.M("client_id", message.Str(p.ClientID)), message.M("scope", message.Str(p.Scope)))
}

func newID() (string, error) {
	b := make([]byte, 16)
	_, err := rand.Read(b)
	return hex.EncodeToString(b), err
}

func (l *login) profile(id string, r flow.Login) profile.Profile {
	m := r.Server.Metadata
	p := profile.Profile{ID: id, ResourceURL: l.url, Resource: r.ResourceID, AuthMode: l.mode, Issuer: r.Server.Issuer, ServerMetadataURL: r.Server.MetadataURL,
		TokenEndpoint: m.TokenEndpoint, AuthorizationEndpoint: m.AuthorizationEndpoint, DeviceEndpoint: m.DeviceAuthorizationEndpoint,
		RegistrationEndpoint: m.RegistrationEndpoint, RevocationEndpoint: m.RevocationEndpoint, IntrospectionEndpoint: m.IntrospectionEndpoint,
		ClientID: r.Client.ClientID, ClientSecret: r.Client.ClientSecret, TokenEndpointAuthMethod: r.AuthMethod, RedirectURI: r.RedirectURI,
		DynamicClientRegistration: r.Client.Raw, RequestedScope: r.RequestedScope, CreatedAt: r.At}
	return p.Renewed(r.Token, r.At)
}
