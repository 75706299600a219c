package stage_test

import (
	"strings"
	"testing"
	"time"

	"mcp-auth/core/authserver"
	"mcp-auth/core/explain"
	"mcp-auth/core/flowtest"
	"mcp-auth/core/message"
	"mcp-auth/core/server"
	"mcp-auth/core/stage"
)

// A live run performs what the stage asks for towards a server that is not in
// it, whose clock nobody moves.
func TestALiveRunEndsWell(t *testing.T) {
	for _, name := range []string{"auth-code", "client-creds", "bearer", "refresh", "step-up"} {
		const origin = "http://127.0.0.1:8765"
		srv, err := server.New(server.Config{Issuer: origin, Seed: true, Approval: authserver.ApprovalAuto, Random: flowtest.NewRandom("live")})
		if err != nil {
			t.Fatal(err)
		}
		now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
		do := func(m message.Request) (message.Response, error) {
			now = now.Add(10 * time.Millisecond)
			return srv.Serve(now, m), nil
		}
		resource := origin + server.OAuthPath
		if name == "bearer" {
			resource = origin + server.BearerPath
		}
		s, err := stage.New(stage.Config{Flow: name, Live: resource, Redirect: "http://127.0.0.1:7777/callback", Secret: strings.Repeat("s", 64)})
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < 100 && !s.Over() && err == nil; i++ {
			p := s.Pending()
			if url, visit := p.Get("visit").Text(); visit {
				s.Visited()
				page, failed := (&flowtest.Browser{Do: do}).Visit(url)
				if failed != nil || page.Left == "" {
					t.Fatal(name, "the browser stopped at", page.URL, page.Status, failed)
				}
				err = s.Callback(now, page.Left)
				continue
			}
			r, _ := do(request(p.Get("send")))
			err = s.Response(now, r)
		}
		if v := explain.Judge(s.Events()); err != nil || !s.Over() || v.Kind != "ok" {
			t.Errorf("%s: %v, over: %v, %s", name, err, s.Over(), v.Text)
		}
		if left := len(s.View().Get("plan").Elems()); left != 0 {
			t.Errorf("%s: %d messages are still planned", name, left)
		}
	}
}

// An address that cannot be used ends the run before its first message, and the
// verdict says what is wrong with it.
func TestALiveRunTowardsNoAddress(t *testing.T) {
	for url, why := range map[string]string{
		"foo": "The URL is not absolute", "ftp://a/b": "The scheme is ftp: https is needed", "http://192.168.0.9/mcp": "The scheme is http: https is needed", "https://a.example/mcp#frag": "The URL has a fragment",
	} {
		s, err := stage.New(stage.Config{Flow: "auth-code", Live: url, Secret: strings.Repeat("s", 64)})
		if err != nil || !s.Over() {
			t.Fatal(url, err)
		}
		v := s.View().Get("verdict")
		kind, _ := v.Get("kind").Text()
		text, _ := v.Get("text").Text()
		if fix, _ := v.Get("fix").Text(); kind != "stopped" || !strings.HasPrefix(text, explain.Text("finding.unsent")+" "+why) || fix == "" {
			t.Errorf("%s: %s, %s, %s", url, kind, text, fix)
		}
	}
}

// A server that asks for no login, and an address that is not that of MCP, are
// told from a server that registers nobody.
func TestALiveRunTowardsAnotherServer(t *testing.T) {
	page := message.Response{Status: 200, Header: message.Header{{Name: "content-type", Value: "text/html"}}, Body: []byte("<title>Shop</title>")}
	for _, c := range []struct {
		probe message.Response
		text  string
	}{
		{message.JSON(404, []byte(`{"error":"not_found"}`)), "Message 2 answered 404: is this the MCP endpoint?"},
		{page, "Message 2 answered 200, but not as MCP does: is this the MCP endpoint?"},
		{message.JSON(200, []byte(`{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25"}}`)), "Message 2 answered 200: this server asks for no login."},
	} {
		for _, flow := range stage.Flows() {
			s, err := stage.New(stage.Config{Flow: flow, Live: "https://a.example/mcp", Redirect: "http://127.0.0.1:7777/callback", Secret: strings.Repeat("s", 64)})
			now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
			for i := 0; i < 30 && err == nil && !s.Over(); i++ {
				r := message.JSON(404, []byte(`{"error":"not_found"}`))
				if p := s.Pending(); p.Get("send").Kind() == message.Object {
					if request(p.Get("send")).URL == "https://a.example/mcp" {
						r = c.probe
					}
				}
				err = s.Response(now, r)
			}
			v := explain.Judge(s.Events())
			if err != nil || !s.Over() || !strings.HasSuffix(v.Text, c.text) || v.Row != 2 || v.Cause == "" || v.Fix == "" {
				t.Errorf("%s: %v, over: %v, message %d, %s", flow, err, s.Over(), v.Row, v.Text)
			}
		}
	}
}

// Before its first answer a live run is ready, and while the user is asked it
// says so; what was sent already is not forgotten.
func TestALiveRunSaysWhomItWaitsFor(t *testing.T) {
	srv, err := server.New(server.Config{Issuer: "http://127.0.0.1:8765", Random: flowtest.NewRandom("live")})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	s, err := stage.New(stage.Config{Flow: "device", Live: "http://127.0.0.1:8765/mcp/oauth", Redirect: "http://127.0.0.1:7777/callback", Secret: strings.Repeat("s", 64)})
	kind := func() string { k, _ := s.View().Get("verdict").Get("kind").Text(); return k }
	if err != nil || kind() != "ready" {
		t.Fatal(err, kind(), "at the start")
	}
	for s.Pending().Get("send").Kind() == message.Object && err == nil {
		if got := kind(); got != "ready" && got != "running" {
			t.Fatal("it waits for nobody and says", got)
		}
		err = s.Response(now, srv.Serve(now, request(s.Pending().Get("send"))))
	}
	if id, _ := s.Next(); err != nil || kind() != "waiting" || id != "next.wait" {
		t.Fatal(err, kind(), id, "while the device waits for its user")
	}
}

func request(v message.Value) message.Request {
	text := func(v message.Value) string { s, _ := v.Text(); return s }
	m := message.Request{Method: text(v.Get("method")), URL: text(v.Get("url")), Body: []byte(text(v.Get("body")))}
	for _, f := range v.Get("headers").Elems() {
		m.Header = append(m.Header, message.Field{Name: text(f.Elems()[0]), Value: text(f.Elems()[1])})
	}
	return m
}
