package plan

import (
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
)

// Break adds rules that the plan breaks, found by somebody who looked at it from
// outside, and renews its digests: an approval has to name them too.
func (p *Plan) Break(broken ...Violation) error {
	p.Broken = append(p.Broken, broken...)
	return p.Seal()
}

// Matches reports whether the selector chooses the object. "*" in Key stands
// for any run of characters, also an empty one and across slashes; there is no
// escape for it. Kind has no wildcards.
func (s Selector) Matches(kind, key string) bool {
	return (s.Kind == "" || s.Kind == kind) && (s.Key == "" || matchesText(s.Key, key))
}

// matchesText reports whether s matches pattern, in which "*" stands for any
// run of characters.
func matchesText(pattern, s string) bool {
	first, rest, found := strings.Cut(pattern, "*")
	if !found {
		return pattern == s
	}
	s, ok := strings.CutPrefix(s, first)
	if !ok {
		return false
	}
	for {
		part, next, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(s, part)
		}
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s, rest = s[i+len(part):], next
	}
}

// Rules are the host's. The zero value adopts drift, ignores nothing, and
// guards with the default limits.
type Rules struct {
	// Enforce proposes changes that undo drift: what was changed in the tenant
	// only. Otherwise drift is adopted: written into the repository, at backup.
	Enforce bool
	// EnforceByKind overrides Enforce for the kinds that it has, by name.
	EnforceByKind map[string]bool
	// Deletes turns deletes on for kinds whose scope is Listed, where they are
	// off otherwise.
	Deletes map[string]bool
	// Ignore are differences to leave alone.
	Ignore []Ignore
	// Deviations are accepted differences, by object and property.
	Deviations []Deviation
	// Protected objects break the rule "protected" when a plan touches them.
	Protected []Selector
	// MaxDeletes is the number of deletes, of all kinds together, above which a
	// plan breaks the rule "max-deletes". Defaults to 10; negative means no limit.
	// A renamed object is not deleted.
	MaxDeletes int
	// MaxDeleteShare limits the deletes of each kind, in percent of the kind's
	// objects. Defaults to 30; negative means no limit. A plan that deletes more
	// breaks "max-deletes" too, once for each such kind. The kind's objects are
	// those that the tenant has and that the repository has as well, or had when
	// both last agreed. Fractions are cut off: 30 percent of 9 objects are 2. One
	// object of a kind may always be deleted, and of a kind with fewer than 5
	// objects never more than one, whatever the share is, unless it is negative.
	MaxDeleteShare int
	// MaxUpdates is the number of updated objects, of all kinds together, above
	// which a plan breaks the rule "max-updates". Defaults to 200; negative means
	// no limit. An object does not count if nothing changes but its name
	// (displayName, or the property of that sort in the kind's natural key) or its
	// description.
	MaxUpdates int
	// MaxUpdateShare limits the updates of each kind, in percent of the kind's
	// objects as MaxDeleteShare counts them. A plan that updates more breaks
	// "max-updates" too, once for each such kind. One object of a kind may always
	// be updated. Zero or negative means no limit.
	MaxUpdateShare int
	// MaxAssignmentsRemoved is the number of assignments, of all objects
	// together, above which a plan breaks the rule "assignments-removed" by
	// taking them from objects that stay ([Item.RemovedAssignments]). Defaults to
	// 10; negative means no limit. Whatever the limit, the rule is broken also
	// where an object loses its last assignment: nobody gets it any more.
	MaxAssignmentsRemoved int
	// Guards are the host's own rules. They must not change what they get, and
	// must be pure: equal requests give equal answers.
	Guards []Guard
}

// Guard is a rule of the host's own. It gets what a client's [tenant.Guard]
// gets: bodies in which every reference stands as what it will be written as.
type Guard func(tenant.GuardRequest) []tenant.Violation

// Selector chooses objects by kind and key. Key may hold "*" for any run of
// characters; empty means every key. An empty Kind means every kind.
type Selector struct {
	Kind string `json:"kind,omitempty"`
	Key  string `json:"key,omitempty"`
}

// Ignore leaves a difference alone: altogether, unless one of OnlyToTenant and
// OnlyFromTenant is set.
type Ignore struct {
	Selector
	// Pointer is a path as in [tenant.Kind]; "" means the whole object.
	Pointer string `json:"pointer,omitempty"`
	// OnlyToTenant leaves alone only what would be written to the tenant: a
	// change of the tenant's is still adopted.
	OnlyToTenant bool `json:"onlyToTenant,omitempty"`
	// OnlyFromTenant leaves alone only what would be adopted: a change of the
	// repository's is still proposed. With both, all is left alone.
	OnlyFromTenant bool `json:"onlyFromTenant,omitempty"`
	// Reason is shown to people.
	Reason string `json:"reason,omitempty"`
}
