// Help that teaches: what a command is for, its flags with their variables,
// examples.
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
	flags(&b, "Flags", c.FlagSet, func(name string) bool { return !slices.Contains(global, name) })
	flags(&b, "Global flags", c.FlagSet, func(name string) bool { return slices.Contains(global, name) })
	fmt.Fprintf(&b, "\nEvery flag is also a variable, such as %s, and a key of the config file.\n", Variable("auth-mode"))
	return b.String()
}

func flags(b *strings.Builder, title string, fs *flag.FlagSet, in func(string) bool) {
	first := true
	fs.VisitAll(func(f *flag.Flag) {
		if !in(f.Name) || f.Usage == "" {
			return
		}
		if first {
			fmt.Fprintf(b, "\n%s\n", title)
			first = false
		}
		value, about := flag.UnquoteUsage(f)
		name := "--" + f.Name
		if isBool(f) {
			value = ""
		}
		if value != "" {
			name += " " + value
		}
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" {
			about += " (default " + f.DefValue + ")"
		}
		if len(name) > 30 {
			fmt.Fprintf(b, "  %s\n  %30s %s\n", name, "", about)
			return
		}
		fmt.Fprintf(b, "  %-30s %s\n", name, about)
	})
}
