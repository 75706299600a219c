// What is exported does nothing but what it says, whoever wrote the trace.
package explain_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/explain"
	"mcp-auth/core/message"
	"mcp-auth/core/trace"
)

// A trace comes from anybody; the commands made of it send its requests and do
// nothing else.
func TestPastedCommandsDoNothingElse(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("there is no shell")
	}
	dir := t.TempDir()
	ran, read := filepath.Join(dir, "ran"), filepath.Join(dir, "read")
	for name, m := range map[string]message.Request{
		"the method":        {Method: "GET;touch " + ran + ";", URL: "http://h.example/"},
		"the URL":           {Method: "GET", URL: "http://h.example/';touch " + ran + ";'"},
		"a field":           {Method: "GET", URL: "http://h.example/", Header: message.Header{{Name: "A';touch " + ran + ";'", Value: "$(touch " + ran + ")"}}},
		"the body":          {Method: "POST", URL: "http://h.example/`touch " + ran + "`", Body: []byte("';touch " + ran + ";'")},
		"an option":         {Method: "POST", URL: "-o" + ran, Body: []byte("a")},
		"a file's URL":      {Method: "GET", URL: "file://" + read},
		"a file as a body":  {Method: "POST", URL: "http://h.example/", Body: []byte("@" + read)},
		"a file of fields":  {Method: "GET", URL: "http://h.example/", Header: message.Header{{Name: "@" + read, Value: ""}}},
		"a second request":  {Method: "GET", URL: "http://h.example/", Header: message.Header{{Name: "A", Value: "b\r\n\r\nGET / HTTP/1.1"}}},
		"the URL's pattern": {Method: "GET", URL: "http://h.example/[1-9]{a,b}"},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			text := explain.Curls([]trace.Event{{Kind: trace.KindRequest, Step: "token", From: trace.Client, To: trace.AuthorizationServer, Request: &m}})
			for _, line := range []string{text, strings.ReplaceAll(text, "# ", ": ")} { // also in a shell that knows no comments
				out, err := exec.Command("sh", "-c", "curl() { printf '%s\\n' \"$@\" ; }\n"+line).CombinedOutput()
				if err != nil {
					t.Fatalf("%v: %s", err, out)
				}
				_, err = os.Stat(ran)
				is.True(os.IsNotExist(err))                         // no command of the trace ran
				is.True(!strings.Contains(string(out), "\n-o"+ran)) // nor is there another option
			}
		})
	}
}

// The real curl sends what was recorded, byte for byte, once.
func TestCurlSendsTheRequest(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("there is no curl")
	}
	is := is.New(t)
	secret := filepath.Join(t.TempDir(), "secret")
	is.NoErr(os.WriteFile(secret, []byte("private"), 0o600))
	var count atomic.Int32
	got := make(chan string, 20)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		count.Add(1)
		b := make([]byte, 200)
		n, _ := r.Body.Read(b)
		got <- fmt.Sprint(r.Method, " ", r.RequestURI, " ", r.Header.Get("X-A"), " ", r.Header["X-Empty"], " ", string(b[:n]))
	}))
	defer s.Close()
	m := message.Request{Method: "PUT", URL: s.URL + "/a[1-3]{b,c}", Header: message.Header{{Name: "X-A", Value: "it's"}, {Name: "X-Empty"}, {Name: "@" + secret}}, Body: []byte("@" + secret)}
	out, err := exec.Command("sh", "-c", explain.Curl(m)).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	is.Equal(<-got, "PUT /a[1-3]{b,c} it's [] @"+secret) // the name of the file is text
	is.Equal(count.Load(), int32(1))                     // one request
}

// What a curl command says, to the letter.
func TestCurlSaysWhatIsSent(t *testing.T) {
	is := is.New(t)
	field := func(name, value string) message.Request {
		return message.Request{Method: "GET", URL: "https://a.example/", Header: message.Header{{Name: name, Value: value}}}
	}
	for _, c := range []struct {
		m    message.Request
		want string
	}{
		{message.Request{Method: "GET", URL: "HTTPS://a.example/x"}, "curl -i -g \\\n  'HTTPS://a.example/x'\n"},
		{message.Request{Method: "GET", URL: "file:///etc/passwd"}, "# no request over HTTP: 'file:///etc/passwd'\n"},
		{message.Request{Method: "GET", URL: "-o x"}, "# no request over HTTP: '-o x'\n"},
		{message.Request{Method: "POST", URL: "http://a.example/", Body: []byte("@it's")}, "curl -i -g -X POST \\\n  --data-raw '@it'\\''s' \\\n  'http://a.example/'\n"},
		{message.Request{Method: "x; y", URL: "http://a.example/"}, "curl -i -g -X 'x; y' \\\n  'http://a.example/'\n"},
		{field("A", "b"), "curl -i -g \\\n  -H 'A: b' \\\n  'https://a.example/'\n"},
		{field("A", ""), "curl -i -g \\\n  -H 'A;' \\\n  'https://a.example/'\n"},
		{field("", "b"), "curl -i -g \\\n  'https://a.example/'\n"},
		{field("@file", "b"), "curl -i -g \\\n  'https://a.example/'\n"},
		{field("A", "b\r\nC: d"), "curl -i -g \\\n  'https://a.example/'\n"},
	} {
		is.Equal(explain.Curl(c.m), c.want)
	}
}
