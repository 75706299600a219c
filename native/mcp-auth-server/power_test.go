// R-17 for a loss of power, which no kill shows: the order of the calls to the
// kernel. What an answer says is written and forced to the disk before it goes
// out.
package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/matryer/is"
)

func TestR17_OnTheDiskBeforeItIsAnswered(t *testing.T) {
	is := is.New(t)
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace, which lists calls to the kernel, is not installed")
	}
	dir := t.TempDir()
	calls := filepath.Join(dir, "calls")
	if out, err := exec.Command(strace, "-o", calls, "true").CombinedOutput(); err != nil {
		t.Skipf("strace may not look at processes here: %s", out)
	}
	file := filepath.Join(dir, "state.db")
	stop := func() { // strace passes no signal on; the file says whose it is
		if pid, err := os.ReadFile(file + "-lock"); err == nil {
			if n, _ := strconv.Atoi(strings.TrimSpace(string(pid))); n > 1 {
				p, _ := os.FindProcess(n)
				_ = p.Signal(syscall.SIGTERM)
			}
		}
	}
	s := &subject{t: t, role: "server", under: []string{strace, "-f", "-y", "-e", "trace=pwrite64,fsync,fdatasync,write", "-o", calls}}
	s.init("--store", sqliteStore+file)
	defer func() {
		if s.cmd != nil {
			stop()
		}
	}()
	code, err := s.code("", "dev-public-client")
	is.NoErr(err)
	status, token, err := s.redeem("", "dev-public-client", code)
	is.True(err == nil && status == 200) // a code, consumed
	status, _, err = s.refresh("", "dev-public-client", member(token, "refresh_token"))
	is.True(err == nil && status == 200) // a refresh token, consumed
	status, _, err = s.form("/oauth/revoke", "client_id", "dev-public-client", "token", member(token, "access_token"))
	is.True(err == nil && status == 200) // a token, revoked
	stop()
	is.NoErr(s.cmd.Wait())
	s.cmd = nil
	trace, err := os.ReadFile(calls)
	is.NoErr(err)
	answers, unsafe := ordered(string(trace))
	is.Equal(answers, 4)            // all were seen
	is.Equal(unsafe, []string(nil)) // and nothing of theirs waited in memory
}

// ordered counts the answers among the calls, and lists those that went out
// while something that was written had not been forced to the disk. A call that
// others come between is two lines: its beginning, and how it ended.
func ordered(trace string) (answers int, unsafe []string) {
	written, synced := false, false
	forcing := map[string]bool{} // by thread
	for line := range strings.Lines(trace) {
		thread, _, _ := strings.Cut(line, " ")
		log, done := strings.Contains(line, "state.db-wal>"), strings.HasSuffix(strings.TrimSpace(line), "= 0")
		switch {
		case log && strings.Contains(line, "pwrite64("):
			written, synced = true, false
		case log && strings.Contains(line, "sync(") && strings.Contains(line, "<unfinished"):
			forcing[thread] = true
		case log && strings.Contains(line, "sync("), forcing[thread] && strings.Contains(line, "sync resumed>"):
			forcing[thread] = false
			synced = synced || done
		case strings.Contains(line, `"HTTP/1.1 `):
			if answers++; !written || !synced {
				unsafe = append(unsafe, line)
			}
			written, synced = false, false
		}
	}
	return answers, unsafe
}

// The control: the reader of the calls knows a bad order.
func TestOrdered(t *testing.T) {
	is := is.New(t)
	const write, force, answer = "1 pwrite64(9</x/state.db-wal>, \"\", 24, 0) = 24\n", "1 fsync(9</x/state.db-wal>) = 0\n", "1 write(7<socket:[1]>, \"HTTP/1.1 200 OK\", 9) = 9\n"
	const begun, ended = "1 fsync(9</x/state.db-wal> <unfinished ...>\n", "1 <... fsync resumed>) = 0\n"
	for trace, want := range map[string]int{write + force + answer: 0, write + answer + force: 1, write + force + write + answer: 1, force + answer: 1,
		write + begun + answer + ended: 1, write + begun + ended + answer: 0, write + begun + strings.Replace(ended, "1 ", "2 ", 1) + answer: 1,
		write + strings.Replace(force, "= 0", "= -1 EIO", 1) + answer: 1, write + force + answer + answer: 1} {
		_, unsafe := ordered(trace)
		is.Equal(len(unsafe), want)
	}
}
