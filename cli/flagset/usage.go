// Help that teaches: what a command is for, its flags with their defaults and
// variables, examples.
package flagset

import (
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/peterbourgon/ff/v3/ffcli"
)

// Prefix of the environment variables.
const Prefix = "MCP_AUTH"

// Variable is the environment variable of a flag.
func Variable(flagName string) string {
	return Prefix + "_" + strings.ToUpper(strings.ReplaceAll(flagName, "-", "_"))
}

// Widths of the help, in columns.
const (
	nameWidth = 30
	helpWidth = 100
)

// Usage is a command's help. Flags named in global are listed last, together.
func Usage(c *ffcli.Command, global []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nUsage\n  %s\n", c.ShortHelp, c.ShortUsage)
	if c.LongHelp != "" {
		fmt.Fprintf(&b, "\n%s\n", strings.TrimRight(c.LongHelp, "\n"))
	}
	if len(c.Subcommands) > 0 {
		b.WriteString("\nCommands\n")
		for _, s := range c.Subcommands {
			if s.ShortHelp != "" {
				fmt.Fprintf(&b, "  %-12s %s\n", s.Name, s.ShortHelp)
			}
		}
	}
	own := func(name string) bool { return !slices.Contains(global, name) }
	flagHelp(&b, "Flags", c.FlagSet, own)
	flagHelp(&b, "Global flags", c.FlagSet, func(name string) bool { return !own(name) })
	b.WriteString("\nThe variable in [brackets] sets a flag that is not given; so does its name in config.json.\n")
	return b.String()
}

func flagHelp(b *strings.Builder, title string, fs *flag.FlagSet, in func(string) bool) {
	first := true
	fs.VisitAll(func(f *flag.Flag) {
		if !in(f.Name) || f.Usage == "" {
			return
		}
		if first {
			fmt.Fprintf(b, "\n%s\n", title)
			first = false
		}
		name, about := describe(f)
		lines := wrap(about+" ["+Variable(f.Name)+"]", helpWidth-nameWidth-3)
		if len(name) > nameWidth {
			lines = append([]string{""}, lines...)
		}
		for i, line := range lines {
			if i > 0 {
				name = ""
			}
			b.WriteString(strings.TrimRight(fmt.Sprintf("  %-*s %s", nameWidth, name, line), " ") + "\n")
		}
	})
}

// describe is a flag as it is typed, and what it is for.
func describe(f *flag.Flag) (name, about string) {
	value, about := flag.UnquoteUsage(f)
	name = "--" + f.Name
	if value != "" && !isBool(f) {
		name += " " + value
	}
	if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" {
		about += " (default " + f.DefValue + ")"
	}
	return name, about
}

// wrap breaks a text between words.
func wrap(s string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
