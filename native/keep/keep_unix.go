//go:build unix

// What Unix knows of modes, owners and links.
package keep

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

const (
	modes    = true               // permission bits mean something
	noFollow = syscall.O_NOFOLLOW // open no link
	noWait   = syscall.O_NONBLOCK // opening a pipe does not wait for its writer
)

// owned refuses what belongs to somebody else.
func owned(info fs.FileInfo, path string) error {
	if s, ok := info.Sys().(*syscall.Stat_t); ok && int(s.Uid) != os.Geteuid() {
		return fmt.Errorf("%s belongs to another user (%d): it is not used", path, s.Uid)
	}
	return nil
}

// syncDirectory makes a rename outlive a power cut. Some network file systems
// have no such call.
func syncDirectory(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	if err = d.Sync(); errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		return nil
	}
	return err
}
