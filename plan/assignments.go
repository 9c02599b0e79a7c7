package plan

import (
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/tenant"
)

// assignmentsProperty is where the kinds of Microsoft Graph keep who gets an
// object: a list of objects, each with a target. Other kinds may have a list of
// who gets it.
const assignmentsProperty = "assignments"

// RemovedAssignments returns how many assignments the item takes from an object
// that stays, and whether the object has none left then. An assignment counts by
// its target: one whose filter, intent or settings change is not removed, and one
// that takes a target out ("exclusionGroupAssignmentTarget") is no assignment
// here. Deletes remove objects, not assignments.
func (it *Item) RemovedAssignments() (n int, last bool) {
	if it.Verb != tenant.Update {
		return 0, false
	}
	before, after := make(map[string]bool), make(map[string]bool)
	for _, c := range it.Changes {
		segs, err := jsonval.SplitPointer(c.Pointer)
		if err != nil || len(segs) > 0 && segs[0] != assignmentsProperty {
			continue // and most values are not read for this
		}
		addTargets(before, segs, readValue(c.Before))
		addTargets(after, segs, readValue(c.After))
	}
	for target := range before {
		if !after[target] {
			n++
		}
	}
	if n == 0 {
		return 0, false
	}
	left := make(map[string]bool)
	addTargets(left, nil, readValue(it.After))
	return n, len(left) == 0
}

// addTargets adds the targets of the assignments that a value at a pointer has.
func addTargets(targets map[string]bool, segs []string, n *jsonval.Node) {
	switch {
	case len(segs) == 0:
		addTargets(targets, []string{assignmentsProperty}, n.Get(assignmentsProperty))
	case segs[0] != assignmentsProperty:
	case len(segs) == 1 && n.IsArray():
		for _, member := range n.Kids {
			addTargets(targets, []string{assignmentsProperty, "-"}, member)
		}
	case len(segs) == 2 && !n.IsNull():
		if target := n.Get("target"); target == nil {
			targets[folded(n)] = true
		} else if !isType(target, exclusionTarget) {
			targets[targetName(target)] = true
		}
	}
}

// targetName is equal for equal targets, whatever their filters are.
func targetName(target *jsonval.Node) string {
	return folded(target.With([]string{filterID}, nil).With([]string{filterType}, nil))
}

// folded returns a text that is equal for values that differ only in letters'
// case, but for references to objects: their names are told apart by it.
func folded(n *jsonval.Node) string {
	var fold func(n *jsonval.Node) *jsonval.Node
	fold = func(n *jsonval.Node) *jsonval.Node {
		if n == nil {
			return nil
		}
		if n.IsString() && !strings.HasPrefix(n.Text, "${") {
			return n.WithText(strings.ToLower(n.Text))
		}
		return n.MapKids(func(i int) *jsonval.Node { return fold(n.Kids[i]) })
	}
	return string(fold(n).JSON())
}

// The words of Microsoft Graph's assignment targets. Enumerations, types and
// ids are the same there in every case of their letters.
const (
	exclusionTarget  = "#microsoft.graph.exclusionGroupAssignmentTarget"
	allUsersTarget   = "#microsoft.graph.allLicensedUsersAssignmentTarget"
	allDevicesTarget = "#microsoft.graph.allDevicesAssignmentTarget"

	filterID   = "deviceAndAppManagementAssignmentFilterId"
	filterType = "deviceAndAppManagementAssignmentFilterType"

	// noID is what stands where nobody is meant.
	noID = "00000000-0000-0000-0000-000000000000"
)

// isType reports whether the object says that it is of the type.
func isType(n *jsonval.Node, name string) bool {
	return strings.EqualFold(jsonval.TextOf(n.Get("@odata.type")), name)
}
