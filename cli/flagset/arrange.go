// Package flagset makes ffcli's commands take flags anywhere, explain
// themselves, and complete themselves.
package flagset

import (
	"flag"
	"strings"

	"github.com/peterbourgon/ff/v3/ffcli"
)

// Arrange orders arguments as ffcli reads them: the command's words, then its
// flags, then the rest. Flags may stand before the command, and anywhere
// after it; "--" ends them. A flag may be written with one dash or two, and
// shortened as long as it is clear which one is meant.
func Arrange(root *ffcli.Command, args []string) (*ffcli.Command, []string) {
	command, words, rest := find(root, args)
	flags, positional := split(command.FlagSet, rest)
	return command, append(append(words, flags...), positional...)
}

// find follows the words that name commands, stepping over flags and their
// values.
func find(root *ffcli.Command, args []string) (command *ffcli.Command, words, rest []string) {
	command = root
	for i := 0; i < len(args); i++ {
		a := args[i]
		if a == "--" {
			return command, words, append(rest, args[i:]...)
		}
		if isFlag(a) {
			rest = append(rest, a)
			if f := lookupBelow(command, a); f != nil && valueFollows(command.FlagSet, f, a, args[i+1:]) {
				i++
				rest = append(rest, args[i])
			}
			continue
		}
		sub := subcommand(command, a)
		if sub == nil {
			return command, words, append(rest, args[i:]...)
		}
		command, words = sub, append(words, sub.Name)
	}
	return command, words, rest
}

// subcommand compares as ffcli does.
func subcommand(c *ffcli.Command, name string) *ffcli.Command {
	for _, s := range c.Subcommands {
		if strings.EqualFold(s.Name, name) {
			return s
		}
	}
	return nil
}

// lookupBelow finds the flag of an argument that may stand before its
// command.
func lookupBelow(c *ffcli.Command, a string) *flag.Flag {
	name, _, _ := cutFlag(a)
	if f := lookup(c.FlagSet, name); f != nil {
		return f
	}
	for _, s := range c.Subcommands {
		if f := lookupBelow(s, a); f != nil {
			return f
		}
	}
	return nil
}

func isFlag(a string) bool { return len(a) > 1 && a[0] == '-' && a != "--" }

// cutFlag takes an argument apart: one dash or two, the name, the value.
func cutFlag(a string) (name, value string, hasValue bool) {
	return strings.Cut(strings.TrimPrefix(a[1:], "-"), "=")
}

func isBool(f *flag.Flag) bool {
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

// valueFollows reports whether the argument after a is f's value. A value may
// begin with a dash, as tokens do, but is not what is plainly the next flag.
func valueFollows(fs *flag.FlagSet, f *flag.Flag, a string, next []string) bool {
	if isBool(f) || len(next) == 0 || next[0] == "--" || strings.Contains(a, "=") {
		return false
	}
	if !strings.HasPrefix(next[0], "--") {
		return true
	}
	name, _, _ := cutFlag(next[0])
	return fs.Lookup(name) == nil
}

// split moves flags before positionals. What is no flag of the set keeps its
// place among the flags, so that parsing complains of it.
func split(fs *flag.FlagSet, args []string) (flags, positional []string) {
	for i := 0; i < len(args); i++ {
		a := args[i]
		if a == "--" {
			positional = append(positional, args[i+1:]...)
			break
		}
		if !isFlag(a) {
			positional = append(positional, a)
			continue
		}
		name, value, hasValue := cutFlag(a)
		f := lookup(fs, name)
		switch {
		case f == nil:
			flags = append(flags, a)
		case hasValue:
			flags = append(flags, "--"+f.Name+"="+value)
		case isBool(f):
			flags = append(flags, "--"+f.Name)
		case valueFollows(fs, f, a, args[i+1:]):
			i++
			flags = append(flags, "--"+f.Name+"="+args[i])
		default: // its value is missing: the last argument, so that parsing says so
			return append(flags, "--"+f.Name), nil
		}
	}
	return append(flags, "--"), positional // what follows is never a flag
}
