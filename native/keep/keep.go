// Package keep holds profiles in a file: one kernel lock around every change,
// every write whole or not at all, nobody else may read.
package keep

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

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
	Stop <-chan struct{}   // once closed, nobody waits for the lock any more; may be nil

	disk     disk          // nil: the operating system's
	patience time.Duration // before Busy; 0: a second
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
	if path != "~" && !strings.HasPrefix(path, "~/") && !strings.HasPrefix(path, "~"+string(filepath.Separator)) {
		return path, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("the home directory is not known: %w; write %s without the tilde", err, path)
	}
	return filepath.Join(home, path[1:]), nil
}

// Path is where the profiles lie.
func (f *Files) Path() string { return filepath.Join(f.Home, fileName) }

// Load implements profile.Keeper. It takes no lock: a rename is atomic.
func (f *Files) Load() (profile.Store, error) {
	if err := f.private(); errors.Is(err, fs.ErrNotExist) {
		return profile.Store{}, nil
	} else if err != nil {
		return profile.Store{}, err
	}
	data, err := f.read()
	if errors.Is(err, fs.ErrNotExist) {
		return profile.Store{}, nil
	}
	if err != nil {
		return profile.Store{}, err
	}
	s, err := profile.Parse(data)
	if err != nil {
		return s, fmt.Errorf("%s cannot be used: %w; it was left as it is: mend it, or move it away", f.Path(), err)
	}
	return s, nil
}

// Update implements profile.Keeper. The place for the new text is made
// before change runs: change may spend a refresh token, and must not where
// the outcome could not be written.
func (f *Files) Update(change func(*profile.Store) error) error {
	if err := os.MkdirAll(f.Home, 0o700); err != nil {
		return fmt.Errorf("cannot make the directory of the profiles: %w", err)
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
	d, err := f.draft()
	if err != nil {
		return err
	}
	defer d.discard()
	if err := change(&s); err != nil {
		return err
	}
	after := profile.Format(s)
	if bytes.Equal(before, after) {
		return nil
	}
	if _, err := profile.Parse(after); err != nil {
		return fmt.Errorf("the new profile was not saved, because it could not be read again: %w; the old file stands", err)
	}
	return d.commit(after)
}

// private sees to it that only we can write in the directory.
func (f *Files) private() error {
	link, err := os.Lstat(f.Home) // the name itself, which may be a link of ours
	if err != nil {
		return err
	}
	info, err := os.Stat(f.Home)
	if err != nil {
		return err
	}
	if err := owned(link, f.Home); err != nil {
		return err
	}
	if err := owned(info, f.Home); err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is no directory", f.Home)
	}
	return f.tighten(f.Home, info, 0o700, func(mode fs.FileMode) error { return os.Chmod(f.Home, mode) })
}

// tighten takes from others what they should not have.
func (f *Files) tighten(path string, info fs.FileInfo, mode fs.FileMode, chmod func(fs.FileMode) error) error {
	was := info.Mode().Perm()
	if !modes || was&^mode == 0 {
		return nil
	}
	if err := chmod(was & mode); err != nil {
		return fmt.Errorf("%s is open to other users (mode %04o) and cannot be made private: %w", path, was, err)
	}
	if f.Warn != nil {
		f.Warn(fmt.Sprintf("%s was open to other users (mode %04o); it is private now", path, was))
	}
	return nil
}

// read reads the file if it is one that only we write. What was opened is
// looked at, not the name, which may lead elsewhere a moment later.
func (f *Files) read() ([]byte, error) {
	path := f.Path()
	if info, err := os.Lstat(path); err != nil {
		return nil, err
	} else if err := plain(info, path); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDONLY|noFollow|noWait, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if err := plain(info, path); err != nil {
		return nil, err
	}
	if err := f.tighten(path, info, 0o600, file.Chmod); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(file, profile.MaxFile+1))
}

// plain refuses links, pipes and the like, and what is not ours.
func plain(info fs.FileInfo, path string) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file (%s): it is not followed", path, info.Mode().Type())
	}
	return owned(info, path)
}
