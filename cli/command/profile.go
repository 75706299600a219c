// mcp-auth profile: the stored logins.
package command

import (
	"context"
	"flag"
	"slices"
	"strings"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"

	"mcp-auth/core/message"
	"mcp-auth/core/profile"
)

func newProfile(g *globals) *ffcli.Command {
	c := g.sub("profile", "COMMAND [flags]", "list, show, choose or delete stored logins", "", nil, nil)
	c.Subcommands = []*ffcli.Command{newProfileList(g), newProfileShow(g), newProfileUse(g), newProfileDelete(g)}
	c.Exec = g.group(c)
	return c
}

func newProfileList(g *globals) *ffcli.Command {
	return g.sub("profile list", "", "list them: id, mode, resource, and what is to be said of one", `After the three columns stands what is to be said of a profile: active (it is
the one in use for its resource), refreshable (its token has expired, the next
call renews it), expired (only a login helps) or logged-out (it holds no token).`, nil, func(_ context.Context, args []string) error {
		if err := arguments(args); err != nil {
			return err
		}
		s, err := g.load()
		if err != nil {
			return err
		}
		all := make([]message.Value, len(s.Profiles))
		for i, p := range s.Profiles {
			all[i] = shown(s, p)
		}
		if g.document(message.Arr(all...)) {
			return nil
		}
		for _, p := range s.Profiles {
			g.Line("%s", strings.Join(slices.Concat([]string{p.ID, p.AuthMode, p.ResourceURL}, remarks(s, p)), " "))
		}
		return nil
	})
}

// remarks are what the three columns of the original program do not say.
func remarks(s profile.Store, p profile.Profile) (words []string) {
	if inUse(s, p) {
		words = append(words, "active")
	}
	if state := p.State(time.Now()); state != profile.Valid {
		words = append(words, state)
	}
	return words
}

func inUse(s profile.Store, p profile.Profile) bool {
	active, _, ok := s.ActiveFor(p.ResourceURL)
	return ok && active.ID == p.ID
}

// shown is a profile for people and programs, with what the store says of it.
// A member of that name that a later version keeps in the file is left alone.
func shown(s profile.Store, p profile.Profile) message.Value {
	v := p.Redacted()
	m := v.Members()
	for _, add := range [...]message.Member{message.M("active", message.Boolean(inUse(s, p))), message.M("state", message.Str(p.State(time.Now())))} {
		if v.Get(add.Name).Kind() == message.Missing {
			m = append(m, add)
		}
	}
	return message.Obj(m...)
}

func (g *globals) load() (profile.Store, error) {
	k, err := g.keeper()
	if err != nil {
		return profile.Store{}, err
	}
	return k.Load()
}

func newProfileShow(g *globals) *ffcli.Command {
	url := ""
	return g.sub("profile show", "[ID] [flags]", "show one, secrets cut short", "ID is an id, the beginning of one, or a name.",
		func(fs *flag.FlagSet) {
			fs.StringVar(&url, "resource-url", "", "show the active profile of this `URL`")
		},
		func(_ context.Context, args []string) error {
			s, err := g.load()
			if err != nil {
				return err
			}
			p, err := pick(g, s, args, url)
			if err != nil {
				return err
			}
			g.JSON(shown(s, p))
			return nil
		})
}

func pick(g *globals, s profile.Store, args []string, url string) (profile.Profile, error) {
	switch {
	case len(args) > 1:
		return profile.Profile{}, usage("unexpected argument %q", args[1])
	case len(args) == 1 && url != "":
		return profile.Profile{}, usage("give an ID or --resource-url, not both")
	case len(args) == 1:
		return s.Find(args[0])
	case url == "":
		return profile.Profile{}, usage("give an ID, or --resource-url")
	}
	if p, _, ok := s.ActiveFor(url); ok {
		return p, nil
	}
	return profile.Profile{}, profile.ErrNotFound
}

func newProfileUse(g *globals) *ffcli.Command {
	return g.sub("profile use", "ID URL", "make one the active profile of a resource", "", nil, func(_ context.Context, args []string) error {
		if err := arguments(args, "ID", "URL"); err != nil {
			return err
		}
		return g.change(func(s *profile.Store) (message.Value, string, error) {
			p, err := s.Find(args[0])
			if err != nil {
				return message.Value{}, "", err
			}
			if !profile.SameURL(p.ResourceURL, args[1]) {
				return message.Value{}, "", usage("profile %s is for %s; its token is not sent to %s", p.ID, p.ResourceURL, args[1])
			}
			s.Activate(args[1], p.ID)
			return shown(*s, p), "Active profile for " + args[1] + " is now " + p.ID, nil
		})
	})
}

func newProfileDelete(g *globals) *ffcli.Command {
	return g.sub("profile delete", "ID", "delete one; logout also revokes its tokens", "", nil, func(_ context.Context, args []string) error {
		if err := arguments(args, "ID"); err != nil {
			return err
		}
		return g.change(func(s *profile.Store) (message.Value, string, error) {
			p, err := s.Find(args[0])
			if err != nil {
				return message.Value{}, "", err
			}
			s.Delete(p.ID)
			return message.Obj(message.M("deleted", message.Str(p.ID))), "Deleted profile " + p.ID, nil
		})
	})
}

// change alters the store and says what was done, once it is saved.
func (g *globals) change(do func(*profile.Store) (message.Value, string, error)) error {
	k, err := g.keeper()
	if err != nil {
		return err
	}
	var doc message.Value
	var line string
	if err := k.Update(func(s *profile.Store) (err error) { doc, line, err = do(s); return err }); err != nil {
		return err
	}
	if !g.document(doc) {
		g.Line("%s", strings.TrimSpace(line))
	}
	return nil
}
