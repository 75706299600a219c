// RFC 9126: the authorization request, pushed to a server that takes no other.
package flow

import "mcp-auth/core/exchange"

// push sends the request itself. It is done only where it is required: to push
// is one more exchange, and shows the user nothing more.
func (f *AuthCode) push(r exchange.AuthorizationRequest) []Effect {
	f.note("the server takes only requests that are pushed to it first", "RFC 9126 section 5")
	return f.send(Pushing, stepPush, exchange.PushedRequest{AuthorizationRequest: r, Client: f.auth()}.Message(f.Login.Server.Metadata.PushedAuthorizationRequestEndpoint))
}

// pushed sends the user with the reference that came back.
func (f *AuthCode) pushed(ev Event) []Effect {
	p, err := exchange.ReadPushedReply(ev.(Response).Response)
	if err != nil {
		return f.rejected(err)
	}
	return f.visit(exchange.PushedURL(f.Login.Server.Metadata.AuthorizationEndpoint, f.ID, p.RequestURI))
}

// visit sends the user to the authorization endpoint and waits.
func (f *AuthCode) visit(url string) []Effect {
	f.state = AwaitingCallback
	f.deadline = f.now.Add(f.patience())
	return []Effect{Visit{url}, Wait{f.deadline}}
}
