// RFC 6749 sections 4.1.1 and 4.1.2, RFC 7636 section 4.3, RFC 8707 section
// 2.1, RFC 9207 section 2: the authorization endpoint.
package exchange

import (
	"strings"

	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// An AuthorizationRequest is what the client sends the user agent with.
type AuthorizationRequest struct {
	ResponseType        string // REQUIRED: code
	ClientID            string // REQUIRED
	RedirectURI         string
	Scope               string
	State               string
	Resource            string
	CodeChallenge       string // REQUIRED here
	CodeChallengeMethod string // REQUIRED here: S256
	ResponseMode        string
	DPoPKey             string // dpop_jkt: thumbprint of the key the code is for (RFC 9449 section 10)
	Request             bool   // read: request or request_uri was sent
}

// URL is the address to visit.
func (r AuthorizationRequest) URL(endpoint string) string {
	return message.AppendQuery(endpoint, r.form())
}

func (r AuthorizationRequest) form() message.Form {
	var f message.Form
	f.Add("response_type", r.ResponseType)
	f.Add("client_id", r.ClientID)
	f.Add("redirect_uri", r.RedirectURI)
	f.Add("state", r.State)
	f.Add("resource", r.Resource)
	f.Add("code_challenge", r.CodeChallenge)
	f.Add("code_challenge_method", r.CodeChallengeMethod)
	f.Add("scope", r.Scope)
	f.Add("response_mode", r.ResponseMode)
	f.Add("dpop_jkt", r.DPoPKey)
	return f
}

// ReadAuthorizationRequest reads the parameters of a query or form. On error
// (an *oauth.Error) the request holds what could be read, so that the server
// can tell whether the answer may be a redirect. repeatedClient says that
// client_id or redirect_uri was repeated, so that it may not.
func ReadAuthorizationRequest(f message.Form) (r AuthorizationRequest, repeatedClient bool, err error) {
	identity := &once{form: f}
	r.ClientID, r.RedirectURI = identity.get("client_id"), identity.get("redirect_uri")
	if identity.err != nil {
		return r, true, identity.err
	}
	o := &once{form: f}
	r.State = o.get("state") // "" when it was sent twice: which one would be the client's?
	r.ResponseType = o.get("response_type")
	r.Scope = o.get("scope")
	r.CodeChallenge = o.get("code_challenge")
	r.CodeChallengeMethod = o.get("code_challenge_method")
	r.ResponseMode = o.get("response_mode")
	r.DPoPKey = o.get("dpop_jkt")
	r.Request = len(f.All("request")) > 0 || len(f.All("request_uri")) > 0
	r.Resource = o.resource()
	return r, false, o.fault()
}

// An AuthorizationResponse is what the redirect carries: a code or an error.
type AuthorizationResponse struct {
	Code   string
	State  string
	Issuer string // iss (RFC 9207 section 2)
	Err    *oauth.Error
}

// URL is the redirect; a query that the redirect URI has is kept.
func (r AuthorizationResponse) URL(redirectURI string) string {
	f := make(message.Form, 0, 4)
	if r.Err != nil {
		f.Add("error", r.Err.Code)
		f.Add("error_description", oauth.Describable(r.Err.Description))
	} else {
		f.Add("code", r.Code)
	}
	f.Add("state", r.State)
	f.Add("iss", r.Issuer)
	return message.AppendQuery(redirectURI, f)
}

// ReadAuthorizationResponse reads a redirect's query. State and Issuer are
// filled in even when the rest is at fault: they are checked first.
func ReadAuthorizationResponse(query string) (AuthorizationResponse, error) {
	const cite = "RFC 6749 section 4.1.2"
	f, err := message.ParseForm(query)
	if err != nil {
		return AuthorizationResponse{}, &ShapeError{"a form-encoded query", err.Error(), cite}
	}
	o := &once{form: f}
	r := AuthorizationResponse{State: o.get("state"), Issuer: o.get("iss"), Code: o.get("code")}
	if code := o.get("error"); code != "" {
		r.Err = &oauth.Error{Code: code, Description: o.get("error_description"), URI: o.get("error_uri")}
	}
	switch {
	case o.err != nil:
		return r, &ShapeError{"each parameter once", o.err.Description, "RFC 6749 section 3.1"}
	case r.Code != "" && r.Err != nil:
		return r, &ShapeError{"a code or an error", "both", cite}
	case r.Code == "" && r.Err == nil:
		return r, &ShapeError{"a code or an error", "neither", cite}
	}
	return r, nil
}

func equalFold(a, b string) bool { return strings.EqualFold(a, b) }
