package authserver

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/exchange"
	"mcp-auth/core/jose"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/table"
)

// whichever call of an endpoint to the storage or to the source of
// randomness fails, the answer says so in the endpoint's own form, nothing is
// handed out, and the same request sent again goes through.

// dry is randomness that fails at one call, counted from 1.
type dry struct{ at, calls int64 }

func (r *dry) Read(b []byte) (int, error) {
	if r.calls++; r.calls == r.at {
		return 0, errors.New("no randomness")
	}
	return rand.Read(b)
}

const redirectBack = "http://127.0.0.1:1/callback"

// asked says that an answer tells of a failure as clients of an endpoint read it.
func asked(r message.Response) bool {
	return r.Status == 503 && member(r, "error") == oauth.TemporarilyUnavailable && r.Header.Get("Retry-After") == "1" && member(r, "access_token") == ""
}

// shown is that for people: a page, which sets no cookie.
func shown(r message.Response) bool {
	return r.Status == 503 && strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") && strings.Contains(string(r.Body), "storage failed") && r.Header.Get("Set-Cookie") == ""
}

// sentBack is that by redirect (RFC 6749 section 4.1.2.1).
func sentBack(r message.Response) bool {
	to, query, _ := strings.Cut(r.Header.Get("Location"), "?")
	return r.Status == 303 && to == redirectBack && strings.Contains(query, "error=temporarily_unavailable") && strings.Contains(query, "state=s") &&
		strings.Contains(query, "iss=") && !strings.Contains(query, "code=")
}

// status is an answer that is as it should be.
func status(n int) func(message.Response) bool {
	return func(r message.Response) bool { return r.Status == n }
}

// withCode is an answer that carries a code.
func withCode(r message.Response) bool {
	return r.Status == 303 && strings.Contains(r.Header.Get("Location"), "?code=")
}

// register makes a client that is kept in the storage, as opposed to the seeded ones.
func (d *desk) register(body string) (id, secret string) {
	d.t.Helper()
	r := d.s.Register(d.now, message.Request{Method: "POST", Header: message.Header{{Name: "Content-Type", Value: message.JSONType}}, Body: []byte(body)})
	if r.Status != 201 {
		d.t.Fatalf("not registered: %d %s", r.Status, r.Body)
	}
	return member(r, "client_id"), member(r, "client_secret")
}

const (
	codeClient   = `{"redirect_uris":["` + redirectBack + `"],"grant_types":["authorization_code","refresh_token"],"token_endpoint_auth_method":"none"}`
	deviceClient = `{"grant_types":["urn:ietf:params:oauth:grant-type:device_code","refresh_token"],"token_endpoint_auth_method":"none"}`
	secretClient = `{"grant_types":["client_credentials"],"token_endpoint_auth_method":"client_secret_post"}`
	deviceGrant  = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code"
	secretGrant  = "grant_type=client_credentials&client_id=dev-confidential-client&client_secret=dev-confidential-secret"
)

func posted(path, body string) message.Request {
	return message.Request{Method: "POST", URL: fIssuer + path, Body: []byte(body), Header: message.Header{{Name: "Content-Type", Value: message.FormType}}}
}

// request are the parameters of an authorization request.
func requestOf(client string) string {
	return "response_type=code&state=s&client_id=" + client + "&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fcallback&code_challenge=" + oauth.Challenge(fVerifier) +
		"&code_challenge_method=S256&resource=http%3A%2F%2F127.0.0.1%3A8765%2Fmcp%2Foauth"
}

func (d *desk) visit(client string) message.Response {
	return d.s.Authorize(d.now, message.Get(fIssuer+AuthorizePath+"?"+requestOf(client)))
}

// codeFor is a code of a client that registered itself.
func (d *desk) codeFor(client string) string {
	d.t.Helper()
	f, _ := message.ParseForm(message.Request{URL: d.visit(client).Header.Get("Location")}.Query())
	code, _ := f.One("code")
	if code == "" {
		d.t.Fatal("no code")
	}
	return code
}

func (d *desk) redeem(client, code string) message.Response {
	return d.token("grant_type=authorization_code&client_id=" + client + "&code_verifier=" + fVerifier + "&code=" + code)
}

func (d *desk) device(client string) message.Response {
	return d.s.DeviceAuthorization(d.now, posted(DevicePath, "client_id="+client))
}

func (d *desk) enter(userCode string) message.Response { return d.enterFrom("192.0.2.1", userCode) }

func (d *desk) enterFrom(peer, userCode string) message.Response {
	r := message.Get(fIssuer + DeviceVerifyPath + "?user_code=" + userCode)
	r.Peer = peer
	return d.s.DeviceVerify(d.now, r)
}

// answer is the post of a page's button.
func answer(path string, page message.Response, word string) message.Request {
	_, after, _ := strings.Cut(string(page.Body), `name="transaction" value="`)
	transaction, _, _ := strings.Cut(after, `"`)
	cookie, _, _ := strings.Cut(page.Header.Get("Set-Cookie"), ";")
	r := posted(path, "decision="+word+"&transaction="+transaction)
	r.Header = append(r.Header, message.Field{Name: "Cookie", Value: cookie})
	return r
}

func (d *desk) introspect(token string) message.Response {
	return d.s.Introspect(d.now, posted(IntrospectPath, "client_id=dev-confidential-client&client_secret=dev-confidential-secret&token="+token))
}

func (d *desk) revoke(client, token string) message.Response {
	return d.s.Revoke(d.now, posted(RevokePath, "client_id="+client+"&token="+token))
}

// An outage is one request, sent while something fails.
type outage struct {
	cfg     Config
	prepare func(*desk) (send func() message.Response)
	good    func(message.Response) bool // the answer when nothing fails
	told    func(message.Response) bool // the answer when something does
	spared  int                         // calls that only keep books: their failure changes no answer
	calls   int64                       // of the storage
	random  int64                       // reads of randomness, at least
	kept    string                      // the records that a failure leaves as many as they were
	again   func(message.Response) bool // the answer to the same request afterwards; nil: good
}

// either is one of two forms: a page until the client is known, a redirect
// from then on.
func either(a, b func(message.Response) bool) func(message.Response) bool {
	return func(r message.Response) bool { return a(r) || b(r) }
}

var outages = map[string]outage{
	"device authorization": {calls: 8, random: 9, spared: 2, kept: "devices", good: status(200), told: asked, prepare: func(d *desk) func() message.Response {
		id, _ := d.register(deviceClient)
		return func() message.Response { return d.device(id) }
	}},
	"user code": {calls: 5, random: 2, good: status(200), told: shown, prepare: func(d *desk) func() message.Response {
		id, _ := d.register(deviceClient)
		code := member(d.device(id), "user_code")
		return func() message.Response { return d.enter(code) }
	}},
	"wrong user code": {calls: 4, good: status(400), told: either(shown, func(r message.Response) bool { // one that cannot be counted is not tried
		return r.Status == 429 && r.Header.Get("Retry-After") == "60" && !strings.Contains(string(r.Body), "No device")
	}), prepare: func(d *desk) func() message.Response {
		return func() message.Response { return d.enter("BBBB-BBBB") }
	}},
	"answer for a device": {calls: 3, kept: "devices", good: status(200), told: shown, prepare: func(d *desk) func() message.Response {
		page := d.enter(member(d.device("dev-public-client"), "user_code"))
		return func() message.Response { return d.s.DecideDevice(d.now, answer(DeviceDecisionPath, page, "approve")) }
	}},
	"poll": {calls: 4, spared: 1, good: status(400), told: asked, prepare: func(d *desk) func() message.Response {
		id, _ := d.register(deviceClient)
		code := member(d.device(id), "device_code")
		return func() message.Response { return d.token(deviceGrant + "&client_id=" + id + "&device_code=" + code) }
	}},
	"last poll": {calls: 9, random: 3, spared: 3, kept: "grants", good: status(200), told: asked, prepare: func(d *desk) func() message.Response {
		id, _ := d.register(deviceClient)
		code := member(d.device(id), "device_code")
		d.s.answerDevice(d.now, table.KeyOf(code), true)
		return func() message.Response { return d.token(deviceGrant + "&client_id=" + id + "&device_code=" + code) }
	}},
	"consent page": {cfg: Config{Approval: ApprovalManual}, calls: 4, random: 2, spared: 2, kept: "consents", good: status(200), told: either(shown, sentBack), prepare: func(d *desk) func() message.Response {
		id, _ := d.register(codeClient)
		return func() message.Response { return d.visit(id) }
	}},
	"consent": {cfg: Config{Approval: ApprovalManual}, calls: 3, random: 1, kept: "codes", good: withCode, told: either(shown, sentBack), again: either(withCode, status(409)), prepare: func(d *desk) func() message.Response {
		page := d.visit("dev-public-client")
		return func() message.Response { return d.s.Decide(d.now, answer(ConsentPath, page, "approve")) }
	}},
	"authorization": {calls: 4, random: 1, spared: 2, kept: "codes", good: withCode, told: either(shown, sentBack), prepare: func(d *desk) func() message.Response {
		id, _ := d.register(codeClient)
		return func() message.Response { return d.visit(id) }
	}},
	"pushed request": {calls: 4, random: 1, spared: 2, kept: "pushed", good: status(201), told: asked, prepare: func(d *desk) func() message.Response {
		id, _ := d.register(codeClient)
		return func() message.Response { return d.s.Push(d.now, posted(PushPath, requestOf(id))) }
	}},
	"authorization of a pushed request": {calls: 5, random: 1, spared: 1, kept: "codes", good: withCode, told: either(func(r message.Response) bool {
		return r.Status == 503 && r.Header.Get("Location") == ""
	}, sentBack), again: either(withCode, status(400)), prepare: func(d *desk) func() message.Response {
		id, _ := d.register(codeClient)
		uri := member(d.s.Push(d.now, posted(PushPath, requestOf(id))), "request_uri")
		return func() message.Response {
			return d.s.Authorize(d.now, message.Get(exchange.PushedURL(fIssuer+AuthorizePath, id, uri)))
		}
	}},
	"registration": {calls: 1, random: 2, kept: "clients", good: status(201), told: asked, prepare: func(d *desk) func() message.Response {
		return func() message.Response {
			r := posted(RegisterPath, secretClient)
			r.Header = message.Header{{Name: "Content-Type", Value: message.JSONType}}
			return d.s.Register(d.now, r)
		}
	}},
	"code": {calls: 7, random: 3, spared: 1, kept: "grants", good: status(200), told: asked, prepare: func(d *desk) func() message.Response {
		id, _ := d.register(codeClient)
		code := d.codeFor(id)
		return func() message.Response { return d.redeem(id, code) }
	}},
	"replayed code": {calls: 5, spared: 1, kept: "grants", good: status(400), told: asked, prepare: func(d *desk) func() message.Response {
		id, _ := d.register(codeClient)
		code := d.codeFor(id)
		d.redeem(id, code)
		return func() message.Response { return d.redeem(id, code) }
	}},
	"refresh": {calls: 7, random: 2, spared: 1, kept: "grants", good: status(200), told: asked, prepare: func(d *desk) func() message.Response {
		id, _ := d.register(codeClient)
		rt := member(d.redeem(id, d.codeFor(id)), "refresh_token")
		return func() message.Response { return d.refresh(rt, id, "") }
	}},
	"refresh token used twice": {calls: 6, spared: 1, kept: "grants", good: status(400), told: asked, prepare: func(d *desk) func() message.Response {
		id, _ := d.register(codeClient)
		rt := member(d.redeem(id, d.codeFor(id)), "refresh_token")
		d.refresh(rt, id, "")
		return func() message.Response { return d.refresh(rt, id, "") }
	}},
	"client credentials": {calls: 5, random: 1, spared: 2, kept: "access", good: status(200), told: asked, prepare: func(d *desk) func() message.Response {
		id, secret := d.register(secretClient)
		return func() message.Response {
			return d.token("grant_type=client_credentials&client_id=" + id + "&client_secret=" + secret)
		}
	}},
	"wrong secret": {calls: 3, kept: "throttles", good: status(401), told: asked, prepare: func(d *desk) func() message.Response {
		return func() message.Response { return d.token(secretGrant + "x") }
	}},
	"grant for a user": {cfg: Config{Trusted: trustedBy(users, true)}, calls: 3, random: 1, kept: "access", good: status(200), told: asked, again: status(200), prepare: func(d *desk) func() message.Response {
		body := bearer + statement(d, exchange.Assertion{Type: exchange.TypeIDJAG, JTI: "1"}) + forUser
		return func() message.Response { return d.token(body) }
	}},
	"grant of a user that was used": {cfg: Config{Trusted: trustedBy(users, true)}, calls: 5, random: 1, kept: "grants", good: status(400), told: asked, spared: 2, prepare: func(d *desk) func() message.Response {
		body := bearer + statement(d, exchange.Assertion{Type: exchange.TypeIDJAG, JTI: "1"}) + forUser
		d.Equal(d.token(body).Status, 200) // the first time
		return func() message.Response { return d.token(body) }
	}},
	"statement of a workload": {cfg: Config{Trusted: trustedBy(platform, false)}, calls: 1, random: 1, kept: "access", good: status(200), told: asked, prepare: func(d *desk) func() message.Response {
		body := bearer + statement(d, exchange.Assertion{Type: "JWT", JTI: "1"})
		return func() message.Response { return d.token(body) }
	}},
	"signed token": {cfg: Config{Format: FormatJWT}, calls: 4, random: 2, good: status(200), told: asked, kept: "access", prepare: func(d *desk) func() message.Response {
		return func() message.Response { return d.token(secretGrant) }
	}},
	"keys": {cfg: Config{Format: FormatJWT}, calls: 2, random: 1, good: status(200), told: asked, prepare: func(d *desk) func() message.Response {
		return func() message.Response { return d.s.JWKS(d.now, message.Request{}) }
	}},
	"nonce": {cfg: Config{DPoP: DPoPOptional, DPoPNonce: true}, calls: 3, random: 1, good: status(400), told: asked, prepare: func(d *desk) func() message.Response {
		key, _ := jose.FromSeed([32]byte{1})
		proof, _ := exchange.DPoPProof{Method: "POST", URL: fIssuer + TokenPath, JTI: "a", IssuedAt: fNow}.Sign(key)
		return func() message.Response { return d.token(secretGrant, message.Field{Name: "DPoP", Value: proof}) }
	}},
	"revocation of an access token": {calls: 5, spared: 1, kept: "access", good: status(200), told: asked, prepare: func(d *desk) func() message.Response {
		id, _ := d.register(codeClient)
		token := member(d.redeem(id, d.codeFor(id)), "access_token")
		return func() message.Response { return d.revoke(id, token) }
	}},
	"revocation of a refresh token": {calls: 7, spared: 1, kept: "grants", good: status(200), told: asked, prepare: func(d *desk) func() message.Response {
		id, _ := d.register(codeClient)
		token := member(d.redeem(id, d.codeFor(id)), "refresh_token")
		return func() message.Response { return d.revoke(id, token) }
	}},
	"revocation of nothing": {calls: 2, good: status(200), told: asked, prepare: func(d *desk) func() message.Response {
		return func() message.Response { return d.revoke("dev-public-client", "unknown") }
	}},
	"introspection of an access token": {calls: 3, good: status(200), told: asked, prepare: func(d *desk) func() message.Response {
		token := member(d.redeem("dev-public-client", d.codeFor("dev-public-client")), "access_token")
		return func() message.Response { return d.introspect(token) }
	}},
	"introspection of a refresh token": {calls: 4, good: status(200), told: asked, prepare: func(d *desk) func() message.Response {
		token := member(d.redeem("dev-public-client", d.codeFor("dev-public-client")), "refresh_token")
		return func() message.Response { return d.introspect(token) }
	}},
	"introspection of nothing": {calls: 3, good: status(200), told: asked, prepare: func(d *desk) func() message.Response {
		return func() message.Response { return d.introspect("unknown") }
	}},
}

func TestR16_EveryEndpointTellsOfAnOutage(t *testing.T) {
	for name, o := range outages {
		t.Run(name, func(t *testing.T) {
			calls, spared := o.walk(t, func(d *desk, f *table.Fault, r *dry, at int64) (made func() int64) {
				f.Calls()
				f.At.Store(at)
				return func() int64 { f.At.Store(0); return f.Calls() }
			})
			if calls != o.calls || spared != o.spared {
				t.Errorf("the storage was asked %d times, wanted %d; the failure of %d changed nothing, wanted %d", calls, o.calls, spared, o.spared)
			}
			reads, spared := o.walk(t, func(d *desk, f *table.Fault, r *dry, at int64) (made func() int64) {
				r.calls, r.at = 0, at
				return func() int64 { r.at = 0; return r.calls }
			})
			if reads < o.random || spared != 0 {
				t.Errorf("randomness was asked for %d times, wanted %d; the failure of %d changed nothing", reads, o.random, spared)
			}
		})
	}
}

// walk sends the request once for each call there is, while that one fails. It
// returns how many there are, and how many failures the answer does not show.
func (o outage) walk(t *testing.T, fail func(d *desk, f *table.Fault, r *dry, at int64) (made func() int64)) (calls int64, spared int) {
	t.Helper()
	again := o.again
	if again == nil {
		again = o.good
	}
	for at := int64(1); ; at++ {
		cfg, r := o.cfg, &dry{}
		cfg.Random = r
		s, f := faultyWith(t, cfg)
		d := &desk{is.New(t), t, s, fNow}
		send := o.prepare(d)
		before := s.Records()[o.kept]
		made := fail(d, f, r, at)
		first := send()
		calls := made()
		if calls < at {
			if !o.good(first) {
				t.Fatalf("nothing fails: %d %s %s", first.Status, first.Header.Get("Location"), first.Note)
			}
			return at - 1, spared
		}
		if o.good(first) {
			spared++
			continue
		}
		if !o.told(first) {
			t.Fatalf("call %d fails, and the answer is %d %s %s", at, first.Status, first.Header.Get("Location"), first.Note)
		}
		if after := s.Records()[o.kept]; after != before {
			t.Fatalf("call %d fails, and %d %s are left of %d", at, after, o.kept, before)
		}
		if second := send(); !again(second) {
			t.Fatalf("call %d fails, and the same request again: %d %s %s", at, second.Status, second.Header.Get("Location"), second.Note)
		}
	}
}
