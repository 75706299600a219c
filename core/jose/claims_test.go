package jose

import (
	"testing"
	"time"

	"mcp-auth/core/message"
)

func TestLives(t *testing.T) {
	now := time.Unix(1000, 0)
	for text, want := range map[string]error{
		`{"exp":1001}`:            nil,
		`{"exp":1000.5}`:          nil,
		`{"exp":1000}`:            ErrExpired,
		`{"exp":1100}`:            nil,
		`{"exp":1101}`:            ErrTooLasting,
		`{}`:                      ErrTimes,
		`{"exp":"1001"}`:          ErrTimes,
		`{"exp":-1}`:              ErrTimes,
		`{"exp":1e300}`:           ErrTimes,
		`{"exp":1.5e3}`:           ErrTimes,
		`{"exp":-0.5}`:            ErrTimes,
		`{"exp":1000.000000001}`:  nil,
		`{"exp":1000.0000000001}`: ErrExpired,
		`{"exp":1001,"iat":1030}`: nil,
		`{"exp":1001,"iat":1031}`: ErrNotYet,
		`{"exp":1001,"nbf":1031}`: ErrNotYet,
		`{"exp":1001,"nbf":"a"}`:  ErrTimes,
	} {
		if got := (Token{Claims: parse(t, text)}).Lives(now, 100*time.Second); got != want {
			t.Error(text, got, "not", want)
		}
	}
}

func TestAudience(t *testing.T) {
	for text, want := range map[string]string{
		`{"aud":"a"}`: "a", `{"aud":["a"]}`: "a", `{"aud":["a","b"]}`: "", `{"aud":["a","a"]}`: "", `{"aud":[]}`: "", `{}`: "", `{"aud":1}`: "", `{"aud":[["a"]]}`: "",
	} {
		if got := (Token{Claims: parse(t, text)}).Audience(); got != want {
			t.Errorf("%s is for %q", text, got)
		}
	}
}

func parse(t *testing.T, s string) message.Value {
	t.Helper()
	v, err := message.ParseJSON([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return v
}
