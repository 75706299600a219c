// What exactly becomes of texts with secrets: no more is hidden than must be,
// and what stands around them is left as it was.
package trace

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

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
	"the 'code' = abcdef stays", "=abcdef", " = abcdef", "code", "x code='abcdef' stays", "x code=`abcdef` stays", "x code=abcdef;stays", "x code=abcdef; stays", "x code=abcdef.", `x "code=abcdef" stays`, "x 'code=abcdef' stays", "x `code=abcdef` stays", "x <code=abcdef> stays", "x (code=abcdef) stays", "x (code=abc)def stays", "(x code=abc)def", `"x" code=abc"def stays`,
	// forms and URLs in others
	"a=b&code=abcdef&c=d", "a=b&code=abc%64ef&c=d", "a=b&code=abc+def&c=d", "+&code=abcdef", "a=%zz&code=%zzabcdef&c=d", "code=abcdef \r\n", "a=b&codeabcdef", "x https://c.example/?u=%3Fcode%3Dabcdef%26x%3Dstays y", "x ?u=%3fcode%3dabcdef y", "x %3Dabcdef", "x code%3", "x code%3D", "x code%3D%26stays", "x z%3Dabcdef%26code%3Dghijkl%26y", "a=https%3A%2F%2Fc.example%2F%3Fcode%3Dabcdef%26x%3Dstays&b=c", "a={\"code\":\"abcdef\"}&b=c", "a=b&password=abcdef\nstays", "a=b\nstays=c",
	// pages and parts
	"<access_token>abcdef</access_token> stays", "<access_token><![CDATA[abc]def]]></access_token> stays", "<access_token><![CDATA[abcdef", "</access_token>stays", "<code>stays</code>", "access_token>stays", "<x><access_token>abcdef", "<access_token/>stays",
	`<input name="code" value="abcdef"> stays`, `<input value="abcdef" name="code"> stays`, `<input name=code value=abcdef> stays`, `<input name = 'code' value = 'abcdef'> stays`, `<input name="code"> <b value="stays">`, `<input name="code" value=""> stays`, `<input name="mode" value="stays">`, `<meta name="state" content="abcdef"> stays`, `name="code" value="stays"`, `<input name="code`, `<input name=`, `<a><input value="abcdef" id="x" name="user_code"/> stays`, `<input title="a>b" name="code" value="abcdef"> stays`,
	"--b\r\nContent-Disposition: form-data; name=\"code\"\r\n\r\nabcdef\r\n--b--\r\nstays", "--b\nContent-Disposition: form-data; name=\"code\"\n\nabcdef\n--b--\nstays", "Content-Disposition: form-data; name=\"code\"\nabcdef", "Content-Disposition: form-data; name=\"code\"\r\n\r\nabcdef",
	// what is encoded once more than it says, and what is no text
	`<p data-x="{&quot;access_token&quot;:&quot;abcdef&quot;}">`, "&quot;password&quot;:&quot;abcdef&quot;", "&quot;code&quot; stays", "{%22access_token%22:%22abcdef%22}", "access_token &quot; stays", "\x00code=abcdef", "a\x00", "\xff",
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
