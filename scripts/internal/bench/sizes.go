// What is not a ratio: memory of a live token, and how fast the programs
// start.
package main

import (
	"fmt"
	"os/exec"
	"slices"
	"sync/atomic"
	"time"
)

// bytesPerToken is how much the resident set grows with each live token.
func bytesPerToken(programs string) (string, error) {
	n := int64(1_000_000)
	if *quick {
		n = 100_000
	}
	p, err := start(pinned(programs+"mcp-auth-server", "--listen", "127.0.0.1:0", "--log-format", "off")...)
	if err != nil {
		return "", err
	}
	defer p.stop()
	if err := grow(p, 2000); err != nil { // what the first requests allocate is no token
		return "", err
	}
	before, err := p.memory()
	if err != nil {
		return "", err
	}
	begin := time.Now()
	if err := grow(p, n); err != nil {
		return "", err
	}
	after, err := p.memory()
	fmt.Printf("%-20s %d tokens in %s: from %d MiB to %d MiB resident\n", "bytes_per_token", n, time.Since(begin).Round(100*time.Millisecond), before>>20, after>>20)
	return fmt.Sprintf("bytes_per_token %d", (after-before)/n), err
}

// grow issues n tokens.
func grow(p *process, n int64) error {
	var left atomic.Int64
	left.Store(n)
	_, err := repeat(p.base, clientCredentials(p), func() bool { return left.Add(-1) >= 0 })
	return err
}

// serverStart is the time from the start of the process to its first answer.
func serverStart(programs string) (string, error) {
	return median("server_start_ms", func() (time.Duration, error) {
		begin := time.Now()
		p, err := start(programs+"mcp-auth-server", "--listen", "127.0.0.1:0", "--log-format", "off")
		if err != nil {
			return 0, err
		}
		defer p.stop()
		c, err := dial(p.base)
		if err != nil {
			return 0, err
		}
		defer c.Close()
		_, err = c.do(request(p.base, "/health", "", ""), 200)
		return time.Since(begin), err
	})
}

// cliStart is the run of a command that does nothing else.
func cliStart(programs string) (string, error) {
	return median("cli_start_ms", func() (time.Duration, error) {
		begin := time.Now()
		err := exec.Command(programs+"mcp-auth", "version").Run()
		return time.Since(begin), err
	})
}

func median(name string, measure func() (time.Duration, error)) (string, error) {
	const rounds = 21
	var all []float64
	for range rounds {
		d, err := measure()
		if err != nil {
			return "", err
		}
		all = append(all, float64(d.Microseconds())/1000)
	}
	slices.Sort(all)
	fmt.Printf("%-20s %.1f ms (%.1f to %.1f in %d starts)\n", name, all[rounds/2], all[0], all[rounds-1], rounds)
	return fmt.Sprintf("%s %.1f", name, all[rounds/2]), nil
}
