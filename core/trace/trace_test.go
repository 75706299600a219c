package trace

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/message"
)

// secrets of a made-up run; none may be found in anything that is shown.
var secrets = []string{"code-canary-0123456789", "state-canary-0123456789", "verifier-canary-0123456789-0123456789-0123456", "access-canary-0123456789", "refresh-canary-0123456789",
	"client/secret+canary=0123456789", "device-canary-0123456789", "WDJB-MJHT", "cookie-canary-0123456789", "page-canary-0123456789"}

func canaryRun() []Event {
	jsonHeader := message.Header{{Name: "Content-Type", Value: "application/json"}}
	form := func(s string) *message.Request {
		return &message.Request{Method: "POST", URL: "https://as.example/token", Header: message.Header{{Name: "Content-Type", Value: message.FormType}, {Name: "Authorization", Value: message.BasicHeader("id", secrets[5])}}, Body: []byte(s)}
	}
	return []Event{
		{Kind: KindInternal, Note: "made " + secrets[1]},
		{Kind: KindNavigate, Request: &message.Request{Method: "GET", URL: "https://as.example/authorize?state=" + secrets[1] + "&scope=a"}},
		{Kind: KindRequest, Request: &message.Request{Method: "GET", URL: "http://127.0.0.1/cb?code=" + secrets[0] + "&state=" + secrets[1]}},
		{Kind: KindRequest, Step: "token", Request: form("code=" + secrets[0] + "&code_verifier=" + secrets[2] + "&client_secret=" + url.QueryEscape(secrets[5]))},
		{Kind: KindResponse, Response: &message.Response{Status: 200, Header: jsonHeader, Body: []byte(`{"access_token":"` + secrets[3] + `","nested":[{"refresh_token":"` + secrets[4] + `"}],"echo":"you sent ` + secrets[0] + `"}`)}},
		{Kind: KindRequest, Request: &message.Request{Method: "POST", URL: "https://r.example/" + secrets[3], Header: message.Header{{Name: "Authorization", Value: "Bearer " + secrets[3]}, {Name: "Cookie", Value: "c=" + secrets[8]}}}},
		{Kind: KindResponse, Response: &message.Response{Status: 200, Header: message.Header{{Name: "Content-Type", Value: "text/html; charset=utf-8"}, {Name: "Set-Cookie", Value: "c=" + secrets[8] + "; Path=/"}},
			Body: []byte(`<input type="hidden" name="transaction" value="` + secrets[9] + `"><input type="hidden" name="user_code" value="` + secrets[7] + `"><p>` + secrets[7] + `</p>`)}},
		{Kind: KindResponse, Response: &message.Response{Status: 200, Header: jsonHeader, Body: []byte(`{"device_code":"` + secrets[6] + `","user_code":"` + secrets[7] + `","verification_uri_complete":"https://v.example?user_code=` + secrets[7] + `"}`)}},
		{Kind: KindCheck, Check: &Check{ID: "x", Want: secrets[1], Got: secrets[0]}},
		{Kind: KindTried, Tried: &Tried{URL: "https://x.example?code=" + secrets[0], Outcome: secrets[3]}},
		{Kind: KindVerdict, Note: "failed with " + secrets[4], Outcome: &Outcome{Kind: Refused, Step: "token", Code: "invalid_grant", Want: secrets[0], Got: "no " + secrets[1], Hint: secrets[2]}, Params: []Param{{Name: "code", Value: secrets[0]}}},
	}
}

func TestNoSecretIsShown(t *testing.T) {
	events := Redact(canaryRun())
	var text strings.Builder
	for _, ev := range events {
		text.WriteString(Text(ev, true))
	}
	ndjson := AppendHeader(nil, "test 1")
	for _, ev := range events {
		ndjson = AppendNDJSON(ndjson, ev)
	}
	for name, shown := range map[string]string{"text": text.String(), "NDJSON": string(ndjson), "HAR": string(HAR(events, "test 1"))} {
		for _, s := range secrets {
			for _, form := range []string{s, url.QueryEscape(s), percent(s), base64.StdEncoding.EncodeToString([]byte("id:" + s)), base64.StdEncoding.EncodeToString([]byte("id:" + percent(s)))} {
				if strings.Contains(shown, form) {
					t.Errorf("%s shows %q", name, form)
				}
			}
		}
		if !strings.Contains(shown, "<code#1 22>") {
			t.Errorf("%s does not show that the code is the same in every place", name)
		}
	}
}

func TestTheSameSecretHasTheSameLabel(t *testing.T) {
	is := is.New(t)
	r := NewRedactor()
	get := func(u string) string {
		return r.Event(Event{Kind: KindRequest, Request: &message.Request{Method: "GET", URL: u}}).Request.URL
	}
	is.Equal(get("https://a/?state=aaaaaaaaaa"), "https://a/?state=<state#1 10>")   // made
	is.Equal(get("https://a/?state=bbbbbbbbbb"), "https://a/?state=<state#2 10>")   // another
	is.Equal(get("https://a/?state=aaaaaaaaaa"), "https://a/?state=<state#1 10>")   // echoed
	is.Equal(get("https://a/?state=%61aaaaaaaaa"), "https://a/?state=<state#1 10>") // however it is encoded
}

// One secret may be the beginning of another: no rest of that shows.
func TestASecretWithinAnother(t *testing.T) {
	is := is.New(t)
	r := NewRedactor()
	for _, secret := range []string{"abcdef", "abcdef-and-more", "no part", "and-more"} {
		r.label("at", secret)
	}
	is.Equal(r.Text("abcdef-and-more abcdef and-more abcdef-and"), "<at#2 15> <at#1 6> <at#4 8> <at#1 6>-and") // whole, and each by itself
}

func TestRedactionForgetsNothingInALongRun(t *testing.T) {
	is := is.New(t)
	r := NewRedactor()
	for i := range 3 * remembered {
		r.Event(Event{Kind: KindRequest, Request: &message.Request{URL: "https://a/?code=code-number!" + message.Decimal(int64(i))}})
	}
	is.True(len(r.labels) <= remembered && len(r.recent) <= remembered && len(r.longest) <= remembered && len(r.made) <= remembered && len(r.others) <= remembered) // memory is bounded
	out := r.Event(Event{Kind: KindRequest, Request: &message.Request{URL: "https://a/?code=code-number!1"}})
	is.True(!strings.Contains(out.Request.URL, "code-number!1")) // what was forgotten is still redacted where it stands
}

func TestNDJSONIsReadAsWritten(t *testing.T) {
	is := is.New(t)
	at := time.Date(2026, 11, 24, 12, 0, 0, 5, time.UTC)
	events := Redact(canaryRun())
	data := AppendHeader(nil, "test 1")
	for i := range events {
		events[i].N, events[i].At = i+1, at
		data = AppendNDJSON(data, events[i])
	}
	back, err := ParseNDJSON(data)
	is.NoErr(err)                    // it is read
	is.Equal(len(back), len(events)) // whole
	again := AppendHeader(nil, "test 1")
	for _, ev := range back {
		again = AppendNDJSON(again, ev)
	}
	is.Equal(string(again), string(data)) // and written again to the same bytes
}

func TestHARIsAnArchive(t *testing.T) {
	is := is.New(t)
	var har struct {
		Log struct {
			Version string
			Entries []struct {
				StartedDateTime   time.Time
				Request, Response struct {
					Headers  []struct{ Name, Value string }
					BodySize int
				}
			}
		}
	}
	is.NoErr(json.Unmarshal(HAR(Redact(canaryRun()), "test 1"), &har)) // it is JSON
	is.Equal(har.Log.Version, "1.2")                                   // of this version
	is.True(len(har.Log.Entries) >= 4)                                 // with the exchanges and the front channel
}

func TestALogIsAValue(t *testing.T) {
	is := is.New(t)
	var a Log
	a.Add(time.Time{}, Event{Note: "1"})
	b := a
	a.Add(time.Time{}, Event{Note: "2"})
	b.Add(time.Time{}, Event{Note: "other"})
	is.Equal(a.Events()[1].Note, "2")     // what is added to a copy
	is.Equal(b.Events()[1].Note, "other") // is not in the original
	is.Equal(b.Events()[1].N, 2)          // and numbers go on
}

// However copies of copies are added to, each has its own events.
func TestCopiesOfALogAreIndependent(t *testing.T) {
	is := is.New(t)
	type told struct {
		log  Log
		want []string
	}
	all := []told{{}}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 3000 {
		one := all[random.IntN(len(all))]
		if to := random.IntN(len(all)); random.IntN(3) > 0 { // added to in place, or to a copy
			one = all[to]
			one.log.Add(time.Time{}, Event{Note: strconv.Itoa(i)})
			one.want = append(slices.Clip(one.want), strconv.Itoa(i))
			all[to] = one
		} else if len(all) < 50 {
			all = append(all, one)
		}
	}
	for _, one := range all {
		events := one.log.Events()
		is.Equal(len(events), len(one.want)) // no event is lost
		for i, ev := range events {
			is.Equal(ev.Note, one.want[i]) // or another's
			is.Equal(ev.N, i+1)
		}
	}
	var base Log
	for range 5 {
		base.Add(time.Time{}, Event{Note: "base"})
	}
	var adding sync.WaitGroup
	for i := range 8 { // copies may be stepped at the same time
		one := base
		adding.Go(func() {
			for range 100 {
				one.Add(time.Time{}, Event{Note: strconv.Itoa(i)})
			}
			for _, ev := range one.Events()[5:] {
				if ev.Note != strconv.Itoa(i) {
					t.Error("a copy has an event of another")
				}
			}
		})
	}
	adding.Wait()
	_ = append(base.Events(), Event{Note: "outside"})
	base.Add(time.Time{}, Event{Note: "last"})
	is.Equal(base.Events()[5].Note, "last") // what is done with the list changes nothing
}

func TestTextIsHarmless(t *testing.T) {
	is := is.New(t)
	ev := Event{Kind: KindResponse, Response: &message.Response{Status: 200, Header: message.Header{{Name: "X", Value: "\x1b[31m\u202e"}, {Name: "Content-Type", Value: "text/plain"}}, Body: []byte("\x1b]0;title\x07\u009b")}}
	out := Text(ev, true)
	is.True(!strings.ContainsAny(out, "\x1b\x07\u009b\u202e")) // nothing that a terminal obeys
	is.True(strings.Contains(out, `\u{1b}`))                   // but it can be seen
}

func FuzzParseNDJSON(f *testing.F) {
	data := AppendHeader(nil, "test 1")
	for _, ev := range canaryRun() {
		data = AppendNDJSON(data, ev)
	}
	f.Add(data)
	f.Add([]byte(`{"v":1}` + "\n" + `{"n":1,"at":"2026-11-24T12:00:00Z","req":{"headers":[["a"]]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		events, err := ParseNDJSON(data)
		if err != nil {
			return
		}
		once := AppendHeader(nil, "x")
		for _, ev := range events {
			once = AppendNDJSON(once, ev)
		}
		back, err := ParseNDJSON(once)
		if err != nil {
			t.Fatal(err)
		}
		twice := AppendHeader(nil, "x")
		for _, ev := range back {
			twice = AppendNDJSON(twice, ev)
		}
		if !bytes.Equal(once, twice) {
			t.Fatal("not read as written")
		}
		for _, ev := range events {
			Text(ev, true)
		}
		HAR(events, "x")
	})
}

func TestTheHashOfALabelBeginsNoFragment(t *testing.T) {
	for url, want := range map[string]string{
		"https://a.example/?state=<state#1 22>&iss=x#top": "state=<state#1 22>&iss=x",
		"https://a.example/?a=b#c?d":                      "a=b",
		"https://a.example/#a?b=c":                        "",
		"https://a.example/?a=<b#c>":                      "a=<b",
		"https://a.example/?a=<#1 2>":                     "a=<",
		"https://a.example/?a=<b c#1 2>":                  "a=<b c",
		"https://a.example/":                              "",
		"?<b#1 2>":                                        "<b#1 2>",
		"?a=<b#x 2>":                                      "a=<b",
		"?a=<b#1 x>":                                      "a=<b",
		"?a=<b#1>":                                        "a=<b",
	} {
		if got := Query(url); got != want {
			t.Errorf("the query of %s is %q, not %q", url, got, want)
		}
	}
}
