// mcp-auth logout: revoke, then forget.
package command

import (
	"context"
	"flag"

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
				if none, ok := err.(*noProfile); ok && none.hint == "" {
					none.hint = "mcp-auth profile list shows what there is"
				}
				return err
			}
			return g.logout(ctx, k, p, args[0], keepClient)
		})
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
	tokens := []struct{ token, hint string }{{p.RefreshToken, "refresh_token"}, {p.AccessToken, "access_token"}}
	for _, t := range tokens {
		if t.token == "" {
			continue
		}
		f := &flow.Revoke{ResourceURL: p.ResourceURL, Endpoint: p.RevocationEndpoint, Client: clientOf(p), Token: t.token, Hint: t.hint}
		if err := g.run(ctx, g.driver(p.ResourceURL), f); err != nil {
			g.Warn("the server did not revoke the token (%s); it is good until it expires", g.hide(err.Error()))
			return false
		}
	}
	return true
}
