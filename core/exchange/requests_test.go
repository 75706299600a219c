// What a server does not take, for every request there is (RFC 6749 section
// 3.1 and 3.2, rules C-06 and C-11).
package exchange

import (
	"errors"
	"strings"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/jose"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// requests is every reader of a form, with each parameter it knows.
var requests = map[string]struct {
	read       func(message.Request) error
	parameters string
}{
	"token": {func(m message.Request) error { _, err := ReadTokenRequest(m); return err },
		"grant_type code redirect_uri code_verifier refresh_token device_code assertion scope audience subject_token subject_token_type requested_token_type client_id client_secret client_assertion client_assertion_type"},
	"device": {func(m message.Request) error { _, err := ReadDeviceRequest(m); return err }, "scope client_id client_secret"},
	"pushed": {func(m message.Request) error { _, err := ReadPushedRequest(m); return err },
		"response_type client_id redirect_uri state scope code_challenge code_challenge_method response_mode dpop_jkt client_secret"},
	"revocation, introspection": {func(m message.Request) error { _, err := ReadTokenQuestion(m); return err }, "token token_type_hint client_id client_secret"},
	"ID token":                  {func(m message.Request) error { return asError(ReadIDTokenRequest(m)) }, "client_id"},
	"authorize": {func(m message.Request) error {
		f, _ := message.ParseForm(string(m.Body))
		_, _, err := ReadAuthorizationRequest(f)
		return err
	}, "response_type client_id redirect_uri state scope code_challenge code_challenge_method response_mode dpop_jkt"},
}

func asError(_ string, e *oauth.Error) error {
	if e == nil {
		return nil
	}
	return e
}

func posted(form string) message.Request {
	return message.Request{Method: "POST", URL: "https://as.example/x", Body: []byte(form), Header: message.Header{{Name: "Content-Type", Value: message.FormType}}}
}

func code(err error) string {
	var e *oauth.Error
	if !errors.As(err, &e) {
		return ""
	}
	return e.Code
}

func TestEachParameterOnce(t *testing.T) {
	for name, r := range requests {
		for parameter := range strings.FieldsSeq(r.parameters) {
			t.Run(name+" "+parameter, func(t *testing.T) {
				is := is.New(t)
				twice := parameter + "=a&token=t&client_id=c&" + parameter + "=a"
				if parameter != "client_id" {
					is.NoErr(r.read(posted("token=t&client_id=c"))) // a request without it
				}
				is.Equal(code(r.read(posted(twice))), oauth.InvalidRequest) // sent twice it is refused, even with one value
			})
		}
	}
}

func TestNoFormIsNoRequest(t *testing.T) {
	for name, r := range requests {
		if name == "authorize" {
			continue // reads a form that was read
		}
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			m := posted("token=t&client_id=c")
			m.Header = message.Header{{Name: "Content-Type", Value: message.JSONType}}
			var e *oauth.Error
			is.True(errors.As(r.read(m), &e))                                     // another media type
			is.True(e.Code == oauth.InvalidRequest && e.Status == 415)            // is answered by the book
			is.Equal(code(r.read(posted("client_id=%zz"))), oauth.InvalidRequest) // and so is a broken escape
		})
	}
}

// RFC 8707 section 2: the same resource again is no harm, two are not served.
func TestOneResource(t *testing.T) {
	is := is.New(t)
	for _, name := range []string{"token", "device", "pushed", "authorize"} {
		read := requests[name].read
		is.NoErr(read(posted("client_id=c&resource=https%3A%2F%2Fr.example&resource=https%3A%2F%2Fr.example")))                                   // the same twice
		is.Equal(code(read(posted("client_id=c&resource=https%3A%2F%2Fr.example&resource=https%3A%2F%2Fs.example"))), oauth.InvalidTarget)        // two
		is.Equal(code(read(posted("client_id=c&scope=a&scope=b&resource=https%3A%2F%2Fr.example&resource=https%3A%2F%2Fs.example"))) != "", true) // and whatever else is wrong
	}
}

func TestWhatIsMissingIsAskedFor(t *testing.T) {
	is := is.New(t)
	_, err := ReadTokenQuestion(posted("client_id=c"))
	is.Equal(code(err), oauth.InvalidRequest) // no token to ask about
	_, bad := ReadIDTokenRequest(posted(""))
	is.Equal(bad.Code, oauth.InvalidRequest) // no client to sign for
	id, bad := ReadIDTokenRequest(posted("client_id=c"))
	is.True(bad == nil && id == "c") // and one
}

// RFC 6749 section 4.1.2.1: where client and redirect URI are in doubt, the
// answer may be no redirect; where only state is, it comes without one.
func TestRepeatedParametersOfAuthorize(t *testing.T) {
	is := is.New(t)
	read := func(query string) (AuthorizationRequest, bool, error) {
		f, err := message.ParseForm(query)
		is.NoErr(err) // a query
		return ReadAuthorizationRequest(f)
	}
	r, client, err := read("client_id=c&client_id=d&redirect_uri=https%3A%2F%2Fa.example")
	is.True(client && code(err) == oauth.InvalidRequest) // a client in doubt
	is.Equal(r.RedirectURI, "https://a.example")         // what could be read is there
	_, client, err = read("client_id=c&redirect_uri=a&redirect_uri=b")
	is.True(client && code(err) == oauth.InvalidRequest) // a redirect URI in doubt
	r, client, err = read("client_id=c&redirect_uri=a&state=x&state=y&scope=s")
	is.True(!client && code(err) == oauth.InvalidRequest && r.State == "") // a state in doubt is none
	is.Equal(r.Scope, "s")                                                 // the rest stays
	r, _, err = read("client_id=c&dpop_jkt=k&request=x")
	is.True(err == nil && r.DPoPKey == "k" && r.Request) // request
	r, _, _ = read("client_id=c&request_uri=x")
	is.True(r.Request) // or request_uri was sent
	r, _, _ = read("client_id=c")
	is.True(!r.Request) // or neither
	f, err := message.ParseForm(message.Request{URL: AuthorizationRequest{DPoPKey: "k"}.URL("https://as.example/")}.Query())
	is.True(err == nil && f[0] == message.Pair{Name: "dpop_jkt", Value: "k"}) // dpop_jkt is sent
}

// RFC 6749 section 2.3: one way to authenticate a request.
func TestClientAuthentication(t *testing.T) {
	basic := func(user, password string) string { return message.BasicHeader(user, password) }
	const assertion = "client_assertion=x&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
	for _, c := range []struct {
		rule, body string
		fields     []string
		want       ClientAuth
		code       string
	}{
		{"a public client", "client_id=c", nil, ClientAuth{ClientID: "c"}, ""},
		{"client_secret_post", "client_id=c&client_secret=s", nil, ClientAuth{ClientID: "c", ClientSecret: "s"}, ""},
		{"client_secret_basic", "", []string{basic("c%2B", "s+%25")}, ClientAuth{ClientID: "c+", ClientSecret: "s %", Basic: true}, ""},
		{"the same client_id in the body", "client_id=c", []string{basic("c", "s")}, ClientAuth{ClientID: "c", ClientSecret: "s", Basic: true}, ""},
		{"another client_id in the body", "client_id=d", []string{basic("c", "s")}, ClientAuth{ClientID: "d", Basic: true}, oauth.InvalidRequest},
		{"a parameter twice beside it", "client_id=c&client_id=c", []string{basic("c", "s")}, ClientAuth{ClientID: "c", ClientSecret: "s", Basic: true}, oauth.InvalidRequest},
		{"two fields", "client_id=c", []string{basic("c", "s"), basic("c", "s")}, ClientAuth{ClientID: "c", Basic: true}, oauth.InvalidRequest},
		{"another scheme", "client_id=c", []string{"Bearer x"}, ClientAuth{ClientID: "c", Basic: true}, oauth.InvalidClient},
		{"no base64", "", []string{"Basic !"}, ClientAuth{Basic: true}, oauth.InvalidClient},
		{"an id that is not form-encoded", "", []string{basic("%zz", "s")}, ClientAuth{Basic: true}, oauth.InvalidClient},
		{"a secret that is not form-encoded", "", []string{basic("c", "%zz")}, ClientAuth{Basic: true}, oauth.InvalidClient},
		{"an id that is two parameters", "", []string{basic("c&d", "s")}, ClientAuth{Basic: true}, oauth.InvalidClient},
		{"no id", "", []string{basic("", "s")}, ClientAuth{Basic: true}, oauth.InvalidClient},
		{"a secret in both", "client_secret=s", []string{basic("c", "s")}, ClientAuth{ClientSecret: "s", Basic: true}, oauth.InvalidRequest},
		{"an assertion beside", "client_id=c&" + assertion, []string{basic("c", "s")}, ClientAuth{ClientID: "c", JWT: "x", Assertion: true, Basic: true}, oauth.InvalidRequest},
		{"private_key_jwt", "client_id=c&" + assertion, nil, ClientAuth{ClientID: "c", JWT: "x", Assertion: true}, ""},
		{"an assertion of another type", "client_id=c&client_assertion=x&client_assertion_type=saml", nil, ClientAuth{ClientID: "c", Assertion: true}, ""},
		{"a type without an assertion", "client_id=c&client_assertion_type=saml", nil, ClientAuth{ClientID: "c", Assertion: true}, ""},
		{"an assertion without a type", "client_id=c&client_assertion=x", nil, ClientAuth{ClientID: "c", Assertion: true}, ""},
	} {
		t.Run(c.rule, func(t *testing.T) {
			is := is.New(t)
			m := posted(c.body)
			for _, f := range c.fields {
				m.Header = append(m.Header, message.Field{Name: "Authorization", Value: f})
			}
			r, err := ReadTokenRequest(m)
			is.Equal(code(err), c.code)                                                                          // taken, or refused with this code
			is.Equal(r.Client, c.want)                                                                           // and what is known of the client even then
			is.Equal(r.Client.Unproven(), !r.Client.Basic && !r.Client.Assertion && r.Client.ClientSecret == "") // nothing proves it
			d, err := ReadDeviceRequest(m)
			is.Equal(code(err), c.code) // the same at the device endpoint
			is.Equal(d.Client, c.want)
			m.Body = append(m.Body, "&token=t"...)
			q, err := ReadTokenQuestion(m)
			is.Equal(code(err), c.code) // at revocation and introspection
			is.Equal(q.Client, c.want)
			p, err := ReadPushedRequest(m)
			is.Equal(code(err), c.code) // and where a request is pushed
			is.Equal(p.Client, c.want)
			if err == nil {
				is.Equal(p.ClientID, p.Client.ClientID) // which is for the client that authenticated
			}
		})
	}
}

// RFC 7521 section 4.2: the assertion says who the client is.
func TestAnAssertionNamesItsClient(t *testing.T) {
	is := is.New(t)
	k := signer(t)
	text, err := ClientAssertion(k, "c", "https://as.example", "j", signedAt)
	is.NoErr(err) // an assertion
	m := TokenRequest{GrantType: "client_credentials", Client: ClientAuth{Method: oauth.AuthKey, JWT: text}}.Message("https://as.example/token")
	r, err := ReadTokenRequest(m)
	is.NoErr(err)                                                             // sent without client_id
	is.Equal(r.Client, ClientAuth{ClientID: "c", JWT: text, Assertion: true}) // names it
	is.True(!r.Client.Unproven())                                             // and is a proof to be judged
	a, err := ReadAssertion(r.Client.JWT, signedAt.Add(assertionLife/2), LongestAssertion, []jose.PublicKey{k.Public()})
	is.NoErr(err)                                                                                      // it is signed and lives
	is.True(a.Issuer == "c" && a.Subject == "c" && a.Audience == "https://as.example" && a.JTI == "j") // RFC 7523 section 3
	_, err = ReadAssertion(text, signedAt.Add(2*assertionLife), LongestAssertion, []jose.PublicKey{k.Public()})
	is.True(err != nil) // for a minute
	m = TokenRequest{Client: ClientAuth{Method: oauth.AuthKey, ClientID: "d", JWT: text}}.Message("https://as.example/token")
	r, _ = ReadTokenRequest(m)
	is.Equal(r.Client.ClientID, "d") // a client_id beside it stays, to be compared
}

func TestTokenExchangeIsReadAsWritten(t *testing.T) {
	is := is.New(t)
	want := TokenRequest{GrantType: "g", Assertion: "a", Audience: "u", SubjectToken: "s", SubjectTokenType: "t", RequestedTokenType: "r", Client: ClientAuth{ClientID: "c"}}
	got, err := ReadTokenRequest(want.Message("https://as.example/token"))
	is.NoErr(err)       // RFC 8693 section 2.1
	is.Equal(got, want) // each parameter
}

// RFC 9126 section 4: the browser carries a reference and nothing else.
func TestPushedReference(t *testing.T) {
	is := is.New(t)
	read := func(url string) (string, string, bool) {
		f, err := message.ParseForm(message.Request{URL: url}.Query())
		is.NoErr(err) // a query
		return ReadPushedURL(f)
	}
	id, uri, ok := read(PushedURL("https://as.example/authorize", "c", PushedPrefix+"1"))
	is.True(ok && id == "c" && uri == PushedPrefix+"1") // read as written
	_, _, ok = read("/?client_id=c&request_uri=https%3A%2F%2Fevil.example")
	is.True(!ok) // another kind of reference
	_, _, ok = read("/?client_id=c&request_uri=" + PushedPrefix + "1&request_uri=" + PushedPrefix + "2")
	is.True(!ok) // two
	_, _, ok = read("/?client_id=c&client_id=d&request_uri=" + PushedPrefix + "1")
	is.True(!ok) // two clients
	_, _, ok = read("/?client_id=c")
	is.True(!ok) // none
}

// RFC 7591 section 3.1: what a registration may be.
func TestRegistrationsRefused(t *testing.T) {
	for rule, c := range map[string]struct {
		kind, body string
		status     int
	}{
		"a form": {message.FormType, "{}", 415}, "no JSON": {message.JSONType, "{", 400}, "an array": {message.JSONType, "[]", 400},
		"a number for a name": {message.JSONType, `{"client_name":1}`, 400}, "text for a list": {message.JSONType, `{"redirect_uris":"https://a.example"}`, 400},
		"a list of numbers": {message.JSONType, `{"redirect_uris":[1]}`, 400}, "text for keys": {message.JSONType, `{"jwks":"x"}`, 400}, "text for a truth": {message.JSONType, `{"dpop_bound_access_tokens":"yes"}`, 400},
	} {
		t.Run(rule, func(t *testing.T) {
			is := is.New(t)
			_, err := ReadRegistrationRequest(message.Request{Body: []byte(c.body), Header: message.Header{{Name: "Content-Type", Value: c.kind}}})
			var e *oauth.Error
			is.True(errors.As(err, &e))                                                  // an error to send
			is.True(e.Code == oauth.InvalidClientMetadata && e.HTTPStatus() == c.status) // by the book
		})
	}
	is := is.New(t)
	twice := message.Header{{Name: "Content-Type", Value: message.JSONType}, {Name: "Content-Type", Value: message.JSONType}}
	_, err := ReadRegistrationRequest(message.Request{Body: []byte("{}"), Header: twice})
	is.Equal(code(err), oauth.InvalidClientMetadata) // two media types are none
	_, err = ReadRegistrationRequest(message.Request{Body: []byte(`{"client_name":null,"redirect_uris":null,"jwks":null,"dpop_bound_access_tokens":null}`), Header: twice[:1]})
	is.NoErr(err) // null is left out
	want := oauth.ClientMetadata{ClientName: "n", JWKS: `{"keys":[]}`, DPoPBound: true}
	got, err := ReadRegistrationRequest(RegistrationRequest("https://as.example/register", want))
	is.NoErr(err)       // keys
	is.Equal(got, want) // are read as written
}

func TestClientTexts(t *testing.T) {
	long := func(n int) string { return strings.Repeat("n", n) }
	web := func(n int) string { return "https://a.example/" + long(n-len("https://a.example/")) }
	for rule, c := range map[string]struct {
		client oauth.ClientMetadata
		good   bool
	}{
		"nothing": {oauth.ClientMetadata{}, true}, "256 characters": {oauth.ClientMetadata{ClientName: strings.Repeat("é", 256)}, true}, "257": {oauth.ClientMetadata{ClientName: long(257)}, false},
		"a control": {oauth.ClientMetadata{ClientName: "a\x1b"}, false}, "a line break": {oauth.ClientMetadata{SoftwareID: "a\nb"}, false}, "1,024 bytes": {oauth.ClientMetadata{SoftwareVersion: long(1024)}, true}, "1,025": {oauth.ClientMetadata{SoftwareVersion: long(1025)}, false},
		"Persian": {oauth.ClientMetadata{ClientName: "\u0646\u0631\u0645\u200c\u0627\u0641\u0632\u0627\u0631"}, true}, "an emoji of three": {oauth.ClientMetadata{ClientName: "\U0001f469\u200d\U0001f4bb"}, true},
		"what nobody sees": {oauth.ClientMetadata{ClientName: "a\u200bb"}, false}, "a mark of direction": {oauth.ClientMetadata{ClientName: "a\u200fb"}, false},
		"https": {oauth.ClientMetadata{LogoURI: web(2048)}, true}, "longer": {oauth.ClientMetadata{LogoURI: web(2049)}, false}, "http": {oauth.ClientMetadata{TosURI: "http://a.example/"}, false}, "http on loopback": {oauth.ClientMetadata{ClientURI: "http://127.0.0.1/"}, true},
		"another scheme on loopback": {oauth.ClientMetadata{PolicyURI: "ftp://localhost/"}, false}, "javascript": {oauth.ClientMetadata{PolicyURI: "javascript:alert(1)"}, false}, "keys over http": {oauth.ClientMetadata{JWKSURI: "http://a.example/"}, false}, "a sector that is none": {oauth.ClientMetadata{SectorIdentifierURI: "x"}, false},
		"native": {oauth.ClientMetadata{ApplicationType: "native"}, true}, "web": {oauth.ClientMetadata{ApplicationType: "web"}, true}, "another application": {oauth.ClientMetadata{ApplicationType: "robot"}, false},
	} {
		t.Run(rule, func(t *testing.T) {
			is := is.New(t)
			is.Equal(ClientTextFault(c.client) == "", c.good) // RFC 7591 section 2 and our bounds
		})
	}
}
