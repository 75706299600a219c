// Where a peer may send us: https, or http on loopback, and from a remote
// resource never to this machine or its network.
package flow

import "mcp-auth/core/message"

// reachable says why a URL that a peer named must not be used; "" when it may.
// from is the resource the user chose. Names are judged again by the adapter,
// on the address they resolve to.
func reachable(from, to string) string {
	u, err := message.ParseURL(to)
	if err != nil {
		return err.Error()
	}
	local := u.Loopback()
	if u.Scheme != "https" && !(u.Scheme == "http" && local) {
		return "the scheme is " + u.Scheme + ": https is needed, http only on loopback"
	}
	origin, err := message.ParseURL(from)
	if err != nil || origin.Loopback() {
		return ""
	}
	if local || message.PrivateHost(u.Host) {
		return "a remote resource must not lead to this machine or its network"
	}
	return ""
}
