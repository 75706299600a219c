//go:build js && wasm

// What each scenario tells the client beforehand.
package main

import (
	"strings"

	"mcp-auth/core/flow"
	"mcp-auth/core/jose"
	"mcp-auth/core/message"
)

// A scenario is what the suite tells its client.
type scenario struct {
	id      string
	context message.Value
}

func (s scenario) text(name string) string {
	v, _ := s.context.Get(name).Text()
	return v
}

// document is the client ID that the suite expects of clients that host a
// metadata document.
const document = "https://conformance-test.local/client-metadata.json"

// begin prepares the client: who it is, and the login that comes before the
// first call where no call could ask for it.
func (s scenario) begin(c *client) error {
	c.given = flow.Client{Document: document, Register: true}
	registered := flow.Client{ID: s.text("client_id"), Secret: s.text("client_secret")}
	target := flow.Target{ResourceURL: c.url}
	switch strings.TrimPrefix(s.id, "auth/") {
	case "pre-registration":
		c.given = registered
	case "dpop", "dpop-nonce":
		c.keys.DPoP = true
	case "client-credentials-basic":
		return c.clientCreds(target, registered)
	case "client-credentials-jwt":
		key, err := jose.ReadPrivate(s.context.Get("private_key_jwk")) // client.mjs has made it of the PEM
		if err != nil {
			return err
		}
		c.keys.ClientKey = key
		return c.clientCreds(target, registered)
	case "enterprise-managed-authorization":
		f := flow.NewEnterprise(target, registered, "", flow.IdentityProvider{TokenEndpoint: s.text("idp_token_endpoint"),
			ClientID: s.text("idp_client_id"), IDToken: s.text("idp_id_token")})
		f.Prover = c.keys
		err := run(f)
		c.keep(f.Login, f.Prover)
		return err
	case "wif-jwt-bearer":
		f := flow.NewWorkload(target, flow.Client{}, "", s.text("valid_jwt"))
		f.Prover = c.keys
		err := run(f)
		c.keep(f.Login, f.Prover)
		return err
	}
	return nil
}
