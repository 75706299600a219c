package authserver

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/exchange"
	"mcp-auth/core/jose"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/table"
)

// each kind of record has its bound, and whoever meets it is told to come
// back when some have expired: nobody's record makes room for another's.

// full says that a client is told so.
func full(r message.Response) bool {
	return r.Status == 503 && member(r, "error") == oauth.TemporarilyUnavailable && r.Header.Get("Retry-After") == "60" && strings.Contains(member(r, "error_description"), "as many records as it may")
}

// fullPageShown says that a person is.
func fullPageShown(r message.Response) bool {
	return r.Status == 503 && r.Header.Get("Retry-After") == "60" && strings.Contains(string(r.Body), "as many records as it may") && r.Header.Get("Set-Cookie") == ""
}

func TestR04_EveryTableIsBounded(t *testing.T) {
	for name, c := range map[string]struct {
		limits Limits
		send   func(d *desk, n int) message.Response // the n-th request, from 1
		good   func(message.Response) bool
		told   func(message.Response) bool
		ends   time.Duration // then there is room again
	}{
		"clients": {Limits{Clients: 1}, func(d *desk, _ int) message.Response {
			return d.s.Register(d.now, message.Request{Method: "POST", Header: message.Header{{Name: "Content-Type", Value: message.JSONType}}, Body: []byte(codeClient)})
		}, status(201), full, 24 * time.Hour},
		"codes": {Limits{Codes: 1}, func(d *desk, _ int) message.Response { return d.visit("dev-public-client") }, withCode, sentBack, time.Minute},
		"consent pages": {Limits{Transactions: 1}, func(d *desk, _ int) message.Response {
			d.s.cfg.Approval = ApprovalManual
			return d.visit("dev-public-client")
		}, status(200), sentBack, 10 * time.Minute},
		"pushed": {Limits{Transactions: 1}, func(d *desk, _ int) message.Response {
			return d.s.Push(d.now, posted(PushPath, requestOf("dev-public-client")))
		}, status(201), full, time.Minute},
		"devices":       {Limits{Devices: 1}, func(d *desk, _ int) message.Response { return d.device("dev-public-client") }, status(200), full, 30 * time.Minute},
		"access tokens": {Limits{Tokens: 1}, func(d *desk, _ int) message.Response { return d.token(secretGrant) }, status(200), full, time.Hour},
		"grants": {Limits{Tokens: 1}, func(d *desk, _ int) message.Response {
			return d.redeem("dev-public-client", d.codeFor("dev-public-client"))
		}, status(200), full, 30 * 24 * time.Hour},
		"pages of codes": {Limits{Transactions: 1}, func(d *desk, _ int) message.Response {
			return d.enter(member(d.device("dev-public-client"), "user_code"))
		}, status(200), fullPageShown, 10 * time.Minute},
		"proofs": {Limits{Spent: 1}, func(d *desk, n int) message.Response {
			key, _ := jose.FromSeed([32]byte{1})
			proof, _ := exchange.DPoPProof{Method: "POST", URL: fIssuer + TokenPath, JTI: string(rune('a' + n)), IssuedAt: d.now}.Sign(key)
			return d.token(secretGrant, message.Field{Name: "DPoP", Value: proof})
		}, status(200), full, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			s, err := New(Config{Issuer: fIssuer, Resources: []string{fResource}, Approval: ApprovalAuto, Seed: true, Random: rand.Reader, DPoP: DPoPOptional, Limits: c.limits})
			is.NoErr(err) // the server is made
			d := &desk{is, t, s, fNow}
			is.True(c.good(c.send(d, 1))) // there is room
			is.True(c.told(c.send(d, 2))) // and then there is not
			d.now = fNow.Add(c.ends)
			is.True(s.Sweep(d.now) > 0)   // until the first has expired and is swept
			is.True(c.good(c.send(d, 3))) // and then there is again
		})
	}
}

// A code that bought nothing for want of room leaves no grant behind that
// takes room for a month.
func TestR04_NoGrantWithoutTokens(t *testing.T) {
	d := newDesk(t, ApprovalAuto)
	d.s.t.Access = table.NewMemory[Access](1)
	d.Equal(d.token(secretGrant).Status, 200) // the one access token there may be
	code := newCode(t, d.s)
	d.True(full(d.redeem("dev-public-client", code))) // none for the code
	d.Equal(d.s.Records()["grants"], 0)               // and nothing is left
	d.now = d.now.Add(59 * time.Second)
	d.s.t.Access = table.NewMemory[Access](1)
	d.Equal(d.redeem("dev-public-client", code).Status, 200) // the code is good yet
}

// RFC 9700 section 2.5, RFC 8628 section 5.1: who cannot be counted does not
// get to guess, and is told of the server, not of a limit that others met.
func TestR04_NobodyGuessesUncounted(t *testing.T) {
	d := newDesk(t, ApprovalAuto)
	d.s.t.Throttles = table.NewMemory[Throttle](1)
	d.refused(d.token(secretGrant+"x"), "invalid_client")                                                                   // the first guess is counted
	d.True(full(d.token("grant_type=client_credentials&client_id=dev-admin-client&client_secret=wrong")))                   // of another client there is no room for a count, so it is not judged
	d.Equal(d.token("grant_type=client_credentials&client_id=dev-admin-client&client_secret=dev-admin-secret").Status, 200) // the right secret is no guess
	d.True(full(d.device("dev-public-client")))                                                                             // nor does a device begin
	d.Equal(d.s.Records()["devices"], 0)                                                                                    // unseen
	d.s.t.Guesses = table.NewMemory[Throttle](1)
	d.Equal(d.enter("BBBB-BBBB").Status, 400) // the first guess is counted
	r := d.enterFrom("192.0.2.2", "BBBB-BBBB")
	d.True(r.Status == 503 && r.Header.Get("Retry-After") == "60" && strings.Contains(string(r.Body), "as many records as it may")) // another place's is not judged
}

// RFC 8628 section 5.1: one host has all of a /64, so that is one guesser; and
// however many there are, devices begin as ever.
func TestGuessersAreCountedByPlace(t *testing.T) {
	d := newDesk(t, ApprovalAuto)
	tried := map[string]int{}
	for _, c := range []struct{ place, peer string }{{"one /64", "2001:db8::%d"}, {"a link", "fe80::%d%%eth0"}, {"another /64", "2001:db8:0:1::%d"}, {"IPv4", "192.0.2.7"}, {"IPv4", "::ffff:192.0.2.7"}, {"IPv4 beside it", "192.0.2.8"}, {"no address", ""}} {
		for i := range 30 {
			if d.enterFrom(strings.Replace(strings.Replace(c.peer, "%d", message.Decimal(int64(i)), 1), "%%", "%", 1), "BBBB-BBBB").Status != 429 {
				tried[c.place]++
			}
		}
	}
	d.Equal(tried, map[string]int{"one /64": wrongCodes, "a link": wrongCodes, "another /64": wrongCodes, "IPv4": wrongCodes, "IPv4 beside it": wrongCodes, "no address": wrongCodes})
	d.s.t.Guesses = table.NewMemory[Throttle](0)
	d.Equal(d.enter("BBBB-BBBB").Status, 503) // no room for one more guesser
	started := d.device("dev-public-client")
	d.Equal(started.Status, 200)                               // is no room for guesses alone
	d.Equal(d.enter(member(started, "user_code")).Status, 200) // and the right code is none
}

// crowded is a table whose records are always changed by somebody else first.
type crowded[R any] struct {
	table.Table[R]
	swaps *int
}

func (c crowded[R]) Swap(time.Time, table.Key, table.Record[R], R, time.Time) error {
	*c.swaps++
	return table.ErrMoved
}
func (c crowded[R]) Take(time.Time, table.Key, table.Record[R]) error {
	*c.swaps++
	return table.ErrMoved
}

// Whoever loses every race gets an answer in the end, and not one that says it
// won.
func TestWhoAlwaysLosesIsToldSo(t *testing.T) {
	t.Run("device", func(t *testing.T) {
		d, lost := newDesk(t, ApprovalManual), 0
		started := d.device("dev-public-client")
		page := d.enter(member(started, "user_code"))
		d.s.t.Devices = crowded[Device]{d.s.t.Devices, &lost}
		d.True(asked(d.token(deviceGrant + "&client_id=dev-public-client&device_code=" + member(started, "device_code")))) // the poll
		d.True(lost > 1)                                                                                                   // tries again,
		lost = 0
		d.True(shown(d.s.DecideDevice(d.now, answer(DeviceDecisionPath, page, "approve")))) // and so does the answer
		d.True(lost > 1)
	})
	t.Run("revocation", func(t *testing.T) {
		d, lost := newDesk(t, ApprovalAuto), 0
		token := member(d.redeem("dev-public-client", newCode(t, d.s)), "access_token")
		d.s.t.Access = crowded[Access]{d.s.t.Access, &lost}
		d.True(asked(d.revoke("dev-public-client", token))) // a token that lives was not revoked
		d.True(lost > 1 && d.alive(token))
	})
	t.Run("secret", func(t *testing.T) {
		d, lost := newDesk(t, ApprovalAuto), 0
		d.refused(d.token(secretGrant+"x"), "invalid_client")
		d.s.t.Throttles = crowded[Throttle]{d.s.t.Throttles, &lost}
		d.Equal(d.token(secretGrant+"x").Status, 429) // a guess that is not counted is none
		d.True(lost > 1)
	})
}

// rival lets another request through before one change of a record.
type rival[R any] struct {
	table.Table[R]
	first *func()
}

func (r rival[R]) pass() {
	if do := *r.first; do != nil {
		*r.first = nil
		do()
	}
}

func (r rival[R]) Create(now time.Time, k table.Key, value R, expires time.Time) error {
	r.pass()
	return r.Table.Create(now, k, value, expires)
}

func (r rival[R]) Swap(now time.Time, k table.Key, read table.Record[R], value R, expires time.Time) error {
	r.pass()
	return r.Table.Swap(now, k, read, value, expires)
}

func (r rival[R]) Take(now time.Time, k table.Key, read table.Record[R]) error {
	r.pass()
	return r.Table.Take(now, k, read)
}

func TestTwoAnswersToOneConsentPage(t *testing.T) {
	d := newDesk(t, ApprovalManual)
	var first func()
	d.s.t.Transactions = rival[Transaction]{d.s.t.Transactions, &first}
	page := d.visit("dev-public-client")
	var inner message.Response
	first = func() { inner = d.s.Decide(d.now, answer(ConsentPath, page, "deny")) }
	outer := d.s.Decide(d.now, answer(ConsentPath, page, "approve"))
	d.True(strings.Contains(inner.Header.Get("Location"), "error=access_denied")) // the one that was first counts
	d.Equal(outer.Status, 409)                                                    // the other is told so
	d.Equal(d.s.Records()["codes"], 0)                                            // and gets no code
}

func TestTwoVisitsWithOnePushedRequest(t *testing.T) {
	d := newDesk(t, ApprovalAuto)
	var first func()
	d.s.t.Pushed = rival[PushedRecord]{d.s.t.Pushed, &first}
	uri := member(d.s.Push(d.now, posted(PushPath, requestOf("dev-public-client"))), "request_uri")
	visit := func() message.Response {
		return d.s.Authorize(d.now, message.Get(exchange.PushedURL(fIssuer+AuthorizePath, "dev-public-client", uri)))
	}
	var inner message.Response
	first = func() { inner = visit() }
	outer := visit()
	d.True(withCode(inner))            // RFC 9126 section 4: the reference is good
	d.Equal(outer.Status, 400)         // once
	d.Equal(d.s.Records()["codes"], 1) // and buys one code
}

// RFC 8628 section 3.5: polls and the user's answer meet at one record.
func TestPollsAndAnswersMeet(t *testing.T) {
	start := func(t *testing.T) (d *desk, first *func(), poll, say func() message.Response) {
		d, first = newDesk(t, ApprovalManual), new(func())
		started := d.device("dev-public-client")
		page := d.enter(member(started, "user_code"))
		d.s.t.Devices = rival[Device]{d.s.t.Devices, first}
		poll = func() message.Response {
			return d.token(deviceGrant + "&client_id=dev-public-client&device_code=" + member(started, "device_code"))
		}
		say = func() message.Response { return d.s.DecideDevice(d.now, answer(DeviceDecisionPath, page, "approve")) }
		return d, first, poll, say
	}
	t.Run("an answer during a poll", func(t *testing.T) {
		d, first, poll, say := start(t)
		*first = func() { d.Equal(say().Status, 200) }
		d.True(d.alive(member(poll(), "access_token"))) // is seen by that very poll
	})
	t.Run("a poll during the answer", func(t *testing.T) {
		d, first, poll, say := start(t)
		*first = func() { d.refused(poll(), "authorization_pending") }
		d.Equal(say().Status, 200) // does not undo it
		d.now = d.now.Add(5 * time.Second)
		d.Equal(poll().Status, 200) // the next one is the last
	})
	t.Run("two last polls", func(t *testing.T) {
		d, first, poll, say := start(t)
		say()
		var inner message.Response
		*first = func() { inner = poll() }
		d.refused(poll(), "invalid_grant")               // one of them gets nothing
		d.True(d.alive(member(inner, "access_token")))   // the other all,
		d.Equal(d.s.Records()["grants"], 1)              // and what was made in vain is gone
		d.Equal(member(inner, "token_type"), "Bearer")   // complete
		d.True(len(member(inner, "refresh_token")) > 20) // as if it had been alone
	})
}

func TestTwoWrongSecretsAtOnceAreTwo(t *testing.T) {
	d := newDesk(t, ApprovalAuto)
	var first func()
	d.s.t.Throttles = rival[Throttle]{d.s.t.Throttles, &first}
	wrong := func() { d.refused(d.token(secretGrant+"x"), "invalid_client") }
	for range wrongSecrets / 2 {
		first = wrong
		wrong()
	}
	d.Equal(d.token(secretGrant+"x").Status, 429) // none of them was lost
	d.Equal(d.token(secretGrant).Status, 429)     // and the right one waits too,
	d.now = d.now.Add(secretWindow - 1)
	d.Equal(d.token(secretGrant).Status, 429) // until the window that began with the first
	d.now = d.now.Add(1)
	d.Equal(d.token(secretGrant).Status, 200) // has gone by
}

func TestTwoRevocationsAtOnce(t *testing.T) {
	d := newDesk(t, ApprovalAuto)
	var first func()
	d.s.t.Access = rival[Access]{d.s.t.Access, &first}
	token := member(d.redeem("dev-public-client", newCode(t, d.s)), "access_token")
	first = func() { d.Equal(d.revoke("dev-public-client", token).Status, 200) }
	d.Equal(d.revoke("dev-public-client", token).Status, 200) // RFC 7009 section 2.2: what is gone is revoked
	d.True(!d.alive(token))
}

// taken is a table in which every name is in use, or the first few are.
type taken struct {
	table.Table[table.Key]
	left int
}

func (u *taken) Create(now time.Time, k table.Key, value table.Key, expires time.Time) error {
	if u.left--; u.left >= 0 {
		return table.ErrExists
	}
	return u.Table.Create(now, k, value, expires)
}

// RFC 8628 section 6.1: a user code means one device. One that is in use is
// not given out again.
func TestAUserCodeInUseIsNotGivenOut(t *testing.T) {
	d := newDesk(t, ApprovalManual)
	codes := &taken{d.s.t.UserCodes, 3}
	d.s.t.UserCodes = codes
	started := d.device("dev-public-client")
	d.Equal(d.enter(member(started, "user_code")).Status, 200) // the fourth is free, and is the device's
	codes.left = 1 << 20
	d.True(asked(d.device("dev-public-client"))) // when none is, there is no device
	d.Equal(d.s.Records()["devices"], 1)
}

// What a failing storage says at a resource: neither that the token is good
// nor that it is bad (RFC 6750 section 3.1).
func TestR16_FaultsAtAResource(t *testing.T) {
	key, _ := jose.FromSeed([32]byte{1})
	signed := func(d *desk, p exchange.DPoPProof) message.Field {
		p.IssuedAt = d.now
		text, err := p.Sign(key)
		d.NoErr(err) // the proof is signed
		return message.Field{Name: "DPoP", Value: text}
	}
	for at := int64(1); at <= 3; at++ {
		is := is.New(t)
		s, f := faultyWith(t, Config{DPoP: DPoPOptional})
		d := &desk{is, t, s, fNow}
		token := member(d.token("grant_type=authorization_code&client_id=dev-public-client&code_verifier="+fVerifier+"&code="+newCode(t, s), signed(d, exchange.DPoPProof{Method: "POST", URL: fIssuer + TokenPath, JTI: "a"})), "access_token")
		m := posted("/mcp/oauth", "")
		m.Header = append(m.Header, signed(d, exchange.DPoPProof{Method: "POST", URL: fResource, JTI: "b", Token: token}))
		f.Calls()
		f.At.Store(at)
		a, err := s.Check(fNow, m, exchange.Credentials{Token: token, DPoP: true}, fResource)
		var e *oauth.Error
		is.True(errors.As(err, &e) && e.Code == oauth.TemporarilyUnavailable) // it is told apart from a bad token
		is.True(!e.Bound && e.RetryAfter == 1)                                // asks for no proof,
		is.Equal(a, AccessToken{})                                            // and lets nobody in
		f.At.Store(0)
		a, err = s.Check(fNow, m, exchange.Credentials{Token: token, DPoP: true}, fResource)
		is.NoErr(err) // nothing was spent
		is.True(a.Client == "dev-public-client" && a.Key == key.Public().Thumbprint() && a.Resource == fResource && a.ExpiresAt.Equal(fNow.Add(time.Hour)))
	}
}
