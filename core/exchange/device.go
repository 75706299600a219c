// RFC 8628 sections 3.1 and 3.2: the device authorization endpoint.
package exchange

import (
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// A DeviceRequest asks for a device code.
type DeviceRequest struct {
	Scope    string
	Resource string
	Client   ClientAuth
}

// Message is the request to send.
func (r DeviceRequest) Message(endpoint string) message.Request {
	var f message.Form
	f.Add("scope", r.Scope)
	f.Add("resource", r.Resource)
	return authenticated(endpoint, f, r.Client)
}

// ReadDeviceRequest reads the body. An error is an *oauth.Error.
func ReadDeviceRequest(m message.Request) (DeviceRequest, error) {
	f, err := message.ReadForm(m)
	if err != nil {
		return DeviceRequest{}, formError(err)
	}
	o := &once{form: f}
	r := DeviceRequest{Scope: o.get("scope"), Resource: o.resource()}
	r.Client, err = readClientAuth(m.Header, o)
	return r, err
}

// DeviceReply is the successful answer.
func DeviceReply(d oauth.DeviceAuthorization) message.Response {
	var m members
	m.text("device_code", d.DeviceCode)
	m.text("user_code", d.UserCode)
	m.text("verification_uri", d.VerificationURI)
	m.text("verification_uri_complete", d.VerificationURIComplete)
	m.number("expires_in", d.ExpiresIn)
	m.number("interval", d.Interval)
	return message.JSON(200, m.encode())
}

// ReadDeviceReply reads an answer; errors as in ReadTokenReply. Numbers of
// the wrong type or sign are left at zero: the flow has rules for them.
func ReadDeviceReply(m message.Response) (oauth.DeviceAuthorization, error) {
	const cite = "RFC 8628 section 3.2"
	if m.Status != 200 {
		return oauth.DeviceAuthorization{}, readError(m, 200, cite)
	}
	v, err := readJSON(m, cite)
	if err != nil {
		return oauth.DeviceAuthorization{}, err
	}
	o := &object{value: v}
	d := oauth.DeviceAuthorization{
		DeviceCode:              o.text("device_code"),
		UserCode:                o.text("user_code"),
		VerificationURI:         o.text("verification_uri"),
		VerificationURIComplete: o.text("verification_uri_complete"),
	}
	d.ExpiresIn, _ = v.Get("expires_in").Int()
	d.Interval, _ = v.Get("interval").Int()
	if o.fault == "" {
		for _, need := range [...]message.Pair{{Name: "device_code", Value: d.DeviceCode}, {Name: "user_code", Value: d.UserCode}, {Name: "verification_uri", Value: d.VerificationURI}} {
			if need.Value == "" {
				o.fault = need.Name + " is missing"
			}
		}
	}
	if o.fault != "" {
		return oauth.DeviceAuthorization{}, &ShapeError{"a device authorization response", o.fault, cite}
	}
	return d, nil
}
