// The labels of secrets, and the memory of which is which.
package trace

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"mcp-auth/core/message"
)

// Secrets remembered so that they are found in any text, and the shortest and
// the longest one that is looked for there.
const (
	remembered = 1000
	shortest   = 6
	lengthiest = message.MaxValue
)

// label is what is shown for a secret. What looks like a label and was not made
// here is a secret like any other.
func (r *Redactor) label(kind, secret string) string {
	if secret == "" || r.made[secret] || r.adopts && labelShaped(secret) {
		return secret
	}
	if l, ok := r.labels[secret]; ok {
		return l
	}
	r.counts[kind]++
	l := "<" + kind + "#" + strconv.Itoa(r.counts[kind]) + " " + strconv.Itoa(len(secret)) + ">"
	r.remember(secret, l)
	return l
}

// encoded labels a secret that is written in some way: it is found again in
// that way and in its own.
func (r *Redactor) encoded(kind, written, secret string) string {
	if r.made[written] {
		return written
	}
	l := r.label(kind, secret)
	r.remember(written, l)
	return l
}

// remember looks for the secret from now on, and for the oldest no longer when
// there are too many. Short ones stand in too many texts.
func (r *Redactor) remember(secret, label string) {
	if _, known := r.labels[secret]; known || len(secret) < shortest || len(secret) > lengthiest {
		return
	}
	r.labels[secret], r.made[label] = label, true
	if !plain(secret) {
		encoded := percent(secret)
		r.others[secret] = []string{encoded, strings.ReplaceAll(encoded, "%20", "+"), escaped(secret)}
	}
	at, _ := slices.BinarySearchFunc(r.longest, secret, longestFirst)
	r.longest = slices.Insert(r.longest, at, secret)
	if r.recent = append(r.recent, secret); len(r.recent) > remembered {
		oldest := r.recent[0]
		delete(r.made, r.labels[oldest])
		delete(r.labels, oldest)
		delete(r.others, oldest)
		at, _ = slices.BinarySearchFunc(r.longest, oldest, longestFirst)
		r.longest = slices.Delete(r.longest, at, at+1)
		r.recent = r.recent[1:]
	}
}

func longestFirst(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) }

// Text takes every remembered secret out of a text, as it is and as forms and
// JSON write it.
func (r *Redactor) Text(s string) string {
	for _, secret := range r.longest {
		label := r.labels[secret]
		s = strings.ReplaceAll(s, secret, label)
		for _, other := range r.others[secret] {
			s = strings.ReplaceAll(s, other, label)
		}
	}
	return s
}

// plain reports whether every format writes a secret in the same way.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_' && c != '~' {
			return false
		}
	}
	return true
}

func percent(s string) string { return message.Form{{Value: s}}.Encode()[1:] }

func escaped(s string) string {
	quoted := string(message.Str(s).Append(nil))
	return quoted[1 : len(quoted)-1]
}

// Query is what stands between "?" and "#" of a URL as it was recorded: the #
// of a label begins no fragment.
func Query(url string) string {
	at := strings.IndexAny(url, "?#")
	if at < 0 || url[at] == '#' {
		return ""
	}
	query := url[at+1:]
	for i := range len(query) {
		if query[i] == '#' && !labelled(query, i) {
			return query[:i]
		}
	}
	return query
}

// labelled reports whether the # at a place is that of a label.
func labelled(s string, at int) bool {
	begin := strings.LastIndexByte(s[:at], '<')
	end := strings.IndexByte(s[at:], '>')
	return begin >= 0 && end >= 0 && labelShaped(s[begin:at+end+1])
}

// labelShaped reports whether s is written as a label.
func labelShaped(s string) bool {
	s, open := strings.CutPrefix(s, "<")
	s, closed := strings.CutSuffix(s, ">")
	kind, rest, hash := strings.Cut(s, "#")
	number, length, two := strings.Cut(rest, " ")
	return open && closed && hash && two && kind != "" && len(kind) <= longestKind && strings.Trim(kind, "abcdefghijklmnopqrstuvwxyz") == "" && counted(number) && counted(length)
}

// longestKind is the length of "credentials".
const longestKind = 11

func counted(s string) bool {
	return s != "" && len(s) <= 7 && strings.Trim(s, "0123456789") == ""
}
