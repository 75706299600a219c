// A profile for people: no secret in it, wherever a server put one.
package profile

import (
	"slices"
	"strings"

	"mcp-auth/core/message"
)

// Redacted is the profile for people. Secrets show their first four
// characters and their length; so do those in the registration answer, and
// copies of them inside other members.
func (p Profile) Redacted() message.Value {
	v := p.Value()
	known := secretsIn(v, nil)
	slices.SortFunc(known, func(a, b string) int { return len(b) - len(a) }) // one may hold another
	return redact(v, false, known)
}

// shortest is the length from which a secret is looked for in other texts.
const shortest = 8

// secretsIn collects the texts below secret names.
func secretsIn(v message.Value, found []string) []string {
	for _, e := range v.Elems() {
		found = secretsIn(e, found)
	}
	for _, m := range v.Members() {
		if s, ok := m.Value.Text(); ok && secretName(m.Name) && len(s) >= shortest {
			found = append(found, s)
		}
		found = secretsIn(m.Value, found)
	}
	return found
}

// redact copies v without secrets; secret says that v stands below a secret
// name, where every text and number is one.
func redact(v message.Value, secret bool, known []string) message.Value {
	switch v.Kind() {
	case message.String, message.Number:
		s, _ := v.Text()
		if v.Kind() == message.Number {
			s, _ = v.Number()
		}
		if secret {
			return message.Str(Mask(s))
		}
		for _, k := range known {
			s = strings.ReplaceAll(s, k, Mask(k))
		}
		if v.Kind() == message.String {
			return message.Str(s)
		}
	case message.Array:
		elems := make([]message.Value, len(v.Elems()))
		for i, e := range v.Elems() {
			elems[i] = redact(e, secret, known)
		}
		return message.Arr(elems...)
	case message.Object:
		members := make([]message.Member, len(v.Members()))
		for i, m := range v.Members() {
			members[i] = message.M(m.Name, redact(m.Value, secret || secretName(m.Name), known))
		}
		return message.Obj(members...)
	}
	return v
}

func secretName(name string) bool {
	name = strings.ToLower(name)
	for _, end := range [...]string{"token", "secret", "password", "assertion", "private_key"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}

// Mask shows the first four characters of a long secret, and its length.
func Mask(secret string) string {
	r := []rune(secret)
	if len(r) <= 8 {
		return strings.Repeat("*", len(r))
	}
	return string(r[:4]) + "... (" + message.Decimal(int64(len(r))) + " characters)"
}
