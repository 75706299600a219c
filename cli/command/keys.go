// Keys of a login: the client's own, and the one its tokens are bound to.
package command

import (
	"crypto/rand"

	"mcp-auth/core/flow"
	"mcp-auth/core/jose"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/profile"
	"mcp-auth/native/keyfile"
)

// clientAuths are the ways a client can say who it is at the token endpoint.
var clientAuths = []string{"auto", oauth.AuthNone, oauth.AuthBasic, oauth.AuthPost, oauth.AuthKey}

// prover makes what a login proves with. A key to bind tokens to is always
// there: a resource may take no others.
func (c *clientFlags) prover() (p flow.Prover, err error) {
	if p.Seed, err = oauth.RandomText(rand.Reader, 16); err != nil {
		return p, err
	}
	if p.DPoPKey, err = jose.Generate(jose.ES256, rand.Reader); err != nil {
		return p, err
	}
	p.DPoP = c.dpop
	if c.clientKey != "" {
		if p.ClientKey, err = keyfile.Read(c.clientKey); err != nil {
			return p, usage("--client-key: %v", err)
		}
	}
	return p, nil
}

// proverOf is what a stored login proves with.
func proverOf(p profile.Profile) (flow.Prover, error) {
	out := flow.Prover{}
	var err error
	if out.Seed, err = oauth.RandomText(rand.Reader, 16); err != nil {
		return out, err
	}
	if out.ClientKey, err = storedKey(p.ClientKey); err == nil {
		out.DPoPKey, err = storedKey(p.DPoPKey)
	}
	return out, err
}

func storedKey(jwk []byte) (jose.PrivateKey, error) {
	if len(jwk) == 0 {
		return jose.PrivateKey{}, nil
	}
	v, err := message.ParseJSON(jwk)
	if err != nil {
		return jose.PrivateKey{}, err
	}
	return jose.ReadPrivate(v)
}

// keep puts the keys that a later call needs into the profile.
func keepKeys(p *profile.Profile, used flow.Prover, bound bool) {
	if p.TokenEndpointAuthMethod == oauth.AuthKey {
		p.ClientKey = jwk(used.ClientKey)
	}
	if bound {
		p.DPoPKey = jwk(used.DPoPKey)
	}
}

func jwk(k jose.PrivateKey) []byte {
	v := k.JWK()
	if v.Kind() != message.Object { // an RSA key stays in its file
		return nil
	}
	return v.Append(nil)
}
