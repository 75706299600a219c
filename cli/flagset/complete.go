// Shell completion, from the same commands that are parsed.
package flagset

import (
	"flag"
	"fmt"
	"sort"
	"strings"

	"github.com/peterbourgon/ff/v3/ffcli"
)

// Shells that scripts are written for.
var Shells = []string{"bash", "zsh", "fish", "powershell"}

// Script is a completion script for a shell. Every one asks the program
// itself: name __complete WORDS, one candidate a line.
func Script(shell, name string) (string, error) {
	text, ok := scripts[shell]
	if !ok {
		return "", fmt.Errorf("no completion for %q; there is one for %s", shell, strings.Join(Shells, ", "))
	}
	return strings.ReplaceAll(text, "NAME", name), nil
}

var scripts = map[string]string{
	"bash": `# bash completion for NAME; load it with: source <(NAME completion bash)
_NAME_complete() {
  local IFS=$'\n'
  COMPREPLY=($(NAME __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _NAME_complete NAME
`,
	"zsh": `#compdef NAME
# zsh completion for NAME; load it with: source <(NAME completion zsh)
_NAME() {
  local -a found
  found=("${(@f)$(NAME __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -a found
}
compdef _NAME NAME
`,
	"fish": `# fish completion for NAME; load it with: NAME completion fish | source
complete -c NAME -f -a '(NAME __complete (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
`,
	"powershell": `# PowerShell completion for NAME; load it with: NAME completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName NAME -ScriptBlock {
  param($word, $ast, $position)
  $words = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  if ($word -eq '') { $words += '' }
  & NAME __complete @words 2>$null | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
}
`,
}

// Complete lists what may stand in place of the last word.
func Complete(root *ffcli.Command, words []string) []string {
	last := ""
	if len(words) > 0 {
		last, words = words[len(words)-1], words[:len(words)-1]
	}
	command, _, _ := find(root, words)
	var all []string
	if flagName, value, ok := enumBefore(command, words, last); ok {
		for _, w := range flagName.Words {
			if strings.HasPrefix(w, value) {
				all = append(all, w)
			}
		}
		return all
	}
	if strings.HasPrefix(last, "-") {
		command.FlagSet.VisitAll(func(f *flag.Flag) {
			if name := "--" + f.Name; strings.HasPrefix(name, last) && f.Usage != "" {
				all = append(all, name)
			}
		})
		return all
	}
	for _, s := range command.Subcommands {
		if strings.HasPrefix(s.Name, last) && s.ShortHelp != "" {
			all = append(all, s.Name)
		}
	}
	sort.Strings(all)
	return all
}

// enumBefore finds the enumeration whose value the last word is.
func enumBefore(c *ffcli.Command, words []string, last string) (Enum, string, bool) {
	if len(words) == 0 || !isFlag(words[len(words)-1]) {
		return Enum{}, "", false
	}
	f := lookup(c.FlagSet, strings.TrimLeft(words[len(words)-1], "-"))
	if f == nil {
		return Enum{}, "", false
	}
	e, ok := f.Value.(Enum)
	return e, last, ok
}
