package access

import (
	"net/netip"
	"slices"
	"strings"
)

// place is where somebody signs in: an address, whose country is not known, or a country,
// at an address that is in no range. The zero value is in none of the named locations.
type place struct {
	address netip.Addr
	country string
}

// nearlyAll is a number of countries that only a list of all has. ISO 3166-1 has 249.
const nearlyAll = 200

// within says whether a location has a place.
func (p place) within(l Location) Answer {
	switch {
	case p.address.IsValid() && slices.ContainsFunc(l.ranges, func(r netip.Prefix) bool { return r.Contains(p.address) }):
		return Yes
	case p.country != "" && Has(l.countries, p.country):
		return Yes
	case l.more, p.address.IsValid() && len(l.countries) > 0:
		return Maybe
	}
	return No
}

// places returns the places that policies can tell apart. A place is a list: for each
// location, whether it has the place. Where ranges overlap, each part of them is a place.
// A part begins where a range begins, or after the end of one.
func (w *World) places() [][]Answer {
	candidates := []place{}
	var countries []string
	add := func(addr netip.Addr) {
		if addr.IsValid() {
			candidates = append(candidates, place{address: addr})
		}
	}
	for _, l := range w.Locations {
		for _, r := range l.ranges {
			add(r.Addr())
			add(last(r).Next())
		}
		for _, c := range l.countries {
			if !Has(countries, c) {
				countries = append(countries, c)
				candidates = append(candidates, place{country: c})
			}
		}
	}
	if len(countries) < nearlyAll {
		candidates = append(candidates, place{})
	}
	known := map[string]bool{}
	var all [][]Answer
	for _, p := range candidates {
		answers := make([]Answer, len(w.Locations))
		var text strings.Builder
		for i, l := range w.Locations {
			answers[i] = p.within(l)
			text.WriteByte('0' + byte(answers[i]))
		}
		// Policies cannot tell places with equal lists apart.
		if !known[text.String()] {
			known[text.String()] = true
			all = append(all, answers)
		}
	}
	return all
}

// located reports whether the policy may catch a sign-in from a place.
func (w *World) located(p *Policy, at []Answer) bool {
	in := func(words []string) Answer {
		answer := No
		for _, word := range words {
			if strings.EqualFold(word, allPlaces) {
				return Yes
			}
			known := strings.EqualFold(word, allTrusted)
			for i, l := range w.Locations {
				if l.Trusted && strings.EqualFold(word, allTrusted) || strings.EqualFold(word, l.ID) {
					known = true
					if l.Lost {
						answer = max(answer, min(at[i], Maybe))
					} else {
						answer = max(answer, at[i])
					}
				}
			}
			if !known { // a location that was not read
				answer = max(answer, Maybe)
			}
		}
		return answer
	}
	return (len(p.locations.include) == 0 || in(p.locations.include) != No) && in(p.locations.exclude) != Yes
}
