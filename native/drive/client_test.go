package drive

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/message"
)

func TestCL29_RemoteResourcesCannotReachThisMachine(t *testing.T) {
	is := is.New(t)
	hit := false
	l := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hit = true }))
	defer l.Close()
	for _, from := range []string{"https://mcp.example/mcp", "http://10.0.0.1/"} {
		_, err := NewClient(from, time.Second).Do(context.Background(), message.Get(l.URL))
		is.True(err != nil && strings.Contains(err.Error(), "this machine")) // refused on the address that was dialled
	}
	is.True(!hit) // no connection was made
	within, outside := refusePrivate("10.0.0.1"), refusePrivate("mcp.example")
	for address, ok := range map[string]bool{"10.9.8.7:443": true, "[fd00::1]:443": true, "127.0.0.1:80": false, "169.254.169.254:80": false, "100.64.0.1:443": false, "93.184.216.34:443": true} {
		is.Equal(within("tcp", address, nil) == nil, ok)                                 // a network that the user named leads within it
		is.Equal(outside("tcp", address, nil) == nil, strings.HasPrefix(address, "93.")) // a name into none
	}
	given := NewClient("https://mcp.example/mcp", time.Second)
	given.AllowPrivate()
	_, err := given.Do(context.Background(), message.Get(l.URL))
	is.NoErr(err) // unless the user gave leave
	_, err = NewClient(l.URL, time.Second).Do(context.Background(), message.Get(l.URL))
	is.NoErr(err) // a local resource may
	for _, a := range strings.Fields("127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 240.0.0.1 ::1 :: fd00::1 fe80::1 ::ffff:127.0.0.1 64:ff9b::7f00:1 2002:7f00:1::") {
		is.True(message.PrivateAddress(netip.MustParseAddr(a))) // every form of those
	}
	is.True(!message.PrivateAddress(netip.MustParseAddr("93.184.216.34"))) // and not the others
}

func TestClientBounds(t *testing.T) {
	is := is.New(t)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/long":
			for chunk := make([]byte, 64<<10); ; { // without end
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		case "/head":
			w.Header().Set("X-Long", strings.Repeat("x", 10<<20))
		case "/away":
			http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
		case "/gzip":
			w.Header().Set("Content-Encoding", "gzip")
		case "/plain":
			w.Header().Set("Content-Encoding", "Identity")
			_, _ = fmt.Fprint(w, r.Header.Get("Accept-Encoding"))
		case "/gone", "/cut":
			c, _, _ := w.(http.Hijacker).Hijack()
			if r.URL.Path == "/cut" {
				_, _ = fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
			}
			_ = c.Close()
		}
	}))
	defer s.Close()
	c := NewClient(s.URL, time.Second)
	do := func(path string) (message.Response, error) {
		return c.Do(context.Background(), message.Get(s.URL+path))
	}
	_, err := do("/long")
	is.True(err != nil && strings.Contains(err.Error(), "1 MiB")) // a body is bounded
	_, err = do("/head")
	is.True(err != nil) // and so is a header
	r, err := do("/away")
	is.True(err == nil && r.Status == http.StatusTemporaryRedirect) // a redirect is an answer, not an order
	r, err = do("/plain")
	is.True(err == nil && string(r.Body) == "identity") // nothing is asked to be compressed, so nothing inflates
	_, err = do("/gzip")
	is.True(err != nil && strings.Contains(err.Error(), "content coding gzip")) // what is all the same is not taken for the text itself
	_, err = do("/gone")
	is.True(err != nil && strings.Contains(err.Error(), "closed without an answer")) // what is missing is named
	_, err = do("/cut")
	is.True(err != nil && strings.Contains(err.Error(), "in the middle")) // or how much
	l, err := net.Listen("tcp", "127.0.0.1:0")
	is.NoErr(err)
	free := l.Addr().String()
	l.Close()
	_, err = c.Do(context.Background(), message.Get("http://"+free))
	is.True(err != nil && strings.Contains(err.Error(), "nothing listens"))                                         // the reason is named
	is.True(slices.IsSortedFunc(r.Header, func(a, b message.Field) int { return strings.Compare(a.Name, b.Name) })) // the same order every time
}
