// Tests of one process: what is refused, what is mended, what a failing disk
// leaves behind.
package keep

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/profile"
)

// at is a store in a new directory below dir.
func at(dir string) *Files { return &Files{Home: filepath.Join(dir, "home")} }

// put saves a profile whose token is token.
func put(f *Files, token string) error {
	return f.Update(func(s *profile.Store) error {
		s.Put(profile.Profile{ID: "1", ResourceURL: "http://127.0.0.1/mcp", AccessToken: token})
		return nil
	})
}

// token reads what put saved.
func token(t *testing.T, f *Files) string {
	t.Helper()
	s, err := f.Load()
	if err != nil {
		t.Fatalf("the file must stay readable: %v", err)
	}
	if len(s.Profiles) == 0 {
		return ""
	}
	return s.Profiles[0].AccessToken
}

// temps are the temporary files in the directory.
func temps(t *testing.T, f *Files) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(f.Home, tempPrefix+"*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestAMissingFileIsAnEmptyStore(t *testing.T) {
	is := is.New(t)
	f := at(t.TempDir())
	s, err := f.Load()
	is.NoErr(err)                // no login yet is no error
	is.Equal(len(s.Profiles), 0) // and nothing is in it
	_, err = os.Stat(f.Home)
	is.True(os.IsNotExist(err)) // reading makes no directory
	is.NoErr(put(f, "a"))       // the first save makes it
	is.Equal(token(t, f), "a")  // and is read back
}

func TestAFailedOrEmptyChangeWritesNothing(t *testing.T) {
	is := is.New(t)
	f := at(t.TempDir())
	is.NoErr(put(f, "a")) // a save
	before, err := os.Stat(f.Path())
	is.NoErr(err) // is there
	wrong := errors.New("wrong")
	is.Equal(f.Update(func(s *profile.Store) error { s.Profiles = nil; return wrong }), wrong) // the change's own error comes back
	is.NoErr(put(f, "a"))                                                                      // a save of the same
	after, err := os.Stat(f.Path())
	is.NoErr(err)                       // still there
	is.True(os.SameFile(before, after)) // neither replaced the file
	is.Equal(len(temps(t, f)), 0)       // nor left one beside it
}

func TestExpandAndDefaultHome(t *testing.T) {
	is := is.New(t)
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	for in, want := range map[string]string{"~": home, "~/x": filepath.Join(home, "x"), "~other/x": "~other/x", "/a/~": "/a/~", "x": "x"} {
		got, err := Expand(in)
		is.NoErr(err)       // a home is known
		is.Equal(got, want) // only a leading tilde means it
	}
	got, err := DefaultHome()
	is.NoErr(err)                                             // a home is known
	is.Equal(got, filepath.Join(home, ".config", "mcp-auth")) // the original's place
}

func TestOnlyAFileWithOurNameIsTaken(t *testing.T) {
	is := is.New(t)
	f := at(t.TempDir())
	is.NoErr(os.WriteFile(f.Home, nil, 0o600)) // a file where the directory should be
	_, err := f.Load()
	is.True(err != nil && strings.Contains(err.Error(), "is no directory")) // is refused
	is.NoErr(os.Remove(f.Home))                                             // and gone
	is.NoErr(os.MkdirAll(f.Path(), 0o700))                                  // a directory where the file should be
	_, err = f.Load()
	is.True(err != nil && strings.Contains(err.Error(), "no regular file")) // is refused
	is.True(put(f, "a") != nil)                                             // by a save as well
}

// PF-03: what a killed process left is gone after the next save.
func TestPF03StaleTemporaryFilesAreRemoved(t *testing.T) {
	is := is.New(t)
	f := &Files{Home: filepath.Join(t.TempDir(), "ho[me*")} // a name that a pattern would not match
	is.NoErr(put(f, "a"))                                   // a save
	stale, other := filepath.Join(f.Home, tempPrefix+"00"), filepath.Join(f.Home, "config.json")
	is.NoErr(os.WriteFile(stale, []byte("secret"), 0o600)) // left by a killed process
	is.NoErr(os.WriteFile(other, nil, 0o600))              // somebody's own file
	is.NoErr(put(f, "b"))                                  // the next save
	_, err := os.Stat(stale)
	is.True(os.IsNotExist(err)) // the stale file is gone
	_, err = os.Stat(other)
	is.NoErr(err) // what is not ours stays
}

// PF-07: a file that cannot be used is named, and left as it is.
func TestPF07AFileThatCannotBeUsedIsLeftAlone(t *testing.T) {
	for name, c := range map[string]struct {
		data, want string
		size       int64
	}{
		"empty":     {"", "the text is empty", 0},
		"truncated": {`{"profiles":[{"profile_id":"1",`, "too early", 0},
		"deep":      {strings.Repeat(`{"a":`, 100_000), "nests deeper", 0},
		"future":    {`{"version":99,"profiles":[]}`, "later version", 0},
		"100 MB":    {"{", "longer than 8 MiB", 100 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			f := at(t.TempDir())
			is.NoErr(os.Mkdir(f.Home, 0o700))                       // a home
			is.NoErr(os.WriteFile(f.Path(), []byte(c.data), 0o600)) // with a bad file
			if c.size > 0 {
				is.NoErr(os.Truncate(f.Path(), c.size)) // of that size
			}
			before, err := os.Stat(f.Path())
			is.NoErr(err) // it is there
			_, err = f.Load()
			is.True(err != nil && strings.Contains(err.Error(), c.want)) // the error says what is wrong
			is.True(strings.Contains(err.Error(), f.Path()))             // and with which file
			data, err := f.read()
			is.NoErr(err)                           // it can be opened
			is.True(len(data) <= profile.MaxFile+1) // no more of it is read than it takes to refuse it
			ran := false
			is.True(f.Update(func(*profile.Store) error { ran = true; return nil }) != nil) // nothing can be saved
			is.True(!ran)                                                                   // and no token was spent for it
			after, err := os.Stat(f.Path())
			is.NoErr(err)                                                                                                   // it is still there
			is.True(os.SameFile(before, after) && before.Size() == after.Size() && before.ModTime().Equal(after.ModTime())) // untouched
			is.Equal(len(temps(t, f)), 0)                                                                                   // nothing beside it
		})
	}
}

// What could not be read again is not written.
func TestAStoreThatCannotBeReadIsNotWritten(t *testing.T) {
	is := is.New(t)
	f := at(t.TempDir())
	is.NoErr(put(f, "a")) // a save
	err := put(f, strings.Repeat("x", profile.MaxFile))
	is.True(err != nil && strings.Contains(err.Error(), "longer than 8 MiB")) // too long to read is too long to write
	is.Equal(token(t, f), "a")                                                // the old text stands
	is.Equal(len(temps(t, f)), 0)                                             // nothing is left beside it
}

// A tracedDisk writes down each call, and fails one of them.
type tracedDisk struct {
	system
	calls *[]string
	fail  string
}

var errDisk = &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}

func (d tracedDisk) note(call string) error {
	*d.calls = append(*d.calls, call)
	if call == d.fail {
		return errDisk
	}
	return nil
}

func (d tracedDisk) create(path string) (file, error) {
	if err := d.note("create"); err != nil {
		return nil, err
	}
	f, err := d.system.create(path)
	return tracedFile{f, d}, err
}

func (d tracedDisk) rename(from, to string) error {
	if err := d.note("rename"); err != nil {
		return err
	}
	return d.system.rename(from, to)
}

func (d tracedDisk) syncDirectory(path string) error {
	if err := d.note("sync directory"); err != nil {
		return err
	}
	return d.system.syncDirectory(path)
}

type tracedFile struct {
	file
	d tracedDisk
}

func (f tracedFile) Write(b []byte) (int, error) {
	if err := f.d.note("write"); err != nil {
		n, _ := f.file.Write(b[:len(b)/2]) // as a full disk does
		return n, err
	}
	return f.file.Write(b)
}

func (f tracedFile) Sync() error {
	if err := f.d.note("sync"); err != nil {
		return err
	}
	return f.file.Sync()
}

func (f tracedFile) Close() error {
	return errors.Join(f.d.note("close"), f.file.Close())
}

// order in which a save calls: R-02 needs sync before rename before the
// directory's sync.
var order = []string{"create", "write", "sync", "close", "rename", "sync directory"}

// a save survives power loss.
func TestR02OrderOfCalls(t *testing.T) {
	is := is.New(t)
	var calls []string
	f := at(t.TempDir())
	f.disk = tracedDisk{calls: &calls}
	is.NoErr(put(f, "a"))  // a save
	is.Equal(calls, order) // calls in the order that survives a power cut
}

// PF-04: whichever call fails, the old text stands or the new one is whole,
// and the user is told.
func TestPF04WhateverFailsTheFileIsWhole(t *testing.T) {
	for _, call := range order {
		t.Run(call, func(t *testing.T) {
			is := is.New(t)
			f := at(t.TempDir())
			is.NoErr(put(f, "old")) // a save that works
			var calls []string
			f.disk = tracedDisk{calls: &calls, fail: call}
			ran := false
			err := f.Update(func(s *profile.Store) error {
				ran = true
				s.Profiles[0].AccessToken = "new"
				return nil
			})
			is.True(errors.Is(err, syscall.ENOSPC)) // the reason is in the error
			is.True(slices.Contains(calls, call))   // and it was this call's
			f.disk = nil
			switch call {
			case "create":
				is.True(!ran)                                                      // no token is spent when nothing can be written
				is.True(strings.Contains(err.Error(), "profiles cannot be saved")) // and the user is told
				is.Equal(token(t, f), "old")                                       // the old text stands
			case "sync directory":
				is.True(strings.Contains(err.Error(), "may not outlive a power cut")) // the user is told
				is.Equal(token(t, f), "new")                                          // the new text is whole
			default:
				is.True(strings.Contains(err.Error(), "the new profile was not saved")) // the user is told
				is.Equal(token(t, f), "old")                                            // the old text stands
			}
			is.Equal(len(temps(t, f)), 0)  // nothing is left beside it
			is.NoErr(put(f, "later"))      // and the next save works
			is.Equal(token(t, f), "later") // as it should
		})
	}
}

// While somebody else holds the lock the user is told, and can give up.
func TestWaitingForTheLock(t *testing.T) {
	is := is.New(t)
	f := at(t.TempDir())
	is.NoErr(put(f, "a")) // a save
	unlock, err := f.lock()
	is.NoErr(err) // the lock is held

	told := 0
	waiting := &Files{Home: f.Home, patience: time.Millisecond, Busy: func(text string) {
		told++
		is.True(strings.Contains(text, "waiting for another mcp-auth")) // says for what
		unlock()
	}}
	is.NoErr(put(waiting, "b")) // the lock came after it was told
	is.Equal(told, 1)           // once
	is.Equal(token(t, f), "b")  // and the save was done

	unlock, err = f.lock()
	is.NoErr(err) // held again
	stop := make(chan struct{})
	close(stop)
	err = put(&Files{Home: f.Home, Stop: stop}, "c")
	is.True(errors.Is(err, context.Canceled)) // who gives up gets an error
	unlock()
	is.NoErr(put(f, "d"))      // and does not keep the lock from others
	is.Equal(token(t, f), "d") // nothing of the given-up save is there
}
