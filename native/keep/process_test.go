// Tests of several processes: this test program runs itself in a role, and
// some of them are killed.
package keep

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/profile"
)

const (
	roleVariable  = "MCP_AUTH_TEST_ROLE"
	killsVariable = "MCP_AUTH_TEST_KILLS" // how many kills; 1000 for a release
)

// roles are what this program does when it is run with a role, a home and an
// argument.
var roles = map[string]func(f *Files, argument string) error{
	"save":    saveForEver,
	"naive":   naiveForEver,
	"hold":    hold,
	"login":   logInPerLine,
	"refresh": refresh,
}

func TestMain(m *testing.M) {
	if role := roles[os.Getenv(roleVariable)]; role != nil {
		if err := role(&Files{Home: os.Args[1]}, os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// A child is this program in a role.
type child struct {
	*exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
	err *strings.Builder
}

func start(t *testing.T, role, home, argument string) *child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return run(t, exec.Command(self, home, argument), role)
}

func run(t *testing.T, c *exec.Cmd, role string) *child {
	t.Helper()
	c.Env = append(os.Environ(), roleVariable+"="+role, "GORACE=atexit_sleep_ms=0") // the race detector waits a second else
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &child{Cmd: c, in: in, out: bufio.NewScanner(out), err: &strings.Builder{}}
	c.Stderr = p.err
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill() })
	return p
}

// line reads a line that the child must say.
func (p *child) line(t *testing.T) string {
	t.Helper()
	if !p.out.Scan() {
		_ = p.Wait()
		t.Fatalf("the child must say something; it said %q", p.err)
	}
	return p.out.Text()
}

// finish waits for the end, which must be a good one.
func (p *child) finish(t *testing.T) {
	t.Helper()
	_ = p.in.Close()
	if err := p.Wait(); err != nil {
		t.Errorf("the child must end well: %v\n%s", err, p.err)
	}
}

// filler makes the file so long that a write takes a moment.
var filler = strings.Repeat("x", 64<<10)

// saveForEver saves 1, 2, 3 ... and says each number once it is saved.
func saveForEver(f *Files, _ string) error {
	s, err := f.Load()
	if err != nil {
		return err
	}
	n := 0
	if len(s.Profiles) > 0 {
		n, _ = strconv.Atoi(s.Profiles[0].AccessToken)
	}
	for {
		n++
		err := f.Update(func(s *profile.Store) error {
			s.Put(profile.Profile{ID: "1", ResourceURL: "http://127.0.0.1/mcp", AccessToken: strconv.Itoa(n), RefreshToken: filler})
			return nil
		})
		if err != nil {
			return err
		}
		fmt.Println(n)
	}
}

// naiveForEver is the control: the same without care.
func naiveForEver(f *Files, _ string) error {
	for n := 1; ; n++ {
		text := profile.Format(profile.Store{Profiles: []profile.Profile{{ID: "1", ResourceURL: "http://h/mcp", AccessToken: strconv.Itoa(n), RefreshToken: filler}}})
		if err := os.WriteFile(f.Path(), text, 0o600); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

// killed runs a saving child, kills it at a random moment and returns the
// last number it said.
func killed(t *testing.T, role, home string) int {
	t.Helper()
	p := start(t, role, home, "")
	last := p.line(t)
	kill := time.AfterFunc(time.Duration(rand.Int64N(int64(8*time.Millisecond))), func() { _ = p.Process.Kill() })
	defer kill.Stop()
	for p.out.Scan() { // until it is dead
		last = p.out.Text()
	}
	_ = p.Wait()
	n, err := strconv.Atoi(last)
	if err != nil {
		t.Fatalf("the child said %q: %s", last, p.err)
	}
	return n
}

func kills(t *testing.T) int {
	n, err := strconv.Atoi(os.Getenv(killsVariable))
	if err != nil {
		n = 150
	}
	if testing.Short() {
		n = 20
	}
	return n
}

// PF-03 and R-01: kill -9 at a random moment leaves the old or the new text,
// no acknowledged save is lost, and at most one temporary file stays.
func TestPF03R01KilledWhileSaving(t *testing.T) {
	is := is.New(t)
	f := at(t.TempDir())
	is.NoErr(put(f, "0")) // a first save
	left := 0
	for range kills(t) {
		said := killed(t, "save", f.Home)
		saved, err := strconv.Atoi(token(t, f))
		is.NoErr(err)                             // the file is whole
		is.True(saved == said || saved == said+1) // nothing that was acknowledged is lost
		info, err := os.Stat(f.Path())
		is.NoErr(err)                                  // the file is there
		is.True(!modes || info.Mode().Perm() == 0o600) // and private
		left = max(left, len(temps(t, f)))
	}
	t.Logf("%d kills, 0 corrupt, 0 acknowledged saves lost, at most %d temporary file left", kills(t), left)
	is.True(left <= 1)            // of all the killed ones together
	is.NoErr(put(f, "x"))         // the next save
	is.Equal(len(temps(t, f)), 0) // leaves none
}

// The same kills do harm a file that is written without care: the test above
// can fail.
func TestPF03R01ControlANaiveWriteBreaks(t *testing.T) {
	f := &Files{Home: t.TempDir()}
	all, corrupt := max(300, kills(t)), 0
	for i := range all {
		killed(t, "naive", f.Home)
		if _, err := f.Load(); err != nil {
			if corrupt++; os.Getenv(killsVariable) == "" {
				return // broken, as expected
			}
		}
		if i == all-1 {
			t.Logf("%d kills, %d corrupt", all, corrupt)
		}
	}
	if corrupt == 0 {
		t.Errorf("%d kills must break a file that is overwritten in place", all)
	}
}

// hold takes the lock and keeps it.
func hold(f *Files, _ string) error {
	return f.Update(func(*profile.Store) error {
		fmt.Println("held")
		_, err := io.Copy(io.Discard, os.Stdin)
		return err
	})
}

// PF-11: the lock dies with its holder.
func TestPF11TheLockDiesWithItsHolder(t *testing.T) {
	is := is.New(t)
	f := at(t.TempDir())
	p := start(t, "hold", f.Home, "")
	is.Equal(p.line(t), "held") // another process holds the lock
	stop := make(chan struct{})
	refused := &Files{Home: f.Home, Stop: stop, patience: time.Millisecond, Busy: func(string) { close(stop) }}
	is.True(put(refused, "a") != nil) // so that nobody else can save
	is.NoErr(p.Process.Kill())        // kill -9
	began := time.Now()
	is.NoErr(put(f, "b"))                    // the next one goes on
	is.True(time.Since(began) < time.Second) // at once
	is.Equal(token(t, f), "b")               // and its save is there
	_ = p.Wait()
}

// logInPerLine logs in once for each line it is told.
func logInPerLine(f *Files, who string) error {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		err := f.Update(func(s *profile.Store) error {
			s.Put(profile.Profile{ID: who + "-" + lines.Text(), ResourceURL: "http://h/" + who + "/" + lines.Text(), AccessToken: "t"})
			return nil
		})
		if err != nil {
			return err
		}
		fmt.Println("saved")
	}
	return nil
}

// PF-06: parallel logins lose none.
func TestPF06ParallelLogins(t *testing.T) {
	is := is.New(t)
	const processes, rounds = 8, 20
	f := at(t.TempDir())
	var all []*child
	for i := range processes {
		all = append(all, start(t, "login", f.Home, strconv.Itoa(i)))
	}
	for round := range rounds {
		for _, p := range all {
			_, err := fmt.Fprintln(p.in, round)
			is.NoErr(err) // told to log in, all at once
		}
		for _, p := range all {
			is.Equal(p.line(t), "saved") // each one did
		}
		s, err := f.Load()
		is.NoErr(err)                                  // the file is whole
		is.Equal(len(s.Profiles), processes*(round+1)) // with every login in it
		is.Equal(len(s.Active), processes*(round+1))   // in use
	}
	for _, p := range all {
		p.finish(t)
	}
	is.Equal(len(temps(t, f)), 0) // nothing is left beside it
}

// refresh renews an expired token over the network, under the lock.
func refresh(f *Files, server string) error {
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil { // all start at once
		return err
	}
	return f.Update(func(s *profile.Store) error {
		p := s.Profiles[0]
		if p.Fresh(time.Now()) {
			fmt.Println(p.AccessToken)
			return nil
		}
		reply, err := http.Post(server+"/"+p.RefreshToken, "", nil)
		if err != nil {
			return err
		}
		defer reply.Body.Close()
		body, err := io.ReadAll(reply.Body)
		if err != nil || reply.StatusCode != 200 {
			return errors.Join(err, fmt.Errorf("the server says %d", reply.StatusCode))
		}
		p.AccessToken, p.RefreshToken, _ = strings.Cut(string(body), " ")
		p.ExpiresAt = time.Now().Add(time.Hour)
		fmt.Println(p.AccessToken)
		return s.Replace(p)
	})
}

// PF-05: of several processes with an expired token one spends the refresh
// token, and all go on with what it got.
func TestPF05OneRefreshForAll(t *testing.T) {
	is := is.New(t)
	var mu sync.Mutex
	spent := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		spent[r.URL.Path]++
		if r.URL.Path != "/refresh-1" || spent[r.URL.Path] > 1 {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		fmt.Fprint(w, "access-2 refresh-2")
	}))
	defer server.Close()
	f := at(t.TempDir())
	is.NoErr(f.Update(func(s *profile.Store) error {
		s.Put(profile.Profile{ID: "1", ResourceURL: "http://h/mcp", AccessToken: "access-1", RefreshToken: "refresh-1", ExpiresAt: time.Unix(1, 0)})
		return nil
	})) // an expired token
	var all []*child
	for range 8 {
		all = append(all, start(t, "refresh", f.Home, server.URL))
	}
	for _, p := range all {
		_, err := fmt.Fprintln(p.in)
		is.NoErr(err) // told to go, all at once
	}
	for _, p := range all {
		is.Equal(p.line(t), "access-2") // each one has the new token
		p.finish(t)
	}
	is.Equal(spent, map[string]int{"/refresh-1": 1}) // for one spent refresh token
	s, err := f.Load()
	is.NoErr(err)                                     // the file is whole
	is.Equal(s.Profiles[0].RefreshToken, "refresh-2") // with what can be spent next
	_, err = os.Stat(filepath.Join(f.Home, lockName))
	is.NoErr(err) // the lock's file stays: removing it would make two locks
}
