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
