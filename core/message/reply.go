// The few shapes that requests and responses come in.
package message

import (
	"strconv"
	"strings"
)

// Media types (RFC 6749 appendix B, RFC 8259).
const (
	FormType = "application/x-www-form-urlencoded"
	JSONType = "application/json"
)

// Get is a GET that wants JSON.
func Get(url string) Request {
	return Request{Method: "GET", URL: url, Header: Header{{"Accept", JSONType}}}
}

// PostForm is a POST of a form that wants JSON.
func PostForm(url string, f Form) Request {
	return Request{Method: "POST", URL: url, Body: []byte(f.Encode()),
		Header: Header{{"Accept", JSONType}, {"Content-Type", FormType}}}
}

// PostJSON is a POST of JSON that wants JSON.
func PostJSON(url string, body []byte) Request {
	return Request{Method: "POST", URL: url, Body: body,
		Header: Header{{"Accept", JSONType}, {"Content-Type", JSONType}}}
}

// JSON is a response that must not be kept by anybody (RFC 6749 section 5.1).
func JSON(status int, body []byte) Response {
	return Response{Status: status, Body: body, Header: Header{
		{"Content-Type", JSONType}, {"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}}}
}

// Text is a plain text response.
func Text(status int, body string) Response {
	return Response{Status: status, Body: []byte(body), Header: Header{
		{"Content-Type", "text/plain; charset=utf-8"}, {"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}}}
}

// Redirect sends the user agent on with a GET. Any status but 302 becomes
// 303: 307 and 308 would post credentials again (RFC 9700 section 4.12).
func Redirect(status int, location string) Response {
	if status != 302 {
		status = 303
	}
	return Response{Status: status, Header: Header{{"Location", location}, {"Cache-Control", "no-store"}}}
}

// MediaType returns type/subtype in lower case without parameters, or "".
func MediaType(contentType string) string {
	if contentType == FormType || contentType == JSONType { // as they are nearly always sent
		return contentType
	}
	t, _, _ := strings.Cut(contentType, ";")
	t = strings.ToLower(strings.Trim(t, " \t"))
	if main, sub, ok := strings.Cut(t, "/"); !ok || !IsToken(main) || !IsToken(sub) {
		return ""
	}
	return t
}

// Decimal writes a number.
func Decimal(n int64) string { return strconv.FormatInt(n, 10) }
