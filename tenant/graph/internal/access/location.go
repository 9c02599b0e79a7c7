package access

import (
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"strings"
)

// allTrusted is the word of a condition for all trusted locations.
const allTrusted = "AllTrusted"

// Location is a named location as a way in.
type Location struct {
	ID      string
	Trusted bool
	// ranges and countries are where it is; both are empty for a location from
	// which nobody comes.
	ranges    []netip.Prefix
	countries []string
	// more: it has ranges of another form.
	more bool
	// everywhere: it has nearly every country, and what is in none.
	everywhere bool
	// Lost: people who came from there before may not any more. It is no way in.
	Lost bool
}

// nearlyAll is a number of countries that only a list of all has. ISO 3166-1 has 249.
const nearlyAll = 200

// ReadLocation reads a named location exactly. is reports whether somebody comes from
// there; it is false too where the place is not known: the location is then no way in.
func ReadLocation(id string, body json.RawMessage) (loc Location, is bool, err error) {
	r := &reader{}
	o := r.object(body, "", "isTrusted", "ipRanges", "countriesAndRegions", "includeUnknownCountriesAndRegions")
	loc = Location{ID: id, Trusted: string(o["isTrusted"]) == "true", countries: r.texts(o, "", "countriesAndRegions")}
	loc.everywhere = len(loc.countries) >= nearlyAll && string(o["includeUnknownCountriesAndRegions"]) == "true"
	var ranges []struct {
		CIDR string `json:"cidrAddress"`
	}
	if raw := o["ipRanges"]; raw != nil && json.Unmarshal(raw, &ranges) != nil {
		r.fail("/ipRanges", errors.New("not a list of ranges"))
	}
	if r.err != nil {
		return loc, false, r.err
	}
	for _, text := range ranges {
		if p, err := netip.ParsePrefix(text.CIDR); err == nil {
			loc.ranges = append(loc.ranges, p.Masked())
		} else {
			loc.more = true
		}
	}
	return loc, len(loc.ranges)+len(loc.countries) > 0 || loc.more, nil
}

// Without reports whether the location has lost a range or a country that the former
// one had. Those who come from there lose their way in.
func (l Location) Without(former Location) bool {
	return former.more && !l.more || former.Trusted && !l.Trusted ||
		slices.ContainsFunc(former.ranges, func(p netip.Prefix) bool { return !l.covers(p) }) ||
		slices.ContainsFunc(former.countries, func(c string) bool { return !has(l.countries, c) })
}

func (l Location) covers(p netip.Prefix) bool {
	return slices.ContainsFunc(l.ranges, func(r netip.Prefix) bool { return r.Bits() <= p.Bits() && r.Contains(p.Addr()) })
}

// within reports whether everybody who comes from the location may also come from
// another one. The countries of an address are not known.
func (l Location) within(other Location) bool {
	switch {
	case strings.EqualFold(l.ID, other.ID), l.more:
		return true
	case len(l.countries) > 0 && len(other.countries) > 0:
		return !slices.ContainsFunc(l.countries, func(c string) bool { return !has(other.countries, c) })
	case len(l.countries) > 0:
		return false // a country has more addresses than a list of ranges
	case len(other.countries) > 0:
		return true // perhaps
	}
	return !slices.ContainsFunc(l.ranges, func(p netip.Prefix) bool { return !other.covers(p) })
}
