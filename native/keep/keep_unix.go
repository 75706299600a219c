//go:build unix

// What Unix knows of owners and links.
package keep

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

const (
	private  = true
	noFollow = syscall.O_NOFOLLOW
)

// owned refuses what belongs to somebody else.
func owned(info fs.FileInfo, path string) error {
	if s, ok := info.Sys().(*syscall.Stat_t); ok && int(s.Uid) != os.Geteuid() {
		return fmt.Errorf("%s belongs to another user; it is not used", path)
	}
	return nil
}

// syncDirectory makes a rename last (a power cut may forget it else).
func syncDirectory(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
