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
	keepClient := false
	return g.sub("logout", "URL [flags]", "revoke the tokens where that is offered, and forget them", `The local copy is cleared whether the server answers or not.`,
		func(fs *flag.FlagSet) {
			fs.BoolVar(&keepClient, "keep-client", false, "keep the client registration for the next login")
		},
		func(ctx context.Context, args []string) error {
			if err := arguments(args, "URL"); err != nil {
				return err
			}
			k, err := g.keeper()
			if err != nil {
				return err
			}
			p, err := g.active(k, args[0])
			if err != nil {
				return notLoggedIn(err)
			}
			return g.logout(ctx, k, p, args[0], keepClient)
		})
}

// notLoggedIn says it as it is for a logout: nobody needs to log in.
func notLoggedIn(err error) error {
	var none *loginNeeded
	if errors.As(err, &none) {
		return &loginNeeded{none.code, "No active profile found for this resource.", "mcp-auth profile list shows what there is"}
	}
	return err
}

func (g *globals) logout(ctx context.Context, k profile.Keeper, p profile.Profile, url string, keepClient bool) error {
	revoked := g.revoke(ctx, p)
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
	if g.document(message.Obj(message.M("profile_id", message.Str(p.ID)), message.M("resource_url", message.Str(url)), message.M("revoked", message.Boolean(revoked)))) {
		return nil
	}
	g.Line("Logged out from %s", url)
	g.Line("Cleared tokens from profile %s", p.ID)
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
		if err := g.run(ctx, g.driver(p.ResourceURL), f); err != nil {
			g.Warn("the server did not revoke the %s (%s); it is good until it expires", strings.ReplaceAll(t.hint, "_", " "), g.hide(err.Error()))
			revoked = false
		}
	}
	return revoked
}
