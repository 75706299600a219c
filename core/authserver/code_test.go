// How long a spent code is remembered, and what storage that fails says of it.
package authserver

import (
	"strings"
	"testing"
	"time"

	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/table"
)

// OAuth 2.1 section 4.1.3: a code that is used twice takes with it what it
// bought, for as long as that is worth something and the server remembers.

const redemption = "grant_type=authorization_code&client_id=dev-public-client&code_verifier=" + fVerifier + "&code="

func TestForHowLongASpentCodeIsRemembered(t *testing.T) {
	for name, c := range map[string]struct {
		access time.Duration
		codes  int // there may be
		late   time.Duration
		known  bool
	}{
		"after the code's own life":     {time.Hour, 100, time.Minute, true},
		"to the last moment":            {time.Hour, 100, longestMemory - 1, true},
		"and not for ever":              {time.Hour, 100, longestMemory, false},
		"not longer than what it gave":  {2 * time.Minute, 100, 2 * time.Minute, false},
		"nor shorter than it would be":  {time.Second, 100, time.Minute - 1, true},
		"half of the table is for them": {time.Hour, 4, time.Minute, true},
		"and half for those to come":    {time.Hour, 3, time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, ApprovalAuto)
			d.s.cfg.Lifetimes.Access, d.s.cfg.Limits.Codes = c.access, c.codes
			newCode(t, d.s) // another one that lives
			code := newCode(t, d.s)
			first := d.token(redemption + code)
			d.Equal(first.Status, 200)
			d.now = d.now.Add(c.late)
			again := d.token(redemption + code)
			d.refused(again, oauth.InvalidGrant) // it is no good, anyway
			d.Equal(strings.Contains(member(again, "error_description"), "used before"), c.known)
			d.Equal(d.token("grant_type=refresh_token&client_id=dev-public-client&refresh_token="+member(first, "refresh_token")).Status == 200, !c.known) // and what it gave is dead exactly when it is known
		})
	}
}

// blind is a table that cannot be read once a change was lost to somebody else.
type blind struct {
	rival[Code]
	lost *bool
}

func (b blind) Swap(now time.Time, k table.Key, read table.Record[Code], value Code, expires time.Time) error {
	err := b.rival.Swap(now, k, read, value, expires)
	*b.lost = err == table.ErrMoved
	return err
}

func (b blind) Get(now time.Time, k table.Key) (table.Record[Code], error) {
	if *b.lost {
		*b.lost = false
		return table.Record[Code]{}, table.ErrFault
	}
	return b.rival.Get(now, k)
}

// the loser of a race whose winner cannot be read is asked to come again,
// and its replay is then known for one.
func TestR16_FaultsAfterALostRace(t *testing.T) {
	d := newDesk(t, ApprovalAuto)
	var first func()
	lost := false
	d.s.t.Codes = blind{rival[Code]{d.s.t.Codes, &first}, &lost}
	code := newCode(t, d.s)
	var winner message.Response
	first = func() { winner = d.token(redemption + code) }
	d.True(asked(d.token(redemption + code))) // a storage that fails is no fault of the code
	d.True(d.alive(member(winner, "access_token")))
	d.refused(d.token(redemption+code), oauth.InvalidGrant)
	d.True(!d.alive(member(winner, "access_token"))) // and the replay kills what the code bought
}
