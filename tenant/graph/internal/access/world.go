package access

import (
	"slices"
)

// World is what decides who gets in: the policies and the named locations of a
// tenant.
type World struct {
	Policies  []Policy
	Locations []Location
}

// DeviceCode is the flow in which somebody types a code on another device.
const DeviceCode = "deviceCodeFlow"

// The resources that administrators need: Microsoft Graph, the admin portals and Azure.
// The ids are those of the first-party applications, see
// https://learn.microsoft.com/troubleshoot/entra/entra-id/governance/verify-first-party-apps-sign-in;
// MicrosoftAdminPortals is a word of the condition
// (concept-conditional-access-cloud-apps).
const (
	Graph            = "00000003-0000-0000-c000-000000000000"
	AdminPortals     = "MicrosoftAdminPortals"
	AzureManagement  = "797f4846-ba00-4fd7-ba43-dac1f8f63013"
	ordinaryResource = ""
)

// office365 is the word of a condition for a group of applications. The members of the
// group are not known here: an ordinary application may be one, and Graph may.
const office365 = "Office365"

// The client apps and the platforms that can be a way in. Clients of legacy
// authentication are not.
var (
	wayClients   = []string{"browser", "mobileAppsAndDesktopClients"}
	wayPlatforms = []string{"windows", "macOS", "linux", "iOS", "android"}
	// otherClients and otherPlatforms are the further words of the enumerations.
	otherClients   = []string{"all", "exchangeActiveSync", "easSupported", "other"}
	otherPlatforms = []string{"all", "windowsPhone"}
)

// way is one way to sign in.
type way struct {
	resource, client, platform string
	// at says in which locations the place is.
	at []Answer
	// escapes is the filter for devices that does not catch the device; every other
	// filter does.
	escapes string
	flow    string // "" for every flow that no policy names
}

// Blocked reports whether the account is blocked from every way in, with the flow or,
// if flow is empty, with an ordinary one. by are the indexes of the policies that
// block one of the ways.
func (w *World) Blocked(a *Account, flow string) (by []int, blocked bool) {
	var blocking []int
	for i := range w.Policies {
		p := &w.Policies[i]
		if p.Enabled && p.Blocks && p.applies(a) && len(p.risk) == 0 {
			blocking = append(blocking, i)
		}
	}
	if len(blocking) == 0 {
		return nil, false
	}
	filters := []string{""}
	for _, i := range blocking {
		if f := w.Policies[i].filter; f != "" && !slices.Contains(filters, f) {
			filters = append(filters, f)
		}
	}
	resources := a.Resources
	if len(resources) == 0 {
		resources = []string{ordinaryResource}
	}
	places := w.places()
	caught := map[int]bool{}
	for _, resource := range resources {
		for _, client := range wayClients {
			for _, platform := range wayPlatforms {
				for _, at := range places {
					for _, filter := range filters {
						free := true
						for _, i := range blocking {
							if w.covers(&w.Policies[i], way{resource, client, platform, at, filter, flow}, a.Application) {
								caught[i], free = true, false
							}
						}
						if free {
							return nil, false
						}
					}
				}
			}
		}
	}
	for _, i := range blocking {
		if caught[i] {
			by = append(by, i)
		}
	}
	return by, true
}

// Touched returns the policies that ask the account for more, and those that block it
// in some cases, by their indexes.
func (w *World) Touched(a *Account) (asking, blocking []int) {
	for i := range w.Policies {
		p := &w.Policies[i]
		switch {
		case !p.Enabled || !p.applies(a):
		case p.Blocks:
			blocking = append(blocking, i)
		case len(p.Asks) > 0:
			asking = append(asking, i)
		}
	}
	return asking, blocking
}

// covers reports whether the policy may catch a sign-in. The client, the platform, the
// device and the flow mean nothing to an application.
func (w *World) covers(p *Policy, v way, application bool) bool {
	if !p.resources.cover(v.resource) || !w.located(p, v.at) {
		return false
	}
	if application {
		return true
	}
	switch {
	case len(p.flows) > 0 && !(v.flow != "" && Has(p.flows, v.flow)),
		p.filter != "" && p.filter == v.escapes,
		!listed(p.clients, v.client, wayClients, otherClients):
		return false
	}
	return listed(p.platforms.include, v.platform, wayPlatforms, otherPlatforms) && !Has(p.platforms.exclude, "all") && !Has(p.platforms.exclude, v.platform)
}

// listed reports whether a list of words has the word, or one that is unknown here. An
// empty list has all words.
func listed(words []string, word string, known, others []string) bool {
	return len(words) == 0 || Has(words, "all") || Has(words, word) ||
		slices.ContainsFunc(words, func(w string) bool { return !Has(known, w) && !Has(others, w) })
}

func (r resources) cover(resource string) bool {
	include, exclude := r.applications.include, r.applications.exclude
	switch {
	case r.others:
		return false
	case resource != ordinaryResource && Has(exclude, resource):
		return false
	case Has(exclude, "All"):
		return false
	case len(include) == 0 || Has(include, "All") || r.filtered:
		return true
	case resource == ordinaryResource || resource == Graph:
		return Has(include, office365) || resource == Graph && Has(include, resource)
	}
	return Has(include, resource)
}
