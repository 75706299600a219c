// RFC 6749 sections 4.1.3, 4.4.2, 5 and 6, RFC 8628 section 3.4: the token
// endpoint.
package exchange

import (
	"strconv"
	"strings"

	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// A TokenRequest asks for a token by one of the grants.
type TokenRequest struct {
	GrantType    string // REQUIRED
	Code         string
	RedirectURI  string
	CodeVerifier string
	RefreshToken string
	DeviceCode   string
	Assertion    string // jwt-bearer (RFC 7523 section 2.1)
	Scope        string
	Resource     string
	Client       ClientAuth
	Key          string // at the server: thumbprint of the proof that came along, once it was checked

	// Token exchange (RFC 8693 section 2.1).
	Audience           string
	SubjectToken       string
	SubjectTokenType   string
	RequestedTokenType string
}

// Message is the request to send.
func (r TokenRequest) Message(endpoint string) message.Request {
	var f message.Form
	f.Add("grant_type", r.GrantType)
	f.Add("code", r.Code)
	f.Add("redirect_uri", r.RedirectURI)
	f.Add("code_verifier", r.CodeVerifier)
	f.Add("refresh_token", r.RefreshToken)
	f.Add("device_code", r.DeviceCode)
	f.Add("assertion", r.Assertion)
	f.Add("requested_token_type", r.RequestedTokenType)
	f.Add("audience", r.Audience)
	f.Add("subject_token", r.SubjectToken)
	f.Add("subject_token_type", r.SubjectTokenType)
	f.Add("scope", r.Scope)
	f.Add("resource", r.Resource)
	return authenticated(endpoint, f, r.Client)
}

func authenticated(endpoint string, f message.Form, c ClientAuth) message.Request {
	h := c.apply(&f)
	m := message.PostForm(endpoint, f)
	m.Header = append(m.Header, h...)
	return m
}

// ReadTokenRequest reads the body; the URL's query is not looked at. An error
// is an *oauth.Error; Client says even then whether Basic was tried.
func ReadTokenRequest(m message.Request) (TokenRequest, error) {
	f, err := message.ReadForm(m)
	if err != nil {
		return TokenRequest{}, formError(err)
	}
	o := &once{form: f}
	r := TokenRequest{
		GrantType:    o.get("grant_type"),
		Code:         o.get("code"),
		RedirectURI:  o.get("redirect_uri"),
		CodeVerifier: o.get("code_verifier"),
		RefreshToken: o.get("refresh_token"),
		DeviceCode:   o.get("device_code"),
		Assertion:    o.get("assertion"),
		Scope:        o.get("scope"),
		Resource:     o.resource(),

		Audience:           o.get("audience"),
		SubjectToken:       o.get("subject_token"),
		SubjectTokenType:   o.get("subject_token_type"),
		RequestedTokenType: o.get("requested_token_type"),
	}
	r.Client, err = readClientAuth(m.Header, o)
	return r, err
}

// TokenReply is the successful answer (RFC 6749 section 5.1). "iss" and "aud"
// stand beside the members of the RFC.
func TokenReply(t oauth.Token) message.Response {
	b := make([]byte, 0, 272+len(t.AccessToken)) // enough but for long names
	b = message.AppendString(append(b, `{"access_token":`...), t.AccessToken)
	b = message.AppendString(append(b, `,"token_type":`...), t.TokenType)
	if t.ExpiresIn > 0 {
		b = strconv.AppendInt(append(b, `,"expires_in":`...), t.ExpiresIn, 10)
	}
	for _, m := range [...]message.Pair{{Name: `,"refresh_token":`, Value: t.RefreshToken}, {Name: `,"scope":`, Value: t.Scope},
		{Name: `,"iss":`, Value: t.Issuer}, {Name: `,"aud":`, Value: t.Audience}} {
		if m.Value != "" {
			b = message.AppendString(append(b, m.Name...), m.Value)
		}
	}
	return message.JSON(200, append(b, '}'))
}

// ReadTokenReply reads an answer. What the peer says by the book is an
// *oauth.Error, anything else that is no bearer token a *ShapeError.
func ReadTokenReply(m message.Response) (oauth.Token, error) {
	const cite = "RFC 6749 section 5.1"
	if m.Status != 200 {
		return oauth.Token{}, readError(m, 200, "RFC 6749 section 5.2")
	}
	v, err := readJSON(m, cite)
	if err != nil {
		return oauth.Token{}, err
	}
	if code, _ := v.Get("error").Text(); code != "" {
		text, _ := v.Get("error_description").Text()
		return oauth.Token{}, &ShapeError{"a token with status 200", "with status 200 the error " + oauth.E(code, text).Error(), cite}
	}
	o := &object{value: v}
	t := oauth.Token{
		AccessToken:  o.text("access_token"),
		TokenType:    o.text("token_type"),
		ExpiresIn:    o.number("expires_in"),
		RefreshToken: o.text("refresh_token"),
		Scope:        o.text("scope"),
		Issuer:       o.text("iss"),
	}
	if aud := v.Get("aud"); aud.Kind() == message.String {
		t.Audience, _ = aud.Text()
	}
	if err := checkToken(o, t); err != nil {
		return oauth.Token{}, err
	}
	return t, nil
}

// ReadGrantReply reads the answer to a token exchange: what was issued is no
// access token but a grant of the given type (RFC 8693 section 2.2.1). Errors
// as in ReadTokenReply.
func ReadGrantReply(m message.Response, issued string) (grant string, err error) {
	const cite = "RFC 8693 section 2.2.1"
	if m.Status != 200 {
		return "", readError(m, 200, "RFC 8693 section 2.2.2")
	}
	v, err := readJSON(m, cite)
	if err != nil {
		return "", err
	}
	o := &object{value: v}
	grant = o.text("access_token")
	kind := o.text("issued_token_type")
	switch {
	case o.fault != "":
		return "", &ShapeError{"a token exchange response", o.fault, cite}
	case kind != issued:
		return "", &ShapeError{"issued_token_type " + issued, orNothing(message.PrintableLine(kind)), cite}
	case grant == "" || !visible(grant):
		return "", &ShapeError{"the grant in access_token", describe(grant), cite}
	}
	return grant, nil
}

func checkToken(o *object, t oauth.Token) error {
	const cite = "RFC 6749 section 5.1"
	switch {
	case o.fault != "":
		return &ShapeError{"a token response", o.fault, cite}
	case !message.IsToken68(t.AccessToken):
		return &ShapeError{"access_token of the form token68", describe(t.AccessToken), "RFC 6750 section 2.1"}
	case !strings.EqualFold(t.TokenType, "Bearer") && !strings.EqualFold(t.TokenType, "DPoP"):
		return &ShapeError{"token_type Bearer or DPoP", orNothing(message.PrintableLine(t.TokenType)), "RFC 6750 section 4"}
	case t.RefreshToken != "" && !visible(t.RefreshToken):
		return &ShapeError{"refresh_token of visible ASCII", describe(t.RefreshToken), "RFC 6749 appendix A.17"}
	case t.ExpiresIn < 0:
		return &ShapeError{"expires_in above zero", strconv.FormatInt(t.ExpiresIn, 10), cite}
	case !visibleScope(t.Scope):
		return &ShapeError{"scope of visible ASCII", describe(t.Scope), "RFC 6749 section 3.3"}
	}
	return nil
}

// describe names a secret by its length alone.
func describe(secret string) string {
	if secret == "" {
		return "nothing"
	}
	return strconv.Itoa(len(secret)) + " characters of another form"
}

func visible(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

func visibleScope(s string) bool {
	_, err := oauth.ParseScope(s)
	return err == nil
}
