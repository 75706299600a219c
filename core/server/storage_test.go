package server_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/server"
	"mcp-auth/core/table"
)

// shelves keep the bytes of all tables, as a database would.
type shelves map[string]*table.Memory[[]byte]

func (all shelves) storage(prefix string) table.Opener {
	return func(kind string, max int) table.Table[[]byte] {
		if all[prefix+kind] == nil {
			all[prefix+kind] = table.NewMemory[[]byte](max)
		}
		return all[prefix+kind]
	}
}

// What is kept outside is all there is: a server that starts anew over it goes
// on where the last one was.
func TestR17_RestartOverAStorage(t *testing.T) {
	kept := shelves{}
	config := func(c *server.Config) {
		c.Storage, c.Sandboxes, c.Tenants = kept.storage, 2, []string{"acme"}
	}
	b := newBench(t, config)
	access, refresh := b.login()
	code := b.code()
	at := b.open(`{"approval":"auto","access_lifetime":7}`)
	boxed := b.tenantCode(at)
	minted := text(b.postJSON("/test-auth/bearer-token/mint", ""), "access_token")
	note := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"write_note","arguments":{"name":"a","content":"kept"}}}`
	b.Equal(b.postJSON("/mcp/bearer-token", note, "Authorization: Bearer "+minted).Status, 200)

	again := newServer(t, config)
	again.now, again.pub, again.pub2, again.conf, again.dev = b.now, b.pub, b.pub2, b.conf, b.dev
	again.True(again.alive(access))                                                                     // tokens live
	again.Equal(again.redeem(code).Status, 200)                                                         // a code is good
	again.Equal(again.redeem(code).Status, 400)                                                         // once
	again.Equal(b.redeem(code).Status, 400)                                                             // for the other server too
	again.Equal(again.refresh(refresh).Status, 200)                                                     // a refresh token is good
	again.Equal(b.refresh(refresh).Status, 400)                                                         // once
	again.Equal(again.postJSON("/mcp/bearer-token", ping, "Authorization: Bearer "+minted).Status, 200) // what was minted is good
	again.Equal(again.get(at).Status, 200)                                                              // the sandbox is there
	one, _ := location(boxed).One("code")                                                               // with its codes
	tok := again.post(at+"/oauth/token", "grant_type=authorization_code&client_id=dev-public-client&code="+one+"&code_verifier="+verifier)
	again.Equal(number(tok, "expires_in"), int64(7)) // and settings
	again.open("")
	again.Equal(again.postJSON("/sandbox", "").Status, 503) // its place is counted
	again.now = again.now.Add(time.Hour)
	again.Equal(again.get(at).Status, 404) // and it ends
	again.s.Sweep(again.now)
	for kind, of := range kept {
		if len(kind) > 16 && kind[16] == '/' {
			again.Equal(of.Len(), 0) // with all that it kept
		}
	}
}

// No setting of a sandbox is forgotten: each member is written and read.
func TestSandboxRecord(t *testing.T) {
	b := newServer(t)
	var box server.Sandbox
	n := int64(0)
	var fill func(reflect.Value)
	fill = func(v reflect.Value) {
		n++
		switch v.Kind() {
		case reflect.String:
			v.SetString(string(rune('a' + n)))
		case reflect.Int64:
			v.SetInt(n)
		case reflect.Bool:
			v.SetBool(true)
		case reflect.Slice:
			v.Set(reflect.ValueOf([]string{"x", "y"}))
		case reflect.Struct:
			for i := range v.NumField() {
				fill(v.Field(i))
			}
		default:
			t.Fatal("no example of a " + v.Kind().String())
		}
	}
	fill(reflect.ValueOf(&box).Elem())
	c := server.SandboxCodec()
	got, err := c.Decode(c.Encode(box))
	b.NoErr(err)
	b.Equal(got, box) // as it was
}

// silence is a source of randomness that has none.
type silence struct{}

func (silence) Read([]byte) (int, error) { return 0, errors.New("no randomness") }

// What failed is told apart from what is full: the one may be asked for again
// at once, the other when something has expired.
func TestR16_WhyNothingIsMinted(t *testing.T) {
	mint := func(change func(*server.Config), before int) message.Response {
		b := newServer(t, change)
		for range before {
			b.Equal(b.postJSON("/test-auth/bearer-token/mint", "").Status, 200) // there is room
		}
		r := b.postJSON("/test-auth/bearer-token/mint", "")
		b.Equal(text(r, "error"), oauth.TemporarilyUnavailable)
		return r
	}
	full := mint(func(c *server.Config) { c.MintedMax = 1 }, 1)
	if full.Header.Get("Retry-After") != "300" || !strings.Contains(text(full, "error_description"), "as many minted tokens") {
		t.Error("full:", full.Header, string(full.Body))
	}
	failed := mint(func(c *server.Config) { c.Random = silence{} }, 0)
	if failed.Header.Get("Retry-After") != "1" || strings.Contains(text(failed, "error_description"), "as many") {
		t.Error("failed:", failed.Header, string(failed.Body))
	}
}
