// Package exchange has one file an endpoint, both directions in it: the
// client writes, the server reads, the server writes, the client reads.
// Flows and servers never touch form fields or JSON keys.
package exchange

import (
	"errors"
	"strconv"

	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// A ShapeError says that a message is not what its RFC asks for.
type ShapeError struct{ Want, Got, Cite string }

func (e *ShapeError) Error() string {
	return "wanted " + e.Want + ", got " + e.Got + " (" + e.Cite + ")"
}

// ErrorReply writes an error document (RFC 6749 section 5.2). With basic, a
// 401 carries the Basic challenge, owed to a client that tried that scheme.
func ErrorReply(e *oauth.Error, basic bool) message.Response {
	b := message.AppendString([]byte(`{"error":`), e.Code)
	if e.Description != "" {
		b = message.AppendString(append(b, `,"error_description":`...), oauth.Describable(e.Description))
	}
	if e.URI != "" {
		b = message.AppendString(append(b, `,"error_uri":`...), e.URI)
	}
	r := message.JSON(e.HTTPStatus(), append(b, '}'))
	r.Note = e.Error()
	if basic && r.Status == 401 {
		r.Header = r.Header.With("WWW-Authenticate", `Basic realm="mcp-auth"`)
	}
	if e.Nonce != "" {
		r.Header = r.Header.With("DPoP-Nonce", e.Nonce)
	}
	if e.RetryAfter > 0 {
		r.Header = r.Header.With("Retry-After", strconv.Itoa(e.RetryAfter))
	}
	return r
}

// readJSON reads the object that a response must be.
func readJSON(m message.Response, cite string) (message.Value, error) {
	if t := message.MediaType(m.Header.Get("Content-Type")); t != message.JSONType {
		return message.Value{}, &ShapeError{"Content-Type " + message.JSONType, orNothing(t), cite}
	}
	v, err := message.ParseJSON(m.Body)
	if err != nil {
		return message.Value{}, &ShapeError{"a JSON object", err.Error(), cite}
	}
	if v.Kind() != message.Object {
		return message.Value{}, &ShapeError{"a JSON object", v.Kind().String(), cite}
	}
	return v, nil
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

// readError reads what is not the expected status: an *oauth.Error when the
// peer speaks by the book, or says by its status that it cannot answer now,
// else a ShapeError.
func readError(m message.Response, want int, cite string) error {
	v, err := readJSON(m, cite)
	if code, _ := v.Get("error").Text(); code == "" && (m.Status == 429 || m.Status >= 500) {
		return unavailable(m)
	}
	if err != nil {
		return &ShapeError{"status " + strconv.Itoa(want) + " or a JSON error document", "status " + strconv.Itoa(m.Status), cite}
	}
	code, _ := v.Get("error").Text()
	switch {
	case code == "" && m.Status >= 400:
		return &ShapeError{"status " + strconv.Itoa(want) + ", or an error document with a code in error",
			"status " + strconv.Itoa(m.Status) + " with " + v.Get("error").Kind().String() + " in error", cite}
	case code == "":
		return &ShapeError{"status " + strconv.Itoa(want), "status " + strconv.Itoa(m.Status), cite}
	}
	e := &oauth.Error{Code: code, Status: m.Status, RetryAfter: RetryAfter(m)}
	e.Description, _ = v.Get("error_description").Text()
	e.URI, _ = v.Get("error_uri").Text()
	return e
}

// unavailable is the error that a server's status stands for, where it sent no
// error document: RFC 6749 section 4.1.2.1 has a code for 500 and one for 503.
// 429 is temporary as well (RFC 6585 section 4).
func unavailable(m message.Response) *oauth.Error {
	e := &oauth.Error{Code: oauth.ServerError, Description: "the server gave no reason", Status: m.Status, RetryAfter: RetryAfter(m)}
	switch m.Status {
	case 429, 502, 503, 504:
		e.Code = oauth.TemporarilyUnavailable
	}
	return e
}

// RetryAfter is Retry-After in seconds (RFC 9110 section 10.2.3), at most as
// many as any cache counts (RFC 9111 section 1.2.2); 0 where none came, or a
// date.
func RetryAfter(m message.Response) int {
	n, err := strconv.Atoi(m.Header.Get("Retry-After"))
	if err != nil {
		return 0
	}
	return min(max(n, 0), 1<<31-1)
}

func readStatus(m message.Response, cite string) error {
	return &ShapeError{"status 200", "status " + strconv.Itoa(m.Status), cite}
}

// formError turns what a form reader found into an error to answer.
func formError(err error) *oauth.Error {
	e := oauth.E(oauth.InvalidRequest, err.Error())
	var fe *message.FormError
	if errors.As(err, &fe) {
		e.Status = fe.Status
	}
	return e
}

// once reads parameters that may be sent once; the first fault is kept.
type once struct {
	form message.Form
	err  *oauth.Error
}

func (o *once) get(name string) string {
	v, err := o.form.One(name)
	if err != nil && o.err == nil {
		o.err = oauth.E(oauth.InvalidRequest, name+" must be sent only once")
	}
	return v
}

// resource reads the one parameter that may be repeated (RFC 8707 section
// 2): the same value again is no harm, two values are not served.
func (o *once) resource() string {
	value := ""
	for _, v := range o.form.All("resource") {
		if value != "" && v != value && o.err == nil {
			o.err = oauth.E(oauth.InvalidTarget, "ask for one resource at a time")
		}
		value = v
	}
	return value
}

func (o *once) fault() error {
	if o.err == nil {
		return nil
	}
	return o.err
}

// An object reads typed members of a JSON object; the first fault is kept.
type object struct {
	value message.Value
	fault string // "member x must be a string"
}

func (o *object) text(name string) string {
	v := o.value.Get(name)
	s, ok := v.Text()
	if !ok && v.Kind() > message.Null {
		o.wrong(name, "a string", v)
	}
	return s
}

func (o *object) truth(name string) bool {
	v := o.value.Get(name)
	b, ok := v.Bool()
	if !ok && v.Kind() > message.Null {
		o.wrong(name, "a boolean", v)
	}
	return b
}

func (o *object) number(name string) int64 {
	v := o.value.Get(name)
	n, ok := v.Int()
	switch {
	case !ok && v.Kind() == message.Number && o.fault == "":
		o.fault = name + " must be an integer of 64 bits, not another number"
	case !ok && v.Kind() > message.Null:
		o.wrong(name, "an integer", v)
	}
	return n
}

func (o *object) texts(name string) []string {
	v := o.value.Get(name)
	if v.Kind() <= message.Null {
		return nil
	}
	if v.Kind() != message.Array {
		o.wrong(name, "an array of strings", v)
		return nil
	}
	all := make([]string, 0, len(v.Elems()))
	for _, e := range v.Elems() {
		s, ok := e.Text()
		if !ok {
			o.wrong(name, "an array of strings", e)
			return nil
		}
		all = append(all, s)
	}
	return all
}

// object reads a member that is an object, as text.
func (o *object) object(name string) string {
	v := o.value.Get(name)
	switch v.Kind() {
	case message.Object:
		return string(v.Append(nil))
	case message.Missing, message.Null:
	default:
		o.wrong(name, "an object", v)
	}
	return ""
}

func (o *object) wrong(name, want string, got message.Value) {
	if o.fault == "" {
		o.fault = name + " must be " + want + ", not " + got.Kind().String()
	}
}

// members builds an object, leaving out what is empty.
type members []message.Member

func (m *members) text(name, value string) {
	if value != "" {
		*m = append(*m, message.M(name, message.Str(value)))
	}
}

// object writes an object that is kept as text.
func (m *members) object(name, text string) {
	if v, err := message.ParseJSON([]byte(text)); err == nil {
		*m = append(*m, message.M(name, v))
	}
}

func (m *members) texts(name string, all []string) {
	if len(all) > 0 {
		*m = append(*m, message.M(name, message.Strs(all)))
	}
}

func (m *members) number(name string, n int64) {
	if n != 0 {
		*m = append(*m, message.M(name, message.Num(n)))
	}
}

func (m *members) truth(name string, b bool) {
	if b {
		*m = append(*m, message.M(name, message.Boolean(true)))
	}
}

func (m members) encode() []byte { return message.Obj(m...).Append(nil) }
