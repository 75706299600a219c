// The trace file. It never holds a secret.
package main

import (
	"fmt"
	"os"
	"sync"

	"mcp-auth/core/trace"
)

// A recorder appends redacted events to a file.
type recorder struct {
	mu     sync.Mutex
	file   *os.File
	redact *trace.Redactor
	n      int
}

// openTrace opens the file, 0600 since a trace shows who called what; nil
// without a name.
func openTrace(name string) (*recorder, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--trace: %w", err)
	}
	_, err = f.Write(trace.AppendHeader(nil, "mcp-auth-server "+version))
	return &recorder{file: f, redact: trace.NewRedactor()}, err
}

// Add writes the events of one exchange.
func (r *recorder) Add(events []trace.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b []byte
	for _, ev := range events {
		r.n++
		ev.N = r.n
		b = trace.AppendNDJSON(b, r.redact.Event(ev))
	}
	_, _ = r.file.Write(b)
}

// Close closes the file, if there is one.
func (r *recorder) Close() {
	if r != nil {
		_ = r.file.Close()
	}
}
