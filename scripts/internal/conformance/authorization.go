// The ring of the authorization server: A1, the suite's authorization mode
// for each way of client authentication, at the root's issuer and at one
// below a path.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// authMethods are announced alone, each by a server of its own: a client that
// may authenticate in several ways would only ever try one of them.
var authMethods = []string{"none", "client_secret_post", "client_secret_basic"}

// issuers are the issuers of one server by their paths.
var issuers = []struct{ name, path string }{{"root", ""}, {"path", "/tenant/acme"}}

func authorizationTrials() (all []trial) {
	for _, method := range authMethods {
		for _, issuer := range issuers {
			all = append(all, trial{scenario: method, column: issuer.name + " issuer", least: 3, run: func(ctx context.Context, b *bench) result {
				return b.authorization(ctx, b.issuers[method]+issuer.path, method)
			}})
		}
	}
	return all
}

// startIssuers starts a server for each way of client authentication.
func startIssuers(ctx context.Context, b *bench) (func(), error) {
	var all []*server
	stop := func() {
		for _, s := range all {
			s.stop()
		}
	}
	b.issuers = map[string]string{}
	for _, method := range authMethods {
		s, err := b.launch(ctx, nil, "--approval", "auto", "--tenant", "acme", "--token-auth-methods", method)
		if err != nil {
			stop()
			return nil, err
		}
		all = append(all, s)
		b.issuers[method] = s.base
	}
	return stop, nil
}

// authorization runs the mode once: both its scenarios, since the second needs
// what the first found.
func (b *bench) authorization(ctx context.Context, issuer, method string) result {
	port, err := freePort()
	if err != nil {
		return result{err: err}
	}
	id, secret, err := register(issuer, fmt.Sprintf("http://127.0.0.1:%d/callback", port), method)
	if err != nil {
		return result{err: err}
	}
	args := []string{"authorization", "--url", issuer, "--client-id", id, "--resource", issuer + "/mcp/oauth", "--port", strconv.Itoa(port)}
	if secret != "" {
		args = append(args, "--client-secret", secret)
	}
	return b.suiteRun(ctx, &browser{ctx: ctx, after: "Callback server started"}, nil, args...)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// register registers a client (RFC 7591).
func register(issuer, redirect, method string) (id, secret string, err error) {
	body, err := json.Marshal(map[string]any{"client_name": "Conformance", "redirect_uris": []string{redirect}, "token_endpoint_auth_method": method,
		"grant_types": []string{"authorization_code", "refresh_token"}, "scope": "mcp:read mcp:write"})
	if err != nil {
		return "", "", err
	}
	r, err := http.Post(issuer+"/oauth/register", "application/json", bytes.NewReader(body))
	if err != nil {
		return "", "", err
	}
	defer r.Body.Close()
	data, err := io.ReadAll(r.Body)
	var c struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	if err = errors.Join(err, json.Unmarshal(data, &c)); err == nil && c.ID == "" {
		err = fmt.Errorf("registration answered %s: %s", r.Status, strings.TrimSpace(string(data)))
	}
	return c.ID, c.Secret, err
}
