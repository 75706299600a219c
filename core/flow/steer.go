// Where a peer may send us: https, or http on loopback. A remote resource
// never leads to this machine or its network, one in a private network that
// the user named by its address nowhere but there and outside.
package flow

import (
	"net/netip"
	"strings"

	"mcp-auth/core/message"
)

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
	switch {
	case err != nil || origin.Loopback():
		return ""
	case inNetwork(origin.Host, u.Host):
		return "" // the user is in that network, and chose it
	case local || message.PrivateHost(u.Host):
		return "a remote resource must not lead to this machine or its network"
	}
	return ""
}

// inNetwork reports whether both are written as addresses of one network.
func inNetwork(chosen, host string) bool {
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && message.SameNetwork(chosen, a)
}
