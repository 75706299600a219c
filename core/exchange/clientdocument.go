// draft-ietf-oauth-client-id-metadata-document: what a client publishes at the
// URL that is its identifier, and what is wrong with one.
package exchange

import (
	"slices"
	"strconv"
	"strings"

	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// MaxClientDocument is how long a document may be, in bytes (section 6.6).
const MaxClientDocument = 5 << 10

// cimd is what the sections below are of.
const cimd = "draft-ietf-oauth-client-id-metadata-document section "

// A Fault is one thing that is wrong with a document. Text holds no value of
// the document; Got does.
type Fault struct{ Text, Got, Cite string }

// ClientDocument writes a document to host at its identifier.
func ClientDocument(id string, c oauth.ClientMetadata) []byte {
	m := members{message.M("client_id", message.Str(id))}
	return append(message.Obj(append(m, clientMembers(c)...)...).AppendSorted(nil, 2), '\n')
}

// ReadClientDocument reads the answer to a GET of the identifier. Whatever is
// wrong is in the faults, all of it; the metadata is good when there are none.
// A method that is left out is none: there is no secret to share.
func ReadClientDocument(id string, m message.Response) (oauth.ClientMetadata, []Fault) {
	if faults := transferFaults(m); len(faults) > 0 {
		return oauth.ClientMetadata{}, faults
	}
	v, err := message.ParseJSON(m.Body)
	if err != nil {
		return oauth.ClientMetadata{}, []Fault{{"the document is no JSON as RFC 8259 has it", err.Error(), cimd + "4.1"}}
	}
	if v.Kind() != message.Object {
		return oauth.ClientMetadata{}, []Fault{{"the document must be a JSON object", v.Kind().String(), cimd + "4.1"}}
	}
	return readDocument(id, v)
}

// transferFaults judges the answer before its body is read.
func transferFaults(m message.Response) []Fault {
	kind := message.MediaType(m.Header.Get("Content-Type"))
	switch {
	case m.Status >= 300 && m.Status < 400:
		return []Fault{{"the URL redirects; redirects are not followed, serve the document itself", "status " + strconv.Itoa(m.Status), cimd + "4"}}
	case m.Status != 200:
		return []Fault{{"the answer must have status 200", "status " + strconv.Itoa(m.Status), cimd + "4"}}
	case len(m.Body) > MaxClientDocument:
		return []Fault{{"the document is longer than 5,120 bytes", "more", cimd + "6.6"}}
	case kind != message.JSONType && !(strings.HasPrefix(kind, "application/") && strings.HasSuffix(kind, "+json")):
		return []Fault{{"Content-Type must be application/json", orNothing(kind), cimd + "4.1"}}
	}
	return nil
}

func readDocument(id string, v message.Value) (oauth.ClientMetadata, []Fault) {
	o := &object{value: v}
	c := readClient(o)
	named := o.text("client_id")
	if o.fault != "" {
		return oauth.ClientMetadata{}, []Fault{{"a member has the wrong type", o.fault, "RFC 7591 section 2"}}
	}
	var all []Fault
	fault := func(bad bool, text, got, cite string) {
		if bad {
			all = append(all, Fault{text, got, cite})
		}
	}
	fault(named != id, "client_id must be the document's own URL, byte for byte", orNothing(named), cimd+"4.1")
	fault(c.ClientName == "", "client_name is missing", "nothing", "MCP authorization, client ID metadata documents")
	for _, secret := range [...]string{"client_secret", "client_secret_expires_at"} {
		fault(v.Get(secret).Kind() != message.Missing, secret+" must not be in a document that anybody can read", "a value", cimd+"4.1")
	}
	fault(strings.HasPrefix(c.TokenEndpointAuthMethod, "client_secret_"), "token_endpoint_auth_method must not need a shared secret: use none or private_key_jwt", c.TokenEndpointAuthMethod, cimd+"4.1")
	keys := v.Get("jwks")
	fault(keys.Kind() != message.Missing && c.JWKSURI != "", "jwks and jwks_uri must not both be there", "both", "RFC 7591 section 2")
	fault(c.TokenEndpointAuthMethod == "private_key_jwt" && keys.Kind() == message.Missing && c.JWKSURI == "", "private_key_jwt needs jwks or jwks_uri", "neither", "RFC 7591 section 2")
	fault(holdsPrivateKey(keys), "jwks must hold public keys alone", "a private or symmetric key", cimd+"4.1")
	if text := ClientTextFault(c); text != "" {
		fault(true, text, "another value", "RFC 7591 section 2")
	}
	if c.TokenEndpointAuthMethod == "" {
		c.TokenEndpointAuthMethod = oauth.AuthNone
	}
	if len(c.GrantTypes) == 0 {
		c.GrantTypes = []string{oauth.GrantAuthorizationCode} // RFC 7591 section 2
	}
	return c, append(all, redirectFaults(c)...)
}

// redirectFaults holds documents to the rules of registration.
func redirectFaults(c oauth.ClientMetadata) []Fault {
	switch {
	case len(c.RedirectURIs) == 0 && slices.Contains(c.GrantTypes, oauth.GrantAuthorizationCode):
		return []Fault{{"redirect_uris is missing: authorization_code needs one", "nothing", cimd + "4.1"}}
	case len(c.RedirectURIs) > MaxRedirects:
		return []Fault{{"redirect_uris may have 20 values", strconv.Itoa(len(c.RedirectURIs)), "OAuth 2.1 section 2.3"}}
	}
	var all []Fault
	for _, uri := range c.RedirectURIs {
		if err := oauth.RegistrableRedirect(uri); err != nil {
			all = append(all, Fault{err.Error(), uri, "OAuth 2.1 section 2.3.1"})
		}
	}
	return all
}

// holdsPrivateKey finds members that only a private or symmetric key has
// (RFC 7518 section 6).
func holdsPrivateKey(jwks message.Value) bool {
	for _, key := range jwks.Get("keys").Elems() {
		if kind, _ := key.Get("kty").Text(); kind == "oct" {
			return true
		}
		for _, m := range key.Members() {
			if slices.Contains([]string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}, m.Name) {
				return true
			}
		}
	}
	return false
}
