// Which file may be used: ours alone, private, and nobody else's at this time.
package sqlite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// header is what every SQLite file begins with; its length, and the place of
// the mark in it, stand in SQLite's file format, section 1.3.
const (
	header      = "SQLite format 3\x00"
	headerSize  = 100
	markedAt    = 68
	lockSuffix  = "-lock"
	privateMode = 0o600
)

// resolve is the file's one name: whoever comes by a link meets the same lock.
func resolve(path string) (string, error) {
	if path == "" {
		return "", errors.New("the name of the file is missing")
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if _, err := os.Lstat(full); errors.Is(err, fs.ErrNotExist) {
		dir, err := filepath.EvalSymlinks(filepath.Dir(full))
		if err != nil {
			return "", fmt.Errorf("%s: its directory is not there: %w", path, err)
		}
		return filepath.Join(dir, filepath.Base(full)), nil
	}
	if full, err = filepath.EvalSymlinks(full); err != nil {
		return "", fmt.Errorf("%s leads nowhere: %w", path, err)
	}
	return full, nil
}

// check refuses a file that is not ours. It only reads; a missing or empty one
// can become ours.
func check(path string) error {
	for _, suffix := range [...]string{"", "-wal", "-shm", "-journal"} {
		if info, err := os.Lstat(path + suffix); err == nil { // SQLite would follow a link
			if err := plain(info, path+suffix); err != nil {
				return err
			}
		}
	}
	f, err := os.OpenFile(path, os.O_RDONLY|noWait|noFollow, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if err := plainFile(f); err != nil {
		return err
	}
	head := make([]byte, headerSize)
	n, err := io.ReadFull(f, head)
	switch {
	case err == io.EOF:
		return nil
	case err != nil && err != io.ErrUnexpectedEOF:
		return err
	case n < headerSize || !bytes.HasPrefix(head, []byte(header)):
		return fmt.Errorf("%s is no SQLite database; it was left as it is: choose another file", path)
	case binary.BigEndian.Uint32(head[markedAt:]) != application:
		return fmt.Errorf("%s is a database of another program; it was left as it is: choose another file", path)
	}
	return nil
}

// plain refuses links, pipes and the like, and what is not ours.
func plain(info fs.FileInfo, path string) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file", path)
	}
	return owned(info, path)
}

// plainFile looks at what was opened: the name may lead elsewhere by now.
func plainFile(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return plain(info, f.Name())
}

// private makes the file, or takes from others what they should not have of it:
// it holds the keys that sign. SQLite gives its log and its shared memory the
// mode of the file.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|noWait|noFollow, privateMode)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := plainFile(f); err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil || info.Mode().Perm()&^privateMode == 0 {
		return err
	}
	return f.Chmod(info.Mode().Perm() & privateMode)
}

// lock takes the file for this process, until it closes what is returned or
// ends, however it ends. It is a file beside the database: SQLite's own locks
// are taken and left with every transaction. It stays, since to remove it would
// let two processes hold two files of one name.
func lock(path string) (*os.File, error) {
	path, db := path+lockSuffix, path
	if info, err := os.Lstat(path); err == nil {
		if err := plain(info, path); err != nil {
			return nil, err
		}
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|noWait|noFollow, privateMode)
	if err != nil {
		return nil, err
	}
	if err := hold(f, db); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// hold locks what was opened and writes who we are. Whatever holds more than
// the number of a process was not made for it, and stays as it is.
func hold(f *os.File, db string) error {
	if err := plainFile(f); err != nil {
		return err
	}
	err := tryLock(f)
	if err != nil && !errors.Is(err, errHeld) {
		return fmt.Errorf("%s: %w", f.Name(), err)
	}
	holder, errRead := io.ReadAll(io.LimitReader(f, maxHolder))
	number := strings.TrimSuffix(string(holder), "\n")
	switch {
	case err != nil:
		return fmt.Errorf("%s is in use by another server%s: stop that one, or give this one a file of its own", db, process(number))
	case errRead != nil:
		return errRead
	case strings.Trim(number, "0123456789") != "" || len(holder) == maxHolder:
		return fmt.Errorf("%s is no lock of ours; it was left as it is: choose another file", f.Name())
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err = f.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	return err
}

// maxHolder is more than the number of a process is long.
const maxHolder = 21

func process(holder string) string {
	if holder == "" || strings.Trim(holder, "0123456789") != "" {
		return ""
	}
	return " (process " + holder + ")"
}
