// RFC 9126: the pushed authorization request endpoint.
package exchange

import (
	"strconv"
	"strings"

	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// PushedPrefix is what the request_uri of a pushed request begins with
// (RFC 9126 section 2.2).
const PushedPrefix = "urn:ietf:params:oauth:request_uri:"

// A PushedRequest is an authorization request that the client sends itself.
type PushedRequest struct {
	AuthorizationRequest
	Client ClientAuth
}

// Message is the request to send.
func (r PushedRequest) Message(endpoint string) message.Request {
	f := r.form()
	if r.Client.Method != oauth.AuthBasic {
		f = f[:0:0]
		for _, p := range r.form() { // the authentication names the client
			if p.Name != "client_id" {
				f = append(f, p)
			}
		}
	}
	return authenticated(endpoint, f, r.Client)
}

// ReadPushedRequest reads the body. An error is an *oauth.Error; Client says
// even then whether Basic was tried.
func ReadPushedRequest(m message.Request) (PushedRequest, error) {
	f, err := message.ReadForm(m)
	if err != nil {
		return PushedRequest{}, formError(err)
	}
	var r PushedRequest
	o := &once{form: f}
	if r.Client, err = readClientAuth(m.Header, o); err != nil {
		return r, err
	}
	r.AuthorizationRequest, _, err = ReadAuthorizationRequest(f)
	r.ClientID = r.Client.ClientID
	return r, err
}

// A Pushed is what the server answers.
type Pushed struct {
	RequestURI string // REQUIRED
	ExpiresIn  int64  // REQUIRED, seconds
}

// PushedReply is the successful answer.
func PushedReply(p Pushed) message.Response {
	var m members
	m.text("request_uri", p.RequestURI)
	m.number("expires_in", p.ExpiresIn)
	return message.JSON(201, m.encode())
}

// ReadPushedReply reads an answer; errors as in ReadTokenReply.
func ReadPushedReply(m message.Response) (Pushed, error) {
	const cite = "RFC 9126 section 2.2"
	if m.Status != 201 {
		return Pushed{}, readError(m, 201, "RFC 9126 section 2.3")
	}
	v, err := readJSON(m, cite)
	if err != nil {
		return Pushed{}, err
	}
	o := &object{value: v}
	p := Pushed{RequestURI: o.text("request_uri"), ExpiresIn: o.number("expires_in")}
	switch {
	case o.fault != "":
		return Pushed{}, &ShapeError{"a pushed authorization response", o.fault, cite}
	case p.RequestURI == "" || !visible(p.RequestURI):
		return Pushed{}, &ShapeError{"request_uri", describe(p.RequestURI), cite}
	case p.ExpiresIn <= 0:
		return Pushed{}, &ShapeError{"expires_in above zero", strconv.FormatInt(p.ExpiresIn, 10), cite}
	}
	return p, nil
}

// PushedURL is the address to visit for a pushed request (RFC 9126 section 4).
func PushedURL(endpoint, clientID, requestURI string) string {
	var f message.Form
	f.Add("client_id", clientID)
	f.Add("request_uri", requestURI)
	return message.AppendQuery(endpoint, f)
}

// ReadPushedURL finds the client and the pushed request that a query names; ok
// is false when it names none, or one that this kind of server cannot have
// given out. All other parameters do not count.
func ReadPushedURL(f message.Form) (clientID, requestURI string, ok bool) {
	o := &once{form: f}
	clientID, requestURI = o.get("client_id"), o.get("request_uri")
	return clientID, requestURI, o.err == nil && strings.HasPrefix(requestURI, PushedPrefix)
}
