// RFC 6750 and RFC 9728 section 5.1: the token on its way to the resource,
// and the challenge on its way back.
package exchange

import (
	"strconv"
	"strings"

	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// BearerHeader is the Authorization value that carries a token.
func BearerHeader(token string) string { return "Bearer " + token }

// Credentials are what a request brings to a resource.
type Credentials struct {
	Token string // "" when none was sent
	DPoP  bool   // the scheme is DPoP (RFC 9449 section 7.1)
}

// ReadCredentials reads the token of a request: from the Authorization field
// and nowhere else. No field, or another scheme, is no token and no error;
// DPoP is another scheme where the resource does not take it. An error is an
// *oauth.Error with status 400.
func ReadCredentials(h message.Header, dpop bool) (Credentials, error) {
	a, n := message.ReadAuthorization(h)
	c := Credentials{DPoP: dpop && strings.EqualFold(a.Scheme, "DPoP")}
	switch {
	case n > 1:
		return Credentials{}, &oauth.Error{Code: oauth.InvalidRequest, Status: 400, Description: "send one Authorization field"}
	case n == 0 || !c.DPoP && !strings.EqualFold(a.Scheme, "Bearer"):
		return Credentials{}, nil
	case !message.IsToken68(a.Rest):
		return c, &oauth.Error{Code: oauth.InvalidRequest, Status: 400, Description: "the Authorization field must be its scheme and one token"}
	}
	c.Token = a.Rest
	return c, nil
}

// A BearerChallenge is the WWW-Authenticate value of a resource.
type BearerChallenge struct {
	DPoP             bool   // the scheme is DPoP (RFC 9449 section 7.1)
	Algorithms       string // of proofs, where the scheme is DPoP: algs, separated by spaces
	Error            string // absent when no token was sent (RFC 6750 section 3.1)
	Description      string
	Scope            string
	ResourceMetadata string // RFC 9728 section 5.1
}

// String writes the challenge.
func (c BearerChallenge) String() string {
	var f message.Form
	f.Add("error", c.Error)
	f.Add("error_description", oauth.Describable(c.Description))
	f.Add("scope", c.Scope)
	f.Add("resource_metadata", c.ResourceMetadata)
	if c.DPoP {
		f.Add("algs", c.Algorithms)
		return message.Challenge{Scheme: "DPoP", Params: f}.String()
	}
	return message.Challenge{Scheme: "Bearer", Params: f}.String()
}

// ReadBearerChallenge finds the one Bearer challenge among all, or where there
// is none the one DPoP challenge. A response that has none, two, or one that
// says a thing twice is ambiguous: ok is false and why says so.
func ReadBearerChallenge(h message.Header) (c BearerChallenge, ok bool, why string) {
	values := h.Values("WWW-Authenticate")
	if len(values) == 0 {
		return BearerChallenge{}, false, "no WWW-Authenticate field"
	}
	all, err := message.ParseChallenges(values)
	if err != nil {
		return BearerChallenge{}, false, err.Error()
	}
	bearer, found := ofScheme(all, "Bearer")
	if found == 0 {
		if bearer, found = ofScheme(all, "DPoP"); found == 1 {
			c.DPoP = true
		}
	}
	if found != 1 {
		return BearerChallenge{}, false, strconv.Itoa(found) + " Bearer challenges"
	}
	for _, p := range [...]struct {
		name string
		to   *string
	}{{"error", &c.Error}, {"error_description", &c.Description}, {"scope", &c.Scope}, {"resource_metadata", &c.ResourceMetadata}, {"algs", &c.Algorithms}} {
		value, n := bearer.Param(p.name)
		if n > 1 {
			return BearerChallenge{}, false, p.name + " is sent twice"
		}
		*p.to = value
	}
	return c, true, ""
}

func ofScheme(all []message.Challenge, scheme string) (found message.Challenge, n int) {
	for _, c := range all {
		if strings.EqualFold(c.Scheme, scheme) {
			found = c
			n++
		}
	}
	return found, n
}
