// RFC 7591 section 3: the client registration endpoint.
package exchange

import (
	"strings"

	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// RegistrationRequest is the request to send.
func RegistrationRequest(endpoint string, c oauth.ClientMetadata) message.Request {
	return message.PostJSON(endpoint, clientMembers(c).encode())
}

func clientMembers(c oauth.ClientMetadata) members {
	var m members
	m.text("client_name", c.ClientName)
	m.texts("redirect_uris", c.RedirectURIs)
	m.texts("grant_types", c.GrantTypes)
	m.texts("response_types", c.ResponseTypes)
	m.text("token_endpoint_auth_method", c.TokenEndpointAuthMethod)
	m.text("scope", c.Scope)
	m.text("application_type", c.ApplicationType)
	m.text("client_uri", c.ClientURI)
	m.text("logo_uri", c.LogoURI)
	m.text("tos_uri", c.TosURI)
	m.text("policy_uri", c.PolicyURI)
	m.text("jwks_uri", c.JWKSURI)
	m.object("jwks", c.JWKS)
	m.text("sector_identifier_uri", c.SectorIdentifierURI)
	m.text("software_id", c.SoftwareID)
	m.text("software_version", c.SoftwareVersion)
	m.truth("dpop_bound_access_tokens", c.DPoPBound)
	return m
}

func readClient(o *object) oauth.ClientMetadata {
	return oauth.ClientMetadata{
		RedirectURIs:            o.texts("redirect_uris"),
		TokenEndpointAuthMethod: o.text("token_endpoint_auth_method"),
		GrantTypes:              o.texts("grant_types"),
		ResponseTypes:           o.texts("response_types"),
		ClientName:              o.text("client_name"),
		ClientURI:               o.text("client_uri"),
		LogoURI:                 o.text("logo_uri"),
		TosURI:                  o.text("tos_uri"),
		PolicyURI:               o.text("policy_uri"),
		JWKSURI:                 o.text("jwks_uri"),
		JWKS:                    o.object("jwks"),
		SectorIdentifierURI:     o.text("sector_identifier_uri"),
		Scope:                   o.text("scope"),
		ApplicationType:         o.text("application_type"),
		SoftwareID:              o.text("software_id"),
		SoftwareVersion:         o.text("software_version"),
		DPoPBound:               o.truth("dpop_bound_access_tokens"),
	}
}

// ReadRegistrationRequest reads the metadata a client asks for. Members that
// only the server may set, and those it does not know, are left out. An error
// is an *oauth.Error.
func ReadRegistrationRequest(m message.Request) (oauth.ClientMetadata, error) {
	if m.Header.Count("Content-Type") != 1 || message.MediaType(m.Header.Get("Content-Type")) != message.JSONType {
		return oauth.ClientMetadata{}, &oauth.Error{Code: oauth.InvalidClientMetadata, Status: 415,
			Description: "the body must be " + message.JSONType}
	}
	v, err := message.ParseJSON(m.Body)
	if err != nil {
		return oauth.ClientMetadata{}, oauth.E(oauth.InvalidClientMetadata, err.Error())
	}
	if v.Kind() != message.Object {
		return oauth.ClientMetadata{}, oauth.E(oauth.InvalidClientMetadata, "the body must be a JSON object, not "+v.Kind().String())
	}
	o := &object{value: v}
	c := readClient(o)
	if o.fault != "" {
		return oauth.ClientMetadata{}, oauth.E(oauth.InvalidClientMetadata, o.fault)
	}
	return c, nil
}

// Bounds of what a client says of itself.
const (
	MaxRedirects  = 20
	maxClientName = 256 // characters
)

// joiners stand within words of some languages and within emoji. They move
// nothing, and pages and terminals show them as what they are.
var joiners = strings.NewReplacer("\u200c", "", "\u200d", "")

// ClientTextFault says what is wrong with the texts and URLs that a client says
// of itself (RFC 7591 section 2); "" when nothing is.
func ClientTextFault(c oauth.ClientMetadata) string {
	if len([]rune(c.ClientName)) > maxClientName {
		return "client_name may have 256 characters"
	}
	for _, text := range [...]string{c.ClientName, c.SoftwareID, c.SoftwareVersion} {
		if plain := joiners.Replace(text); message.PrintableLine(plain) != plain || len(text) > 4*maxClientName {
			return "client_name, software_id and software_version must be short and without control characters"
		}
	}
	for _, uri := range [...]string{c.ClientURI, c.LogoURI, c.TosURI, c.PolicyURI, c.JWKSURI, c.SectorIdentifierURI} {
		if u, err := message.ParseURL(uri); uri != "" && (err != nil || u.Scheme != "https" && !(u.Scheme == "http" && u.Loopback()) || len(uri) > oauth.MaxRedirectURI) {
			return "client_uri, logo_uri, tos_uri, policy_uri, jwks_uri and sector_identifier_uri must be https URLs"
		}
	}
	if c.ApplicationType != "" && c.ApplicationType != "native" && c.ApplicationType != "web" {
		return "application_type must be native or web"
	}
	return ""
}

// RegistrationReply is the successful answer (RFC 7591 section 3.2.1).
func RegistrationReply(r oauth.Registration) message.Response {
	m := members{}
	m.text("client_id", r.ClientID)
	m.text("client_secret", r.ClientSecret)
	m.number("client_id_issued_at", r.ClientIDIssuedAt)
	if r.ClientSecret != "" { // REQUIRED with a secret; 0: never expires
		m = append(m, message.M("client_secret_expires_at", message.Num(r.SecretExpiresAt)))
	}
	m = append(m, clientMembers(r.ClientMetadata)...)
	return message.JSON(201, m.encode())
}

// ReadRegistrationReply reads an answer; errors as in ReadTokenReply.
func ReadRegistrationReply(m message.Response) (oauth.Registration, error) {
	const cite = "RFC 7591 section 3.2.1"
	if m.Status != 201 && m.Status != 200 { // many servers answer 200
		return oauth.Registration{}, readError(m, 201, cite)
	}
	v, err := readJSON(m, cite)
	if err != nil {
		return oauth.Registration{}, err
	}
	o := &object{value: v}
	r := oauth.Registration{
		ClientMetadata:   readClient(o),
		ClientID:         o.text("client_id"),
		ClientSecret:     o.text("client_secret"),
		ClientIDIssuedAt: o.number("client_id_issued_at"),
		SecretExpiresAt:  o.number("client_secret_expires_at"),
		Raw:              m.Body,
	}
	switch {
	case o.fault != "":
		return oauth.Registration{}, &ShapeError{"a registration response", o.fault, cite}
	case r.ClientID == "" || !visible(r.ClientID) || len(r.ClientID) > 2048:
		return oauth.Registration{}, &ShapeError{"client_id of 1 to 2,048 visible ASCII characters", describe(r.ClientID), "RFC 6749 appendix A.1"}
	case !visible(r.ClientSecret):
		return oauth.Registration{}, &ShapeError{"client_secret of visible ASCII", describe(r.ClientSecret), "RFC 6749 appendix A.2"}
	}
	return r, nil
}
