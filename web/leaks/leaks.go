// Package leaks is for the tests of packages that open sockets or start
// goroutines: when they are over no goroutine is left.
package leaks

import (
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience is how long a goroutine may take to end after the last test:
// net/http's server lingers half a second over a connection whose request it
// did not read to its end, which is longer than goleak waits by itself.
const patience = 5 * time.Second

// Main runs the tests and ends the program; a TestMain calls it. Connections
// that the default client keeps are no leak.
func Main(m *testing.M) {
	code := m.Run()
	http.DefaultClient.CloseIdleConnections()
	if err := find(time.Now().Add(patience)); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, "a goroutine outlives its test:", err)
		code = 1
	}
	os.Exit(code)
}

// find looks again until no goroutine is left or the time is over.
func find(end time.Time) (err error) {
	for {
		if err = goleak.Find(); err == nil || time.Now().After(end) {
			return err
		}
	}
}
