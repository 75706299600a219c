// Names that are shortened, mistyped or wrong, and what to say of them.
package flagset

import (
	"errors"
	"flag"
	"fmt"
	"regexp"
	"sort"
	"strings"
	"time"
)

// lookup finds a flag by name, or by a beginning that means one flag only.
// Of several, the one where a whole word was given is meant: auth stands for
// auth-mode, not for authorization-server.
func lookup(fs *flag.FlagSet, name string) *flag.Flag {
	f, _ := match(fs, name)
	return f
}

// match also returns the names that a beginning could stand for.
func match(fs *flag.FlagSet, name string) (f *flag.Flag, could []string) {
	if f := fs.Lookup(name); f != nil || name == "" || name == "h" || name == "help" {
		return f, nil
	}
	var all, whole []*flag.Flag
	fs.VisitAll(func(f *flag.Flag) {
		if strings.HasPrefix(f.Name, name) {
			all = append(all, f)
			could = append(could, "--"+f.Name)
		}
		if strings.HasPrefix(f.Name, name+"-") {
			whole = append(whole, f)
		}
	})
	switch {
	case len(all) == 1:
		return all[0], could
	case len(whole) == 1:
		return whole[0], could
	}
	return nil, could
}

// Nearest is the candidate that is most like a mistyped word, or "".
func Nearest(word string, candidates []string) string {
	best, least := "", max(1, len(word)/3)+1
	for _, c := range candidates {
		if d := distance(strings.ToLower(word), c); d < least {
			best, least = c, d
		}
	}
	return best
}

// distance is Levenshtein's, two letters that changed places counting once.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := range len(a) {
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			rows[i+1][j+1] = min(rows[i][j]+cost, rows[i][j+1]+1, rows[i+1][j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				rows[i+1][j+1] = min(rows[i+1][j+1], rows[i-1][j-1]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

// What package flag and package ff say, around what we want to know.
var (
	notDefined   = regexp.MustCompile(`(?s)flag provided but not defined: -(.*)$`)
	needsValue   = regexp.MustCompile(`flag needs an argument: -(.*)$`)
	badBoolean   = regexp.MustCompile(`(?s)invalid boolean value "(.*)" for -(\S+): (.*)$`)
	badValue     = regexp.MustCompile(`(?s)invalid value "(.*)" for flag -(\S+): (.*)$`)
	badVariable  = regexp.MustCompile(`(?s)error setting flag "(.*)" from environment variable "(.*?)": (.*)$`)
	badArguments = "error parsing commandline arguments: "
)

// Explain turns what parsing says into one line that names the flag as it is
// typed, what is wanted, and the flag that was probably meant.
func Explain(fs *flag.FlagSet, err error) error {
	text := err.Error()
	if m := notDefined.FindStringSubmatch(text); m != nil {
		return unknown(fs, strings.TrimLeft(m[1], "-"))
	}
	if m := needsValue.FindStringSubmatch(text); m != nil {
		return fmt.Errorf("--%s needs a value", m[1])
	}
	if m := badBoolean.FindStringSubmatch(text); m != nil {
		return wrongValue(fs, "--"+m[2], m[2], m[3])
	}
	if m := badValue.FindStringSubmatch(text); m != nil {
		return wrongValue(fs, "--"+m[2], m[2], m[3])
	}
	if m := badVariable.FindStringSubmatch(text); m != nil {
		return wrongValue(fs, m[2], m[1], m[3])
	}
	return errors.New(strings.TrimPrefix(text, badArguments))
}

func unknown(fs *flag.FlagSet, name string) error {
	_, could := match(fs, name)
	if len(could) > 1 {
		sort.Strings(could)
		return fmt.Errorf("--%s could be %s", name, strings.Join(could, " or "))
	}
	if near := Nearest(name, flagNames(fs)); near != "" {
		return fmt.Errorf("unknown flag --%s; did you mean --%s?", name, near)
	}
	return fmt.Errorf("unknown flag --%s", name)
}

// wrongValue tells what is wanted. It does not repeat the value, which may be
// a secret that went to the wrong flag.
func wrongValue(fs *flag.FlagSet, where, name, why string) error {
	if f := fs.Lookup(name); f != nil && why == "parse error" {
		if g, ok := f.Value.(flag.Getter); ok {
			switch g.Get().(type) {
			case bool:
				why = "must be true or false"
			case int:
				why = "must be a whole number"
			case time.Duration:
				why = "must be a time such as 10s or 5m"
			}
		}
	}
	return fmt.Errorf("%s: %s", where, why)
}

func flagNames(fs *flag.FlagSet) []string {
	var all []string
	fs.VisitAll(func(f *flag.Flag) { all = append(all, f.Name) })
	return all
}
