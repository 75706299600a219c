package fetch

import (
	"compress/gzip"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/authserver"
	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
)

// asked is the request that the core makes of an identifier, caught from it.
func asked(t *testing.T, id string) authserver.DocumentRequest {
	t.Helper()
	var got authserver.DocumentRequest
	caught := catcher(func(r authserver.DocumentRequest) { got = r })
	s, err := authserver.New(authserver.Config{Issuer: "http://127.0.0.1:1", Resources: []string{"http://127.0.0.1:1/mcp"}, Random: strings.NewReader(""), Documents: authserver.NewDocuments(caught, true)})
	if err != nil {
		t.Fatal(err)
	}
	s.Authorize(time.Now(), message.Get("http://127.0.0.1:1/oauth/authorize?client_id="+message.Form{{Value: id}}.Encode()[1:]))
	if got.URL != id {
		t.Fatalf("the core does not ask for %s", id)
	}
	return got
}

type catcher func(authserver.DocumentRequest)

func (c catcher) Fetch(r authserver.DocumentRequest) (message.Response, error) {
	c(r)
	return message.Response{}, context.Canceled
}

func host(t *testing.T, h http.HandlerFunc) string {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL + "/client.json"
}

func TestFetch(t *testing.T) {
	is := is.New(t)
	url := host(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "max-age=7")
		w.Header().Set("Age", "1")
		w.Header().Set("Expires", "0")
		w.Header().Set("Set-Cookie", "a=b")
		_, _ = w.Write([]byte(r.Method + r.Header.Get("Cookie") + r.Header.Get("Authorization")))
	})
	r, err := New().Fetch(asked(t, url))
	is.NoErr(err)                                        // it is there
	is.Equal(string(r.Body), "GET")                      // fetched without cookies or credentials
	is.Equal(r.Header.Get("Cache-Control"), "max-age=7") // with what the core reads
	is.True(r.Header.Get("Age") == "1" && r.Header.Get("Expires") == "0")
	is.Equal(r.Header.Get("Content-Type"), message.JSONType)
	is.Equal(r.Header.Count("Set-Cookie"), 0) // and nothing else
}

func TestCM02_CM03_NamesThatLeadHere(t *testing.T) {
	is := is.New(t)
	hit := atomic.Int32{}
	url := host(t, func(http.ResponseWriter, *http.Request) { hit.Add(1) })
	port := url[strings.LastIndex(url, ":")+1:]
	f := New()
	for _, answers := range [][]string{{"127.0.0.1"}, {"10.0.0.1"}, {"169.254.169.254"}} {
		f.resolver = names(t, answers...)
		start := time.Now()
		_, err := f.Fetch(asked(t, "https://rebound.example:"+port))
		is.Equal(err, errAddress)                // refused on the address that was about to be dialled
		is.True(time.Since(start) < time.Second) // at once
	}
	// One public and one private address: the private one is never dialled,
	// whichever comes first. The public one sees the beginning of a connection at most.
	f.timeout = 300 * time.Millisecond
	f.resolver = names(t, "127.0.0.1", "93.184.216.34")
	_, err := f.Fetch(asked(t, "https://rebound.example:"+port))
	is.True(err != nil)            // no document
	is.Equal(hit.Load(), int32(0)) // no connection was made
	_, err = New().Fetch(asked(t, url))
	is.NoErr(err) // a local document may
}

// names is a resolver that has one answer to all questions (RFC 1035).
func names(t *testing.T, addresses ...string) *net.Resolver {
	t.Helper()
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		var b [512]byte
		for {
			n, from, err := l.ReadFrom(b[:])
			if err != nil {
				return
			}
			_, _ = l.WriteTo(dnsReply(b[:n], addresses), from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", l.LocalAddr().String())
	}}
}

// dnsReply answers a question of type A with the addresses, others with none.
func dnsReply(question []byte, addresses []string) []byte {
	end := 12
	for question[end] != 0 {
		end += int(question[end]) + 1
	}
	kind := question[end+2]
	end += 5
	reply := append([]byte{}, question[:end]...)
	reply[2], reply[3] = 0x81, 0x80
	reply[6], reply[7], reply[10], reply[11] = 0, 0, 0, 0
	if kind != 1 {
		return reply
	}
	reply[7] = byte(len(addresses))
	for _, a := range addresses {
		ip := netip.MustParseAddr(a).As4()
		reply = append(append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4), ip[:]...)
	}
	return reply
}

func TestCM04_RedirectsAreNotFollowed(t *testing.T) {
	is := is.New(t)
	canary := atomic.Int32{}
	target := host(t, func(http.ResponseWriter, *http.Request) { canary.Add(1) })
	for _, status := range []int{301, 302, 303, 307, 308} {
		url := host(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, target, status) })
		r, err := New().Fetch(asked(t, url))
		is.NoErr(err)              // the redirect itself is the answer
		is.Equal(r.Status, status) // which the core refuses
	}
	is.Equal(canary.Load(), int32(0)) // its target is not asked
}

func TestCM05_LongAndSlowDocuments(t *testing.T) {
	is := is.New(t)
	bodies := map[string]http.HandlerFunc{
		"endless": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 4096)); err != nil {
					return
				}
			}
		},
		"inflated": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write(make([]byte, 5<<20))
			_ = z.Close()
		},
	}
	for name, h := range bodies {
		r, err := New().Fetch(asked(t, host(t, h)))
		is.NoErr(err)                                       // name
		is.Equal(len(r.Body), exchange.MaxClientDocument+1) // one byte too many is read, after decoding, and no more
		_ = name
	}
	f := New()
	f.timeout = 50 * time.Millisecond
	_, err := f.Fetch(asked(t, host(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("{"))
		w.(http.Flusher).Flush()
		<-r.Context().Done() // the rest never comes
	})))
	is.True(err != nil && strings.Contains(err.Error(), "no complete answer")) // the fetch ends by itself
	is.Equal(New().timeout, 5*time.Second)                                     // after five seconds
}

func TestCM11_EightAtATime(t *testing.T) {
	is := is.New(t)
	var now, most atomic.Int32
	gate := make(chan struct{})
	url := host(t, func(http.ResponseWriter, *http.Request) {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		<-gate
		now.Add(-1)
	})
	f := New()
	requests := make([]authserver.DocumentRequest, 50)
	for i := range requests {
		requests[i] = asked(t, url+"/"+message.Decimal(int64(i)))
	}
	var done sync.WaitGroup
	for _, r := range requests {
		done.Go(func() { _, err := f.Fetch(r); is.NoErr(err) }) // each has its turn
	}
	for now.Load() < together {
		runtime.Gosched()
	}
	close(gate)
	done.Wait()
	is.Equal(most.Load(), int32(together)) // eight of fifty at a time
}

func TestWhatFailedIsSaidWithoutNames(t *testing.T) {
	is := is.New(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	is.NoErr(err) // a port
	url := "http://" + l.Addr().String() + "/client.json"
	is.NoErr(l.Close()) // that nobody listens on
	_, err = New().Fetch(asked(t, url))
	is.Equal(err.Error(), "nothing listens there") // and no address
}
