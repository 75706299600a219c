// What a login leaves behind.
package command

import (
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strings"

	"mcp-auth/core/flow"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/profile"
)

// announce prints the registered client, once.
func (l *login) announce(r *flow.Login) {
	if l.announced || r.Client.Raw == nil {
		return
	}
	l.announced = true
	kind := map[string]string{flow.ModeAuthCode: "public", flow.ModeDevice: "device", flow.ModeClientCreds: "confidential"}[l.mode]
	if kind == "public" && r.Client.ClientSecret != "" && r.Client.TokenEndpointAuthMethod != oauth.AuthNone {
		kind = "confidential" // the server takes no others
	}
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
	var others []profile.Profile
	if err := l.keeper.Update(func(s *profile.Store) error {
		id = s.Put(p)
		p.ID = id
		others = s.Others(p)
		return nil
	}); err != nil {
		return err
	}
	if !l.document(l.outcome(p)) {
		l.say("Saved active profile %s for %s", id, l.url)
	}
	if l.register && slices.ContainsFunc(others, func(o profile.Profile) bool {
		return o.Issuer == p.Issuer && o.AuthMode == p.AuthMode && o.Registered()
	}) {
		tellOthers(l.Notice, others, l.url)
	}
	return nil
}

// tellOthers says which other profiles of a resource hold tokens: they stay
// until somebody clears them.
func tellOthers(tell func(string, ...any), others []profile.Profile, url string) {
	if len(others) == 0 {
		return
	}
	tell("other profiles of %s still hold tokens: %s; mcp-auth logout %s --all revokes and clears them", url, strings.Join(ids(others), " "), url)
}

func ids(all []profile.Profile) []string {
	out := make([]string, len(all))
	for i, p := range all {
		out[i] = p.ID
	}
	return out
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
