// R-03 over a file: of many that use one thing at once, one has it.
package main

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/flowtest"
	"mcp-auth/core/message"
)

func TestR03_OneWinnerOverAFile(t *testing.T) {
	const rounds, racers, client = 5, 50, "dev-public-client"
	is := is.New(t)
	s := newSubject(t, "server", "--store", sqliteStore+filepath.Join(t.TempDir(), "state.db"))
	w := &worker{s: s}
	for range rounds {
		code, err := s.code("", client)
		is.NoErr(err)
		won := race(t, racers, func() (int, message.Value, error) { return s.redeem("", client, code) })
		is.Equal(len(won), 1) // one redeems the code
		status, err := s.call("", member(won[0], "access_token"))
		is.True(err == nil && status == 401) // and the others' replays have killed what it got

		code, err = s.code("", client)
		is.NoErr(err)
		_, v, err := s.redeem("", client, code)
		is.NoErr(err)
		won = race(t, racers, func() (int, message.Value, error) { return s.refresh("", client, member(v, "refresh_token")) })
		is.True(len(won) == 1) // one refreshes

		_, d, err := s.form("/oauth/device/authorize", "client_id", client)
		is.NoErr(err)
		b := flowtest.Browser{Do: w.transport}
		page, err := b.Visit(member(d, "verification_uri_complete"))
		is.NoErr(err)
		_, err = b.Press(page, "decision", "approve")
		is.NoErr(err)
		f := &family{client: client, device: member(d, "device_code")}
		won = race(t, racers, func() (int, message.Value, error) { return w.ask(f) })
		is.Equal(len(won), 1) // one poll gets the device's tokens
		status, err = s.call("", member(won[0], "access_token"))
		is.True(err == nil && status == 200) // which are good
	}
}

// race does the same many times at once and returns what was answered with 200.
func race(t *testing.T, racers int, do func() (int, message.Value, error)) (won []message.Value) {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	begin := make(chan struct{})
	for range racers {
		wg.Go(func() {
			<-begin
			status, v, err := do()
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil || status >= 500:
				t.Errorf("HTTP %d, %v", status, err)
			case status == 200:
				won = append(won, v)
			}
		})
	}
	close(begin)
	wg.Wait()
	return won
}
