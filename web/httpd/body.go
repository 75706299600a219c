// Bodies of requests: read before anything decides on them, whoever sends them,
// and so bounded one by one and all together.
package httpd

import (
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// Bounds of the bodies that are held at the same time: those of ordinary
// requests are free, all others share what there is.
const (
	freeBody = 16 << 10
	sharing  = 16 << 20
)

// bodies is how many bytes of the share are taken.
type bodies struct{ taken atomic.Int64 }

func (b *bodies) take(n int64) bool {
	if b.taken.Add(n) <= sharing {
		return true
	}
	b.taken.Add(-n)
	return false
}

func (b *bodies) put(n int64) { b.taken.Add(-n) }

// read reads the body, and says how many bytes of the share it has taken, which
// are to be put back, and whether there were none left.
func (h *mounted) read(m *message.Request, r *http.Request) (taken int64, busy bool) {
	length := r.ContentLength
	switch {
	case length > h.limit:
		m.Oversize = true
	case r.Body == nil || length == 0:
	case length > 0 && length <= freeBody:
		b := make([]byte, length)
		n, _ := io.ReadFull(r.Body, b) // a body cut short is judged by what came
		m.Body = b[:n]
	default:
		return h.long(m, r.Body, length)
	}
	return 0, false
}

// long reads a body of any length, and has room for no more than twice what
// came: a length that is announced costs nothing.
func (h *mounted) long(m *message.Request, from io.Reader, length int64) (taken int64, busy bool) {
	most := length
	if length < 0 {
		most = h.limit + 1 // one more tells that there was more
	}
	b := make([]byte, 0, min(most, 4<<10))
	for int64(len(b)) < most {
		if len(b) == cap(b) {
			size := min(most, 2*int64(cap(b)))
			if more := size - freeBody - taken; more > 0 {
				if !h.bodies.take(more) {
					return taken, true
				}
				taken += more
			}
			b = append(make([]byte, 0, size), b...)
		}
		n, err := from.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err != nil {
			break
		}
	}
	m.Body, m.Oversize = b, int64(len(b)) > h.limit
	return taken, false
}

// refuse is the answer to a long body when too many are being sent. The rest of
// it is not read.
func (h *mounted) refuse(w http.ResponseWriter, start time.Time, m message.Request) {
	reply := exchange.ErrorReply(&oauth.Error{Code: oauth.TemporarilyUnavailable, Status: 503, RetryAfter: 1,
		Description: "as many long requests are under way as may be; try again"}, false)
	w.Header()["Connection"] = []string{"close"}
	write(w, reply)
	if h.observe != nil {
		h.observe(h.now().Sub(start), m, reply)
	}
}
