package server_test

import (
	"strings"
	"testing"
	"time"

	"mcp-auth/core/flowtest"
	"mcp-auth/core/message"
	"mcp-auth/core/server"
)

// device starts a device authorization.
func (b *bench) device(changes ...string) message.Response {
	b.t.Helper()
	return b.post("/oauth/device/authorize", form("client_id="+b.dev+"&scope=mcp%3Aread", changes))
}

func (b *bench) poll(deviceCode string, changes ...string) message.Response {
	b.t.Helper()
	return b.post("/oauth/token", form("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id="+b.dev+"&device_code="+deviceCode, changes))
}

func (b *bench) wait(seconds int) { b.now = b.now.Add(time.Duration(seconds) * time.Second) }

// verify opens the page for a code.
func (b *bench) verify(userCode string) flowtest.Page {
	b.t.Helper()
	page, err := b.browser().Visit(base + "/oauth/device/verify?user_code=" + enc(userCode))
	b.NoErr(err) // the page opens
	return page
}

// decideDevice answers for a device as its user.
func (b *bench) decideDevice(userCode, decision string) flowtest.Page {
	b.t.Helper()
	u := b.browser()
	page, err := u.Visit(base + "/oauth/device/verify?user_code=" + enc(userCode))
	b.NoErr(err) // the page opens
	page, err = u.Press(page, "decision", decision)
	b.NoErr(err) // the button works
	return page
}

func TestDV01_Pending(t *testing.T) {
	b := newBench(t)
	d := text(b.device(), "device_code")
	for range 3 {
		b.wait(5)
		b.refused(b.poll(d), 400, "authorization_pending")
	}
}

func TestDV02_SlowDown(t *testing.T) {
	b := newBench(t)
	d := text(b.device(), "device_code")
	b.refused(b.poll(d), 400, "authorization_pending")
	b.wait(1)
	b.refused(b.poll(d), 400, "slow_down")
	for range 3 {
		b.wait(5)
		b.refused(b.poll(d), 400, "slow_down") // 5 more seconds for good: 10 are not kept
	}
	b.wait(10)
	b.refused(b.poll(d), 400, "authorization_pending")
}

func TestDV03_Expiry(t *testing.T) {
	b := newBench(t)
	r := b.device()
	b.wait(900)
	b.refused(b.poll(text(r, "device_code")), 400, "expired_token")
	b.Equal(b.verify(text(r, "user_code")).Status, 400) // the page is neutral
}

func TestDV04_DenialIsFinal(t *testing.T) {
	b := newBench(t)
	r := b.device()
	page := b.decideDevice(text(r, "user_code"), "deny")
	b.True(strings.Contains(page.Body, "denied")) // the page says so
	b.wait(5)
	b.refused(b.poll(text(r, "device_code")), 400, "access_denied")
	b.Equal(b.verify(text(r, "user_code")).Status, 400) // it cannot be approved any more
	b.wait(5)
	b.refused(b.poll(text(r, "device_code")), 400, "access_denied")
}

func TestDV05_PollOfAnotherClient(t *testing.T) {
	b := newBench(t)
	r := b.device()
	b.decideDevice(text(r, "user_code"), "approve")
	b.refused(b.poll(text(r, "device_code"), "client_id=dev-public-client"), 400, "invalid_grant")
	b.wait(5)
	b.Equal(b.poll(text(r, "device_code")).Status, 200) // the owner's poll was not hurt
}

func TestDV06_ParallelPolls(t *testing.T) {
	b := newBench(t)
	for range 10 {
		r := b.device()
		b.decideDevice(text(r, "user_code"), "approve")
		won := 0
		for _, a := range parallel(20, func() message.Response { return b.poll(text(r, "device_code")) }) {
			if a.Status == 200 {
				won++
			}
		}
		b.Equal(won, 1) // exactly one gets the token
	}
}

func TestDV07_GuessingUserCodes(t *testing.T) {
	b := newBench(t)
	live := text(b.device(), "user_code")
	for i := range 100 {
		r := b.serve(message.Request{Method: "GET", URL: base + "/oauth/device/verify?user_code=BBBB-BBB" + string("BCDFGHJK"[i%8]), Peer: "192.0.2.1"})
		if i >= 9 {
			b.Equal(r.Status, 429)                    // from the 10th at most
			b.True(r.Header.Get("Retry-After") != "") // and it says when
		}
		b.wait(0)
	}
	r := b.serve(message.Request{Method: "GET", URL: base + "/oauth/device/verify?user_code=" + live, Peer: "192.0.2.2"})
	b.Equal(r.Status, 200) // another address is not hurt
	tried := 0
	for i := range 30 { // one host has as many addresses as it likes
		r := b.serve(message.Request{Method: "GET", URL: base + "/oauth/device/verify?user_code=BBBB-BBBB", Peer: "2001:db8::" + message.Decimal(int64(i))})
		if r.Status != 429 {
			tried++
		}
	}
	b.True(tried <= 10) // and one count for all of them
}

func TestDV08_UserCodes(t *testing.T) {
	b := newBench(t)
	counts := map[rune]int{}
	seen := map[string]bool{}
	const n = 2000
	for i := range n {
		if i%500 == 0 {
			b.wait(901) // the cap of one client
		}
		code := text(b.device(), "user_code")
		b.Equal(len(code), 9)       // XXXX-XXXX
		b.Equal(code[4], byte('-')) // with a dash
		b.True(!seen[code])         // no duplicate
		seen[code] = true
		for _, c := range code[:4] + code[5:] {
			counts[c]++
		}
	}
	chi, expected := 0.0, float64(n*8)/20
	for _, c := range "BCDFGHJKLMNPQRSTVWXZ" {
		d := float64(counts[c]) - expected
		chi += d * d / expected
		delete(counts, c)
	}
	b.Equal(len(counts), 0) // only these letters
	b.True(chi < 50)        // uniform: chi-square with 19 degrees of freedom, p > 0.0001
}

func TestDV09_OpeningNeverApproves(t *testing.T) {
	b := newBench(t)
	r := b.device()
	for range 3 {
		page := b.verify(text(r, "user_code"))
		b.True(strings.Contains(page.Body, text(r, "user_code"))) // pre-filled
		b.wait(5)
		b.refused(b.poll(text(r, "device_code")), 400, "authorization_pending")
	}
}

func TestDV10_MarkupAsUserCode(t *testing.T) {
	b := newBench(t)
	evil := `"><script>alert(1)</script>`
	r := b.get("/oauth/device/verify?user_code=" + enc(evil))
	b.True(!strings.Contains(string(r.Body), evil))                                         // escaped
	b.True(strings.Contains(r.Header.Get("Content-Security-Policy"), "default-src 'none'")) // and no script would run
	r = b.post("/oauth/device/verify/consent", "decision=approve&transaction=x&user_code="+enc(evil))
	b.True(!strings.Contains(string(r.Body), evil)) // nor here
}

func TestDV11_ApprovalFromElsewhere(t *testing.T) {
	b := newBench(t)
	d := b.device()
	r := b.get("/oauth/device/verify?user_code=" + text(d, "user_code"))
	_, rest, _ := strings.Cut(string(r.Body), `name="transaction" value="`)
	transaction, _, _ := strings.Cut(rest, `"`)
	cookie, _, _ := strings.Cut(r.Header.Get("Set-Cookie"), ";")
	answer := "decision=approve&user_code=" + text(d, "user_code") + "&transaction=" + transaction
	b.Equal(b.post("/oauth/device/verify/consent", "decision=approve&user_code="+text(d, "user_code")).Status, 403) // no anti-forgery value
	b.Equal(b.post("/oauth/device/verify/consent", answer).Status, 403)                                             // no cookie
	b.Equal(b.post("/oauth/device/verify/consent", answer, "Cookie: "+cookie, "Origin: https://evil.example").Status, 403)
	b.wait(5)
	b.refused(b.poll(text(d, "device_code")), 400, "authorization_pending")
}

func TestDV12_AnotherCodeThanShown(t *testing.T) {
	b := newBench(t)
	a, other := b.device(), b.device()
	r := b.get("/oauth/device/verify?user_code=" + text(a, "user_code"))
	_, rest, _ := strings.Cut(string(r.Body), `name="transaction" value="`)
	transaction, _, _ := strings.Cut(rest, `"`)
	cookie, _, _ := strings.Cut(r.Header.Get("Set-Cookie"), ";")
	r = b.post("/oauth/device/verify/consent", "decision=approve&user_code="+text(other, "user_code")+"&transaction="+transaction, "Cookie: "+cookie)
	b.Equal(r.Status, 403) // refused
	b.wait(5)
	b.refused(b.poll(text(other, "device_code")), 400, "authorization_pending") // never approved unseen
}

func TestDV13_CodesDoNotCross(t *testing.T) {
	b := newBench(t)
	r := b.device()
	b.refused(b.poll(text(r, "user_code")), 400, "invalid_grant")
	b.True(!strings.Contains(b.verify(text(r, "user_code")).Body, text(r, "device_code"))) // the page does not show it
}

func TestDV14_ClientsWithoutTheGrant(t *testing.T) {
	b := newBench(t)
	b.refused(b.device("client_id="+b.pub), 400, "unauthorized_client")
	b.refused(b.device("client_id=nobody"), 401, "invalid_client")
	b.refused(b.device("-client_id"), 401, "invalid_client")
}

func TestDV15_Resource(t *testing.T) {
	b := newBench(t)
	b.refused(b.device("resource="+enc("https://other.example/")), 400, "invalid_target")
	r := b.device("resource=" + enc(resource))
	b.decideDevice(text(r, "user_code"), "approve")
	b.Equal(text(b.poll(text(r, "device_code")), "aud"), resource) // the audience is what was asked
}

func TestDV16_HowCodesAreTyped(t *testing.T) {
	b := newBench(t)
	code := text(b.device(), "user_code")
	b.Equal(b.verify(strings.ToLower(strings.Replace(code, "-", " ", 1))).Status, 200) // case and punctuation do not count
	b.Equal(b.verify(strings.Replace(code, "-", "", 1)).Status, 200)
	wide := strings.Map(func(r rune) rune {
		if r == '-' {
			return -1
		}
		return r - 'A' + 'Ａ'
	}, code)
	b.Equal(b.verify(wide).Status, 400) // full-width letters are others
}

func TestDV17_ManyDevices(t *testing.T) {
	b := newBench(t)
	first := b.device()
	limited := 0
	for range 1500 {
		if r := b.device(); r.Status == 429 {
			limited++
		}
	}
	b.True(limited > 400) // capped
	b.decideDevice(text(first, "user_code"), "approve")
	b.Equal(b.poll(text(first, "device_code")).Status, 200) // a flow begun before still completes
}

// RFC 8628 section 3.5 and RFC 8707 section 2.2: what a poll is told.
func TestDV_WhatAPollIsTold(t *testing.T) {
	b := newBench(t)
	d := text(b.device(), "device_code")
	b.refused(b.poll(d, "resource="+enc("https://other.example/")), 400, "invalid_target")
	b.refused(b.poll(d), 400, "authorization_pending")
	r := b.poll(d)
	b.refused(r, 400, "slow_down")
	b.True(strings.Contains(text(r, "error_description"), "wait 10 seconds")) // the interval as it now is
}

// RFC 8628 section 3.2: who keeps the interval that was announced is never too
// soon, also where it is no whole number of seconds.
func TestDV_TheAnnouncedIntervalIsEnough(t *testing.T) {
	b := newBench(t, func(c *server.Config) { c.Lifetimes.Interval = 1500 * time.Millisecond })
	r := b.device()
	d := text(r, "device_code")
	v, _ := message.ParseJSON(r.Body)
	every, _ := v.Get("interval").Int()
	b.refused(b.poll(d), 400, "authorization_pending")
	b.wait(int(every))
	b.refused(b.poll(d), 400, "authorization_pending") // not slow_down
	r = b.poll(d)
	b.refused(r, 400, "slow_down")
	b.True(strings.Contains(text(r, "error_description"), "wait 7 seconds")) // nor who waits as told
	b.wait(7)
	b.refused(b.poll(d), 400, "authorization_pending")
}
