package authserver

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/jose"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/table"
)

// RFC 7523 section 2.1, where statements of others are grants: how long they
// may live, for what they are good, and what fails.

const (
	users    = "https://users.example"
	platform = "https://platform.example"
	bearer   = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="
	forUser  = "&client_id=dev-enterprise-client&client_secret=dev-enterprise-secret"
)

// speaker is the key that signs for all of them.
func speaker() jose.PrivateKey {
	key, _ := jose.FromSeed([32]byte{1})
	return key
}

func trustedBy(issuer string, forUsers bool) []Trusted {
	return []Trusted{{Issuer: issuer, Users: forUsers, Keys: func(time.Time) ([]jose.PublicKey, error) { return []jose.PublicKey{speaker().Public()}, nil }}}
}

// statement signs an assertion with what it does not say itself.
func statement(d *desk, a exchange.Assertion) string {
	a.Subject, a.Audience = "a", fIssuer
	if a.Issuer = platform; a.Type == exchange.TypeIDJAG {
		a.Issuer, a.ClientID = users, "dev-enterprise-client"
	}
	if a.ExpiresAt.IsZero() {
		a.ExpiresAt = d.now.Add(time.Minute)
	}
	text, err := a.Sign(speaker(), d.now)
	d.NoErr(err) // signed
	return text
}

// trusting is a desk that takes the statements of both, and signs them with a
// name of their own.
func trusting(t *testing.T) (*desk, func(exchange.Assertion) string) {
	d := newDesk(t, ApprovalAuto)
	d.s.cfg.Trusted = append(trustedBy(users, true), trustedBy(platform, false)...)
	d.s.grants = d.s.usableGrants()
	names := 0
	return d, func(a exchange.Assertion) string {
		names++
		a.JTI = message.Decimal(int64(names))
		return statement(d, a)
	}
}

// A grant for a user is used at once; the token that a platform mounts for its
// workload lies there for a day.
func TestHowLongAStatementMayLive(t *testing.T) {
	d, sign := trusting(t)
	in := func(typ string, life time.Duration) string {
		return sign(exchange.Assertion{Type: typ, ExpiresAt: d.now.Add(life)})
	}
	d.Equal(d.token(bearer+in(exchange.TypeIDJAG, time.Hour)+forUser).Status, 200)
	d.refused(d.token(bearer+in(exchange.TypeIDJAG, 2*time.Hour)+forUser), oauth.InvalidGrant)
	d.Equal(d.token(bearer+in("JWT", 2*time.Hour)).Status, 200)
	d.Equal(d.token(bearer+in("JWT", 24*time.Hour)).Status, 200)
	d.refused(d.token(bearer+in("JWT", 25*time.Hour)), oauth.InvalidGrant)
}

// A statement that says nothing of a resource is good for the one that is
// asked for; without either it is the first.
func TestForWhichResourceAStatementIs(t *testing.T) {
	d, sign := trusting(t)
	at := func(resource, asked string) string {
		r := d.token(bearer + sign(exchange.Assertion{Type: exchange.TypeIDJAG, Resource: resource}) + forUser + asked)
		v, _ := message.ParseJSON(d.introspect(member(r, "access_token")).Body)
		aud, _ := v.Get("aud").Text()
		return aud
	}
	const other = "&resource=http%3A%2F%2F127.0.0.1%3A8765%2Fother"
	d.Equal(at("", ""), fResource)
	d.Equal(at("", other), fIssuer+"/other")
	d.Equal(at(fIssuer+"/other", ""), fIssuer+"/other")
	d.Equal(at(fIssuer+"/other", other), fIssuer+"/other")
	d.refused(d.token(bearer+sign(exchange.Assertion{Type: exchange.TypeIDJAG, Resource: fResource})+forUser+other), oauth.InvalidTarget)
	d.refused(d.token(bearer+sign(exchange.Assertion{Type: exchange.TypeIDJAG, Resource: "https://other.example/mcp"})+forUser), oauth.InvalidTarget)
}

// RFC 9449 section 5: a workload is nobody's exception.
func TestAWorkloadProvesItsKeyWhereAllDo(t *testing.T) {
	d, sign := trusting(t)
	d.s.cfg.DPoP = DPoPRequired
	d.refused(d.token(bearer+sign(exchange.Assertion{Type: "JWT"})), oauth.InvalidDPoPProof)
}

// RFC 7800 section 3: what is bound to a key is nothing without it, whoever
// brings it.
func TestAStatementOfAKeyIsGoodWithThatKeyAlone(t *testing.T) {
	d, sign := trusting(t)
	d.s.cfg.DPoP = DPoPOptional
	k := speaker()
	other, _ := jose.FromSeed([32]byte{2})
	proof := func(key jose.PrivateKey, jti string) message.Field {
		text, err := exchange.DPoPProof{Method: "POST", URL: fIssuer + TokenPath, JTI: jti, IssuedAt: d.now}.Sign(key)
		d.NoErr(err) // the proof is signed
		return message.Field{Name: "DPoP", Value: text}
	}
	for _, c := range []struct{ typ, client string }{{exchange.TypeIDJAG, forUser}, {"JWT", ""}} {
		body := bearer + sign(exchange.Assertion{Type: c.typ, Key: k.Public().Thumbprint()}) + c.client
		d.refused(d.token(body), oauth.InvalidGrant)                              // without a proof
		d.refused(d.token(body, proof(other, "1"+c.typ)), oauth.InvalidGrant)     // with another key's
		d.Equal(member(d.token(body, proof(k, "2"+c.typ)), "token_type"), "DPoP") // and no refusal spent it
		d.s.cfg.DPoP = DPoPOff
		r := d.token(bearer+sign(exchange.Assertion{Type: c.typ, Key: k.Public().Thumbprint()})+c.client, proof(k, "3"+c.typ))
		d.refused(r, oauth.InvalidGrant) // nobody can prove it where proofs are not looked at
		d.True(strings.Contains(member(r, "error_description"), "--dpop"))
		d.s.cfg.DPoP = DPoPOptional
	}
	strange, err := k.Sign(message.Obj(message.M("iss", message.Str(platform)), message.M("sub", message.Str("a")), message.M("aud", message.Str(fIssuer)),
		message.M("exp", message.Num(d.now.Unix()+60)), message.M("cnf", message.Obj(message.M("x5t#S256", message.Str("x"))))))
	d.NoErr(err)                                                          // signed
	d.refused(d.token(bearer+strange, proof(k, "4")), oauth.InvalidGrant) // a key that is named otherwise is nobody's here
}

func TestWhichScopeAStatementGives(t *testing.T) {
	d, sign := trusting(t)
	d.refused(d.token(bearer+sign(exchange.Assertion{Type: exchange.TypeIDJAG})+forUser+"&scope=%01"), oauth.InvalidScope)
	d.refused(d.token(bearer+sign(exchange.Assertion{Type: exchange.TypeIDJAG, Scope: "mcp:read \u007f"})+forUser+"&scope=mcp%3Aread"), oauth.InvalidScope)
	d.refused(d.token(bearer+sign(exchange.Assertion{Type: exchange.TypeIDJAG, Scope: "mcp:read"})+forUser+"&scope=mcp%3Awrite"), oauth.InvalidScope)
	r := d.token(bearer + sign(exchange.Assertion{Type: exchange.TypeIDJAG, Scope: "mcp:read mcp:admin"}) + forUser)
	d.Equal(member(r, "scope"), "mcp:read") // the client is registered for less
}

// What fails while a statement is judged is told as a failure. Keys that could
// not be had leave the statement good.
func TestR16_FaultsWhileTakingAStatement(t *testing.T) {
	d, sign := trusting(t)
	for _, body := range []string{bearer + sign(exchange.Assertion{Type: exchange.TypeIDJAG}) + forUser, bearer + sign(exchange.Assertion{Type: "JWT"})} {
		known := d.s.cfg.Trusted
		down := func(time.Time) ([]jose.PublicKey, error) { return nil, errors.New("no keys") }
		d.s.cfg.Trusted = []Trusted{{Issuer: users, Users: true, Keys: down}, {Issuer: platform, Keys: down}}
		d.True(asked(d.token(body))) // the keys cannot be had
		d.s.cfg.Trusted = known
		d.Equal(d.token(body).Status, 200)
	}
	d.s.t.Access = table.NewMemory[Access](0)
	d.True(full(d.token(bearer + sign(exchange.Assertion{Type: "JWT"}))))
	grant := bearer + sign(exchange.Assertion{Type: exchange.TypeIDJAG}) + forUser
	d.True(full(d.token(grant)))
	d.s.t.Access = table.NewMemory[Access](2)
	d.Equal(d.token(grant).Status, 200) // nothing was spent for nothing
	d.refused(d.token(grant), oauth.InvalidGrant)
}
