// The kinds of values that flags take.
package flagset

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
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
		if near := Nearest(s, e.Words); near != "" {
			return fmt.Errorf("must be one of %s; did you mean %s?", strings.Join(e.Words, ", "), near)
		}
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
		return errors.New("must be a number from 0 on")
	}
	*c.To = n
	return nil
}

// IsBoolFlag lets the flag stand without a value.
func (c Count) IsBoolFlag() bool { return true }

// Secret is a text that no help, default or error repeats (C-18).
type Secret struct{ To *string }

// String implements flag.Value. It never shows the text.
func (s Secret) String() string { return "" }

// Set implements flag.Value.
func (s Secret) Set(text string) error {
	*s.To = text
	return nil
}

// Duration is a time above zero: 10s, 5m, or seconds without a unit.
type Duration struct{ To *time.Duration }

// String implements flag.Value: 5m, not 5m0s.
func (d Duration) String() string {
	if d.To == nil || *d.To == 0 {
		return ""
	}
	s := d.To.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Set implements flag.Value.
func (d Duration) Set(s string) error {
	t, err := time.ParseDuration(s)
	if err != nil {
		t, err = time.ParseDuration(s + "s")
	}
	if err != nil || t <= 0 {
		return errors.New("must be a time above zero, such as 10s or 5m")
	}
	*d.To = t
	return nil
}
