package schema

import (
	"net/netip"
	"strings"
)

// ipRangeText returns the first and the last address of a range, so that ranges
// with the same addresses have the same text. A range is an address, a network
// in CIDR notation, or two addresses joined by "-". The host bits of a network
// are ignored. An IPv4-mapped IPv6 address stays an IPv6 address, because a
// policy for it does not apply to IPv4 traffic. An address with a zone is not a
// range.
func ipRangeText(s string) string {
	first, last, ok := ipRange(s)
	if !ok {
		return s
	}
	return first.String() + "-" + last.String()
}

func ipRange(s string) (first, last netip.Addr, ok bool) {
	if from, to, found := strings.Cut(s, "-"); found {
		first, err := netip.ParseAddr(strings.TrimSpace(from))
		last, err2 := netip.ParseAddr(strings.TrimSpace(to))
		ok = err == nil && err2 == nil && first.Zone() == "" && last.Zone() == "" && first.BitLen() == last.BitLen() && !last.Less(first)
		return first, last, ok
	}
	if strings.Contains(s, "/") {
		network, err := netip.ParsePrefix(s)
		if err != nil {
			return first, last, false
		}
		network = network.Masked()
		return network.Addr(), lastAddress(network), true
	}
	addr, err := netip.ParseAddr(s)
	return addr, addr, err == nil && addr.Zone() == ""
}

// lastAddress returns the last address of a masked network.
func lastAddress(network netip.Prefix) netip.Addr {
	bytes := network.Addr().AsSlice()
	for bit := network.Bits(); bit < 8*len(bytes); bit++ {
		bytes[bit/8] |= 0x80 >> (bit % 8)
	}
	last, _ := netip.AddrFromSlice(bytes)
	return last
}
