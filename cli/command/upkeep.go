// Token upkeep: a stored token is renewed before it expires, by one process at
// a time.
package command

import (
	"context"
	"errors"
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/flow"
	"mcp-auth/core/oauth"
	"mcp-auth/core/profile"
)

// freshToken returns a token that is good for now. refused is a token the
// resource would not take.
func (g *globals) freshToken(ctx context.Context, k profile.Keeper, id, refused string) (string, error) {
	p, err := find(k, id)
	if err != nil || usable(p, refused) {
		return p.AccessToken, err
	}
	p, err = g.renewStored(ctx, k, id, refused)
	var e *oauth.Error
	if errors.As(err, &e) && e.Code == oauth.InvalidGrant {
		// A program that does not know our lock may have spent it meanwhile.
		if q, again := find(k, id); again == nil && q.RefreshToken != p.RefreshToken {
			p, err = g.renewStored(ctx, k, id, refused)
		}
	}
	if clientUnknown(err) && p.Registered() {
		noteUnknown(k, p, time.Now())
	}
	return p.AccessToken, err
}

// clientUnknown reports whether the server does not take the client for one of
// its own (RFC 6749 section 5.2).
func clientUnknown(err error) bool {
	var e *oauth.Error
	return errors.As(err, &e) && e.Code == oauth.InvalidClient
}

// noteRefused keeps that the resource did not take a token, so that the next
// login does not keep it. A bearer token is the user's: no login keeps one.
func noteRefused(k profile.Keeper, id, token string, now time.Time) {
	refused := func(p profile.Profile) bool {
		return p.AccessToken == token && p.AuthMode != flow.ModeBearer && p.Fresh(now)
	}
	note(k, id, refused, func(p profile.Profile) profile.Profile { return p.TokenRefused(now) })
}

// noteUnknown keeps that the server has forgotten the client that was
// registered there, so that no login names it again.
func noteUnknown(k profile.Keeper, p profile.Profile, now time.Time) {
	known := func(q profile.Profile) bool { return q.ClientID == p.ClientID && q.ClientRefusedAt.IsZero() }
	note(k, p.ID, known, func(q profile.Profile) profile.Profile { q.ClientRefusedAt = now; return q })
}

// note changes a profile, where there is something to change. What cannot be
// noted does not change how the command ends.
func note(k profile.Keeper, id string, due func(profile.Profile) bool, change func(profile.Profile) profile.Profile) {
	if p, err := find(k, id); err != nil || !due(p) {
		return
	}
	_ = k.Update(func(s *profile.Store) error {
		p, err := s.Find(id)
		if err != nil || !due(p) {
			return err
		}
		return s.Replace(change(p))
	})
}

func find(k profile.Keeper, id string) (profile.Profile, error) {
	s, err := k.Load()
	if err != nil {
		return profile.Profile{}, err
	}
	return s.Find(id)
}

func usable(p profile.Profile, refused string) bool {
	return p.Fresh(time.Now()) && p.AccessToken != refused
}

// renewStored renews a token under the store's lock: of several processes one
// renews, and the others read what it got. After a failure it returns the
// profile that was tried.
func (g *globals) renewStored(ctx context.Context, k profile.Keeper, id, refused string) (p profile.Profile, err error) {
	err = k.Update(func(s *profile.Store) (err error) {
		if p, err = s.Find(id); err != nil || usable(p, refused) {
			return err
		}
		if p, err = g.renew(ctx, p); err != nil {
			return err
		}
		return s.Replace(p)
	})
	return p, err
}

// renew gets a new token for a profile.
func (g *globals) renew(ctx context.Context, p profile.Profile) (profile.Profile, error) {
	if !p.Renewable() {
		return p, &loginNeeded{"auth.expired", "Stored credentials cannot refresh this profile. Run login again.", "mcp-auth login " + p.ResourceURL}
	}
	if p.RefreshToken != "" {
		g.Notice("Refreshing expired access token")
	} else {
		g.Notice("Requesting a new client-credentials access token")
	}
	scope := p.Scope
	if scope == "" {
		scope = p.RequestedScope
	}
	keys, err := proverOf(p)
	if err != nil {
		return p, err
	}
	f := &flow.Renew{Prover: keys, Issuer: p.Issuer, Bound: len(p.DPoPKey) > 0, ResourceURL: p.ResourceURL, ResourceID: p.ResourceToSend(), TokenEndpoint: p.TokenEndpoint, RefreshToken: p.RefreshToken, Scope: scope, Client: clientOf(p)}
	if err := g.run(ctx, g.driver(p.ResourceURL), f); err != nil {
		return p, err
	}
	return p.Renewed(f.Token, f.At), nil
}

func clientOf(p profile.Profile) exchange.ClientAuth {
	method := p.TokenEndpointAuthMethod
	if method == "" && p.ClientSecret != "" {
		method = oauth.AuthPost // what the original program sends
	}
	return exchange.ClientAuth{Method: method, ClientID: p.ClientID, ClientSecret: p.ClientSecret}
}
