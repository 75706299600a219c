// Connections that nobody waits for. A client that sleeps until its answer is
// there is woken by the server's write, at the server's cost; one that never
// sleeps takes the sockets' memory away from the server's core all the time.
// Both add more to the slower of two servers, and on a network neither happens.
// So the load looks at its connections once in a while, and answers that came
// are taken together.
package main

import (
	"io"
	"net/netip"
	"syscall"
	"time"
)

// look is how often a connection is looked at.
const look = time.Millisecond

// A socket is a connection outside of Go's poller.
type socket int

func connect(address string) (io.ReadWriteCloser, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	if err = syscall.Connect(fd, &syscall.SockaddrInet4{Addr: to.Addr().As4(), Port: int(to.Port())}); err == nil {
		_ = syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
		err = syscall.SetNonblock(fd, true)
	}
	if err != nil {
		_ = syscall.Close(fd)
	}
	return socket(fd), err
}

// Read implements io.Reader. All that wait look at the same instants.
func (s socket) Read(p []byte) (int, error) {
	for {
		n, err := syscall.Read(int(s), p)
		switch {
		case err == nil && n == 0:
			return 0, io.EOF
		case err != syscall.EAGAIN && err != syscall.EINTR:
			return max(n, 0), err
		}
		time.Sleep(look - time.Duration(time.Now().UnixNano())%look)
	}
}

// Write implements io.Writer. Requests are short, so there is room for one.
func (s socket) Write(p []byte) (int, error) {
	n, err := syscall.Write(int(s), p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	return max(n, 0), err
}

// Close implements io.Closer.
func (s socket) Close() error { return syscall.Close(int(s)) }
