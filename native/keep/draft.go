// Writing the file whole or not at all: temporary file, fsync, rename, fsync
// of the directory. Until the rename the old text stands.
package keep

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/robustio"
)

// A disk is what a write asks of the operating system. Tests watch the order
// and make each call fail.
type disk interface {
	create(path string) (file, error) // exclusive, follows no link, mode 0600
	rename(from, to string) error
	syncDirectory(path string) error
}

type file interface {
	io.WriteCloser
	Sync() error
}

// A draft is the new text before it is in place.
type draft struct {
	disk     disk
	file     file
	temp     string
	to, home string
	closed   bool
}

// draft makes the temporary file, private from its first byte.
func (f *Files) draft() (*draft, error) {
	suffix := make([]byte, 8)
	if _, err := rand.Read(suffix); err != nil {
		return nil, err
	}
	d := &draft{disk: f.disk, temp: filepath.Join(f.Home, tempPrefix+hex.EncodeToString(suffix)), to: f.Path(), home: f.Home}
	if d.disk == nil {
		d.disk = system{}
	}
	var err error
	if d.file, err = d.disk.create(d.temp); err != nil {
		return nil, fmt.Errorf("profiles cannot be saved: %w; nothing was changed", err)
	}
	return d, nil
}

// commit puts the text in place.
func (d *draft) commit(data []byte) error {
	_, err := d.file.Write(data)
	if err == nil {
		err = d.file.Sync()
	}
	if err = errors.Join(err, d.close()); err == nil {
		err = d.disk.rename(d.temp, d.to)
	}
	if err != nil {
		return fmt.Errorf("the new profile was not saved: %w; the old file stands", err)
	}
	if err := d.disk.syncDirectory(d.home); err != nil {
		return fmt.Errorf("the new profile was saved, but may not outlive a power cut: %w", err)
	}
	return nil
}

func (d *draft) close() error {
	if d.closed {
		return nil
	}
	d.closed = true
	return d.file.Close()
}

// discard removes what a commit did not rename.
func (d *draft) discard() {
	_ = d.close()
	_ = os.Remove(d.temp)
}

// clean removes what a killed process left. Whoever holds the lock is the
// only one who writes.
func (f *Files) clean() {
	all, _ := os.ReadDir(f.Home)
	for _, e := range all {
		if strings.HasPrefix(e.Name(), tempPrefix) {
			_ = os.Remove(filepath.Join(f.Home, e.Name()))
		}
	}
}

// system is the operating system's disk.
type system struct{}

func (system) create(path string) (file, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|noFollow, 0o600)
}

// rename tries again where another process has the file open (Windows).
func (system) rename(from, to string) error { return robustio.Rename(from, to) }

func (system) syncDirectory(path string) error { return syncDirectory(path) }
