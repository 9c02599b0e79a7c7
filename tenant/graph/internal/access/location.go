package access

import (
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
)

// The words of a condition for places.
const (
	allPlaces  = "All"
	allTrusted = "AllTrusted"
)

// Location is a named location.
type Location struct {
	ID      string
	Trusted bool
	// Lost: people who came from there before may not any more. No way in depends on
	// it.
	Lost bool

	ranges    []netip.Prefix
	countries []string
	// more: it has places that are not known here.
	more bool
}

// ReadLocation reads a named location exactly.
func ReadLocation(id string, body json.RawMessage) (Location, error) {
	r := &reader{}
	o := r.object(body, "", "isTrusted", "ipRanges", "countriesAndRegions")
	l := Location{ID: id, Trusted: string(o["isTrusted"]) == "true", countries: r.texts(o, "", "countriesAndRegions")}
	// A location of another kind, such as that of the compliant network.
	l.more = o["ipRanges"] == nil && o["countriesAndRegions"] == nil
	var ranges []struct {
		CIDR string `json:"cidrAddress"`
	}
	if raw := o["ipRanges"]; raw != nil && json.Unmarshal(raw, &ranges) != nil {
		r.fail("/ipRanges", errors.New("not a list of ranges"))
	}
	for _, text := range ranges {
		if p, err := netip.ParsePrefix(text.CIDR); err == nil {
			l.ranges = append(l.ranges, p.Masked())
		} else {
			l.more = true
		}
	}
	return l, r.err
}

// Without reports whether the location may have lost a place that the former one had.
// Those who come from there lose their way in.
func (l Location) Without(former Location) bool {
	return former.more || former.Trusted && !l.Trusted ||
		slices.ContainsFunc(former.ranges, func(p netip.Prefix) bool { return !covered(p, l.ranges) }) ||
		slices.ContainsFunc(former.countries, func(c string) bool { return !Has(l.countries, c) })
}

// covered reports whether ranges have all addresses of a range.
func covered(p netip.Prefix, ranges []netip.Prefix) bool {
	overlap := slices.DeleteFunc(slices.Clone(ranges), func(r netip.Prefix) bool { return !r.Overlaps(p) })
	switch {
	case len(overlap) == 0:
		return false
	case slices.ContainsFunc(overlap, func(r netip.Prefix) bool { return r.Bits() <= p.Bits() }):
		return true
	}
	low := netip.PrefixFrom(p.Addr(), p.Bits()+1)
	high := netip.PrefixFrom(last(low).Next(), p.Bits()+1)
	return covered(low, overlap) && covered(high, overlap)
}

// last returns the last address of a range.
func last(p netip.Prefix) netip.Addr {
	bytes := p.Addr().AsSlice()
	for i := p.Bits(); i < len(bytes)*8; i++ {
		bytes[i/8] |= 0x80 >> (i % 8)
	}
	addr, _ := netip.AddrFromSlice(bytes)
	return addr
}
