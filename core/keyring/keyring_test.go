package keyring_test

import (
	"cmp"
	"crypto/rand"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/jose"
	"mcp-auth/core/keyring"
	"mcp-auth/core/message"
	"mcp-auth/core/table"
)

func TestKeysChangeAndStayWhileTheyAreNeeded(t *testing.T) {
	is := is.New(t)
	keys := table.NewMemory[[]keyring.Key](1)
	ring := func() *keyring.Ring {
		return &keyring.Ring{Name: "a", Keys: keys, Random: rand.Reader, Every: time.Hour, Keep: 10 * time.Minute}
	}
	r, now := ring(), time.Unix(1e9, 0)
	first, err := r.Signer(now)
	is.NoErr(err)                           // a key is made when it is needed
	is.Equal(first.ID, first.Thumbprint())  // its name follows from it
	token, err := first.Sign(message.Obj()) // something is signed
	is.NoErr(err)
	again, err := ring().Signer(now.Add(time.Hour - 1))
	is.NoErr(err)
	is.Equal(again.ID, first.ID) // another process on the same table signs with the same key
	now = now.Add(time.Hour)
	second, err := r.Signer(now)
	is.NoErr(err)
	is.True(second.ID != first.ID) // after its time another one signs
	for _, c := range []struct {
		after time.Duration
		keys  int
	}{{0, 2}, {10*time.Minute - 1, 2}, {59 * time.Minute, 2}, {time.Hour, 2}} {
		all, err := r.Public(now.Add(c.after))
		is.NoErr(err)
		is.Equal(len(all), c.keys) // the keys that are published
		_, err = jose.Verify(token, all...)
		is.Equal(err == nil, c.after < time.Hour) // what the first one signed is verified while it may live
	}
}

func TestOneKeyIsMadeUnderARace(t *testing.T) {
	is := is.New(t)
	r := &keyring.Ring{Name: "a", Keys: table.NewMemory[[]keyring.Key](64), Random: rand.Reader, Every: time.Hour, Keep: time.Hour}
	var wg sync.WaitGroup
	names := make([]string, 20)
	for i := range names {
		wg.Go(func() {
			k, _ := r.Signer(time.Unix(1e9, 0))
			names[i] = k.ID
		})
	}
	wg.Wait()
	for _, name := range names {
		is.True(name != "" && name == names[0]) // all sign with the same key
	}
}

// A start with another algorithm makes a key at once; what the one before
// signed is verified while it may live.
func TestAnotherAlgorithmMakesAnotherKey(t *testing.T) {
	is := is.New(t)
	keys := table.NewMemory[[]keyring.Key](1)
	now := time.Unix(1e9, 0)
	var tokens []string
	for i, alg := range append([]string{""}, jose.Algorithms...) { // "" is EdDSA
		r := &keyring.Ring{Name: "a", Alg: alg, Keys: keys, Random: rand.Reader, Every: time.Hour, Keep: 10 * time.Minute}
		k, err := r.Signer(now.Add(time.Duration(i) * time.Second))
		is.NoErr(err)
		is.Equal(k.Alg, cmp.Or(alg, jose.EdDSA)) // the algorithm that is wanted
		again, err := r.Signer(now.Add(time.Duration(i)*time.Second + 1))
		is.NoErr(err)
		is.Equal(again.ID, k.ID) // and the key stays
		token, err := k.Sign(message.Obj())
		is.NoErr(err)
		tokens = append(tokens, token)
	}
	r := &keyring.Ring{Name: "a", Alg: jose.Algorithms[len(jose.Algorithms)-1], Keys: keys, Random: rand.Reader, Every: time.Hour, Keep: 10 * time.Minute}
	all, err := r.Public(now.Add(10 * time.Minute))
	is.NoErr(err)
	for _, token := range tokens {
		_, err = jose.Verify(token, all...)
		is.NoErr(err) // every key is published still
	}
	all, err = r.Public(now.Add(65 * time.Minute)) // another key is made
	is.NoErr(err)
	is.Equal(len(all), 2) // and those that ended are gone
}
