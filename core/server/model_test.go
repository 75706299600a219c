// random sequences of requests against a model of forty facts. The model
// says what each answer must be; what is dead or expired stays so.
package server_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mcp-auth/core/authserver"
	"mcp-auth/core/flowtest"
	"mcp-auth/core/message"
	"mcp-auth/core/server"
)

// Lifetimes of the model, short enough that sequences outlive them.
const (
	mCode    = 10 * time.Second
	mAccess  = 40 * time.Second
	mRefresh = 90 * time.Second
	mDevice  = 60 * time.Second
	mPoll    = 5 * time.Second
)

type (
	mGrant struct {
		client string
		dead   bool
		gen    int
		until  time.Time
	}
	mToken struct {
		text    string
		grant   *mGrant
		gen     int
		until   time.Time
		revoked bool
	}
	mCodeOf struct {
		text, client string
		grant        *mGrant // nil: not spent
		until        time.Time
	}
	mDeviceOf struct {
		text, user string
		state      string // pending, approved, denied, redeemed
		until      time.Time
		last       time.Time
		interval   time.Duration
	}
)

// A model is what must be true, and the server it is held against.
type model struct {
	*bench
	codes   []*mCodeOf
	access  []*mToken
	refresh []*mToken
	devices []*mDeviceOf

	strangers int
}

func newModel(t *testing.T) *model {
	return &model{bench: newBench(t, approval(authserver.ApprovalAuto), func(c *server.Config) {
		c.Lifetimes = authserver.Lifetimes{Code: mCode, Access: mAccess, Refresh: mRefresh, Device: mDevice, Interval: mPoll}
	})}
}

func (g *mGrant) live(now time.Time) bool { return !g.dead && now.Before(g.until) }

func (k *mToken) live(now time.Time) bool {
	return !k.revoked && now.Before(k.until) && k.grant.live(now)
}

// want holds an answer against what the model says: "" is success.
func want(t *rapid.T, what string, r message.Response, code string) {
	if code == "" && r.Status != 200 || code != "" && (r.Status != 400 || text(r, "error") != code) {
		t.Fatalf("%s: wanted %q, got %d %s", what, code, r.Status, r.Body)
	}
}

// got remembers the tokens of a successful answer.
func (m *model) got(r message.Response, g *mGrant) {
	g.until = m.now.Add(max(mAccess, mRefresh))
	m.access = append(m.access, &mToken{text: text(r, "access_token"), grant: g, until: m.now.Add(mAccess)})
	if rt := text(r, "refresh_token"); rt != "" {
		m.refresh = append(m.refresh, &mToken{text: rt, grant: g, gen: g.gen, until: m.now.Add(mRefresh)})
	}
}

func pick[T any](t *rapid.T, all []T) T {
	if len(all) == 0 {
		t.Skip("nothing of it yet")
	}
	return all[rapid.IntRange(0, len(all)-1).Draw(t, "which")]
}

func (m *model) client(t *rapid.T) string {
	return rapid.SampledFrom([]string{m.pub, m.pub2}).Draw(t, "client")
}

func (m *model) authorize(t *rapid.T) {
	client := m.client(t)
	code := m.autoCode("client_id=" + client)
	m.codes = append(m.codes, &mCodeOf{text: code, client: client, until: m.now.Add(mCode)})
}

func (m *model) redeem(t *rapid.T) {
	c, client := pick(t, m.codes), m.client(t)
	wrongVerifier, foreign := rapid.IntRange(0, 9).Draw(t, "verifier") == 0, rapid.IntRange(0, 9).Draw(t, "resource") == 0
	changes := []string{"client_id=" + client}
	if wrongVerifier {
		changes = append(changes, "code_verifier="+strings.Repeat("x", 43))
	}
	if foreign {
		changes = append(changes, "resource=https%3A%2F%2Fother.example%2F")
	}
	r := m.bench.redeem(c.text, changes...)
	switch {
	case !m.now.Before(c.until), c.client != client, wrongVerifier:
		want(t, "redeem", r, "invalid_grant")
	case foreign:
		want(t, "redeem", r, "invalid_target")
	case c.grant != nil:
		want(t, "replay", r, "invalid_grant")
		c.grant.dead = true
	default:
		want(t, "redeem", r, "")
		c.grant = &mGrant{client: client, gen: 1}
		m.got(r, c.grant)
		if until := m.now.Add(min(mAccess, 10*time.Minute)); until.After(c.until) {
			c.until = until // a replay is known for one while what it gave lives
		}
	}
}

func (m *model) rotate(t *rapid.T) {
	k, client := pick(t, m.refresh), m.client(t)
	wide := rapid.IntRange(0, 9).Draw(t, "scope") == 0
	changes := []string{"client_id=" + client}
	if wide {
		changes = append(changes, "scope=mcp%3Aread+mcp%3Awrite")
	}
	r := m.bench.refresh(k.text, changes...)
	switch {
	case !m.now.Before(k.until), !k.grant.live(m.now), k.grant.client != client:
		want(t, "refresh", r, "invalid_grant")
	case wide:
		want(t, "refresh", r, "invalid_scope")
	case k.gen != k.grant.gen:
		want(t, "reuse", r, "invalid_grant")
		k.grant.dead = true
	default:
		want(t, "refresh", r, "")
		k.grant.gen++
		m.got(r, k.grant)
	}
}

func (m *model) use(t *rapid.T) {
	k := pick(t, m.access)
	if r := m.mcp(k.text, ping); (r.Status == 200) != k.live(m.now) || r.Status != 200 && r.Status != 401 {
		t.Fatalf("a token that is alive: %v is answered with %d %s", k.live(m.now), r.Status, r.Body)
	}
}

func (m *model) revoke(t *rapid.T) {
	k := pick(t, append(append([]*mToken(nil), m.access...), m.refresh...))
	client := m.client(t)
	want(t, "revoke", m.post("/oauth/revoke", "client_id="+client+"&token="+k.text), "")
	if client != k.grant.client || !m.now.Before(k.until) {
		return
	}
	if k.gen == 0 {
		k.revoked = true
	} else {
		k.grant.dead = true
	}
}

func (m *model) start(t *rapid.T) {
	r := m.device()
	want(t, "device", r, "")
	m.devices = append(m.devices, &mDeviceOf{text: text(r, "device_code"), user: text(r, "user_code"), state: "pending", until: m.now.Add(mDevice), interval: mPoll})
}

func (m *model) decide(t *rapid.T) {
	d := pick(t, m.devices)
	decision := rapid.SampledFrom([]string{"approve", "deny"}).Draw(t, "decision")
	u := m.stranger()
	page, err := u.Visit(base + "/oauth/device/verify?user_code=" + enc(d.user))
	if err != nil {
		t.Fatal(err)
	}
	if open := d.state == "pending" && m.now.Before(d.until); !open || page.Status != 200 {
		if open || page.Status != 400 {
			t.Fatalf("a code that is %s, open %v, is answered with %d", d.state, open, page.Status)
		}
		return
	}
	if page, err = u.Press(page, "decision", decision); err != nil || page.Status != 200 {
		t.Fatalf("%s: %d %v", decision, page.Status, err)
	}
	d.state = map[string]string{"approve": "approved", "deny": "denied"}[decision]
}

// stranger is a browser at an address of its own: who asks for dead codes is
// throttled, which is not what is modelled here.
func (m *model) stranger() *flowtest.Browser {
	m.strangers++
	peer := netip.AddrFrom4([4]byte{198, 18, byte(m.strangers >> 8), byte(m.strangers)}).String()
	return &flowtest.Browser{Do: func(r message.Request) (message.Response, error) {
		r.Peer = peer
		return m.serve(r), nil
	}}
}

func (m *model) ask(t *rapid.T) {
	d := pick(t, m.devices)
	r := m.poll(d.text)
	switch {
	case !m.now.Before(d.until.Add(mDevice)), d.state == "redeemed":
		want(t, "poll", r, "invalid_grant")
	case d.state == "denied":
		want(t, "poll", r, "access_denied")
	case !m.now.Before(d.until):
		want(t, "poll", r, "expired_token")
	case m.tooSoon(d):
		want(t, "poll", r, "slow_down")
	case d.state == "pending":
		want(t, "poll", r, "authorization_pending")
	default:
		want(t, "poll", r, "")
		d.state = "redeemed"
		m.got(r, &mGrant{client: m.dev, gen: 1})
	}
}

// tooSoon is RFC 8628 section 3.5 with the cap of C-15.
func (m *model) tooSoon(d *mDeviceOf) bool {
	gap, first := m.now.Sub(d.last), d.last.IsZero()
	d.last = m.now
	if first || gap >= d.interval {
		return false
	}
	if gap < mPoll && d.interval+5*time.Second <= d.until.Sub(m.now)/2 {
		d.interval += 5 * time.Second
	}
	return true
}

func (m *model) pass(t *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.IntRange(1, 15).Draw(t, "seconds")) * time.Second)
	if rapid.IntRange(0, 4).Draw(t, "sweep") == 0 {
		m.s.Sweep(m.now)
	}
}

func TestR13_RandomSequences(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := newModel(t)
		rt.Repeat(map[string]func(*rapid.T){
			"authorize": m.authorize, "redeem": m.redeem, "redeem again": m.redeem, "refresh": m.rotate, "use": m.use, "revoke": m.revoke,
			"device": m.start, "decide": m.decide, "poll": m.ask, "poll again": m.ask, "time": m.pass,
		})
		for _, k := range m.access { // nothing that was ever handed out was forgotten
			if alive := m.alive(k.text); alive != k.live(m.now) {
				rt.Fatalf("at the end a token is alive: %v, wanted %v", alive, k.live(m.now))
			}
		}
	})
}
