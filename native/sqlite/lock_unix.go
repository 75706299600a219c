//go:build unix

// What Unix has for locks, names, links and owners.
package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

const (
	noWait   = syscall.O_NONBLOCK // opening a pipe does not wait for its other end
	noFollow = syscall.O_NOFOLLOW // open no link
)

// owned refuses what belongs to somebody else, who could change it at any time.
func owned(info fs.FileInfo, path string) error {
	if s, ok := info.Sys().(*syscall.Stat_t); ok && int(s.Uid) != os.Geteuid() {
		return fmt.Errorf("%s belongs to another user (%d): it is not used", path, s.Uid)
	}
	return nil
}

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
