//go:build unix

// What lies at a store's names and is not its own.
package sqlite

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/matryer/is"
)

// In a directory where others may write, a name may lead to what is ours
// elsewhere, or to what is not ours at all.
func TestLinksAndStrangers(t *testing.T) {
	for name, plant := range map[string]func(path, precious string) error{
		"a link as the lock":       func(path, precious string) error { return os.Symlink(precious, path+lockSuffix) },
		"another name of a file":   func(path, precious string) error { return os.Link(precious, path+lockSuffix) },
		"a link to nothing":        func(path, precious string) error { return os.Symlink(precious+"-new", path+lockSuffix) },
		"a pipe as the lock":       func(path, _ string) error { return syscall.Mkfifo(path+lockSuffix, 0o600) },
		"a directory as the lock":  func(path, _ string) error { return os.Mkdir(path+lockSuffix, 0o700) },
		"a link as the log":        func(path, precious string) error { return os.Symlink(precious, path+"-wal") },
		"a link as the memory":     func(path, precious string) error { return os.Symlink(precious, path+"-shm") },
		"a link as the journal":    func(path, precious string) error { return os.Symlink(precious, path+"-journal") },
		"the database of a user":   func(path, _ string) error { return given(path) },
		"the lock of another user": func(path, _ string) error { return given(path + lockSuffix) },
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			path, precious := filepath.Join(t.TempDir(), "s.db"), filepath.Join(t.TempDir(), "precious")
			is.NoErr(os.WriteFile(precious, []byte("what somebody needs\n"), 0o600))
			if err := plant(path, precious); err != nil {
				t.Skip(err)
			}
			f, err := Open(path)
			if err == nil {
				_ = f.Close()
			}
			is.True(err != nil) // it is not used
			b, err := os.ReadFile(precious)
			is.NoErr(err)
			is.Equal(string(b), "what somebody needs\n") // what it leads to is whole
			_, err = os.Stat(precious + "-new")
			is.True(os.IsNotExist(err)) // and nothing is made there
		})
	}
}

// given makes a file that belongs to somebody else; only root can.
func given(path string) error {
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		return err
	}
	return os.Chown(path, 12345, 12345)
}
