// draft-ietf-oauth-client-id-metadata-document section 3: client identifiers
// that are URLs.
package oauth

import (
	"errors"
	"strings"

	"mcp-auth/core/message"
)

// MaxClientIDURL is the longest client identifier URL taken, in bytes.
const MaxClientIDURL = 2048

// IsClientIDURL reports whether a client identifier means a document rather
// than a registration: no server gives out identifiers that begin so.
func IsClientIDURL(id string) bool {
	return strings.HasPrefix(id, "https://") || strings.HasPrefix(id, "http://")
}

// CheckClientIDURL says whether a client identifier can name a document: https
// with a path, and nothing that two readers could read in two ways. Two such
// identifiers are compared byte for byte, never normalised.
func CheckClientIDURL(id string) error {
	u, err := message.ParseURL(id)
	switch {
	case err != nil:
		return err
	case u.Scheme != "https":
		return errors.New("a client identifier URL must be https")
	}
	return plainClientID(id, u)
}

// CheckLocalClientIDURL is CheckClientIDURL for a document on this machine:
// http or https on one of the three loopback hosts. Only a test server on
// loopback takes it.
func CheckLocalClientIDURL(id string) error {
	u, err := message.ParseURL(id)
	switch {
	case err != nil:
		return err
	case !u.Loopback() || u.Scheme != "http" && u.Scheme != "https":
		return errors.New("a local client identifier URL must be http or https on 127.0.0.1, [::1] or localhost")
	}
	return plainClientID(id, u)
}

func plainClientID(id string, u message.URL) error {
	switch {
	case len(id) > MaxClientIDURL:
		return errors.New("a client identifier URL must have at most 2048 characters")
	case u.Path == "" || u.Path == "/":
		return errors.New("a client identifier URL must have a path")
	case hasDotSegment(id):
		return errors.New("a client identifier URL must not have . or .. path segments")
	}
	return nil
}
