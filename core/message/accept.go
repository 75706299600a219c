// RFC 9110 section 12.5.1: what a client takes as an answer.
package message

import "strings"

// Accepts reports whether a media type, such as text/event-stream, is one that
// the Accept fields take: the most exact range decides, and a weight of 0
// refuses. Who sends no range takes anything.
func (h Header) Accepts(mediaType string) bool {
	main, _, _ := strings.Cut(mediaType, "/")
	best, taken, anything := 0, false, true
	for i := range h {
		if !h[i].is("Accept") {
			continue
		}
		for rest := h[i].Value; rest != ""; {
			var one string
			one, rest, _ = strings.Cut(rest, ",")
			one, params, _ := strings.Cut(one, ";")
			if one = strings.Trim(one, " \t"); one == "" {
				continue
			}
			anything = false
			if exact := exactness(one, mediaType, main); exact > best {
				best, taken = exact, !weightless(params)
			}
		}
	}
	return taken || anything
}

// exactness says how exactly a range names a type: 3 by itself, 2 by the first
// half, 1 with all others, 0 not at all.
func exactness(one, mediaType, main string) int {
	first, second, _ := strings.Cut(one, "/")
	switch {
	case strings.EqualFold(one, mediaType):
		return 3
	case second == "*" && strings.EqualFold(first, main):
		return 2
	case one == "*/*":
		return 1
	}
	return 0
}

// weightless reports whether q is 0 among the parameters of a range.
func weightless(params string) bool {
	for params != "" {
		var p string
		p, params, _ = strings.Cut(params, ";")
		name, q, _ := strings.Cut(strings.Trim(p, " \t"), "=")
		if strings.EqualFold(name, "q") {
			return strings.HasPrefix(q, "0") && strings.Trim(q, "0.") == ""
		}
	}
	return false
}
