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

// RFC 3339 section 5.6: each part has its digits, its bounds and its place.
func TestMomentsRefused(t *testing.T) {
	for _, text := range []string{
		"", "2026", "2026-11-25", "2026-11-25T10:11:12", "2026-11-25T10:11:1Z", "026-11-25T10:11:12Z", "2026-1-25T10:11:12Z", "2026-11-25 10:11:12Z", "2026/11/25T10:11:12Z", "2026-11-25T10-11-12Z", "2026-11-25T10:11.12Z",
		"2026-00-25T10:11:12Z", "2026-13-25T10:11:12Z", "2026-11-00T10:11:12Z", "2026-11-31T10:11:12Z", "2026-02-29T10:11:12Z", "2026-12-32T10:11:12Z", "2026-11-25T24:11:12Z", "2026-11-25T10:60:12Z", "2026-11-25T10:11:60Z",
		"2026-11-25T10:11:12.Z", "2026-11-25T10:11:12.", "2026-11-25T10:11:12.1", "2026-11-25T10:11:12,1Z", "2026-11-25T10:11:12z", "2026-11-25T10:11:12Z ", "2026-11-25T10:11:12ZZ", "2026-11-25T10:11:12+01", "2026-11-25T10:11:12+0100", "2026-11-25T10:11:12+24:00", "2026-11-25T10:11:12+01:60", "2026-11-25T10:11:1201:00",
		"2026-11-25T10:11:12x01:00", "20x6-11-25T10:11:12Z", "2026-11-25T1/:11:12Z", "2026-11-25T0::11:12Z", "-026-11-25T10:11:12Z",
	} {
		t.Run(text, func(t *testing.T) {
			is := is.New(t)
			at, err := message.ParseMoment(text)
			is.True(err != nil && at.IsZero()) // it is no moment
		})
	}
	is := is.New(t)
	for text, want := range map[string]int64{"1970-01-01T00:00:00Z": 0, "2024-02-29T23:59:59Z": 1709251199, "1970-01-01T01:30:00+01:30": 0, "1969-12-31T22:30:00-01:30": 0, "1970-01-01T00:00:00-00:00": 0, "1970-01-01T23:59:00+23:59": 0} {
		at, err := message.ParseMoment(text)
		is.NoErr(err)             // these are
		is.Equal(at.Unix(), want) // of this second
	}
	is.Equal(message.Moment(time.Unix(0, 0).In(time.FixedZone("", 3600))), "1970-01-01T00:00:00Z") // and what is written is in UTC
}
