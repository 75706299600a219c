// The kinds of values that flags take.
package flagset

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Enum is one of several words.
type Enum struct {
	To    *string
	Words []string
}

// String implements flag.Value.
func (e Enum) String() string {
	if e.To == nil {
		return ""
	}
	return *e.To
}

// Set implements flag.Value.
func (e Enum) Set(s string) error {
	if !slices.Contains(e.Words, s) {
		return fmt.Errorf("must be one of %s", strings.Join(e.Words, ", "))
	}
	*e.To = s
	return nil
}

// Count is a flag that may be repeated, or given a number.
type Count struct{ To *int }

// String implements flag.Value.
func (c Count) String() string {
	if c.To == nil || *c.To == 0 {
		return ""
	}
	return strconv.Itoa(*c.To)
}

// Set implements flag.Value.
func (c Count) Set(s string) error {
	switch s {
	case "true":
		*c.To++
		return nil
	case "false":
		*c.To = 0
		return nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return fmt.Errorf("must be a number from 0 on")
	}
	*c.To = n
	return nil
}

// IsBoolFlag lets the flag stand without a value.
func (c Count) IsBoolFlag() bool { return true }
