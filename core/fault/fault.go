// Package fault is the catalogue of what goes wrong in logins: who lies, how,
// and what must be noticed. A fault changes messages between two healthy
// parties, so that their own checks are what finds it.
package fault

import (
	"slices"
	"strings"

	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// A Fault is one thing that goes wrong. The zero Fault is none.
type Fault struct {
	ID      string // stable: "as.issuer.other"
	Who     string // who lies: MCP server, Auth server, Attacker, Client, Time, Network
	Finding string // the id of what must be found
	Flows   string // the flows that meet it, separated by spaces; empty: all that discover
	Client  string // the registration that meets it; empty: any
	Late    bool   // the clock moves past the code's life before it is used
	Silent  bool   // the step gets no answer

	step    string
	request func(message.Request) message.Request
	reply   func(message.Response) message.Response
	inside  func(message.Request) message.Request
}

// Find returns a fault by its id; false when there is none.
func Find(id string) (Fault, bool) {
	i := slices.IndexFunc(All, func(f Fault) bool { return f.ID == id })
	if i < 0 {
		return Fault{}, id == ""
	}
	return All[i], true
}

// Meets reports whether a flow runs into the fault.
func (f Fault) Meets(flow string) bool {
	return f.Flows == "" && flow != "bearer" || slices.Contains(strings.Fields(f.Flows), flow)
}

// Request is what reaches the other side of a request.
func (f Fault) Request(step string, m message.Request) message.Request {
	if f.request == nil || step != f.step {
		return m
	}
	return f.request(m)
}

// Reply is what comes back instead of r.
func (f Fault) Reply(step string, r message.Response) message.Response {
	if f.reply == nil || step != f.step {
		return r
	}
	return f.reply(r)
}

// Inside is how a server that has the fault reads a request: it believes
// itself.
func (f Fault) Inside(m message.Request) message.Request {
	if f.inside == nil {
		return m
	}
	return f.inside(m)
}

// Lost reports whether a step gets no answer.
func (f Fault) Lost(step string) bool { return f.Silent && step == f.step }

// Flows that have an authorization code, and those with any token request.
const (
	withCode  = "auth-code refresh step-up"
	withToken = "auth-code device client-creds refresh step-up"
	other     = "https://other.example"
)

// All is the catalogue, in the order of a login.
var All = []Fault{
	{ID: "net.none", Who: "Network", Finding: "interrupted", step: "probe", Silent: true},
	{ID: "rs.challenge.none", Who: "MCP server", Finding: "challenge.missing", step: "probe", reply: func(r message.Response) message.Response { return without(r, "WWW-Authenticate") }},
	{ID: "rs.resource.other", Who: "MCP server", Finding: "resource.match", step: "discover.resource", reply: replace("resource", message.Str(other+"/mcp/oauth"))},
	{ID: "rs.resource.root", Who: "MCP server", Finding: "resource.parent", step: "discover.resource", reply: func(r message.Response) message.Response {
		return edit(r, "resource", func(v message.Value) message.Value {
			s, _ := v.Text()
			return message.Str(message.Request{URL: s}.Origin())
		})
	}, inside: atHome},
	{ID: "as.issuer.other", Who: "Auth server", Finding: "issuer.equal", step: "discover.server", reply: replace("issuer", message.Str(other))},
	{ID: "as.issuer.slash", Who: "Auth server", Finding: "issuer.equal", step: "discover.server", reply: func(r message.Response) message.Response {
		return edit(r, "issuer", func(v message.Value) message.Value { s, _ := v.Text(); return message.Str(s + "/") })
	}},
	{ID: "as.s256.none", Who: "Auth server", Finding: "pkce.s256", Flows: withCode, step: "discover.server", reply: replace("code_challenge_methods_supported", message.Value{})},
	{ID: "as.endpoint.http", Who: "Auth server", Finding: "endpoint.token_endpoint", step: "discover.server", reply: replace("token_endpoint", message.Str("http://as.example/token"))},
	{ID: "as.registration.none", Who: "Auth server", Finding: "shape.register", Client: "dynamic", step: "discover.server", reply: replace("registration_endpoint", message.Value{})},
	{ID: "as.registration.refused", Who: "Auth server", Finding: "refused.invalid_redirect_uri", Client: "dynamic", Flows: withCode, step: "register", reply: func(message.Response) message.Response {
		return message.JSON(400, []byte(`{"error":"invalid_redirect_uri","error_description":"loopback redirect URIs are not allowed"}`))
	}},
	{ID: "client.redirect.unknown", Who: "Client", Finding: "authorize.page", Flows: withCode, step: "authorize", request: func(m message.Request) message.Request {
		m.URL = strings.Replace(m.URL, "callback", "elsewhere", 1)
		return m
	}},
	{ID: "client.document.other", Who: "Client", Finding: "document.client", Flows: withCode, Client: "cimd", step: "document", reply: replace("client_id", message.Str(other+"/client.json"))},
	{ID: "as.denied", Who: "Auth server", Finding: "denied", Flows: withCode, step: "consent", reply: redirect("code", "error", oauth.AccessDenied)},
	{ID: "at.state.other", Who: "Attacker", Finding: "state.equal", Flows: withCode, step: "consent", reply: redirect("state", "state", "the-state-of-another-login")},
	{ID: "as.state.none", Who: "Auth server", Finding: "state.equal", Flows: withCode, step: "consent", reply: redirect("state", "", "")},
	{ID: "at.iss.other", Who: "Attacker", Finding: "iss.equal", Flows: withCode, step: "consent", reply: redirect("iss", "iss", other)},
	{ID: "as.iss.none", Who: "Auth server", Finding: "iss.present", Flows: withCode, step: "consent", reply: redirect("iss", "", "")},
	{ID: "client.verifier.wrong", Who: "Client", Finding: "refused.invalid_grant", Flows: withCode, step: "token", request: form("code_verifier", strings.Repeat("x", 43))},
	{ID: "client.redirect.other", Who: "Client", Finding: "refused.invalid_grant", Flows: withCode, step: "token", request: form("redirect_uri", "http://localhost:7777/callback")},
	{ID: "client.resource.other", Who: "Client", Finding: "refused.invalid_target", Flows: withToken, step: "token", request: form("resource", other+"/mcp")},
	{ID: "client.secret.wrong", Who: "Client", Finding: "refused.invalid_client", Flows: "client-creds", step: "token", request: guessing},
	{ID: "time.code.expired", Who: "Time", Finding: "refused.invalid_grant", Flows: withCode, Late: true},
	{ID: "as.token.html", Who: "Auth server", Finding: "shape.token", Flows: withToken, step: "token", reply: func(message.Response) message.Response {
		return message.Response{Status: 403, Header: message.Header{{Name: "Content-Type", Value: "text/html"}}, Body: []byte("<html><title>Blocked</title><h1>403 Forbidden</h1>")}
	}},
	{ID: "as.token.type", Who: "Auth server", Finding: "shape.tokens", Flows: withToken, step: "token", reply: replace("token_type", message.Value{})},
	{ID: "rs.token.refused", Who: "MCP server", Finding: "refused.invalid_token", Flows: withToken + " bearer", step: "mcp", reply: func(message.Response) message.Response {
		return challenged(401, `Bearer error="invalid_token", error_description="the token is for another audience"`)
	}},
	{ID: "rs.scope", Who: "MCP server", Finding: "refused.insufficient_scope", Flows: "auth-code device client-creds bearer refresh", step: "mcp", reply: func(message.Response) message.Response {
		return challenged(403, `Bearer error="insufficient_scope", scope="mcp:write"`)
	}},
}

// guessing is a client that is known, with a secret that is not its own.
func guessing(m message.Request) message.Request {
	a, _ := message.ReadAuthorization(m.Header)
	id, _, err := message.ParseBasic(a.Rest)
	if err != nil {
		return form("client_secret", "guess")(m)
	}
	m.Header = append(headersWithout(m.Header, "Authorization"), message.Field{Name: "Authorization", Value: message.BasicHeader(id, "guess")})
	return m
}

// atHome reads the origin, where it stands for the resource, as the resource.
func atHome(m message.Request) message.Request {
	origin := m.Origin()
	mine := message.Form{{Name: "resource", Value: origin}}.Encode()
	whole := message.Form{{Name: "resource", Value: origin + "/mcp/oauth"}}.Encode()
	swapped := func(s string) string { return strings.Replace(s+"&", mine+"&", whole+"&", 1) }
	if base, query, ok := strings.Cut(m.URL, "?"); ok {
		m.URL = base + "?" + strings.TrimSuffix(swapped(query), "&")
	}
	if message.MediaType(m.Header.Get("Content-Type")) == message.FormType {
		m.Body = []byte(strings.TrimSuffix(swapped(string(m.Body)), "&"))
	}
	return m
}

func challenged(status int, challenge string) message.Response {
	r := message.JSON(status, []byte(`{"error":"refused"}`))
	r.Header = r.Header.With("WWW-Authenticate", challenge)
	return r
}

func without(r message.Response, name string) message.Response {
	r.Header = headersWithout(r.Header, name)
	return r
}

func headersWithout(h message.Header, name string) (kept message.Header) {
	for _, f := range h {
		if !strings.EqualFold(f.Name, name) {
			kept = append(kept, f)
		}
	}
	return kept
}

// replace sets a member of a JSON answer; Missing takes it away.
func replace(name string, to message.Value) func(message.Response) message.Response {
	return func(r message.Response) message.Response {
		return edit(r, name, func(message.Value) message.Value { return to })
	}
}

func edit(r message.Response, name string, change func(message.Value) message.Value) message.Response {
	v, err := message.ParseJSON(r.Body)
	if err != nil {
		return r
	}
	var members []message.Member
	for _, m := range v.Members() {
		if m.Name == name {
			if m.Value = change(m.Value); m.Value.Kind() == message.Missing {
				continue
			}
		}
		members = append(members, m)
	}
	r.Body = message.Obj(members...).Append(nil)
	return r
}

// redirect puts a parameter in the place of another one of a redirect.
func redirect(old, name, value string) func(message.Response) message.Response {
	return func(r message.Response) message.Response {
		location := r.Header.Get("Location")
		base, query, ok := strings.Cut(location, "?")
		f, err := message.ParseForm(query)
		if !ok || err != nil || len(f.All(old)) == 0 {
			return r
		}
		r.Header = headersWithout(r.Header, "Location").With("Location", base+"?"+swap(f, old, name, value).Encode())
		return r
	}
}

func form(name, value string) func(message.Request) message.Request {
	return func(m message.Request) message.Request {
		if f, err := message.ParseForm(string(m.Body)); err == nil {
			m.Body = []byte(swap(f, name, name, value).Encode())
		}
		return m
	}
}

func swap(f message.Form, old, name, value string) (out message.Form) {
	for _, p := range f {
		switch {
		case p.Name != old:
			out = append(out, p)
		case name != "":
			out = append(out, message.Pair{Name: name, Value: value})
		}
	}
	return out
}
