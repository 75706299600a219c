// RFC 7517 and RFC 7518 section 6: reading keys.
package jose

import (
	"errors"

	"mcp-auth/core/message"
)

// maxKeys is how many keys a set may have.
const maxKeys = 20

// Keys that may well be good, for something else than what is verified here.
var (
	errAlg = errors.New("the key's alg does not fit its kty and crv")
	errUse = errors.New("the key is not for signatures")
)

// A reader takes members out of a JWK and remembers the first fault.
type reader struct {
	v     message.Value
	fault error
}

func (r *reader) text(name string) string {
	v := r.v.Get(name)
	s, ok := v.Text()
	if !ok && v.Kind() != message.Missing && r.fault == nil {
		r.fault = errors.New("the key's " + name + " must be a string")
	}
	return s
}

func (r *reader) bytes(name string, size int) []byte {
	b, err := decode(r.text(name))
	if r.fault == nil && (err != nil || len(b) == 0 || size > 0 && len(b) != size) {
		r.fault = errors.New("the key's " + name + " is not what it must be")
	}
	return b
}

// ReadPublic reads a public key. One that carries a private member is refused:
// it was never meant to be sent (RFC 7517 section 9.2).
func ReadPublic(v message.Value) (PublicKey, error) {
	for _, private := range [...]string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
		if v.Get(private).Kind() != message.Missing {
			return PublicKey{}, errors.New("the key has a private member")
		}
	}
	return readPublic(v)
}

func readPublic(v message.Value) (PublicKey, error) {
	r := &reader{v: v}
	id, alg, use := r.text("kid"), r.text("alg"), r.text("use")
	k, err := r.key(id)
	switch {
	case err != nil:
		return PublicKey{}, err
	case alg != "" && alg != k.Alg:
		return PublicKey{}, errAlg
	case use != "" && use != "sig":
		return PublicKey{}, errUse
	}
	return k, nil
}

func (r *reader) key(id string) (PublicKey, error) {
	for _, kind := range kinds {
		key, ok := kind.read(r)
		switch {
		case r.fault != nil:
			return PublicKey{}, r.fault
		case ok:
			return NewPublic(id, key)
		}
	}
	return PublicKey{}, errKey
}

// ReadPrivate reads a key of ES256 or EdDSA with its private part.
func ReadPrivate(v message.Value) (PrivateKey, error) {
	public, err := readPublic(v)
	if err != nil {
		return PrivateKey{}, err
	}
	r := &reader{v: v}
	d := r.bytes("d", 32)
	if r.fault != nil {
		return PrivateKey{}, r.fault
	}
	signer, err := kindOf(public.Alg).private(d)
	if err != nil {
		return PrivateKey{}, err
	}
	k, err := NewPrivate(public.ID, signer)
	if err == nil && k.Thumbprint() != public.Thumbprint() {
		err = errors.New("the key's private part does not belong to its public part")
	}
	return k, err
}

// ReadSet reads a JWK Set (RFC 7517 section 5). Keys of a kind that is not
// known, of another algorithm or for encryption are passed over: a set is
// published for many readers.
func ReadSet(v message.Value) ([]PublicKey, error) {
	if v.Kind() != message.Object || v.Get("keys").Kind() != message.Array {
		return nil, errors.New("a JWK Set is an object with an array keys")
	}
	var keys []PublicKey
	for _, e := range v.Get("keys").Elems() {
		k, err := ReadPublic(e)
		if errors.Is(err, errKey) || errors.Is(err, errAlg) || errors.Is(err, errUse) {
			continue
		}
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 || len(keys) > maxKeys {
		return nil, errors.New("a JWK Set needs 1 to 20 keys that can be used")
	}
	return keys, nil
}
