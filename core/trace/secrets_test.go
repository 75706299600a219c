// Secrets in bodies of every shape, under every type: none is shown.
package trace

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/message"
)

// shown is everything that a person could see of a redacted event.
func shown(ev Event) string {
	return string(AppendNDJSON(nil, ev)) + Text(ev, true) + Text(ev, false) + string(HAR([]Event{ev}, "test 1"))
}

func answered(kind, body string) Event {
	r := &message.Response{Status: 200, Body: []byte(body)}
	if kind != "" {
		r.Header = message.Header{{Name: "Content-Type", Value: kind}}
	}
	return Event{Kind: KindResponse, Response: r}
}

func posted(kind, body string) Event {
	return Event{Kind: KindRequest, Request: &message.Request{Method: "POST", URL: "https://as.example/token", Header: message.Header{{Name: "Content-Type", Value: kind}}, Body: []byte(body)}}
}

// shapes are the ways in which a secret may come, whatever the type says. A
// secret is what Go's encoders make of it.
var shapes = map[string]func(s string) string{
	"JSON":                    func(s string) string { return `{"access_token":` + quote(s) + `,"token_type":"Bearer"}` },
	"a name twice":            func(s string) string { return `{"access_token":` + quote(s) + `,"x":1,"x":2}` },
	"trailing text":           func(s string) string { return `{"access_token":` + quote(s) + `}x` },
	"a comma too many":        func(s string) string { return `{"client_secret":` + quote(s) + `,}` },
	"cut short":               func(s string) string { return `{"client_secret":` + strings.TrimSuffix(quote(s), `"`) },
	"spaces":                  func(s string) string { return "{ \"refresh_token\"\n :\t" + quote(s) + "}}" },
	"an escaped name":         func(s string) string { return `{"\u0061ccess_t\u006Fken":` + quote(s) + `,}` },
	"a name of another style": func(s string) string { return `{"accessToken":` + quote(s) + `}` },
	"an array":                func(s string) string { return `{"access_token":[[` + quote(s) + `]]}` },
	"a broken array":          func(s string) string { return `{"access_token":["` + url.QueryEscape(s) + `"],}` },
	"an object":               func(s string) string { return `{"token":{"value":` + quote(s) + `}}` },
	"JSON in JSON":            func(s string) string { return `{"text":` + quote(`{"access_token":`+quote(s)+`}`) + `}` },
	"JSON in broken JSON":     func(s string) string { return `{"text":` + quote(`{"access_token":`+quote(s)+`}`) + `,}` },
	"a URL in JSON": func(s string) string {
		return `{"uri":` + quote("https://as.example/?a=b&user_code="+url.QueryEscape(s)) + `}`
	},
	"a URL in broken JSON": func(s string) string { return `{"uri":"https://as.example/?user_code=` + url.QueryEscape(s) + `",}` },
	"an event stream":      func(s string) string { return "event: message\ndata: {\"access_token\":" + quote(s) + "}\n\n" },
	"a form":               func(s string) string { return "a=b&client_secret=" + url.QueryEscape(s) + "&c=d" },
	"a form's end":         func(s string) string { return "a=b&client_secret=" + url.QueryEscape(s) + "\n" },
	"an encoded name":      func(s string) string { return "a=b&client%5Fsecret=" + url.QueryEscape(s) },
	"a name with brackets": func(s string) string { return "a=b&client_secret%5B%5D=" + url.QueryEscape(s) },
	"a form in a form":     func(s string) string { return "u=" + url.QueryEscape("https://c.example/?code="+url.QueryEscape(s)) },
	"JSON in a form":       func(s string) string { return "u=" + url.QueryEscape(`{"access_token":`+quote(s)+`}`) },
	"an element":           func(s string) string { return "<r><access_token>" + html.EscapeString(s) + "</access_token></r>" },
	"CDATA": func(s string) string {
		return "<r><access_token><![CDATA[" + url.QueryEscape(s) + "]]></access_token></r>"
	},
	"a hidden field":       func(s string) string { return `<input type="hidden" name="code" value="` + html.EscapeString(s) + `">` },
	"a field, value first": func(s string) string { return `<input value='` + html.EscapeString(s) + `' name = state>` },
	"a link":               func(s string) string { return `<a href="/cb?code=` + url.QueryEscape(s) + `">back</a>` },
	"JSON in a page":       func(s string) string { return "<pre>" + html.EscapeString(`{"access_token":`+quote(s)+`}`) + "</pre>" },
	"a multipart form": func(s string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"client_secret\"\r\n\r\n" + url.QueryEscape(s) + "\r\n--b--\r\n"
	},
	"a dump of another language": func(s string) string { return `{'access_token' => '` + url.QueryEscape(s) + `'}` },
	"a line of YAML":             func(s string) string { return "access_token: " + url.QueryEscape(s) + "\n" },
}

func quote(s string) string { b, _ := json.Marshal(s); return string(b) }

var types = []string{"application/json", "text/plain", "text/html; charset=utf-8", "application/oauth+json", "", message.FormType, "application/xml", "multipart/form-data; boundary=b"}

// parts of a secret: what a reader could see of it, however it is written.
const canary = "kanarie0123456789"

func TestNoShapeShowsASecret(t *testing.T) {
	for _, secret := range []string{canary, "<" + canary + ">", "a+b/c=" + canary, `a"\` + canary, "a b&" + canary + "&c", "ü" + canary, "<at#1 22>" + canary} {
		for name, shape := range shapes {
			for _, kind := range types {
				for _, ev := range []Event{answered(kind, shape(secret)), posted(kind, shape(secret))} {
					if out := shown(NewRedactor().Event(ev)); strings.Contains(out, canary) {
						t.Errorf("%s as %q shows %q: %s", name, kind, secret, out[:min(len(out), 400)])
					}
				}
			}
		}
	}
}

// RFC 6749 section 2.3.1: the secret in a Basic header is encoded; what a
// server says of it is not.
func TestASecretIsKnownHoweverItIsWritten(t *testing.T) {
	is := is.New(t)
	for _, secret := range []string{"p@ss/word+1234", "+/=+/=+/=", `quo"ted\1`, "pass word"} {
		written := url.QueryEscape(secret)
		for _, header := range []string{"Basic " + base64.StdEncoding.EncodeToString([]byte("id:"+written)), "Basic " + base64.RawURLEncoding.EncodeToString([]byte("id:"+secret))} {
			r := NewRedactor()
			r.Event(Event{Kind: KindRequest, Request: &message.Request{URL: "https://as.example/", Header: message.Header{{Name: "Authorization", Value: header}}}})
			for _, echo := range []string{secret, written, percent(secret), escaped(secret)} {
				out := r.Text("secret " + echo + " is wrong")
				is.True(!strings.Contains(out, echo))       // however it comes back
				is.True(strings.Contains(out, "<secret#1")) // as the same one
			}
			out := r.Event(answered("application/json", `{"error_description":`+quote("no "+secret)+`}`))
			is.True(strings.Contains(string(out.Response.Body), "no <secret#1")) // in a text of JSON as well
		}
	}
}

// What a person may need to read stays.
func TestWhatIsNoSecretStays(t *testing.T) {
	is := is.New(t)
	r := NewRedactor()
	for _, body := range []string{`{"jsonrpc":"2.0","error":{"code":-32600,"message":"state: closed, the code is 5"}}`, `{"access_token":null}`, `{"token_endpoint":"https://as.example/token","code_challenge_methods_supported":["S256"]}`} {
		is.Equal(string(r.Event(answered("application/json", body)).Response.Body), body) // in JSON
		is.Equal(string(r.Event(answered("text/plain", body)).Response.Body), body)       // and in any text
	}
	const page = `<p class="code">the <code>client_id</code> and the state: they are echoed</p><script>if (state === done) next()</script>`
	is.True(strings.Contains(string(r.Event(answered("text/html", page)).Response.Body), "<code>client_id</code> and the state: they are echoed")) // a page
	is.Equal(string(r.Event(answered("image/png", "\x89PNG")).Response.Body), "(4 bytes that are no text)")                                        // what is no text has no name in it
}

// A label is known by who made it; a file that was redacted keeps its own.
func TestLabelsAreKnown(t *testing.T) {
	is := is.New(t)
	once := Redact(canaryRun())
	twice := Redact(once)
	for i := range once {
		is.Equal(string(AppendNDJSON(nil, twice[i])), string(AppendNDJSON(nil, once[i]))) // redacting again changes nothing
	}
	r := NewRedactor()
	first := r.Event(posted(message.FormType, "client_secret="+canary))
	is.Equal(string(r.Event(first).Request.Body), "client_secret=<secret#1 17>")                                                      // nor with the same one
	is.Equal(string(r.Event(posted(message.FormType, "client_secret=%3Cat%231%2022%3E")).Request.Body), "client_secret=<secret#2 9>") // but a secret may look like a label
}

// FuzzNoSecretIsShown plants a secret among other text, in every shape.
func FuzzNoSecretIsShown(f *testing.F) {
	f.Add("", "", "", uint8(0), uint8(0))
	f.Add(`{"state":"x`, `"}`, "<", uint8(1), uint8(2))
	f.Add("code=", "\x00", `\"`, uint8(3), uint8(4))
	f.Add("<input name=state value=", ">", "&", uint8(5), uint8(1))
	names := make([]string, 0, len(shapes))
	for name := range shapes {
		names = append(names, name)
	}
	slices.Sort(names)
	f.Fuzz(func(t *testing.T, before, after, within string, shape, kind uint8) {
		if strings.Contains(before+after+within, canary) {
			return
		}
		name := names[int(shape)%len(names)]
		body := before + "\n" + shapes[name](within+canary) + "\n" + after
		mime := types[int(kind)%len(types)]
		for _, ev := range []Event{answered(mime, body), posted(mime, body)} {
			if out := shown(NewRedactor().Event(ev)); strings.Contains(out, canary) {
				t.Fatalf("%s as %q shows the secret: %q", name, mime, body)
			}
		}
	})
}
