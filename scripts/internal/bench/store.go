// What it costs to keep the state in a file: against memory in the same run,
// on the disk, and at start.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"mcp-auth/native/sqlite"
)

var kept = flag.Bool("store", false, "measure --store sqlite: beside memory: cost of a request, bytes of a token, start with 1,000,000 tokens")

// A pair is the same server twice: over a file, and in memory.
type pair struct{ file, memory *process }

func storeServer(programs string, more ...string) (*process, error) {
	return start(pinned(append([]string{programs + "mcp-auth-server", "--listen", "127.0.0.1:0", "--approval", "auto", "--log-format", "off", "--max-codes", "10000000"}, more...)...)...)
}

// stores measures it all.
func stores(programs string) error {
	dir, err := os.MkdirTemp("", "mcp-auth-bench-store-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	figures, err := besideMemory(programs, filepath.Join(dir, "beside.db"))
	if err != nil {
		return err
	}
	more, err := onDisk(programs, filepath.Join(dir, "full.db"))
	if err != nil {
		return err
	}
	fmt.Println()
	for _, line := range append(figures, more...) {
		fmt.Println("bench", line)
	}
	return nil
}

// besideMemory compares the three works, in interleaved slices.
func besideMemory(programs, file string) (figures []string, err error) {
	var p pair
	if p.file, err = storeServer(programs, "--store", "sqlite:"+file); err != nil {
		return nil, err
	}
	defer p.file.stop()
	if p.memory, err = storeServer(programs); err != nil {
		return nil, err
	}
	defer p.memory.stop()
	for _, w := range []struct {
		name string
		do   func(p *process) (func(*conn) error, error)
	}{
		{"client_credentials", func(p *process) (func(*conn) error, error) { return clientCredentials(p), nil }},
		{"code_flow", func(p *process) (func(*conn) error, error) { return codeFlow(p.base + "/mcp/oauth")(p), nil }},
		{"resource", func(p *process) (func(*conn) error, error) {
			token, _, err := sample(p)
			return resourceCall(token)(p), err
		}},
	} {
		inFile, err := w.do(p.file)
		inMemory, err2 := w.do(p.memory)
		if err = errors.Join(err, err2); err != nil {
			return nil, err
		}
		line, err := p.compare(w.name, inFile, inMemory)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", w.name, err)
		}
		figures = append(figures, line)
	}
	return figures, nil
}

func (p pair) compare(name string, inFile, inMemory func(*conn) error) (string, error) {
	slots := 20
	if *quick {
		slots = 4
	}
	var file, memory [3][]float64
	for range slots {
		for _, side := range [...]struct {
			p  *process
			do func(*conn) error
			to *[3][]float64
		}{{p.file, inFile, &file}, {p.memory, inMemory, &memory}} {
			if err := slice(side.p, side.do, side.to); err != nil {
				return "", err
			}
		}
	}
	low := func(all []float64) float64 { slices.Sort(all); return all[len(all)/4] }
	f, m := [3]float64{low(file[0]), low(file[1]), low(file[2])}, [3]float64{low(memory[0]), low(memory[1]), low(memory[2])}
	fmt.Printf("%-20s in the file %.1f us of CPU, %.0f us alone, %.0f a second with %d clients; in memory %.1f, %.0f, %.0f\n",
		name, f[0], f[1], 1e6/f[2], workers, m[0], m[1], 1e6/m[2])
	return fmt.Sprintf("store_%s_times_memory %.2f of CPU, %.2f of one client's time", name, f[0]/m[0], f[1]/m[1]), nil
}

// slice measures, in microseconds a unit: the server's CPU time under load, the
// time of a client that is alone, and the time between two units under load.
func slice(p *process, do func(*conn) error, to *[3][]float64) error {
	const span = 250 * time.Millisecond
	before, err := p.cpu()
	if err != nil {
		return err
	}
	begin := time.Now()
	n, err := repeat(p.base, do, until(begin.Add(span)))
	wall := time.Since(begin)
	if err != nil {
		return err
	}
	after, err := p.cpu()
	if err != nil {
		return err
	}
	c, err := dial(p.base)
	if err != nil {
		return err
	}
	defer c.Close()
	const alone = 20
	begin = time.Now()
	for range alone {
		if err := do(c); err != nil {
			return err
		}
	}
	for i, d := range []float64{float64((after - before).Microseconds()) / float64(n), float64(time.Since(begin).Microseconds()) / alone, float64(wall.Microseconds()) / float64(n)} {
		to[i] = append(to[i], d)
	}
	return nil
}

// onDisk fills a file with tokens, and starts over it.
func onDisk(programs, file string) (figures []string, err error) {
	n := int64(1_000_000)
	if *quick {
		n = 20_000
	}
	args := []string{"--store", "sqlite:" + file, "--access-lifetime", "24h"}
	line, err := starts(programs, "store_start_empty_ms", false, args)
	if err != nil {
		return nil, err
	}
	figures = append(figures, line)
	if err := fill(programs, file, n, args); err != nil {
		return nil, err
	}
	p, err := storeServer(programs, args...)
	if err != nil {
		return nil, err
	}
	err = grow(p, 5_000)
	p.stop() // the log stays behind
	if err != nil {
		return nil, err
	}
	log, err := os.Stat(file + "-wal")
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	if p, err = storeServer(programs, args...); err != nil {
		return nil, err
	}
	took := time.Since(begin)
	fmt.Printf("%-20s %.1f ms, with a log of %d KiB\n", "store_start_after_kill_ms", float64(took.Microseconds())/1000, log.Size()>>10)
	figures = append(figures, fmt.Sprintf("store_start_after_kill_ms %.1f", float64(took.Microseconds())/1000))
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	_ = p.cmd.Wait()
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	figures = append(figures, fmt.Sprintf("store_bytes_per_token %d", info.Size()/n))
	for _, first := range []bool{false, true} {
		name := "store_start_full_ms"
		if first {
			name = "store_start_full_first_token_ms"
		}
		if line, err = starts(programs, name, first, args); err != nil {
			return nil, err
		}
		figures = append(figures, line)
	}
	return figures, nil
}

// fill makes n tokens of one that the server made: rows of its length, under
// random keys, in random order, as they would come.
func fill(programs, file string, n int64, args []string) error {
	p, err := storeServer(programs, args...)
	if err != nil {
		return err
	}
	err = grow(p, 1)
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	_ = p.cmd.Wait()
	if err != nil {
		return err
	}
	db, err := sqlite.Open(file)
	if err != nil {
		return err
	}
	begin := time.Now()
	for _, statement := range []string{"PRAGMA cache_size = -1000000", // one transaction, so that each page is written once
		fmt.Sprintf(`INSERT INTO records (kind, key, version, expires, value)
WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < %d) SELECT kind, randomblob(16), 1, expires, value FROM i, (SELECT * FROM records WHERE kind = 'access' LIMIT 1)`, n)} {
		if _, err := db.Exec(statement); err != nil {
			return errors.Join(err, db.Close())
		}
	}
	fmt.Printf("%-20s %d tokens in %s\n", "store_fill", n, time.Since(begin).Round(time.Millisecond))
	return db.Close()
}

// starts is the time from the start of the process to its first answer, or to
// the first token it makes.
func starts(programs, name string, token bool, args []string) (string, error) {
	return median(name, func() (time.Duration, error) {
		begin := time.Now()
		p, err := storeServer(programs, args...)
		if err != nil {
			return 0, err
		}
		defer p.stop()
		c, err := dial(p.base)
		if err != nil {
			return 0, err
		}
		defer c.Close()
		if token {
			err = clientCredentials(p)(c)
		} else {
			_, err = c.do(request(p.base, "/health", "", ""), 200)
		}
		return time.Since(begin), err
	})
}
