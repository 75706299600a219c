// Golden files: what the page is shown at each move, to the byte. Run with
// -update to write them again, and read the difference.
package stage_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/authserver"
	"mcp-auth/core/explain"
	"mcp-auth/core/flowtest"
	"mcp-auth/core/message"
	"mcp-auth/core/server"
	"mcp-auth/core/stage"
	"mcp-auth/core/trace"
	"mcp-auth/web/golden"
)

// shown is a view on one line. The rows and the plan are counted, except where
// they are asked for; of a page only how it begins is kept.
func shown(v message.Value, whole bool) string {
	var all []message.Member
	for _, m := range v.Members() {
		switch {
		case m.Name == "screens":
			var screens []message.Value
			for _, s := range m.Value.Elems() {
				var of []message.Member
				for _, x := range s.Members() {
					if x.Name == "html" {
						text, _ := x.Value.Text()
						x.Value = message.Str(text[:min(len(text), 15)])
					}
					of = append(of, x)
				}
				screens = append(screens, message.Obj(of...))
			}
			m.Value = message.Arr(screens...)
		case !whole && (m.Name == "rows" || m.Name == "plan"):
			m.Value = message.Num(int64(len(m.Value.Elems())))
		}
		all = append(all, m)
	}
	return string(message.Obj(all...).AppendSorted(nil, 0))
}

// Each flow from its first view to its last, and each message in full.
func TestGoldenViews(t *testing.T) {
	for _, c := range []stage.Config{{Flow: "auth-code", Registration: "cimd"}, {Flow: "device"}, {Flow: "client-creds"}, {Flow: "bearer", Fault: "rs.resource.root"}, {Flow: "refresh"}, {Flow: "step-up", Registration: "pre"}, {Flow: "auth-code", Fault: "at.iss.other"}} {
		name := strings.TrimSuffix(c.Flow+"-"+c.Fault, "-")
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			s, err := stage.New(c)
			is.NoErr(err) // the run begins
			var b strings.Builder
			b.WriteString(lines(shown(s.View(), true)))
			for !s.Over() {
				is.NoErr(s.Do(stage.Step{})) // a step is due
				b.WriteString(shown(s.View(), false) + "\n")
			}
			b.WriteString(lines(shown(s.View(), true)))
			golden.Hold(t, name+".views", b.String())
			is.Equal(string(stage.Detail(s.Events(), 0).Append(nil)), "{}")                         // there is no message before the first
			is.Equal(string(s.Row(len(explain.Rows(s.Events()))+1).Append(nil)), "{}")              // nor after the last
			is.Equal(string(s.Row(1).Append(nil)), string(stage.Detail(s.Events(), 1).Append(nil))) // a row of the stage is one of its events
			is.Equal(shown(s.View(), true), shown(s.View(), true))                                  // looking changes nothing
			if c.Flow != "refresh" && c.Flow != "step-up" {
				golden.Hold(t, name+".details", details(trace.Redact(s.Events())))
			}
		})
	}
}

func details(events []trace.Event) string {
	var b strings.Builder
	for n := range len(explain.Rows(events)) {
		b.Write(stage.Detail(events, n+1).AppendSorted(nil, 0))
		b.WriteString("\n")
	}
	return b.String()
}

// lines breaks a view where rows begin.
func lines(s string) string { return strings.ReplaceAll(s, `},{"`, "},\n"+`{"`) + "\n" }

// Every way to be a client and every revision: what travels.
func TestGoldenVariants(t *testing.T) {
	var b strings.Builder
	for _, c := range healthy() {
		if c.Revision != "" && (c.Flow != "auth-code" || c.Registration != "dynamic") {
			continue
		}
		fmt.Fprintln(&b, "==", c.Flow, c.Registration, c.Revision)
		events := trace.Redact(played(t, c).Events())
		for _, r := range explain.Rows(events) {
			fmt.Fprintln(&b, r.N, r.From, "->", r.To, r.Step, strings.Join(r.Pieces, " "), r.Mark)
			for _, p := range explain.Params(events[r.Event]) {
				switch p.Name {
				case "resource_metadata", "protocolVersion", "MCP-Protocol-Version", "client_id", "redirect_uri", "scope", "params":
					fmt.Fprintln(&b, "  ", p.Name, p.Value)
				}
			}
			for _, i := range r.Notes {
				fmt.Fprintln(&b, "  ", events[i].Note, events[i].Cite)
			}
		}
		for _, ev := range events {
			if ev.Kind == trace.KindVerdict {
				fmt.Fprintln(&b, "verdict", ev.Note, *ev.Outcome)
			}
		}
	}
	golden.Hold(t, "variants.txt", b.String())
}

func TestGoldenMenu(t *testing.T) {
	golden.Hold(t, "menu.json", string(stage.Menu().AppendSorted(nil, 1)))
}

// A recorded run is shown as one that is over.
func TestGoldenReplay(t *testing.T) {
	events := played(t, stage.Config{Flow: "bearer", Fault: "rs.token.refused"}).Events()
	golden.Hold(t, "replay.json", string(stage.Replay(trace.Redact(events)).AppendSorted(nil, 1)))
}

// The trace of a stage is one list: numbered from 1, never back in time, and
// without what a server notes for its own log.
func TestTheTraceIsOneList(t *testing.T) {
	is := is.New(t)
	for _, flow := range stage.Flows() {
		last := time.Time{}
		for i, ev := range played(t, stage.Config{Flow: flow}).Events() {
			is.Equal(ev.N, i+1)                                   // it counts from 1
			is.True(!ev.At.Before(last) && ev.At.Year() == 2026)  // in the stage's own time
			is.True(ev.Response == nil || ev.Response.Note == "") // a message is what travels
			last = ev.At
		}
	}
}

// What a reader can check by hand is shown where it travels.
func TestPKCEIsShownWhereItTravels(t *testing.T) {
	is := is.New(t)
	s := played(t, stage.Config{Flow: "auth-code"})
	var at []string
	for _, r := range explain.Rows(s.Events()) {
		p := s.Row(r.N).Get("pkce")
		if p.Kind() == message.Missing {
			continue
		}
		at = append(at, r.Step)
		text := func(name string) string { v, _ := p.Get(name).Text(); return v }
		is.Equal(text("challenge"), text("sent"))                         // the challenge is the digest of the verifier
		is.True(len(text("verifier")) == 43 && len(text("digest")) == 64) // both are whole
	}
	is.Equal(at, []string{"", "authorize", "authorize", "token"}) // where it is made, sent and used
	is.Equal(s.Row(1).Get("pkce").Kind(), message.Missing)        // and nowhere else
}

// A token that says something is taken apart.
func TestAJWTIsShownTakenApart(t *testing.T) {
	is := is.New(t)
	r := message.JSON(200, []byte(`{"token_type":"Bearer","access_token":"eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhIiwiYXVkIjoiYiJ9.c2ln","id_token":"eyJhbGciOiJub25lIn0.e30.c2ln"}`))
	v := stage.Detail([]trace.Event{{N: 1, Kind: trace.KindResponse, Step: "token", From: trace.AuthorizationServer, To: trace.Client, Response: &r}}, 1)
	header, _ := v.Get("jwt").Get("header").Text()
	claims, _ := v.Get("jwt").Get("claims").Text()
	is.Equal(header, "{\n  \"alg\": \"EdDSA\"\n}") // its header
	shown := 0
	for _, m := range v.Members() {
		if m.Name == "jwt" {
			shown++
		}
	}
	is.Equal(shown, 1)                                            // one of them
	is.Equal(claims, "{\n  \"aud\": \"b\",\n  \"sub\": \"a\"\n}") // and its claims
}

// A move that cannot be made says why, and changes nothing.
func TestMovesThatCannotBeMade(t *testing.T) {
	is := is.New(t)
	for c, want := range map[stage.Config]string{
		{Flow: "none"}: "there is no flow none", {Flow: "auth-code", Fault: "a\nb"}: `there is no fault a\u{a}b`,
		{Flow: "auth-code", Live: "http://127.0.0.1:1/mcp", Secret: strings.Repeat("s", 31)}: "a live login needs 32 random characters",
	} {
		_, err := stage.New(c)
		is.True(err != nil && err.Error() == want) // what is not there is named
	}
	s, err := stage.New(stage.Config{Flow: "auth-code"})
	is.NoErr(err) // the run begins
	refused := func(m stage.Move, want string) {
		t.Helper()
		before, moves := file(s), s.Moves()
		err := s.Do(m)
		is.True(err != nil && err.Error() == want)       // it says why
		is.True(file(s) == before && s.Moves() == moves) // and nothing happened
	}
	refused(nil, "no such move")
	is.NoErr(s.Do(stage.Advance{By: time.Second})) // the clock may move while a request waits
	refused(stage.Early{}, "the device has not polled yet")
	refused(stage.Submit{Request: message.Get("http://127.0.0.1:8765/oauth/authorize")}, "no page is shown")
	for len(s.Screens()) == 0 {
		is.NoErr(s.Do(stage.Step{})) // up to the consent page
	}
	refused(stage.Edit{}, "no request is about to be sent")
	refused(stage.Submit{Request: message.Get("http://127.0.0.1:7777/oauth/authorize")}, "the page may only go on within its server")
	for !s.Over() {
		is.NoErr(s.Do(stage.Step{})) // to the end
	}
	is.NoErr(s.Do(stage.Advance{By: time.Hour})) // the clock goes on after the end
	refused(stage.Step{}, "the run is over: reset it, or go back")
	start, err := stage.New(stage.Config{Flow: "auth-code"})
	is.NoErr(err) // another begins
	back, err := start.Back()
	is.True(err == nil && back == start) // before the first move there is nothing to go back to
}

// What the reader writes into a request is what travels.
func TestAnEditedRequestTravels(t *testing.T) {
	is := is.New(t)
	s, err := stage.New(stage.Config{Flow: "auth-code"})
	is.NoErr(err)                                                                    // the run begins
	is.NoErr(s.Do(stage.Edit{Request: message.Get("http://127.0.0.1:8765/health")})) // instead of the probe
	is.NoErr(s.Do(stage.Step{}))                                                     // it is sent
	rows := explain.Rows(s.Events())
	is.Equal(rows[0].Pieces, []string{"GET", "/health"})                  // as it was written
	is.Equal(s.Events()[rows[0].Event].Note, "edited before it was sent") // and it is said
	is.Equal(rows[1].Pieces[0], "200")                                    // and answered
	s, err = stage.New(stage.Config{Flow: "auth-code"})
	is.NoErr(err)                                                                    // another run
	is.NoErr(s.Do(stage.Step{}))                                                     // its probe is sent
	is.NoErr(s.Do(stage.Edit{Request: message.Get("http://127.0.0.1:8765/health")})) // the next request is edited
	rows = explain.Rows(s.Events())
	is.Equal(rows[0].Pieces[1], "/mcp/oauth") // what was sent stays
	is.Equal(rows[2].Pieces[1], "/health")    // what is due changes
	again, err := s.Back()
	is.NoErr(err)                                                                                          // it goes back
	is.Equal(again.Moves(), 1)                                                                             // to before the edit
	is.Equal(explain.Rows(again.Events())[2].Pieces[1], "/.well-known/oauth-protected-resource/mcp/oauth") // which is as it was
}

// The reader's own moves in a device login: the clock, an early poll, the
// forms of the phone.
func TestGoldenDeviceMoves(t *testing.T) {
	is := is.New(t)
	s, err := stage.New(stage.Config{Flow: "device", Seed: 7})
	is.NoErr(err) // the run begins
	var b strings.Builder
	do := func(m stage.Move) {
		t.Helper()
		is.NoErr(s.Do(m)) // it is due
		fmt.Fprintf(&b, "%T %s\n", m, shown(s.View(), false))
	}
	for range 6 {
		do(stage.Step{}) // up to the phone
	}
	do(stage.Advance{By: 2 * time.Second}) // too little for a poll
	do(stage.Advance{By: 3 * time.Second}) // the device asks
	do(stage.Step{})                       // it polls
	do(stage.Early{})                      // and once more
	page := s.Screens()[1]
	is.Equal(page.Kind, "phone")                                                           // the second screen
	do(stage.Submit{Request: message.Get(page.URL + "?user_code=" + s.Screens()[0].Code)}) // the code is typed
	for !s.Over() {
		do(stage.Step{})
	}
	for _, r := range explain.Rows(s.Events()) {
		fmt.Fprintln(&b, r.N, r.From, "->", r.To, r.Step, strings.Join(r.Pieces, " "), r.Mark)
		for _, i := range r.Notes {
			fmt.Fprintln(&b, "  ", s.Events()[i].Note, s.Events()[i].Cite)
		}
	}
	golden.Hold(t, "device-moves.views", b.String())
}

// A live run, from what the caller must do to what it is shown.
func TestGoldenLive(t *testing.T) {
	var b strings.Builder
	for _, flow := range stage.Flows() {
		const origin = "http://127.0.0.1:8765"
		is := is.New(t)
		srv, err := server.New(server.Config{Issuer: origin, Seed: true, Approval: authserver.ApprovalAuto, Random: flowtest.NewRandom("live")})
		is.NoErr(err) // there is a server
		at := origin + server.OAuthPath
		if flow == "bearer" {
			at = origin + server.BearerPath
		}
		s, err := stage.New(stage.Config{Flow: flow, Live: at, Redirect: "http://127.0.0.1:7777/mine", Secret: strings.Repeat("s", 32)})
		is.NoErr(err) // the run begins
		now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
		do := func(m message.Request) (message.Response, error) { return srv.Serve(now, m), nil }
		fmt.Fprintln(&b, "==", flow)
		for range 24 {
			p := s.Pending()
			fmt.Fprintf(&b, "pending %s\nview %s\n", p.AppendSorted(nil, 0), shown(s.View(), s.Over()))
			now = now.Add(1500 * time.Millisecond)
			url, visit := p.Get("visit").Text()
			until, wait := p.Get("wait").Int()
			switch {
			case visit:
				s.Visited()
				fmt.Fprintf(&b, "visited, view %s\n", shown(s.View(), false))
				page, err := (&flowtest.Browser{Do: do}).Visit(url)
				is.NoErr(err)                        // the page is there
				is.NoErr(s.Callback(now, page.Left)) // and leads back
				continue
			case wait:
				now = time.UnixMilli(until).UTC()
				is.NoErr(s.Timer(now)) // the device polls
				continue
			case p.Kind() == message.Null:
			default:
				r, _ := do(request(p.Get("send")))
				is.NoErr(s.Response(now, r)) // an answer is taken in
				continue
			}
			break
		}
		back, err := s.Back()
		is.True(err == nil && back == s) // what really happened stays
	}
	golden.Hold(t, "live.views", b.String())
}

// A live request that gets no answer ends the run, and says so.
func TestALiveRequestWithoutAnAnswer(t *testing.T) {
	is := is.New(t)
	s, err := stage.New(stage.Config{Flow: "device", Live: "http://127.0.0.1:8765/mcp/oauth", Secret: strings.Repeat("s", 32)})
	is.NoErr(err) // the run begins
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	is.NoErr(s.Trouble(now, "nobody is there")) // no answer came
	v := explain.Judge(s.Events())
	is.True(s.Over() && v.Kind == "interrupted" && v.Got == "nobody is there") // it is over, and says why
	is.Equal(s.Pending().Kind(), message.Null)                                 // nothing is to be done
	before := file(s)
	is.True(s.Response(now, message.Response{Status: 200}) != nil) // what comes late is refused
	is.Equal(file(s), before)                                      // and changes nothing
}

// An oddity on the way does not hide that the user is asked.
func TestTheUserIsAskedBesideAnOddity(t *testing.T) {
	is := is.New(t)
	s, err := stage.New(stage.Config{Flow: "step-up", Fault: "rs.challenge.none"})
	is.NoErr(err) // the run begins
	for asked := 0; asked < 2; {
		is.NoErr(s.Do(stage.Step{})) // up to the second consent page
		if id, _ := s.Next(); id == "next.approve" {
			asked++
			kind, _ := s.View().Get("verdict").Get("kind").Text()
			is.Equal(kind, "waiting") // it is the user's turn
		}
	}
	is.Equal(explain.Judge(s.Events()).Kind, "note") // though the first login had an oddity
}

// A real server that takes a refresh token twice is told so.
func TestALiveServerThatTakesATokenTwice(t *testing.T) {
	is := is.New(t)
	const origin = "http://127.0.0.1:8765"
	srv, err := server.New(server.Config{Issuer: origin, Seed: true, Approval: authserver.ApprovalAuto, Random: flowtest.NewRandom("live")})
	is.NoErr(err) // there is a server
	s, err := stage.New(stage.Config{Flow: "refresh", Live: origin + server.OAuthPath, Secret: strings.Repeat("s", 32)})
	is.NoErr(err) // the run begins
	now, tokens := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC), 0
	for range 40 {
		p := s.Pending()
		if url, visit := p.Get("visit").Text(); visit {
			s.Visited()
			page, err := (&flowtest.Browser{Do: func(m message.Request) (message.Response, error) { return srv.Serve(now, m), nil }}).Visit(url)
			is.NoErr(err)                        // the page is there
			is.NoErr(s.Callback(now, page.Left)) // and leads back
			continue
		}
		if p.Kind() == message.Null {
			break
		}
		m := request(p.Get("send"))
		r := srv.Serve(now, m)
		if m.Path() == "/oauth/token" {
			if tokens++; tokens == 3 {
				r = message.JSON(200, []byte(`{"access_token":"another","token_type":"Bearer","refresh_token":"more"}`))
			}
		}
		is.NoErr(s.Response(now, r)) // an answer is taken in
	}
	v := explain.Judge(s.Events())
	is.Equal(tokens, 3)                                                             // the old one was tried
	is.True(s.Over())                                                               // the run ends there
	is.True(v.Kind == "stopped" && v.Want == "invalid_grant" && v.Got == "success") // and says what should have come
}

// A user who ends up on a page that leads nowhere lets the code lapse: the
// device polls to its end and says so.
func TestADevicePollsToItsEnd(t *testing.T) {
	is := is.New(t)
	s, err := stage.New(stage.Config{Flow: "device"})
	is.NoErr(err) // the run begins
	for range 6 {
		is.NoErr(s.Do(stage.Step{})) // up to the phone
	}
	lost := post(s.Screens()[1].URL, "")
	planned := len(s.View().Get("plan").Elems())
	is.NoErr(s.Do(stage.Submit{Request: lost}))          // a form that is of no use here
	is.Equal(len(s.View().Get("plan").Elems()), planned) // which is no part of the plan
	polls := 0
	for ; !s.Over() && polls < 400; polls++ {
		is.NoErr(s.Do(stage.Step{})) // nobody answers
	}
	v := explain.Judge(s.Events())
	is.True(s.Over() && v.Kind == "lapsed" && v.ID == "lapsed") // it ends by itself
	is.Equal(polls, 180)                                        // every five seconds of fifteen minutes
}
