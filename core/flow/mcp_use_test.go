// What MCP authorization demands of a client: using tokens, and getting more.
package flow

import (
	"strings"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/mcp"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
)

func TestMCPClient28_TheTokenIsInTheHeaderOfEveryRequest(t *testing.T) {
	is := is.New(t)
	initialized := jsonAnswer(200, `{"jsonrpc":"2.0","id":"mcp-auth-initialize","result":{"protocolVersion":"2025-11-25"}}`)
	replies := map[string][]Response{
		mcp.Newest:    {initialized, odd["204"], jsonAnswer(200, `{"jsonrpc":"2.0","id":1,"result":{}}`)},
		mcp.Stateless: {jsonAnswer(200, `{"jsonrpc":"2.0","id":1,"result":{}}`)},
	}
	for wire, answers := range replies {
		f := &Call{ResourceURL: wURL, Token: "good-token", Method: "tools/list", ID: message.Num(1), Protocol: wire}
		var ev Event = Start{}
		for i := range len(answers) + 1 {
			effects, err := f.Step(wStart, ev)
			is.NoErr(err) //
			if i == len(answers) {
				is.Equal(f.State(), Finished) // the reply is there
				break
			}
			s := effects[0].(Send)
			is.Equal(s.Request.Header.Values("Authorization"), []string{"Bearer good-token"}) // on each
			is.True(!strings.Contains(s.Request.URL, "good-token"))                           // never in the URL
			ev = answers[i]
		}
	}
}

// refusal is what a call fails with when the resource answers so.
func refusal(status int, scope string) error {
	f := Call{ResourceURL: wURL, Token: "good-token", Method: "tools/list", ID: message.Num(1), Protocol: mcp.Stateless}
	value := `Bearer error="insufficient_scope", scope="` + scope + `"`
	if status == 401 {
		value = `Bearer error="invalid_token"`
	}
	_, _ = f.Step(wStart, Start{})
	effects, _ := f.Step(wStart, challenge(status, value))
	return effects[len(effects)-1].(Fail).Err
}

func TestMCPClient31_TooLittleScope(t *testing.T) {
	is := is.New(t)
	a := Ascent{Scope: "mcp:read"}
	is.Equal(a.After(refusal(403, "mcp:write"), true), Authorize) // a refreshed token would have no more
	is.Equal(a.ToAsk(), "mcp:read mcp:write")                     // what was asked for stays asked for (32)
	next := a.Next(Target{ResourceURL: wURL})
	is.True(next.Challenged && next.Challenge.Scope == "mcp:write")                                       // the challenge is where the login begins
	is.Equal((&Ascent{}).After(&Refusal{Status: 403, Err: &oauth.Error{Code: "http_403"}}, true), GiveUp) // a 403 that says nothing of a token
}

// What a refused call advises: the scope it had and the one it lacks, and no
// reason that the server did not give (RFC 6750 section 3.1).
func TestMCPClient32_TheAdviceOfARefusedCall(t *testing.T) {
	is := is.New(t)
	refused := func(answer Response) *Refusal {
		f := Call{ResourceURL: wURL, Token: "good-token", Scope: "a b", Method: "tools/list", ID: message.Num(1), Protocol: mcp.Stateless}
		_, _ = f.Step(wStart, Start{})
		effects, _ := f.Step(wStart, answer)
		return effects[len(effects)-1].(Fail).Err.(*Refusal)
	}
	is.Equal(refused(challenge(403, `Bearer error="insufficient_scope", scope="b c"`)).Hint, "log in again with --scope 'a b c'")
	is.Equal(refused(challenge(403, `Bearer error="insufficient_scope"`)).Hint, "log in again with more --scope; the challenge does not say which")
	is.True(strings.Contains(refused(jsonAnswer(401, "{}")).Error(), "no WWW-Authenticate"))
	is.True(strings.Contains(refused(challenge(401, `Bearer realm="x"`)).Error(), "names no error"))
	is.Equal(refused(challenge(401, `Bearer error="invalid_token"`)).Error(), "invalid_token")
}

func TestMCPClient33_NotForEver(t *testing.T) {
	is := is.New(t)
	var a Ascent
	for range MaxAuthorizations {
		is.Equal(a.After(refusal(403, "mcp:write"), true), Authorize) // some tries
	}
	is.Equal(a.After(refusal(403, "mcp:admin"), true), GiveUp) // and no more, whatever it wants
	var b Ascent                                               // another request counts by itself
	is.Equal(b.After(refusal(401, ""), true), Renewal)         // a refused token is renewed
	is.Equal(b.After(refusal(401, ""), true), Authorize)       // once
}
