// Command mcp-auth-server is a test authorization server with protected MCP
// resources, for localhost.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"mcp-auth/core/server"
	"mcp-auth/native/admit"
	"mcp-auth/native/fixture"
	"mcp-auth/web/httpd"
	"mcp-auth/web/page"
)

// version is set by the linker: -ldflags "-X main.version=1.2.3".
var version = "0.1.0"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the process at once
	}()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program: exit codes 0 stopped, 1 could not serve, 2 usage.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	set, err := parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(out, usage())
		return 0
	case err != nil:
		return misused(errOut, err)
	case set.version:
		fmt.Fprintln(out, "mcp-auth-server", version)
		return 0
	}
	kept, err := openStore(set.store)
	if err == nil {
		err = serve(ctx, set, kept, out, errOut)
	}
	if errors.As(err, &misuse{}) {
		return misused(errOut, err)
	}
	if err != nil {
		fmt.Fprintf(errOut, "mcp-auth-server: %v\n", err)
		return 1
	}
	return 0
}

// misused is for settings that cannot be meant.
func misused(errOut io.Writer, err error) int {
	fmt.Fprintf(errOut, "mcp-auth-server: %v\nsee mcp-auth-server --help\n", err)
	return 2
}

// serve serves from a store until the context ends, and closes it once nobody
// is served any more.
func serve(ctx context.Context, set *config, kept store, out, errOut io.Writer) (err error) {
	defer func() { err = errors.Join(err, kept.close()) }()
	bound, err := net.Listen("tcp", set.listen)
	if err != nil {
		return explainListen("listen", set.listen, err)
	}
	l := admit.New(bound, set.connections, admit.Answer(server.Busy()))
	defer l.Close()
	cfg, err := set.server(l.Addr(), rand.Reader)
	if err != nil {
		return misuse{err}
	}
	rec, err := openTrace(set.trace)
	if err != nil {
		return err
	}
	defer rec.Close()
	if rec != nil {
		cfg.Trace = rec.Add
	}
	if cfg.Files, err = page.Mounted(); err != nil {
		return err
	}
	cfg.Storage = kept.storage
	s, err := server.New(cfg)
	if err != nil {
		return misuse{err}
	}
	var host httpd.Host
	if set.conformance {
		host = fixture.New(version).Serve
	}
	// One deadline for header and body, and none for writing: each further one is
	// a call to the kernel per request. The listener lets go who reads no answer.
	web := &http.Server{Handler: l.Handler(httpd.Hosting(s, time.Now, httpd.Log(set.LogFormat, errOut), host)), ConnState: l.State,
		ReadTimeout: 10 * time.Second, IdleTimeout: 120 * time.Second, MaxHeaderBytes: 64 << 10}
	figures, stop, err := serveFigures(set.figures, l, s)
	if err != nil {
		return err
	}
	defer stop()
	greet(out, cfg, l.Addr().String(), figures, set.store)
	floor := quietCollector()
	defer runtime.KeepAlive(floor)
	defer sweeping(set.Sweep, func(now time.Time) {
		s.Sweep(now)
		kept.sweep(now)
	})()
	return until(ctx, web, l)
}

// quietCollector lets the collector run less often while little is kept, and
// leave less room while much is: a floor of untouched memory, which is never
// resident, stands under a smaller growth. The result must be kept alive.
func quietCollector() []byte {
	debug.SetGCPercent(50)
	return make([]byte, 24<<20)
}

// stopping is how long requests may take to finish once the server stops.
const stopping = 4500 * time.Millisecond

// until serves until the context ends, then lets requests finish.
func until(ctx context.Context, web *http.Server, l *admit.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- web.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		last, cancel := context.WithTimeout(context.Background(), stopping)
		defer cancel()
		return l.Drain(last, web)
	}
}

// sweeping sweeps at once, for what expired while no server ran, and then every
// so often, until it is stopped. That waits for a sweep that has begun; to stop
// serving waits for none.
func sweeping(every time.Duration, sweep func(now time.Time)) (stop func()) {
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			sweep(time.Now())
			select {
			case <-ended:
				return
			case <-tick.C:
			}
		}
	}()
	return func() { close(ended); <-done }
}

// explainListen tells an address that is none from one that cannot be had.
func explainListen(flag, address string, err error) error {
	var system *os.SyscallError
	switch {
	case errors.Is(err, syscall.EADDRINUSE), strings.Contains(err.Error(), "address already in use"):
		return fmt.Errorf("%s is in use: stop the other server, or choose a port with --%s 127.0.0.1:8766 (0 takes a free one)", address, flag)
	case !errors.As(err, &system):
		return misuse{fmt.Errorf("--%s %q: wanted an address and a port, such as 127.0.0.1:8766: %w", flag, address, err)}
	}
	return fmt.Errorf("cannot listen on %s: %w", address, err)
}
