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
	v = explain.Judge(numbered(ended(trace.Outcome{Kind: trace.Refused, Code: "x"})))
	is.Equal(v.Kind, "ready") // an end without a message is about none
	v = explain.Judge(numbered(sent("probe", "GET", "https://r.example/mcp"), failed("x.y"), sent("probe", "GET", "https://r.example/mcp")))
	is.True(v.Kind == "stopped" && v.Row == 1) // a check that fails is said at once
}

// Which message an end is about, and what is said of it when a check has
// already said it.
func TestWhatAnEndIsAbout(t *testing.T) {
	probe := func() []trace.Event {
		return []trace.Event{sent("probe", "GET", "https://r.example/mcp"), answered("probe", 200, "{}")}
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
	is.True(strings.Contains(explain.Trouble("nobody", "https://as.example", "https://page.example"), "at https://as.example:"))     // or the server
	is.Equal(explain.Trouble("as it came", "", ""), "as it came")                                                                    // another cause is shown as it came
	is.Equal(explain.AboutCheck("endpoint.token_endpoint"), explain.Text("check.endpoint"))                                          // all endpoints have one text
	is.Equal(explain.AboutCheck("state.equal"), explain.Text("check.state.equal"))                                                   // others their own
	is.True(explain.Text("check.state.equal") != "" && explain.Text("check.endpoint") != "")
}
