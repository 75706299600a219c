// Addresses that a request for somebody else must not reach (RFC 6890,
// RFC 9728 section 7.7).
package message

import (
	"net/netip"
	"strings"
)

// PrivateHost reports whether a host is written as this machine or an address
// of its network. What a name resolves to is judged by PrivateAddress, on the
// address that is dialled.
func PrivateHost(host string) bool {
	host = strings.TrimSuffix(strings.Trim(strings.ToLower(host), "[]"), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || numeric(host) {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && PrivateAddress(a)
}

// numeric finds hosts that some resolvers read as an address though they are
// not written as one: 127.1, 0x7f.1, 2130706433.
func numeric(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return false
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	return last != "" && (last[0] >= '0' && last[0] <= '9')
}

// special is what the registries of RFC 6890 have for other things than hosts
// of the internet: reserved, of protocols, for examples, and IPv6 forms that
// lead to an IPv4 address, which may be any.
var special = func() []netip.Prefix {
	var all []netip.Prefix
	for _, p := range strings.Fields("0.0.0.0/8 100.64.0.0/10 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4 " +
		"::/96 ::ffff:0:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 100:0:0:1::/64 2001::/23 2001:db8::/32 2002::/16 3fff::/20 5f00::/16 fec0::/10") {
		all = append(all, netip.MustParsePrefix(p))
	}
	return all
}()

// PrivateAddress reports whether an address is loopback, private, link-local,
// carrier NAT, multicast, unspecified, of the registries of RFC 6890, or may be
// a translated form of those. A zone changes nothing.
func PrivateAddress(a netip.Addr) bool {
	a = a.WithZone("").Unmap()
	if a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsLinkLocalMulticast() || a.IsMulticast() || a.IsUnspecified() {
		return true
	}
	for _, p := range special {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// SameNetwork reports whether an address is the one that a host is written as,
// or lies in a private network (RFC 1918, RFC 4193), as that one does.
func SameNetwork(host string, a netip.Addr) bool {
	chosen, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if err != nil {
		return false
	}
	chosen, a = chosen.Unmap(), a.Unmap()
	return chosen == a || chosen.IsPrivate() && a.IsPrivate()
}
