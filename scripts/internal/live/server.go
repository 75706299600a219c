// The process: its start, its figures, its end.
package live

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Server is a running mcp-auth-server.
type Server struct {
	Base string // its origin

	cmd     *exec.Cmd
	figures string
	said    *tail
	ended   chan struct{}
	err     error
}

// Pinned puts servers on the first core and this program on the others, so
// that neither takes the other's time. It does nothing on one core.
var Pinned = true

// Start runs the server of a build on a free port, quietly.
func Start(build string, args ...string) (*Server, error) {
	argv := append([]string{filepath.Join(build, "mcp-auth-server"), "--listen", "127.0.0.1:0", "--figures", "127.0.0.1:0", "--log-format", "off"}, args...)
	if path, ok := canPin(); ok && Pinned {
		argv = append([]string{path, "-c", "0"}, argv...)
	}
	s := &Server{cmd: exec.Command(argv[0], argv[1:]...), said: &tail{}, ended: make(chan struct{})}
	s.cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	s.cmd.Stderr = s.said
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "Stop with") {
		words := strings.Fields(lines.Text())
		switch {
		case strings.Contains(lines.Text(), " listens on "):
			s.Base = words[len(words)-1]
		case strings.Contains(lines.Text(), "What the process holds"):
			s.figures = words[len(words)-1]
		}
	}
	go func() {
		_, _ = io.Copy(io.Discard, out)
		s.err = s.cmd.Wait()
		close(s.ended)
	}()
	if s.Base == "" || s.figures == "" {
		<-s.ended
		return nil, fmt.Errorf("the server did not start: %w\n%s", errors.Join(s.err), s.said)
	}
	return s, nil
}

// PinSelf moves this program off the server's core.
func PinSelf() {
	if path, ok := canPin(); ok {
		_ = exec.Command(path, "-a", "-p", "-c", fmt.Sprintf("1-%d", runtime.NumCPU()-1), strconv.Itoa(os.Getpid())).Run()
	}
}

func canPin() (string, bool) {
	path, err := exec.LookPath("taskset")
	return path, err == nil && runtime.NumCPU() > 1
}

// Figures is what a process holds.
type Figures struct {
	Goroutines  int            `json:"goroutines"`
	Descriptors int            `json:"descriptors"`
	Heap        int64          `json:"heap_bytes"`
	Memory      int64          `json:"memory_bytes"`
	Connections int            `json:"connections"`
	Refused     int64          `json:"refused_connections"`
	Records     map[string]int `json:"records"`
	Resident    int64          `json:"-"`
}

// Kept is how many records there are in all tables together.
func (f Figures) Kept() (n int) {
	for _, k := range f.Records {
		n += k
	}
	return n
}

var watcher = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// Figures asks the server.
func (s *Server) Figures() (f Figures, err error) {
	r, err := watcher.Get(s.figures)
	if err != nil {
		return f, err
	}
	defer r.Body.Close()
	if err := json.NewDecoder(r.Body).Decode(&f); err != nil {
		return f, err
	}
	f.Resident, err = s.Resident()
	return f, err
}

// Settled is Figures after garbage has been given back.
func (s *Server) Settled() (Figures, error) {
	for range 2 { // what finalizers and cleanups let go of goes the second time
		r, err := watcher.Post(s.figures+"collect", "", nil)
		if err != nil {
			return Figures{}, err
		}
		_ = r.Body.Close()
	}
	return s.Figures()
}

// Leaked lists goroutines that nothing can wake, in a build with
// goroutineleakprofile.
func (s *Server) Leaked() (string, error) {
	r, err := watcher.Get(s.figures + "goroutines")
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	return string(text), err
}

// Resident is the resident set, in bytes.
func (s *Server) Resident() (int64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("the memory of another process is read from /proc, which is Linux's: %w", err)
	}
	_, rest, ok := strings.Cut(string(data), "VmRSS:")
	if !ok {
		return 0, errors.New("the process has ended")
	}
	n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	return n << 10, err
}

// Signal sends a signal.
func (s *Server) Signal(sig os.Signal) error { return s.cmd.Process.Signal(sig) }

// Wait waits for the end and returns how the process ended. ok is false when
// it had not after so long.
func (s *Server) Wait(most time.Duration) (err error, ok bool) {
	select {
	case <-s.ended:
		return s.err, true
	case <-time.After(most):
		return nil, false
	}
}

// Kill ends the process if it still runs.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill()
	<-s.ended
}

// Said is the end of what the process wrote to stderr.
func (s *Server) Said() string { return s.said.String() }

// A tail keeps the last 64 KiB.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if len(t.b) > 64<<10 {
		t.b = t.b[len(t.b)-64<<10:]
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}
