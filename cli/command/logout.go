// mcp-auth logout: revoke, then forget.
package command

import (
	"context"
	"errors"
	"flag"
	"strings"

	"github.com/peterbourgon/ff/v3/ffcli"

	"mcp-auth/core/flow"
	"mcp-auth/core/message"
	"mcp-auth/core/profile"
)

func newLogout(g *globals) *ffcli.Command {
	keepClient, all := false, false
	return g.sub("logout", "URL [flags]", "revoke the tokens where that is offered, and forget them", `The active profile of URL is cleared, whether the server answers or not. Other
profiles of URL that still hold tokens are named; --all clears them too.`,
		func(fs *flag.FlagSet) {
			fs.BoolVar(&keepClient, "keep-client", false, "keep the client registration for the next login")
			fs.BoolVar(&all, "all", false, "every profile of URL, not the active one alone")
		},
		func(ctx context.Context, args []string) error {
			if err := arguments(args, "URL"); err != nil {
				return err
			}
			k, err := g.keeper()
			if err != nil {
				return err
			}
			which, left, err := g.toLogOut(k, args[0], all)
			if err != nil {
				return err
			}
			return g.logout(ctx, k, which, left, args[0], keepClient)
		})
}

// toLogOut finds the profiles to clear: the active one, and with all the
// others of the resource that hold tokens; left is who keeps them.
func (g *globals) toLogOut(k profile.Keeper, url string, all bool) (which, left []profile.Profile, err error) {
	s, err := k.Load()
	if err != nil {
		return nil, nil, err
	}
	p, err := g.active(k, url)
	if err == nil {
		which = append(which, p)
	}
	others := s.Others(profile.Profile{ID: p.ID, ResourceURL: url})
	switch {
	case all && len(which)+len(others) > 0:
		return append(which, others...), nil, nil
	case err != nil && len(others) > 0:
		return nil, nil, &loginNeeded{"auth.no_profile", "No active profile found for this resource.", "others of it hold tokens: --all logs out of them"}
	case err != nil:
		return nil, nil, notLoggedIn(err)
	}
	return which, others, nil
}

// notLoggedIn says it as it is for a logout: nobody needs to log in.
func notLoggedIn(err error) error {
	var none *loginNeeded
	if errors.As(err, &none) {
		return &loginNeeded{none.code, "No active profile found for this resource.", "mcp-auth profile list shows what there is"}
	}
	return err
}

func (g *globals) logout(ctx context.Context, k profile.Keeper, which, left []profile.Profile, url string, keepClient bool) error {
	revoked := true
	for _, p := range which {
		revoked = g.revoke(ctx, p) && revoked
		if err := ctx.Err(); err != nil { // who gives up keeps the login
			return err
		}
		err := k.Update(func(s *profile.Store) error {
			current, err := s.Find(p.ID)
			if err != nil {
				return err
			}
			return s.Replace(current.Cleared(keepClient))
		})
		if err != nil {
			return err
		}
	}
	if g.document(message.Obj(message.M("profile_id", message.Str(which[0].ID)), message.M("resource_url", message.Str(url)), message.M("revoked", message.Boolean(revoked)),
		message.M("cleared", message.Strs(ids(which))), message.M("left", message.Strs(ids(left))))) {
		return nil
	}
	g.Line("Logged out from %s", url)
	for _, p := range which {
		g.Line("Cleared tokens from profile %s", p.ID)
	}
	tellOthers(g.Warn, left, url)
	return nil
}

// revoke asks the server to forget the tokens, and says when it could not.
func (g *globals) revoke(ctx context.Context, p profile.Profile) bool {
	if p.RevocationEndpoint == "" || p.AccessToken == "" {
		if p.AccessToken != "" && p.AuthMode != flow.ModeBearer {
			g.Notice("the server offers no revocation; the token is good until it expires")
		}
		return false
	}
	revoked := true
	tokens := []struct{ token, hint string }{{p.RefreshToken, "refresh_token"}, {p.AccessToken, "access_token"}}
	for _, t := range tokens {
		if t.token == "" {
			continue
		}
		keys, err := proverOf(p)
		if err != nil {
			g.Warn("the stored key cannot be used (%v)", err)
			return false
		}
		f := &flow.Revoke{Prover: keys, Issuer: p.Issuer, ResourceURL: p.ResourceURL, Endpoint: p.RevocationEndpoint, Client: clientOf(p), Token: t.token, Hint: t.hint}
		if err := g.run(ctx, g.driver(p.ResourceURL), f); ctx.Err() != nil {
			return false
		} else if err != nil {
			g.Warn("the server did not revoke the %s (%s); it is good until it expires", strings.ReplaceAll(t.hint, "_", " "), g.hide(err.Error()))
			revoked = false
		}
	}
	return revoked
}
