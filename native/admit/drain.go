// How a server stops: whoever has sent a request gets its answer.
package admit

import (
	"context"
	"net/http"
	"time"
)

// Handler serves with next. Once the server stops, each answer is the last of
// its connection, and says so.
func (l *Listener) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l.leaving.Load() {
			w.Header()["Connection"] = lastAnswer
		}
		next.ServeHTTP(w, r)
	})
}

var lastAnswer = []string{"close"}

// Drain stops a server. A connection that looks idle may have a request on its
// way, so none is closed before it was quiet for a moment; nor is the listener
// before it has taken in those whom the kernel had let in. When ctx ends, what
// is left is cut off.
func (l *Listener) Drain(ctx context.Context, web *http.Server) error {
	l.leaving.Store(true)
	tick := time.NewTicker(Settled / looks)
	defer tick.Stop()
	for look, left := 1, true; left && ctx.Err() == nil; look++ {
		now := <-tick.C
		if look >= looks {
			l.endQuiet(now)
		}
		open, _ := l.Connections()
		if left = open > 0 || len(l.refusing) > 0; !left || look >= looks/2 {
			_ = l.Close()
		}
	}
	if err := web.Shutdown(ctx); err != nil {
		return web.Close()
	}
	return nil
}

// endQuiet ends the connections on which nothing has come for a moment.
func (l *Listener) endQuiet(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		if c.rests(now, Settled) {
			c.end()
		}
	}
}
