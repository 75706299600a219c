// RFC 6749 section 3.3: scope, and this server's three scope values, of which
// a broader one covers the narrower.
package oauth

import (
	"errors"
	"slices"
	"strings"
)

// The scope values of the test server: admin covers write, write covers read.
const (
	ScopeRead  = "mcp:read"
	ScopeWrite = "mcp:write"
	ScopeAdmin = "mcp:admin"
)

// A Scope is a list of scope values, each once.
type Scope []string

// ParseScope reads scope values separated by single or more spaces.
func ParseScope(s string) (Scope, error) {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c > 0x7e || c == '"' || c == '\\' {
			return nil, errors.New("scope may only have printable ASCII without quotes and backslashes")
		}
	}
	var all Scope
	seen := make(map[string]bool, 8)
	for v := range strings.FieldsSeq(s) {
		if !seen[v] {
			seen[v] = true
			all = append(all, v)
		}
	}
	return all, nil
}

// String joins the values with spaces.
func (s Scope) String() string { return strings.Join(s, " ") }

// Has reports whether the value itself is in s.
func (s Scope) Has(value string) bool { return slices.Contains(s, value) }

// Union returns s and what other adds, in that order.
func (s Scope) Union(other Scope) Scope {
	all := slices.Clone(s)
	for _, v := range other {
		if !all.Has(v) {
			all = append(all, v)
		}
	}
	return all
}

// Within reports whether allowed covers each value of s.
func (s Scope) Within(allowed Scope) bool {
	for _, v := range s {
		if !Covers(allowed, v) {
			return false
		}
	}
	return true
}

// Grants is Covers for a scope as text, without splitting it up.
func Grants(granted, needed string) bool {
	for v := range strings.SplitSeq(granted, " ") {
		if covers(v, needed) {
			return true
		}
	}
	return false
}

// Covers reports whether granted lets its bearer do what needed asks for.
func Covers(granted Scope, needed string) bool {
	return slices.ContainsFunc(granted, func(v string) bool { return covers(v, needed) })
}

func covers(value, needed string) bool {
	rank := scopeRank(needed)
	return value == needed && value != "" || rank > 0 && scopeRank(value) > rank
}

func scopeRank(value string) int {
	switch value {
	case ScopeRead:
		return 1
	case ScopeWrite:
		return 2
	case ScopeAdmin:
		return 3
	}
	return 0
}

// KnownScope reports whether this server knows the value.
func KnownScope(value string) bool { return scopeRank(value) > 0 }

// ScopeWords says what a scope value lets a client do, for people.
func ScopeWords(value string) string {
	switch value {
	case ScopeRead:
		return "Read: list the tools, call the harmless ones and read notes"
	case ScopeWrite:
		return "Write: create and change notes"
	case ScopeAdmin:
		return "Administer: delete every note"
	}
	return "Something this server has no words for"
}
