// The processes under measurement, and what the system says about them.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// A process is a running server.
type process struct {
	cmd  *exec.Cmd
	base string // its origin
}

// start runs a server and reads its address from the first line that ends in one.
func start(argv ...string) (*process, error) {
	c := exec.Command(argv[0], argv[1:]...)
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s did not say where it listens: %w", argv[0], err), c.Wait())
		}
		words := strings.Fields(line)
		if len(words) > 0 && strings.HasPrefix(words[len(words)-1], "http://") {
			go func() { _, _ = io.Copy(io.Discard, lines) }()
			return &process{c, words[len(words)-1]}, nil
		}
	}
}

func (p *process) stop() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// pinned is a command on the first core alone, where that can be arranged.
func pinned(argv ...string) []string {
	if path, ok := canPin(); ok {
		return append([]string{path, "-c", "0"}, argv...)
	}
	return argv
}

// pinSelf moves the load to the other cores.
func pinSelf() { pin(os.Getpid(), fmt.Sprintf("1-%d", runtime.NumCPU()-1)) }

// pin moves a process that runs, where that can be arranged.
func pin(pid int, cores string) {
	if path, ok := canPin(); ok {
		_ = exec.Command(path, "-a", "-p", "-c", cores, strconv.Itoa(pid)).Run()
	}
}

func canPin() (string, bool) {
	path, err := exec.LookPath("taskset")
	return path, err == nil && runtime.NumCPU() > 1
}

// cpu is the time the process has used: of its threads in nanoseconds where
// the system counts so, else in ticks of 10 ms.
func (p *process) cpu() (time.Duration, error) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.cmd.Process.Pid))
	var sum int64
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return 0, err
		}
		ns, _, _ := strings.Cut(string(data), " ")
		n, _ := strconv.ParseInt(ns, 10, 64)
		sum += n
	}
	if sum > 0 {
		return time.Duration(sum), nil
	}
	return p.ticks()
}

func (p *process) ticks() (time.Duration, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("the CPU time of another process is read from /proc, so bench needs Linux: %w", err)
	}
	_, rest, _ := strings.Cut(string(data), ") ")
	f := strings.Fields(rest)
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond, nil
}

// memory is the resident set, in bytes.
func (p *process) memory() (int64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(data), "VmRSS:")
	n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	return n << 10, err
}
