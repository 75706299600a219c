// Settings in a JSON file (RFC 8259): keys are flag names, an object is the
// section of a command.
package flagset

import (
	"errors"
	"flag"
	"fmt"
	"slices"

	"github.com/peterbourgon/ff/v3/ffcli"

	"mcp-auth/core/message"
)

// Configure sets the flags of command that neither an argument nor a variable
// has set: from its section first, then from the sections around it. It
// returns a warning for each key that means nothing to any command of root.
func Configure(root, command *ffcli.Command, data []byte) (warnings []string, err error) {
	v, err := message.ParseJSON(data)
	if err != nil {
		return nil, err
	}
	if v.Kind() != message.Object {
		return nil, errors.New("an object is wanted, not " + v.Kind().String())
	}
	set := map[string]bool{}
	command.FlagSet.Visit(func(f *flag.Flag) { set[f.Name] = true })
	sections := []message.Value{v}
	for _, c := range path(root, command) {
		v = v.Get(c.Name)
		sections = append(sections, v)
	}
	slices.Reverse(sections)
	for _, s := range sections {
		if err := apply(command.FlagSet, s, set); err != nil {
			return nil, err
		}
	}
	return strangers(root, sections[len(sections)-1]), nil
}

// path is the commands from below root down to command.
func path(root, command *ffcli.Command) []*ffcli.Command {
	for _, s := range root.Subcommands {
		if s == command {
			return []*ffcli.Command{s}
		}
		if below := path(s, command); below != nil {
			return append([]*ffcli.Command{s}, below...)
		}
	}
	return nil
}

// apply sets what the section has and set does not.
func apply(fs *flag.FlagSet, section message.Value, set map[string]bool) error {
	for _, m := range section.Members() {
		if fs.Lookup(m.Name) == nil || set[m.Name] || m.Value.Kind() == message.Null {
			continue
		}
		text, ok := m.Value.Text()
		if !ok {
			text = string(m.Value.Append(nil))
		}
		if k := m.Value.Kind(); k == message.Array || k == message.Object {
			return fmt.Errorf("%s must be one value, not %s", m.Name, k)
		}
		if err := fs.Set(m.Name, text); err != nil {
			return wrongValue(fs, m.Name, m.Name, err.Error())
		}
		set[m.Name] = true
	}
	return nil
}

// strangers are warnings of keys that are neither a flag of c or of a command
// below it, nor the section of one.
func strangers(c *ffcli.Command, section message.Value) []string {
	var warnings []string
	known := known(c)
	for _, m := range section.Members() {
		sub := subcommand(c, m.Name)
		switch {
		case sub != nil && m.Value.Kind() == message.Object:
			warnings = append(warnings, strangers(sub, m.Value)...)
		case sub != nil:
			warnings = append(warnings, fmt.Sprintf("%q is a command: its settings must be an object", m.Name))
		case !slices.Contains(known, m.Name):
			text := fmt.Sprintf("unknown key %q", m.Name)
			if near := Nearest(m.Name, known); near != "" {
				text += fmt.Sprintf("; did you mean %q?", near)
			}
			warnings = append(warnings, text)
		}
	}
	return warnings
}

// known are the keys that mean something to c or to a command below it.
func known(c *ffcli.Command) []string {
	all := flagNames(c.FlagSet)
	for _, s := range c.Subcommands {
		all = append(append(all, s.Name), known(s)...)
	}
	return all
}
