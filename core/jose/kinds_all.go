//go:build !page

// All algorithms: for programs.
package jose

import "errors"

var kinds = []kind{es256{}, eddsa{}, rs256{}}

var errKey = errors.New("the key must be an EC key on P-256, an Ed25519 key, or an RSA key of 2048 to 4096 bits")
