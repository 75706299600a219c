// Dynamic registration as a step of a login (RFC 7591).
package flow

import (
	"errors"
	"slices"
	"strings"

	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// errNoClient is what a flow without a client ends with.
var errNoClient = &Violation{Chosen: true, Step: stepRegister, Want: "a client_id", Got: "none, and no registration was asked for",
	Cite: "RFC 6749 section 2.2", Hint: "give --client-id, or --register where the server offers it"}

const hintClient = "give --client-id of a client that is registered there"

// identify goes on with the client at hand: the one given, else its metadata
// document, else one that is registered now (MCP authorization, client
// registration approaches).
func (l *loginer) identify(m oauth.ClientMetadata, ready func() []Effect) []Effect {
	if l.ID != "" {
		l.Login.Client = oauth.Registration{ClientID: l.ID, ClientSecret: l.Secret}
		return ready()
	}
	if l.Document != "" && l.Login.Server.Metadata.ClientIDMetadataDocumentSupported {
		l.ID, l.AuthMethod = l.Document, oauth.AuthNone
		l.note("the client ID is the URL of its metadata document, which the server says it takes", "MCP authorization, client registration approaches")
		return l.identify(m, ready)
	}
	if !l.Register {
		return l.fail(errNoClient)
	}
	endpoint := l.Login.Server.Metadata.RegistrationEndpoint
	if endpoint == "" {
		hint := hintClient
		if l.Login.Server.Metadata.ClientIDMetadataDocumentSupported {
			hint += ", or --client-metadata-url with the document of one"
		}
		return l.fail(&Violation{Chosen: true, Step: stepRegister, URL: l.Login.Server.Issuer, Want: "a registration_endpoint",
			Got: "none: This authorization server does not advertise dynamic registration.", Cite: "RFC 7591", Hint: hint})
	}
	m.ClientName, m.ApplicationType, m.Scope, m.DPoPBound = l.Name, "native", l.Scope, l.DPoP && l.binds()
	if m.ClientName == "" {
		m.ClientName = "mcp-auth"
	}
	return l.send(Registering, stepRegister, exchange.RegistrationRequest(endpoint, m))
}

// publicly is how a client that needs no secret registers: without one, unless
// the server announces that it takes only clients that have one.
func (l *loginer) publicly() string {
	announced := l.Login.Server.Metadata.TokenEndpointAuthMethodsSupported
	if slices.Contains(announced, oauth.AuthNone) || !slices.ContainsFunc(announced, withSecret) {
		return oauth.AuthNone
	}
	return authMethod(true, announced)
}

func withSecret(method string) bool { return method == oauth.AuthBasic || method == oauth.AuthPost }

// registered reads the registration and holds it against what was asked.
// secret says that the mode needs one.
func (l *loginer) registered(ev Event, redirect string, secret bool) []Effect {
	r, err := exchange.ReadRegistrationReply(ev.(Response).Response)
	if err != nil {
		return l.refused(err, registrationHint(err))
	}
	const cite = "RFC 7591 section 3.2.1"
	ours := func(uri string) bool { return oauth.RedirectMatches(uri, redirect) }
	method := r.TokenEndpointAuthMethod
	switch {
	case redirect != "" && !slices.ContainsFunc(r.RedirectURIs, ours):
		return l.violated("redirect_uris with the one we registered", quoteList(r.RedirectURIs), cite, "the server changed the registration, or does not say what it registered")
	case method != "" && method != oauth.AuthNone && !withSecret(method):
		return l.violated("token_endpoint_auth_method none, client_secret_basic or client_secret_post", message.PrintableLine(method), cite, hintClient)
	case r.ClientSecret == "" && (secret || withSecret(method)), secret && method == oauth.AuthNone:
		return l.violated("client credentials", "a client without a secret", cite, "the registration response did not contain client credentials")
	}
	l.Login.Client = r
	l.ID, l.Secret = r.ClientID, r.ClientSecret
	if l.AuthMethod == "" {
		l.AuthMethod = method
	}
	return nil
}

// registrationHint says what may be changed, where that is what was refused.
func registrationHint(err error) string {
	var e *oauth.Error
	if errors.As(err, &e) && e.Code == oauth.InvalidRedirectURI {
		return "the server takes another redirect URI: give --redirect-uri, with a fixed port if it wants one, or --client-id of a client that is registered there"
	}
	return hintClient
}

func quoteList(all []string) string {
	if len(all) == 0 {
		return "nothing"
	}
	return message.PrintableLine(strings.Join(all, " "))
}
