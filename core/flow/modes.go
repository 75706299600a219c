// What discovery found, as a login needs it: the modes, the server of a mode,
// the scope to ask for (MCP authorization, scope selection).
package flow

import (
	"slices"
	"strings"

	"mcp-auth/core/oauth"
)

// complete ends discovery; nil hands over to the flow. No server, and one
// whose metadata is broken, is the end.
func (s *seeker) complete() []Effect {
	if len(s.Found.Servers) > 0 {
		s.lost = loss{}
	} else if s.lost.broken {
		return s.fail(s.lost.fault())
	}
	s.Found.Complete = true
	s.Found.Modes = modes(s.Found)
	if s.Found.MetadataURL == "" && len(s.Found.Servers) > 0 {
		s.Found.Scopes = s.Found.Servers[0].Metadata.ScopesSupported
	}
	return nil
}

func modes(d Discovered) []string {
	var all []string
	if slices.Contains(d.Resource.BearerMethodsSupported, "header") {
		all = append(all, ModeBearer)
	}
	for _, mode := range [...]string{ModeClientCreds, ModeDevice, ModeAuthCode} {
		if slices.ContainsFunc(d.Servers, func(s ServerFound) bool { return offers(s.Metadata, mode) }) {
			all = append(all, mode)
		}
	}
	if len(all) == 0 {
		all = []string{ModeBearer}
	}
	return all
}

// offers reports whether a server lists the grant and has its endpoints.
func offers(m oauth.ServerMetadata, mode string) bool {
	grants := m.GrantTypesSupported
	if len(grants) == 0 { // RFC 8414 section 2
		grants = []string{oauth.GrantAuthorizationCode}
	}
	has := func(grant string) bool { return slices.Contains(grants, grant) && m.TokenEndpoint != "" }
	switch mode {
	case ModeClientCreds:
		return has(oauth.GrantClientCredentials)
	case ModeDevice:
		return has(oauth.GrantDeviceCode) && m.DeviceAuthorizationEndpoint != ""
	case ModeWorkload, ModeEnterprise: // servers are slow to list this grant
		return m.TokenEndpoint != ""
	case ModeAuthCode:
		return has(oauth.GrantAuthorizationCode) && m.AuthorizationEndpoint != ""
	}
	return false
}

// server picks the first server that offers the mode, else the first that says
// nothing of grants; issuer, when given, must be its own.
func (d Discovered) server(mode, issuer string) (ServerFound, bool) {
	for _, fits := range [...]func(oauth.ServerMetadata, string) bool{offers, silent} {
		for _, s := range d.Servers {
			if fits(s.Metadata, mode) && (issuer == "" || s.Issuer == issuer) {
				return s, true
			}
		}
	}
	return ServerFound{}, false
}

// silent reports whether a server has the endpoints of a mode and lists no
// grants. That stands for authorization_code alone (RFC 8414 section 2), but is
// what servers do that have others: what the user chose is tried there.
func silent(m oauth.ServerMetadata, mode string) bool {
	return len(m.GrantTypesSupported) == 0 && m.TokenEndpoint != "" && (mode == ModeClientCreds || mode == ModeDevice && m.DeviceAuthorizationEndpoint != "")
}

// scope is what to ask for: given, else the challenge's, else what the
// resource supports, else nothing.
func (d Discovered) scope(given string) string {
	switch {
	case given != "":
		return given
	case d.ChallengeScope != "":
		return d.ChallengeScope
	}
	return strings.Join(d.Resource.ScopesSupported, " ")
}
