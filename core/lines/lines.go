// Package lines says where two texts differ.
package lines

import (
	"strconv"
	"strings"
)

// Diff is the first difference of two texts, for people; "" when there is
// none.
func Diff(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		a, b := "(end)", "(end)"
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			return "line " + strconv.Itoa(i+1) + "\n  want " + a + "\n  got  " + b
		}
	}
	return ""
}
