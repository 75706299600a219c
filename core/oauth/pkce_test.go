// RFC 7636: verifier and challenge.
package oauth_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/oauth"
)

// The vector of RFC 7636 appendix B.
const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

func TestRFC7636_AppendixB(t *testing.T) {
	is := is.New(t)
	octets := []byte{116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105, 214, 191, 240, 91, 88, 5, 88, 83, 132, 141, 121}
	v, err := oauth.NewVerifier(bytes.NewReader(octets))
	is.NoErr(err)                                            // 32 octets are enough
	is.Equal(v, verifier)                                    // the verifier of the RFC
	is.Equal(oauth.Challenge(v), challenge)                  // its challenge
	is.NoErr(oauth.CheckVerifier(verifier))                  // it is one
	is.NoErr(oauth.CheckChallenge(challenge))                // and so is this
	is.True(oauth.VerifierMatches(verifier, challenge))      // they belong together
	is.True(!oauth.VerifierMatches(challenge, challenge))    // the challenge is not its own verifier (TK-05)
	is.True(!oauth.VerifierMatches(verifier[1:], challenge)) // nor is a part
	is.True(!oauth.VerifierMatches("", ""))                  // nothing proves nothing
}

func TestRFC7636_4_1_Verifier(t *testing.T) {
	a := strings.Repeat("a", 42)
	for v, good := range map[string]bool{
		a + "a": true, strings.Repeat("Z", 128): true, a + "-._~09": true,
		"": false, a: false, strings.Repeat("a", 129): false, a + " ": false, a + "+": false, a + "=": false, a + "/": false,
		a + "\u00e9": false, a + "\x00": false, a + "%41": false, a + "\n": false,
	} {
		t.Run(v, func(t *testing.T) {
			is := is.New(t)
			is.Equal(oauth.CheckVerifier(v) == nil, good) // 43 to 128 unreserved characters (TK-06)
		})
	}
}

// RFC 3986 section 2.3 lists the unreserved characters, RFC 4648 section 5
// those of base64url.
func TestRFC7636_EveryCharacter(t *testing.T) {
	const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	is := is.New(t)
	for c := range 256 {
		s := strings.Repeat(string([]byte{byte(c)}), 43)
		is.Equal(oauth.CheckVerifier(s) == nil, strings.IndexByte(alphanumeric+"-._~", byte(c)) >= 0) // unreserved or refused
		is.Equal(oauth.CheckChallenge(s) == nil, strings.IndexByte(alphanumeric+"-_", byte(c)) >= 0)  // base64url or refused
	}
}

func TestRFC7636_4_2_Challenge(t *testing.T) {
	for c, good := range map[string]bool{
		challenge: true, "": false, challenge[1:]: false, challenge + "a": false, challenge[1:] + "+": false, challenge[1:] + "/": false,
		challenge[1:] + "=": false, challenge[1:] + " ": false, challenge[1:] + ".": false, challenge[1:] + "~": false, challenge[2:] + "\u00e9": false,
	} {
		t.Run(c, func(t *testing.T) {
			is := is.New(t)
			is.Equal(oauth.CheckChallenge(c) == nil, good) // 43 characters of base64url (AZ-15)
		})
	}
}

func TestRandomText(t *testing.T) {
	is := is.New(t)
	random := bytes.NewReader(bytes.Repeat([]byte{0xff, 0xfb}, 20))
	s, err := oauth.RandomText(random, 3)
	is.NoErr(err)       // there is enough
	is.Equal(s, "__v_") // base64url, unpadded
	s, err = oauth.RandomText(random, 40)
	is.Equal(s, "")                              // too little randomness is none
	is.True(errors.Is(err, io.ErrUnexpectedEOF)) // and an error
	s, err = oauth.NewVerifier(random)
	is.True(s == "" && errors.Is(err, io.EOF)) // a dry source makes no verifier
}

func TestSameSecret(t *testing.T) {
	is := is.New(t)
	is.True(oauth.SameSecret("a", "a"))   // equal
	is.True(!oauth.SameSecret("a", "b"))  // different
	is.True(!oauth.SameSecret("a", "A"))  // case counts
	is.True(!oauth.SameSecret("a", "ab")) // so does length
}
