//go:build page

// The algorithms of the page: curves of the NIST would make its download a
// fifth larger.
package jose

import "errors"

var kinds = []kind{eddsa{}}

var errKey = errors.New("the key must be an Ed25519 key: others are not part of the page")
