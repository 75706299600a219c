package resource_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/exchange"
	"mcp-auth/core/mcp"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/resource"
	"mcp-auth/core/table"
	"mcp-auth/web/golden"
)

var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

const configured = "the-configured-token"

// tokens are static ones, and some that stand for other scopes and refusals.
type tokens struct{ resource.Static }

func (s *tokens) Check(now time.Time, m message.Request, c exchange.Credentials, at string) (resource.Access, error) {
	switch c.Token {
	case "reads":
		return resource.Access{Subject: "alice", ClientID: "app", Scope: oauth.ScopeRead, ExpiresAt: now.Add(90*time.Minute + 500*time.Millisecond)}, nil
	case "rules":
		return resource.Access{Subject: "root", ClientID: "app", Scope: oauth.ScopeAdmin}, nil
	case "nothing":
		return resource.Access{Subject: "alice", ClientID: "app"}, nil
	case "bound":
		return resource.Access{}, &oauth.Error{Code: oauth.InvalidToken, Bound: true, Description: "the token is bound to a key"}
	}
	return s.Static.Check(now, m, c, at)
}

// open is a resource with two minutes of minted tokens and room for two notes.
func open(notes table.Table[[]resource.Note]) (*resource.Resource, *tokens) {
	checks := &tokens{resource.Static{Token: configured, Minted: table.NewMemory[struct{}](2), Lifetime: 2 * time.Minute, Random: strings.NewReader(strings.Repeat("random! ", 100))}}
	return &resource.Resource{Identifier: "https://r.example/mcp", MetadataURL: "https://r.example/.well-known/oauth-protected-resource/mcp", DefaultScope: oauth.ScopeRead, Tokens: checks,
		MCP: mcp.Server{Name: "test", Version: "1", Instructions: "Be kind.", Tools: resource.Tools(resource.Notebook{Key: table.KeyOf("notes"), Notes: notes, Max: 2, Life: time.Hour})}}, checks
}

func post(token, body string, more ...string) message.Request {
	m := message.Request{Method: "POST", URL: "https://r.example/mcp", Body: []byte(body), Header: message.Header{{Name: "Content-Type", Value: "application/json; charset=utf-8"}}}
	if token != "" {
		m.Header = append(m.Header, message.Field{Name: "Authorization", Value: "Bearer " + token})
	}
	for i := 0; i < len(more); i += 2 {
		m.Header = m.Header.With(more[i], more[i+1])
	}
	return m
}

func call(tool, arguments string) string {
	return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"` + tool + `","arguments":` + arguments + `}}`
}

// TestGoldenAnswers: what each request gets, to the byte.
func TestGoldenAnswers(t *testing.T) {
	is := is.New(t)
	r, checks := open(table.NewMemory[[]resource.Note](1))
	minted, err := checks.Mint(now)
	is.NoErr(err)                               // a token is minted
	is.Equal(minted.TokenType, "Bearer")        // of this type
	is.Equal(minted.ExpiresIn, int64(120))      // in seconds
	is.True(len(minted.AccessToken) > 7+42)     // 256 random bits
	is.Equal(minted.AccessToken[:7], "static_") // and its kind
	strict := *r
	strict.DPoP, strict.DPoPOnly, strict.Algorithms = true, true, []string{"EdDSA", "ES256"}
	both := *r
	both.DPoP, both.Algorithms = true, []string{"EdDSA"}
	const ping = `{"jsonrpc":"2.0","id":"p","method":"ping"}`
	var b strings.Builder
	for _, c := range []struct {
		name string
		at   *resource.Resource
		when time.Duration
		m    message.Request
	}{
		{"no token", r, 0, post("", ping)},
		{"no token where keys are wanted", &strict, 0, post("", ping)},
		{"no token where keys are welcome", &both, 0, post("", ping)},
		{"two tokens", r, 0, post("", ping, "Authorization", "Bearer a", "Authorization", "Basic b")},
		{"an unknown token", r, 0, post("unknown", ping)},
		{"a bound token without its key", &both, 0, post("bound", ping)},
		{"no scope", r, 0, post("nothing", ping)},
		{"the configured token", r, 0, post(configured, ping)},
		{"a minted token", r, 0, post(minted.AccessToken, call("whoami", "{}"))},
		{"a minted token, dead", r, 2 * time.Minute, post(minted.AccessToken, ping)},
		{"another media type", r, 0, message.Request{Method: "POST", Header: message.Header{{Name: "Content-Type", Value: "text/plain"}, {Name: "Authorization", Value: "Bearer reads"}}, Body: []byte(ping)}},
		{"two media types", r, 0, post("reads", ping, "Content-Type", "application/json")},
		{"an answer that may be JSON alone", r, 0, post("reads", ping, "Accept", "application/json")},
		{"any answer", r, 0, post("reads", ping, "Accept", "*/*")},
		{"both answers", r, 0, post("reads", ping, "Accept", "application/json, text/event-stream")},
		{"no JSON", r, 0, post("reads", "{")},
		{"a version that is not served", r, 0, post("reads", ping, "MCP-Protocol-Version", "1999-01-01")},
		{"whoami", r, 0, post("reads", call("whoami", "{}"))},
		{"whoami for ever", r, 0, post(configured, call("whoami", "{}"))},
		{"ping the tool", r, 0, post("reads", call("ping", "{}"))},
		{"echo", r, 0, post("reads", call("echo", `{"message":"Grüße","count":5}`))},
		{"echo loudly", r, 0, post("reads", call("echo", `{"message":"Grüße","uppercase":true}`))},
		{"echo softly", r, 0, post("reads", call("echo", `{"message":"Grüße","uppercase":false}`))},
		{"no notes yet", r, 0, post("reads", call("read_note", `{}`))},
		{"writing needs its scope", r, 0, post("reads", call("write_note", `{"name":"a","content":"b"}`))},
		{"a note without a name", r, 0, post(configured, call("write_note", `{"name":"","content":"b"}`))},
		{"the first note", r, 0, post(configured, call("write_note", `{"name":"first","content":"äöü"}`))},
		{"the second note", r, 0, post(configured, call("write_note", `{"name":"second","content":""}`))},
		{"a third note", r, 0, post(configured, call("write_note", `{"name":"third","content":"no room"}`))},
		{"the first note again", r, 0, post(configured, call("write_note", `{"name":"first","content":"changed"}`))},
		{"the list", r, 0, post("reads", call("read_note", `{"name":""}`))},
		{"a note", r, 0, post("reads", call("read_note", `{"name":"first"}`))},
		{"a note that is not there", r, 0, post("reads", call("read_note", `{"name":"third"}`))},
		{"deleting needs its scope", r, 0, post(configured, call("delete_notes", `{}`))},
		{"deleting", r, 0, post("rules", call("delete_notes", `{}`))},
		{"deleting nothing", r, 0, post("rules", call("delete_notes", `{}`))},
		{"a note for an hour", r, 0, post(configured, call("write_note", `{"name":"short","content":"lived"}`))},
		{"just before", r, time.Hour - 1, post("reads", call("read_note", `{"name":"short"}`))},
		{"after it", r, time.Hour, post("reads", call("read_note", `{}`))},
		{"the tools", r, 0, post("reads", `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`)},
		{"a notification", r, 0, post("reads", `{"jsonrpc":"2.0","method":"notifications/initialized"}`)},
	} {
		answer := c.at.Serve(now.Add(c.when), c.m)
		b.WriteString("-- " + c.name + " --\n" + message.Decimal(int64(answer.Status)) + "\n")
		for _, f := range answer.Header {
			b.WriteString(f.Name + ": " + f.Value + "\n")
		}
		b.WriteString(string(answer.Body) + "\nnoted: " + answer.Note + "\n\n")
	}
	golden.Hold(t, "answers.txt", b.String())
}

// What a host answers is judged as what the resource answers itself.
func TestAdmitJudgesTokenAndScope(t *testing.T) {
	is := is.New(t)
	r, _ := open(table.NewMemory[[]resource.Note](1))
	is.Equal(r.Admit(now, post("", "")).Status, 401)        // no token
	is.Equal(r.Admit(now, post("unknown", "")).Status, 401) // an unknown one
	poor := r.Admit(now, post("nothing", ""))
	is.Equal(poor.Status, 403) // a poor one
	is.Equal(poor.Pass, "")    // goes nowhere
	is.True(strings.Contains(poor.Header.Get("WWW-Authenticate"), `error="insufficient_scope"`))
	is.True(strings.Contains(poor.Header.Get("WWW-Authenticate"), `scope="mcp:read"`)) // and says what is wanted
	passed := r.Admit(now, message.Request{Method: "DELETE", Header: message.Header{{Name: "Authorization", Value: "Bearer reads"}}})
	is.Equal(passed.Pass, "alice app") // who it is, whatever the method and body
	is.True(passed.Note != "")         // and it is noted
}

// down is a storage that fails, or that others are quicker at.
type down[R any] struct {
	*table.Memory[R]
	get, create, swap error
	races             int // how many changes others win
}

var errDisk = errors.New("the disk is gone")

func (d *down[R]) Get(now time.Time, k table.Key) (table.Record[R], error) {
	if d.get != nil {
		return table.Record[R]{}, d.get
	}
	return d.Memory.Get(now, k)
}

func (d *down[R]) Create(now time.Time, k table.Key, value R, expires time.Time) error {
	if d.create != nil && d.races > 0 {
		d.races--
		return d.create
	}
	return d.Memory.Create(now, k, value, expires)
}

func (d *down[R]) Swap(now time.Time, k table.Key, read table.Record[R], value R, expires time.Time) error {
	if d.swap != nil && d.races > 0 {
		d.races--
		return d.swap
	}
	return d.Memory.Swap(now, k, read, value, expires)
}

// a storage that fails is said, to machines and people, and nothing else is.
func TestAFailedStorageIsSaid(t *testing.T) {
	is := is.New(t)
	r, checks := open(&down[[]resource.Note]{Memory: table.NewMemory[[]resource.Note](1), get: errDisk})
	for _, body := range []string{call("read_note", "{}"), call("write_note", `{"name":"a","content":"b"}`), call("delete_notes", "{}")} {
		a := r.Serve(now, post("rules", body))
		is.Equal(a.Status, 200)                                                                                                                    // the call was heard
		is.True(strings.Contains(string(a.Body), `"text":"the storage failed; call again"`) && strings.Contains(string(a.Body), `"isError":true`)) // and failed
	}
	checks.Minted = &down[struct{}]{Memory: table.NewMemory[struct{}](1), get: errDisk, create: errDisk, races: 1}
	a := r.Serve(now, post("static_x", call("read_note", "{}")))
	is.Equal(a.Status, 503)                                                  // it is our fault
	is.Equal(a.Header.Get("Retry-After"), "1")                               // and may pass
	is.Equal(a.Header.Get("WWW-Authenticate"), "")                           // a new token would not help
	is.Equal(r.Serve(now, post(configured, call("ping", "{}"))).Status, 200) // the configured one needs no storage
	_, err := checks.Mint(now)
	is.True(errors.Is(err, errDisk)) // nothing is minted
	checks.Random = strings.NewReader("short")
	_, err = checks.Mint(now)
	is.True(err != nil && !errors.Is(err, errDisk)) // nor without randomness
}

// Without a configured token an empty one is no token.
func TestNoConfiguredTokenIsNotTheEmptyOne(t *testing.T) {
	is := is.New(t)
	s := resource.Static{Minted: table.NewMemory[struct{}](1)}
	_, err := s.Check(now, message.Request{}, exchange.Credentials{}, "")
	is.True(err != nil) // nobody gets in with nothing
	_, err = s.Check(now, message.Request{}, exchange.Credentials{Token: configured}, "")
	var e *oauth.Error
	is.True(errors.As(err, &e) && e.Code == oauth.InvalidToken) // nor with what is not configured
}

// Whoever loses a race changes the newer state; nobody tries for ever.
func TestARaceForTheNotesIsRunAgain(t *testing.T) {
	for _, c := range []struct {
		name   string
		notes  down[[]resource.Note]
		before bool
		works  bool
	}{
		{"another was first", down[[]resource.Note]{create: table.ErrExists, races: 3}, false, true},
		{"another was quicker", down[[]resource.Note]{swap: table.ErrMoved, races: 99}, true, true},
		{"another is always quicker", down[[]resource.Note]{swap: table.ErrMoved, races: 100}, true, false},
		{"no room", down[[]resource.Note]{create: table.ErrFull, races: 1}, false, false},
		{"no disk", down[[]resource.Note]{swap: errDisk, races: 1}, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			is := is.New(t)
			notes := c.notes
			notes.Memory = table.NewMemory[[]resource.Note](1)
			if c.before {
				is.NoErr(notes.Memory.Create(now, table.KeyOf("notes"), []resource.Note{{Name: "old", Content: "kept"}}, now.Add(time.Hour))) // a note is there
			}
			r, _ := open(&notes)
			a := r.Serve(now, post(configured, call("write_note", `{"name":"new","content":"x"}`)))
			is.Equal(!strings.Contains(string(a.Body), `"isError":true`), c.works) // it says whether it was written
			is.Equal(notes.races, 0)                                               // it was tried so often
			read, err := notes.Memory.Get(now, table.KeyOf("notes"))
			is.Equal(err == nil && len(read.Value) > 0 && read.Value[0].Name == "new", c.works) // and it was
		})
	}
}

// Notes are bytes where they are kept, and come back as they were.
func TestNotesAreReadAsWritten(t *testing.T) {
	is := is.New(t)
	all := []resource.Note{{Name: "a", Content: "äöü\n"}, {Name: "b"}}
	back, err := resource.NotesCodec.Decode(resource.NotesCodec.Encode(all))
	is.NoErr(err)       // they are read
	is.Equal(back, all) // as they were written
	_, err = resource.NotesCodec.Decode([]byte{1, 200})
	is.True(err != nil) // half of them are none
}
