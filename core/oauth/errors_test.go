// RFC 6749 section 5.2 and rule C-01: errors as they are sent.
package oauth_test

import (
	"strings"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/oauth"
)

func TestErrorStatus(t *testing.T) {
	for code, want := range map[string]int{
		oauth.InvalidClient: 401, oauth.InvalidToken: 401, oauth.InsufficientScope: 403, oauth.TemporarilyUnavailable: 503,
		oauth.InvalidRequest: 400, oauth.InvalidGrant: 400, oauth.InvalidScope: 400, oauth.InvalidTarget: 400, oauth.SlowDown: 400,
		oauth.AuthorizationPending: 400, oauth.UnauthorizedClient: 400, oauth.AccessDenied: 400, oauth.InvalidClientMetadata: 400, "": 400, "anything": 400,
	} {
		t.Run(code, func(t *testing.T) {
			is := is.New(t)
			is.Equal(oauth.E(code, "").HTTPStatus(), want)                      // the status its RFC asks for
			is.Equal((&oauth.Error{Code: code, Status: 429}).HTTPStatus(), 429) // unless one is given
		})
	}
}

func TestErrorText(t *testing.T) {
	is := is.New(t)
	is.Equal(oauth.E("invalid_grant", "").Error(), "invalid_grant")                 // the code
	is.Equal(oauth.E("invalid_grant", "expired").Error(), "invalid_grant: expired") // and why
}

func TestDescribable(t *testing.T) {
	is := is.New(t)
	is.Equal(oauth.Describable("plain, with ' and <>"), "plain, with ' and <>") // what may be sent stays
	is.Equal(oauth.Describable("a\"b\\c\r\n\x00\x7f\u00e9\xffd"), "abcd")       // what may not is dropped
	var all strings.Builder
	for c := range 256 {
		all.WriteByte(byte(c))
	}
	is.Equal(oauth.Describable(all.String()), strings.Map(func(c rune) rune { // %x20-21 / %x23-5B / %x5D-7E
		if c == 0x20 || c == 0x21 || c >= 0x23 && c <= 0x5b || c >= 0x5d && c <= 0x7e {
			return c
		}
		return -1
	}, all.String())) // exactly the characters of RFC 6749 section 5.2
}
