package plan

import (
	"context"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
)

// Break adds violations that were found after the plan was made, and seals the
// plan again ([Plan.Seal]). An approval must name their rules too. It returns the
// error of Seal, and must not run concurrently with other uses of the plan.
func (p *Plan) Break(broken ...Violation) error {
	p.Broken = append(p.Broken, broken...)
	return p.Seal()
}

// Matches reports whether the selector chooses the object. A "*" in Key matches
// any run of characters, including an empty run and slashes. It cannot be
// escaped. Kind has no wildcards.
func (s Selector) Matches(kind, key string) bool {
	return (s.Kind == "" || s.Kind == kind) && (s.Key == "" || matchesText(s.Key, key))
}

// matchesText reports whether s matches pattern, in which "*" matches any run of
// characters.
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

// Rules say what a sync may propose for a tenant. The host defines them. The zero
// value adopts drift, ignores no difference, and has the default limits.
type Rules struct {
	// Enforce makes a sync undo drift, which is a change made only in the tenant.
	// Without Enforce, a sync adopts drift: it writes the change into the
	// repository.
	Enforce bool
	// EnforceByKind overrides Enforce for some kinds, by the kind's name.
	EnforceByKind map[string]bool
	// Deletes allows deletes for kinds with the scope [tenant.Listed], by the
	// kind's name. A sync proposes no deletes for other kinds with this scope;
	// a note names each object that stays ([NoteClass.DeletesOff]).
	Deletes map[string]bool
	// Ignore has rules for differences that a sync leaves alone.
	Ignore []Ignore
	// Deviations are accepted differences.
	Deviations []Deviation
	// Protected selects objects. A plan that changes one of them breaks the rule
	// "protected".
	Protected []Selector
	// MaxDeletes is the largest number of deletes, of all kinds together. A plan
	// with more deletes breaks the rule "max-deletes". A renamed object does not
	// count as deleted. Negative means no limit. Defaults to 10.
	MaxDeletes int
	// MaxDeleteShare limits the deletes of each kind, in percent of the kind's
	// objects, rounded down: 30 percent of 9 objects are 2. A plan that deletes
	// more breaks "max-deletes", once for each such kind. The share counts the
	// objects of the tenant that the repository or the base has too. One delete of
	// a kind is always within the limit. Of a kind with fewer than 5 objects, two
	// deletes always exceed it. Negative means no limit. Defaults to 30.
	MaxDeleteShare int
	// MaxUpdates is the largest number of updated objects, of all kinds together.
	// A plan with more breaks the rule "max-updates". An object does not count if
	// only its name (displayName, or the name in the kind's natural key) or its
	// description changes. Negative means no limit. Defaults to 200.
	MaxUpdates int
	// MaxUpdateShare limits the updates of each kind, in percent of the kind's
	// objects, which it counts like MaxDeleteShare. A plan that updates more
	// breaks "max-updates", once for each such kind. One update of a kind is
	// always within the limit. Zero or negative means no limit.
	MaxUpdateShare int
	// MaxAssignmentsRemoved is the largest number of assignments that a plan may
	// remove from objects that it does not delete, of all objects together
	// ([Item.RemovedAssignments]). A plan that removes more breaks the rule
	// "assignments-removed". A plan that removes the last assignment of an object
	// always breaks it. Negative means no limit. Defaults to 10.
	MaxAssignmentsRemoved int
	// Guards are the host's own rules.
	Guards []Guard
}

// Guard is a host's own rule. It returns how the plan breaks the rule, or nothing.
// It gets the same request as a [tenant.Guard] of a client: the bodies have the
// values that will be written in place of references. A Guard must not change the
// request, and must return equal violations for equal requests. It should return
// when ctx ends, which is the context of the run. Its result is not used then.
type Guard func(ctx context.Context, r tenant.GuardRequest) []tenant.Violation

// Selector chooses objects by kind and key ([Selector.Matches]). An empty Kind
// means every kind. An empty Key means every key.
type Selector struct {
	Kind string `json:"kind,omitempty"`
	Key  string `json:"key,omitempty"`
}

// Ignore is a rule that makes a sync leave differences alone, in both directions
// unless one of OnlyToTenant and OnlyFromTenant is set.
type Ignore struct {
	// Selector chooses the objects.
	Selector
	// Pointer is the path of the property, in the syntax of the paths in
	// [tenant.Kind]. Empty means the whole object.
	Pointer string `json:"pointer,omitempty"`
	// OnlyToTenant ignores only changes in the repository: the sync does not
	// write them, but still adopts changes in the tenant.
	OnlyToTenant bool `json:"onlyToTenant,omitempty"`
	// OnlyFromTenant ignores only changes in the tenant: the sync does not adopt
	// them, but still proposes changes in the repository. Both fields together
	// ignore both directions.
	OnlyFromTenant bool `json:"onlyFromTenant,omitempty"`
	// Reason is shown to people.
	Reason string `json:"reason,omitempty"`
}
