package authserver

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// The rules of each grant at the endpoints of this package, without the front
// door. The attack catalogue holds the same from outside, in core/server.

// A desk is a server with the little that these tests ask of it.
type desk struct {
	*is.I
	t   *testing.T
	s   *Server
	now time.Time
}

func newDesk(t *testing.T, approval Approval) *desk {
	t.Helper()
	s, err := NewWith(Config{Issuer: fIssuer, Resources: []string{fResource, fIssuer + "/other"}, Approval: approval, Seed: true, Random: rand.Reader}, MemoryTables(Limits{}))
	if err != nil {
		t.Fatal(err)
	}
	return &desk{is.New(t), t, s, fNow}
}

func (d *desk) token(body string, fields ...message.Field) message.Response {
	h := append(message.Header{{Name: "Content-Type", Value: message.FormType}}, fields...)
	return d.s.Token(d.now, message.Request{Method: "POST", URL: fIssuer + TokenPath, Body: []byte(body), Header: h})
}

func (d *desk) refresh(token, client, more string) message.Response {
	return d.token("grant_type=refresh_token&refresh_token=" + token + "&client_id=" + client + more)
}

// refused asserts an error code.
func (d *desk) refused(r message.Response, code string) {
	d.t.Helper()
	if got := member(r, "error"); got != code {
		d.t.Fatalf("wanted %s, got %d %s", code, r.Status, r.Body)
	}
}

func (d *desk) alive(token string) bool {
	_, err := d.s.Check(d.now, message.Request{}, exchange.Credentials{Token: token}, fResource)
	return err == nil
}

func TestACodeIsBound(t *testing.T) {
	d := newDesk(t, ApprovalAuto)
	code := newCode(t, d.s)
	const whose, proof = "client_id=dev-public-client", "code_verifier=" + fVerifier
	for _, c := range []struct{ parameters, code string }{
		{"client_id=phase-5-public-client&" + proof, "invalid_grant"},
		{whose + "&code_verifier=" + strings.Repeat("x", 43), "invalid_grant"},
		{whose + "&code_verifier=" + oauth.Challenge(fVerifier), "invalid_grant"},
		{whose, "invalid_grant"},
		{whose + "&" + proof + "&redirect_uri=http%3A%2F%2F127.0.0.1%3A2%2Fcallback", "invalid_grant"},
		{whose + "&" + proof + "&resource=http%3A%2F%2F127.0.0.1%3A8765%2Fother", "invalid_target"},
	} {
		d.refused(d.token("grant_type=authorization_code&code="+code+"&"+c.parameters), c.code)
	}
	good := "grant_type=authorization_code&code=" + code + "&" + whose + "&" + proof
	first := d.token(good)
	d.Equal(first.Status, 200) // and nothing of that has consumed it
	d.refused(d.token(good+"x"), "invalid_grant")
	d.True(d.alive(member(first, "access_token"))) // a replay that is wrong kills nothing
	d.refused(d.token(good), "invalid_grant")
	d.True(!d.alive(member(first, "access_token"))) // one that is right kills what the code bought
}

func TestARefreshTokenIsBound(t *testing.T) {
	d := newDesk(t, ApprovalAuto)
	first := d.token("grant_type=authorization_code&client_id=dev-public-client&code_verifier=" + fVerifier + "&code=" + newCode(t, d.s))
	old := member(first, "refresh_token")
	d.refused(d.refresh(old, "phase-5-public-client", ""), "invalid_grant")
	d.refused(d.refresh(old, "dev-public-client", "&scope=mcp%3Awrite"), "invalid_scope")
	d.refused(d.refresh(old, "dev-public-client", "&resource=http%3A%2F%2F127.0.0.1%3A8765%2Fother"), "invalid_target")
	second := d.refresh(old, "dev-public-client", "")
	d.Equal(second.Status, 200) // nothing of that has spent it
	d.True(member(second, "refresh_token") != old)
	d.refused(d.refresh(old, "dev-public-client", ""), "invalid_grant")
	d.True(!d.alive(member(second, "access_token"))) // reuse kills the family
	d.refused(d.refresh(member(second, "refresh_token"), "dev-public-client", ""), "invalid_grant")
}

// TestTheLoserOfARaceGetsNothing: a second redemption and a second refresh
// begin before the first has committed; the randomness they wait for lets the
// other one through.
func TestTheLoserOfARaceGetsNothing(t *testing.T) {
	d := newDesk(t, ApprovalAuto)
	source := &turns{}
	d.s.cfg.Random = source
	code := newCode(t, d.s)
	body := "grant_type=authorization_code&client_id=dev-public-client&code_verifier=" + fVerifier + "&code=" + code
	var inner message.Response
	source.once = func() { inner = d.token(body) }
	outer := d.token(body)
	d.True(inner.Status == 200 && outer.Status == 400) // one wins
	d.True(!d.alive(member(inner, "access_token")))    // and is dead, since the code was used twice
	rt := member(d.token("grant_type=authorization_code&client_id=dev-public-client&code_verifier="+fVerifier+"&code="+newCode(t, d.s)), "refresh_token")
	source.once = func() { inner = d.refresh(rt, "dev-public-client", "") }
	outer = d.refresh(rt, "dev-public-client", "")
	d.True(inner.Status == 200 && outer.Status == 400) // the same with a refresh token
	d.True(!d.alive(member(inner, "access_token")))
}

// turns is randomness that does something else first, once.
type turns struct{ once func() }

func (r *turns) Read(b []byte) (int, error) {
	if do := r.once; do != nil {
		r.once = nil
		do()
	}
	return rand.Read(b)
}

func TestWhatAClientMayHave(t *testing.T) {
	d := newDesk(t, ApprovalAuto)
	const asks = "grant_type=client_credentials&client_id=phase-6-service-client&client_secret=phase-6-service-secret"
	d.refused(d.token(asks+"&scope=mcp%3Aread+mcp%3Aadmin"), "invalid_scope")
	d.refused(d.token(asks+"&resource=https%3A%2F%2Fother.example%2F"), "invalid_target")
	r := d.token(asks + "&scope=mcp%3Aread")
	_, err := d.s.Check(d.now, message.Request{}, exchange.Credentials{Token: member(r, "access_token")}, fIssuer+"/other")
	d.True(err != nil && d.alive(member(r, "access_token"))) // good at its audience alone
	made := d.s.Register(d.now, message.Request{Method: "POST", Header: message.Header{{Name: "Content-Type", Value: message.JSONType}}, Body: []byte(`{"grant_types":["client_credentials"],"token_endpoint_auth_method":"client_secret_basic"}`)})
	id, secret := member(made, "client_id"), member(made, "client_secret")
	d.refused(d.token("grant_type=client_credentials&client_id="+id+"&client_secret="+secret), "invalid_client") // registered for another way
	d.Equal(d.token("grant_type=client_credentials", message.Field{Name: "Authorization", Value: message.BasicHeader(id, secret)}).Status, 200)
}

func TestPKCEIsNotOptional(t *testing.T) {
	d := newDesk(t, ApprovalAuto)
	for _, method := range []string{"", "&code_challenge_method=plain", "&code_challenge_method=s256"} {
		r := d.s.Authorize(d.now, message.Request{Method: "GET", URL: fIssuer + AuthorizePath + "?response_type=code&client_id=dev-public-client&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fcallback&resource=http%3A%2F%2F127.0.0.1%3A8765%2Fmcp%2Foauth&code_challenge=" + oauth.Challenge(fVerifier) + method})
		d.True(strings.Contains(r.Header.Get("Location"), "error=invalid_request")) // no code
	}
}

func TestADeviceIsPolledByItsClientAndNotTooFast(t *testing.T) {
	d := newDesk(t, ApprovalManual)
	started := d.s.DeviceAuthorization(d.now, message.Request{Method: "POST", Body: []byte("client_id=dev-public-client"), Header: message.Header{{Name: "Content-Type", Value: message.FormType}}})
	poll := func(client string) message.Response {
		return d.token("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id=" + client + "&device_code=" + member(started, "device_code"))
	}
	d.refused(poll("phase-11-device-client"), "invalid_grant")
	for _, step := range []struct {
		after time.Duration
		code  string
	}{{0, "authorization_pending"}, {time.Second, "slow_down"}, {5 * time.Second, "slow_down"}, {10 * time.Second, "authorization_pending"}} {
		d.now = d.now.Add(step.after)
		d.refused(poll("dev-public-client"), step.code)
	}
}

// consent opens the consent page and returns what its answer needs.
func (d *desk) consent() (transaction, cookie string) {
	d.t.Helper()
	r := d.s.Authorize(d.now, message.Request{Method: "GET", URL: fIssuer + AuthorizePath + "?response_type=code&client_id=dev-public-client&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fcallback&resource=http%3A%2F%2F127.0.0.1%3A8765%2Fmcp%2Foauth&code_challenge_method=S256&code_challenge=" + oauth.Challenge(fVerifier)})
	_, after, ok := strings.Cut(string(r.Body), `name="transaction" value="`)
	if !ok {
		d.t.Fatal("no page: ", r.Status, r.Header.Get("Location"))
	}
	transaction, _, _ = strings.Cut(after, `"`)
	cookie, _, _ = strings.Cut(r.Header.Get("Set-Cookie"), ";")
	return transaction, cookie
}

func (d *desk) decide(transaction string, fields ...message.Field) message.Response {
	h := append(message.Header{{Name: "Content-Type", Value: message.FormType}}, fields...)
	return d.s.Decide(d.now, message.Request{Method: "POST", URL: fIssuer + ConsentPath, Header: h, Body: []byte("decision=approve&transaction=" + transaction)})
}

func TestConsentIsOfOneBrowserAndOnce(t *testing.T) {
	d := newDesk(t, ApprovalManual)
	transaction, cookie := d.consent()
	_, others := d.consent()
	own := message.Field{Name: "Cookie", Value: cookie}
	d.Equal(d.decide(transaction).Status, 403)                                                                    // no cookie
	d.Equal(d.decide(transaction, message.Field{Name: "Cookie", Value: others}).Status, 403)                      // another page's
	d.Equal(d.decide(transaction, own, message.Field{Name: "Origin", Value: "https://evil.example"}).Status, 403) // another site
	d.Equal(d.decide(transaction, own, message.Field{Name: "Sec-Fetch-Site", Value: "cross-site"}).Status, 403)
	d.Equal(d.decide(transaction, own).Status, 303) // the page itself
	d.Equal(d.decide(transaction, own).Status, 409) // and once
}
