// Static bearer tokens: the configured one, and minted ones that expire. They
// are good at their own resource only; tokens of the authorization server are
// not good there.
package resource

import (
	"errors"
	"io"
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/table"
)

// StaticScope is what a static token lets its bearer do.
const StaticScope = oauth.ScopeRead + " " + oauth.ScopeWrite

// Static checks static tokens.
type Static struct {
	Token    string // the configured token
	Minted   table.Table[struct{}]
	Lifetime time.Duration // of a minted token
	Random   io.Reader
}

// Mint makes a token; its prefix is static_.
func (s *Static) Mint(now time.Time) (oauth.Token, error) {
	text, err := oauth.RandomText(s.Random, 32)
	if err != nil {
		return oauth.Token{}, err
	}
	t := oauth.Token{AccessToken: "static_" + text, TokenType: "Bearer", ExpiresIn: int64(s.Lifetime / time.Second)}
	return t, s.Minted.Create(now, table.KeyOf(t.AccessToken), struct{}{}, now.Add(s.Lifetime))
}

// Check implements Checker.
func (s *Static) Check(now time.Time, _ message.Request, c exchange.Credentials, _ string) (Access, error) {
	token := c.Token
	if s.Token != "" && oauth.SameSecret(token, s.Token) {
		return Access{Subject: "static-bearer", ClientID: "static-bearer", Scope: StaticScope}, nil
	}
	r, err := s.Minted.Get(now, table.KeyOf(token))
	switch {
	case errors.Is(err, table.ErrMissing):
		return Access{}, oauth.E(oauth.InvalidToken, "the bearer token is neither the configured one nor a live minted one")
	case err != nil:
		return Access{}, &oauth.Error{Code: oauth.TemporarilyUnavailable, Status: 503, RetryAfter: 1, Description: "the storage failed; send the same request again"}
	}
	return Access{Subject: "static-bearer", ClientID: "minted", Scope: StaticScope, ExpiresAt: r.Expires}, nil
}
