// What MCP authorization demands of a client, one test a line of the list in
// CONTRIBUTING: discovery.
package flow

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/message"
)

func TestMCPClient01_ChallengesInEveryShape(t *testing.T) {
	is := is.New(t)
	const prm = wResource + "/given"
	for _, fields := range [][]string{{`Bearer resource_metadata="` + prm + `"`}, {`bEaReR realm="a, b", ReSoUrCe_MeTaDaTa="` + prm + `"`}, {`Bearer resource_metadata="https://mcp.example\/given"`},
		{`Basic realm="Bearer resource_metadata=x", Bearer resource_metadata="` + prm + `"`}, {`Digest realm="x"`, `Bearer resource_metadata="` + prm + `"`}} {
		var h message.Header
		for _, v := range fields {
			h = h.With("WWW-Authenticate", v)
		}
		p := honest(map[string]Response{"POST " + wURL: jsonAnswer(401, "{}", h...), "GET " + prm: discovery["prm"]})
		_, err := p.codeLogin(t, registering)
		is.NoErr(err)                                     // the login goes through
		is.True(slices.Contains(p.asked(), "GET "+prm))   // by what the challenge says
		is.True(!slices.Contains(p.asked(), "GET "+wPRM)) // not by a guess
	}
}

func TestMCPClient02_TheChallengeSaysWhereTheMetadataIs(t *testing.T) {
	is := is.New(t)
	p := honest(map[string]Response{"POST " + wURL: challenge(401, `Bearer resource_metadata="https://mcp.example/elsewhere.json"`), "GET https://mcp.example/elsewhere.json": discovery["prm"]})
	_, err := p.codeLogin(t, registering)
	is.NoErr(err)                                                    // it is found there
	is.Equal(p.asked()[1], "GET https://mcp.example/elsewhere.json") // and looked for there first
}

func TestMCPClient03_PathInsertedThenRoot(t *testing.T) {
	is := is.New(t)
	p := honest(map[string]Response{"POST " + wURL: discovery["challenge bare"], "GET " + wPRM: odd["404"], "GET " + wRootPRM: discovery["prm parent"]})
	f, err := p.codeLogin(t, registering)
	is.NoErr(err)                                                        // found at the root
	is.Equal(p.asked()[1:3], []string{"GET " + wPRM, "GET " + wRootPRM}) // after the path
	tried := 0
	for _, ev := range f.Trace() {
		if ev.Tried != nil && ev.Step == stepResource {
			tried++
		}
	}
	is.Equal(tried, 2) // the trace tells of every place
}

func TestMCPClient04_TheResourceNamesTheServer(t *testing.T) {
	is := is.New(t)
	p := honest(nil)
	_, err := p.codeLogin(t, registering)
	is.NoErr(err) // as.example is what the metadata names
	for _, a := range p.asked() {
		is.True(!strings.HasPrefix(a, "GET "+wResource+"/.well-known/oauth-authorization-server")) // the origin was not guessed
	}
}

// A place that was named and a document that is broken are no sign of MCP
// 2025-03-26: the origin is not guessed for a server, and gets no secret.
func TestMCPClient04_NothingIsGuessedForWhatIsNamed(t *testing.T) {
	is := is.New(t)
	html := Response{message.Response{Status: 200, Header: message.Header{{Name: "Content-Type", Value: "text/html"}}, Body: []byte("<p>")}}
	moved := Response{message.Response{Status: 302, Header: message.Header{{Name: "Location", Value: "https://elsewhere.example/"}}}}
	for _, named := range []bool{true, false} {
		for _, c := range []struct {
			name   string
			prm    Response
			absent bool // nothing lies there, as far as it says
		}{
			{"404", odd["404"], true}, {"a page", html, true}, {"led away", moved, true},
			{"500", jsonAnswer(500, "{}"), false}, {"429", jsonAnswer(429, "{}"), false}, {"cut", jsonAnswer(200, `{"resource":`), false},
			{"empty", jsonAnswer(200, "{}"), false}, {"a list", jsonAnswer(200, "[]"), false},
		} {
			change := map[string]Response{"GET " + wPRM: c.prm, "GET " + wRootPRM: odd["404"]}
			if !named {
				change["POST "+wURL] = discovery["challenge bare"]
			}
			p := honest(change)
			_, err := p.codeLogin(t, Client{ID: "known", Secret: "secret"})
			if c.absent && !named {
				is.True(len(p.visited) == 1 && strings.HasPrefix(p.visited[0], wResource)) // then it is an old server, as MCP 2025-03-26 has it
				continue
			}
			var v *Violation
			var i *Interrupted
			is.True(errors.As(err, &v) && v.URL == wPRM && v.Step == stepResource || errors.As(err, &i) && i.URL == wPRM) // the document is what is told
			is.Equal(len(p.visited), 0)                                                                                   // nobody is sent to a guess
			is.True(!strings.Contains(strings.Join(p.asked(), " "), "oauth-authorization-server"))
		}
	}
}

// One broken document of several is a warning; the only one is the end.
func TestMCPClient04_WhatIsBrokenIsTold(t *testing.T) {
	is := is.New(t)
	two := map[string]Response{"GET " + wPRM: discovery["prm two"], "GET " + wASPlace: jsonAnswer(200, `{"issuer":5}`),
		"GET " + wIssuer + "/.well-known/oauth-authorization-server/tenant": discovery["metadata tenant"]}
	f := NewDiscover(Target{ResourceURL: wURL})
	is.NoErr(honest(two).play(t, f))
	is.True(strings.Contains(strings.Join(f.Found.Warnings, "\n"), wASPlace+" was not used: wanted authorization server metadata, got issuer must be a string"))
	delete(two, "GET "+wIssuer+"/.well-known/oauth-authorization-server/tenant")
	f = NewDiscover(Target{ResourceURL: wURL})
	err := honest(two).play(t, f)
	var v *Violation
	is.True(errors.As(err, &v) && v.URL == wASPlace && v.Step == stepServer) // with the place and the reason
	f = NewDiscover(Target{ResourceURL: wURL})
	is.NoErr(honest(map[string]Response{"GET " + wASPlace: metadata(`"code_challenge_methods_supported":["S256"],`, "")}).play(t, f))
	is.True(strings.Contains(strings.Join(f.Found.Warnings, "\n"), "S256")) // what a login will refuse
	f = NewDiscover(Target{ResourceURL: wURL})
	is.NoErr(honest(map[string]Response{"GET " + wPRM: jsonAnswer(200, `{"resource":"`+wURL+`"}`)}).play(t, f))
	is.True(strings.Contains(strings.Join(f.Found.Warnings, "\n"), "authorization_servers")) // MCP wants one
}

// A challenge may be lost on the way; the metadata says it as well (RFC 9728
// section 2).
func TestResourceWantsBoundTokens(t *testing.T) {
	is := is.New(t)
	f := NewDiscover(Target{ResourceURL: wURL})
	is.NoErr(honest(map[string]Response{"GET " + wPRM: jsonAnswer(200, `{"resource":"`+wURL+`","authorization_servers":["https://as.example"],"dpop_bound_access_tokens_required":true}`)}).play(t, f))
	is.True(f.Found.DPoP)
}

func TestMCPClient05_ResourceMismatch(t *testing.T) {
	is := is.New(t)
	for _, resource := range []string{"https://evil.example/mcp", wResource + "/other", wResource + "/mc", wURL + "/deeper", wURL + "#x", "http://mcp.example/mcp"} {
		p := honest(map[string]Response{"GET " + wPRM: jsonAnswer(200, `{"resource":"`+resource+`","authorization_servers":["https://as.example"]}`)})
		_, err := p.codeLogin(t, registering)
		var v *Violation
		is.True(errors.As(err, &v) && v.Cite == "RFC 9728 section 3.3") // refused, with the rule
		is.Equal(len(p.sent), 2)                                        // the probe and the document: no server was asked
		is.Equal(len(p.visited), 0)                                     // nor the user
	}
}

func TestMCPClient06_SeveralServers(t *testing.T) {
	is := is.New(t)
	const second = wIssuer + "/tenant"
	tenant := wIssuer + "/.well-known/oauth-authorization-server/tenant"
	change := map[string]Response{"GET " + wPRM: discovery["prm two"], "GET " + tenant: discovery["metadata tenant"]}
	f, err := honest(change).codeLogin(t, registering)
	is.NoErr(err)                            // the first that offers the mode
	is.Equal(f.Login.Server.Issuer, wIssuer) // is taken
	p := honest(change)
	p.back = "code=the-code&iss=https%3A%2F%2Fas.example%2Ftenant"
	f, err = p.codeLogin(t, Client{ID: "known", Issuer: second})
	is.NoErr(err)                           // a client that is registered at the second
	is.Equal(f.Login.Server.Issuer, second) // goes there
}

func TestMCPClient07_PlacesOfTheServersMetadata(t *testing.T) {
	is := is.New(t)
	places := func(issuer string) (all []string) {
		p := honest(map[string]Response{"GET " + wPRM: jsonAnswer(200, `{"resource":"https://mcp.example/mcp","authorization_servers":["`+issuer+`"]}`), "GET " + wASPlace: odd["404"]})
		_, err := p.codeLogin(t, registering)
		is.True(err != nil) // nothing is there
		return p.asked()[2:]
	}
	is.Equal(places(wIssuer), []string{"GET " + wASPlace, "GET " + wIssuer + "/.well-known/openid-configuration"}) // without a path two
	is.Equal(places(wIssuer+"/a/b"), []string{"GET " + wASPlace + "/a/b", "GET " + wIssuer + "/.well-known/openid-configuration/a/b",
		"GET " + wIssuer + "/a/b/.well-known/openid-configuration"}) // with one three, in this order
}

func TestMCPClient08_IssuerMismatch(t *testing.T) {
	is := is.New(t)
	for _, issuer := range []string{"https://evil.example", wIssuer + "/", "https://AS.example", "https://as.example:443", "http://as.example"} {
		p := honest(map[string]Response{"GET " + wASPlace: metadata(`"issuer":"https://as.example"`, `"issuer":"`+issuer+`"`)})
		_, err := p.codeLogin(t, registering)
		var v *Violation
		is.True(errors.As(err, &v) && v.Cite == "RFC 8414 section 3.3") // refused, bytes compared
		is.Equal(len(p.sent), 3)                                        // none of its endpoints was used
	}
}

func TestMCPClient09_ServersOf20250326(t *testing.T) {
	is := is.New(t)
	place := "GET " + wResource + "/.well-known/oauth-authorization-server"
	own := strings.ReplaceAll(strings.Replace(wMetadata, `"authorization_response_iss_parameter_supported":true,`, "", 1), wIssuer, wResource)
	old := map[string]Response{"POST " + wURL: discovery["challenge bare"], "GET " + wPRM: odd["404"], "POST " + wResource + "/register": registrations["registration"], "POST " + wResource + "/token": tokens["token"]}
	for _, document := range []string{own, ""} {
		if old[place] = odd["404"]; document != "" {
			old[place] = jsonAnswer(200, document)
		}
		p := honest(old)
		p.back = "code=the-code"
		f, err := p.codeLogin(t, registering)
		is.NoErr(err)                                                                // the login goes through
		is.True(strings.HasPrefix(p.visited[0], wResource+"/authorize?"))            // at the origin's endpoints
		is.Equal(f.Login.Server.Fallback, document == "")                            // guessed only where no document is
		i := slices.Index(p.asked(), place)                                          //
		is.Equal(p.sent[i].Request.Header.Get("MCP-Protocol-Version"), "2025-03-26") // the revision is said while looking
	}
}

func TestMCPClient34_WhereAPeerMaySendUs(t *testing.T) {
	is := is.New(t)
	for _, to := range []string{"http://as.example", "https://127.0.0.1", "https://localhost", "https://10.0.0.1", "https://192.168.0.1", "https://169.254.169.254", "https://[::1]", "https://[::ffff:127.0.0.1]",
		"https://2130706433", "ftp://as.example", "https://a@as.example"} {
		is.True(reachable(wURL, to) != "") // a remote resource does not lead there
		p := honest(map[string]Response{"GET " + wPRM: jsonAnswer(200, `{"resource":"https://mcp.example/mcp","authorization_servers":["`+to+`"]}`)})
		_, err := p.codeLogin(t, registering)
		is.True(err != nil)      // no server is left
		is.Equal(len(p.sent), 2) // and none was asked
	}
	for _, from := range []string{"https://10.1.2.3/mcp", "https://[fd00::1]:8443/mcp", "https://[::ffff:192.168.1.1]/mcp"} {
		is.Equal(reachable(from, from), "")                           // an address that the user chose
		is.Equal(reachable(from, "https://172.16.0.9:444/token"), "") // leads within its network
		is.Equal(reachable(from, "https://as.example/token"), "")     // and outside
		for _, to := range []string{"https://127.0.0.1/", "https://localhost/", "https://169.254.169.254/", "https://2130706433/", "http://10.1.2.3/mcp", "https://[::1]/"} {
			is.True(reachable(from, to) != "") // and nowhere else
		}
	}
	is.Equal(reachable("https://100.64.1.2/mcp", "https://100.64.1.2:8443/token"), "") // so does any address that the user chose, to itself
	is.True(reachable("https://100.64.1.2/mcp", "https://100.64.1.3/token") != "")
	is.Equal(reachable("http://127.0.0.1:1/mcp", "http://127.0.0.1:2/token"), "") // on this machine a test server may
	is.True(reachable("http://127.0.0.1:1/mcp", "http://as.example") != "")       // not lead out without https
}
