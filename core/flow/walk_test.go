package flow

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"mcp-auth/core/message"
	"mcp-auth/core/trace"
)

// The walk tries every answer of an alphabet in every state a machine can
// come to, and asserts what must never happen.

const (
	wURL      = "https://mcp.example/mcp"
	wIssuer   = "https://as.example"
	wRedirect = "http://127.0.0.1:7777/callback"
	wState    = "our-own-state-value-123"
)

var wVerifier = strings.Repeat("v", 43)

func jsonAnswer(status int, body string, fields ...message.Field) Response {
	h := append(message.Header{{Name: "Content-Type", Value: "application/json"}}, fields...)
	return Response{message.Response{Status: status, Header: h, Body: []byte(body)}}
}

const wMetadata = `{"issuer":"https://as.example","authorization_endpoint":"https://as.example/authorize","token_endpoint":"https://as.example/token","registration_endpoint":"https://as.example/register",` +
	`"device_authorization_endpoint":"https://as.example/device","response_types_supported":["code"],"code_challenge_methods_supported":["S256"],"authorization_response_iss_parameter_supported":true,` +
	`"grant_types_supported":["authorization_code","client_credentials","urn:ietf:params:oauth:grant-type:device_code"]}`

// answers is the alphabet: good ones of every step among bad ones.
var answers = map[string]Response{
	"challenge":           jsonAnswer(401, "{}", message.Field{Name: "WWW-Authenticate", Value: `Bearer resource_metadata="https://mcp.example/.well-known/oauth-protected-resource/mcp", scope="mcp:read"`}),
	"challenge elsewhere": jsonAnswer(401, "{}", message.Field{Name: "WWW-Authenticate", Value: `Bearer resource_metadata="http://169.254.169.254/x"`}),
	"challenge broken":    jsonAnswer(401, "{}", message.Field{Name: "WWW-Authenticate", Value: `Bearer resource_metadata="x`}),
	"prm":                 jsonAnswer(200, `{"resource":"https://mcp.example/mcp","authorization_servers":["https://as.example"],"bearer_methods_supported":["header"]}`),
	"prm two":             jsonAnswer(200, `{"resource":"https://mcp.example/mcp","authorization_servers":["https://as.example","https://as.example/tenant"]}`),
	"prm none":            jsonAnswer(200, `{"resource":"https://mcp.example/mcp","bearer_methods_supported":["header"]}`),
	"prm foreign":         jsonAnswer(200, `{"resource":"https://evil.example/mcp","authorization_servers":["https://as.example"]}`),
	"prm loopback as":     jsonAnswer(200, `{"resource":"https://mcp.example/mcp","authorization_servers":["http://127.0.0.1:1"]}`),
	"metadata":            jsonAnswer(200, wMetadata),
	"metadata slash":      jsonAnswer(200, strings.Replace(wMetadata, `"https://as.example"`, `"https://as.example/"`, 1)),
	"metadata no S256":    jsonAnswer(200, strings.Replace(wMetadata, `"S256"`, `"plain"`, 1)),
	"metadata script":     jsonAnswer(200, strings.Replace(wMetadata, "https://as.example/authorize", "javascript:alert(1)", 1)),
	"metadata loopback":   jsonAnswer(200, strings.Replace(wMetadata, "https://as.example/token", "http://127.0.0.1:9/token", 1)),
	"registration":        jsonAnswer(201, `{"client_id":"c1","redirect_uris":["http://127.0.0.1:7777/callback"]}`),
	"registration secret": jsonAnswer(201, `{"client_id":"c1","client_secret":"s3cret-s3cret"}`),
	"registration moved":  jsonAnswer(201, `{"client_id":"c1","redirect_uris":["https://evil.example/"]}`),
	"device":              jsonAnswer(200, `{"device_code":"d","user_code":"u","verification_uri":"https://as.example/v","expires_in":20,"interval":5}`),
	"device script":       jsonAnswer(200, `{"device_code":"d","user_code":"u","verification_uri":"javascript:x","expires_in":20}`),
	"device negative":     jsonAnswer(200, `{"device_code":"d","user_code":"u","verification_uri":"https://as.example/v","expires_in":20,"interval":-1}`),
	"device dead":         jsonAnswer(200, `{"device_code":"d","user_code":"u","verification_uri":"https://as.example/v","expires_in":0}`),
	"token":               jsonAnswer(200, `{"access_token":"good-token","token_type":"Bearer","expires_in":3600,"scope":"mcp:read"}`),
	"token mac":           jsonAnswer(200, `{"access_token":"t","token_type":"mac"}`),
	"token CRLF":          jsonAnswer(200, `{"access_token":"t\r\nX: y","token_type":"Bearer"}`),
	"token empty":         jsonAnswer(200, `{"access_token":"","token_type":"Bearer"}`),
	"token number":        jsonAnswer(200, `{"access_token":1,"token_type":"Bearer"}`),
	"pending":             jsonAnswer(400, `{"error":"authorization_pending"}`),
	"slow_down":           jsonAnswer(400, `{"error":"slow_down"}`),
	"denied":              jsonAnswer(400, `{"error":"access_denied"}`),
	"expired":             jsonAnswer(400, `{"error":"expired_token"}`),
	"invalid_grant":       jsonAnswer(400, `{"error":"invalid_grant"}`),
	"error with 200":      jsonAnswer(200, `{"error":"invalid_grant"}`),
	"null":                jsonAnswer(200, `null`),
	"object":              jsonAnswer(200, `{}`),
	"array":               jsonAnswer(200, `[]`),
	"text":                jsonAnswer(200, `"x"`),
	"nothing":             jsonAnswer(200, ``),
	"deep":                jsonAnswer(200, strings.Repeat("[", 100)),
	"html":                {message.Response{Status: 200, Header: message.Header{{Name: "Content-Type", Value: "text/html"}}, Body: []byte("<html>")}},
	"204":                 {message.Response{Status: 204}},
	"404":                 {message.Response{Status: 404}},
	"500":                 {message.Response{Status: 500}},
	"redirect away":       {message.Response{Status: 302, Header: message.Header{{Name: "Location", Value: "https://evil.example/"}}}},
	"redirect here":       {message.Response{Status: 302, Header: message.Header{{Name: "Location", Value: "/elsewhere"}}}},
	"redirect nowhere":    {message.Response{Status: 307}},
}

func callback(method, url string, fields ...message.Field) Callback {
	return Callback{message.Request{Method: method, URL: url, Header: fields}}
}

const good = wRedirect + "?code=the-code&state=" + wState + "&iss=https%3A%2F%2Fas.example"

var callbacks = map[string]Callback{
	"good":           callback("GET", good),
	"other state":    callback("GET", strings.Replace(good, wState, "other", 1)),
	"no state":       callback("GET", wRedirect+"?code=the-code&iss=https%3A%2F%2Fas.example"),
	"state twice":    callback("GET", good+"&state="+wState),
	"only error":     callback("GET", wRedirect+"?error=access_denied"),
	"denied":         callback("GET", wRedirect+"?error=access_denied&state="+wState+"&iss=https%3A%2F%2Fas.example"),
	"other iss":      callback("GET", strings.Replace(good, "as.example", "evil.example", 1)),
	"iss and slash":  callback("GET", good+"%2F"),
	"no iss":         callback("GET", wRedirect+"?code=the-code&state="+wState),
	"code twice":     callback("GET", good+"&code=other"),
	"code and error": callback("GET", good+"&error=x"),
	"post":           callback("POST", good),
	"favicon":        callback("GET", "http://127.0.0.1:7777/favicon.ico"),
	"foreign host":   callback("GET", strings.Replace(good, "127.0.0.1:7777", "evil.example", 1)),
	"foreign origin": callback("GET", good, message.Field{Name: "Origin", Value: "https://evil.example"}),
	"garbage":        callback("GET", wRedirect+"?%zz"),
}

// walker walks a machine.
type walker[F any] struct {
	t      *testing.T
	copy   func(F) F
	base   func(*F) *machine
	seek   func(*F) *seeker
	step   func(*F, time.Time, Event) ([]Effect, error)
	judge  func(t *testing.T, f *F, path []string)
	rows   []Row[F]
	seen   map[string]bool
	went   map[string]bool // "from on to" that really happened
	states int
}

func (w *walker[F]) walk(f F, now time.Time, path []string) {
	m := w.base(&f)
	if m.State() == Finished || m.State() == Failed {
		w.judge(w.t, &f, path)
		if _, err := w.step(&f, now, Start{}); err == nil {
			w.t.Fatalf("%v: an end was left", path)
		}
		return
	}
	key := w.fingerprint(f, now)
	if w.seen[key] || len(path) > 24 {
		return
	}
	w.seen[key] = true
	w.states++
	for _, r := range w.rows {
		if r.From == m.State() {
			for name, ev := range eventsOf(r.On) {
				w.try(f, now, path, r, name, ev)
			}
		}
	}
}

func eventsOf(on Kind) map[string]Event {
	all := map[string]Event{}
	switch on {
	case OnStart:
		all["start"] = Start{}
	case OnTimer:
		all["timer"] = Timer{}
	case OnTrouble:
		all["trouble"] = Trouble{errors.New("no route")}
	case OnResponse:
		for name, r := range answers {
			all[name] = r
		}
	case OnCallback:
		for name, c := range callbacks {
			all[name] = c
		}
	}
	return all
}

func (w *walker[F]) try(f F, now time.Time, path []string, r Row[F], name string, ev Event) {
	next := w.copy(f)
	if r.On == OnTimer {
		now = now.Add(10 * time.Second)
	}
	effects, err := w.step(&next, now, ev)
	path = append(path[:len(path):len(path)], string(r.From)+":"+name)
	if err != nil {
		w.t.Fatalf("%v: %v", path, err)
	}
	w.went[fmt.Sprint(r.From, r.On, w.base(&next).State())] = true
	for _, e := range effects {
		if s, ok := e.(Send); ok {
			if o := s.Request.Origin(); o != "https://mcp.example" && o != wIssuer {
				w.t.Fatalf("%v: a request to %s", path, s.Request.URL)
			}
		}
		if v, ok := e.(Visit); ok && !strings.HasPrefix(v.URL, "https://") {
			w.t.Fatalf("%v: the browser is sent to %s", path, v.URL)
		}
	}
	w.walk(next, now, path)
}

// fingerprint is everything that the machine remembers but its trace.
func (w *walker[F]) fingerprint(f F, now time.Time) string {
	m := w.base(&f)
	m.log, m.now = trace.Log{}, time.Time{}
	w.seek(&f).Found.Warnings = nil // what is only told decides nothing
	return fmt.Sprintf("%+v %s", f, now)
}

// honest asserts that every way a table promises is taken.
func (w *walker[F]) honest(except ...string) {
	w.t.Helper()
	for _, r := range w.rows {
		for _, to := range r.To {
			key := fmt.Sprint(r.From, r.On, to)
			if !w.went[key] && !contains(except, key) {
				w.t.Errorf("the table promises %s on %s to %s, which never happens", r.From, r.On, to)
			}
		}
	}
	w.t.Logf("%d states", w.states)
}

// natively skips what takes minutes in WebAssembly: the same code walks
// natively.
func natively(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "js" {
		t.Skip("walked natively")
	}
}

func contains(all []string, s string) bool {
	for _, a := range all {
		if a == s {
			return true
		}
	}
	return false
}

// sends are the token requests of a run, and whether each came after a
// callback that was ours.
func tokenRequests(events []trace.Event) (n int, ours bool) {
	ok := false
	for _, ev := range events {
		if ev.Kind == trace.KindRequest && ev.Step == stepCallback {
			u := ev.Request.URL
			ok = strings.HasPrefix(u, wRedirect+"?") && strings.Contains(u, "state="+wState) && strings.Contains(u, "iss=https%3A%2F%2Fas.example") &&
				!strings.Contains(u, "iss=https%3A%2F%2Fas.example%2F") && ev.Request.Method == "GET"
		}
		if ev.Kind == trace.KindRequest && ev.Step == stepToken {
			n++
			ours = ok
		}
	}
	return n, ours
}

func TestWalkAuthCode(t *testing.T) {
	natively(t)
	t.Parallel()
	w := &walker[AuthCode]{t: t, rows: AuthCodeRows, seen: map[string]bool{}, went: map[string]bool{},
		copy: func(f AuthCode) AuthCode { return f }, base: func(f *AuthCode) *machine { return &f.machine }, seek: func(f *AuthCode) *seeker { return &f.seeker },
		step: func(f *AuthCode, now time.Time, ev Event) ([]Effect, error) { return f.Step(now, ev) }}
	w.judge = func(t *testing.T, f *AuthCode, path []string) {
		n, ours := tokenRequests(f.Trace())
		if n > 1 {
			t.Fatalf("%v: the code was used %d times", path, n)
		}
		if n == 1 && !ours && !f.Login.Server.Fallback { // servers of 2025-03-26 know no iss
			t.Fatalf("%v: a token request after a callback that was not ours", path)
		}
		if f.State() == Finished && (n != 1 || f.Login.Token.AccessToken != "good-token") {
			t.Fatalf("%v: finished without a token of the exchange", path)
		}
		if f.State() == Failed && f.Login.Token.AccessToken != "" {
			t.Fatalf("%v: failed with a token", path)
		}
	}
	for _, register := range []bool{true, false} {
		f := NewAuthCode(Target{ResourceURL: wURL}, Client{Register: register}, "")
		f.RedirectURI, f.StateValue, f.Verifier = wRedirect, wState, wVerifier
		w.walk(*f, time.Unix(1e9, 0), nil)
	}
	known := NewAuthCode(Target{ResourceURL: wURL}, Client{ID: "given"}, "")
	known.RedirectURI, known.StateValue, known.Verifier, known.Patience = wRedirect, wState, wVerifier, time.Second
	w.walk(*known, time.Unix(1e9, 0), nil)
	preset := *known
	preset.Found = found(t)
	w.walk(preset, time.Unix(1e9, 0), nil)
	preset.ID, preset.Register = "", true
	w.walk(preset, time.Unix(1e9, 0), nil)
	unreachable := NewAuthCode(Target{ResourceURL: "http://10.0.0.1/"}, Client{}, "")
	w.walk(*unreachable, time.Unix(1e9, 0), nil)
	override := NewAuthCode(Target{ResourceURL: wURL, ResourceMetadataURL: "https://mcp.example/prm"}, Client{Register: true}, "")
	override.RedirectURI, override.StateValue, override.Verifier = wRedirect, wState, wVerifier
	w.walk(*override, time.Unix(1e9, 0), nil)
	w.honest()
}

// found is a discovery that went well.
func found(t *testing.T) Discovered {
	t.Helper()
	f := NewDiscover(Target{ResourceURL: wURL})
	for _, ev := range []Event{Start{}, answers["challenge"], answers["prm"], answers["metadata"]} {
		if _, err := f.Step(time.Unix(1e9, 0), ev); err != nil {
			t.Fatal(err)
		}
	}
	if f.State() != Finished {
		t.Fatal(f.State())
	}
	return f.Found
}

func TestWalkDevice(t *testing.T) {
	natively(t)
	t.Parallel()
	w := &walker[Device]{t: t, rows: DeviceRows, seen: map[string]bool{}, went: map[string]bool{},
		copy: func(f Device) Device { return f }, base: func(f *Device) *machine { return &f.machine }, seek: func(f *Device) *seeker { return &f.seeker },
		step: func(f *Device, now time.Time, ev Event) ([]Effect, error) { return f.Step(now, ev) }}
	w.judge = func(t *testing.T, f *Device, path []string) {
		if f.State() == Finished && f.Login.Token.AccessToken != "good-token" {
			t.Fatalf("%v: finished without a token", path)
		}
	}
	f := NewDevice(Target{ResourceURL: wURL}, Client{Register: true}, "")
	w.walk(*f, time.Unix(1e9, 0), nil)
	f.Found = found(t)
	w.walk(*f, time.Unix(1e9, 0), nil)
	f.Register, f.ID = false, "given"
	w.walk(*f, time.Unix(1e9, 0), nil)
	f.Found = Discovered{}
	w.walk(*f, time.Unix(1e9, 0), nil)
	w.walk(*NewDevice(Target{ResourceURL: "ftp://x"}, Client{}, ""), time.Unix(1e9, 0), nil)
	w.walk(*NewDevice(Target{ResourceURL: wURL, ResourceMetadataURL: "https://mcp.example/prm"}, Client{}, ""), time.Unix(1e9, 0), nil)
	w.honest()
}

func TestWalkClientCreds(t *testing.T) {
	natively(t)
	t.Parallel()
	w := &walker[ClientCreds]{t: t, rows: ClientCredsRows, seen: map[string]bool{}, went: map[string]bool{},
		copy: func(f ClientCreds) ClientCreds { return f }, base: func(f *ClientCreds) *machine { return &f.machine }, seek: func(f *ClientCreds) *seeker { return &f.seeker },
		step: func(f *ClientCreds, now time.Time, ev Event) ([]Effect, error) { return f.Step(now, ev) }}
	w.judge = func(t *testing.T, f *ClientCreds, path []string) {
		if f.State() == Finished && (f.Login.Token.AccessToken != "good-token" || f.Login.Client.ClientSecret == "") {
			t.Fatalf("%v: finished without a token or without a secret", path)
		}
	}
	f := NewClientCreds(Target{ResourceURL: wURL}, Client{Register: true}, "")
	w.walk(*f, time.Unix(1e9, 0), nil)
	f.Found = found(t)
	w.walk(*f, time.Unix(1e9, 0), nil)
	given := NewClientCreds(Target{ResourceURL: wURL}, Client{ID: "given", Secret: "s3cret-s3cret"}, "")
	w.walk(*given, time.Unix(1e9, 0), nil)
	given.Found = found(t)
	w.walk(*given, time.Unix(1e9, 0), nil)
	w.walk(*NewClientCreds(Target{ResourceURL: "ftp://x"}, Client{}, ""), time.Unix(1e9, 0), nil)
	w.walk(*NewClientCreds(Target{ResourceURL: wURL, ResourceMetadataURL: "https://mcp.example/prm"}, Client{}, ""), time.Unix(1e9, 0), nil)
	w.honest()
}

func TestWalkDiscover(t *testing.T) {
	w := &walker[Discover]{t: t, rows: DiscoverRows, seen: map[string]bool{}, went: map[string]bool{},
		copy: func(f Discover) Discover { return f }, base: func(f *Discover) *machine { return &f.machine }, seek: func(f *Discover) *seeker { return &f.seeker },
		step: func(f *Discover, now time.Time, ev Event) ([]Effect, error) { return f.Step(now, ev) }}
	w.judge = func(t *testing.T, f *Discover, path []string) {
		for _, s := range f.Found.Servers {
			if s.Issuer != wIssuer && !s.Fallback {
				t.Fatalf("%v: a server %q that was not named", path, s.Issuer)
			}
		}
		if f.State() == Finished && f.Found.Resource.Resource != "" && f.Found.Resource.Resource != wURL {
			t.Fatalf("%v: metadata of another resource", path)
		}
	}
	w.walk(*NewDiscover(Target{ResourceURL: wURL}), time.Unix(1e9, 0), nil)
	preset := NewDiscover(Target{ResourceURL: wURL})
	preset.Found = found(t)
	w.walk(*preset, time.Unix(1e9, 0), nil)
	w.walk(*NewDiscover(Target{ResourceURL: "ftp://x"}), time.Unix(1e9, 0), nil)
	w.walk(*NewDiscover(Target{ResourceURL: wURL, ResourceMetadataURL: "https://mcp.example/prm"}), time.Unix(1e9, 0), nil)
	w.walk(*NewDiscover(Target{ResourceURL: wURL, ResourceMetadataURL: "http://10.0.0.1/prm"}), time.Unix(1e9, 0), nil)
	w.honest()
}
