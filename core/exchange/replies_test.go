// What a client does not take, for every answer there is: neither a status,
// nor a media type, nor a member of another kind (rule C-19).
package exchange

import (
	"errors"
	"strings"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// replies is every reader of an answer, with one good answer.
var replies = map[string]struct {
	read   func(message.Response) error
	status int
	good   string
	need   string // members that are REQUIRED
}{
	"token": {func(m message.Response) error { _, err := ReadTokenReply(m); return err }, 200,
		`{"access_token":"a","token_type":"Bearer","expires_in":1,"refresh_token":"r","scope":"s","iss":"i"}`, "access_token token_type"},
	"grant": {func(m message.Response) error { _, err := ReadGrantReply(m, "k"); return err }, 200, `{"access_token":"a","issued_token_type":"k"}`, "access_token issued_token_type"},
	"device": {func(m message.Response) error { _, err := ReadDeviceReply(m); return err }, 200,
		`{"device_code":"d","user_code":"u","verification_uri":"v","verification_uri_complete":"w"}`, "device_code user_code verification_uri"},
	"pushed":        {func(m message.Response) error { _, err := ReadPushedReply(m); return err }, 201, `{"request_uri":"u","expires_in":1}`, "request_uri expires_in"},
	"registration":  {func(m message.Response) error { _, err := ReadRegistrationReply(m); return err }, 201, `{"client_id":"c","client_secret":"s","client_id_issued_at":1,"client_secret_expires_at":0}`, "client_id"},
	"introspection": {func(m message.Response) error { _, err := ReadIntrospectionReply(m); return err }, 200, `{"active":true,"scope":"s","client_id":"c","sub":"u","iss":"i","token_type":"t","exp":1}`, "active"},
	"server":        {func(m message.Response) error { _, err := ReadServerMetadata(m); return err }, 200, `{"issuer":"i","token_endpoint":"t","scopes_supported":["s"]}`, "issuer"},
	"resource":      {func(m message.Response) error { _, err := ReadResourceMetadata(m); return err }, 200, `{"resource":"r","authorization_servers":["s"]}`, "resource"},
}

func answered(status int, kind, body string) message.Response {
	return message.Response{Status: status, Header: message.Header{{Name: "Content-Type", Value: kind}}, Body: []byte(body)}
}

func misshapen(err error) bool {
	var shape *ShapeError
	return errors.As(err, &shape) && shape.Want != "" && shape.Got != "" && shape.Cite != "" && strings.Contains(shape.Error(), shape.Got)
}

func TestAnswersOfAnotherShape(t *testing.T) {
	for name, r := range replies {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			is.NoErr(r.read(answered(r.status, message.JSONType, r.good))) // a good answer
			for _, m := range []message.Response{answered(r.status, "text/html", r.good), answered(r.status, "", r.good), answered(r.status, message.JSONType, "null"), answered(r.status, message.JSONType, "[]"), answered(r.status, message.JSONType, "{"),
				answered(204, message.JSONType, r.good), answered(302, "text/html", ""), answered(400, "text/html", "<html>"), answered(404, message.JSONType, "{}")} {
				is.True(misshapen(r.read(m))) // says what was wanted and what came
			}
			for want, m := range map[string]message.Response{"Content-Type": answered(r.status, "text/html", r.good), "a JSON object": answered(r.status, message.JSONType, "{"), "a JSON": answered(r.status, message.JSONType, "[]"), "status": answered(404, "text/html", "<html>")} {
				var shape *ShapeError
				is.True(errors.As(r.read(m), &shape) && strings.HasPrefix(shape.Want, want)) // the first thing that is wrong
			}
			v, err := message.ParseJSON([]byte(r.good))
			is.NoErr(err) // the good answer's members
			for i, m := range v.Members() {
				for kind, value := range map[string]message.Value{"object": message.Obj(), "null": message.NullValue(), "missing": {}} {
					if kind != "object" && !strings.Contains(" "+r.need+" ", " "+m.Name+" ") {
						continue
					}
					others := append([]message.Member(nil), v.Members()...)
					others[i].Value = value
					if kind == "missing" {
						others = append(others[:i], others[i+1:]...)
					}
					err := r.read(answered(r.status, message.JSONType, string(message.Obj(others...).Append(nil))))
					is.True(misshapen(err)) // a member of another kind, or one that is needed and not there
				}
			}
		})
	}
}

// RFC 6749 section 5.2: an error by the book is what it says.
func TestErrorsOfAnswers(t *testing.T) {
	for name, r := range replies {
		if name == "server" || name == "resource" {
			continue // a document has no error by the book
		}
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			var e *oauth.Error
			m := answered(503, message.JSONType, `{"error":"slow","error_description":"d","error_uri":"u"}`)
			m.Header = m.Header.With("Retry-After", "7")
			is.True(errors.As(r.read(m), &e))                                                               // an error
			is.Equal(*e, oauth.Error{Code: "slow", Description: "d", URI: "u", Status: 503, RetryAfter: 7}) // with all it says
			for _, wait := range []string{"0", "-1", "soon", "7x"} {
				m.Header = message.Header{{Name: "Content-Type", Value: message.JSONType}, {Name: "Retry-After", Value: wait}}
				is.True(errors.As(r.read(m), &e))
				is.Equal(e.RetryAfter, 0) // what is no time to wait is none
			}
		})
	}
	is := is.New(t)
	is.True(misshapen(ReadRevocationReply(answered(400, "text/html", "")))) // a revocation too
	is.NoErr(ReadRevocationReply(RevocationReply()))                        // which says nothing when it is done
	var e *oauth.Error
	is.True(errors.As(ReadRevocationReply(answered(400, message.JSONType, `{"error":"x"}`)), &e)) // and else by the book
}

// What is no error by the book is told as it is: what its document lacks, and
// what it says with the wrong status.
func TestErrorsThatBreakTheBook(t *testing.T) {
	is := is.New(t)
	for _, c := range []struct {
		status    int
		body      string
		want, got string
	}{
		{422, `{"detail":[]}`, "status 200, or an error document with a code in error", "status 422 with nothing in error"},
		{400, `{"error":{"code":7}}`, "status 200, or an error document with a code in error", "status 400 with an object in error"},
		{400, `<html>`, "status 200 or a JSON error document", "status 400"},
		{307, `{}`, "status 200", "status 307"},
		{200, `{"error":"x","error_description":"d"}`, "a token with status 200", "with status 200 the error x: d"},
		{200, `{"error":"x"}`, "a token with status 200", "with status 200 the error x"},
		{200, `{"access_token":"a","token_type":"Bearer","expires_in":1.5}`, "a token response", "expires_in must be an integer of 64 bits, not another number"},
		{200, `{"access_token":"a","token_type":"Bearer","expires_in":"1"}`, "a token response", "expires_in must be an integer, not a string"},
	} {
		_, err := ReadTokenReply(answered(c.status, message.JSONType, c.body))
		var shape *ShapeError
		is.True(errors.As(err, &shape)) // a broken rule
		is.Equal(shape.Want, c.want)
		is.Equal(shape.Got, c.got)
	}
}

// A server that is busy or failing breaks no rule: RFC 6749 section 4.1.2.1
// has codes for 500 and 503, RFC 6585 section 4 says that 429 passes.
func TestServersThatCannotAnswerNow(t *testing.T) {
	for name, r := range replies {
		if name == "server" || name == "resource" {
			continue
		}
		for status, code := range map[int]string{429: oauth.TemporarilyUnavailable, 500: oauth.ServerError, 501: oauth.ServerError,
			502: oauth.TemporarilyUnavailable, 503: oauth.TemporarilyUnavailable, 504: oauth.TemporarilyUnavailable} {
			for _, m := range []message.Response{answered(status, "text/html", "<html>"), answered(status, "", ""), answered(status, message.JSONType, "{}"), answered(status, message.JSONType, "null")} {
				is := is.New(t)
				m.Header = m.Header.With("Retry-After", "7")
				var e *oauth.Error
				is.True(errors.As(r.read(m), &e)) // no broken rule
				is.Equal(*e, oauth.Error{Code: code, Description: "the server gave no reason", Status: status, RetryAfter: 7})
			}
		}
	}
}

func TestErrorReply(t *testing.T) {
	is := is.New(t)
	sent := oauth.Error{Code: oauth.InvalidClient, Description: "d", URI: "https://e.example", Status: 401, Nonce: "n", RetryAfter: 9}
	m := ErrorReply(&sent, true)
	is.Equal(string(m.Body), `{"error":"invalid_client","error_description":"d","error_uri":"https://e.example"}`)                // RFC 6749 section 5.2
	is.True(m.Status == 401 && m.Header.Get("DPoP-Nonce") == "n" && m.Header.Get("Retry-After") == "9" && m.Note == sent.Error()) // with what goes in fields
	is.Equal(m.Header.Get("WWW-Authenticate"), `Basic realm="mcp-auth"`)                                                          // owed to who tried Basic
	is.Equal(ErrorReply(&sent, false).Header.Get("WWW-Authenticate"), "")                                                         // and to nobody else
	bare := ErrorReply(&oauth.Error{Code: "x", Status: 400}, true)
	is.Equal(string(bare.Body), `{"error":"x"}`)                                                                                         // nothing more than there is
	is.True(bare.Header.Count("DPoP-Nonce") == 0 && bare.Header.Count("Retry-After") == 0 && bare.Header.Count("WWW-Authenticate") == 0) // in fields too
}

// What may stand in a secret, and how long an identifier may be.
func TestEdgesOfAnswers(t *testing.T) {
	for rule, c := range map[string]struct {
		reader, body string
		good         bool
	}{
		"token: expires_in 0":             {"token", `{"access_token":"a","token_type":"Bearer","expires_in":0}`, true},
		"token: null is nothing":          {"token", `{"access_token":"a","token_type":"Bearer","expires_in":null,"refresh_token":null}`, true},
		"token: expires_in -1":            {"token", `{"access_token":"a","token_type":"Bearer","expires_in":-1}`, false},
		"token: from space to tilde":      {"token", `{"access_token":"a","token_type":"bearer","refresh_token":" ~"}`, true},
		"token: DEL":                      {"token", `{"access_token":"a","token_type":"Bearer","refresh_token":"\u007f"}`, false},
		"token: a control":                {"token", `{"access_token":"a","token_type":"Bearer","refresh_token":"\u001f"}`, false},
		"token: DPoP":                     {"token", `{"access_token":"a","token_type":"dpop"}`, true},
		"token: a scope with a quote":     {"token", `{"access_token":"a","token_type":"Bearer","scope":"\""}`, false},
		"token: an error with status 200": {"token", `{"access_token":"a","token_type":"Bearer","error":"x"}`, false},
		"grant: another kind":             {"grant", `{"access_token":"a","issued_token_type":"K"}`, false},
		"grant: a control":                {"grant", `{"access_token":"\n","issued_token_type":"k"}`, false},
		"pushed: a control":               {"pushed", `{"request_uri":"\n","expires_in":1}`, false},
		"pushed: expires_in 0":            {"pushed", `{"request_uri":"u","expires_in":0}`, false},
		"pushed: expires_in -1":           {"pushed", `{"request_uri":"u","expires_in":-1}`, false},
		"registration: 2,048 characters":  {"registration", `{"client_id":"` + strings.Repeat("c", 2048) + `"}`, true},
		"registration: 2,049 characters":  {"registration", `{"client_id":"` + strings.Repeat("c", 2049) + `"}`, false},
		"registration: a control":         {"registration", `{"client_id":"\n"}`, false},
		"registration: a secret's":        {"registration", `{"client_id":"c","client_secret":"\n"}`, false},
		"introspection: inactive":         {"introspection", `{"active":false}`, true},
		"device: no numbers":              {"device", `{"device_code":"d","user_code":"u","verification_uri":"v","expires_in":"9","interval":-1}`, true},
	} {
		t.Run(rule, func(t *testing.T) {
			is := is.New(t)
			r := replies[c.reader]
			err := r.read(answered(r.status, message.JSONType, c.body))
			is.Equal(err == nil, c.good)                                // taken, or
			is.True(c.good || misshapen(err))                           // said what is wrong
			is.True(err == nil || !strings.Contains(err.Error(), "\n")) // without what a terminal obeys
		})
	}
	is := is.New(t)
	_, err := ReadRegistrationReply(answered(200, message.JSONType, `{"client_id":"c"}`))
	is.NoErr(err) // many servers answer 200
	_, err = ReadGrantReply(answered(200, message.JSONType, `{"access_token":"secret","issued_token_type":"k"}`), "other")
	is.True(misshapen(err) && !strings.Contains(err.Error(), "secret")) // a secret is not repeated
	_, err = ReadTokenReply(answered(200, message.JSONType, `{"access_token":"sec ret","token_type":"Bearer"}`))
	is.True(strings.Contains(err.Error(), "7 characters")) // its length is
	_, err = ReadTokenReply(answered(200, message.JSONType, `{"token_type":"Bearer"}`))
	is.True(strings.Contains(err.Error(), "nothing")) // and whether it is there
}

func TestAnswersSayNothingTooMuch(t *testing.T) {
	is := is.New(t)
	is.Equal(string(TokenReply(oauth.Token{AccessToken: "a", TokenType: "Bearer"}).Body), `{"access_token":"a","token_type":"Bearer"}`) // what is not known is left out
	m := GrantReply("g", "k", "s", 60)
	is.Equal(string(m.Body), `{"access_token":"g","issued_token_type":"k","token_type":"N_A","expires_in":60,"scope":"s"}`) // RFC 8693 section 2.2.1
	is.Equal(string(IDTokenReply("t").Body), `{"id_token":"t"}`)
	is.Equal(string(RegistrationReply(oauth.Registration{ClientID: "c"}).Body), `{"client_id":"c"}`)                                                                     // a public client has no secret to expire
	is.Equal(string(RegistrationReply(oauth.Registration{ClientID: "c", ClientSecret: "s"}).Body), `{"client_id":"c","client_secret":"s","client_secret_expires_at":0}`) // REQUIRED with a secret
	is.Equal(string(RegistrationReply(oauth.Registration{ClientID: "c", ClientMetadata: oauth.ClientMetadata{RedirectURIs: []string{}}}).Body), `{"client_id":"c"}`)     // an empty list is left out
	is.Equal(string(IntrospectionReply(oauth.Introspection{Subject: "u"}).Body), `{"active":false}`)                                                                     // RFC 7662 section 2.2: nothing of a token that is not
	bound := oauth.Introspection{Active: true, Key: "k"}
	got, err := ReadIntrospectionReply(IntrospectionReply(bound))
	is.True(err == nil && got == bound) // RFC 9449 section 6.2
}

// RFC 6749 section 4.1.2: a code or an error, each parameter once; state and
// iss are there even then, for they are checked first.
func TestCallbacksRefused(t *testing.T) {
	for rule, query := range map[string]string{"neither": "", "both": "&code=c&error=e", "twice": "&code=c&code=c", "another twice": "&code=c&error_description=a&error_description=b&error=e"} {
		t.Run(rule, func(t *testing.T) {
			is := is.New(t)
			r, err := ReadAuthorizationResponse("state=s&iss=i" + query)
			is.True(misshapen(err))                    // refused
			is.True(r.State == "s" && r.Issuer == "i") // with what is checked first
		})
	}
}

func TestChallengesAreNamed(t *testing.T) {
	is := is.New(t)
	read := func(values ...string) (BearerChallenge, bool, string) {
		var h message.Header
		for _, v := range values {
			h = append(h, message.Field{Name: "WWW-Authenticate", Value: v})
		}
		return ReadBearerChallenge(h)
	}
	for _, values := range [][]string{{}, {`Bearer scope="a`}, {"Basic x"}, {"Bearer", "Bearer"}, {"DPoP", "DPoP"}, {`Bearer scope=a, scope=b`}} {
		c, ok, why := read(values...)
		is.True(!ok && why != "" && c == BearerChallenge{}) // nothing of it, and the reason
	}
	c, ok, _ := read(BearerChallenge{DPoP: true, Scope: "s"}.String())
	is.True(ok && c.DPoP && c.Scope == "s") // a DPoP challenge where it stands alone
	c, ok, _ = read(`DPoP algs="ES256"`, `Bearer scope="s"`)
	is.True(ok && !c.DPoP && c.Scope == "s")                                // else Bearer counts
	is.True(BearerHeader("t") == "Bearer t" && DPoPHeader("t") == "DPoP t") // the fields of a request
	for _, c := range []struct {
		fields []string
		dpop   bool
		want   Credentials
		good   bool
	}{
		{nil, true, Credentials{}, true}, {[]string{"Basic x"}, true, Credentials{}, true}, {[]string{"bearer t"}, true, Credentials{Token: "t"}, true}, {[]string{"DPoP t"}, true, Credentials{Token: "t", DPoP: true}, true},
		{[]string{"DPoP t"}, false, Credentials{}, true}, {[]string{"Bearer t", "Bearer t"}, false, Credentials{}, false}, {[]string{"Bearer a b"}, false, Credentials{}, false}, {[]string{"DPoP a b"}, true, Credentials{DPoP: true}, false},
	} {
		var h message.Header
		for _, f := range c.fields {
			h = append(h, message.Field{Name: "Authorization", Value: f})
		}
		got, err := ReadCredentials(h, c.dpop)
		is.Equal(got, c.want)                                                     // the token of one field, its scheme even when it is refused
		is.Equal(code(err), map[bool]string{false: oauth.InvalidRequest}[c.good]) // or an error by the book
	}
}

func TestPlacesOfOddIdentifiers(t *testing.T) {
	is := is.New(t)
	is.Equal(ServerMetadataURLs("https://as.example/")[1].URL, "https://as.example/.well-known/openid-configuration") // one slash is no path
	is.Equal(ServerMetadataURLs("https://as.example/a/")[0].URL, "https://as.example/.well-known/oauth-authorization-server/a")
	is.Equal(len(ResourceMetadataURLs("https://r.example/")), 1)                                                             // nor a resource's
	is.Equal(ResourceMetadataURLs("https://r.example?x")[0].URL, "https://r.example/.well-known/oauth-protected-resource?x") // a query is part of it
	origin, rest := splitOrigin("as.example/a")
	is.True(origin == "" && rest == "as.example/a") // what is no URL has no origin
	origin, rest = splitOrigin("://h/a")
	is.True(origin == "://h" && rest == "/a") // bytes are kept as they are
	origin, rest = splitOrigin("x:///a")
	is.True(origin == "x://" && rest == "/a") // where the host would be, too
}
