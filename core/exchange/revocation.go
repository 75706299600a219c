// RFC 7009 section 2 and RFC 7662 section 2: revocation and introspection,
// which ask the same question in the same form.
package exchange

import (
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// A TokenQuestion names one token: to be revoked, or to be told about.
type TokenQuestion struct {
	Token  string // REQUIRED
	Hint   string // token_type_hint
	Client ClientAuth
}

// Message is the request to send.
func (q TokenQuestion) Message(endpoint string) message.Request {
	var f message.Form
	f.Add("token", q.Token)
	f.Add("token_type_hint", q.Hint)
	return authenticated(endpoint, f, q.Client)
}

// ReadTokenQuestion reads the body. An error is an *oauth.Error.
func ReadTokenQuestion(m message.Request) (TokenQuestion, error) {
	f, err := message.ReadForm(m)
	if err != nil {
		return TokenQuestion{}, formError(err)
	}
	o := &once{form: f}
	q := TokenQuestion{Token: o.get("token"), Hint: o.get("token_type_hint")}
	if q.Client, err = readClientAuth(m.Header, o); err != nil {
		return q, err
	}
	if q.Token == "" && o.err == nil {
		o.err = oauth.E(oauth.InvalidRequest, "token is missing")
	}
	return q, o.fault()
}

// RevocationReply says that the token is dead, whether it lived or not.
func RevocationReply() message.Response { return message.JSON(200, []byte("{}")) }

// ReadRevocationReply reads an answer; errors as in ReadTokenReply.
func ReadRevocationReply(m message.Response) error {
	if m.Status == 200 {
		return nil
	}
	return readError(m, 200, "RFC 7009 section 2.2")
}

// IntrospectionReply is the answer about one token.
func IntrospectionReply(i oauth.Introspection) message.Response {
	m := members{message.M("active", message.Boolean(i.Active))}
	if i.Active {
		m.text("scope", i.Scope)
		m.text("client_id", i.ClientID)
		m.text("sub", i.Subject)
		m.text("aud", i.Audience)
		m.text("iss", i.Issuer)
		m.text("token_type", i.TokenType)
		if i.Key != "" {
			m = append(m, message.M("cnf", message.Obj(message.M("jkt", message.Str(i.Key)))))
		}
		m.number("exp", i.ExpiresAt)
	}
	return message.JSON(200, m.encode())
}

// ReadIntrospectionReply reads an answer; errors as in ReadTokenReply.
func ReadIntrospectionReply(m message.Response) (oauth.Introspection, error) {
	const cite = "RFC 7662 section 2.2"
	if m.Status != 200 {
		return oauth.Introspection{}, readError(m, 200, cite)
	}
	v, err := readJSON(m, cite)
	if err != nil {
		return oauth.Introspection{}, err
	}
	o := &object{value: v}
	i := oauth.Introspection{Active: o.truth("active"), Scope: o.text("scope"), ClientID: o.text("client_id"),
		Subject: o.text("sub"), Issuer: o.text("iss"), TokenType: o.text("token_type"),
		ExpiresAt: o.number("exp")}
	i.Audience, _ = v.Get("aud").Text()
	i.Key, _ = v.Get("cnf").Get("jkt").Text()
	if v.Get("active").Kind() != message.Bool {
		o.fault = "active is missing"
	}
	if o.fault != "" {
		return oauth.Introspection{}, &ShapeError{"an introspection response", o.fault, cite}
	}
	return i, nil
}
