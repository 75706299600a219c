// What Windows has for locks and names.
package sqlite

import (
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

const noWait, noFollow = 0, 0

// owned has nothing to look at: the directory's own rules hold.
func owned(fs.FileInfo, string) error { return nil }

var errHeld = windows.ERROR_LOCK_VIOLATION

// tryLock takes a lock that dies with the process: on a byte behind all others,
// so that whoever is refused can read who has it.
func tryLock(f *os.File) error {
	behind := &windows.Overlapped{OffsetHigh: 1}
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, behind)
}

// uriPath is a path as file: names have it: /C:/dir/file.
func uriPath(path string) string { return "/" + filepath.ToSlash(path) }
