// Keys and statements of the scripts: the client's key, the key its tokens are
// bound to, an identity provider's word, a platform's word. All are made of
// fixed seeds, so that a script has the same bytes every time.
package flowtest

import (
	"crypto/sha256"
	"errors"
	"time"

	"mcp-auth/core/authserver"
	"mcp-auth/core/exchange"
	"mcp-auth/core/flow"
	"mcp-auth/core/idp"
	"mcp-auth/core/jose"
	"mcp-auth/core/message"
)

// Platform is the issuer whose workloads a world trusts after
// "server workloads=true".
const Platform = "https://platform.example"

// keyOf is the script's key of a name.
func keyOf(name string) jose.PrivateKey {
	k, _ := jose.FromSeed(sha256.Sum256([]byte("key of " + name)))
	return k
}

// PlatformKey is the key of Platform.
func PlatformKey() jose.PrivateKey { return keyOf(Platform) }

// PlatformKeys are its public keys, as a server is told of them.
func PlatformKeys(time.Time) ([]jose.PublicKey, error) {
	return []jose.PublicKey{PlatformKey().Public()}, nil
}

// prover is what a login proves with: key=seeded is the published key of
// dev-key-client, dpop=true binds the tokens.
func (w *World) prover(o map[string]string) (p flow.Prover, err error) {
	w.provers++
	p.Seed = "seed of login " + message.Decimal(int64(w.provers))
	if o["dpop"] == "true" {
		p.DPoP, p.DPoPKey = true, keyOf("the login")
	}
	if o["key"] == "seeded" {
		p.ClientKey, err = seededKey(o["client"])
	}
	return p, err
}

func seededKey(client string) (jose.PrivateKey, error) {
	for _, s := range authserver.Seeds() {
		if s.ID == client && s.Key != "" {
			v, err := message.ParseJSON([]byte(s.Key))
			if err != nil {
				return jose.PrivateKey{}, err
			}
			return jose.ReadPrivate(v)
		}
	}
	return jose.PrivateKey{}, errors.New("no seeded client of that name has a key")
}

// provider signs the test user in at the test identity provider.
func (w *World) provider(client, secret string) (flow.IdentityProvider, error) {
	r, err := w.send("sign in", message.PostForm(Base+idp.IDTokenPath, message.Form{{Name: "client_id", Value: client}}))
	if err != nil {
		return flow.IdentityProvider{}, err
	}
	v, _ := message.ParseJSON(r.Body)
	token, _ := v.Get("id_token").Text()
	return flow.IdentityProvider{TokenEndpoint: Base + idp.TokenPath, ClientID: client, ClientSecret: secret, IDToken: token}, nil
}

// workload is the token that the platform gave a workload; life may be
// negative.
func (w *World) workload(life string) (string, error) {
	d := time.Hour
	if life != "" {
		var err error
		if d, err = time.ParseDuration(life); err != nil {
			return "", err
		}
	}
	return exchange.Assertion{Type: "JWT", Issuer: Platform, Subject: "workload-7", Audience: Base, ExpiresAt: w.now.Add(d)}.Sign(PlatformKey(), w.now)
}
