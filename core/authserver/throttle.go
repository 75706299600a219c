// RFC 9700 section 2.5 and RFC 8628 section 5.1: guessing is made slow.
package authserver

import (
	"errors"
	"net/netip"
	"time"

	"mcp-auth/core/oauth"
	"mcp-auth/core/table"
)

// exhausted reports whether the count has reached limit in its window.
func exhausted(now time.Time, counts table.Table[Throttle], k table.Key, limit int32) (bool, error) {
	r, err := counts.Get(now, k)
	if errors.Is(err, table.ErrMissing) {
		return false, nil
	}
	return err == nil && r.Value.Count >= limit, err
}

// count adds to the count of a window that began with the first of them.
func count(now time.Time, counts table.Table[Throttle], k table.Key, add int32, window time.Duration) error {
	for range 100 {
		r, err := counts.Get(now, k)
		switch {
		case errors.Is(err, table.ErrMissing) && add > 0:
			err = counts.Create(now, k, Throttle{add}, now.Add(window))
		case errors.Is(err, table.ErrMissing):
			return nil
		case err == nil:
			err = counts.Swap(now, k, r, Throttle{r.Value.Count + add}, r.Expires)
		}
		if !errors.Is(err, table.ErrExists) && !errors.Is(err, table.ErrMoved) {
			return err
		}
	}
	return table.ErrMoved
}

// tooMany is the answer to a guesser, or to who could not be counted because
// the same count was raised all the time. Where there is no room for a count,
// or the storage failed, that is the error: whoever asks has done nothing.
func tooMany(err error, what string, wait time.Duration) error {
	if err != nil && !errors.Is(err, table.ErrMoved) {
		return err
	}
	return &oauth.Error{Code: oauth.TemporarilyUnavailable, Status: 429, RetryAfter: int(wait / time.Second), Description: what}
}

// guesser is what guesses are counted by: an IPv4 address, or the /64 of an
// IPv6 address, of which one host has all.
func guesser(peer string) table.Key {
	if a, err := netip.ParseAddr(peer); err == nil {
		all, bits := a.Unmap().As16(), 64
		if a.Unmap().Is4() {
			bits = 128
		}
		peer = string(all[:bits/8])
	}
	return table.KeyOf("user code " + peer)
}
