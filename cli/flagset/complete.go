// Shell completion, from the same commands that are parsed.
package flagset

import (
	"flag"
	"slices"
	"strings"

	"github.com/peterbourgon/ff/v3/ffcli"
)

// Complete lists what may stand in place of the last word: one candidate a
// line, with what it is for after a tab. Nothing means that the shell may
// offer files.
func Complete(root *ffcli.Command, words []string) []string {
	last := ""
	if len(words) > 0 {
		last, words = words[len(words)-1], words[:len(words)-1]
	}
	command, _, rest := find(root, words)
	if slices.Contains(rest, "--") {
		return nil
	}
	if f, typed, before := valueOf(command, words, last); f != nil {
		return values(f, typed, before)
	}
	var all []string
	switch _, positional := split(command.FlagSet, rest); {
	case strings.HasPrefix(last, "-"):
		command.FlagSet.VisitAll(func(f *flag.Flag) {
			if strings.HasPrefix(f.Name, strings.TrimLeft(last, "-")) && f.Usage != "" {
				_, about := describe(f)
				all = append(all, "--"+f.Name+"\t"+about)
			}
		})
	case len(positional) == 0:
		for _, s := range command.Subcommands {
			if strings.HasPrefix(s.Name, last) && s.ShortHelp != "" {
				all = append(all, s.Name+"\t"+s.ShortHelp)
			}
		}
	}
	slices.Sort(all)
	return all
}

// valueOf finds the flag whose value the last word is: --flag VALUE,
// --flag=VALUE, or the three words that bash makes of that. before is what
// the last word has in front of the value.
func valueOf(c *ffcli.Command, words []string, last string) (f *flag.Flag, typed, before string) {
	if name, value, ok := cutWord(last); ok {
		return valued(c, name), value, "--" + name + "="
	}
	if n := len(words); last == "=" && n > 0 {
		return valued(c, words[n-1]), "", ""
	} else if n > 1 && words[n-1] == "=" {
		return valued(c, words[n-2]), last, ""
	} else if n > 0 {
		return valued(c, words[n-1]), last, ""
	}
	return nil, "", ""
}

func cutWord(word string) (name, value string, ok bool) {
	if !isFlag(word) {
		return "", "", false
	}
	return cutFlag(word)
}

// valued is the flag that a word names, when it takes a value.
func valued(c *ffcli.Command, word string) *flag.Flag {
	name := strings.TrimLeft(word, "-")
	if f := lookup(c.FlagSet, name); f != nil && !isBool(f) && !strings.Contains(word, "=") {
		return f
	}
	return nil
}

func values(f *flag.Flag, typed, before string) []string {
	var all []string
	if e, ok := f.Value.(Enum); ok {
		for _, w := range e.Words {
			if strings.HasPrefix(w, typed) {
				all = append(all, before+w)
			}
		}
	}
	return all
}
