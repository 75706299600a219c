// RFC 7519 section 4: the registered claims, and the times within which a
// token is good.
package jose

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"mcp-auth/core/message"
)

// Skew is how far ahead the clock of a token's maker may be.
const Skew = 30 * time.Second

// Errors of Lives.
var (
	ErrTimes      = errors.New("exp, iat or nbf is not a number of seconds, or exp is missing")
	ErrExpired    = errors.New("the token has expired")
	ErrNotYet     = errors.New("iat or nbf lies in the future: is a clock wrong?")
	ErrTooLasting = errors.New("exp lies too far in the future")
)

// Lives checks exp, which is REQUIRED and at most longest ahead, and iat and
// nbf where they are sent. A token is dead at the first instant of exp.
func (t Token) Lives(now time.Time, longest time.Duration) error {
	exp, sent, ok := t.moment("exp")
	iat, _, okIat := t.moment("iat")
	nbf, _, okNbf := t.moment("nbf")
	switch {
	case !sent || !ok || !okIat || !okNbf:
		return ErrTimes
	case !exp.After(now):
		return ErrExpired
	case iat.After(now.Add(Skew)) || nbf.After(now.Add(Skew)):
		return ErrNotYet
	case exp.After(now.Add(longest)):
		return ErrTooLasting
	}
	return nil
}

// Time is a claim that is a NumericDate (RFC 7519 section 2), zero when it is
// none.
func (t Token) Time(name string) time.Time {
	at, _, _ := t.moment(name)
	return at
}

// moment reads a NumericDate: seconds, maybe with a fraction. Nobody writes one
// with an exponent.
func (t Token) moment(name string) (at time.Time, sent, ok bool) {
	v := t.Claims.Get(name)
	if v.Kind() == message.Missing {
		return time.Time{}, false, true
	}
	number, isNumber := v.Number()
	digits, fraction, _ := strings.Cut(number, ".")
	seconds, err := strconv.ParseInt(digits, 10, 64)
	if !isNumber || err != nil || number[0] == '-' || seconds > 1<<40 {
		return time.Time{}, true, false
	}
	nanos, unit := int64(0), int64(1e8)
	for _, digit := range fraction {
		if digit < '0' || digit > '9' {
			return time.Time{}, true, false
		}
		nanos, unit = nanos+int64(digit-'0')*unit, unit/10
	}
	return time.Unix(seconds, nanos), true, true
}

// Audience is the one audience. A token for several is for whoever of them is
// weakest: that is none.
func (t Token) Audience() string { return t.One("aud") }

// One is a claim that is a string, or an array of one; else "".
func (t Token) One(name string) string {
	v := t.Claims.Get(name)
	if v.Kind() == message.Array && len(v.Elems()) == 1 {
		v = v.Elems()[0]
	}
	text, _ := v.Text()
	return text
}
