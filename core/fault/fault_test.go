package fault_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/fault"
	"mcp-auth/core/message"
)

// A healthy exchange of each step: what a fault changes.
const (
	home     = "http://127.0.0.1:8765"
	other    = "https://other.example"
	resource = home + "/mcp/oauth"
)

var flows = []string{"auth-code", "device", "client-creds", "bearer", "refresh", "step-up"}

func json(body string) message.Response { return message.JSON(200, []byte(body)) }

var replies = map[string]message.Response{
	"probe":             {Status: 401, Header: message.Header{{Name: "WWW-Authenticate", Value: "Bearer resource_metadata=\"x\""}, {Name: "Content-Type", Value: "text/plain"}}},
	"discover.resource": json(`{"resource":"` + resource + `","authorization_servers":["` + home + `"]}`),
	"discover.server":   json(`{"issuer":"` + home + `","token_endpoint":"` + home + `/oauth/token","registration_endpoint":"` + home + `/oauth/register","code_challenge_methods_supported":["S256"]}`),
	"register":          {Status: 201, Header: message.Header{{Name: "Content-Type", Value: message.JSONType}}, Body: []byte(`{"client_id":"c"}`)},
	"document":          json(`{"client_id":"https://app.example/c","client_name":"App"}`),
	"consent":           message.Redirect(303, "http://127.0.0.1:7777/callback?code=abc&state=s&iss="+"http%3A%2F%2F127.0.0.1%3A8765"),
	"token":             json(`{"access_token":"a","token_type":"Bearer","expires_in":1}`),
	"mcp":               json(`{"jsonrpc":"2.0","id":1,"result":{}}`),
}

var requests = map[string]message.Request{
	"authorize": {Method: "GET", URL: home + "/oauth/authorize?client_id=c&redirect_uri=http%3A%2F%2F127.0.0.1%3A7777%2Fcallback"},
	"token": {Method: "POST", URL: home + "/oauth/token", Header: message.Header{{Name: "Content-Type", Value: message.FormType}, {Name: "authorization", Value: message.BasicHeader("c", "good")}},
		Body: []byte("grant_type=authorization_code&code_verifier=v&redirect_uri=http%3A%2F%2F127.0.0.1%3A7777%2Fcallback&resource=http%3A%2F%2F127.0.0.1%3A8765%2Fmcp%2Foauth")},
}

// lie is what a fault does to a step: the whole of it, as text.
type lie struct{ step, says string }

var lies = map[string]lie{
	"rs.challenge.none":       {"probe", "401 text/plain"},
	"rs.resource.other":       {"discover.resource", `200 {"resource":"` + other + `/mcp/oauth","authorization_servers":["` + home + `"]}`},
	"rs.resource.root":        {"discover.resource", `200 {"resource":"` + home + `","authorization_servers":["` + home + `"]}`},
	"as.issuer.other":         {"discover.server", `200 {"issuer":"` + other + `","token_endpoint":"` + home + `/oauth/token","registration_endpoint":"` + home + `/oauth/register","code_challenge_methods_supported":["S256"]}`},
	"as.issuer.slash":         {"discover.server", `200 {"issuer":"` + home + `/","token_endpoint":"` + home + `/oauth/token","registration_endpoint":"` + home + `/oauth/register","code_challenge_methods_supported":["S256"]}`},
	"as.s256.none":            {"discover.server", `200 {"issuer":"` + home + `","token_endpoint":"` + home + `/oauth/token","registration_endpoint":"` + home + `/oauth/register"}`},
	"as.endpoint.http":        {"discover.server", `200 {"issuer":"` + home + `","token_endpoint":"http://as.example/token","registration_endpoint":"` + home + `/oauth/register","code_challenge_methods_supported":["S256"]}`},
	"as.registration.none":    {"discover.server", `200 {"issuer":"` + home + `","token_endpoint":"` + home + `/oauth/token","code_challenge_methods_supported":["S256"]}`},
	"as.registration.refused": {"register", `400 {"error":"invalid_redirect_uri","error_description":"loopback redirect URIs are not allowed"}`},
	"client.document.other":   {"document", `200 {"client_id":"` + other + `/client.json","client_name":"App"}`},
	"as.denied":               {"consent", "303 http://127.0.0.1:7777/callback?error=access_denied&state=s&iss=http%3A%2F%2F127.0.0.1%3A8765"},
	"at.state.other":          {"consent", "303 http://127.0.0.1:7777/callback?code=abc&state=the-state-of-another-login&iss=http%3A%2F%2F127.0.0.1%3A8765"},
	"as.state.none":           {"consent", "303 http://127.0.0.1:7777/callback?code=abc&iss=http%3A%2F%2F127.0.0.1%3A8765"},
	"at.iss.other":            {"consent", "303 http://127.0.0.1:7777/callback?code=abc&state=s&iss=https%3A%2F%2Fother.example"},
	"as.iss.none":             {"consent", "303 http://127.0.0.1:7777/callback?code=abc&state=s"},
	"as.token.html":           {"token", "403 text/html <html><title>Blocked</title><h1>403 Forbidden</h1>"},
	"as.token.type":           {"token", `200 {"access_token":"a","expires_in":1}`},
	"rs.token.refused":        {"mcp", `401 Bearer error="invalid_token", error_description="the token is for another audience" {"error":"refused"}`},
	"rs.scope":                {"mcp", `403 Bearer error="insufficient_scope", scope="mcp:write" {"error":"refused"}`},
}

var asks = map[string]lie{
	"client.redirect.unknown": {"authorize", "GET " + home + "/oauth/authorize?client_id=c&redirect_uri=http%3A%2F%2F127.0.0.1%3A7777%2Felsewhere"},
	"client.verifier.wrong":   {"token", "POST " + home + "/oauth/token " + message.BasicHeader("c", "good") + " grant_type=authorization_code&code_verifier=" + strings.Repeat("x", 43) + "&redirect_uri=http%3A%2F%2F127.0.0.1%3A7777%2Fcallback&resource=http%3A%2F%2F127.0.0.1%3A8765%2Fmcp%2Foauth"},
	"client.redirect.other":   {"token", "POST " + home + "/oauth/token " + message.BasicHeader("c", "good") + " grant_type=authorization_code&code_verifier=v&redirect_uri=http%3A%2F%2Flocalhost%3A7777%2Fcallback&resource=http%3A%2F%2F127.0.0.1%3A8765%2Fmcp%2Foauth"},
	"client.resource.other":   {"token", "POST " + home + "/oauth/token " + message.BasicHeader("c", "good") + " grant_type=authorization_code&code_verifier=v&redirect_uri=http%3A%2F%2F127.0.0.1%3A7777%2Fcallback&resource=https%3A%2F%2Fother.example%2Fmcp"},
	"client.secret.wrong":     {"token", "POST " + home + "/oauth/token " + message.BasicHeader("c", "guess") + " grant_type=authorization_code&code_verifier=v&redirect_uri=http%3A%2F%2F127.0.0.1%3A7777%2Fcallback&resource=http%3A%2F%2F127.0.0.1%3A8765%2Fmcp%2Foauth"},
}

func said(r message.Response) string {
	kind := message.MediaType(r.Header.Get("Content-Type"))
	if kind == message.JSONType {
		kind = ""
	}
	return words(message.Decimal(int64(r.Status)), kind, r.Header.Get("WWW-Authenticate"), r.Header.Get("Location"), string(r.Body))
}

func sent(m message.Request) string {
	return words(m.Method, m.URL, m.Header.Get("Authorization"), string(m.Body))
}

func words(all ...string) string {
	return strings.Join(slices.DeleteFunc(all, func(s string) bool { return s == "" }), " ")
}

// Each fault changes one step, by one lie, and nothing else: so that what is
// found is the fault that was chosen.
func TestAFaultIsOneLie(t *testing.T) {
	for _, f := range fault.All {
		t.Run(f.ID, func(t *testing.T) {
			is := is.New(t)
			for step, r := range replies {
				want := said(r)
				if l := lies[f.ID]; l.step == step {
					want = l.says
				}
				is.Equal(said(f.Reply(step, r)), want) // the answer
			}
			for step, m := range requests {
				want := sent(m)
				if a := asks[f.ID]; a.step == step {
					want = a.says
				}
				is.Equal(sent(f.Request(step, m)), want) // the request
				if f.ID != "rs.resource.root" {
					is.Equal(sent(f.Inside(m)), sent(m)) // what the server makes of it
				}
			}
			for _, step := range []string{"probe", "discover.resource", "token", "mcp"} {
				is.Equal(f.Lost(step), f.ID == "net.none" && step == "probe") // one step has no answer
			}
			_, lies := lies[f.ID]
			_, asks := asks[f.ID]
			is.True(lies || asks || f.Silent || f.Late) // it does something
		})
	}
}

// An answer that has nothing of what a lie is about is left as it is.
func TestALieNeedsItsPlace(t *testing.T) {
	is := is.New(t)
	for id, r := range map[string]message.Response{
		"as.denied":         message.Redirect(303, "http://127.0.0.1:7777/callback?error=x"),
		"at.state.other":    message.Redirect(303, "http://127.0.0.1:7777/callback?code=%zz&state=s"),
		"as.state.none":     message.Redirect(303, "/state"),
		"as.iss.none":       {Status: 200, Body: []byte("a page")},
		"rs.resource.other": {Status: 200, Body: []byte("no JSON")},
		"as.token.type":     json(`{"access_token":"a"}`),
	} {
		f, ok := fault.Find(id)
		is.True(ok) // it is in the catalogue
		for _, step := range []string{"consent", "discover.resource", "token"} {
			if id != "as.token.type" || step == "token" {
				is.Equal(said(f.Reply(step, r)), said(r))
			}
		}
	}
	f, _ := fault.Find("client.secret.wrong")
	posted := message.Request{Body: []byte("client_id=c&client_secret=good"), Header: message.Header{{Name: "Authorization", Value: "Bearer x"}}}
	is.Equal(sent(f.Request("token", posted)), "Bearer x client_id=c&client_secret=guess") // the secret is wrong where it is sent
	f, _ = fault.Find("client.resource.other")
	is.Equal(string(f.Request("token", message.Request{Body: []byte("resource=%zz")}).Body), "resource=%zz")
}

// A server that takes its origin for the resource believes itself: it reads
// what it has announced as its own.
func TestTheServerBelievesItself(t *testing.T) {
	is := is.New(t)
	f, _ := fault.Find("rs.resource.root")
	const short, long = "resource=http%3A%2F%2F127.0.0.1%3A8765", "resource=http%3A%2F%2F127.0.0.1%3A8765%2Fmcp%2Foauth"
	inside := func(query, body, kind string) (string, string) {
		m := message.Request{URL: home + "/oauth/token" + query, Body: []byte(body), Header: message.Header{{Name: "Content-Type", Value: kind}}}
		m = f.Inside(m)
		return strings.TrimPrefix(m.URL, home+"/oauth/token"), string(m.Body)
	}
	for _, c := range []struct{ in, out string }{{short, long}, {"a=b&" + short + "&c=d", "a=b&" + long + "&c=d"}, {long, long}, {"a=b", "a=b"}, {"", ""}} {
		query, body := inside("?"+c.in, c.in, message.FormType)
		is.Equal(query, "?"+c.out) // in a URL
		is.Equal(body, c.out)      // and in a form
		query, body = inside("", c.in, message.JSONType)
		is.True(query == "" && body == c.in) // nowhere else
	}
}

func TestWhichFlowsMeetAFault(t *testing.T) {
	is := is.New(t)
	none, ok := fault.Find("")
	is.True(ok && none.ID == "") // no fault is one too
	is.Equal(said(none.Reply("token", replies["token"])), said(replies["token"]))
	_, ok = fault.Find("unheard.of")
	is.True(!ok)
	seen := map[string]bool{}
	for _, f := range fault.All {
		found, ok := fault.Find(f.ID)
		is.True(ok && found.ID == f.ID && !seen[f.ID]) // each once
		seen[f.ID] = true
		met := slices.DeleteFunc(slices.Clone(flows), func(flow string) bool { return !f.Meets(flow) })
		if f.Flows == "" {
			is.Equal(met, []string{"auth-code", "device", "client-creds", "refresh", "step-up"}) // all that discover
		} else {
			is.Equal(len(met), len(strings.Fields(f.Flows))) // those that it names
		}
	}
}
