package authserver

import (
	"crypto/rand"
	"io"
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

// What the pages and the device codes promise to people and to their browsers.

// The cookie of a page is for its path, for scripts never, for as long as the
// page, and for https alone where there is https (RFC 6265 section 4.1.2).
func TestTheCookieOfAPage(t *testing.T) {
	for issuer, end := range map[string]string{
		fIssuer:                     "; Path=/oauth/authorize; HttpOnly; SameSite=Lax; Max-Age=600",
		"https://as.example/tenant": "; Path=/tenant/oauth/authorize; HttpOnly; SameSite=Lax; Max-Age=600; Secure",
	} {
		is := is.New(t)
		s, err := New(Config{Issuer: issuer, Resources: []string{fResource}, Seed: true, Random: rand.Reader})
		is.NoErr(err) // the server is made
		r := s.Authorize(fNow, message.Get(issuer+AuthorizePath+"?"+requestOf("dev-public-client")))
		cookie := r.Header.Get("Set-Cookie")
		is.True(strings.HasSuffix(cookie, end))                                         // its attributes
		is.True(strings.Contains(string(r.Body), "This page is valid for 10 minutes.")) // and the page says how long
		page := answer(ConsentPath, r, "approve")
		name, value, _ := strings.Cut(strings.TrimSuffix(cookie, end), "=")
		for _, wrong := range []string{"x=" + value, name + "=x", name, name + "=" + value + "x"} {
			other := page
			other.Header = page.Header[:1:1].With("Cookie", wrong)
			is.Equal(s.Decide(fNow, other).Status, 403) // another name or value is another browser
		}
		second := s.Authorize(fNow, message.Get(issuer+AuthorizePath+"?"+requestOf("dev-public-client")))
		other, _, _ := strings.Cut(second.Header.Get("Set-Cookie"), "=")
		is.True(other != name) // two pages of one browser do not disturb each other
		page.Header = page.Header[:1:1].With("Cookie", "a=b;"+name+"="+value+" ; c=d")
		is.Equal(s.Decide(fNow, page).Status, 303) // it is found among others
	}
}

// A decision that is not plainly one decides nothing.
func TestADecisionIsClearOrNone(t *testing.T) {
	d := newDesk(t, ApprovalManual)
	page := d.visit("dev-public-client")
	good := answer(ConsentPath, page, "approve")
	for name, c := range map[string]struct {
		body, kind, says string
		status           int
	}{
		"no word":        {strings.Replace(string(good.Body), "decision=approve&", "", 1), message.FormType, "not clear", 400},
		"another word":   {strings.Replace(string(good.Body), "approve", "yes", 1), message.FormType, "not clear", 400},
		"two words":      {string(good.Body) + "&decision=deny", message.FormType, "not clear", 400},
		"no transaction": {"decision=approve", message.FormType, "did not come from the browser", 403},
		"no form":        {`{"decision":"approve"}`, message.JSONType, "could not be read", 415},
	} {
		bad := good
		bad.Body, bad.Header = []byte(c.body), message.Header{{Name: "Content-Type", Value: c.kind}, {Name: "Cookie", Value: good.Header.Get("Cookie")}}
		for _, r := range []message.Response{d.s.Decide(d.now, bad), d.s.DecideDevice(d.now, bad)} {
			if r.Status != c.status || !strings.Contains(string(r.Body), c.says) {
				t.Errorf("%s: %d %s", name, r.Status, r.Note)
			}
		}
	}
	foreign := good
	foreign.Header = good.Header.With("Sec-Fetch-Site", "cross-site")
	d.True(strings.Contains(string(d.s.Decide(d.now, foreign).Body), "another site")) // who is told what
	d.True(withCode(d.s.Decide(d.now, good)))                                         // and the page can be answered yet
}

// Only a client that registered itself has a name that nobody has verified.
func TestWhoseNameIsNotVerified(t *testing.T) {
	d := newDesk(t, ApprovalManual)
	id, _ := d.register(strings.Replace(codeClient, "{", `{"client_name":"Bank",`, 1))
	device, _ := d.register(strings.Replace(deviceClient, "{", `{"client_name":"Bank",`, 1))
	unverified := func(r message.Response) bool {
		d.Equal(r.Status, 200) // a page
		return strings.Contains(string(r.Body), "Name not verified")
	}
	d.True(unverified(d.visit(id)))
	d.True(!unverified(d.visit("dev-public-client")))
	d.True(unverified(d.enter(member(d.device(device), "user_code"))))
	d.True(!unverified(d.enter(member(d.device("dev-public-client"), "user_code"))))
}

// RFC 8628 section 3.2: how long the codes live and how often to ask, in
// seconds; the page says it to people.
func TestDV_WhatADeviceIsTold(t *testing.T) {
	d := newDesk(t, ApprovalManual)
	r := d.device("dev-public-client")
	v, err := message.ParseJSON(r.Body)
	d.NoErr(err) // JSON
	life, _ := v.Get("expires_in").Number()
	every, _ := v.Get("interval").Number()
	d.Equal(life, "900")
	d.Equal(every, "5")
	d.Equal(member(r, "verification_uri"), fIssuer+DeviceVerifyPath)
	d.Equal(member(r, "verification_uri_complete"), fIssuer+DeviceVerifyPath+"?user_code="+member(r, "user_code"))
	d.now = d.now.Add(5 * time.Minute)
	d.True(strings.Contains(string(d.enter(member(r, "user_code")).Body), "10 minutes")) // what is left of it
	d.refused(d.s.DeviceAuthorization(d.now, posted(DevicePath, "client_id=dev-public-client&scope=mcp%3Aadmin")), "invalid_scope")
	d.refused(d.s.DeviceAuthorization(d.now, posted(DevicePath, "client_id=dev-public-client&resource=https%3A%2F%2Fother.example%2F")), "invalid_target")
}

// RFC 8628 section 6.1: letters that cannot be mistaken, each as likely as the
// others.
func TestDV_UserCodesAreEven(t *testing.T) {
	is := is.New(t)
	seen := map[byte]int{}
	all := make([]byte, 0, 256*8)
	for range 8 { // every byte there is, eight times
		for b := range 256 {
			all = append(all, byte(b))
		}
	}
	for random := strings.NewReader(string(all)); ; {
		code, err := newUserCode(random)
		if err != nil {
			is.Equal(err, io.EOF) // to the end
			break
		}
		is.True(len(code) == 9 && code[4] == '-') // XXXX-XXXX
		for _, c := range []byte(code[:4] + code[5:]) {
			seen[c]++
		}
	}
	is.Equal(len(seen), len(userCodeLetters)) // every letter
	for _, n := range seen {
		is.Equal(n, 8*256/20-6) // 240 of the 256 bytes fall on 20 letters, twelve each
	}
}

func TestDV_WhatIsNoUserCode(t *testing.T) {
	d := newDesk(t, ApprovalManual)
	r := d.s.DeviceVerify(d.now, message.Get(fIssuer+DeviceVerifyPath+"?user_code=a&user_code=b"))
	d.True(r.Status == 400 && strings.Contains(string(r.Body), "could not be read")) // two are none
	r = d.s.DeviceVerify(d.now, message.Get(fIssuer+DeviceVerifyPath+"?user_code=%zz"))
	d.True(r.Status == 400 && strings.Contains(string(r.Body), "could not be read")) // nor is what is no query
	d.Equal(d.s.DeviceVerify(d.now, message.Get(fIssuer+DeviceVerifyPath)).Status, 200)
	for _, typed := range []string{"AEIO-UYAE", "BBBB", "BBBB-BBBBB", "BBBB_BBBB"} {
		r = d.enter(typed)
		d.True(r.Status == 400 && strings.Contains(string(r.Body), "No device is waiting")) // is told like a wrong one
	}
}

// An answer after the end is none, at the first instant of it, whatever the
// page says; and one that was given stands.
func TestDV_WhenADeviceMayBeAnswered(t *testing.T) {
	d := newDesk(t, ApprovalManual)
	d.s.cfg.Lifetimes.Device = time.Minute
	started := d.device("dev-public-client")
	code := member(started, "user_code")
	page := d.enter(code)
	for _, after := range []time.Duration{time.Minute, 2 * time.Minute, 9 * time.Minute} { // the record is gone after the second
		d.now = fNow.Add(after)
		r := d.s.DecideDevice(d.now, answer(DeviceDecisionPath, page, "approve"))
		d.True(r.Status == 400 && strings.Contains(string(r.Body), "expired")) // it is over
		d.Equal(d.enter(code).Status, 400)                                     // also to whoever types the code
	}
	d.now = fNow.Add(time.Minute)
	d.refused(d.token(deviceGrant+"&client_id=dev-public-client&device_code="+member(started, "device_code")), "expired_token")
	d.now = fNow.Add(time.Minute - 1)
	other := d.enter(code)
	d.Equal(d.s.DecideDevice(d.now, answer(DeviceDecisionPath, page, "deny")).Status, 200)     // just before it
	d.Equal(d.s.DecideDevice(d.now, answer(DeviceDecisionPath, other, "approve")).Status, 409) // once
	d.refused(d.token(deviceGrant+"&client_id=dev-public-client&device_code="+member(started, "device_code")), "access_denied")
}

// One client's devices are counted for itself, and those it has finished with
// are not counted any more.
func TestDV_ManyDevicesOfOneClient(t *testing.T) {
	d := newDesk(t, ApprovalManual)
	d.s.cfg.Limits.ClientStarts = 2
	started := d.device("dev-public-client")
	d.Equal(d.device("dev-public-client").Status, 200)
	r := d.device("dev-public-client")
	d.True(r.Status == 429 && r.Header.Get("Retry-After") == "60")
	d.Equal(d.device("phase-11-device-client").Status, 200) // another client may begin
	d.s.answerDevice(d.now, table.KeyOf(member(started, "device_code")), true)
	d.Equal(d.token(deviceGrant+"&client_id=dev-public-client&device_code="+member(started, "device_code")).Status, 200)
	d.Equal(d.device("dev-public-client").Status, 200) // one is done
	d.Equal(d.device("dev-public-client").Status, 429)
}

// What happens at a page is told to the trace in words, and with no secret.
func TestWhatTheTraceIsTold(t *testing.T) {
	d := newDesk(t, ApprovalManual)
	page := d.visit("dev-public-client")
	device := d.device("dev-public-client")
	confirm := d.enter(member(device, "user_code"))
	for note, r := range map[string]message.Response{
		"asking for consent":                   page,
		"approved: a code goes to the client":  d.s.Decide(d.now, answer(ConsentPath, page, "approve")),
		"asking for approval of a device":      confirm,
		"the user answered for a device":       d.s.DecideDevice(d.now, answer(DeviceDecisionPath, confirm, "approve")),
		"keeps a pushed authorization request": d.s.Push(d.now, posted(PushPath, requestOf("dev-public-client"))),
		"access_denied: the user said no":      d.s.Decide(d.now, answer(ConsentPath, d.visit("dev-public-client"), "deny")),
		"registered a client":                  d.s.Register(d.now, message.Request{Method: "POST", Header: message.Header{{Name: "Content-Type", Value: message.JSONType}}, Body: []byte(codeClient)}),
	} {
		d.Equal(r.Note, note)
	}
}

// RFC 7662 section 2.2: a refresh token is active while it can be used, and no
// longer.
func TestIntrospectionOfRefreshTokens(t *testing.T) {
	d := newDesk(t, ApprovalAuto)
	active := func(token string) (message.Value, bool) {
		r := d.introspect(token)
		d.Equal(r.Status, 200) // whatever it is
		v, err := message.ParseJSON(r.Body)
		d.NoErr(err) // JSON
		yes, ok := v.Get("active").Bool()
		d.True(ok) // REQUIRED
		return v, yes
	}
	first := member(d.redeem("dev-public-client", newCode(t, d.s)), "refresh_token")
	v, yes := active(first)
	d.True(yes) // it is the current one
	for name, want := range map[string]string{"client_id": "dev-public-client", "sub": Subject, "aud": fResource, "scope": "mcp:read", "iss": fIssuer} {
		got, _ := v.Get(name).Text()
		d.Equal(got, want) // what was granted
	}
	exp, _ := v.Get("exp").Number()
	d.Equal(exp, message.Decimal(fNow.Add(30*24*time.Hour).Unix())) // for so long
	d.Equal(v.Get("token_type").Kind(), message.Missing)            // it is no access token
	second := member(d.refresh(first, "dev-public-client", ""), "refresh_token")
	v, yes = active(first)
	d.True(!yes && len(v.Members()) == 1) // used: and nothing is told of it
	_, yes = active(second)
	d.True(yes)
	d.Equal(d.revoke("dev-public-client", second).Status, 200)
	_, yes = active(second)
	d.True(!yes) // revoked
}

// RFC 9449 section 5: a confidential client may change keys; its new access
// token is bound to the new one.
func TestARefreshBindsToTheKeyThatIsProven(t *testing.T) {
	d := newDesk(t, ApprovalAuto)
	d.s.cfg.DPoP = DPoPOptional
	k1, _ := jose.FromSeed([32]byte{1})
	k2, _ := jose.FromSeed([32]byte{2})
	names := 0
	proof := func(k jose.PrivateKey, p exchange.DPoPProof) message.Field {
		names++
		p.JTI, p.IssuedAt, p.Method = message.Decimal(int64(names)), d.now, "POST"
		text, err := p.Sign(k)
		d.NoErr(err) // signed
		return message.Field{Name: "DPoP", Value: text}
	}
	at := func(k jose.PrivateKey) message.Field { return proof(k, exchange.DPoPProof{URL: fIssuer + TokenPath}) }
	const client = "&client_id=dev-confidential-client&client_secret=dev-confidential-secret"
	first := d.token("grant_type=authorization_code&code_verifier="+fVerifier+"&code="+d.codeFor("dev-confidential-client")+client, at(k1))
	d.Equal(member(first, "token_type"), "DPoP")
	second := d.token("grant_type=refresh_token&refresh_token="+member(first, "refresh_token")+client, at(k2))
	token := member(second, "access_token")
	d.Equal(member(second, "token_type"), "DPoP")
	shows := func(k jose.PrivateKey) error {
		m := posted("/mcp/oauth", "")
		m.Header = append(m.Header, proof(k, exchange.DPoPProof{URL: fResource, Token: token}))
		_, err := d.s.Check(d.now, m, exchange.Credentials{Token: token, DPoP: true}, fResource)
		return err
	}
	d.True(shows(k1) != nil) // the old key opens nothing
	d.NoErr(shows(k2))       // the new one does
	third := d.token("grant_type=refresh_token&refresh_token=" + member(second, "refresh_token") + client)
	d.Equal(member(third, "token_type"), "Bearer") // and without a proof there is none
	d.True(d.alive(member(third, "access_token")))
}

// OAuth 2.1 section 4.1.3: a code that is gone when it should be marked as
// used buys nothing.
func TestACodeThatGoesMeanwhile(t *testing.T) {
	d := newDesk(t, ApprovalAuto)
	var first func()
	codes := d.s.t.Codes
	d.s.t.Codes = rival[Code]{codes, &first}
	code := newCode(t, d.s)
	first = func() { d.NoErr(take(d.now, codes, table.KeyOf(code))) }
	d.refused(d.redeem("dev-public-client", code), "invalid_grant")
	d.Equal(d.s.Records()["grants"], 0) // and what was made for it is gone
	d.refused(d.token("grant_type=authorization_code&client_id=dev-public-client&code_verifier="+fVerifier), oauth.InvalidRequest)
}
