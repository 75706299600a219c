package flowtest_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/flowtest"
	"mcp-auth/core/message"
)

// The tools of the scripts: what they would not notice themselves, since every
// script is played with them.

const story = "A story\nof two lines.\n-- login auth-code --\n> GET /\n-- not a step\n also not one --\n-- tokens --\n-- call tools/list --\nend\n"

func TestAScriptIsReadAsItIsWritten(t *testing.T) {
	is := is.New(t)
	s := flowtest.ParseScript(story)
	is.Equal(s.Story, "A story\nof two lines.\n") // what comes first
	is.Equal(s.Steps, []flowtest.Step{
		{Command: "login auth-code", Body: "> GET /\n-- not a step\n also not one --\n"}, // a section's name begins and ends with dashes
		{Command: "tokens", Body: ""},
		{Command: "call tools/list", Body: "end\n"},
	})
	is.Equal(s.Format(), story)                                                                        // and is written as it was
	is.Equal(flowtest.ParseScript(strings.ReplaceAll(story, "\n", "\r\n")).Steps[1].Command, "tokens") // whoever edited it
	is.Equal(flowtest.ParseScript("only a story").Story, "only a story")
}

// A command that cannot be done is an error, and the script ends there.
func TestACommandThatCannotBeDone(t *testing.T) {
	for command, says := range map[string]string{
		"fly":             "no such command",
		"":                "an empty command",
		"login telepathy": "no such mode",
		"login auth-code client=dev-public-client key=seeded": "no seeded client",
		"login workload life=long":                            "long",
		"advance soon":                                        "soon",
		"server colour=red":                                   "no such setting: colour",
		"server code-lifetime=long":                           "long",
		"call tools/call tool=x arguments={":                  "",
	} {
		t.Run(command, func(t *testing.T) {
			is := is.New(t)
			got, err := flowtest.Run(flowtest.Script{Story: "s", Steps: []flowtest.Step{{Command: "advance 1s"}, {Command: command}, {Command: "advance 1s"}}}, flowtest.InProcess)
			is.True(err != nil)                                   // it is told
			is.True(strings.HasPrefix(err.Error(), command+": ")) // which one
			is.True(strings.Contains(err.Error(), says))          // and why
			is.True(len(got.Steps) == 1 && got.Story == "s")      // what came before it is kept
		})
	}
}

// What a server of a script is set to reaches it.
func TestSettingsReachTheServer(t *testing.T) {
	is := is.New(t)
	w := flowtest.NewWorld()
	for _, c := range []string{"server require-par=true idp=true dpop=optional dpop-nonce=true token-format=jwt", "server workloads=true tenants=a,b approval=deny",
		"server access-lifetime=1s device-lifetime=2s code-lifetime=3s refresh-lifetime=4s"} {
		_, err := w.Do(c)
		is.NoErr(err) // it is a setting
	}
	c := w.Config()
	is.True(c.RequirePushed && c.IdP && c.DPoPNonce)                                                                                  //
	is.True(c.DPoP == "optional" && c.Format == "jwt" && c.Approval == "deny")                                                        //
	is.True(len(c.Trusted) == 1 && c.Trusted[0].Issuer == flowtest.Platform && len(c.Tenants) == 2)                                   //
	l := c.Lifetimes                                                                                                                  //
	is.Equal([4]string{l.Access.String(), l.Device.String(), l.Code.String(), l.Refresh.String()}, [4]string{"1s", "2s", "3s", "4s"}) // each its own
	before := w.Now()
	w = flowtest.NewWorld()
	is.True(w.Now().Equal(before) && !before.IsZero()) // every world begins at one time
}

// dpop=true binds the tokens of every mode, each login with proofs of its own:
// a second one at the same instant is no replay.
func TestEveryModeProvesItsKey(t *testing.T) {
	for _, login := range []string{"auth-code client=dev-public-client", "device client=dev-public-client", "client-creds client=dev-admin-client secret=dev-admin-secret",
		"enterprise client=dev-enterprise-client secret=dev-enterprise-secret", "workload"} {
		t.Run(login, func(t *testing.T) {
			is := is.New(t)
			command := "-- login " + login + " dpop=true --\n"
			got, err := flowtest.Run(flowtest.ParseScript("-- server dpop=optional idp=true workloads=true --\n"+command+"-- call tools/list --\n-- call tools/list --\n"+command), flowtest.InProcess)
			is.NoErr(err) // it is played
			for _, i := range []int{1, 4} {
				is.True(strings.Contains(got.Steps[i].Body, `"token_type": "DPoP"`)) // a bound token
			}
			for _, i := range []int{2, 3} {
				is.True(strings.Contains(got.Steps[i].Body, "200")) // which is proven anew for each call
				is.True(!strings.Contains(got.Steps[i].Body, "invalid_dpop_proof"))
			}
		})
	}
}

// A network that fails is the flow's trouble, not the script's; a user who
// meets a failing server ends the script.
func TestAWorldWhoseNetworkFails(t *testing.T) {
	down := errors.New("the network is down")
	for command, fails := range map[string]bool{
		"register {}":                           true,
		"login auth-code":                       false,
		"login device client=dev-public-client": false,
		"login enterprise client=dev-enterprise-client secret=dev-enterprise-secret": true,
		"call tools/list": false,
	} {
		t.Run(command, func(t *testing.T) {
			is := is.New(t)
			got, err := flowtest.Run(flowtest.Script{Steps: []flowtest.Step{{Command: command}}}, func(*flowtest.World) flowtest.Transport {
				return func(message.Request) (message.Response, error) { return message.Response{}, down }
			})
			is.Equal(err != nil, fails) // the flow has an end for it
			if !fails {
				is.True(strings.Contains(got.Steps[0].Body, down.Error())) // which the story tells
			}
		})
	}
	for _, path := range []string{"/oauth/authorize", "/oauth/device/verify", "/oauth/authorize/consent", "/oauth/introspect"} {
		t.Run(path, func(t *testing.T) {
			is := is.New(t)
			script := "-- login auth-code client=dev-public-client --\n-- tokens --\n-- login device client=dev-public-client --\n"
			_, err := flowtest.Run(flowtest.ParseScript(script), func(w *flowtest.World) flowtest.Transport {
				serve := flowtest.InProcess(w)
				return func(m message.Request) (message.Response, error) {
					if m.Path() == path {
						return message.Response{}, down
					}
					return serve(m)
				}
			})
			is.True(err != nil && strings.Contains(err.Error(), down.Error())) // the person at the browser sees it
		})
	}
}

// A server that cannot be made ends the script at the first command that needs
// it.
func TestAServerThatCannotBeMade(t *testing.T) {
	is := is.New(t)
	got, err := flowtest.Run(flowtest.ParseScript("-- server tenants=../x --\n-- advance 1s --\n"), flowtest.InProcess)
	is.True(err != nil && strings.HasPrefix(err.Error(), "advance 1s: ")) // which one
	is.Equal(len(got.Steps), 1)                                           // and what came before
}

func TestWhereTheUserStops(t *testing.T) {
	is := is.New(t)
	_, err := flowtest.Run(flowtest.ParseScript("-- login auth-code client=dev-public-client --\n"), func(w *flowtest.World) flowtest.Transport {
		serve := flowtest.InProcess(w)
		return func(m message.Request) (message.Response, error) {
			if m.Path() == "/oauth/authorize" {
				return message.Text(500, "no"), nil
			}
			return serve(m)
		}
	})
	is.True(err != nil && strings.Contains(err.Error(), "a page with status 500")) // no answer is made up
}

// A site is answers by path, and what was asked of it.
type site struct {
	answers map[string]message.Response
	asked   []message.Request
}

func (s *site) do(m message.Request) (message.Response, error) {
	s.asked = append(s.asked, m)
	r, ok := s.answers[m.Path()]
	if !ok {
		return r, errors.New("nothing at " + m.Path())
	}
	return r, nil
}

func html(body string, fields ...message.Field) message.Response {
	return message.Response{Status: 200, Header: append(message.Header{{Name: "Content-Type", Value: "text/html"}}, fields...), Body: []byte(body)}
}

func moved(status int, to string) message.Response {
	return message.Response{Status: status, Header: message.Header{{Name: "Location", Value: to}, {Name: "Set-Cookie", Value: "b=2; Path=/"}}}
}

// The browser does what a browser does, as far as the pages need one.
func TestTheBrowser(t *testing.T) {
	is := is.New(t)
	const home = "https://a.example"
	s := &site{answers: map[string]message.Response{
		"/": html(`<form method="post" action="/in"><input type="hidden" name="t" value="&lt;1&#34;&amp;"><input name="plain" value="1"> type="hidden" name="x" <input type="text" name="shown" value="no"><button name="go"></form><input type="hidden" name="outside" value="1">`,
			message.Field{Name: "Set-Cookie", Value: "a=1; HttpOnly"}),
		"/in":    moved(303, home+"/back"),
		"/back":  html(`<form method="get" action="/find"></form>`),
		"/find":  html("found"),
		"/out":   moved(302, "https://b.example/cb?code=1"),
		"/300":   moved(300, home+"/find"),
		"/399":   moved(399, home+"/find"),
		"/400":   moved(400, home+"/find"),
		"/201":   moved(201, home+"/find"),
		"/304":   {Status: 304},
		"/round": moved(303, home+"/round"),
	}}
	b := &flowtest.Browser{Do: s.do}
	p, err := b.Visit(home + "/")
	is.NoErr(err)                                                 // the page
	is.True(p.Status == 200 && p.URL == home+"/" && p.Left == "") // is shown
	is.True(s.asked[0].Header.Get("Accept") == "text/html" && s.asked[0].Header.Get("Cookie") == "")
	p, err = b.Press(p, "go", "yes")
	is.NoErr(err)                 // the form is sent,
	is.Equal(p.URL, home+"/back") // and the redirect followed
	sent := s.asked[1]
	is.Equal(string(sent.Body), "t=%3C1%22%26&go=yes") // hidden fields and the button, nothing else
	is.True(sent.Method == "POST" && sent.Header.Get("Origin") == home && sent.Header.Get("Sec-Fetch-Site") == "same-origin" && sent.Header.Get("Content-Type") == message.FormType)
	is.Equal(sent.Header.Get("Cookie"), "a=1") // with what the page has set
	is.True(s.asked[2].Method == "GET" && len(s.asked[2].Body) == 0 && s.asked[2].Header.Get("Cookie") == "a=1; b=2")
	p, err = b.Press(p, "q", "x&y")
	is.NoErr(err)                                                        // a form that asks
	is.True(p.Body == "found" && s.asked[3].URL == home+"/find?q=x%26y") // puts it into the URL
	_, err = b.Press(p, "q", "x")                                        // a page without one
	is.True(err != nil && len(s.asked) == 4)                             // cannot be answered
	p, err = b.Visit(home + "/out")                                      //
	is.True(err == nil && p.Left == "https://b.example/cb?code=1")       // who is sent elsewhere has left
	is.True(len(s.asked) == 5 && p.Body == "" && p.Status == 302)        // and asks nothing there
	for path, followed := range map[string]bool{"/300": true, "/399": true, "/400": false, "/201": false, "/304": false} {
		p, err = b.Visit(home + path)
		is.NoErr(err)                             // a page
		is.Equal(p.Body == "found", followed)     // 3xx with a place to go
		is.Equal(p.URL == home+"/find", followed) //
	}
	_, err = b.Visit(home + "/round")
	is.True(err != nil && strings.Contains(err.Error(), "too many redirects")) // to the end of patience
	for _, do := range []func() (flowtest.Page, error){
		func() (flowtest.Page, error) { return b.Visit(home + "/none") },
		func() (flowtest.Page, error) { return b.Send(message.Request{Method: "POST", URL: home + "/none"}) },
		func() (flowtest.Page, error) {
			return b.Press(flowtest.Page{URL: home, Body: `<form method="post" action="/none">`}, "a", "b")
		},
		func() (flowtest.Page, error) {
			return b.Press(flowtest.Page{URL: home, Body: `<form method="get" action="/none">`}, "a", "b")
		},
	} {
		_, err = do()
		is.True(err != nil) // what cannot be reached is an error
	}
	p, err = b.Send(message.Request{Method: "POST", URL: home + "/find"})
	is.True(err == nil && p.Body == "found") // and what a page sends is sent
}

// A random source of one seed is the same every time, and of another one
// another; it does not come round soon.
func TestRandomnessOfAWorld(t *testing.T) {
	is := is.New(t)
	read := func(seed string, n int) string {
		b := make([]byte, n)
		got, err := flowtest.NewRandom(seed).Read(b)
		is.True(err == nil && got == n) // as much as is asked for
		return string(b)
	}
	is.Equal(read("a", 100), read("a", 100))
	is.True(read("a", 100) != read("b", 100))
	seen := map[string]bool{}
	for all := read("a", 32*70_000); all != ""; all = all[32:] {
		is.True(!seen[all[:32]]) // no block twice
		seen[all[:32]] = true
	}
}
