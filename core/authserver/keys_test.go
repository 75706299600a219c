// RFC 9449: what was given for a proof is good with proofs of that key alone.
package authserver

import (
	"testing"

	"mcp-auth/core/exchange"
	"mcp-auth/core/jose"
	"mcp-auth/core/message"
)

// signing is a desk that looks at proofs, with a way to make them.
func signing(t *testing.T) (d *desk, proof func(seed byte, path string) message.Field) {
	d = newDesk(t, ApprovalAuto)
	d.s.cfg.DPoP = DPoPOptional
	names := 0
	return d, func(seed byte, path string) message.Field {
		names++
		key, _ := jose.FromSeed([32]byte{seed})
		text, err := exchange.DPoPProof{Method: "POST", URL: fIssuer + path, JTI: message.Decimal(int64(names)), IssuedAt: d.now}.Sign(key)
		d.NoErr(err) // the proof is signed
		return message.Field{Name: "DPoP", Value: text}
	}
}

// Section 5: a refresh token of a public client, whenever its key came.
func TestARefreshTokenKeepsTheKeyItWasGivenFor(t *testing.T) {
	d, proof := signing(t)
	client, _ := d.register(codeClient)
	refresh := func(token string, fields ...message.Field) message.Response {
		return d.token("grant_type=refresh_token&refresh_token="+token+"&client_id="+client, fields...)
	}
	first := member(d.redeem(client, d.codeFor(client)), "refresh_token")
	bound := member(refresh(first, proof(1, TokenPath)), "refresh_token")
	d.refused(refresh(bound), "invalid_grant")                      // nobody's
	d.refused(refresh(bound, proof(2, TokenPath)), "invalid_grant") // another's
	d.Equal(refresh(bound, proof(1, TokenPath)).Status, 200)        // its own
}

// Section 10.1: a code, by the proof that came with the pushed request.
func TestACodeIsForTheKeyOfThePushedRequest(t *testing.T) {
	d, proof := signing(t)
	client, _ := d.register(codeClient)
	redeem := func(fields ...message.Field) message.Response {
		m := posted(PushPath, requestOf(client))
		m.Header = append(m.Header, proof(1, PushPath))
		pushed := member(d.s.Push(d.now, m), "request_uri")
		r := d.s.Authorize(d.now, message.Get(fIssuer+AuthorizePath+"?client_id="+client+"&request_uri="+pushed))
		f, _ := message.ParseForm(message.Request{URL: r.Header.Get("Location")}.Query())
		code, _ := f.One("code")
		return d.token("grant_type=authorization_code&client_id="+client+"&code_verifier="+fVerifier+"&code="+code, fields...)
	}
	d.refused(redeem(), "invalid_grant")                    // nobody's
	d.refused(redeem(proof(2, TokenPath)), "invalid_grant") // another's
	d.Equal(redeem(proof(1, TokenPath)).Status, 200)        // its own
}
