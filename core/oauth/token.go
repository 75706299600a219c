// RFC 6749 section 5.1 and RFC 8628 section 3.2: what the endpoints hand out.
package oauth

// A Token is a successful token response (RFC 6749 section 5.1).
type Token struct {
	AccessToken  string // REQUIRED
	TokenType    string // REQUIRED, compared without case
	ExpiresIn    int64  // seconds; 0: not stated
	RefreshToken string
	Scope        string // empty: as requested
	Issuer       string // "iss", an extra of this server
	Audience     string // "aud", an extra of this server
}

// A DeviceAuthorization is the answer of the device authorization endpoint
// (RFC 8628 section 3.2).
type DeviceAuthorization struct {
	DeviceCode              string // REQUIRED
	UserCode                string // REQUIRED
	VerificationURI         string // REQUIRED
	VerificationURIComplete string
	ExpiresIn               int64 // seconds, REQUIRED
	Interval                int64 // seconds; 0: not stated, which means 5
}

// An Introspection is what the introspection endpoint says (RFC 7662 section 2.2).
type Introspection struct {
	Active    bool
	Scope     string
	ClientID  string
	Subject   string
	Audience  string
	Issuer    string
	TokenType string
	Key       string // cnf.jkt: thumbprint of the key it is bound to (RFC 9449 section 6.2)
	ExpiresAt int64  // Unix seconds
}
