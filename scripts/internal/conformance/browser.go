// A browser without a screen: it watches what a client prints and visits the
// authorization URL. The server approves by itself, and the redirect ends at
// the client.
package main

import (
	"bytes"
	"context"
	"net/http"
	"time"
)

// A browser visits one URL, in the background. Each trial has its own.
type browser struct {
	ctx   context.Context
	after string // what the client prints when it listens; empty: it listens already
	until string // what the client prints when it was served; done is then called
	done  func()
	line  []byte
	url   string
}

// Write takes what the client prints.
func (b *browser) Write(p []byte) (int, error) {
	b.line = append(b.line, p...)
	for {
		line, rest, whole := bytes.Cut(b.line, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		b.line = rest
		b.read(line)
	}
}

func (b *browser) read(line []byte) {
	if b.done != nil && bytes.Contains(line, []byte(b.until)) {
		b.done()
	}
	if i := bytes.Index(line, []byte("http://")); i >= 0 && b.url == "" && bytes.Contains(line, []byte("/oauth/authorize?")) {
		b.url = string(bytes.Fields(line[i:])[0])
		if b.after == "" {
			go visit(b.ctx, b.url)
		}
	}
	if b.after != "" && b.url != "" && bytes.Contains(line, []byte(b.after)) {
		b.after = ""
		go visit(b.ctx, b.url)
	}
}

// visit follows the redirects to their end, and tries again while nobody
// listens there.
func visit(ctx context.Context, url string) {
	for ctx.Err() == nil {
		r, err := http.NewRequestWithContext(ctx, "GET", url, nil)
		if err != nil {
			return
		}
		if reply, err := http.DefaultClient.Do(r); err == nil {
			_ = reply.Body.Close()
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}
