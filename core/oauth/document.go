// Client ID metadata documents: the URL that is a client ID (draft-ietf-oauth-
// client-id-metadata-document section 3).
package oauth

import (
	"errors"
	"strings"

	"mcp-auth/core/message"
)

// DocumentURL says whether a URL can be a client ID: https, a path, no
// fragment, no userinfo, no dot segments.
func DocumentURL(s string) error {
	u, err := message.ParseURL(s)
	switch {
	case err != nil:
		return err
	case u.Scheme != "https":
		return errors.New("a client ID that is a URL must be https")
	case u.Path == "" || u.Path == "/":
		return errors.New("a client ID that is a URL must have a path")
	case hasDotSegment(s):
		return errors.New("a client ID that is a URL must have no . or .. path segments")
	case strings.ContainsAny(s, "#"):
		return errors.New("a client ID that is a URL must have no fragment")
	}
	return nil
}
