//go:build unix

// Tests of modes, owners, links and limits, which Unix has.
package keep

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/profile"
)

func init() {
	roles["umask"] = func(f *Files, mask string) error {
		n, err := strconv.ParseInt(mask, 8, 32)
		if err != nil {
			return err
		}
		syscall.Umask(int(n))
		return put(f, "canary")
	}
	roles["limited"] = func(f *Files, bytes string) error {
		n, err := strconv.ParseUint(bytes, 10, 32)
		if err != nil {
			return err
		}
		limit := syscall.Rlimit{Cur: n, Max: n}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			return err
		}
		return put(f, "new"+filler)
	}
}

func mode(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

// PF-01: private whatever the umask.
func TestMCPClient30_PF01Modes(t *testing.T) {
	for _, mask := range []string{"000", "022", "077"} {
		t.Run(mask, func(t *testing.T) {
			is := is.New(t)
			f := at(t.TempDir())
			start(t, "umask", f.Home, mask).finish(t)
			is.Equal(mode(t, f.Home)&0o077, fs.FileMode(0))                        // nobody else reads the directory
			is.Equal(mode(t, f.Path()), fs.FileMode(0o600))                        // nor the file
			is.Equal(mode(t, filepath.Join(f.Home, lockName)), fs.FileMode(0o600)) // nor holds the lock
		})
	}
}

// PF-01 and R-02 in the kernel's own words: every file is created private,
// nothing is opened wider and narrowed later, and the calls come in the order
// that survives a power cut.
func TestPF01R02SystemCalls(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not there; TestR02OrderOfCalls checks the order at our own seam")
	}
	is := is.New(t)
	f := at(t.TempDir())
	self, err := os.Executable()
	is.NoErr(err) // this program
	log := filepath.Join(t.TempDir(), "calls")
	c := exec.Command(strace, "-f", "-o", log, "-e", "trace=/open.*,fsync,fdatasync,/rename.*,/.*chmod.*", self, f.Home, "000")
	p := run(t, c, "umask")
	_ = p.in.Close()
	if err := p.Wait(); err != nil {
		t.Skipf("strace does not work here: %v %s", err, p.err)
	}
	text, err := os.ReadFile(log)
	is.NoErr(err) // the calls
	var mine []string
	for _, line := range strings.Split(string(text), "\n") {
		if strings.Contains(line, f.Home) || strings.Contains(line, "sync(") || strings.Contains(line, "chmod") {
			mine = append(mine, line)
		}
	}
	calls := strings.Join(mine, "\n")
	temp := regexp.QuoteMeta(filepath.Join(f.Home, tempPrefix)) + `[0-9a-f]{16}`
	inOrder := regexp.MustCompile(`(?s)open(at)?\([^\n]*` + temp + `", O_WRONLY\|O_CREAT\|O_EXCL\|O_NOFOLLOW[^\n]*, 0600\).*` +
		`\bfsync\([^\n]*.*rename\w*\([^\n]*` + temp + `[^\n]*profiles\.json[^\n]*= 0.*` +
		`open(at)?\([^\n]*home", O_RDONLY[^\n]*.*\bfsync\(`) // a call may be shown unfinished, and resumed on another line
	if !inOrder.MatchString(calls) {
		t.Errorf("wanted: create exclusively with 0600, fsync, rename, fsync of the directory; got\n%s", calls)
	}
	is.True(!strings.Contains(calls, "chmod")) // nothing is narrowed afterwards
	for _, created := range regexp.MustCompile(`O_CREAT[^\n]*, (0\d+)\)`).FindAllStringSubmatch(calls, -1) {
		is.Equal(created[1], "0600") // no file is created for others
	}
}

// PF-02: a link in our place leads nowhere.
func TestPF02Links(t *testing.T) {
	for _, name := range []string{fileName, lockName} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			f := at(t.TempDir())
			is.NoErr(os.Mkdir(f.Home, 0o700)) // a home
			victim := filepath.Join(t.TempDir(), "victim")
			is.NoErr(os.WriteFile(victim, []byte(`{"profiles":[]}`), 0o644)) // a file of somebody
			is.NoErr(os.Symlink(victim, filepath.Join(f.Home, name)))        // linked to in our place
			err := put(f, "a")
			is.True(err != nil && strings.Contains(err.Error(), name)) // refused, with the name
			data, err := os.ReadFile(victim)
			is.NoErr(err)                                 // the victim is there
			is.Equal(string(data), `{"profiles":[]}`)     // with its text
			is.Equal(mode(t, victim), fs.FileMode(0o644)) // and its mode
			is.NoErr(os.Remove(victim))                   // once it is gone
			is.True(put(f, "a") != nil)                   // the link
			_, err = os.Stat(victim)                      // makes no
			is.True(os.IsNotExist(err))                   // new file there
		})
	}
}

// PF-02: nor does one in the place of the temporary file.
func TestPF02TemporaryFileIsNeverALink(t *testing.T) {
	is := is.New(t)
	f := at(t.TempDir())
	is.NoErr(os.Mkdir(f.Home, 0o700)) // a home
	victim := filepath.Join(t.TempDir(), "victim")
	is.NoErr(os.WriteFile(victim, []byte("text"), 0o644)) // a file of somebody
	link := filepath.Join(f.Home, tempPrefix+"0000000000000000")
	is.NoErr(os.Symlink(victim, link)) // linked to by a name of ours
	_, err := system{}.create(link)
	is.True(err != nil)   // the link is not written to
	is.NoErr(put(f, "a")) // a save with another name
	_, err = os.Lstat(link)
	is.True(os.IsNotExist(err)) // takes it away
	data, err := os.ReadFile(victim)
	is.NoErr(err)                  // the victim is there
	is.Equal(string(data), "text") // with its text
}

// A pipe in our place does not make anybody wait for its writer.
func TestPF02APipeIsRefused(t *testing.T) {
	for _, name := range []string{fileName, lockName} {
		is := is.New(t)
		f := at(t.TempDir())
		is.NoErr(os.Mkdir(f.Home, 0o700))                            // a home
		is.NoErr(syscall.Mkfifo(filepath.Join(f.Home, name), 0o600)) // with a pipe in it
		err := put(f, "a")
		is.True(err != nil && strings.Contains(err.Error(), "no regular file")) // refused at once
	}
}

// PF-04: a disk that is full, here by the process's own limit.
func TestPF04FullDisk(t *testing.T) {
	is := is.New(t)
	f := at(t.TempDir())
	is.NoErr(put(f, "old")) // a save that works
	p := start(t, "limited", f.Home, "4096")
	_ = p.in.Close()
	is.True(p.Wait() != nil)                                                   // the save fails
	is.True(strings.Contains(p.err.String(), "the new profile was not saved")) // the user is told
	is.Equal(token(t, f), "old")                                               // the old text stands
	is.Equal(len(temps(t, f)), 0)                                              // nothing is left beside it
}

// PF-04: a directory that is read-only.
func TestPF04ReadOnlyDirectory(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("modes do not bind root; TestPF04WhateverFailsTheFileIsWhole makes the same call fail")
	}
	is := is.New(t)
	f := at(t.TempDir())
	is.NoErr(put(f, "old"))           // a save that works
	is.NoErr(os.Chmod(f.Home, 0o500)) // the last one
	defer os.Chmod(f.Home, 0o700)
	ran := false
	err := f.Update(func(*profile.Store) error { ran = true; return nil })
	is.True(err != nil && strings.Contains(err.Error(), "profiles cannot be saved")) // the user is told
	is.True(!ran)                                                                    // and no token was spent
	is.Equal(token(t, f), "old")                                                     // the old text stands
}

// PF-08: what is open to others is closed, and said.
func TestPF08TightenedWithAWarning(t *testing.T) {
	is := is.New(t)
	f := at(t.TempDir())
	is.NoErr(put(f, "a"))               // a save
	is.NoErr(os.Chmod(f.Home, 0o777))   // others may write
	is.NoErr(os.Chmod(f.Path(), 0o644)) // and read
	var warned []string
	f.Warn = func(text string) { warned = append(warned, text) }
	is.Equal(token(t, f), "a")                                                            // reading works
	is.Equal(mode(t, f.Home), fs.FileMode(0o700))                                         // and closes the directory
	is.Equal(mode(t, f.Path()), fs.FileMode(0o600))                                       // and the file
	is.Equal(len(warned), 2)                                                              // with a warning for each
	is.True(strings.Contains(warned[0], f.Home+" was open to other users (mode 0777)"))   // that names the directory
	is.True(strings.Contains(warned[1], f.Path()+" was open to other users (mode 0644)")) // and the file
	is.Equal(token(t, f), "a")                                                            // a second reading
	is.Equal(len(warned), 2)                                                              // has nothing to say
}

// PF-08: what belongs to somebody else is not used.
func TestPF08AnotherOwner(t *testing.T) {
	is := is.New(t)
	if os.Geteuid() != 0 {
		_, err := (&Files{Home: "/"}).Load()
		is.True(err != nil && strings.Contains(err.Error(), "belongs to another user")) // root's directory is refused
		return
	}
	for _, name := range []string{".", fileName, lockName} {
		f := at(t.TempDir())
		is.NoErr(put(f, "a")) // a save
		path := filepath.Join(f.Home, name)
		is.NoErr(os.Chown(path, 65534, 65534)) // given away
		err := put(f, "b")
		is.True(err != nil && strings.Contains(err.Error(), "belongs to another user")) // is refused
		is.NoErr(os.Chown(path, 0, 0))                                                  // taken back
		is.Equal(token(t, f), "a")                                                      // untouched
	}
	home := filepath.Join(t.TempDir(), "link")
	is.NoErr(os.Symlink(t.TempDir(), home))      // a link to a directory of ours
	is.NoErr(put(&Files{Home: home}, "a"))       // is followed when it is ours
	is.NoErr(os.Lchown(home, 65534, 65534))      // but not
	is.True(put(&Files{Home: home}, "b") != nil) // when somebody else made it
}

// PF-09: after a change no file in the directory has the old token.
func TestPF09NoFileKeepsATokenThatWasTakenAway(t *testing.T) {
	is := is.New(t)
	f := at(t.TempDir())
	is.NoErr(put(f, "canary-token")) // a login
	is.NoErr(f.Update(func(s *profile.Store) error {
		s.Profiles[0] = s.Profiles[0].Cleared(false)
		return nil
	})) // a logout
	all, err := os.ReadDir(f.Home)
	is.NoErr(err) // the directory
	for _, e := range all {
		data, err := os.ReadFile(filepath.Join(f.Home, e.Name()))
		is.NoErr(err)                                          // a file in it
		is.True(!bytes.Contains(data, []byte("canary-token"))) // has nothing of it
	}
}
