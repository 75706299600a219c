// The ratios: CPU time of our server for a unit of work, as a multiple of
// what the baseline takes for the same requests.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A work is one unit of load: the same requests to ours and to the baseline.
type work struct {
	name   string
	target float64
	do     func(p *process) func(*conn) error
}

// codeLength is the length of a code in characters.
const codeLength = 43

const (
	formField = "Content-Type: application/x-www-form-urlencoded\r\n"
	jsonField = "Content-Type: application/json\r\n"
	login     = "grant_type=client_credentials&client_id=dev-confidential-client&client_secret=dev-confidential-secret"
	ping      = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ping","arguments":{}}}`
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

func clientCredentials(p *process) func(*conn) error {
	login := request(p.base, "/oauth/token", formField, login)
	return func(c *conn) error {
		_, err := c.do(login, 200)
		return err
	}
}

// codeFlow is two requests: the hook --approval auto answers for the user.
func codeFlow(resource string) func(*process) func(*conn) error {
	return func(p *process) func(*conn) error {
		ask := request(p.base, "/oauth/authorize?response_type=code&client_id=dev-public-client&state=xyz&scope=mcp%3Aread&redirect_uri="+
			url.QueryEscape("http://127.0.0.1:7777/callback")+"&code_challenge="+challenge+"&code_challenge_method=S256&resource="+url.QueryEscape(resource), "", "")
		return func(c *conn) error {
			code, err := c.code(p.base, ask, 303)
			if err != nil {
				return err
			}
			_, err = c.do(request(p.base, "/oauth/token", formField, "grant_type=authorization_code&client_id=dev-public-client&code_verifier="+verifier+"&code="+code), 200)
			return err
		}
	}
}

// code sends an authorization request and returns the code of the redirect. A
// redirect within the server, to where it logs its user in, is followed.
func (c *conn) code(base string, ask []byte, status int) (string, error) {
	a, err := c.do(ask, status)
	if err == nil && strings.HasPrefix(a.location, "/") {
		a, err = c.do(request(base, a.location, "", ""), status)
	}
	if err != nil {
		return "", err
	}
	_, rest, ok := strings.Cut(a.location, "?code=")
	if !ok {
		return "", errors.New("no code came back: " + a.location)
	}
	code, _, _ := strings.Cut(rest, "&")
	return code, nil
}

func resourceCall(token string) func(*process) func(*conn) error {
	return func(p *process) func(*conn) error {
		call := request(p.base, "/mcp/oauth", jsonField+"MCP-Protocol-Version: 2025-11-25\r\nAuthorization: Bearer "+token+"\r\n", ping)
		return func(c *conn) error {
			_, err := c.do(call, 200)
			return err
		}
	}
}

// Sides are our server and the baseline with answers as long as ours.
type sides struct {
	ours, bare *process
	token      string // of ours, to call with
}

// startSides starts both on the core under measurement. With jwt, access tokens
// are signed, and so does the baseline sign once a token.
func startSides(programs string, jwt bool) (sides, error) {
	baseline := []string{programs + "bench"}
	if jwt {
		baseline = append(baseline, "--bare-signs")
	}
	ours, err := startOurs(programs, jwt)
	if err != nil {
		return sides{}, err
	}
	token, lengths, err := sample(ours)
	if err != nil {
		ours.stop()
		return sides{}, err
	}
	bare, err := start(pinned(append(baseline, "--bare", lengths.String())...)...)
	if err != nil {
		ours.stop()
	}
	return sides{ours, bare, token}, err
}

func startOurs(programs string, jwt bool) (*process, error) {
	argv := []string{programs + "mcp-auth-server", "--listen", "127.0.0.1:0", "--approval", "auto", "--log-format", "off", "--max-codes", "10000000"}
	if jwt {
		argv = append(argv, "--token-format", "jwt")
	}
	return start(pinned(argv...)...)
}

func (p sides) stop() {
	p.ours.stop()
	p.bare.stop()
}

// signedRatio is a token by client credentials as a JWT, against the baseline
// with one signature.
func signedRatio(programs string) (string, error) {
	p, err := startSides(programs, true)
	if err != nil {
		return "", err
	}
	defer p.stop()
	ratio, err := compare(work{"jwt", 1.2, clientCredentials}, p.ours, p.bare)
	return fmt.Sprintf("jwt %.2f", ratio), err
}

// ratios compares the three works.
func ratios(programs string) ([]string, error) {
	p, err := startSides(programs, false)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	ours, bare, token := p.ours, p.bare, p.token
	var figures []string
	for _, w := range []work{{"client_credentials", 1.4, clientCredentials}, {"code_flow", 1.7, codeFlow(ours.base + "/mcp/oauth")}, {"resource", 1.4, resourceCall(token)}} {
		ratio, err := compare(w, ours, bare)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", w.name, err)
		}
		figures = append(figures, fmt.Sprintf("%s %.2f", w.name, ratio))
	}
	return figures, nil
}

// sample asks our server once for each thing: a token to call with, and how
// long the answers are.
func sample(p *process) (token string, s sizes, err error) {
	c, err := dial(p.base)
	if err != nil {
		return "", s, err
	}
	defer c.Close()
	a, err := c.do(request(p.base, "/oauth/token", formField, login), 200)
	if err != nil {
		return "", s, err
	}
	s.token = len(a.body)
	token = accessToken(a.body)
	s.signed = max(0, strings.LastIndexByte(token, '.'))
	if a, err = c.do(request(p.base, "/mcp/oauth", jsonField+"Authorization: Bearer "+token+"\r\n", ping), 200); err != nil {
		return "", s, err
	}
	s.call = len(a.body)
	s.location = len("http://127.0.0.1:7777/callback?code=&state=xyz&iss=") + codeLength + len(url.QueryEscape(p.base))
	return token, s, nil
}

// accessToken is the token of an answer.
func accessToken(body []byte) string {
	_, rest, _ := bytes.Cut(body, []byte(`"access_token":"`))
	token, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(token)
}

// compare returns the ratio of the lower quartiles of both: what else runs on
// the machine only adds.
func compare(w work, ours, bare *process) (float64, error) {
	slots := 40
	if *quick {
		slots = 6
	}
	all, err := brief(slots).costs(subject{ours, w.do(ours)}, subject{bare, w.do(bare)})
	if err != nil {
		return 0, err
	}
	ratio := all[0].low / all[1].low
	fmt.Printf("%-20s %.2f times the baseline (wanted: at most %.1f): %.1f us of CPU against %.1f; upper quartiles %.1f and %.1f, %d slices each\n",
		w.name, ratio, w.target, all[0].low, all[1].low, all[0].high, all[1].high, slots)
	return ratio, nil
}

// A subject is a server with what it is asked.
type subject struct {
	*process
	do func(*conn) error
}

// Quartiles of the CPU time for one unit of work, in microseconds.
type quartiles struct{ low, middle, high float64 }

// A course is how often each is measured, for how long, and for how long it
// runs before that.
type course struct {
	slots      int
	span, warm time.Duration
}

// brief slices: most of them meet nothing else that runs on the machine.
func brief(slots int) course { return course{slots, 250 * time.Millisecond, 0} }

// costs takes slices of all subjects in turn.
func (c course) costs(all ...subject) ([]quartiles, error) {
	times := make([][]float64, len(all))
	for range c.slots {
		for i, s := range all {
			if c.warm > 0 {
				if _, err := repeat(s.base, s.do, until(time.Now().Add(c.warm))); err != nil {
					return nil, err
				}
			}
			t, err := cost(s.process, s.do, c.span)
			if err != nil {
				return nil, err
			}
			times[i] = append(times[i], t)
		}
	}
	out := make([]quartiles, len(all))
	for i, t := range times {
		slices.Sort(t)
		out[i] = quartiles{t[c.slots/4], t[c.slots/2], t[c.slots-1-c.slots/4]}
	}
	return out, nil
}

// cost is the server's CPU time for one unit, in microseconds.
func cost(p *process, do func(*conn) error, span time.Duration) (float64, error) {
	before, err := p.cpu()
	if err != nil {
		return 0, err
	}
	n, err := repeat(p.base, do, until(time.Now().Add(span)))
	if err != nil {
		return 0, err
	}
	after, err := p.cpu()
	if err != nil {
		return 0, err
	}
	if n == 0 || after == before {
		return 0, errors.New("nothing was measured: the rounds are too short")
	}
	return float64((after - before).Nanoseconds()) / 1000 / float64(n), nil
}
