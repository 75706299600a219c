// What MCP authorization demands of a client: the authorization code grant.
package flow

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/oauth"
)

func TestMCPClient18_PKCE(t *testing.T) {
	is := is.New(t)
	p := honest(nil)
	_, err := p.codeLogin(t, registering)
	is.NoErr(err)                                                          // the login goes through
	is.Equal(p.query(t).Get("code_challenge_method"), "S256")              // with S256
	is.Equal(p.query(t).Get("code_challenge"), oauth.Challenge(wVerifier)) // of the verifier
	is.Equal(p.form(t).Get("code_verifier"), wVerifier)                    // which goes to the token endpoint
	is.True(!strings.Contains(strings.Join(p.visited, " "), wVerifier))    // and nowhere else
	is.True(NewAuthCode(Target{}, Client{}, "").prepared() != nil)         // no flow begins without one
}

func TestMCPClient19_NoS256NoLogin(t *testing.T) {
	is := is.New(t)
	openID := "GET " + wIssuer + "/.well-known/openid-configuration"
	for _, m := range []Response{discovery["metadata no S256"], metadata(`"code_challenge_methods_supported":["S256"],`, ""), metadata(`["S256"]`, `[]`)} {
		for _, places := range []map[string]Response{{"GET " + wASPlace: m}, {"GET " + wASPlace: odd["404"], openID: m}} {
			p := honest(places)
			_, err := p.codeLogin(t, registering)
			var v *Violation
			is.True(errors.As(err, &v) && strings.Contains(v.Want, "S256")) // refused, whichever document it is
			is.Equal(len(p.visited), 0)                                     // before anybody is sent anywhere
			is.Equal(p.posted(wRegister), "")                               // or registered
		}
	}
}

func TestMCPClient20_TheResourceAsPublished(t *testing.T) {
	is := is.New(t)
	for _, published := range []string{wURL, wResource, wResource + "/", "https://MCP.example/mcp"} {
		p := honest(map[string]Response{"GET " + wPRM: jsonAnswer(200, `{"resource":"`+published+`","authorization_servers":["https://as.example"]}`)})
		_, err := p.codeLogin(t, registering)
		is.NoErr(err)                                         // it covers what was asked for
		is.Equal(p.query(t)["resource"], []string{published}) // the same bytes at the authorization endpoint
		is.Equal(p.form(t)["resource"], []string{published})  // and at the token endpoint
	}
}

func TestMCPClient21_AnotherState(t *testing.T) {
	is := is.New(t)
	for _, name := range []string{"other state", "no state", "state cut", "state twice"} {
		p := honest(nil)
		f, _ := p.codeLogin(t, registering)
		g := wAuthCode(Target{ResourceURL: wURL}, Client{ID: "given"})
		g.Found = f.Found
		_, err := g.Step(wStart, Start{})
		is.NoErr(err) // the browser is on its way
		effects, err := g.Step(wStart, callbacks[name])
		is.NoErr(err)                                               //
		reply, ok := effects[0].(Answer)                            //
		is.True(ok && reply.Status == 400)                          // what came is dropped
		notice, told := effects[1].(Notice)                         //
		is.True(told && strings.Contains(notice.Text, "its state")) // the user is told, for the server may be at fault
		is.True(len(effects) == 2 && g.State() == AwaitingCallback) // and the login waits on
		effects, err = g.Step(wStart, callbacks[name])
		is.NoErr(err)
		is.Equal(len(effects), 1) // once is enough
		effects, err = g.Step(wStart.Add(time.Hour), Timer{})
		is.NoErr(err)
		is.True(strings.Contains(effects[0].(Fail).Err.Error(), "for its state")) // and why no other came, at the end
	}
}

func TestMCPClient22_RedirectURIs(t *testing.T) {
	is := is.New(t)
	for _, uri := range []string{"http://app.example/callback", "http://10.0.0.1/callback", "ftp://127.0.0.1/", wRedirect + "#x", ""} {
		f := wAuthCode(Target{ResourceURL: wURL}, registering)
		f.RedirectURI = uri
		_, err := f.Step(wStart, Start{})
		is.True(err != nil) // no flow begins with it
	}
	for _, uri := range []string{wRedirect, "http://localhost:7777/callback", "https://app.example/callback"} {
		f := wAuthCode(Target{ResourceURL: wURL}, registering)
		f.RedirectURI = uri
		is.NoErr(f.prepared()) // this machine, or https
	}
	_, err := honest(map[string]Response{"POST " + wRegister: registrations["registration moved"]}).codeLogin(t, registering)
	is.True(err != nil) // and it must be registered
}

func TestMCPClient23_TheIssuerIsRecordedBefore(t *testing.T) {
	is := is.New(t)
	f := wAuthCode(Target{ResourceURL: wURL}, Client{ID: "given"})
	f.Found = found(t, "metadata")
	effects, err := f.Step(wStart, Start{})
	is.NoErr(err)                            //
	_, ok := effects[0].(Visit)              //
	is.True(ok)                              // when the browser is sent away
	is.Equal(f.Login.Server.Issuer, wIssuer) // the issuer is known, beside state and verifier
	is.True(f.StateValue == wState && f.Verifier == wVerifier)
}

func TestMCPClient24_Iss(t *testing.T) {
	is := is.New(t)
	const ours = "&iss=https%3A%2F%2Fas.example"
	for _, c := range []struct {
		metadata, back string
		good           bool
	}{
		{"metadata", ours, true}, {"metadata", "", false}, {"metadata quiet", ours, true}, {"metadata quiet", "", true},
		{"metadata", "&iss=https%3A%2F%2Fevil.example", false}, {"metadata quiet", "&iss=https%3A%2F%2Fevil.example", false},
		{"metadata", "&iss=https%3A%2F%2FAS.example", false}, {"metadata", "&iss=https%3A%2F%2Fas.example%3A443", false},
		{"metadata", ours + "%2F", false}, {"metadata", "&iss=https%3A%2F%2Fas%252Eexample", false}, {"metadata", ours + ours, false},
	} {
		p := honest(map[string]Response{"GET " + wASPlace: discovery[c.metadata]})
		p.back = "code=the-code" + c.back
		_, err := p.codeLogin(t, registering)
		is.Equal(err == nil, c.good)             // by the table of MCP, bytes compared
		is.Equal(p.posted(wToken) != "", c.good) // and the code goes nowhere before
	}
}

func TestMCPClient25_ErrorsOfAnotherServer(t *testing.T) {
	is := is.New(t)
	p := honest(nil)
	p.back = "error=access_denied&error_description=call+0900&error_uri=https%3A%2F%2Fevil.example&iss=https%3A%2F%2Fevil.example"
	_, err := p.codeLogin(t, registering)
	var v *Violation
	is.True(errors.As(err, &v)) // it is no refusal: it is not this server's
	for _, e := range p.last {
		if a, ok := e.(Answer); ok {
			is.True(!strings.Contains(string(a.Body), "call 0900") && !strings.Contains(string(a.Body), "access_denied")) // the browser does not show it
		}
	}
	is.True(!strings.Contains(err.Error()+v.Hint, "call 0900") && !strings.Contains(err.Error(), "access_denied")) // nor do we
}

func TestMCPClient26_WhichScope(t *testing.T) {
	is := is.New(t)
	const two = `{"resource":"https://mcp.example/mcp","authorization_servers":["https://as.example"],"scopes_supported":["a","b"]}`
	bare, named := discovery["challenge bare"], challenge(401, `Bearer scope="c d"`)
	for _, c := range []struct {
		challenge Response
		prm, want string
	}{{named, two, "c d"}, {bare, two, "a b"}, {bare, `{"resource":"https://mcp.example/mcp","authorization_servers":["https://as.example"]}`, ""}} {
		p := honest(map[string]Response{"POST " + wURL: c.challenge, "GET " + wPRM: jsonAnswer(200, c.prm)})
		_, err := p.codeLogin(t, registering)
		is.NoErr(err)                                   // the login goes through
		is.Equal(p.query(t).Get("scope"), c.want)       // the challenge's, else all of the resource's, else none
		is.Equal(p.query(t).Has("scope"), c.want != "") // then it is not sent at all
	}
}

func TestMCPClient27_OfflineAccess(t *testing.T) {
	is := is.New(t)
	for listed, want := range map[string]string{`{"scopes_supported":["mcp:read","offline_access"],`: "mcp:read offline_access", `{"scopes_supported":["mcp:read"],`: "mcp:read", `{`: "mcp:read"} {
		p := honest(map[string]Response{"GET " + wASPlace: metadata(`{`, listed)})
		f, err := p.codeLogin(t, registering)
		is.NoErr(err)                            // without a refresh token the login is good as well
		is.Equal(f.Login.Token.RefreshToken, "") //
		is.Equal(p.query(t).Get("scope"), want)  // asked for only where the server lists it
	}
}
