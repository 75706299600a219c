// Completion scripts. Every one asks the program itself, so that they never
// age: NAME __complete WORDS.
package flagset

import (
	"fmt"
	"strings"
)

// Shells that scripts are written for.
var Shells = []string{"bash", "zsh", "fish", "powershell"}

// Script is a completion script for a shell.
func Script(shell, name string) (string, error) {
	text, ok := scripts[shell]
	if !ok {
		return "", fmt.Errorf("no completion for %q; there is one for %s", shell, strings.Join(Shells, ", "))
	}
	return strings.NewReplacer("NAME", name, "FUNC", strings.ReplaceAll(name, "-", "_")).Replace(text), nil
}

var scripts = map[string]string{
	"bash": `# bash completion for NAME; load it with: source <(NAME completion bash)
_FUNC_complete() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("${line%%$'\t'*}")
  done < <(NAME __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _FUNC_complete NAME
`,
	"zsh": `#compdef NAME
# zsh completion for NAME; load it with: source <(NAME completion zsh)
_FUNC() {
  local line
  local -a found
  while IFS= read -r line; do
    found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
  done < <(NAME __complete "${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( $#found )); then
    _describe NAME found
  else
    _files
  fi
}
if [ "$funcstack[1]" = "_FUNC" ]; then
  _FUNC
else
  compdef _FUNC NAME
fi
`,
	"fish": `# fish completion for NAME; load it with: NAME completion fish | source
function __FUNC_complete
  set -l words (commandline -opc)
  set -l last (commandline -ct)
  NAME __complete $words[2..-1] "$last" 2>/dev/null
end
complete -c NAME -f -n 'count (__FUNC_complete) >/dev/null' -a '(__FUNC_complete)'
`,
	"powershell": `# PowerShell completion for NAME; load it with: NAME completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName 'NAME' -ScriptBlock {
  param($word, $ast, $position)
  $words = @($ast.CommandElements | Select-Object -Skip 1 | Where-Object { $_.Extent.StartOffset -lt $position } | ForEach-Object { $_.ToString() })
  if ($word -eq '') { $words += $(if ($PSVersionTable.PSVersion -lt [version]'7.3') { '""' } else { '' }) }
  & 'NAME' __complete @words 2>$null | ForEach-Object {
    $text, $about = $_ -split [char]9, 2
    if (-not $about) { $about = $text }
    [System.Management.Automation.CompletionResult]::new($text, $text, 'ParameterValue', $about)
  }
}
`,
}
