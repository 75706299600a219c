package message_test

import (
	"testing"
	"time"

	"github.com/matryer/is"
	"pgregory.net/rapid"

	"mcp-auth/core/message"
)

func TestAMomentIsWrittenAsTheStandardLibraryWritesIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-62167219200, 253402300799).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanos"))
		want := at.UTC().Format(time.RFC3339Nano)
		if got := message.Moment(at); got != want {
			t.Fatalf("%s, not %s", got, want)
		}
		if back, err := message.ParseMoment(want); err != nil || !back.Equal(at) {
			t.Fatalf("%s is read as %v, %v", want, back, err)
		}
	})
}

func TestMomentsOfOtherZones(t *testing.T) {
	is := is.New(t)
	got, err := message.ParseMoment("2026-11-25T12:00:00.25-07:30")
	is.NoErr(err)                                                               // an offset is read
	is.Equal(message.Moment(got), "2026-11-25T19:30:00.25Z")                    // and taken off
	is.Equal(message.Moment(got.Truncate(time.Second)), "2026-11-25T19:30:00Z") // no fraction, no point
}

func FuzzParseMoment(f *testing.F) {
	for _, s := range []string{"", "2026-11-25T12:00:00Z", "2026-02-30T12:00:00Z", "2026-11-25T24:00:00Z", "2026-11-25T12:00:00.Z", "2026-11-25T12:00:00.123456789123Z", "2026-11-25T12:00:00+23:59", "2026-11-25t12:00:00z", "2026-11-25T12:00:00,5Z", "2026-11-25T12:00:00", "0000-01-01T00:00:00Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := message.ParseMoment(s)
		want, wantErr := time.Parse(time.RFC3339Nano, s)
		if err == nil && (wantErr != nil || !got.Equal(want)) {
			t.Fatalf("%q is read as %v; the standard library says %v, %v", s, got, want, wantErr)
		}
	})
}
