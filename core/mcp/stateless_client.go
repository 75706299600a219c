// The client's half of the stateless wire (MCP 2026-07-28): what every request
// says of itself in its body, and again in its header.
package mcp

import (
	"encoding/base64"
	"slices"
	"strings"

	"mcp-auth/core/message"
)

// Error codes of the stateless wire.
const (
	HeaderMismatch     = -32020
	MissingCapability  = -32021
	UnsupportedVersion = -32022
)

// StatelessRequest writes a request: version, client and capabilities in
// params._meta, and version, method and name in the header again. mirrored are
// the Mcp-Param fields of a tool call.
func StatelessRequest(url string, id message.Value, method string, params message.Value, client, clientVersion string, mirrored message.Header) message.Request {
	r := Request(url, id, method, withMeta(params, client, clientVersion))
	r.Header = r.Header.With(VersionHeader, Stateless).With("Mcp-Method", method)
	if name, ok := named(method, params); ok {
		r.Header = r.Header.With("Mcp-Name", HeaderText(name))
	}
	r.Header = append(r.Header, mirrored...)
	return r
}

func withMeta(params message.Value, client, clientVersion string) message.Value {
	own := []message.Member{
		message.M(MetaVersion, message.Str(Stateless)),
		message.M(MetaClient, message.Obj(message.M("name", message.Str(client)), message.M("version", message.Str(clientVersion)))),
		message.M(MetaCapabilities, message.Obj()),
	}
	var members []message.Member
	for _, m := range params.Members() {
		if m.Name != "_meta" {
			members = append(members, m)
			continue
		}
		for _, given := range m.Value.Members() { // what the caller says stands
			own = slices.DeleteFunc(own, func(o message.Member) bool { return o.Name == given.Name })
			own = append(own, given)
		}
	}
	return message.Obj(append(members, message.M("_meta", message.Obj(own...)))...)
}

// named is what Mcp-Name repeats.
func named(method string, params message.Value) (string, bool) {
	switch method {
	case "tools/call", "prompts/get":
		return params.Get("name").Text()
	case "resources/read":
		return params.Get("uri").Text()
	}
	return "", false
}

// Marks of a header value that is base64 of UTF-8.
const (
	base64Begin = "=?base64?"
	base64End   = "?="
)

// HeaderText is a text as a header value: as it is when it is visible ASCII
// with inner spaces, else base64 between marks.
func HeaderText(s string) string {
	plain := s == strings.Trim(s, " ") && !(strings.HasPrefix(s, base64Begin) && strings.HasSuffix(s, base64End))
	for i := 0; plain && i < len(s); i++ {
		plain = s[i] >= 0x20 && s[i] < 0x7f
	}
	if plain {
		return s
	}
	return base64Begin + base64.StdEncoding.EncodeToString([]byte(s)) + base64End
}

// Mirrored are the Mcp-Param fields of a call: the arguments whose parameters
// the tool's inputSchema marks with x-mcp-header. fault says what makes the
// tool's definition unusable.
func Mirrored(tool, arguments message.Value) (fields message.Header, fault string) {
	seen := map[string]bool{}
	for _, p := range tool.Get("inputSchema").Get("properties").Members() {
		mark := p.Value.Get("x-mcp-header")
		if mark.Kind() == message.Missing {
			continue
		}
		name, _ := mark.Text()
		kind, _ := p.Value.Get("type").Text()
		switch {
		case !message.IsToken(name):
			return nil, "x-mcp-header of " + p.Name + " is no header name"
		case kind != "string" && kind != "integer" && kind != "boolean":
			return nil, "x-mcp-header of " + p.Name + " is on a parameter that is no string, integer or boolean"
		case seen[strings.ToLower(name)]:
			return nil, "x-mcp-header names " + name + " twice"
		}
		seen[strings.ToLower(name)] = true
		if v := arguments.Get(p.Name); v.Kind() != message.Missing && v.Kind() != message.Null {
			fields = append(fields, message.Field{Name: "Mcp-Param-" + name, Value: argumentText(v)})
		}
	}
	return fields, ""
}

func argumentText(v message.Value) string {
	return HeaderText(plainText(v))
}

// notInitialized is what many servers with a handshake answer to a request that
// came before it; JSON-RPC leaves the number to servers.
const notInitialized = -32002

// SpeaksStateless reports whether an answer to a stateless request may come
// from a server of that wire: anything but a refusal of the request as such
// that carries none of the wire's own errors.
func SpeaksStateless(m message.Response) bool {
	v, err := message.ParseJSON(m.Body)
	code, _ := v.Get("error").Get("code").Int()
	switch {
	case m.Status == 200: // where the wire itself has 400
		return code != InvalidRequest && code != notInitialized
	case m.Status < 400 || m.Status == 401 || m.Status == 403 || m.Status == 429 || m.Status > 499:
		return true
	case err != nil:
		return false
	}
	switch code {
	case UnsupportedVersion: // it may speak an older one
		return !slices.ContainsFunc(SupportedVersions(m), func(s string) bool { return slices.Contains(Handshake, s) })
	case HeaderMismatch, MissingCapability:
		return true
	case MethodNotFound, InvalidParams:
		return m.Status == 404 || m.Status == 400 && code == InvalidParams
	}
	return false
}

// SupportedVersions are the versions that a refusal names.
func SupportedVersions(m message.Response) []string {
	v, err := message.ParseJSON(m.Body)
	if err != nil {
		return nil
	}
	var all []string
	if code, _ := v.Get("error").Get("code").Int(); code == UnsupportedVersion {
		for _, e := range v.Get("error").Get("data").Get("supported").Elems() {
			s, _ := e.Text()
			all = append(all, s)
		}
	}
	return all
}

// UnknownMethod reports whether an answer says that the method is not known.
func UnknownMethod(m message.Response) bool {
	v, err := message.ParseJSON(m.Body)
	code, _ := v.Get("error").Get("code").Int()
	return err == nil && code == MethodNotFound
}
