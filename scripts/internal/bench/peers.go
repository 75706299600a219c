// Other servers in the same run: each does the same works on the same core,
// in turn with ours and with the baseline.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"mcp-auth/scripts/internal/workerd"
)

// A peer is a server that others made.
type peer struct {
	name  string
	start func(installed string) (*process, error)
	works [3]func(*process) (func(*conn) error, error) // in the order of works; nil: it has none
	lacks string
}

// works are what is compared.
var works = [...]string{"client_credentials", "code_flow", "resource"}

const peersDir = "scripts/internal/bench/peers"

var peerServers = []peer{
	{"ory/fosite 0.49.0", startGo("fosite"), [3]func(*process) (func(*conn) error, error){peerToken("/oauth/token", "&scope=mcp%3Aread"), fositeFlow.prepare, fositeFlow.call},
		"a library: no MCP (its call answers a constant), no resource indicators, no metadata; its secrets are hashed with SHA-256 here, by default with bcrypt; PKCE enforced"},
	{"zitadel/oidc 3.52.0", startGo("zitadel"), [3]func(*process) (func(*conn) error, error){
		peerWork("/oauth/token", formField, "grant_type=client_credentials&client_id=sid1&client_secret=verysecret&scope=openid"), zitadelFlow.prepare, zitadelFlow.userinfo("/userinfo")},
		"the storage of its own example; no MCP: its call is userinfo with the token checked; its code flow is three requests, and signs an id_token as well (RS256)"},
	{"oidc-provider 9.13.3", startNode("oidc-provider"), [3]func(*process) (func(*conn) error, error){peerToken("/token", ""), oidcFlow.prepare, oidcFlow.userinfo("/me")},
		"no MCP: its call is userinfo with the token checked; its code flow signs an id_token as well (RS256)"},
	{"oauth2-mock-server 8.2.3", startNode("oauth2-mock-server"), [3]func(*process) (func(*conn) error, error){peerToken("/token", ""), mockFlow.prepare, nil},
		"no clients, no secrets, no consent, no resource: nothing is checked but PKCE; tokens are JWTs signed with RS256; no call, since it checks no token"},
	{"workers-oauth-provider 1.2.3", startWorkerd, [3]func(*process) (func(*conn) error, error){nil, workersFlow.prepare, workersFlow.call},
		"a library, in workerd with a map for its KV namespace; no client credentials; no MCP (its call answers a constant); its code flow stores a refresh token as well"},
}

func startGo(name string) func(string) (*process, error) {
	return func(installed string) (*process, error) {
		program := filepath.Join(installed, name)
		c := exec.Command("go", "build", "-o", program, ".")
		c.Dir = filepath.Join(peersDir, name)
		if out, err := c.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("go build in %s: %w\n%s", c.Dir, err, out)
		}
		return start(pinned(program)...)
	}
}

func startNode(name string) func(string) (*process, error) {
	return func(installed string) (*process, error) {
		return start(pinned("node", filepath.Join(installed, name+".mjs"))...)
	}
}

// startWorkerd runs the folder's Worker.
func startWorkerd(installed string) (*process, error) {
	program, err := workerd.Program(filepath.Join(installed, "node_modules"))
	if err != nil {
		return nil, err
	}
	p, err := workerd.Serve(program, installed)
	if err != nil {
		return nil, err
	}
	pin(p.Command.Process.Pid, "0")
	return &process{p.Command, "http://" + p.Address}, nil
}

// install puts the servers from npm into .cache, at the versions of the lock.
func install() (string, error) {
	to, err := filepath.Abs(filepath.Join(".cache", "bench-peers"))
	if err != nil {
		return "", err
	}
	from := filepath.Join(peersDir, "node")
	lock, err := os.ReadFile(filepath.Join(from, "package-lock.json"))
	if err != nil {
		return "", err
	}
	had, _ := os.ReadFile(filepath.Join(to, "package-lock.json"))
	if err := os.CopyFS(to+".new", os.DirFS(from)); err != nil {
		return "", err
	}
	if bytes.Equal(had, lock) { // the scripts may be newer
		if err := os.Rename(filepath.Join(to, "node_modules"), filepath.Join(to+".new", "node_modules")); err == nil {
			return to, errors.Join(os.RemoveAll(to), os.Rename(to+".new", to))
		}
	}
	fmt.Fprintln(os.Stderr, "installing the peers from npm into .cache/bench-peers, once")
	c := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	c.Dir = to + ".new"
	if out, err := c.CombinedOutput(); err != nil {
		_ = os.RemoveAll(to + ".new")
		return "", fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	return to, errors.Join(os.RemoveAll(to), os.Rename(to+".new", to))
}

func peerToken(path, more string) func(*process) (func(*conn) error, error) {
	return peerWork(path, formField, login+more)
}

// peerWork is one request, again and again.
func peerWork(path, fields, body string) func(*process) (func(*conn) error, error) {
	return func(p *process) (func(*conn) error, error) {
		ask := request(p.base, path, fields, body)
		return func(c *conn) error {
			_, err := c.do(ask, 200)
			return err
		}, nil
	}
}

// A flow is where a peer has its code flow.
type flow struct {
	authorize, token, scope, redirect string
	status                            int
	session                           bool // somebody must be logged in: /cookie says who
}

var (
	fositeFlow  = flow{"/oauth/authorize", "/oauth/token", "mcp:read", "http://127.0.0.1:7777/callback", 303, false}
	zitadelFlow = flow{"/authorize", "/oauth/token", "openid", "http://127.0.0.1:7777/callback", 302, false}
	oidcFlow    = flow{"/auth", "/token", "openid mcp:read", "https://client.example/callback", 303, true}
	mockFlow    = flow{"/authorize", "/token", "mcp:read", "http://127.0.0.1:7777/callback", 302, false}
	workersFlow = flow{"/oauth/authorize", "/oauth/token", "mcp:read", "http://127.0.0.1:7777/callback", 302, false}
)

func (f flow) prepare(p *process) (func(*conn) error, error) {
	do, err := f.login(p)
	return func(c *conn) error {
		_, err := do(c)
		return err
	}, err
}

// login makes the two requests of a flow, and returns what the second answered.
func (f flow) login(p *process) (func(*conn) (answer, error), error) {
	fields := ""
	if f.session {
		c, err := dial(p.base)
		if err != nil {
			return nil, err
		}
		defer c.Close()
		a, err := c.do(request(p.base, "/cookie", "", ""), 200)
		if err != nil {
			return nil, err
		}
		fields = "Cookie: " + string(a.body) + "\r\n"
	}
	ask := request(p.base, f.authorize+"?response_type=code&client_id=dev-public-client&state=xyzxyzxyz&scope="+url.QueryEscape(f.scope)+"&redirect_uri="+
		url.QueryEscape(f.redirect)+"&code_challenge="+challenge+"&code_challenge_method=S256", fields, "")
	return func(c *conn) (answer, error) {
		code, err := c.code(p.base, ask, f.status)
		if err != nil {
			return answer{}, err
		}
		return c.do(request(p.base, f.token, formField, "grant_type=authorization_code&client_id=dev-public-client&code_verifier="+verifier+
			"&redirect_uri="+url.QueryEscape(f.redirect)+"&code="+code), 200)
	}, nil
}

// bearer logs in once and returns the access token.
func (f flow) bearer(p *process) (string, error) {
	do, err := f.login(p)
	if err != nil {
		return "", err
	}
	c, err := dial(p.base)
	if err != nil {
		return "", err
	}
	defer c.Close()
	a, err := do(c)
	return accessToken(a.body), err
}

// call is a call of MCP with a token of the flow.
func (f flow) call(p *process) (func(*conn) error, error) {
	token, err := f.bearer(p)
	return resourceCall(token)(p), err
}

// userinfo is what those without MCP answer with the token checked.
func (f flow) userinfo(path string) func(*process) (func(*conn) error, error) {
	return func(p *process) (func(*conn) error, error) {
		token, err := f.bearer(p)
		if err != nil {
			return nil, err
		}
		return peerWork(path, "Authorization: Bearer "+token+"\r\n", "")(p)
	}
}

// beside measures all, prints the table and, with --readme, writes it.
func beside(programs, load string) error {
	installed, err := install()
	if err != nil {
		return err
	}
	p, err := startSides(programs, false)
	if err != nil {
		return err
	}
	defer p.stop()
	running := make([]*process, len(peerServers))
	for i, peer := range peerServers {
		if running[i], err = peer.start(installed); err != nil {
			return fmt.Errorf("%s: %w", peer.name, err)
		}
		defer running[i].stop()
	}
	ours := [...]func(*process) func(*conn) error{clientCredentials, codeFlow(p.ours.base + "/mcp/oauth"), resourceCall(p.token)}
	cells := make([][3]float64, 1+len(peerServers)) // ratios; 0: none
	for w := range works {
		if err := row(w, p, ours[w], running, cells); err != nil {
			return fmt.Errorf("%s: %w", works[w], err)
		}
	}
	text := peerTable(cells)
	fmt.Println(text)
	if *readme {
		return replace("README.md", "<!-- scripts/bench --peers --readme -->\n", text+where(load))
	}
	return nil
}

// row measures one work on all that have it, by the median of windows that are
// long enough for what a server does now and then, as to collect its garbage:
// the lower quartile of brief slices would leave that out.
func row(w int, p sides, ours func(*process) func(*conn) error, running []*process, cells [][3]float64) error {
	windows := course{9, time.Second, 300 * time.Millisecond}
	if *quick {
		windows = course{3, 250 * time.Millisecond, 50 * time.Millisecond}
	}
	all, at := []subject{{p.bare, ours(p.bare)}, {p.ours, ours(p.ours)}}, []int{0}
	for i, peer := range peerServers {
		if peer.works[w] == nil {
			continue
		}
		do, err := peer.works[w](running[i])
		if err != nil {
			return fmt.Errorf("%s: %w", peer.name, err)
		}
		all, at = append(all, subject{running[i], do}), append(at, i+1)
	}
	q, err := windows.costs(all...)
	if err != nil {
		return err
	}
	for i, cell := range at {
		cells[cell][w] = q[i+1].middle / q[0].middle
	}
	return nil
}

// peerTable is the ratios to the baseline, and in brackets to ours.
func peerTable(cells [][3]float64) string {
	var b strings.Builder
	b.WriteString("| server | client credentials | code flow | call with its token checked | what it does not do |\n|---|---|---|---|---|\n")
	for i, c := range cells {
		name, lacks := "mcp-auth-server", ""
		if i > 0 {
			name, lacks = peerServers[i-1].name, peerServers[i-1].lacks
		}
		fmt.Fprintf(&b, "| %s |", name)
		for w, ratio := range c {
			switch {
			case ratio == 0:
				b.WriteString(" none |")
			case i == 0:
				fmt.Fprintf(&b, " %.2f |", ratio)
			default:
				fmt.Fprintf(&b, " %.1f (%.1f times ours) |", ratio, ratio/cells[0][w])
			}
		}
		fmt.Fprintf(&b, " %s |\n", lacks)
	}
	return b.String()
}
