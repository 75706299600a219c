// Tests of the kinds of values.
package flagset

import (
	"flag"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"
)

func TestDurationsReadWell(t *testing.T) {
	is := is.New(t)
	for in, want := range map[string]string{"10s": "10s", "300": "5m", "5m0s": "5m", "1.5": "1.5s", "2h": "2h", "90m": "1h30m", "1h0m5s": "1h0m5s", "250ms": "250ms", "10m": "10m"} {
		var to time.Duration
		is.NoErr(Duration{&to}.Set(in))        // a time
		is.Equal(Duration{&to}.String(), want) // is shown without the zeros at its end
		again, err := time.ParseDuration(want) //
		is.NoErr(err)                          // in a form
		is.Equal(again, to)                    // that means the same
	}
	for _, in := range []string{"", "0", "0s", "-1s", "x", "1x", "99999999999999999999", "NaN", "1e9999"} {
		to := time.Second
		is.True(Duration{&to}.Set(in) != nil) // no time above zero
		is.Equal(to, time.Second)             // changes nothing
	}
}

// C-18: package flag shows defaults and wrong values; a secret is in none.
func TestSecretsAreNeverShown(t *testing.T) {
	is := is.New(t)
	to := "canary"
	fs := flag.NewFlagSet("x", flag.ContinueOnError)
	var out strings.Builder
	fs.SetOutput(&out)
	fs.Var(Secret{&to}, "client-secret", "its `SECRET`")
	fs.PrintDefaults()
	is.NoErr(fs.Parse([]string{"--client-secret", "canary-2"})) // a value
	is.Equal(to, "canary-2")                                    // is kept
	fs.PrintDefaults()
	is.True(!strings.Contains(out.String(), "canary"))                                          // and not shown
	is.Equal(fs.Lookup("client-secret").Value.String()+fs.Lookup("client-secret").DefValue, "") // by nobody
}

// Package flag makes zero values of flags to find their defaults.
func TestZeroValuesDoNotPanic(t *testing.T) {
	is := is.New(t)
	is.Equal(Enum{}.String()+Count{}.String()+Secret{}.String()+Duration{}.String(), "") // nothing to show
	fs := flag.NewFlagSet("x", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	n := 0
	fs.Var(Count{&n}, "v", "")
	is.NoErr(fs.Parse([]string{"-v", "-v=5", "-v", "-v=false", "-v"})) // repeated, set, taken back
	is.Equal(n, 1)                                                     // the last word counts
}
