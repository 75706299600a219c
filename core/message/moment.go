// RFC 3339 section 5.6: moments as text, in UTC. The layouts of the standard
// library would bring time zones into the page's download.
package message

import (
	"errors"
	"time"
)

// Moment writes a time in UTC, with as many digits of a second as it needs.
// There is no form for years before 0 and beyond 9999.
func Moment(t time.Time) string {
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	b := digits(nil, year, 4)
	b = digits(append(b, '-'), int(month), 2)
	b = digits(append(b, '-'), day, 2)
	b = digits(append(b, 'T'), hour, 2)
	b = digits(append(b, ':'), minute, 2)
	b = digits(append(b, ':'), second, 2)
	if n := t.Nanosecond(); n > 0 {
		b = digits(append(b, '.'), n, 9)
		for b[len(b)-1] == '0' {
			b = b[:len(b)-1]
		}
	}
	return string(append(b, 'Z'))
}

// digits appends n with leading zeros.
func digits(b []byte, n, width int) []byte {
	at := len(b)
	for range width {
		b = append(b, '0')
	}
	for i := at + width - 1; i >= at; i-- {
		b[i], n = byte('0'+n%10), n/10
	}
	return b
}

var errMoment = errors.New("a time has the form 2006-01-02T15:04:05Z")

// ParseMoment reads what Moment writes, and any other offset than Z. A day
// that is in no calendar is none.
func ParseMoment(s string) (time.Time, error) {
	r := clock{rest: s}
	year, month, day := r.number(4, 0, 9999), r.after('-', 1, 12), r.after('-', 1, 31)
	hour, minute, second := r.after('T', 0, 23), r.after(':', 0, 59), r.after(':', 0, 59)
	nanos, offset := r.fraction(), r.offset()
	t := time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC)
	if r.bad || r.rest != "" || t.Day() != day {
		return time.Time{}, errMoment
	}
	return t.Add(-time.Duration(offset) * time.Minute), nil
}

// clock reads the parts of a time from left to right.
type clock struct {
	rest string
	bad  bool
}

// number takes a number of so many digits, within bounds.
func (c *clock) number(width, least, most int) (n int) {
	if len(c.rest) < width {
		c.bad = true
		return 0
	}
	for i := range width {
		d := c.rest[i]
		c.bad = c.bad || d < '0' || d > '9'
		n = n*10 + int(d-'0')
	}
	c.rest = c.rest[width:]
	c.bad = c.bad || n < least || n > most
	return n
}

// took takes one character, if it is there.
func (c *clock) took(char byte) bool {
	if c.rest == "" || c.rest[0] != char {
		return false
	}
	c.rest = c.rest[1:]
	return true
}

func (c *clock) after(char byte, least, most int) int {
	c.bad = !c.took(char) || c.bad
	return c.number(2, least, most)
}

// fraction is the part behind the point, in nanoseconds; of more than nine
// digits the rest is dropped.
func (c *clock) fraction() (nanos int) {
	if !c.took('.') {
		return 0
	}
	unit := 100_000_000
	at := 0
	for ; at < len(c.rest) && c.rest[at] >= '0' && c.rest[at] <= '9'; at++ {
		nanos += int(c.rest[at]-'0') * unit
		unit /= 10
	}
	c.bad = c.bad || at == 0
	c.rest = c.rest[at:]
	return nanos
}

// offset is Z, or what lies between the time and UTC, in minutes.
func (c *clock) offset() int {
	sign := 1
	switch {
	case c.took('Z'):
		return 0
	case c.took('-'):
		sign = -1
	case !c.took('+'):
		c.bad = true
	}
	return sign * (c.number(2, 0, 23)*60 + c.after(':', 0, 59))
}
