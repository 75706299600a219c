// Package test holds what is true of the Worker in real workerd.
package test

import (
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/flowtest"
	"mcp-auth/core/lines"
	"mcp-auth/core/message"
	"mcp-auth/wasm/worker/world"
)

// need skips a test where no Worker runs: scripts/test --only worker starts one.
func need(t *testing.T) {
	t.Helper()
	if world.Address() == "" {
		t.Skip("no Worker runs: scripts/test --only worker starts one")
	}
}

// inWorkerd is the transport to a world of its own.
func inWorkerd(t *testing.T, fresh bool) func(*flowtest.World) flowtest.Transport {
	return func(w *flowtest.World) flowtest.Transport {
		at, err := world.New(w.Config())
		if err != nil {
			t.Fatal(err)
		}
		at.Fresh = fresh
		return func(m message.Request) (message.Response, error) { return at.Do(w.Now(), m) }
	}
}

// Every flow says the same, byte for byte, as in process.
func TestScripts(t *testing.T) { scripts(t, false) }

// All state is in the object's database: no request needs what another has
// left in Go's memory.
func TestWK01_EachRequestInAFreshInstance(t *testing.T) { scripts(t, true) }

func scripts(t *testing.T, fresh bool) {
	need(t)
	files, _ := fs.Glob(flowtest.Scripts, "testdata/*.txtar")
	if len(files) == 0 {
		t.Fatal("no scripts")
	}
	for _, name := range files {
		t.Run(strings.TrimPrefix(name, "testdata/"), func(t *testing.T) {
			text, _ := flowtest.Scripts.ReadFile(name)
			got, err := flowtest.Run(flowtest.ParseScript(string(text)), inWorkerd(t, fresh))
			if err != nil {
				t.Fatal(err)
			}
			if d := lines.Diff(string(text), got.Format()); d != "" {
				t.Fatal(d)
			}
		})
	}
}

// A panic is a 500 without a word of its own, and the next request is fine;
// also one that ends the Go program.
func TestWK03_Panics(t *testing.T) {
	need(t)
	is := is.New(t)
	cfg := flowtest.NewWorld().Config()
	w, err := world.New(cfg)
	is.NoErr(err)
	health := message.Get(cfg.Issuer + "/health")
	for _, kind := range []string{"handler", "goroutine"} {
		r, err := w.Do(time.Now(), health, "X-World-Panic", kind)
		is.NoErr(err)
		is.Equal(r.Status, 500)                                             // it says that it failed
		is.True(strings.Contains(string(r.Body), `"error":"server_error"`)) // as JSON
		is.True(!strings.Contains(string(r.Body), "secret"))                // and not why
		r, err = w.Do(time.Now(), health)
		is.NoErr(err)
		is.Equal(r.Status, 200) // the next one is fine
	}
}
