// Messages and the shapes they come in: RFC 9110 header rules, and rule C-04.
package message_test

import (
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/message"
)

func TestHeader(t *testing.T) {
	is := is.New(t)
	h := message.Header{{"Accept", "a"}, {"X", "1"}, {"ACCEPT", "b"}}
	is.Equal(h.Get("accept"), "a")                   // names have no case, the first wins
	is.Equal(h.Values("Accept"), []string{"a", "b"}) // all are there, in order
	is.Equal(h.Count("aCCept"), 2)                   // and counted
	is.Equal(h.Get("Y"), "")                         // nothing
	is.Equal(len(h.Values("Y"))+h.Count("Y"), 0)     // of it
}

// With must not write into an array that another header shares.
func TestHeaderWithLeavesTheOriginalAlone(t *testing.T) {
	is := is.New(t)
	shared := make(message.Header, 1, 8)
	shared[0] = message.Field{Name: "A", Value: "1"}
	one, two := shared.With("B", "2"), shared.With("B", "3")
	is.Equal(one.Get("B"), "2")   // the first copy
	is.Equal(two.Get("B"), "3")   // the second
	is.Equal(shared.Get("B"), "") // and the original are three
}

func TestRequestParts(t *testing.T) {
	for url, want := range map[string][4]string{ // host, origin, path, query
		"http://h:1/a/../b?x=1?y#z": {"h:1", "http://h:1", "/a/../b", "x=1?y"},
		"https://h":                 {"h", "https://h", "", ""},
		"https://h?q=/x":            {"h", "https://h", "", "q=/x"},
		"https://h/?u=http://x/y":   {"h", "https://h", "/", "u=http://x/y"},
		"https://h//x://y":          {"h", "https://h", "//x://y", ""},
		"/path?q":                   {"", "", "/path", "q"},
	} {
		t.Run(url, func(t *testing.T) {
			is := is.New(t)
			r := message.Request{URL: url}
			is.Equal([4]string{r.Host(), r.Origin(), r.Path(), r.Query()}, want) // as sent, never cleaned
		})
	}
}

func TestReplies(t *testing.T) {
	is := is.New(t)
	for _, r := range []message.Response{message.JSON(200, []byte("{}")), message.Text(404, "no"), message.Redirect(302, "https://h/")} {
		is.Equal(r.Header.Get("Cache-Control"), "no-store") // nobody keeps any of them (C-01)
	}
	is.Equal(message.JSON(200, nil).Header.Get("X-Content-Type-Options"), "nosniff") // nor guesses their type
	is.Equal(message.JSON(400, nil).Header.Get("Content-Type"), "application/json")  // JSON says so
	is.Equal(message.JSON(400, nil).Status, 400)                                     // with its status
	for asked, want := range map[int]int{302: 302, 303: 303, 307: 303, 308: 303, 301: 303, 200: 303, 0: 303} {
		r := message.Redirect(asked, "https://h/?a=b")
		is.Equal(r.Status, want)                             // 307 and 308 are never sent (C-04)
		is.Equal(r.Header.Get("Location"), "https://h/?a=b") // the place is
	}
}

func TestRequests(t *testing.T) {
	is := is.New(t)
	get := message.Get("https://h/")
	form := message.PostForm("https://h/", message.Form{{"a", "b c"}})
	body := message.PostJSON("https://h/", []byte("{}"))
	is.Equal(get.Method+form.Method+body.Method, "GETPOSTPOST") // methods
	is.Equal(form.Header.Get("Content-Type"), message.FormType) // a form says what it is
	is.Equal(string(form.Body), "a=b%20c")                      // and carries it
	is.Equal(body.Header.Get("Content-Type"), message.JSONType) // JSON too
	is.Equal(get.Header.Count("Content-Type")+len(get.Body), 0) // a GET has nothing
	back, err := message.ReadForm(form)
	is.NoErr(err)                              // what one side writes the other reads
	is.Equal(back, message.Form{{"a", "b c"}}) // as it was
}

func TestMediaType(t *testing.T) {
	for contentType, want := range map[string]string{
		"application/json": "application/json", " Application/JSON ;charset=utf-8": "application/json", "text/event-stream;x": "text/event-stream",
		"": "", "json": "", "/": "", "a/": "", "application/json x": "", "application/json, text/html": "", "application/json\x00": "", "a/b/c": "", "a b/c": "", "/c": "",
	} {
		t.Run(contentType, func(t *testing.T) {
			is := is.New(t)
			is.Equal(message.MediaType(contentType), want) // type/subtype, or nothing
		})
	}
}
