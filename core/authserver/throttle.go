// RFC 9700 section 2.5 and RFC 8628 section 5.1: guessing is made slow.
package authserver

import (
	"errors"
	"time"

	"mcp-auth/core/oauth"
	"mcp-auth/core/table"
)

// exhausted reports whether the count has reached limit in its window.
func (s *Server) exhausted(now time.Time, k table.Key, limit int32) (bool, error) {
	r, err := s.t.Throttles.Get(now, k)
	if errors.Is(err, table.ErrMissing) {
		return false, nil
	}
	return err == nil && r.Value.Count >= limit, err
}

// count adds to the count of a window that began with the first of them.
func (s *Server) count(now time.Time, k table.Key, add int32, window time.Duration) error {
	for range 100 {
		r, err := s.t.Throttles.Get(now, k)
		switch {
		case errors.Is(err, table.ErrMissing) && add > 0:
			err = s.t.Throttles.Create(now, k, Throttle{add}, now.Add(window))
		case errors.Is(err, table.ErrMissing):
			return nil
		case err == nil:
			err = s.t.Throttles.Swap(now, k, r, Throttle{r.Value.Count + add}, r.Expires)
		}
		if !errors.Is(err, table.ErrExists) && !errors.Is(err, table.ErrMoved) {
			return err
		}
	}
	return table.ErrMoved
}

// tooMany is the answer to a guesser, or to anyone when counting failed.
func tooMany(err error, what string, wait time.Duration) error {
	if err != nil && !errors.Is(err, table.ErrFull) && !errors.Is(err, table.ErrMoved) {
		return err
	}
	return &oauth.Error{Code: oauth.TemporarilyUnavailable, Status: 429, RetryAfter: int(wait / time.Second), Description: what}
}
