// How each record is bytes, for tables that outlive the program. The order of
// the fields is the layout: whoever changes it raises the codec's version and
// reads the older ones too. A zero is written like any other value.
package authserver

import (
	"unique"

	"mcp-auth/core/jose"
	"mcp-auth/core/keyring"
	"mcp-auth/core/oauth"
	"mcp-auth/core/table"
)

func writeTerms(w *table.Writer, t Terms) {
	w.Text(t.Client)
	w.Text(t.Subject)
	w.Text(t.Scope)
	w.Text(t.Resource)
	w.Text(t.Key)
}

func readTerms(r *table.Reader) Terms {
	return Terms{Client: r.Text(), Subject: r.Text(), Scope: r.Text(), Resource: r.Text(), Key: r.Text()}
}

func readKey(r *table.Reader) (k table.Key) {
	r.Raw(k[:])
	return k
}

var clientCodec = table.Codec[Client]{Version: 1,
	Write: func(w *table.Writer, c Client) {
		for _, all := range clientLists(&c.ClientMetadata) {
			w.Texts(*all)
		}
		for _, text := range clientWords(&c.ClientMetadata) {
			w.Text(*text)
		}
		w.Raw(c.Secret[:])
		for _, flag := range clientFlags(&c) {
			w.Bool(*flag)
		}
	},
	Read: func(r *table.Reader, _ byte) (c Client) {
		for _, all := range clientLists(&c.ClientMetadata) {
			*all = r.Texts()
		}
		for _, text := range clientWords(&c.ClientMetadata) {
			*text = r.Text()
		}
		r.Raw(c.Secret[:])
		for _, flag := range clientFlags(&c) {
			*flag = r.Bool()
		}
		return c
	}}

func clientLists(c *oauth.ClientMetadata) [3]*[]string {
	return [...]*[]string{&c.RedirectURIs, &c.GrantTypes, &c.ResponseTypes}
}

func clientWords(c *oauth.ClientMetadata) [13]*string {
	return [...]*string{&c.TokenEndpointAuthMethod, &c.ClientName, &c.ClientURI, &c.LogoURI, &c.TosURI, &c.PolicyURI, &c.JWKSURI, &c.JWKS,
		&c.SectorIdentifierURI, &c.Scope, &c.ApplicationType, &c.SoftwareID, &c.SoftwareVersion}
}

func clientFlags(c *Client) [4]*bool {
	return [...]*bool{&c.DPoPBound, &c.Used, &c.Seeded, &c.Document}
}

var transactionCodec = table.Codec[Transaction]{Version: 1,
	Write: func(w *table.Writer, t Transaction) {
		writeTerms(w, t.Terms)
		w.Text(t.RedirectURI)
		w.Text(t.State)
		w.Text(t.Challenge)
		w.Raw(t.Browser[:])
		w.Bool(t.Decided)
	},
	Read: func(r *table.Reader, _ byte) Transaction {
		return Transaction{Terms: readTerms(r), RedirectURI: r.Text(), State: r.Text(), Challenge: r.Text(), Browser: readKey(r), Decided: r.Bool()}
	}}

var codeCodec = table.Codec[Code]{Version: 1,
	Write: func(w *table.Writer, c Code) {
		writeTerms(w, c.Terms.Value())
		w.Text(c.RedirectURI)
		w.Text(c.Challenge)
		w.Raw(c.Grant[:])
	},
	Read: func(r *table.Reader, _ byte) Code {
		return Code{Terms: unique.Make(readTerms(r)), RedirectURI: r.Text(), Challenge: r.Text(), Grant: readKey(r)}
	}}

var grantCodec = table.Codec[Grant]{Version: 1,
	Write: func(w *table.Writer, g Grant) {
		writeTerms(w, g.Terms.Value())
		w.Uint(uint64(g.Generation))
	},
	Read: func(r *table.Reader, _ byte) Grant {
		return Grant{Terms: unique.Make(readTerms(r)), Generation: uint32(r.Uint())}
	}}

var accessCodec = table.Codec[Access]{Version: 1,
	Write: func(w *table.Writer, a Access) {
		writeTerms(w, a.Terms.Value())
		w.Raw(a.Grant[:])
	},
	Read: func(r *table.Reader, _ byte) Access {
		return Access{Terms: unique.Make(readTerms(r)), Grant: readKey(r)}
	}}

var refreshCodec = table.Codec[Refresh]{Version: 1,
	Write: func(w *table.Writer, f Refresh) {
		w.Raw(f.Grant[:])
		w.Uint(uint64(f.Generation))
	},
	Read: func(r *table.Reader, _ byte) Refresh {
		return Refresh{Grant: readKey(r), Generation: uint32(r.Uint())}
	}}

var deviceCodec = table.Codec[Device]{Version: 1,
	Write: func(w *table.Writer, d Device) {
		writeTerms(w, d.Terms)
		w.Uint(uint64(d.State))
		w.Int(d.ExpiresAt)
		w.Int(d.LastPoll)
		w.Int(d.Interval)
		w.Raw(d.Grant[:])
	},
	Read: func(r *table.Reader, _ byte) Device {
		return Device{Terms: readTerms(r), State: DeviceState(r.Uint()), ExpiresAt: r.Int(), LastPoll: r.Int(), Interval: r.Int(), Grant: readKey(r)}
	}}

var keyCodec = table.Codec[table.Key]{Version: 1,
	Write: func(w *table.Writer, k table.Key) { w.Raw(k[:]) },
	Read:  func(r *table.Reader, _ byte) table.Key { return readKey(r) }}

var devicePageCodec = table.Codec[DevicePage]{Version: 1,
	Write: func(w *table.Writer, p DevicePage) {
		w.Raw(p.Device[:])
		w.Raw(p.Code[:])
		w.Raw(p.Browser[:])
	},
	Read: func(r *table.Reader, _ byte) DevicePage {
		return DevicePage{Device: readKey(r), Code: readKey(r), Browser: readKey(r)}
	}}

var pushedCodec = table.Codec[PushedRecord]{Version: 1,
	Write: func(w *table.Writer, p PushedRecord) {
		for _, text := range pushedWords(&p) {
			w.Text(*text)
		}
		w.Bool(p.Request)
	},
	Read: func(r *table.Reader, _ byte) (p PushedRecord) {
		for _, text := range pushedWords(&p) {
			*text = r.Text()
		}
		p.Request = r.Bool()
		return p
	}}

func pushedWords(p *PushedRecord) [10]*string {
	return [...]*string{&p.ResponseType, &p.ClientID, &p.RedirectURI, &p.Scope, &p.State, &p.Resource, &p.CodeChallenge, &p.CodeChallengeMethod,
		&p.ResponseMode, &p.DPoPKey}
}

var throttleCodec = table.Codec[Throttle]{Version: 1,
	Write: func(w *table.Writer, t Throttle) { w.Int(int64(t.Count)) },
	Read:  func(r *table.Reader, _ byte) Throttle { return Throttle{Count: int32(r.Int())} }}

// keysCodec: in version 1 there were seeds of Ed25519 alone.
var keysCodec = table.Codec[[]keyring.Key]{Version: 2,
	Write: func(w *table.Writer, all []keyring.Key) {
		w.Uint(uint64(len(all)))
		for _, k := range all {
			w.Text(k.Alg)
			w.Text(k.Secret)
			w.Int(k.Since)
		}
	},
	Read: func(r *table.Reader, version byte) (all []keyring.Key) {
		for range r.Count() {
			var k keyring.Key
			if version == 1 {
				var seed [32]byte
				r.Raw(seed[:])
				k.Alg, k.Secret = jose.EdDSA, string(seed[:])
			} else {
				k.Alg, k.Secret = r.Text(), r.Text()
			}
			k.Since = r.Int()
			all = append(all, k)
		}
		return all
	}}
