// What exactly becomes of texts with secrets: no more is hidden than must be,
// and what stands around them is left as it was.
package trace

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/message"
	"mcp-auth/web/golden"
)

// edges are texts in which a name, a value or its end can be misread.
var edges = []string{
	// JSON that is none: quotes within, backslashes, arrays, objects
	`{"code":"a\"bcdef","x":"stays"`, `{"code":"a\\","x":"stays"`, `{"code":"a\\\"bcdef","x":"stays"`,
	`{"token":["abcdef","ghijkl"],"x":"stays"`, `{"token":{"a":["b]c"],"d":"}"},"x":"stays"`, `{"token":["abcdef",{"x":1}`, `{"token":[`, `{"token":["]`,
	`{"t":"{\"code\":\"abcdef\",\"x\":\"stays\"}",`, `{"t":"{\"code\":\"ab\\\"cdef\",\"x\":\"stays\"}",`, `{"code":"abcdef`, `{"code":`, `{"code":}`, `{"access_token":123456,"x":1,`, `{"access_token":12345,"x":1,`, `{"access_token":-123456}x`, `{"access_token":-12345}x`,
	`{"a":"\x22","code":"abcdef"`, `{"\u0063ode":"abcdef"`, `{"state\/":"abcdef","code":"abc\/def"`,
	// names and what stands between them and a value
	"code=abcdef", "code = abcdef", "code=\nabcdef", "code==abcdef", "access_token:\tabcdef stays", "access_token:abcdef,stays", "access_token => 'abcdef' stays", "state: abcdef", "state := abcdef", "mode=abcdef", "acode=abcdef", "z_code=abcdef", "Code=abcdef", "a9code=abcdef", "az-code=abcdef", "code[]=abcdef",
	"the 'code' = abcdef stays", "=abcdef", " = abcdef", "code", "x code='abcdef' stays", "x code=`abcdef` stays", "x code=abcdef;stays", "x code=abcdef; stays", "x code=abcdef.", `x "code=abcdef" stays`, "x 'code=abcdef' stays", "x `code=abcdef` stays", "x <code=abcdef> stays", "x (code=abcdef) stays", "x (code=abc)def stays", "(x code=abc)def", `"x" code=abc"def stays`, "x code==abcdef stays", "x {code=abcdef stays", "'code=abcdef' stays",
	// forms and URLs in others
	"a=b&code=abcdef&c=d", "a=b&code=abc%64ef&c=d", "a=b&code=abc+def&c=d", "+&code=abcdef", "a=%zz&code=%zzabcdef&c=d", "code=abcdef \r\n", "a=b&codeabcdef", "x https://c.example/?u=%3Fcode%3Dabcdef%26x%3Dstays y", "x ?u=%3fcode%3dabcdef y", "x %3Dabcdef", "x code%3", "x code%3D", "x code%3D%26stays", "x z%3Dabcdef%26code%3Dghijkl%26y", "a=https%3A%2F%2Fc.example%2F%3Fcode%3Dabcdef%26x%3Dstays&b=c", "a={\"code\":\"abcdef\"}&b=c", "a=b&password=abcdef\nstays", "a=b\nstays=c",
	// pages and parts
	"<access_token>abcdef</access_token> stays", "<access_token><![CDATA[abc]def]]></access_token> stays", "<access_token><![CDATA[abcdef", "</access_token>stays", "<code>stays</code>", "access_token>stays", "<x><access_token>abcdef", "<access_token/>stays",
	`<input name="code" value="abcdef"> stays`, `<input value="abcdef" name="code"> stays`, `<input name=code value=abcdef> stays`, `<input name = 'code' value = 'abcdef'> stays`, `<input name="code"> <b value="stays">`, `<input name="code" value=""> stays`, `<input name="mode" value="stays">`, `<meta name="state" content="abcdef"> stays`, `name="code" value="stays"`, `<input name="code`, `<input name=`, `<input name=code> <b value=stays>`, `<a><input value="abcdef" id="x" name="user_code"/> stays`, `<input title="a>b" name="code" value="abcdef"> stays`,
	"--b\r\nContent-Disposition: form-data; name=\"code\"\r\n\r\nabcdef\r\n--b--\r\nstays", "--b\nContent-Disposition: form-data; name=\"code\"\n\nabcdef\n--b--\nstays", "Content-Disposition: form-data; name=\"code\"\nabcdef", "Content-Disposition: form-data; name=\"code\"\r\n\r\nabcdef",
	// what is encoded once more than it says, and what is no text
	`<p data-x="{&quot;access_token&quot;:&quot;abcdef&quot;}">`, "&quot;password&quot;:&quot;abcdef&quot;", "&quot;code&quot; stays", "{%22access_token%22:%22abcdef%22}", "access_token &quot; stays", "access_token&quot;:&quot;abcdef&quot;", "\x00code=abcdef", "a\x00", "\xff",
	// secrets within secrets: all of it is one, and what is within is known too
	`{"user_code":"a (code=ghijkl",x)stays`, `<input value="code=abcdef x" name="user_code"> abcdef stays`, `<input name="state" name="code" value="abcdef"> stays`, `{"user_code":"token=ghijkl",'a':1} ghijkl stays`,
	// several, and labels of others
	"code=abcdef code=abcdef code=ghijkl", "code=access_token=abcdef stays", `code="token=abcdef" stays`, `{"token":{"code":"abcdef","state":"ghijkl"},"x":"stays"`, "code=<code#1 6> stays", "code=<code#1 6 stays", "code=a<code#1 6> stays",
}

func TestGoldenShapes(t *testing.T) {
	var all strings.Builder
	seen := func(kind, body string, adopts bool) string {
		r := NewRedactor()
		r.adopts = adopts
		return string(r.Event(answered(kind, body)).Response.Body)
	}
	for _, name := range slices.Sorted(maps.Keys(shapes)) {
		for _, secret := range []string{canary, "<" + canary + ">", "a b&" + canary + `"\`} {
			for _, kind := range []string{message.JSONType, "text/plain", message.FormType} {
				fmt.Fprintf(&all, "%s of %q as %s: %q\n", name, secret, kind, seen(kind, shapes[name](secret), false))
			}
		}
	}
	for _, text := range edges {
		for _, kind := range []string{"text/plain", message.FormType} {
			fmt.Fprintf(&all, "%q as %s: %q\n", text, kind, seen(kind, text, false))
		}
	}
	for _, text := range []string{"code=<code#1 6> stays", "code=<code#1 6", "code=<abcdefghijkl#1 6>", "code=<abcdefghijk#1 6>", "code=<code#12345678 6>", "code=<code#1234567 6>", "code=<code#1>", "code=code#1 6>", "code=<code#1 6", "code=<Code#1 6>", "code=<#1 6>", "code=<code#1 x>"} {
		fmt.Fprintf(&all, "%q of a file: %q\n", text, seen("text/plain", text, true))
	}
	golden.Hold(t, "shapes.txt", all.String())
}

// What is too long or holds too much is not searched, and not shown.
func TestWhatIsTooMuchIsNotShown(t *testing.T) {
	is := is.New(t)
	seen := func(body string) string {
		return string(NewRedactor().Event(answered("text/plain", body)).Response.Body)
	}
	long := "x code=abcdef " + strings.Repeat("y", maxScanned-14)
	is.Equal(seen(long), strings.Replace(long, "abcdef", "<code#1 6>", 1)) // as long as may be
	is.Equal(seen(long+"y"), "(65537 bytes)")
	many := "x" + strings.Repeat(" code=abcdef", maxSpans)
	is.Equal(seen(many), strings.ReplaceAll(many, "abcdef", "<code#1 6>")) // as many
	is.Equal(seen(many+" code=abcdef"), "(2413 bytes that hold a secret)")
}

func TestSecretsInHeadersAndURLs(t *testing.T) {
	is := is.New(t)
	for field, want := range map[[2]string]string{
		{"Client-Secret", "abcdef"}:                 "<secret#1 6>",                  // a name that is a secret's
		{"X-Error", "no code=abcdef here"}:          "no code=<code#1 6> here",       // and any other
		{"Location", "/cb?a=b#access_token=abcdef"}: "/cb?a=b#access_token=<at#1 6>", // RFC 6749 section 4.2
		{"Referer", "/cb#state=abcdef&a=b"}:         "/cb#state=<state#1 6>&a=b",     //
		{"Location", "/cb?a=b#x>&state=abcdef"}:     "/cb?a=b#x>&state=<state#1 6>",
		{"Location", "/cb?a=<b#state=abcdef"}:       "/cb?a=<b#state=<state#1 6>",
		{"Authorization", "Basic eDph"}:             "Basic <basic#1 4>",  // a password of one letter
		{"Authorization", "Basic ?"}:                "Basic <basic#1 1>",  // no base64
		{"Authorization", "Basic YWJjZGVmZ2hp"}:     "Basic <basic#1 12>", // no colon
	} {
		m := message.Response{Header: message.Header{{Name: field[0], Value: field[1]}}}
		is.Equal(NewRedactor().Event(Event{Kind: KindResponse, Response: &m}).Response.Header[0].Value, want)
	}
	r := NewRedactor()
	longest := strings.Repeat("a", lengthiest)
	is.Equal(r.label("at", longest)+" "+r.Text(longest), "<at#1 8192> <at#1 8192>") // as long as a value may be
	r = NewRedactor()
	for _, header := range []string{"Basic " + base64.StdEncoding.EncodeToString([]byte("id:>>>???secret")), "Basic " + base64.RawURLEncoding.EncodeToString([]byte("id:???>>>secret"))} {
		r.Event(Event{Kind: KindRequest, Request: &message.Request{URL: "https://as.example/", Header: message.Header{{Name: "Authorization", Value: header}}}})
	}
	is.Equal(r.Text(">>>???secret ???>>>secret"), "<secret#1 12> <secret#2 12>") // in either alphabet
	is.Equal(string(r.Event(answered(message.JSONType, `{"code":-32600,"access_token":123456}`)).Response.Body), `{"code":-32600,"access_token":"<at#1 6>"}`)
	get := func(u string) string {
		return r.Event(Event{Kind: KindRequest, Request: &message.Request{Method: "GET", URL: u}}).Request.URL
	}
	is.Equal(get("https://a/?state=+aaaaaaaaa"), get("https://a/?state=%20aaaaaaaaa")) // one secret
}

// A copy of a log is independent, whichever of them goes on first.
func TestCopiesOfALog(t *testing.T) {
	is := is.New(t)
	for _, last := range []bool{false, true} {
		var copies []Log
		var l Log
		for i := range 40 {
			copies = append(copies, l)
			l.Add(time.Time{}, Event{Step: strconv.Itoa(i)})
		}
		if last {
			slices.Reverse(copies)
		}
		for i := range copies {
			copies[i].Add(time.Time{}, Event{Step: "own"})
		}
		for _, c := range append(copies, l) {
			for i, ev := range c.Events() {
				own := i == len(c.Events())-1 && len(c.Events()) <= 40 && ev.Step == "own"
				is.True(own || ev.Step == strconv.Itoa(i)) // what it had, and its own
				is.Equal(ev.N, i+1)
			}
		}
	}
}
