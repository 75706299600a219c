// RFC 6749 section 2.3: how a client says who it is.
package exchange

import (
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// ClientAuth is a client's id with whatever proves it.
type ClientAuth struct {
	Method       string // to write: none, client_secret_basic, client_secret_post, private_key_jwt
	ClientID     string
	ClientSecret string
	JWT          string // with private_key_jwt: a ClientAssertion
	Basic        bool   // read: an Authorization field was sent
	Assertion    bool   // read: client_assertion was sent (RFC 7521 section 4.2)
}

// Unproven reports whether the client brings nothing that proves it.
func (c ClientAuth) Unproven() bool { return !c.Basic && !c.Assertion && c.ClientSecret == "" }

// apply adds the credentials to the form of a request about to be sent, or
// returns the field that carries them.
func (c ClientAuth) apply(f *message.Form) message.Header {
	switch c.Method {
	case oauth.AuthBasic:
		// Both parts are form-encoded first (RFC 6749 section 2.3.1).
		return message.Header(nil).With("Authorization", message.BasicHeader(formEncode(c.ClientID), formEncode(c.ClientSecret)))
	case oauth.AuthPost:
		f.Add("client_id", c.ClientID)
		f.Add("client_secret", c.ClientSecret)
	case oauth.AuthKey:
		f.Add("client_id", c.ClientID)
		f.Add("client_assertion_type", AssertionTypeJWT)
		f.Add("client_assertion", c.JWT)
	default:
		f.Add("client_id", c.ClientID)
	}
	return nil
}

func formEncode(s string) string {
	return message.Form{{Name: "", Value: s}}.Encode()[1:]
}

func formDecode(s string) (string, bool) {
	f, err := message.ParseForm("=" + s)
	if err != nil || len(f) != 1 {
		return "", false
	}
	return f[0].Value, true
}

// readClientAuth reads the credentials of a request, the last thing to be
// read of it: what o found before is reported here. An error is an
// *oauth.Error; ClientAuth says even then whether Basic was tried.
func readClientAuth(h message.Header, o *once) (ClientAuth, error) {
	c := ClientAuth{ClientID: o.get("client_id"), ClientSecret: o.get("client_secret")}
	c.readAssertion(o)
	a, n := message.ReadAuthorization(h)
	if n == 0 {
		return c, o.fault()
	}
	c.Basic = true
	if n > 1 {
		return c, oauth.E(oauth.InvalidRequest, "send one Authorization field")
	}
	id, secret, ok := basicCredentials(a)
	switch {
	case !ok:
		return c, oauth.E(oauth.InvalidClient, "the Authorization field must be Basic with base64(client_id:client_secret), both form-encoded")
	case c.ClientSecret != "" || c.Assertion: // two ways at once
		return c, oauth.E(oauth.InvalidRequest, "send the client credentials in the header or in the body, not in both")
	case c.ClientID != "" && c.ClientID != id:
		return c, oauth.E(oauth.InvalidRequest, "client_id differs from the one in the Authorization field")
	}
	c.ClientID, c.ClientSecret = id, secret
	return c, o.fault()
}

// readAssertion reads client_assertion. The client need not say who it is
// beside it (RFC 7521 section 4.2): the assertion does. One of another type
// leaves JWT empty.
func (c *ClientAuth) readAssertion(o *once) {
	text, kind := o.get("client_assertion"), o.get("client_assertion_type")
	c.Assertion = text != "" || kind != ""
	if kind != AssertionTypeJWT {
		return
	}
	c.JWT = text
	if c.ClientID == "" {
		a, _ := PeekAssertion(text)
		c.ClientID = a.Subject
	}
}

func basicCredentials(a message.Authorization) (id, secret string, ok bool) {
	if !equalFold(a.Scheme, "Basic") {
		return "", "", false
	}
	user, password, err := message.ParseBasic(a.Rest)
	if err != nil {
		return "", "", false
	}
	id, okID := formDecode(user)
	secret, okSecret := formDecode(password)
	return id, secret, okID && okSecret && id != ""
}
