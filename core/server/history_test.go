// concurrent histories. Whatever interleaving happened, there must be an
// order of the requests that a server doing one thing at a time would have
// answered so.
package server_test

import (
	"io"
	"math/rand/v2"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/anishathalye/porcupine"

	"mcp-auth/core/authserver"
	"mcp-auth/core/message"
	"mcp-auth/core/server"
)

// A family is what a code, the tokens it bought and their refreshing may be in.
type family struct {
	generation int // 0: the code was not redeemed
	dead       bool
}

// An ask is one request: for generation 0 the code is redeemed, else the
// refresh token of that generation is used, or the access token of it.
type ask struct {
	generation int
	use        bool
}

func (a ask) String() string { return "generation " + strconv.Itoa(a.generation) }

// families answers one request at a time (C-13, C-14).
var families = porcupine.Model{
	Init: func() any { return family{} },
	Step: func(state, input, output any) (bool, any) {
		f, a, ok := state.(family), input.(ask), output.(bool)
		switch {
		case a.use:
			return ok == !f.dead, f
		case a.generation == 0 && f.generation == 0, a.generation > 0 && a.generation == f.generation && !f.dead:
			f.generation++
			return ok, f
		}
		f.dead = true // a replay of the code, or reuse of a token
		return !ok, f
	},
}

// A witness sends requests and writes down when each began and ended.
type witness struct {
	clock atomic.Int64
	mu    sync.Mutex
	seen  []porcupine.Operation
}

func (w *witness) sees(who int, a ask, send func() bool) bool {
	begun := w.clock.Add(1)
	ok := send()
	op := porcupine.Operation{ClientId: who, Input: a, Output: ok, Call: begun, Return: w.clock.Add(1)}
	w.mu.Lock()
	w.seen = append(w.seen, op)
	w.mu.Unlock()
	return ok
}

// A tokens is what one generation bought.
type tokens struct {
	access, refresh string
	generation      int
}

// history lets clients fight over one code and all that it buys.
func history(b *bench, clients int) []porcupine.Operation {
	w := &witness{}
	code := b.autoCode()
	var mu sync.Mutex
	var known []tokens // by all of them: whatever one got, another may use
	redeem := func() bool { return keep(&mu, &known, b.redeem(code), 1) }
	if rand.IntN(4) > 0 { // else all of them begin with the code, and one kills what another got
		w.sees(0, ask{}, redeem)
	}
	var wg sync.WaitGroup
	for who := range clients {
		wg.Go(func() {
			for range 5 {
				mu.Lock()
				k := tokens{}
				if len(known) > 0 {
					k = known[rand.IntN(len(known))]
				}
				mu.Unlock()
				switch r := rand.IntN(20); {
				case k.generation == 0 || r == 0:
					w.sees(who, ask{}, redeem)
				case r < 8:
					w.sees(who, ask{k.generation, true}, func() bool { return b.alive(k.access) })
				default:
					w.sees(who, ask{k.generation, false}, func() bool { return keep(&mu, &known, b.refresh(k.refresh), k.generation+1) })
				}
			}
		})
	}
	wg.Wait()
	return w.seen
}

func keep(mu *sync.Mutex, known *[]tokens, r message.Response, generation int) bool {
	if r.Status == 200 {
		mu.Lock()
		*known = append(*known, tokens{text(r, "access_token"), text(r, "refresh_token"), generation})
		mu.Unlock()
	}
	return r.Status == 200
}

// A pausing source of randomness lets others run between what a request reads
// and what it commits: there the server makes its secrets.
type pausing struct{ io.Reader }

func (p pausing) Read(b []byte) (int, error) {
	runtime.Gosched()
	return p.Reader.Read(b)
}

func TestR13_ConcurrentHistories(t *testing.T) {
	b := newBench(t, approval(authserver.ApprovalAuto), func(c *server.Config) { c.Random = pausing{c.Random} })
	rounds := 1000
	if runtime.GOOS == "js" { // one thread: little happens at once
		rounds = 20
	}
	for range rounds {
		if seen := history(b, 4); !porcupine.CheckOperations(families, seen) {
			t.Fatalf("no order explains %+v", seen)
		}
	}
}
