// Package flagset makes ffcli's commands take flags anywhere, explain
// themselves, and complete themselves.
package flagset

import (
	"flag"
	"fmt"
	"strings"

	"github.com/peterbourgon/ff/v3/ffcli"
)

// Arrange orders arguments as ffcli reads them: the command's words, then its
// flags, then the rest. Flags may stand before the command, and anywhere
// after it; "--" ends them. A flag may be written with one dash or two, and
// shortened as long as it is unambiguous.
func Arrange(root *ffcli.Command, args []string) (*ffcli.Command, []string) {
	command, words, rest := find(root, args)
	flags, positional := split(command.FlagSet, rest)
	return command, append(append(words, flags...), positional...)
}

// find follows the words that name commands, stepping over flags.
func find(root *ffcli.Command, args []string) (command *ffcli.Command, words, rest []string) {
	command = root
	for i := 0; i < len(args); i++ {
		a := args[i]
		if a == "--" {
			return command, words, append(rest, args[i:]...)
		}
		if isFlag(a) {
			rest = append(rest, a)
			if takesNext(command.FlagSet, a) && i+1 < len(args) {
				i++
				rest = append(rest, args[i])
			}
			continue
		}
		sub := subcommand(command, a)
		if sub == nil {
			return command, words, append(rest, args[i:]...)
		}
		command, words = sub, append(words, a)
	}
	return command, words, rest
}

func subcommand(c *ffcli.Command, name string) *ffcli.Command {
	for _, s := range c.Subcommands {
		if s.Name == name {
			return s
		}
	}
	return nil
}

func isFlag(a string) bool { return len(a) > 1 && a[0] == '-' }

func takesNext(fs *flag.FlagSet, a string) bool {
	name, _, hasValue := strings.Cut(strings.TrimLeft(a, "-"), "=")
	f := lookup(fs, name)
	return f != nil && !hasValue && !isBool(f)
}

func isBool(f *flag.Flag) bool {
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

// lookup finds a flag by name or by an unambiguous beginning of it.
func lookup(fs *flag.FlagSet, name string) *flag.Flag {
	if f := fs.Lookup(name); f != nil || name == "" {
		return f
	}
	var found *flag.Flag
	n := 0
	fs.VisitAll(func(f *flag.Flag) {
		if strings.HasPrefix(f.Name, name) {
			found = f
			n++
		}
	})
	if n == 1 {
		return found
	}
	return nil
}

// split moves flags before positionals. What is no flag of the set keeps its
// place among the flags, so that parsing complains of it.
func split(fs *flag.FlagSet, args []string) (flags, positional []string) {
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--":
			return append(flags, "--"), append(positional, args[i+1:]...)
		case !isFlag(a):
			positional = append(positional, a)
			continue
		}
		name, value, hasValue := strings.Cut(strings.TrimLeft(a, "-"), "=")
		f := lookup(fs, name)
		if f == nil {
			flags = append(flags, a)
			continue
		}
		switch {
		case hasValue:
			flags = append(flags, "--"+f.Name+"="+value)
		case isBool(f) || i+1 == len(args):
			flags = append(flags, "--"+f.Name)
		default:
			i++
			flags = append(flags, "--"+f.Name+"="+args[i])
		}
	}
	if len(positional) > 0 {
		flags = append(flags, "--") // what follows is never a flag
	}
	return flags, positional
}

// Nearest is the candidate that is most like a mistyped word, or "".
func Nearest(word string, candidates []string) string {
	best, least := "", len(word)/2+2
	for _, c := range candidates {
		if d := distance(word, c); d < least {
			best, least = c, d
		}
	}
	return best
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := last
			if a[i] != b[j] {
				cost++
			}
			last = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}

// Explain turns a parse error into one that names the nearest flag.
func Explain(fs *flag.FlagSet, err error) error {
	name, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !ok {
		return err
	}
	var all []string
	fs.VisitAll(func(f *flag.Flag) { all = append(all, f.Name) })
	if near := Nearest(strings.TrimLeft(name, "-"), all); near != "" {
		return fmt.Errorf("unknown flag --%s; did you mean --%s?", strings.TrimLeft(name, "-"), near)
	}
	return fmt.Errorf("unknown flag --%s", strings.TrimLeft(name, "-"))
}
