// The lock around read, change and write. It is the kernel's: it dies with
// its process, however that dies.
package keep

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// lock waits for the lock, and says so after a while.
func (f *Files) lock() (unlock func(), err error) {
	if err := f.private(); err != nil {
		return nil, err
	}
	path := filepath.Join(f.Home, lockName)
	if info, err := os.Lstat(path); err == nil {
		if err := plain(info, path); err != nil {
			return nil, err
		}
	}
	got := make(chan locked, 1)
	go func() {
		file, err := lockedfile.OpenFile(path, os.O_RDWR|os.O_CREATE|noFollow, 0o600)
		got <- locked{file, err}
	}()
	patience := f.patience
	if patience == 0 {
		patience = time.Second
	}
	busy := time.NewTimer(patience)
	defer busy.Stop()
	for {
		select {
		case l := <-got:
			if l.err != nil {
				return nil, fmt.Errorf("cannot lock the profiles: %w", l.err)
			}
			return l.release, nil
		case <-busy.C:
			if f.Busy != nil {
				f.Busy("waiting for another mcp-auth that is changing the profiles; Ctrl-C gives up")
			}
		case <-f.Stop:
			go func() { (<-got).release() }() // it may still come
			return nil, fmt.Errorf("gave up waiting for another mcp-auth: %w", context.Canceled)
		}
	}
}

type locked struct {
	file *lockedfile.File
	err  error
}

func (l locked) release() {
	if l.err == nil {
		_ = l.file.Close()
	}
}
