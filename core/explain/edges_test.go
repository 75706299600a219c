package explain_test

import (
	"strings"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/explain"
	"mcp-auth/core/message"
	"mcp-auth/core/trace"
)

// What no run on the stage has, and a recorded one may: events made by hand.

func numbered(all ...trace.Event) []trace.Event {
	for i := range all {
		all[i].N = i + 1
	}
	return all
}

func sent(step, method, url string) trace.Event {
	return trace.Event{Kind: trace.KindRequest, Step: step, From: trace.Client, To: trace.AuthorizationServer, Request: &message.Request{Method: method, URL: url}}
}

func answered(step string, status int, body string) trace.Event {
	r := message.JSON(status, []byte(body))
	return trace.Event{Kind: trace.KindResponse, Step: step, From: trace.AuthorizationServer, To: trace.Client, Response: &r}
}

// challenged is a refusal with one header field.
func challenged(name, value string) trace.Event {
	ev := answered("probe", 401, "{}")
	ev.Response.Header = message.Header{{Name: name, Value: value}}
	return ev
}

func ended(o trace.Outcome) trace.Event { return trace.Event{Kind: trace.KindVerdict, Outcome: &o} }

func failed(id string) trace.Event {
	return trace.Event{Kind: trace.KindCheck, Check: &trace.Check{ID: id, Want: "a", Got: "b"}}
}

func TestVerdictsBeforeTheEnd(t *testing.T) {
	is := is.New(t)
	v := explain.Judge(nil)
	is.True(v.Kind == "ready" && v.Text == explain.Text("verdict.ready")) // nothing was sent
	v = explain.Judge(numbered(sent("probe", "GET", "https://r.example/mcp")))
	is.True(v.Kind == "running" && v.Text == explain.Text("verdict.running") && v.Row == 0) // nothing is wrong so far
	v = explain.Judge(numbered(ended(trace.Outcome{Kind: trace.Violated, Want: "https", Got: "the scheme is ftp"})))
	is.True(v.Kind == "stopped" && v.Row == 0 && v.Cause != "" && v.Fix != "")               // an end without a message is about none
	is.Equal(v.Text, explain.Text("finding.unsent")+" The scheme is ftp.")                   // and says what was wrong
	is.Equal(explain.Judge(numbered(ended(trace.Outcome{Kind: trace.Ended}))).Kind, "ready") // nothing was to be sent
	v = explain.Judge(numbered(sent("probe", "GET", "https://r.example/mcp"), failed("x.y"), sent("probe", "GET", "https://r.example/mcp")))
	is.True(v.Kind == "stopped" && v.Row == 1) // a check that fails is said at once
}

// Which message an end is about, and what is said of it when a check has
// already said it.
func TestWhatAnEndIsAbout(t *testing.T) {
	probe := func() []trace.Event {
		return []trace.Event{sent("probe", "GET", "https://r.example/mcp"), challenged("Www-Authenticate", "Bearer")}
	}
	callback := []trace.Event{{Kind: trace.KindRequest, Step: "callback", From: trace.UserAgent, To: trace.Client, Request: &message.Request{Method: "GET", URL: "http://127.0.0.1/cb?code=c"}},
		{Kind: trace.KindResponse, Step: "callback", From: trace.Client, To: trace.UserAgent, Response: &message.Response{Status: 200}}}
	lost := trace.Event{Kind: trace.KindTrouble, Step: "token", Note: "no answer"}
	violated := func(step string) trace.Event {
		return ended(trace.Outcome{Kind: trace.Violated, Step: step, Want: "w", Got: "g", Hint: "look again."})
	}
	for _, c := range []struct {
		name string
		all  []trace.Event
		want string
	}{
		{"the last answer", append(probe(), sent("token", "POST", "https://as.example/token"), violated("token")), "shape.token@2"},
		{"the callback, not our page", append(probe(), callback[0], callback[1], violated("callback")), "shape.callback@3"},
		{"our page, for another step", append(probe(), callback[0], callback[1], violated("token")), "shape.token@4"},
		{"what came after our page", append(probe(), callback[0], callback[1], lost, violated("callback")), "shape.callback@5"},
		{"a check has said it", append(probe(), failed("a.b"), callback[0], callback[1], violated("token")), "a.b@2"},
		{"a check long before", append(probe(), failed("a.b"), callback[0], callback[1], answered("x", 200, "{}"), violated("x")), "a.b@2 shape.x@5"},
		{"a check, and a refusal", append(probe(), failed("a.b"), ended(trace.Outcome{Kind: trace.Refused, Step: "probe", Code: "slow"})), "a.b@2 refused.slow@2"},
		{"the state, and then nothing", append(probe(), callback[0], failed("state.equal"), ended(trace.Outcome{Kind: trace.Lapsed})), "state.equal@3"},
		{"another check, and then nothing", append(probe(), callback[0], failed("iss.equal"), ended(trace.Outcome{Kind: trace.Lapsed})), "iss.equal@3 lapsed@3"},
		{"nothing was answered", []trace.Event{sent("probe", "GET", "https://r.example/mcp"), failed("a.b"), ended(trace.Outcome{Kind: trace.Refused, Code: "x"})}, "a.b@1"},
		{"an end that says nothing", append(probe(), trace.Event{Kind: trace.KindVerdict, Note: "done"}), ""},
		{"an outcome of no end", append(probe(), trace.Event{Kind: trace.KindInternal, Outcome: &trace.Outcome{Kind: trace.Refused, Code: "x"}}), ""},
		{"a good end", append(probe(), ended(trace.Outcome{Kind: trace.Ended})), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			is := is.New(t)
			var got []string
			for _, f := range explain.Findings(numbered(c.all...)) {
				got = append(got, f.ID+"@"+message.Decimal(int64(f.Row)))
			}
			is.Equal(strings.Join(got, " "), c.want) // the findings, and where
		})
	}
	is := is.New(t)
	f := explain.Findings(numbered(append(probe(), failed("a.b"), violated("probe"))...))
	is.Equal(f[0].Cause, "Look again.") // the end knows these very values
	f = explain.Findings(numbered(append(probe(), failed("a.b"), ended(trace.Outcome{Kind: trace.Violated, Step: "probe"}))...))
	is.Equal(f[0].Cause, explain.Text("cause.check.other")) // without a hint the text stands
	f = explain.Findings(numbered(append(probe(), violated("unheard"))...))
	is.True(f[0].Text == explain.Text("finding.shape.other") && f[0].Fix == "Look again.") // a step without a text of its own
	f = explain.Findings(numbered(append(probe(), ended(trace.Outcome{Kind: trace.Refused, Step: "token", Code: "invalid_grant", Hint: "look again"}))...))
	is.Equal(f[0].Fix, explain.Text("fix.refused.invalid_grant")) // a text of its own stands
	f = explain.Findings(numbered(append(probe(), failed("unheard.check"))...))
	is.True(f[0].Text == explain.Text("finding.check.other") && f[0].Text != "") // a check without a text of its own
}

// A call that was let in and then failed is worth knowing; a wire that was
// tried before is not.
func TestTheLastAnswerOfMCPCounts(t *testing.T) {
	bad, worse, good := `{"error":{"code":-32601,"message":"not served"}}`, `{"result":{"isError":true}}`, `{"result":{"isError":false}}`
	for _, c := range []struct{ name, first, last, got string }{
		{"an error", good, bad, "not served"}, {"a tool that failed", good, worse, "isError"}, {"an older wire", bad, good, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			is := is.New(t)
			call := sent("mcp", "POST", "https://r.example/mcp")
			events := numbered(call, answered("mcp", 200, c.first), call, answered("mcp", 200, c.last), sent("revoke", "POST", "https://as.example/revoke"), answered("revoke", 200, bad), ended(trace.Outcome{Kind: trace.Ended}))
			all := explain.Findings(events)
			if c.got == "" {
				is.Equal(len(all), 0)                      // nothing is odd
				is.Equal(explain.Judge(events).Kind, "ok") // all is well
				return
			}
			is.Equal(len(all), 1)                                                                                               // one thing is odd
			is.True(all[0].ID == "mcp.error" && all[0].Row == 4 && all[0].Got == c.got && all[0].Mark == explain.Odd)           // the last call's answer
			is.Equal(explain.Rows(events)[3].Mark, explain.Odd)                                                                 // which is marked
			is.True(strings.HasPrefix(explain.Judge(events).Text, explain.Text("verdict.ok")+" "+explain.Text("verdict.note"))) // the login went through
		})
	}
	is := is.New(t)
	first := numbered(answered("mcp", 200, bad), ended(trace.Outcome{Kind: trace.Ended}))
	is.Equal(len(explain.Findings(first)), 1) // also where it is all there is
}

func TestRowsOfOddEvents(t *testing.T) {
	is := is.New(t)
	events := numbered(
		trace.Event{Kind: trace.KindInternal, Note: "belongs to nothing"},
		trace.Event{Kind: trace.KindCheck, Check: &trace.Check{ID: "a.b"}},
		trace.Event{Kind: trace.KindRequest, Note: "without a request"},
		trace.Event{Kind: trace.KindResponse, Note: "without a response"},
		trace.Event{Kind: trace.KindState, Request: &message.Request{Method: "GET", URL: "https://x.example/"}, Response: &message.Response{Status: 200}},
		trace.Event{Kind: trace.KindRequest, Step: "document", From: trace.AuthorizationServer, To: trace.ClientSite, Request: &message.Request{Method: "GET", URL: "https://c.example/c.json"}},
		sent("a", "GET", "//odd"),
		sent("b", "POST", "https://as.example/b"),
		answered("a", 200, `{"error":{"message":"no"}}`),
		trace.Event{Kind: trace.KindTrouble, Step: "b", Note: "no answer"},
		trace.Event{Kind: trace.KindRequest, Step: "serve /oauth/device/authorize", Request: &message.Request{Method: "POST", URL: "?a=b"}},
		trace.Event{Kind: trace.KindResponse, Step: "page", Response: &message.Response{Status: 200, Header: message.Header{{Name: "Content-Type", Value: "text/html"}}, Body: []byte("<title>half")}},
		trace.Event{Kind: trace.KindResponse, Step: "page", Response: &message.Response{Status: 200, Header: message.Header{{Name: "Content-Type", Value: "text/html"}}, Body: []byte("half</title>")}},
	)
	var got []string
	for _, r := range explain.Rows(events) {
		pending := ""
		if r.Pending {
			pending = " pending"
		}
		got = append(got, r.Phase+" "+strings.Join(r.Pieces, "|")+pending)
	}
	is.Equal(got, []string{"authorization GET|/c.json pending", "use GET|//odd", "use POST|/b", "use 200|no", "use no answer", "authorization POST|?a=b pending", "use 200|text/html", "use 200|text/html"}) // what is no message is no row
}

func TestPhasesByPath(t *testing.T) {
	is := is.New(t)
	for step, phase := range map[string]string{"serve /.well-known/x": explain.Discovery, "serve /oauth/register": explain.Identity, "serve /oauth/authorize": explain.Authorization,
		"serve /oauth/device/verify": explain.Authorization, "serve /oauth/token": explain.Token, "serve /mcp/oauth": explain.Use, "serve /health": explain.Use} {
		is.Equal(explain.Rows(numbered(sent(step, "GET", "https://x.example/")))[0].Phase, phase) // by the path
	}
}

func TestOddEventsInExports(t *testing.T) {
	is := is.New(t)
	fenced := sent("token", "POST", "https://as.example/it's")
	fenced.Request.Body = []byte("```\n````\n")
	away := sent("authorize", "GET", "https://as.example/authorize")
	away.Kind = trace.KindNavigate
	stranger := sent("x", "GET", "https://x.example/x")
	stranger.From = "stranger"
	lonely := sent("y", "GET", "https://y.example/y")
	lonely.To = "nobody"
	events := numbered(stranger, lonely, away, fenced)
	is.Equal(explain.Curls(events), "# 2: 'GET /y'\ncurl -i -g \\\n  'https://y.example/y'\n\n# 4: 'POST /it'\\''s'\ncurl -i -g -X POST \\\n  --data-raw '```\n````\n' \\\n  'https://as.example/it'\\''s'\n\n") // what the client sent, quoted
	_, drawn, _ := strings.Cut(explain.Mermaid(events), "Authorization server\n")
	is.Equal(drawn, "  Client->>Browser: GET /authorize\n  Client->>AS: POST /it's\n")                   // parties that nobody knows are not drawn
	is.True(strings.Contains(explain.Report(events, "x"), "\n`````\n-> POST https://as.example/it's\n")) // a fence is longer than any in the message
}

func TestHoldingsOfASession(t *testing.T) {
	is := is.New(t)
	opened := answered("mcp", 200, "{}")
	opened.Response.Header = append(opened.Response.Header, message.Field{Name: "Mcp-Session-Id", Value: "s1"})
	elsewhere := answered("probe", 200, "{}")
	elsewhere.Response.Header = append(elsewhere.Response.Header, message.Field{Name: "Mcp-Session-Id", Value: "s0"})
	moved := answered("register", 300, `{"client_id":"x"}`)
	events := numbered(elsewhere, moved, opened, answered("mcp", 200, "{}"))
	rows := explain.Rows(events)
	is.Equal(explain.Holdings(events, rows, 99), []explain.Held{{Party: trace.Client, Name: "session", Value: "s1", Since: 3}, {Party: trace.Resource, Name: "session", Value: "s1", Since: 3}}) // both have it, and nothing else
	is.Equal(len(explain.Holdings(events, rows, 2)), 0)                                                                                                                                          // nobody before it was opened
	is.Equal(explain.Params(opened)[0], explain.Param{In: "header", Name: "Mcp-Session-Id", Value: "s1", Track: "session", Meaning: explain.Text("param.Mcp-Session-Id")})                       // it is shown
}

func TestParamsOfOddMessages(t *testing.T) {
	is := is.New(t)
	r := message.JSON(200, []byte(`{"_private":"x","_meta":{},"plain":[],"texts":["a","b"],"mixed":["a",5],"numbers":[1,2],"redirect_uris":["u","v"],"empty":{},"on":true}`))
	r.Header = append(r.Header, message.Field{Name: "Mcp-Session-Id", Value: "s"})
	var got []string
	for _, p := range explain.Params(trace.Event{Kind: trace.KindResponse, Response: &r, Params: []trace.Param{{Name: "_made", Value: "m"}}}) {
		got = append(got, p.In+" "+p.Name+"="+p.Value)
	}
	is.Equal(got, []string{"made _made=m", "header Mcp-Session-Id=s", "json plain=[]", "json texts=a b", "json mixed=a ", "json numbers=[1,2]", "json redirect_uris=u", "json redirect_uris=v", "json empty={}", "json on=true"}) // what is a server's own business is left out
}

// A value that a message has twice passes it once.
func TestATrackPassesAMessageOnce(t *testing.T) {
	is := is.New(t)
	twice := sent("token", "POST", "https://as.example/token?resource=r&resource=r&resource=")
	events := numbered(twice)
	is.Equal(explain.Tracks(events, explain.Rows(events)), []explain.Track{{Kind: "resource", Value: "r", Stops: []explain.Stop{{Row: 1, Role: "made"}}}}) // and nothing is no value
}

// The arithmetic of RFC 7636 appendix B, from the values that travel.
func TestPKCEOfTheRFC(t *testing.T) {
	is := is.New(t)
	const verifier, challenge = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	form := sent("token", "POST", "https://as.example/token")
	form.Request.Header = message.Header{{Name: "Content-Type", Value: message.FormType}}
	form.Request.Body = []byte("code_verifier=" + verifier)
	events := numbered(sent("authorize", "GET", "https://as.example/authorize?code_challenge="+challenge), form)
	p, ok := explain.PKCEOf(events)
	is.True(ok && p.Verifier == verifier && p.Challenge == challenge && p.Sent == challenge) // as the RFC has it
	is.Equal(p.Hex(), "13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3")    // by this digest
	_, ok = explain.PKCEOf(events[:1])
	is.True(!ok) // not without a verifier
	p, ok = explain.PKCEOf(trace.Redact(events))
	is.True(!ok && p.Verifier == "") // nor of a label
}

func TestReadJWT(t *testing.T) {
	is := is.New(t)
	j, ok := explain.ReadJWT("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln")
	alg, _ := j.Header.Get("alg").Text()
	sub, _ := j.Claims.Get("sub").Text()
	is.True(ok && alg == "none" && sub == "a") // header and claims
	for _, token := range []string{"", "a.b", "a.b.c.d", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0", "!.eyJzdWIiOiJhIn0.c2ln", "eyJhbGciOiJub25lIn0.!.c2ln", "W10.eyJzdWIiOiJhIn0.c2ln", "eyJhbGciOiJub25lIn0.W10.c2ln", "ew.eyJzdWIiOiJhIn0.c2ln"} {
		_, ok := explain.ReadJWT(token)
		is.True(!ok) // no token
	}
	kept, _ := explain.ReadJWT("eyJhbGciOiJub25lIn0.W10.c2ln")
	is.Equal(kept.Header.Kind(), message.Object) // what could be read is handed over
	kept, _ = explain.ReadJWT("eyJhbGciOiJub25lIn0.!.c2ln")
	is.Equal(kept.Header.Kind(), message.Object) // whatever stopped the reader
}

func TestTroublesAndChecksHaveTexts(t *testing.T) {
	is := is.New(t)
	for _, id := range explain.Troubles {
		text := explain.Trouble(id, "https://as.example", "https://page.example")
		is.True(text != id && text != "" && !strings.ContainsAny(text, "{}")) // a sentence, with both names filled in
	}
	is.True(strings.Contains(explain.Trouble("cors", "https://as.example", "https://page.example"), "of https://page.example read")) // which names the page
	is.True(strings.Contains(explain.Trouble("nobody", "https://as.example", "https://page.example"), "at https://as.example,"))     // or the server
	is.Equal(explain.Trouble("as it came", "", ""), "as it came")                                                                    // another cause is shown as it came
	is.Equal(explain.AboutCheck("endpoint.token_endpoint"), explain.Text("check.endpoint"))                                          // all endpoints have one text
	is.Equal(explain.AboutCheck("state.equal"), explain.Text("check.state.equal"))                                                   // others their own
	is.True(explain.Text("check.state.equal") != "" && explain.Text("check.endpoint") != "")
}

// What the answer to the request without a token says, and what it makes of a
// run that found nothing to go by.
func TestTheAnswerToTheProbe(t *testing.T) {
	rpc := `{"jsonrpc":"2.0","id":1,"result":{}}`
	page := message.Response{Status: 200, Header: message.Header{{Name: "Content-Type", Value: "text/html"}}, Body: []byte("<title>Shop</title>")}
	site := trace.Event{Kind: trace.KindResponse, Step: "probe", From: trace.Resource, To: trace.Client, Response: &page}
	found := trace.Event{Kind: trace.KindTried, Tried: &trace.Tried{Outcome: "ok"}}
	unregistered := ended(trace.Outcome{Kind: trace.Violated, Step: "register", Want: "a registration_endpoint", Got: "none"})
	for _, c := range []struct {
		name string
		all  []trace.Event // after the request
		ids  string
		text string // the verdict
	}{
		{"no such path", []trace.Event{answered("probe", 404, "{}"), unregistered}, "probe.other bad", "Message 2 answered 404: is this the MCP endpoint?"},
		{"no POST", []trace.Event{answered("probe", 405, "{}"), unregistered}, "probe.other bad", "Message 2 answered 405: is this the MCP endpoint?"},
		{"gone", []trace.Event{answered("probe", 410, "{}"), unregistered}, "probe.other bad", "Message 2 answered 410: is this the MCP endpoint?"},
		{"a website", []trace.Event{site, unregistered}, "probe.page bad", "Message 2 answered 200, but not as MCP does: is this the MCP endpoint?"},
		{"a server that fails", []trace.Event{answered("probe", 500, "{}"), unregistered}, "probe.other bad", "Message 2 answered 500: is this the MCP endpoint?"},
		{"somebody before it", []trace.Event{answered("probe", 403, "{}"), unregistered}, "probe.other bad", "Message 2 answered 403: is this the MCP endpoint?"},
		{"no login", []trace.Event{answered("probe", 200, rpc), unregistered}, "probe.open note", "Message 2 answered 200: this server asks for no login."},
		{"no login, and a call", []trace.Event{answered("probe", 200, rpc), ended(trace.Outcome{Kind: trace.Ended})}, "probe.open note", explain.Text("verdict.ok") + " Message 2 answered 200: this server asks for no login."},
		{"no login, as far as seen", []trace.Event{answered("probe", 200, rpc)}, "probe.let note", explain.Text("verdict.running")},
		{"no login needed yet", []trace.Event{answered("probe", 200, rpc), found, ended(trace.Outcome{Kind: trace.Ended})}, "probe.let note", explain.Text("verdict.ok") + " Message 2 answered 200: the server lets a request in without a token."},
		{"no login, and a document that is broken", []trace.Event{answered("probe", 200, rpc), ended(trace.Outcome{Kind: trace.Violated, Step: "discover.resource", Got: "no JSON"})}, "probe.open note, shape.discover.resource bad", "The client stopped at message 2: " + explain.Text("finding.shape.other")},
		{"no login, and a document that is not to be had", []trace.Event{answered("probe", 200, rpc), ended(trace.Outcome{Kind: trace.Interrupted, Step: "discover.server"})}, "probe.open note, interrupted bad", "The login broke off at message 2: " + explain.Text("finding.interrupted")},
		{"a login is known", []trace.Event{answered("probe", 404, "{}"), found, unregistered}, "probe.other note, shape.register bad", "The client stopped at message 2: " + explain.Text("finding.shape.register")},
		{"the user said no", []trace.Event{answered("probe", 404, "{}"), ended(trace.Outcome{Kind: trace.Denied})}, "probe.other note, denied bad", "The login ended at message 2: " + explain.Text("finding.denied")},
		{"the user was slow", []trace.Event{answered("probe", 404, "{}"), ended(trace.Outcome{Kind: trace.Lapsed})}, "probe.other note, lapsed bad", "The login ended at message 2: " + explain.Text("finding.lapsed")},
		{"a refusal that was due", []trace.Event{answered("probe", 404, "{}"), ended(trace.Outcome{Kind: trace.Refused, Code: "x", Due: true})}, "probe.other note, refused.x due", explain.Text("verdict.ok") + " Message 2 answered 404: is this the MCP endpoint?"},
		{"a challenge", []trace.Event{challenged("Www-Authenticate", "Bearer"), unregistered}, "shape.register bad", "The client stopped at message 2: " + explain.Text("finding.shape.register")},
		{"no challenge", []trace.Event{challenged("Content-Type", "text/plain")}, "challenge.missing note", explain.Text("verdict.running")},
		{"no challenge, as a page sees it", []trace.Event{challenged("content-type", "text/plain")}, "challenge.hidden note", explain.Text("verdict.running")},
		{"no challenge, as a page sees it that sees all", []trace.Event{challenged("date", "today")}, "challenge.missing note", explain.Text("verdict.running")},
	} {
		t.Run(c.name, func(t *testing.T) {
			is := is.New(t)
			events := numbered(append([]trace.Event{sent("probe", "POST", "https://r.example/mcp")}, c.all...)...)
			var got []string
			for _, f := range explain.Findings(events) {
				got = append(got, f.ID+" "+string(f.Mark))
				is.True(f.Row == 2 && f.Text != "" && f.Cause != "" && f.Fix != "" && f.Got != f.Want) // all of it is said, about the answer
			}
			is.Equal(strings.Join(got, ", "), c.ids)     // what is to be known
			is.Equal(explain.Judge(events).Text, c.text) // and what is said
		})
	}
	is := is.New(t)
	bare, why := answered("probe", 401, "{}"), func(ev trace.Event) string { return explain.Why(explain.Rows(numbered(ev))[0]) }
	is.Equal(why(challenged("Www-Authenticate", "Bearer")), explain.Text("why.probe.response")) // a challenge leads on
	is.Equal(why(bare), explain.Text("why.probe.bare.response"))                                // a refusal without one does not
	is.Equal(why(answered("probe", 404, "{}")), explain.Text("why.probe.other.response"))       // nor another answer
	is.True(why(bare) != why(answered("probe", 404, "{}")) && why(bare) != "")                  // each has its words
}

// A document that names another URL is told from a client that is not known.
func TestADocumentThatNamesAnotherURL(t *testing.T) {
	const url = "https://c.example/c.json"
	refused := answered("authorize", 400, "")
	refused.Response.Header, refused.Response.Body = message.Header{{Name: "Content-Type", Value: "text/html"}}, []byte("<title>It&#39;s &lt;no&gt; &#34;good&#34; &amp;amp; &quot;client&quot;</title>")
	for _, c := range []struct {
		name   string
		answer trace.Event
		want   string
	}{
		{"another", answered("document", 200, `{"client_id":"https://c.example/d.json"}`), "document.client@3"},
		{"itself", answered("document", 200, `{"client_id":"`+url+`"}`), "authorize.page@4"},
		{"nothing", answered("document", 200, `{}`), "authorize.page@4"},
		{"a page", answered("document", 404, `{"client_id":"https://c.example/d.json"}`), "authorize.page@4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			is := is.New(t)
			all := explain.Findings(numbered(sent("authorize", "GET", "https://as.example/authorize"), sent("document", "GET", url), c.answer, refused, ended(trace.Outcome{Kind: trace.Lapsed})))
			is.Equal(len(all), 1)                                                // one thing is wrong
			is.Equal(all[0].ID+"@"+message.Decimal(int64(all[0].Row)), c.want)   // where it is
			is.True(all[0].Cause != "" && all[0].Fix != "" && all[0].Text != "") // with advice
			if all[0].ID == "document.client" {
				is.True(all[0].Want == url && all[0].Got == "https://c.example/d.json") // which URL it should have named
			} else {
				is.Equal(all[0].Got, `It's <no> "good" &amp; "client"`) // a title is text, unescaped once
			}
		})
	}
}

// An end is told with what was waited for, and without a second full stop.
func TestAnEndWithoutAnAnswerSaysWhatWasWanted(t *testing.T) {
	is := is.New(t)
	end := func(o trace.Outcome, a trace.Event) explain.Finding {
		all := explain.Findings(numbered(sent("token", "POST", "https://as.example/token"), a, ended(o)))
		is.Equal(len(all), 1) // one thing is said
		return all[0]
	}
	lost := trace.Event{Kind: trace.KindTrouble, Step: "token", Note: "no answer"}
	for kind, want := range map[trace.Ending]string{trace.Interrupted: "an answer", trace.Denied: "the user's consent", trace.Lapsed: "an answer"} {
		f := end(trace.Outcome{Kind: kind, Got: "nothing."}, lost)
		is.True(f.Want == want && f.Got == "nothing") // both sides of it
	}
	tokens, shape := answered("token", 200, `{"access_token":"a"}`), trace.Outcome{Kind: trace.Violated, Step: "token", Want: "token_type", Got: "nothing"}
	is.Equal(end(shape, tokens).ID, "shape.tokens")                      // the server's own words
	is.Equal(end(shape, answered("token", 400, "{}")).ID, "shape.token") // not its refusals
	shape.Got = explain.Success
	is.Equal(end(shape, tokens).ID, "shape.success") // what had to be refused
	blocked := answered("token", 200, "")
	blocked.Response.Header = message.Header{{Name: "Content-Type", Value: "text/html"}}
	shape.Got = "a page"
	is.Equal(end(shape, blocked).ID, "shape.token") // nor what a firewall says
	shape.Step = "register"
	is.Equal(end(shape, tokens).ID, "shape.register") // nor another answer
}
