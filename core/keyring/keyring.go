// Package keyring keeps the keys a server signs with: in a table, so that they
// are one server's and not one process's, and changed now and then. A key that
// no longer signs stays published until what it signed is dead.
package keyring

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"mcp-auth/core/jose"
	"mcp-auth/core/table"
)

// A Key is the secret of one key (jose.NewSecret), and when it began to sign.
type Key struct {
	Alg    string
	Secret string
	Since  int64 // Unix nanoseconds
}

// A Ring makes, changes and finds keys. It is safe for concurrent use and must
// not be copied.
type Ring struct {
	Name   string             // of the record
	Keys   table.Table[[]Key] // the newest last
	Alg    string             // of the keys that are made; empty: EdDSA
	Random io.Reader
	Every  time.Duration // how long a key signs
	Keep   time.Duration // how long what is signed lives

	cache  atomic.Pointer[signer]
	making sync.Mutex // one key at a time: those of RSA take a while
}

// A signer is the newest key, ready to sign: reading it is as dear as signing.
type signer struct {
	from Key
	key  jose.PrivateKey
}

// Signer is the key to sign with now.
func (r *Ring) Signer(now time.Time) (jose.PrivateKey, error) {
	keys, err := r.current(now)
	if err != nil {
		return jose.PrivateKey{}, err
	}
	newest := keys[len(keys)-1]
	if c := r.cache.Load(); c != nil && c.from == newest {
		return c.key, nil
	}
	k, err := newest.key()
	if err == nil {
		r.cache.Store(&signer{newest, k})
	}
	return k, err
}

// Public are the keys that verify what lives now, the newest last.
func (r *Ring) Public(now time.Time) ([]jose.PublicKey, error) {
	keys, err := r.current(now)
	if err != nil {
		return nil, err
	}
	all := make([]jose.PublicKey, len(keys))
	for i, k := range keys {
		private, err := k.key()
		if err != nil {
			return nil, err
		}
		all[i] = private.Public()
	}
	return all, nil
}

// Seeds are the secrets of what lives now, the newest last: for who makes other
// things of them than keys.
func (r *Ring) Seeds(now time.Time) ([][32]byte, error) {
	keys, err := r.current(now)
	all := make([][32]byte, len(keys))
	for i, k := range keys {
		copy(all[i][:], k.Secret)
	}
	return all, err
}

func (k Key) key() (jose.PrivateKey, error) {
	key, err := jose.FromSecret(k.Alg, []byte(k.Secret))
	key.ID = key.Thumbprint()
	return key, err
}

// current reads the keys, and makes the next one when the newest has signed
// long enough, or is of another algorithm than is wanted now. Whoever loses
// that race against another process reads again.
func (r *Ring) current(now time.Time) ([]Key, error) {
	r.making.Lock()
	defer r.making.Unlock()
	name := table.KeyOf("keys " + r.Name)
	for range 100 {
		read, err := r.Keys.Get(now, name)
		missing := errors.Is(err, table.ErrMissing)
		if err != nil && !missing {
			return nil, err
		}
		next, moved := r.next(now, read.Value)
		if !moved {
			return read.Value, nil
		}
		if next, err = r.add(now, next); err != nil {
			return nil, err
		}
		until := now.Add(r.Every + r.Keep)
		if missing {
			err = r.Keys.Create(now, name, next, until)
		} else {
			err = r.Keys.Swap(now, name, read, next, until)
		}
		if err == nil {
			return next, nil
		}
		if !errors.Is(err, table.ErrMoved) && !errors.Is(err, table.ErrExists) {
			return nil, err
		}
	}
	return nil, table.ErrMoved
}

// next are the keys that stay when a new one is due; a key stays for as long
// as what it signed last lives.
func (r *Ring) next(now time.Time, keys []Key) (stay []Key, due bool) {
	if n := len(keys); n > 0 && keys[n-1].Alg == r.alg() && now.UnixNano()-keys[n-1].Since < int64(r.Every) {
		return keys, false
	}
	for i, k := range keys {
		ended := now.UnixNano()
		if i+1 < len(keys) {
			ended = keys[i+1].Since
		}
		if now.UnixNano()-ended < int64(r.Keep) {
			stay = append(stay, k)
		}
	}
	return stay, true
}

func (r *Ring) add(now time.Time, keys []Key) ([]Key, error) {
	secret, err := jose.NewSecret(r.alg(), r.Random)
	return append(keys, Key{r.alg(), string(secret), now.UnixNano()}), err
}

func (r *Ring) alg() string {
	if r.Alg == "" {
		return jose.EdDSA
	}
	return r.Alg
}
