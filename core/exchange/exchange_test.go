package exchange

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// received is a request as the server gets it.
func received(m message.Request) message.Request { m.URL += "?client_secret=never-read"; return m }

func TestWhatIsWrittenIsRead(t *testing.T) {
	is := is.New(t)
	auth := ClientAuth{Method: oauth.AuthPost, ClientID: "c&1", ClientSecret: "s +%"}
	token := TokenRequest{GrantType: "authorization_code", Code: "c", RedirectURI: "http://127.0.0.1/cb", CodeVerifier: "v", RefreshToken: "r", DeviceCode: "d", Scope: "a b", Resource: "https://r.example/é", Client: auth}
	got, err := ReadTokenRequest(received(token.Message("https://as.example/token")))
	got.Client.Method = auth.Method
	is.NoErr(err)        // a token request
	is.Equal(got, token) // is what was written

	auth.Method = oauth.AuthBasic
	got, err = ReadTokenRequest(TokenRequest{GrantType: "x", Client: auth}.Message("https://as.example/token"))
	is.NoErr(err)                                // with Basic
	is.True(got.Client.Basic)                    // it is known as such
	is.Equal(got.Client.ClientID, auth.ClientID) // and form encoding is undone
	is.Equal(got.Client.ClientSecret, "s +%")    // in both parts

	issued := oauth.Token{AccessToken: "a", TokenType: "Bearer", ExpiresIn: 3600, RefreshToken: "r", Scope: "s t", Issuer: "https://i.example", Audience: "https://r.example"}
	back, err := ReadTokenReply(TokenReply(issued))
	is.NoErr(err)          // a token
	is.Equal(back, issued) // is what was written

	push := PushedRequest{AuthorizationRequest: AuthorizationRequest{ResponseType: "code", ClientID: "c&1", RedirectURI: "http://127.0.0.1/cb", Scope: "a b", State: "s", Resource: "https://r.example/",
		CodeChallenge: "x", CodeChallengeMethod: "S256"}, Client: ClientAuth{Method: oauth.AuthPost, ClientID: "c&1", ClientSecret: "s"}}
	for _, method := range []string{oauth.AuthPost, oauth.AuthBasic} {
		push.Client.Method = method
		pushed, err := ReadPushedRequest(received(push.Message("https://as.example/par")))
		pushed.Client.Method, pushed.Client.Basic = method, false
		is.NoErr(err)          // a pushed request
		is.Equal(pushed, push) // is what was written
	}
	p, err := ReadPushedReply(PushedReply(Pushed{"urn:x", 60}))
	is.NoErr(err)                    // its answer
	is.Equal(p, Pushed{"urn:x", 60}) // too

	device := DeviceRequest{Scope: "s", Resource: "https://r.example", Client: ClientAuth{Method: oauth.AuthNone, ClientID: "c"}}
	d, err := ReadDeviceRequest(device.Message("https://as.example/device"))
	d.Client.Method = oauth.AuthNone
	is.NoErr(err)       // a device request
	is.Equal(d, device) // is what was written
	started := oauth.DeviceAuthorization{DeviceCode: "d", UserCode: "u", VerificationURI: "https://v.example", VerificationURIComplete: "https://v.example?u", ExpiresIn: 900, Interval: 5}
	s, err := ReadDeviceReply(DeviceReply(started))
	is.NoErr(err)        // a device authorization
	is.Equal(s, started) // is what was written

	client := oauth.ClientMetadata{RedirectURIs: []string{"a", "b"}, TokenEndpointAuthMethod: "none", GrantTypes: []string{"g"}, ResponseTypes: []string{"code"}, ClientName: "n", ClientURI: "u", LogoURI: "l",
		TosURI: "t", PolicyURI: "p", JWKSURI: "j", SectorIdentifierURI: "s", Scope: "x", ApplicationType: "native", SoftwareID: "i", SoftwareVersion: "v"}
	c, err := ReadRegistrationRequest(RegistrationRequest("https://as.example/register", client))
	is.NoErr(err)       // client metadata
	is.Equal(c, client) // is what was written
	registered := oauth.Registration{ClientMetadata: client, ClientID: "id", ClientSecret: "secret", ClientIDIssuedAt: 7}
	r, err := ReadRegistrationReply(RegistrationReply(registered))
	r.Raw = nil
	is.NoErr(err)           // a registration
	is.Equal(r, registered) // is what was written

	question := TokenQuestion{Token: "t", Hint: "access_token", Client: ClientAuth{Method: oauth.AuthNone, ClientID: "c"}}
	q, err := ReadTokenQuestion(question.Message("https://as.example/revoke"))
	q.Client.Method = oauth.AuthNone
	is.NoErr(err)         // a revocation
	is.Equal(q, question) // is what was written
	answer := oauth.Introspection{Active: true, Scope: "s", ClientID: "c", Subject: "u", Audience: "a", Issuer: "i", TokenType: "Bearer", ExpiresAt: 9}
	i, err := ReadIntrospectionReply(IntrospectionReply(answer))
	is.NoErr(err)       // an introspection
	is.Equal(i, answer) // is what was written

	request := AuthorizationRequest{ResponseType: "code", ClientID: "c", RedirectURI: "http://127.0.0.1/cb?x=1", Scope: "a b", State: "s&=#", Resource: "https://r.example", CodeChallenge: "cc", CodeChallengeMethod: "S256", ResponseMode: "query"}
	f, err := message.ParseForm(message.Request{URL: request.URL("https://as.example/authorize?tenant=1")}.Query())
	is.NoErr(err) // a query
	a, repeated, err := ReadAuthorizationRequest(f)
	is.True(err == nil && !repeated) // an authorization request
	is.Equal(a, request)             // is what was written
	for _, response := range []AuthorizationResponse{{Code: "c", State: "s", Issuer: "https://i.example"}, {State: "s", Issuer: "i", Err: &oauth.Error{Code: "access_denied", Description: "no"}}} {
		got, err := ReadAuthorizationResponse(message.Request{URL: response.URL("http://127.0.0.1/cb?x=1")}.Query())
		is.NoErr(err)           // an authorization response
		is.Equal(got, response) // is what was written
	}
	bearer := BearerChallenge{Error: "e", Description: "d", Scope: "s", ResourceMetadata: "https://m.example"}
	dpop := bearer
	dpop.DPoP, dpop.Algorithms = true, "ES256 EdDSA"
	for _, challenge := range []BearerChallenge{bearer, dpop} {
		got, ok, _ := ReadBearerChallenge(message.Header{{Name: "WWW-Authenticate", Value: challenge.String()}})
		is.True(ok)              // a challenge
		is.Equal(got, challenge) // is what was written
	}
}

func TestMetadataIsReadAsWritten(t *testing.T) {
	is := is.New(t)
	var server oauth.ServerMetadata
	fill(reflect.ValueOf(&server).Elem())
	got, err := ReadServerMetadata(ServerMetadataReply(server))
	is.NoErr(err)         // every member
	is.Equal(got, server) // survives
	var resource oauth.ResourceMetadata
	fill(reflect.ValueOf(&resource).Elem())
	r, err := ReadResourceMetadata(ResourceMetadataReply(resource))
	is.NoErr(err)         // every member
	is.Equal(r, resource) // survives
}

// fill sets every field, so that one that is forgotten shows.
func fill(v reflect.Value) {
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.String:
			f.SetString("https://" + strings.ToLower(v.Type().Field(i).Name) + ".example")
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Slice:
			f.Set(reflect.ValueOf([]string{v.Type().Field(i).Name, "other"}))
		}
	}
}

func TestAnswersThatAreNoToken(t *testing.T) {
	answer := func(status int, kind, body string) message.Response {
		return message.Response{Status: status, Header: message.Header{{Name: "Content-Type", Value: kind}}, Body: []byte(body)}
	}
	const jsonType = message.JSONType
	for name, r := range map[string]message.Response{
		"null":          answer(200, jsonType, "null"),
		"object":        answer(200, jsonType, "{}"),
		"array":         answer(200, jsonType, "[]"),
		"HTML":          answer(200, "text/html", "<html>"),
		"no type":       {Status: 200, Body: []byte(`{"access_token":"a","token_type":"Bearer"}`)},
		"number":        answer(200, jsonType, `{"access_token":1,"token_type":"Bearer"}`),
		"empty":         answer(200, jsonType, `{"access_token":"","token_type":"Bearer"}`),
		"line break":    answer(200, jsonType, `{"access_token":"a\r\nb","token_type":"Bearer"}`),
		"mac":           answer(200, jsonType, `{"access_token":"a","token_type":"mac"}`),
		"no token type": answer(200, jsonType, `{"access_token":"a"}`),
		"error":         answer(200, jsonType, `{"error":"invalid_grant"}`),
		"twice":         answer(200, jsonType, `{"access_token":"a","access_token":"b","token_type":"Bearer"}`),
		"201":           answer(201, jsonType, `{"access_token":"a","token_type":"Bearer"}`),
		"redirect":      answer(302, "", ""),
		"negative":      answer(200, jsonType, `{"access_token":"a","token_type":"Bearer","expires_in":-1}`),
		"bad refresh":   answer(200, jsonType, `{"access_token":"a","token_type":"Bearer","refresh_token":"\u0007"}`),
	} {
		var shape *ShapeError
		if _, err := ReadTokenReply(r); !errors.As(err, &shape) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := ReadTokenReply(answer(400, jsonType, `{"error":"invalid_grant","error_description":"d"}`))
	var e *oauth.Error
	if !errors.As(err, &e) || e.Code != "invalid_grant" || e.Status != 400 {
		t.Errorf("an error by the book: %v", err)
	}
}

func TestAmbiguousChallenges(t *testing.T) {
	is := is.New(t)
	read := func(values ...string) bool {
		var h message.Header
		for _, v := range values {
			h = append(h, message.Field{Name: "WWW-Authenticate", Value: v})
		}
		_, ok, why := ReadBearerChallenge(h)
		return ok && why == ""
	}
	is.True(read(`Basic realm="a", Bearer scope="s"`))                    // several schemes in one field
	is.True(read(`Basic realm="a"`, `bearer scope="s"`))                  // in several fields, in any case
	is.True(!read(`Bearer scope="a"`, `Bearer scope="b"`))                // two of one scheme
	is.True(!read(`Bearer resource_metadata="a", resource_metadata="b"`)) // a parameter twice
	is.True(!read(`Bearer scope="a`))                                     // an open quote
	is.True(!read(`Digest resource_metadata="https://evil"`))             // a foreign scheme carrying the parameter
	is.True(!read())                                                      // none
}

func TestWellKnownPlaces(t *testing.T) {
	is := is.New(t)
	places := func(all []Candidate) (urls []string) {
		for _, c := range all {
			urls = append(urls, c.URL)
		}
		return urls
	}
	is.Equal(places(ServerMetadataURLs("https://as.example")), []string{"https://as.example/.well-known/oauth-authorization-server", "https://as.example/.well-known/openid-configuration"}) // no path
	is.Equal(places(ServerMetadataURLs("https://as.example/t/1")), []string{"https://as.example/.well-known/oauth-authorization-server/t/1",
		"https://as.example/.well-known/openid-configuration/t/1", "https://as.example/t/1/.well-known/openid-configuration"}) // RFC 8414 inserts, OpenID appends
	is.Equal(places(ResourceMetadataURLs("https://r.example/mcp?x=1")), []string{"https://r.example/.well-known/oauth-protected-resource/mcp?x=1", "https://r.example/.well-known/oauth-protected-resource"}) // path inserted, then root
	is.Equal(places(ResourceMetadataURLs("https://r.example")), []string{"https://r.example/.well-known/oauth-protected-resource"})                                                                           // no path
}

func FuzzReadTokenReply(f *testing.F) {
	f.Add(200, "application/json", `{"access_token":"a","token_type":"Bearer","expires_in":3600}`)
	f.Add(400, "application/json", `{"error":"invalid_grant"}`)
	f.Add(200, "text/html", "<html>")
	f.Add(200, "application/json", `{"device_code":"d","user_code":"u","verification_uri":"https://as.example/d","expires_in":900,"interval":5}`)
	f.Add(201, "application/json", `{"client_id":"c","client_secret":"s","client_secret_expires_at":0,"redirect_uris":["https://app.example/cb"]}`)
	f.Add(200, "application/json", `{"active":true,"scope":"a b","exp":1}`)
	f.Fuzz(func(t *testing.T, status int, kind, body string) {
		m := message.Response{Status: status, Header: message.Header{{Name: "Content-Type", Value: kind}}, Body: []byte(body)}
		if token, err := ReadTokenReply(m); err == nil {
			if !message.IsToken68(token.AccessToken) || status != 200 {
				t.Fatalf("accepted %q", token.AccessToken)
			}
			if again, err := ReadTokenReply(TokenReply(token)); err != nil || again != token {
				t.Fatalf("not read as written: %v %v", err, again)
			}
		}
		if a, err := ReadDeviceReply(m); err == nil && (a.DeviceCode == "" || a.UserCode == "" || a.VerificationURI == "") {
			t.Fatal("a device authorization without a REQUIRED member")
		}
		if r, err := ReadRegistrationReply(m); err == nil && r.ClientID == "" {
			t.Fatal("a registration without client_id")
		}
		_, _ = ReadIntrospectionReply(m)
		_ = ReadRevocationReply(m)
	})
}

func FuzzReadMetadata(f *testing.F) {
	f.Add(`{"issuer":"https://as.example","token_endpoint":"https://as.example/t"}`)
	f.Add(`{"resource":"https://r.example","authorization_servers":["https://as.example"]}`)
	f.Fuzz(func(t *testing.T, body string) {
		m := message.Response{Status: 200, Header: message.Header{{Name: "Content-Type", Value: message.JSONType}}, Body: []byte(body)}
		if s, err := ReadServerMetadata(m); err == nil {
			if again, err := ReadServerMetadata(ServerMetadataReply(s)); err != nil || again.Issuer != s.Issuer {
				t.Fatalf("not read as written: %v", err)
			}
		}
		if r, err := ReadResourceMetadata(m); err == nil {
			if again, err := ReadResourceMetadata(ResourceMetadataReply(r)); err != nil || again.Resource != r.Resource {
				t.Fatalf("not read as written: %v", err)
			}
		}
	})
}

func FuzzReadTokenRequest(f *testing.F) {
	f.Add("grant_type=authorization_code&code=c&client_id=x", "Basic eDp5")
	f.Add("grant_type=a&grant_type=b", "")
	f.Fuzz(func(t *testing.T, body, authorization string) {
		m := message.Request{Method: "POST", URL: "https://as.example/token", Body: []byte(body), Header: message.Header{{Name: "Content-Type", Value: message.FormType}}}
		if authorization != "" {
			m.Header = m.Header.With("Authorization", authorization)
		}
		r, err := ReadTokenRequest(m)
		var e *oauth.Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("not an error to send: %v", err)
		}
		if err == nil && r.Client.Basic && r.Client.ClientID == "" {
			t.Fatal("Basic without a client")
		}
	})
}

func FuzzReadAuthorization(f *testing.F) {
	f.Add("response_type=code&client_id=c&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&state=s&code_challenge=x&code_challenge_method=S256&resource=https%3A%2F%2Fr.example")
	f.Add("code=c&state=s&iss=https%3A%2F%2Fas.example")
	f.Add("error=access_denied&error_description=no&state=s")
	f.Add("code=a&code=b&state=%zz")
	f.Fuzz(func(t *testing.T, query string) {
		if form, err := message.ParseForm(query); err == nil {
			_, _, _ = ReadAuthorizationRequest(form)
		}
		r, err := ReadAuthorizationResponse(query)
		if err != nil {
			return
		}
		if (r.Code == "") == (r.Err == nil) {
			t.Fatal("neither or both of a code and an error")
		}
		if r.Err != nil {
			return // its description is cut to what may be sent
		}
		_, again, _ := strings.Cut(r.URL("https://app.example/cb"), "?")
		if back, err := ReadAuthorizationResponse(again); err != nil || back != r {
			t.Fatalf("not read as written: %v", err)
		}
	})
}

func FuzzReadRegistrationRequest(f *testing.F) {
	f.Add(`{"redirect_uris":["http://127.0.0.1/cb"],"grant_types":["authorization_code"],"client_name":"x","token_endpoint_auth_method":"none"}`)
	f.Add(`{"redirect_uris":"x"}`)
	f.Add(`{"client_name":null,"scope":5}`)
	f.Fuzz(func(t *testing.T, body string) {
		m := message.Request{Method: "POST", URL: "https://as.example/register", Body: []byte(body), Header: message.Header{{Name: "Content-Type", Value: message.JSONType}}}
		_, err := ReadRegistrationRequest(m)
		var e *oauth.Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("not an error to send: %v", err)
		}
		form := message.Request{Method: "POST", URL: m.URL, Body: m.Body, Header: message.Header{{Name: "Content-Type", Value: message.FormType}}}
		_, _ = ReadDeviceRequest(form)
		_, _ = ReadTokenQuestion(form)
	})
}

func FuzzReadBearerChallenge(f *testing.F) {
	f.Add(`Bearer error="invalid_token", scope="a b"`, `Basic realm="x"`)
	f.Fuzz(func(t *testing.T, a, b string) {
		h := message.Header{{Name: "WWW-Authenticate", Value: a}, {Name: "WWW-Authenticate", Value: b}}
		if c, ok, why := ReadBearerChallenge(h); !ok && (why == "" || c != (BearerChallenge{})) {
			t.Fatal("a refused challenge says why and nothing else")
		}
	})
}

func TestTheTokenStandsInOneField(t *testing.T) {
	field := func(v string) message.Field { return message.Field{Name: "Authorization", Value: v} }
	for _, h := range []message.Header{{field("Bearer a"), field("Bearer b")}, {field("Bearer a b")}, {field("Bearer")}} {
		if c, err := ReadCredentials(h, true); err == nil || c.Token != "" {
			t.Errorf("%v: token %q, %v", h, c.Token, err)
		}
	}
	for scheme, dpop := range map[string]bool{"bEARER": false, "dPoP": true} {
		if c, err := ReadCredentials(message.Header{field(scheme + " a")}, true); c != (Credentials{"a", dpop}) || err != nil {
			t.Error(c, err)
		}
	}
	if c, err := ReadCredentials(message.Header{field("DPoP a")}, false); c.Token != "" || err != nil {
		t.Error("a scheme that is not taken is no token:", c, err)
	}
}
