package flow

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"mcp-auth/core/exchange"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/trace"
)

// What an ascent does after each kind of refusal, and how often.
func TestAnAscentsMoves(t *testing.T) {
	is := is.New(t)
	refused := func(status int, code, scope string, challenged bool) error {
		return &Refusal{Status: status, Err: &oauth.Error{Code: code}, Challenge: exchange.BearerChallenge{Scope: scope}, Challenged: challenged}
	}
	a := Ascent{Scope: "a"}
	is.Equal(a.After(errors.New("no network"), true), GiveUp)                            // the world has failed
	is.Equal(a.After(refused(403, "http_403", "", false), true), GiveUp)                 // nobody asks for a token
	is.Equal(a, Ascent{Scope: "a"})                                                      // and nothing changed
	is.Equal(a.After(refused(401, oauth.InvalidToken, "", true), true), Renewal)         // a new token, without the user
	is.Equal(a.After(refused(401, oauth.InvalidToken, "", true), true), Authorize)       // once
	is.Equal(a.Scope, "a")                                                               // a token that died asks for no more scope
	is.Equal(a.ToAsk(), "")                                                              // the challenge decides
	is.Equal(a.After(refused(403, oauth.InsufficientScope, "b", true), true), Authorize) // for more scope the user is asked
	is.Equal(a.Scope, "a b")                                                             // for the union
	is.Equal(a.ToAsk(), "a b")
	is.Equal(a.After(refused(403, oauth.InsufficientScope, "\x01", true), true), Authorize)
	is.Equal(a.Scope, "a b")                                                          // what is no scope adds none
	is.Equal(a.After(refused(403, oauth.InsufficientScope, "c", true), true), GiveUp) // not for ever
	b := Ascent{}
	is.Equal(b.After(refused(403, "invalid_request", "c", true), false), GiveUp) // a token would not help
	is.Equal(b.After(refused(401, oauth.InvalidToken, "", true), false), Authorize)
	next := b.Next(Target{ResourceURL: wURL})
	is.True(next.ResourceURL == wURL && next.Challenged) // the challenge says where to begin
}

// A flow that is called wrongly says so and stays where it is.
func TestFlowsThatAreCalledWrongly(t *testing.T) {
	is := is.New(t)
	short := wAuthCode(Target{ResourceURL: wURL}, Client{ID: "given"})
	short.StateValue = strings.Repeat("s", 15)
	_, err := short.Step(wStart, Start{})
	is.True(err != nil && strings.Contains(err.Error(), "a state of at least 16 random characters") && short.State() == Idle) // a state that can be guessed
	short.StateValue += "s"
	_, err = short.Step(wStart, Start{})
	is.True(err == nil && short.State() == Probing) // is one character longer
	for _, f := range []Flow{NewDiscover(Target{ResourceURL: wURL}), NewDevice(Target{ResourceURL: wURL}, Client{}, ""), NewClientCreds(Target{ResourceURL: wURL}, Client{}, ""), NewWorkload(Target{ResourceURL: wURL}, Client{}, "", "a"),
		NewEnterprise(Target{ResourceURL: wURL}, Client{}, "", IdentityProvider{}), &Call{ResourceURL: wURL}, &Renew{}, &Revoke{}, &Bearer{}, &short} {
		effects, err := f.Step(wStart, Callback{message.Get(wRedirect)})
		is.True(err != nil && len(effects) == 0) // nobody waits for a callback
	}
	m := Bearer{ResourceURL: wURL, Token: "t"}
	rows := []Row[Bearer]{{Idle, OnStart, []State{Failed}, "a table that is wrong", func(b *Bearer, _ Event) []Effect { b.state = Finished; b.Token = "changed"; return nil }}}
	_, err = step(&m, &m.machine, rows, wStart, Start{})
	is.True(err != nil && strings.Contains(err.Error(), "the table has no way from Idle")) // what the table does not promise is an error
	is.True(m.state == "" || m.state == Idle)                                              // and has not happened
	is.Equal(m.Token, "t")
}

// A stream is enough once the reply is in it.
func TestWhatIsEnoughOfAStream(t *testing.T) {
	is := is.New(t)
	reply := []byte("data: {\"jsonrpc\":\"2.0\",\"id\":\"c\",\"result\":{}}\n\n")
	is.True(Send{Reply: message.Str("c")}.Enough(reply))      // our reply
	is.True(!Send{Reply: message.Str("d")}.Enough(reply))     // another's
	is.True(!Send{Reply: message.Str("c")}.Enough(reply[:9])) // part of it
	is.True(!Send{}.Enough(reply))                            // a request that has no reply is read to its end
}

func TestWhoIsWrongStandsInTheError(t *testing.T) {
	is := is.New(t)
	world := errors.New("no route")
	is.True(errors.Is(&Interrupted{URL: "u", Err: world}, world)) // the world's own error
	no := &oauth.Error{Code: oauth.InvalidGrant}
	is.True(errors.Is(&Refusal{Err: no}, error(no))) // the peer's
	o := outcome(no)
	is.True(o.Kind == trace.Refused && o.Code == oauth.InvalidGrant && o.Got == no.Error()) // also where nobody says at which message
}

// What a server lists decides which ways of logging in there are.
func TestModesOfADiscovery(t *testing.T) {
	is := is.New(t)
	is.True(!offers(oauth.ServerMetadata{TokenEndpoint: "t"}, "other"))                                          // no such way
	is.True(offers(oauth.ServerMetadata{TokenEndpoint: "t"}, ModeWorkload))                                      // servers are slow to list it
	is.True(!offers(oauth.ServerMetadata{}, ModeEnterprise))                                                     // it takes a token endpoint
	is.True(offers(oauth.ServerMetadata{TokenEndpoint: "t", AuthorizationEndpoint: "a"}, ModeAuthCode))          // the default of RFC 8414
	is.True(!offers(oauth.ServerMetadata{TokenEndpoint: "t", GrantTypesSupported: []string{"x"}}, ModeAuthCode)) // which a list replaces
	is.Equal(modes(Discovered{}), []string{ModeBearer})                                                          // what always goes
	guessed := NewDiscover(Target{ResourceURL: wURL, AuthorizationServer: wIssuer})
	_, err := guessed.Step(wStart, Start{})
	is.NoErr(err) // it begins
	for range 20 {
		answer := map[State]Event{Probing: discovery["challenge bare"], FetchingResource: odd["404"], FetchingServer: metadata(`{`, `{"scopes_supported":["of","the","server"],`)}[guessed.State()]
		if answer == nil {
			break
		}
		_, err := guessed.Step(wStart, answer)
		is.NoErr(err) // it is an answer
	}
	is.Equal(guessed.Found.Scopes, []string{"of", "the", "server"}) // where the resource says nothing
}

// A device that polls too soon is told to wait, and one whose code has died
// stops by itself.
func TestADevicesClock(t *testing.T) {
	is := is.New(t)
	f := NewDevice(Target{ResourceURL: wURL}, Client{ID: "given"}, "")
	f.Found = found(t, "metadata")
	for _, ev := range []Event{Start{}, devices["device"]} {
		_, err := f.Step(wStart, ev)
		is.NoErr(err) // the device has its code
	}
	effects, err := f.Step(wStart.Add(5*time.Second-1), Timer{})
	is.NoErr(err)
	is.Equal(effects, []Effect{Wait{wStart.Add(5 * time.Second)}}) // not yet
	late := *f
	effects, _ = late.Step(wStart.Add(20*time.Second), Timer{})
	fail, failed := effects[len(effects)-1].(Fail)
	var lapsed *Lapsed
	is.True(failed && errors.As(fail.Err, &lapsed) && !lapsed.Denied) // its time is over
	_, err = f.Step(wStart.Add(20*time.Second-1), Timer{})
	is.True(err == nil && f.State() == Polling) // to the last moment it asks
}
