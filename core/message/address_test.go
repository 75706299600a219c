// RFC 9728 section 7.7 and the registries of RFC 6890: what a request for
// somebody else must not reach.
package message_test

import (
	"net/netip"
	"testing"

	"github.com/matryer/is"

	"mcp-auth/core/message"
)

// The first and last address of each block, and their neighbours outside.
var blocks = map[string]struct{ in, out []string }{
	"loopback":          {[]string{"127.0.0.0", "127.255.255.255", "::1"}, []string{"126.255.255.255", "128.0.0.0", "::1:0:0:0"}},
	"private":           {[]string{"10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255", "fc00::", "fdff::"}, []string{"9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "fbff::"}},
	"link-local":        {[]string{"169.254.0.0", "169.254.169.254", "fe80::", "febf::"}, []string{"169.253.255.255", "169.255.0.0", "fe7f::"}},
	"multicast":         {[]string{"224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"}, []string{"223.255.255.255"}},
	"this network":      {[]string{"0.0.0.0", "0.255.255.255", "::"}, []string{"1.0.0.0"}},
	"carrier NAT":       {[]string{"100.64.0.0", "100.127.255.255"}, []string{"100.63.255.255", "100.128.0.0"}},
	"IETF":              {[]string{"192.0.0.0", "192.0.0.255"}, []string{"191.255.255.255", "192.0.1.0"}},
	"benchmarks":        {[]string{"198.18.0.0", "198.19.255.255"}, []string{"198.17.255.255", "198.20.0.0"}},
	"reserved":          {[]string{"240.0.0.0", "255.255.255.255"}, nil},
	"IPv4 in IPv6":      {[]string{"::ffff:127.0.0.1", "::ffff:10.1.2.3", "::ffff:100.64.0.1"}, []string{"::ffff:93.184.216.34"}},
	"translated":        {[]string{"64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001::1"}, []string{"64:ff9c::1", "2003::1", "2001:4860::1"}},
	"translated to all": {[]string{"::2", "::127.0.0.1", "::10.0.0.1", "::255.255.255.255", "::ffff:0:127.0.0.1", "::ffff:0:a00:1", "::ffff:0:ffff:ffff"}, []string{"::1:0:0", "::fffe:ffff:ffff:ffff", "::ffff:1:0:0"}},
	"protocols":         {[]string{"2001::", "2001:1::1", "2001:20::1", "2001:1ff:ffff::"}, []string{"2000:ffff::1", "2001:200::"}},
	"relays":            {[]string{"192.88.99.0", "192.88.99.255"}, []string{"192.88.98.255", "192.88.100.0"}},
	"examples":          {[]string{"192.0.2.0", "192.0.2.255", "198.51.100.0", "198.51.100.255", "203.0.113.0", "203.0.113.255", "2001:db8::", "2001:db8:ffff::1", "3fff::", "3fff:fff::1"}, []string{"192.0.1.255", "192.0.3.0", "198.51.99.255", "198.51.101.0", "203.0.112.255", "203.0.114.0", "2001:db7::1", "2001:db9::", "3ffe::1", "3fff:1000::"}},
	"segment routing":   {[]string{"5f00::", "5f00:ffff::1"}, []string{"5eff::1", "5f01::"}},
	"zones":             {[]string{"fe80::1%eth0", "fec0::1%eth0", "64:ff9b::7f00:1%1", "::1%lo"}, []string{"2606:2800::1%eth0"}},
	"discard":           {[]string{"100::1", "100:0:0:1::1"}, []string{"101::1", "100:0:0:2::"}},
	"former site-local": {[]string{"fec0::1", "feff::1"}, []string{"2606:2800::1"}},
}

func TestPrivateAddress(t *testing.T) {
	for name, b := range blocks {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			for _, a := range b.in {
				is.True(message.PrivateAddress(netip.MustParseAddr(a))) // of this machine or its network
				is.True(message.PrivateHost(a))                         // and so when a URL has it as its host
			}
			for _, a := range b.out {
				is.True(!message.PrivateAddress(netip.MustParseAddr(a))) // anybody's
				is.True(!message.PrivateHost(a))                         // written out as well
			}
		})
	}
}

func TestPrivateHost(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LocalHost": true, "localhost.": true, "app.localhost": true, "[::1]": true, "[::FFFF:127.0.0.1]": true,
		"127.1": true, "0x7f.1": true, "2130706433": true, "a.0": true, "a.9x": true, "127.0.0.1.": true,
		"app.example": false, "notlocalhost": false, "localhost.example": false, "10.example": false, "93.184.216.34": false, "[2606:2800::1]": false, "a./": false, "a.:": false, "": false,
	} {
		t.Run(host, func(t *testing.T) {
			is := is.New(t)
			is.Equal(message.PrivateHost(host), want) // as resolvers would read it
		})
	}
}

// A loopback or link-local host leads to itself alone, a private one to any
// private network: what somebody chose there may be spread over it.
func TestSameNetwork(t *testing.T) {
	for _, c := range []struct {
		host, address string
		want          bool
	}{
		{"127.0.0.1", "127.0.0.1", true},
		{"127.0.0.1", "::ffff:127.0.0.1", true},
		{"[::ffff:127.0.0.1]", "127.0.0.1", true},
		{"127.0.0.1", "127.0.0.2", false},
		{"[::1]", "::1", true},
		{"::1", "127.0.0.1", false},
		{"10.0.0.1", "192.168.0.1", true},
		{"[fd00::1]", "10.0.0.1", true},
		{"10.0.0.1", "169.254.169.254", false},
		{"10.0.0.1", "127.0.0.1", false},
		{"169.254.1.1", "10.0.0.1", false},
		{"93.184.216.34", "10.0.0.1", false},
		{"app.example", "10.0.0.1", false},
		{"localhost", "127.0.0.1", false},
	} {
		t.Run(c.host+" to "+c.address, func(t *testing.T) {
			is.New(t).Equal(message.SameNetwork(c.host, netip.MustParseAddr(c.address)), c.want)
		})
	}
}
