package exchange

import (
	"reflect"
	"strings"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

const docURL = "https://app.example/client.json"

func served(body string) message.Response {
	return message.Response{Status: 200, Body: []byte(body), Header: message.Header{{Name: "Content-Type", Value: message.JSONType}}}
}

func TestClientDocumentIsReadAsWritten(t *testing.T) {
	is := is.New(t)
	c := oauth.ClientMetadata{ClientName: "App", RedirectURIs: []string{"http://127.0.0.1/cb"}, GrantTypes: []string{"authorization_code", "refresh_token"},
		ResponseTypes: []string{"code"}, TokenEndpointAuthMethod: "none", ApplicationType: "native", ClientURI: "https://app.example/"}
	got, faults := ReadClientDocument(docURL, served(string(ClientDocument(docURL, c))))
	is.Equal(len(faults), 0)           // what is written is good
	is.True(reflect.DeepEqual(got, c)) // and reads the same
}

func TestEveryFaultOfADocumentIsNamed(t *testing.T) {
	is := is.New(t)
	_, faults := ReadClientDocument(docURL, served(`{"client_id":"https://app.example/Client.json","client_secret":"x","token_endpoint_auth_method":"client_secret_post",
		"redirect_uris":["http://app.example/cb","javascript:alert(1)"],"jwks":{"keys":[{"kty":"EC","d":"x"}]},"jwks_uri":"https://app.example/jwks"}`))
	var cites []string
	for _, f := range faults {
		cites = append(cites, f.Cite)
		is.True(f.Text != "" && f.Got != "" && !strings.Contains(f.Text, "app.example")) // what was wanted, without what came
	}
	is.Equal(len(faults), 8)                                           // all of them, not the first alone
	is.True(strings.Contains(strings.Join(cites, " "), "section 4.1")) // with their sections
}

// Each rule of the draft for a document alone, and where it ends.
func TestRulesOfADocument(t *testing.T) {
	const head = `{"client_id":"` + docURL + `","client_name":"x"`
	const redirect = `,"redirect_uris":["https://app.example/cb"]`
	uris := func(n int) string {
		return `,"redirect_uris":["https://app.example/cb"` + strings.Repeat(`,"https://app.example/cb"`, n-1) + `]`
	}
	for rule, c := range map[string]struct {
		m    message.Response
		good bool
	}{
		"good":                        {served(head + redirect + "}"), true},
		"status 299":                  {message.Response{Status: 299}, false},
		"status 201":                  {message.Response{Status: 201, Body: served(head + redirect + "}").Body, Header: served("").Header}, false},
		"a redirect":                  {message.Response{Status: 300}, false},
		"the last redirect":           {message.Response{Status: 399}, false},
		"status 400":                  {message.Response{Status: 400}, false},
		"JSON of an application":      {message.Response{Status: 200, Body: []byte(head + redirect + "}"), Header: message.Header{{Name: "Content-Type", Value: "application/x+json"}}}, true},
		"JSON of another type":        {message.Response{Status: 200, Body: []byte(head + redirect + "}"), Header: message.Header{{Name: "Content-Type", Value: "text/x+json"}}}, false},
		"an application, no JSON":     {message.Response{Status: 200, Body: []byte(head + redirect + "}"), Header: message.Header{{Name: "Content-Type", Value: "application/xml"}}}, false},
		"5,120 bytes":                 {served(head + redirect + strings.Repeat(" ", MaxClientDocument-len(head+redirect)-1) + "}"), true},
		"5,121 bytes":                 {served(head + redirect + strings.Repeat(" ", MaxClientDocument-len(head+redirect)) + "}"), false},
		"no JSON":                     {served(head), false},
		"no object":                   {served("[]"), false},
		"a name that is none":         {served(`{"client_id":"` + docURL + `","client_name":1` + redirect + "}"), false},
		"another identifier":          {served(`{"client_id":"https://app.example/","client_name":"x"` + redirect + "}"), false},
		"no name":                     {served(`{"client_id":"` + docURL + `"` + redirect + "}"), false},
		"a secret":                    {served(head + redirect + `,"client_secret":"x"}`), false},
		"when a secret ends":          {served(head + redirect + `,"client_secret_expires_at":0}`), false},
		"a method with a secret":      {served(head + redirect + `,"token_endpoint_auth_method":"client_secret_basic"}`), false},
		"keys":                        {served(head + redirect + `,"token_endpoint_auth_method":"private_key_jwt","jwks":{"keys":[{"kty":"OKP","x":"x"}]}}`), true},
		"where keys are":              {served(head + redirect + `,"token_endpoint_auth_method":"private_key_jwt","jwks_uri":"https://app.example/keys"}`), true},
		"neither":                     {served(head + redirect + `,"token_endpoint_auth_method":"private_key_jwt"}`), false},
		"both":                        {served(head + redirect + `,"jwks":{"keys":[]},"jwks_uri":"https://app.example/keys"}`), false},
		"a private key":               {served(head + redirect + `,"jwks":{"keys":[{"kty":"OKP","x":"x","d":"d"}]}}`), false},
		"a symmetric key":             {served(head + redirect + `,"jwks":{"keys":[{"kty":"oct"}]}}`), false},
		"a text with a control":       {served(head + redirect + `,"software_id":"\u001b"}`), false},
		"20 redirect URIs":            {served(head + uris(20) + "}"), true},
		"21":                          {served(head + uris(21) + "}"), false},
		"none":                        {served(head + "}"), false},
		"none, where none is needed":  {served(head + `,"grant_types":["client_credentials"]}`), true},
		"one that is not registrable": {served(head + `,"redirect_uris":["http://app.example/"]}`), false},
	} {
		t.Run(rule, func(t *testing.T) {
			is := is.New(t)
			got, faults := ReadClientDocument(docURL, c.m)
			is.Equal(len(faults), map[bool]int{false: 1}[c.good]) // the one rule that it breaks
			for _, f := range faults {
				is.True(f.Text != "" && f.Got != "" && f.Cite != "") // is named
			}
			if c.good {
				is.True(got.TokenEndpointAuthMethod != "" && len(got.GrantTypes) > 0) // and what is left out is what RFC 7591 section 2 says
			}
		})
	}
	is := is.New(t)
	_, faults := ReadClientDocument(docURL, message.Response{Status: 300})
	is.True(strings.Contains(faults[0].Text, "redirect")) // a redirect is called one
	_, faults = ReadClientDocument(docURL, message.Response{Status: 400})
	is.True(!strings.Contains(faults[0].Text, "redirect")) // and nothing else is
	got, _ := ReadClientDocument(docURL, served(head+redirect+`,"token_endpoint_auth_method":"private_key_jwt","jwks_uri":"https://app.example/keys","grant_types":["refresh_token"]}`))
	is.True(got.TokenEndpointAuthMethod == "private_key_jwt" && got.GrantTypes[0] == "refresh_token") // what is there stays
}

func FuzzReadClientDocument(f *testing.F) {
	f.Add(docURL, 200, message.JSONType, `{"client_id":"`+docURL+`","client_name":"x","redirect_uris":["https://app.example/cb"]}`)
	f.Add(docURL, 302, "text/html", "")
	f.Add(docURL, 200, "application/x+json", `{"client_id":"`+docURL+`","jwks":{"keys":[1,{"kty":"oct"}]},"redirect_uris":[]}`)
	f.Fuzz(func(t *testing.T, id string, status int, kind, body string) {
		m := message.Response{Status: status, Header: message.Header{{Name: "Content-Type", Value: kind}}, Body: []byte(body)}
		c, faults := ReadClientDocument(id, m)
		if len(faults) > 0 {
			return
		}
		if status != 200 || len(body) > MaxClientDocument || c.ClientName == "" || strings.HasPrefix(c.TokenEndpointAuthMethod, "client_secret") {
			t.Fatalf("accepted %d %q", status, body)
		}
		for _, uri := range c.RedirectURIs {
			if oauth.RegistrableRedirect(uri) != nil {
				t.Fatalf("accepted the redirect URI %q", uri)
			}
		}
		if v, _ := message.ParseJSON(m.Body); v.Get("client_secret").Kind() != message.Missing || holdsPrivateKey(v.Get("jwks")) {
			t.Fatalf("accepted a secret: %q", body)
		}
	})
}
