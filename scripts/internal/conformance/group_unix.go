//go:build unix

// Ending a program with all it started: a process group.
package main

import (
	"os/exec"
	"syscall"
)

func group(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
}
