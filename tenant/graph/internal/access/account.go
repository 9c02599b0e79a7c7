package access

import (
	"slices"
	"strings"
)

// Answer is the answer to a question about an account or a place.
type Answer byte

// The answers.
const (
	No Answer = iota
	Maybe
	Yes
)

// Account is somebody who signs in: a person, or an application. The zero value is
// an ordinary person without groups and roles.
type Account struct {
	// ID is the object id; empty for somebody whom no policy names.
	ID string
	// Groups says whether the account is in a group, by id in lower case. It is in no
	// other group, unless Unknown.
	Groups map[string]Answer
	// Unknown is why the groups could not be read; empty if they were.
	Unknown string
	// MayHaveRoles: it may have any role. A role that a policy excludes counts for
	// nothing then, and one that it includes counts.
	MayHaveRoles bool
	// Guest says whether the account is an external user.
	Guest Answer
	// Partner: the account is of a partner organization that administers the tenant
	// ("serviceProvider").
	Partner bool
	// Application: the account is a service principal, not a person.
	Application bool
	// Resources are applications. An account that can reach one of them is not
	// blocked. Empty means an application that no policy names.
	Resources []string
}

// The word of a condition for external users of every type.
const allGuests = "GuestsOrExternalUsers"

const serviceProvider = "serviceProvider"

// guestTypes are the words of the enumeration conditionalAccessGuestOrExternalUserTypes
// but for "none"; a test compares them with the metadata.
var guestTypes = []string{"internalGuest", "b2bCollaborationGuest", "b2bCollaborationMember", "b2bDirectConnectUser", "otherExternalUser", serviceProvider}

// applies reports whether a policy may apply to an account, by its users or its
// service principals.
func (p *Policy) applies(a *Account) bool {
	if a.Application {
		w := p.workloads.principals
		return (w.includes(a.ID) || Has(w.include, "ServicePrincipalsInMyTenant") || Has(w.include, "All") || p.workloads.filtered) && !excludes(w, a.ID)
	}
	return p.includes(a) && p.excludes(a) != Yes
}

// includes reports whether the account may be one of those whom the policy includes.
func (p *Policy) includes(a *Account) bool {
	who := p.people
	return Has(who.users.include, "All") || who.users.includes(a.ID) ||
		Has(who.users.include, allGuests) && (a.Partner || a.Guest != No) ||
		a.among(who.groups.include) != No ||
		a.MayHaveRoles && len(who.roles.include) > 0 ||
		who.includeGuests.matches(a) != No
}

// excludes says whether the policy excludes the account.
func (p *Policy) excludes(a *Account) Answer {
	who := p.people
	switch {
	case excludes(who.users, a.ID), Has(who.users.exclude, allGuests) && (a.Partner || a.Guest == Yes):
		return Yes
	}
	return max(a.among(who.groups.exclude), who.excludeGuests.matches(a))
}

func (l list) includes(id string) bool { return id != "" && Has(l.include, id) }
func excludes(l list, id string) bool  { return id != "" && Has(l.exclude, id) }

// among says whether the account is in one of the groups.
func (a *Account) among(groups []string) Answer {
	answer := No
	for _, g := range groups {
		in := a.Groups[strings.ToLower(g)]
		if in == No && a.Unknown != "" {
			in = Maybe
		}
		answer = max(answer, in)
	}
	return answer
}

// matches says whether the account is one of the external users.
func (g *guests) matches(a *Account) Answer {
	switch {
	case g == nil || len(g.types) == 0:
		return No
	case a.Partner && Has(g.types, serviceProvider) && g.all:
		return Yes
	case a.Partner && Has(g.types, serviceProvider):
		return Maybe
	case a.Partner || a.Guest == No:
		return No
	case a.Guest == Yes && g.all && !slices.ContainsFunc(guestTypes, func(t string) bool { return t != serviceProvider && !Has(g.types, t) }):
		return Yes
	}
	return Maybe
}

// NamesGroups reports whether groups decide to whom the policy applies.
func (p *Policy) NamesGroups() bool {
	return len(p.people.groups.include)+len(p.people.groups.exclude) > 0
}

// NamesGuests reports whether it decides who is an external user.
func (p *Policy) NamesGuests() bool {
	who := p.people
	return who.includeGuests != nil || who.excludeGuests != nil || Has(who.users.include, allGuests) || Has(who.users.exclude, allGuests)
}

// Located reports whether locations decide when the policy applies.
func (p *Policy) Located() bool { return len(p.locations.include)+len(p.locations.exclude) > 0 }

// NamesLocation reports whether a named location decides when the policy applies.
func (p *Policy) NamesLocation(id string) bool {
	return Has(p.locations.include, id) || Has(p.locations.exclude, id) ||
		Has(p.locations.include, allTrusted) || Has(p.locations.exclude, allTrusted)
}
