// What happens while more and more tokens live: memory a token, the cost of a
// request, of a sweep.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
)

// sizesLive are how many tokens live when the costs are taken.
var sizesLive = []int64{1_000, 10_000, 100_000, 1_000_000, 10_000_000}

// few is how many tokens the server has that the growing one is compared with.
const few = 1_000

// growing lets tokens grow and compares at each size with a server that has
// few, in the same slices: a token issued, and calls with tokens from the whole
// time. Beside the bare baseline it would show first how much else runs on the
// machine, which is not the same ten minutes later.
func growing(programs string) error {
	sizes, slots := sizesLive, 24
	if *quick {
		sizes, slots = sizesLive[:3], 4
	}
	p, err := startOurs(programs, false)
	if err != nil {
		return err
	}
	defer p.stop()
	kept := &tokens{}
	before, err := p.memory()
	if err != nil {
		return err
	}
	var issued int64
	for _, size := range sizes {
		n, err := issue(p, size-issued, max(1, size/1000), kept)
		if err != nil {
			return err
		}
		issued += n
		memory, err := p.memory()
		if err != nil {
			return err
		}
		token, call, err := besideFew(programs, slots, p, kept, &issued)
		if err != nil {
			return err
		}
		fmt.Printf("%10d tokens: a token costs %.2f times what it does with %d, a call %.2f times; %d MiB resident, %d bytes a token\n",
			size, token, few, call, memory>>20, (memory-before)/size)
	}
	return sweeps()
}

// besideFew compares the grown server with a fresh one. To issue tokens makes
// both grow: the fresh one by as much as it gets done in its slices.
func besideFew(programs string, slots int, grown *process, kept *tokens, issued *int64) (token, call float64, err error) {
	fresh, err := startOurs(programs, false)
	if err != nil {
		return 0, 0, err
	}
	defer fresh.stop()
	some := &tokens{}
	if _, err := issue(fresh, few, 1, some); err != nil {
		return 0, 0, err
	}
	q, err := brief(slots).costs(subject{grown, kept.call(grown)}, subject{fresh, some.call(fresh)},
		subject{grown, counted(clientCredentials(grown), issued)}, subject{fresh, clientCredentials(fresh)})
	if err != nil {
		return 0, 0, err
	}
	return q[2].low / q[3].low, q[0].low / q[1].low, nil
}

// tokens are some of those that were issued, to call with.
type tokens struct {
	ring []string
	next atomic.Int64
}

// call calls with one after the other.
func (t *tokens) call(p *process) func(*conn) error {
	all := make([]func(*conn) error, len(t.ring))
	for i, token := range t.ring {
		all[i] = resourceCall(token)(p)
	}
	return func(c *conn) error { return all[int(t.next.Add(1))%len(all)](c) }
}

// issue makes n tokens and keeps one in so many.
func issue(p *process, n, every int64, kept *tokens) (issued int64, err error) {
	ask := request(p.base, "/oauth/token", formField, login)
	var left, count atomic.Int64
	left.Store(n)
	keep := make(chan string, 1+max(0, n)/every)
	done, err := repeat(p.base, func(c *conn) error {
		a, err := c.do(ask, 200)
		if err == nil && count.Add(1)%every == 0 {
			select {
			case keep <- accessToken(a.body):
			default:
			}
		}
		return err
	}, func() bool { return left.Add(-1) >= 0 })
	close(keep)
	for token := range keep {
		kept.ring = append(kept.ring, token)
	}
	return int64(done), err
}

// counted adds what is issued while it is measured.
func counted(do func(*conn) error, n *int64) func(*conn) error {
	return func(c *conn) error {
		atomic.AddInt64(n, 1)
		return do(c)
	}
}

// sweeps runs the benchmarks of the table: a sweep of a million records that
// live, of a million that are dead, and one request to a table of any size.
func sweeps() error {
	out, err := exec.Command("go", "test", "-run=^$", "-bench=.", "-benchtime=1s", "./core/table").CombinedOutput()
	if err != nil {
		return fmt.Errorf("go test -bench: %w\n%s", err, out)
	}
	fmt.Fprintln(os.Stdout)
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "Benchmark") {
			fmt.Print(line)
		}
	}
	return nil
}
