// What a program took at most.
package main

import (
	"os"
	"syscall"
)

// peak is the resident set of a process that has ended, at most, in bytes.
func peak(p *os.ProcessState) int64 {
	if u, ok := p.SysUsage().(*syscall.Rusage); ok {
		return u.Maxrss << 10
	}
	return 0
}
