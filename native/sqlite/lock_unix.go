//go:build unix

// What Unix has for locks and names.
package sqlite

import (
	"errors"
	"os"
	"syscall"
)

const noWait = syscall.O_NONBLOCK // opening a pipe does not wait for its other end

var errHeld = syscall.EWOULDBLOCK

// tryLock takes a lock that dies with the process.
func tryLock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// uriPath is a path as file: names have it.
func uriPath(path string) string { return path }
