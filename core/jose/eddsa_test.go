package jose

import (
	"strings"
	"testing"

	"github.com/matryer/is"
)

// RFC 8037 appendix A.4.
func TestEd25519OfTheRFC(t *testing.T) {
	is := is.New(t)
	k, err := ReadPrivate(parse(t, `{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`))
	is.NoErr(err)
	sig, err := k.signature([]byte("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"))
	is.NoErr(err)
	is.Equal(encode(sig), "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg") // its signature
}

// Every algorithm of this build signs, and its tokens are verified by its own
// key alone.
func TestEveryAlgorithmOfTheBuild(t *testing.T) {
	is := is.New(t)
	for _, alg := range Algorithms {
		k, err := Generate(alg, strings.NewReader(strings.Repeat("seed", 16)))
		is.NoErr(err) // made
		other, _ := Generate(alg, strings.NewReader(strings.Repeat("soul", 16)))
		token, err := k.Sign(parse(t, `{"iss":"a"}`))
		is.NoErr(err) // signed
		_, err = Verify(token, k.Public())
		is.NoErr(err) // verified
		_, err = Verify(token, other.Public())
		is.True(err != nil) // not by another key
		secret, err := NewSecret(alg, strings.NewReader(strings.Repeat("seed", 16)))
		is.NoErr(err) // bytes to keep
		one, err := FromSecret(alg, secret)
		is.NoErr(err)
		two, err := FromSecret(alg, secret)
		is.NoErr(err)
		is.True(one.Alg == alg && one.Thumbprint() == two.Thumbprint()) // are the same key every time
		_, err = FromSecret(alg, secret[1:])
		is.True(err != nil) // or none
	}
	_, err := FromSecret("HS256", make([]byte, 32))
	is.True(err != nil) // of no other algorithm
}
