// Package keep holds profiles in a file: one kernel lock around every change,
// every write whole or not at all, nobody else may read.
package keep

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"

	"mcp-auth/core/profile"
)

// Names within the home directory.
const (
	fileName   = "profiles.json"
	lockName   = "profiles.lock"
	tempPrefix = "profiles.tmp-"
)

// Files keeps profiles in a directory.
type Files struct {
	Home string
	Warn func(text string) // told what was mended; may be nil
	Busy func(text string) // told after a second of waiting for the lock; may be nil
}

// DefaultHome is ~/.config/mcp-auth.
func DefaultHome() (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("the home directory is not known: %w; set --cli-home", err)
	}
	return filepath.Join(home, ".config", "mcp-auth"), nil
}

// Expand replaces a leading tilde by the home directory.
func Expand(path string) (string, error) {
	if path != "~" && !strings.HasPrefix(path, "~/") {
		return path, nil
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, strings.TrimPrefix(path, "~")), err
}

// Path is where the profiles lie.
func (f *Files) Path() string { return filepath.Join(f.Home, fileName) }

// Load implements profile.Keeper. It takes no lock: a rename is atomic.
func (f *Files) Load() (profile.Store, error) {
	data, err := f.read()
	if errors.Is(err, fs.ErrNotExist) {
		return profile.Store{}, nil
	}
	if err != nil {
		return profile.Store{}, err
	}
	s, err := profile.Parse(data)
	if err != nil {
		return s, fmt.Errorf("%s cannot be used: %w; it was left as it is - mend it, or move it away", f.Path(), err)
	}
	return s, nil
}

// Update implements profile.Keeper.
func (f *Files) Update(change func(*profile.Store) error) error {
	if err := f.prepare(); err != nil {
		return err
	}
	unlock, err := f.lock()
	if err != nil {
		return err
	}
	defer unlock()
	f.clean()
	s, err := f.Load()
	if err != nil {
		return err
	}
	before := profile.Format(s)
	if err := change(&s); err != nil {
		return err
	}
	if after := profile.Format(s); !bytes.Equal(before, after) {
		return f.write(after)
	}
	return nil
}

// prepare makes the directory, or makes it private.
func (f *Files) prepare() error {
	if err := os.MkdirAll(f.Home, 0o700); err != nil {
		return fmt.Errorf("cannot make %s: %w", f.Home, err)
	}
	info, err := os.Stat(f.Home)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is no directory", f.Home)
	}
	if err := owned(info, f.Home); err != nil {
		return err
	}
	return f.tighten(f.Home, info, 0o700)
}

// tighten takes from others what they should not have.
func (f *Files) tighten(path string, info fs.FileInfo, mode fs.FileMode) error {
	if !private || info.Mode().Perm()&^mode == 0 {
		return nil
	}
	if err := os.Chmod(path, mode); err != nil {
		return fmt.Errorf("%s can be read by others and cannot be made private: %w", path, err)
	}
	if f.Warn != nil {
		f.Warn(fmt.Sprintf("%s could be read by others (mode %04o); it is private now", path, info.Mode().Perm()))
	}
	return nil
}

// read reads the file if it is one that only we write.
func (f *Files) read() ([]byte, error) {
	path := f.Path()
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file: it is not followed", path)
	}
	if err := owned(info, path); err != nil {
		return nil, err
	}
	if err := f.tighten(path, info, 0o600); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDONLY|noFollow, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, profile.MaxFile+1))
}

// lock takes the kernel's lock, which dies with the process.
func (f *Files) lock() (unlock func(), err error) {
	path := filepath.Join(f.Home, lockName)
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file: it is not followed", path)
	}
	if f.Busy != nil {
		timer := time.AfterFunc(time.Second, func() {
			f.Busy("waiting for another mcp-auth that is changing the profiles; Ctrl-C gives up")
		})
		defer timer.Stop()
	}
	return lockedfile.MutexAt(path).Lock()
}

// clean removes what a killed process left. Whoever holds the lock is the
// only one who writes.
func (f *Files) clean() {
	old, _ := filepath.Glob(filepath.Join(f.Home, tempPrefix+"*"))
	for _, path := range old {
		_ = os.Remove(path)
	}
}

// write puts the new text in place: temporary file, fsync, rename, fsync of
// the directory. Until the rename the old text stands.
func (f *Files) write(data []byte) error {
	suffix := make([]byte, 8)
	if _, err := rand.Read(suffix); err != nil {
		return err
	}
	temp := filepath.Join(f.Home, tempPrefix+hex.EncodeToString(suffix))
	if err := writeNew(temp, data); err != nil {
		_ = os.Remove(temp)
		return fmt.Errorf("the profile was not saved: %w; the old file stands", err)
	}
	if err := os.Rename(temp, f.Path()); err != nil {
		_ = os.Remove(temp)
		return fmt.Errorf("the profile was not saved: %w; the old file stands", err)
	}
	return syncDirectory(f.Home)
}

func writeNew(path string, data []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|noFollow, 0o600)
	if err != nil {
		return err
	}
	if _, err = file.Write(data); err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}
