// Golden files: one run in every form, to the byte. Run with -update to write
// them again, and read the difference.
package trace

import (
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/lines"
	"mcp-auth/core/message"
	"mcp-auth/web/golden"
)

// oddRun has what no well-made login has: each kind of event, with and without
// what it promises, and bodies of every sort.
func oddRun() []Event {
	header := func(pairs ...string) (h message.Header) {
		for i := 0; i < len(pairs); i += 2 {
			h = append(h, message.Field{Name: pairs[i], Value: pairs[i+1]})
		}
		return h
	}
	const jsonType, form = message.JSONType, message.FormType
	long := `{"b":"` + strings.Repeat("x", 2040) + `"}`
	longer := `{"b":"` + strings.Repeat("y", 2041) + `"}`
	return []Event{
		{Kind: KindRequest, Note: "without a request"},
		{Kind: KindResponse, Note: "without a response", Response: nil},
		{Kind: KindNavigate, Note: "without an address"},
		{Kind: KindCheck, Note: "without a check"},
		{Kind: KindTried, Note: "without a try"},
		{Kind: "unheard", Note: "of no kind", Request: &message.Request{Method: "GET", URL: "https://unheard.example/"}, Response: &message.Response{Status: 200}, Check: &Check{ID: "unheard"}, Tried: &Tried{URL: "https://unheard.example/"}},
		{Kind: KindResponse, Note: "to nothing", Step: "early", Response: &message.Response{Status: 204}},
		{Kind: KindNavigate, Step: "authorize", From: UserAgent, To: AuthorizationServer, Request: &message.Request{Method: "GET", URL: "https://as.example/?a=1&state=odd-state&b"}},
		{Kind: KindRequest, Step: "token", From: Client, To: AuthorizationServer, Cite: "RFC 6749 section 4.1.3", Request: &message.Request{Method: "POST", URL: "https://as.example/token?q=%41&r=#f",
			Header: header("Content-Type", form, "Authorization", "Basic bm90LWEtcGFpcg==", "DPoP", "odd-proof", "Referer", "https://as.example/?code=odd-code"),
			Body:   []byte("code=odd-code&a=%41+b&c&d=%zz&=e")}},
		{Kind: KindResponse, Step: "token", From: AuthorizationServer, To: Client, Response: &message.Response{Status: 200, Note: "for the log alone",
			Header: header("Content-Type", jsonType, "Set-Cookie", "c=odd-cookie; Path=/; Max-Age=600; SameSite=Lax; Expires=never; Domain=as.example; Secure", "Location", "https://c.example/cb?code=odd-code", "Mcp-Session-Id", "odd-session"),
			Body:   []byte(`{"z":[{"refresh_token":"odd-refresh"},1],"a":{"access_token":5},"state":"odd-state"}`)}},
		{Kind: KindRequest, Step: "mcp", Request: &message.Request{Method: "POST", URL: "https://r.example/", Header: header("Authorization", "odd-bare", "Cookie", "c=odd-cookie;d;e=odd-other"), Body: []byte("a\nb\n")}},
		{Kind: KindResponse, Step: "mcp", Response: &message.Response{Status: 200, Header: header("Content-Type", jsonType), Body: []byte(long)}},
		{Kind: KindRequest, Step: "mcp", Request: &message.Request{Method: "POST", URL: "https://r.example/", Header: header("Authorization", "Bearer   odd-access", "authorization", "basic aWQ6YmFzaWMtY2FuYXJ5"), Body: nil}},
		{Kind: KindResponse, Step: "mcp", Response: &message.Response{Status: 500, Header: header("Content-Type", jsonType), Body: []byte(longer)}},
		{Kind: KindResponse, Step: "mcp", Response: &message.Response{Status: 500, Header: header("Content-Type", jsonType), Body: []byte(`{"access_token":`)}},
		{Kind: KindResponse, Step: "verify", Response: &message.Response{Status: 200, Header: header("Content-Type", "text/html"), Body: []byte(`<input name="transaction" value="odd-page"> <input name="user_code" value="open`)}},
		{Kind: KindRequest, Step: "echo", Request: &message.Request{Method: "POST", URL: "?a=1&state=here-alone&b=2&code=%zz", Header: header("X-Echo", "it was odd-code", "Referer", "https://as.example/?b&code=there-alone"), Body: []byte("it was odd-code")}},
		{Kind: KindResponse, Step: "echo", Response: &message.Response{Status: 302, Header: header("X-Echo", "it was odd-code", "Location", "?transaction=nowhere-else")}},
		{Kind: KindTried, Tried: &Tried{URL: "https://as.example/.well-known/x", Rule: "RFC 8414", Outcome: "404"}},
		{Kind: KindCheck, Check: &Check{ID: "iss.equal", Level: "MUST", Want: "a", Got: "b"}, Cite: "RFC 9207 section 2.4"},
		{Kind: KindCheck, Check: &Check{ID: "state.equal", Level: "SHOULD", Want: "a", Got: "a", OK: true}},
		{Kind: KindState, Note: "idle -> probing"},
		{Kind: KindTrouble, Note: "no answer: odd-bare"},
		{Kind: KindInternal, Note: "made", Params: []Param{{"state", "odd-state", "made"}, {"name", "of odd-code", ""}, {"code", "short", "sent"}, {"code", "sixsix", ""}, {"code", "", ""}, {"code", "<code#9 9>", ""}, {"code", "<half a label", ""}, {"code", "half a label>", ""}}},
		{Kind: KindVerdict, Note: "refused", Outcome: &Outcome{Kind: Refused, Step: "token", Code: "invalid_grant", Want: "success", Got: "invalid_grant", Hint: "log in again", Due: true}},
		{Kind: KindVerdict, Note: "done", Outcome: &Outcome{Kind: Ended}},
	}
}

// numbered events are a millisecond more apart each time.
func numbered(events []Event) []Event {
	var log Log
	at := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for i, ev := range events {
		at = at.Add(time.Duration(i) * time.Millisecond)
		log.Add(at, ev)
	}
	return log.Events()
}

// A run in every form, open and redacted.
func TestGoldenForms(t *testing.T) {
	open := numbered(append(oddRun(), canaryRun()...))
	for name, events := range map[string][]Event{"open": open, "redacted": Redact(open)} {
		t.Run(name, func(t *testing.T) {
			var whole, short strings.Builder
			ndjson := AppendHeader(nil, "mcp-auth test")
			for _, ev := range events {
				whole.WriteString(Text(ev, true))
				short.WriteString(Text(ev, false))
				ndjson = AppendNDJSON(ndjson, ev)
			}
			for file, got := range map[string]string{"whole.txt": whole.String(), "short.txt": short.String(), "run.ndjson": string(ndjson), "run.har": string(HAR(events, "mcp-auth test 1"))} {
				golden.Hold(t, name+"-"+file, got)
			}
			is := is.New(t)
			back, err := ParseNDJSON(ndjson)
			is.NoErr(err) // it is read
			again := AppendHeader(nil, "mcp-auth test")
			for _, ev := range back {
				again = AppendNDJSON(again, ev)
			}
			is.Equal(lines.Diff(string(ndjson), string(again)), "") // and written again to the same bytes
		})
	}
	for _, ev := range Redact(open) {
		if ev.Response != nil && ev.Response.Note != "" {
			t.Error("a redacted answer keeps a note that is for the log alone")
		}
	}
	for i, ev := range numbered(append(oddRun(), canaryRun()...)) {
		if a, b := string(AppendNDJSON(nil, ev)), string(AppendNDJSON(nil, open[i])); a != b {
			t.Error("redaction has changed the run it was given:", lines.Diff(a, b))
		}
	}
}

// difference is the first line in which two texts differ.
// A live log redacts event by event: what it has seen it finds again.
func TestARedactorFindsWhatItHasSeen(t *testing.T) {
	is := is.New(t)
	r := NewRedactor()
	ev := Event{Kind: KindInternal, Params: []Param{{Name: "code", Value: "secret+1/2"}}}
	is.Equal(r.Event(ev).Params[0].Value, "<code#1 10>")                                       // it is learnt
	is.Equal(r.Text("secret+1/2, secret%2B1%2F2, secret"), "<code#1 10>, <code#1 10>, secret") // as it is and encoded
	for i := range remembered - 1 {
		r.label("at", "another-secret-"+message.Decimal(int64(i)))
	}
	is.Equal(r.Text("secret+1/2"), "<code#1 10>") // a thousand are remembered
	r.label("at", "the last straw")
	is.Equal(r.Text("secret+1/2"), "secret+1/2") // and no more
	is.Equal(len(r.labels), remembered)          // in the labels as well
}

func TestTheVerdictOfATrace(t *testing.T) {
	is := is.New(t)
	is.Equal(Verdict(nil), "the flow has not ended")                                                                           // nothing happened
	is.Equal(Verdict([]Event{{Kind: KindVerdict, Note: "first"}, {Kind: KindVerdict, Note: "last"}, {Note: "after"}}), "last") // the last counts
	is.Equal(Verdict([]Event{{Kind: KindVerdict, Note: "only"}}), "only")                                                      // the first is looked at
}

func TestAFileOfAnotherKindIsNoTrace(t *testing.T) {
	for file, want := range map[string]string{
		"":                         "line 1 of the trace: ",
		"{":                        "line 1 of the trace: ",
		`{"v":2}`:                  `line 1 of the trace must say "v":1`,
		`{"v":"1"}`:                `line 1 of the trace must say "v":1`,
		"{\"v\":1}\n[]":            "line 2 of the trace: an object is wanted",
		"{\"v\":1}\n{":             "line 2 of the trace: ",
		"{\"v\":1}\n{}":            "line 2 of the trace: at is no time",
		"{\"v\":1}\n{\"at\":\"\"}": "line 2 of the trace: at is no time",
		"{\"v\":1}\n{\"at\":\"2026-11-25T12:00:00Z\"}\n\n": "line 3 of the trace: ",
	} {
		events, err := ParseNDJSON([]byte(file))
		if err == nil || !strings.HasPrefix(err.Error(), want) || events != nil {
			t.Errorf("%q: %d events, %v; wanted %q", file, len(events), err, want)
		}
	}
}

// A file of other people may lack members, or have others in their place.
func TestAThinFileIsRead(t *testing.T) {
	is := is.New(t)
	events, err := ParseNDJSON([]byte(`{"v":1}
{"at":"2026-11-25T12:00:00Z","req":[],"res":1,"check":null,"tried":"","outcome":[],"params":{}}
{"at":"2026-11-25T12:00:00Z","req":{"headers":[["a"],["b","c"],["d","e","f"],5]},"res":{"status":200}}
`))
	is.NoErr(err)            // it is read
	is.Equal(len(events), 2) // both lines
	e := events[0]
	is.True(e.Request == nil && e.Response == nil && e.Check == nil && e.Tried == nil && e.Outcome == nil && e.Params == nil) // of none is made something
	is.Equal(events[1].Request.Header, message.Header{{Name: "b", Value: "c"}})                                               // a pair is a field
	is.Equal(events[1].Response.Status, 200)                                                                                  // what is there counts
}
