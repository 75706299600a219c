// RFC 9110 section 11.6.2: credentials, what an Authorization field carries.
package message

import (
	"encoding/base64"
	"errors"
	"strings"
	"unicode"
)

// IsToken68 reports whether s is a token68 (RFC 9110 section 11.2), the form
// of every bearer token (RFC 6750 section 2.1).
func IsToken68(s string) bool {
	body := strings.TrimRight(s, "=")
	for i := 0; i < len(body); i++ {
		c := body[i]
		if !(c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || strings.IndexByte("-._~+/", c) >= 0) {
			return false
		}
	}
	return body != ""
}

// An Authorization is an Authorization field: the scheme and what follows.
type Authorization struct{ Scheme, Rest string }

// ReadAuthorization reads the first Authorization field; n says how many
// there are, since more than one must never be chosen from.
func ReadAuthorization(h Header) (a Authorization, n int) {
	n = h.Count("Authorization")
	scheme, rest, _ := strings.Cut(strings.Trim(h.Get("Authorization"), " \t"), " ")
	return Authorization{scheme, strings.TrimLeft(rest, " ")}, n
}

// ParseBasic reads the credentials of the Basic scheme (RFC 7617 section 2):
// strict base64 with a colon and no control characters inside. OAuth's form
// encoding is left in place.
func ParseBasic(rest string) (user, password string, err error) {
	b, err := base64.StdEncoding.Strict().DecodeString(rest)
	if err != nil || strings.ContainsAny(rest, "\r\n") {
		return "", "", errors.New("the Basic credentials are not base64")
	}
	text := string(b)
	if strings.ContainsFunc(text, unicode.IsControl) {
		return "", "", errors.New("the Basic credentials have a control character")
	}
	user, password, ok := strings.Cut(text, ":")
	if !ok {
		return "", "", errors.New("the Basic credentials have no colon")
	}
	return user, password, nil
}

// BasicHeader writes an Authorization value of the Basic scheme.
func BasicHeader(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}
