package access_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tenantsync/tenantsync/tenant/graph/internal/access"
)

// signIn is one sign-in of a model: everything about it is known.
type signIn struct {
	client, platform string
	place            place
	device           string // the value of the property that filters compare
	risky            bool
}

// place is an address and the country that it is in.
type place struct {
	address netip.Addr
	country string
}

// modelLocation is a named location of the model.
type modelLocation struct {
	id        string
	trusted   bool
	ranges    []string
	countries []string
}

func (l modelLocation) body() string {
	raw, _ := json.Marshal(l.countries)
	var ranges []string
	for _, r := range l.ranges {
		ranges = append(ranges, `{"cidrAddress":"`+r+`"}`)
	}
	if l.countries == nil {
		raw = []byte("[]")
	}
	return fmt.Sprintf(`{"isTrusted":%v,"ipRanges":[%s],"countriesAndRegions":%s}`, l.trusted, strings.Join(ranges, ","), raw)
}

func (l modelLocation) has(p place) bool {
	return slices.Contains(l.countries, p.country) ||
		slices.ContainsFunc(l.ranges, func(r string) bool { return netip.MustParsePrefix(r).Contains(p.address) })
}

// modelPolicy is a blocking policy of the model.
type modelPolicy struct {
	clients                 []string
	platforms, notPlatforms []string
	locations, notLocations []string
	mode, value             string // of the filter; "" for none
	risk                    bool
}

func (p modelPolicy) conditions() string {
	list := func(l []string) string {
		raw, _ := json.Marshal(append([]string{}, l...))
		return string(raw)
	}
	text := everyone + `,"clientAppTypes":` + list(p.clients)
	if len(p.platforms) > 0 {
		text += `,"platforms":{"includePlatforms":` + list(p.platforms) + `,"excludePlatforms":` + list(p.notPlatforms) + `}`
	}
	if len(p.locations) > 0 {
		text += `,"locations":{"includeLocations":` + list(p.locations) + `,"excludeLocations":` + list(p.notLocations) + `}`
	}
	if p.mode != "" {
		text += `,"devices":{"deviceFilter":{"mode":"` + p.mode + `","rule":"device.extensionAttribute1 -eq \"` + p.value + `\""}}`
	}
	if p.risk {
		text += `,"signInRiskLevels":["high"]`
	}
	return text
}

// catches says whether a policy applies to a sign-in, as Microsoft's pages say: all
// conditions have to be met, and an exclusion wins.
func (p modelPolicy) catches(s signIn, all []modelLocation) bool {
	among := func(words []string) bool {
		return slices.ContainsFunc(words, func(word string) bool {
			return word == "All" || slices.ContainsFunc(all, func(l modelLocation) bool {
				return (l.id == word || word == "AllTrusted" && l.trusted) && l.has(s.place)
			})
		})
	}
	switch {
	case len(p.clients) > 0 && !slices.Contains(p.clients, s.client),
		len(p.platforms) > 0 && !slices.Contains(p.platforms, "all") && !slices.Contains(p.platforms, s.platform),
		slices.Contains(p.notPlatforms, s.platform),
		len(p.locations) > 0 && !among(p.locations), among(p.notLocations),
		p.mode == "include" && s.device != p.value, p.mode == "exclude" && s.device == p.value,
		p.risk && !s.risky:
		return false
	}
	return true
}

// signIns are all sign-ins of the model. Each country has addresses in and outside of the
// ranges, as the package assumes.
func signIns() []signIn {
	var all []signIn
	for _, client := range []string{"browser", "mobileAppsAndDesktopClients"} {
		for _, platform := range []string{"windows", "macOS", "linux", "iOS", "android"} {
			for _, country := range []string{"DE", "FR", "US"} {
				for _, address := range []string{"192.0.2.1", "192.0.2.65", "192.0.2.129", "192.0.2.193", "203.0.113.9"} {
					for _, device := range []string{"one", "two", "none"} {
						all = append(all, signIn{client, platform, place{netip.MustParseAddr(address), country}, device, false})
					}
				}
			}
		}
	}
	return all
}

// An account that is said to have a way in has one: some sign-in of the model meets no
// blocking policy. Nothing is claimed the other way round: the package is careful.
func TestAWayInExists(t *testing.T) {
	every := signIns()
	free, blocked := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		subset := func(label string, of []string) []string {
			return rapid.SliceOfNDistinct(rapid.SampledFrom(of), 0, len(of), rapid.ID[string]).Draw(t, label)
		}
		var locations []modelLocation
		for i := range rapid.IntRange(0, 4).Draw(t, "locations") {
			l := modelLocation{id: fmt.Sprintf("l%d", i), trusted: rapid.Bool().Draw(t, "trusted")}
			if rapid.Bool().Draw(t, "by country") {
				l.countries = subset("countries", []string{"DE", "FR"})
			} else {
				l.ranges = subset("ranges", []string{"192.0.2.0/26", "192.0.2.64/26", "192.0.2.0/25", "192.0.2.128/26", "192.0.2.0/24"})
			}
			locations = append(locations, l)
		}
		seldom := func(label string) bool { return rapid.IntRange(0, 5).Draw(t, label) == 0 }
		names := []string{"All", "AllTrusted", "gone"}
		for _, l := range locations {
			names = append(names, l.id)
		}
		var policies []modelPolicy
		for range rapid.IntRange(1, 4).Draw(t, "policies") {
			p := modelPolicy{risk: rapid.IntRange(0, 19).Draw(t, "risk") == 0}
			if seldom("has clients") {
				p.clients = subset("clients", []string{"browser", "mobileAppsAndDesktopClients"})
			}
			if seldom("has platforms") {
				p.platforms, p.notPlatforms = subset("platforms", []string{"all", "windows", "macOS", "linux", "iOS", "android"}), subset("not platforms", []string{"windows", "linux"})
			}
			if rapid.Bool().Draw(t, "has locations") {
				p.locations, p.notLocations = subset("locations", names), subset("not locations", names[1:])
				if rapid.Bool().Draw(t, "from all") {
					p.locations = []string{"All"}
				}
			}
			if seldom("has a filter") {
				p.mode, p.value = rapid.SampledFrom([]string{"include", "exclude"}).Draw(t, "mode"), rapid.SampledFrom([]string{"one", "two"}).Draw(t, "value")
			}
			policies = append(policies, p)
		}
		var w access.World
		for _, p := range policies {
			read, err := access.Read("P", json.RawMessage(`{"state":"enabled","grantControls":{"builtInControls":["block"]},"conditions":{`+p.conditions()+`}}`))
			if err != nil {
				t.Fatal(err)
			}
			w.Policies = append(w.Policies, read)
		}
		for _, l := range locations {
			read, err := access.ReadLocation(l.id, json.RawMessage(l.body()))
			if err != nil {
				t.Fatal(err)
			}
			w.Locations = append(w.Locations, read)
		}
		if _, said := w.Blocked(&access.Account{}, ""); said {
			blocked++
			return
		}
		free++
		if !slices.ContainsFunc(every, func(s signIn) bool {
			return !slices.ContainsFunc(policies, func(p modelPolicy) bool { return p.catches(s, locations) })
		}) {
			t.Fatalf("each sign-in is blocked, and the account is said to have a way in: %+v in %+v", policies, locations)
		}
	})
	if free == 0 || blocked == 0 {
		t.Errorf("%d worlds with a way in, %d without: the model shows nothing", free, blocked)
	}
}
