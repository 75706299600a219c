// RFC 8707: resource indicators.
package oauth

import (
	"errors"

	"mcp-auth/core/message"
)

// CheckResource says whether s can be a resource identifier: an absolute URI
// without a fragment (RFC 8707 section 2).
func CheckResource(s string) error {
	u, err := message.ParseURL(s)
	if err != nil {
		return err
	}
	if u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("a resource must be an https URL (http on loopback)")
	}
	return nil
}

// SameResource compares two resource identifiers: scheme and host without
// case and a default port left out, all else byte for byte, a trailing slash
// included.
func SameResource(a, b string) bool {
	if a == b {
		return true
	}
	ua, errA := message.ParseURL(a)
	ub, errB := message.ParseURL(b)
	return errA == nil && errB == nil && ua.Origin() == ub.Origin() &&
		ua.Path == ub.Path && ua.HasQuery == ub.HasQuery && ua.Query == ub.Query
}
