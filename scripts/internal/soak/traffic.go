// The requests that loads are made of.
package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"time"

	"mcp-auth/scripts/internal/live"
)

const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	ping      = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ping","arguments":{}}}`
	patience  = 20 * time.Second
)

// authorize asks for a code; state is free.
func authorize(base, state string) []byte {
	return live.Request(base, "/oauth/authorize?response_type=code&client_id=dev-public-client&scope=mcp%3Aread&redirect_uri="+
		url.QueryEscape("http://127.0.0.1:7777/callback")+"&code_challenge="+challenge+"&code_challenge_method=S256&resource="+
		url.QueryEscape(base+"/mcp/oauth")+"&state="+state, "", "")
}

func token(base, form string) []byte { return live.Request(base, "/oauth/token", live.FormField, form) }

func redemption(base, code string) []byte {
	return token(base, "grant_type=authorization_code&client_id=dev-public-client&code_verifier="+verifier+"&code="+code)
}

func renewal(base, refresh string) []byte {
	return token(base, "grant_type=refresh_token&client_id=dev-public-client&refresh_token="+refresh)
}

func clientCredentials(base string) []byte {
	return token(base, "grant_type=client_credentials&client_id=dev-confidential-client&client_secret=dev-confidential-secret")
}

func deviceStart(base string) []byte {
	return live.Request(base, "/oauth/device/authorize", live.FormField, "client_id=dev-public-client&scope=mcp:read&resource="+url.QueryEscape(base+"/mcp/oauth"))
}

func devicePoll(base, code string) []byte {
	return token(base, "grant_type=urn:ietf:params:oauth:grant-type:device_code&client_id=dev-public-client&device_code="+code)
}

func decision(base, path, transaction, cookie string) []byte {
	return live.Request(base, path, live.FormField+"Cookie: "+cookie+"\r\n", "decision=approve&transaction="+transaction)
}

func call(base, token string) []byte {
	return live.Request(base, "/mcp/oauth", live.JSONField+"MCP-Protocol-Version: 2025-11-25\r\nAuthorization: Bearer "+token+"\r\n", ping)
}

func registration(base, body string) []byte {
	return live.Request(base, "/oauth/register", live.JSONField, body)
}

func mint(base string) []byte {
	return live.Request(base, "/test-auth/bearer-token/mint", live.JSONField, "{}")
}

// codeIn is the code in a redirect.
func codeIn(location string) (string, error) {
	u, err := url.Parse(location)
	if err != nil {
		return "", err
	}
	if code := u.Query().Get("code"); code != "" {
		return code, nil
	}
	return "", errors.New("no code came back: " + location)
}

// code gets a code where the server approves by itself.
func code(c *live.Conn, base string) (string, error) {
	a, err := c.Want(303, authorize(base, "xyz"))
	if err != nil {
		return "", err
	}
	return codeIn(a.Location)
}

// device starts a device and has it approved.
func device(c *live.Conn, base string) (deviceCode string, err error) {
	a, err := c.Want(200, deviceStart(base))
	if err != nil {
		return "", err
	}
	deviceCode = strings.Clone(a.Member("device_code"))
	a, err = c.Want(200, live.Request(base, "/oauth/device/verify?user_code="+a.Member("user_code"), "", ""))
	if err != nil {
		return "", err
	}
	_, err = c.Want(200, decision(base, "/oauth/device/verify/consent", a.Field("transaction"), a.Cookie))
	return deviceCode, err
}

// A mix is what one visitor does, over and over: mostly calls, now and then a
// login of each kind.
type mix struct {
	base, access, refresh string
}

// newMix logs in.
func newMix(c *live.Conn, base string) (*mix, error) {
	m := &mix{base: base}
	return m, m.login(c)
}

func (m *mix) login(c *live.Conn) error {
	text, err := code(c, m.base)
	if err != nil {
		return err
	}
	return m.keep(c.Want(200, redemption(m.base, text)))
}

func (m *mix) keep(a live.Answer, err error) error {
	if err != nil {
		return err
	}
	m.access, m.refresh = strings.Clone(a.Member("access_token")), strings.Clone(a.Member("refresh_token"))
	if m.access == "" || m.refresh == "" {
		return fmt.Errorf("a token is missing: %.300s", a.Body)
	}
	return nil
}

// step does one thing. The requests of a login count as one.
func (m *mix) step(c *live.Conn) error {
	switch n := rand.IntN(100); {
	case n < 65:
		_, err := c.Want(200, call(m.base, m.access))
		return err
	case n < 80:
		_, err := c.Want(200, clientCredentials(m.base))
		return err
	case n < 90:
		return m.keep(c.Want(200, renewal(m.base, m.refresh)))
	case n < 97:
		return m.login(c)
	}
	text, err := device(c, m.base)
	if err != nil {
		return err
	}
	_, err = c.Want(200, devicePoll(m.base, text))
	return err
}
