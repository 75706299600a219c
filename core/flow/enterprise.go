// Enterprise-managed authorization: the identity provider turns the user's ID
// token into a grant for this resource's server (RFC 8693, Identity Assertion
// Authorization Grant), which is then asked for a token (RFC 7523 section 2.1).
package flow

import (
	"time"

	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

// An IdentityProvider is where the user is signed in already.
type IdentityProvider struct {
	TokenEndpoint string
	ClientID      string // ours, at the provider
	ClientSecret  string
	IDToken       string // the user's
}

// Enterprise logs in without asking the user again. Its outcome is Login.
type Enterprise struct {
	loginer
	Provider IdentityProvider
}

// NewEnterprise makes the flow.
func NewEnterprise(t Target, c Client, scope string, p IdentityProvider) *Enterprise {
	return &Enterprise{loginer: loginer{seeker: seeker{Target: t}, Client: c, Scope: scope}, Provider: p}
}

// EnterpriseRows is the table of Enterprise.
var EnterpriseRows = append(seeking(func(f *Enterprise) *seeker { return &f.seeker }, (*Enterprise).discovered, nil, Federating),
	Row[Enterprise]{Federating, OnResponse, []State{Requesting, Failed}, "RFC 8693 section 2.2", (*Enterprise).federated},
	Row[Enterprise]{Federating, OnTrouble, []State{Failed}, "", troubled[Enterprise]},
	Row[Enterprise]{Requesting, OnResponse, []State{Requesting, Finished, Failed}, "RFC 7523 section 2.1", (*Enterprise).answered},
	Row[Enterprise]{Requesting, OnTrouble, []State{Failed}, "", troubled[Enterprise]},
)

// Step implements Flow.
func (f *Enterprise) Step(now time.Time, ev Event) ([]Effect, error) {
	return step(f, &f.machine, EnterpriseRows, now, ev)
}

func (f *Enterprise) discovered() []Effect {
	if effects := f.choose(ModeEnterprise); effects != nil {
		return effects
	}
	if f.ID == "" {
		return f.fail(errNoClient)
	}
	if why := reachable(f.ResourceURL, f.Provider.TokenEndpoint); why != "" {
		return f.fail(&Violation{Step: stepIdentity, URL: f.Provider.TokenEndpoint, Want: "the identity provider's token endpoint with https, or http on loopback", Got: why, Cite: "RFC 6749 section 3.2"})
	}
	f.Login.Client = oauth.Registration{ClientID: f.ID, ClientSecret: f.Secret}
	auth := exchange.ClientAuth{Method: oauth.AuthNone, ClientID: f.Provider.ClientID, ClientSecret: f.Provider.ClientSecret}
	if auth.ClientSecret != "" {
		auth.Method = oauth.AuthPost
	}
	r := exchange.TokenRequest{GrantType: oauth.GrantTokenExchange, RequestedTokenType: exchange.TokenTypeIDJAG, Audience: f.Login.Server.Issuer, Resource: f.Found.ResourceID,
		Scope: f.Login.RequestedScope, SubjectToken: f.Provider.IDToken, SubjectTokenType: exchange.TokenTypeIDToken, Client: auth}
	return f.send(Federating, stepIdentity, r.Message(f.Provider.TokenEndpoint))
}

// federated takes the grant to the resource's server.
func (f *Enterprise) federated(ev Event) []Effect {
	grant, err := exchange.ReadGrantReply(ev.(Response).Response, exchange.TokenTypeIDJAG)
	if err != nil {
		return f.refused(err, "the identity provider would not vouch for this user, client or resource")
	}
	f.note("the identity provider issued a grant of "+message.Decimal(int64(len(grant)))+" characters for "+f.Login.Server.Issuer, "RFC 8693 section 2.2.1")
	return f.askToken(Requesting, exchange.TokenRequest{GrantType: oauth.GrantJWTBearer, Assertion: grant, Scope: f.Login.RequestedScope})
}

func (f *Enterprise) answered(ev Event) []Effect { return f.tokenAnswered(ev) }
