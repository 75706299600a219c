// Whose signed statements are taken as grants: issuers with the keys that were
// given for them.
package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"mcp-auth/core/authserver"
	"mcp-auth/core/exchange"
	"mcp-auth/core/jose"
	"mcp-auth/web/settings"
)

// trusted reads the key files of --trust-workloads and --trust-idp.
func (c *config) trusted() (all []authserver.Trusted, err error) {
	for _, w := range [...]struct {
		flag  string
		pairs settings.List
		users bool
	}{{"trust-workloads", c.workloads, false}, {"trust-idp", c.providers, true}} {
		for _, pair := range w.pairs {
			t, err := trust(pair, w.users)
			if err != nil {
				return nil, fmt.Errorf("--%s %s: %v", w.flag, pair, err)
			}
			all = append(all, t)
		}
	}
	return all, nil
}

func trust(pair string, users bool) (authserver.Trusted, error) {
	issuer, path, ok := strings.Cut(pair, "=")
	if !ok || issuer == "" {
		return authserver.Trusted{}, fmt.Errorf("wanted ISSUER=FILE, such as https://cluster.example=keys.json")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return authserver.Trusted{}, err
	}
	keys, err := exchange.ParseKeys(string(text))
	if err != nil {
		return authserver.Trusted{}, err
	}
	return authserver.Trusted{Issuer: issuer, Users: users, Keys: func(time.Time) ([]jose.PublicKey, error) { return keys, nil }}, nil
}
