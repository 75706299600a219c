//go:build unix

// What lies in a socket unread.
package admit

import (
	"net"
	"syscall"
)

// pending reports whether bytes have come that nobody has read yet: on a busy
// machine a connection may look idle long after its request has arrived.
func pending(c net.Conn) (yes bool) {
	s, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return false
	}
	_ = raw.Control(func(fd uintptr) {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		yes = err == nil && n > 0
	})
	return yes
}
