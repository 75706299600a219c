// Where a citation can be read.
package explain

import "strings"

const mcpSpecification = "https://modelcontextprotocol.io/specification/"

// Address is where a citation begins, "" where none is known: the section of an
// RFC, OAuth 2.1, or MCP authorization in the revision that it names.
func Address(cite string) string {
	switch {
	case strings.HasPrefix(cite, "RFC "):
		number, rest := digits(cite[4:])
		section, found := strings.CutPrefix(rest, " section ")
		if number == "" || !found {
			return prefixed("https://www.rfc-editor.org/rfc/rfc", number)
		}
		end := 0
		for end < len(section) && (section[end] == '.' || section[end] >= '0' && section[end] <= '9') {
			end++
		}
		return "https://www.rfc-editor.org/rfc/rfc" + number + prefixed("#section-", strings.TrimRight(section[:end], "."))
	case strings.HasPrefix(cite, "OAuth 2.1"):
		return "https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1"
	case strings.HasPrefix(cite, "MCP "):
		for _, revision := range [...]string{"2025-03-26", "2025-06-18"} {
			if strings.HasPrefix(cite[4:], revision) {
				return mcpSpecification + revision + "/basic/authorization"
			}
		}
		return mcpSpecification + "2025-11-25/basic/authorization"
	}
	return ""
}

// digits are those that a text begins with, and what follows.
func digits(s string) (number, rest string) {
	end := 0
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	return s[:end], s[end:]
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}
