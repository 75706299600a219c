// Package oauth holds the nouns of the RFCs: errors, metadata, registration,
// token, PKCE, scope, redirect and resource rules. It knows no messages; of
// package message it uses the strict reading of URLs, so that there is one.
package oauth

import "strings"

// Error codes, spelled as in the RFC that defines them.
const (
	InvalidRequest          = "invalid_request"           // RFC 6749 section 5.2
	InvalidClient           = "invalid_client"            // RFC 6749 section 5.2
	InvalidGrant            = "invalid_grant"             // RFC 6749 section 5.2
	UnauthorizedClient      = "unauthorized_client"       // RFC 6749 section 5.2
	UnsupportedGrantType    = "unsupported_grant_type"    // RFC 6749 section 5.2
	UnsupportedResponseType = "unsupported_response_type" // RFC 6749 section 4.1.2.1
	InvalidScope            = "invalid_scope"             // RFC 6749 section 5.2
	AccessDenied            = "access_denied"             // RFC 6749 section 4.1.2.1
	ServerError             = "server_error"              // RFC 6749 section 4.1.2.1
	TemporarilyUnavailable  = "temporarily_unavailable"   // RFC 6749 section 4.1.2.1
	InvalidToken            = "invalid_token"             // RFC 6750 section 3.1
	InsufficientScope       = "insufficient_scope"        // RFC 6750 section 3.1
	InvalidTarget           = "invalid_target"            // RFC 8707 section 2
	UseDPoPNonce            = "use_dpop_nonce"            // RFC 9449 section 8
	InvalidDPoPProof        = "invalid_dpop_proof"        // RFC 9449 section 5
	InvalidRedirectURI      = "invalid_redirect_uri"      // RFC 7591 section 3.2.2
	InvalidClientMetadata   = "invalid_client_metadata"   // RFC 7591 section 3.2.2
	AuthorizationPending    = "authorization_pending"     // RFC 8628 section 3.5
	SlowDown                = "slow_down"                 // RFC 8628 section 3.5
	ExpiredToken            = "expired_token"             // RFC 8628 section 3.5
)

// An Error is what a peer answers when it says no by the book
// (RFC 6749 section 5.2). It is a value to send as well as one received.
type Error struct {
	Code        string
	Description string // %x20-21 / %x23-5B / %x5D-7E only when we send it
	URI         string // error_uri
	Scope       string // scope a challenge named (RFC 6750 section 3)
	Status      int    // HTTP status it came or goes with; 0: the usual one
	RetryAfter  int    // seconds; goes with 429 and 503
	Nonce       string // to send: DPoP-Nonce, to be used in the next proof
	Bound       bool   // to send: the token is bound to a key, so the challenge is of the scheme DPoP
}

func (e *Error) Error() string {
	if e.Description == "" {
		return e.Code
	}
	return e.Code + ": " + e.Description
}

// E is an error to send.
func E(code, description string) *Error {
	return &Error{Code: code, Description: description}
}

// HTTPStatus is the status the error goes out with: e.Status when set, else
// what the RFC of the code asks for. It is never 5xx for bad input.
func (e *Error) HTTPStatus() int {
	switch {
	case e.Status != 0:
		return e.Status
	case e.Code == InvalidClient || e.Code == InvalidToken:
		return 401
	case e.Code == InsufficientScope:
		return 403
	case e.Code == TemporarilyUnavailable:
		return 503
	}
	return 400
}

// Describable keeps the characters that an error_description may have
// (RFC 6749 section 5.2) and drops the rest.
func Describable(s string) string {
	bad := func(c rune) bool { return c < 0x20 || c > 0x7e || c == '"' || c == '\\' }
	if !strings.ContainsFunc(s, bad) {
		return s
	}
	return strings.Map(func(c rune) rune {
		if bad(c) {
			return -1
		}
		return c
	}, s)
}
