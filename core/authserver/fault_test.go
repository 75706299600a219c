package authserver

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/jose"
	"mcp-auth/core/keyring"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/table"
)

// The storage fails at every call of every operation, once each. What must
// hold then: no token is handed out that does not work, nothing is spent
// without an answer that says so, and the same request sent again succeeds or
// is refused by the book.

const (
	fIssuer   = "http://127.0.0.1:8765"
	fResource = fIssuer + "/mcp/oauth"
	fVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)

func faulty(t *testing.T) (*Server, *table.Fault) {
	t.Helper()
	return faultyWith(t, Config{})
}

func faultyWith(t *testing.T, cfg Config) (*Server, *table.Fault) {
	t.Helper()
	cfg.Issuer, cfg.Resources, cfg.Seed = fIssuer, []string{fResource}, true
	if cfg.Approval == "" {
		cfg.Approval = ApprovalAuto
	}
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	m := MemoryTables(Limits{})
	f := &table.Fault{}
	s, err := NewWith(cfg, Tables{
		Clients: table.Faulty[Client]{Table: m.Clients, Fault: f}, Transactions: table.Faulty[Transaction]{Table: m.Transactions, Fault: f},
		Codes: table.Faulty[Code]{Table: m.Codes, Fault: f}, Grants: table.Faulty[Grant]{Table: m.Grants, Fault: f},
		Access: table.Faulty[Access]{Table: m.Access, Fault: f}, Refresh: table.Faulty[Refresh]{Table: m.Refresh, Fault: f},
		Devices: table.Faulty[Device]{Table: m.Devices, Fault: f}, UserCodes: table.Faulty[table.Key]{Table: m.UserCodes, Fault: f},
		DevicePages: table.Faulty[DevicePage]{Table: m.DevicePages, Fault: f}, Pushed: table.Faulty[PushedRecord]{Table: m.Pushed, Fault: f}, Throttles: table.Faulty[Throttle]{Table: m.Throttles, Fault: f}, Guesses: table.Faulty[Throttle]{Table: m.Guesses, Fault: f}, Spent: table.Faulty[struct{}]{Table: m.Spent, Fault: f}, Keys: table.Faulty[[]keyring.Key]{Table: m.Keys, Fault: f}})
	if err != nil {
		t.Fatal(err)
	}
	return s, f
}

var fNow = time.Unix(1e9, 0)

func tokenForm(s *Server, body string) message.Response {
	return s.Token(fNow, message.Request{Method: "POST", URL: fIssuer + TokenPath, Body: []byte(body), Header: message.Header{{Name: "Content-Type", Value: message.FormType}}})
}

func member(r message.Response, name string) string {
	v, _ := message.ParseJSON(r.Body)
	s, _ := v.Get(name).Text()
	return s
}

// newCode gets a code by the auto hook.
func newCode(t *testing.T, s *Server) string {
	t.Helper()
	r := s.Authorize(fNow, message.Request{Method: "GET", URL: fIssuer + AuthorizePath + "?response_type=code&client_id=dev-public-client&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fcallback&code_challenge=" +
		oauth.Challenge(fVerifier) + "&code_challenge_method=S256&resource=" + "http%3A%2F%2F127.0.0.1%3A8765%2Fmcp%2Foauth"})
	f, _ := message.ParseForm(message.Request{URL: r.Header.Get("Location")}.Query())
	code, _ := f.One("code")
	if code == "" {
		t.Fatal("no code: ", r.Header.Get("Location"))
	}
	return code
}

// everyCall runs an operation with its 1st, 2nd, ... storage call failing,
// until none fails. start prepares it without faults; again sends the same
// request once more.
func everyCall(t *testing.T, prepare func(*Server) string, send func(*Server, string) message.Response, after func(t *testing.T, s *Server, first, second message.Response)) {
	t.Helper()
	for at := int64(1); ; at++ {
		s, f := faulty(t)
		what := prepare(s)
		f.Calls()
		f.At.Store(at)
		first := send(s, what)
		f.At.Store(0)
		if f.Calls() < at {
			if at < 3 {
				t.Fatal("the storage was hardly asked")
			}
			return
		}
		if first.Status != 200 && first.Status != 503 && first.Status != 400 && first.Status != 429 {
			t.Fatalf("call %d fails: %d %s", at, first.Status, first.Body)
		}
		if first.Status == 503 && first.Header.Get("Retry-After") == "" {
			t.Fatalf("call %d fails, and the client is not told when to try again", at)
		}
		after(t, s, first, send(s, what))
	}
}

// works asserts that whatever was answered with 200 is a live token.
func works(t *testing.T, s *Server, r message.Response) bool {
	t.Helper()
	if r.Status != 200 {
		return false
	}
	_, err := s.Check(fNow, message.Request{}, exchange.Credentials{Token: member(r, "access_token")}, fResource)
	return err == nil
}

func TestRF11_FaultsWhileRedeemingACode(t *testing.T) {
	everyCall(t, func(s *Server) string { return newCode(t, s) },
		func(s *Server, code string) message.Response {
			return tokenForm(s, "grant_type=authorization_code&client_id=dev-public-client&code_verifier="+fVerifier+"&code="+code)
		},
		func(t *testing.T, s *Server, first, second message.Response) {
			if first.Status == 200 {
				if second.Status == 200 {
					t.Fatal("one code, two tokens")
				}
				return // the replay has killed the first, as it must
			}
			if !works(t, s, second) {
				t.Fatalf("the fault spent the code: %d %s", second.Status, second.Body)
			}
		})
}

func TestRF11_FaultsWhileRefreshing(t *testing.T) {
	everyCall(t, func(s *Server) string {
		r := tokenForm(s, "grant_type=authorization_code&client_id=dev-public-client&code_verifier="+fVerifier+"&code="+newCode(t, s))
		return member(r, "refresh_token")
	}, func(s *Server, rt string) message.Response {
		return tokenForm(s, "grant_type=refresh_token&client_id=dev-public-client&refresh_token="+rt)
	}, func(t *testing.T, s *Server, first, second message.Response) {
		if first.Status == 200 && second.Status == 200 {
			t.Fatal("one refresh token, used twice")
		}
		if first.Status != 200 && !works(t, s, second) {
			t.Fatalf("the fault spent the refresh token: %d %s", second.Status, second.Body)
		}
	})
}

func TestR16_FaultsWhileAskingForClientCredentials(t *testing.T) {
	everyCall(t, func(*Server) string { return "" }, func(s *Server, _ string) message.Response {
		return tokenForm(s, "grant_type=client_credentials&client_id=dev-confidential-client&client_secret=wrong")
	}, func(t *testing.T, s *Server, first, second message.Response) {
		if first.Status == 200 || second.Status == 200 {
			t.Fatal("a wrong secret was taken")
		}
	})
}

func TestR16_FaultsWhilePollingForADevice(t *testing.T) {
	everyCall(t, func(s *Server) string {
		r := s.DeviceAuthorization(fNow, message.Request{Method: "POST", Body: []byte("client_id=dev-public-client"), Header: message.Header{{Name: "Content-Type", Value: message.FormType}}})
		code := member(r, "device_code")
		if !strings.Contains(string(s.answerDevice(fNow, table.KeyOf(code), true).Body), "approved") {
			t.Fatal("not approved")
		}
		return code
	}, func(s *Server, code string) message.Response {
		return tokenForm(s, "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id=dev-public-client&device_code="+code)
	}, func(t *testing.T, s *Server, first, second message.Response) {
		if first.Status == 200 && (second.Status == 200 || !works(t, s, first)) {
			t.Fatal("one device code, two tokens, or one that does not work")
		}
		if first.Status != 200 && !works(t, s, second) {
			t.Fatalf("the fault spent the device code: %d %s", second.Status, second.Body)
		}
	})
}

func pushForm(s *Server) message.Response {
	return s.Push(fNow, message.Request{Method: "POST", URL: fIssuer + PushPath, Header: message.Header{{Name: "Content-Type", Value: message.FormType}},
		Body: []byte("response_type=code&client_id=dev-public-client&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fcallback&code_challenge=" + oauth.Challenge(fVerifier) +
			"&code_challenge_method=S256&resource=http%3A%2F%2F127.0.0.1%3A8765%2Fmcp%2Foauth")})
}

func TestR16_FaultsWhileUsingAPushedRequest(t *testing.T) {
	codeOf := func(r message.Response) string {
		f, _ := message.ParseForm(message.Request{URL: r.Header.Get("Location")}.Query())
		code, _ := f.One("code")
		return code
	}
	for at := int64(1); ; at++ {
		s, f := faulty(t)
		uri := member(pushForm(s), "request_uri")
		f.Calls()
		f.At.Store(at)
		visit := func() message.Response {
			return s.Authorize(fNow, message.Get(exchange.PushedURL(fIssuer+AuthorizePath, "dev-public-client", uri)))
		}
		first := visit()
		f.At.Store(0)
		if f.Calls() < at {
			if at < 3 {
				t.Fatal("the storage was hardly asked")
			}
			return
		}
		second := visit()
		if codeOf(first) != "" && codeOf(second) != "" {
			t.Fatalf("call %d fails: one pushed request, two codes", at)
		}
		if first.Status == 503 && codeOf(second) == "" {
			t.Fatalf("call %d fails: the fault spent the request: %d", at, second.Status)
		}
	}
}

func TestR16_FaultsWhilePushing(t *testing.T) {
	s, f := faulty(t)
	f.Calls()
	f.At.Store(1) // the one call there is, since the client is seeded
	if r := pushForm(s); r.Status != 503 || r.Header.Get("Retry-After") == "" {
		t.Fatalf("the storage failed, and the answer is %d %s", r.Status, r.Body)
	}
	if r := pushForm(s); r.Status != 201 {
		t.Fatalf("sent again: %d %s", r.Status, r.Body)
	}
}

// Keys, proofs and statements of others: whatever call fails, nothing is
// handed out that does not work, and the same request with fresh signatures
// succeeds.
func TestR16_FaultsWhileProvingByKey(t *testing.T) {
	key, _ := jose.FromSeed([32]byte{1})
	statement := func(typ, name string) string {
		text, err := exchange.Assertion{Type: typ, Issuer: "https://other.example", Subject: "a", Audience: fIssuer, ClientID: "dev-enterprise-client", JTI: name, ExpiresAt: fNow.Add(time.Minute)}.Sign(key, fNow)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	send := func(s *Server, name string) []message.Response {
		v, _ := message.ParseJSON([]byte(devKey))
		own, err := jose.ReadPrivate(v)
		if err != nil {
			t.Fatal(err)
		}
		assertion, _ := exchange.ClientAssertion(own, "dev-key-client", fIssuer, name, fNow)
		proof, _ := exchange.DPoPProof{Method: "POST", URL: fIssuer + TokenPath, JTI: name, IssuedAt: fNow}.Sign(key)
		bound := message.Request{Method: "POST", URL: fIssuer + TokenPath, Body: []byte("grant_type=client_credentials&client_id=dev-admin-client&client_secret=dev-admin-secret"),
			Header: message.Header{{Name: "Content-Type", Value: message.FormType}, {Name: "DPoP", Value: proof}}}
		grant := "grant_type=" + strings.ReplaceAll(oauth.GrantJWTBearer, ":", "%3A") + "&assertion="
		return []message.Response{
			tokenForm(s, "grant_type=client_credentials&client_assertion_type="+strings.ReplaceAll(exchange.AssertionTypeJWT, ":", "%3A")+"&client_assertion="+assertion),
			s.Token(fNow, bound),
			tokenForm(s, grant+statement(exchange.TypeIDJAG, name)+"&client_id=dev-enterprise-client&client_secret=dev-enterprise-secret"),
			tokenForm(s, grant+statement("JWT", name)),
			s.JWKS(fNow, message.Request{}),
		}
	}
	keys := func(time.Time) ([]jose.PublicKey, error) { return []jose.PublicKey{key.Public()}, nil }
	failed := 0
	for at := int64(1); at < 40; at++ {
		s, f := faultyWith(t, Config{DPoP: DPoPOptional, Format: FormatJWT, Trusted: []Trusted{{Issuer: "https://other.example", Users: true, Keys: keys}, {Issuer: "https://other.example", Keys: keys}}})
		f.At.Store(at)
		for i, r := range send(s, "one") {
			switch {
			case r.Status == 503:
				failed++
			case r.Status != 200:
				t.Fatalf("call %d, request %d: %d %s", at, i, r.Status, r.Body)
			}
		}
		f.At.Store(0)
		for i, r := range send(s, "two") {
			if r.Status != 200 {
				t.Fatalf("after call %d, request %d: %d %s", at, i, r.Status, r.Body)
			}
		}
	}
	if failed < 10 {
		t.Fatalf("only %d requests met a failing storage", failed)
	}
}
